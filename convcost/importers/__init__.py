"""Other people's networks -> engine graphs. Each file knows one foreign library, on use only.

ONNX: ``onnx`` reads and checks the file, ``onnx_inputs`` fills in sizes, ``onnx_shapes`` infers
the others, ``onnx_nodes`` costs every node with the table in ``vocabulary`` and the settings that
``onnx_settings`` reads, ``onnx_notes`` says what a reader has to know, ``onnx_tensors`` knows
every tensor. PyTorch: ``torch`` watches a module run, ``torch_recording`` wires and names what
it saw, ``torch_costs`` costs it with the table in ``aten``. In this room a file imports those
that stand after it here; ``layout`` is for all.
"""
