"""Layers of PyTorch and Keras that a line cannot hold, or that are not counted: why, what to do."""

from __future__ import annotations

_TOML = "write the network in TOML or JSON, where layers are read by name"
_WHOLE = "count the whole model: module:factory for PyTorch, else its .onnx or .tflite file"

_JOINS = (
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
    "Bilinear",
)
_UNKNOWN = (
    *("Embedding", "EmbeddingBag", "Fold", "Unfold", "MaxUnpool1d", "MaxUnpool2d"),
    *("MaxUnpool3d", "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d"),
    *("LPPool3d", "LocalResponseNorm", "CrossMapLRN2d", "GLU", "Resizing", "CenterCrop"),
    *("Normalization", "Lambda", "Transformer", "TransformerEncoder", "TransformerEncoderLayer"),
    *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "LocallyConnected1D", "LocallyConnected2D"),
    *("MultiHeadAttention", "Attention", "Bidirectional", "TimeDistributed", "Wrapper"),
)

REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_JOINS, ("joins several layers, a line is one after the other", _TOML)),
    **dict.fromkeys(_UNKNOWN, ("has no counterpart here", _WHOLE)),
    "Embedding": ("looks rows up: there is no such layer here", _WHOLE),
    "Conv": (
        "is Flax's with features=..., and other projects' own",
        "write Conv2d(in, out, kernel), Conv2D(filters, kernel) or Conv(features=, kernel_size=)",
    ),
}
"""Why a class is not counted on a line, and the way that leads on."""
