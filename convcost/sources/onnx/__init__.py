"""ONNX files -> graphs: sizes worked out, nodes turned into operations.

In the order in which they build on each other:

- ``traits``, ``ordering``, ``loading``: the file, in order and without weights
- ``axes``, ``inputs``: sizes for what is fed
- ``facts``, ``settings``, ``rules``, ``sequences``, ``contributed``, ``sizes``, ``values``,
  ``branches``, ``walking``: one pass over the nodes that says how large everything is
- ``batching``, ``suggesting``: which axis holds samples, and which sizes would do
- ``vocabulary``, ``tensors``, ``costing``, then ``layers``, ``elements``, ``recurrent``,
  ``attention``, ``sampling``, ``roles``: what each node costs
- ``nodes``, ``notes``, ``file``: the graph, what a reader has to know, and the door
"""
