"""ONNX files -> graphs: shapes worked out, nodes turned into operations."""
