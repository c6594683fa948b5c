"""Other people's networks -> engine graphs. Each file knows one foreign library, on use only.

ONNX: ``onnx`` reads and checks the file, ``onnx_inputs`` fills in sizes, ``onnx_shapes`` infers
the others, ``onnx_tensors`` knows every tensor, ``onnx_nodes`` costs every node with the table
in ``vocabulary``, ``onnx_notes`` says what a reader has to know. PyTorch: ``torch`` watches a
module run, ``torch_costs`` costs what it saw with the table in ``aten``. In this room a file
imports those that stand after it here; ``layout`` is for all.
"""
