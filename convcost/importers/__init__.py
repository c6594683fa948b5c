"""Other people's networks -> engine graphs. Each file knows one foreign library, on use only.

``vocabulary`` says which ONNX operations there are and what each costs; ``onnx`` reads files;
``torch`` watches a module run. In this room ``onnx`` imports ``vocabulary``.
"""
