"""What each ONNX operation costs: one entry an operation, in one table.

An operation that is not here is not known, and is reported as such. Names and meanings are
those of the ONNX operator set 22 (``ai.onnx``); the docs name what is left out and why.
"""

from __future__ import annotations

from typing import Literal

Role = Literal[
    "conv",
    "conv_transpose",
    "gemm",
    "matmul",
    "einsum",
    "norm",
    "pool",
    "global_pool",
    "activation",
    "elementwise",
    "reduce",
    "resize",
    "embedding",
    "free",
]
"""How an operation is counted; ``onnx_nodes.py`` has one method for each role."""


def _all(role: Role, names: str) -> dict[str, Role]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, Role] = {
    **_all("conv", "Conv ConvInteger QLinearConv"),
    "ConvTranspose": "conv_transpose",
    "Gemm": "gemm",
    **_all("matmul", "MatMul MatMulInteger QLinearMatMul"),
    "Einsum": "einsum",
    "Gather": "embedding",
    **_all(
        "norm",
        "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization "
        "RMSNormalization LpNormalization MeanVarianceNormalization LRN "
        "SimplifiedLayerNormalization",
    ),
    **_all("pool", "MaxPool AveragePool LpPool"),
    **_all("global_pool", "GlobalAveragePool GlobalMaxPool GlobalLpPool"),
    **_all(
        "activation",
        "Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu Clip Sigmoid HardSigmoid HardSwish "
        "Swish Mish Gelu Tanh Softplus Softsign Softmax LogSoftmax Hardmax Erf Shrink",
    ),
    **_all(
        "elementwise",
        "Add Sub Mul Div Pow Mod Sum Mean Min Max Neg Abs Sign Exp Log Sqrt Reciprocal Floor Ceil "
        "Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Equal Greater "
        "GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN IsInf Where BitShift BitwiseAnd "
        "BitwiseOr BitwiseXor BitwiseNot CumSum QuantizeLinear DequantizeLinear "
        "DynamicQuantizeLinear",
    ),
    **_all(
        "reduce",
        "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
        "ReduceLogSumExp ReduceSumSquare ArgMax ArgMin",
    ),
    **_all("resize", "Resize Upsample"),
    **_all(
        "free",
        "Identity Constant ConstantOfShape Shape Size Reshape Transpose Flatten Squeeze Unsqueeze "
        "Concat Split Slice GatherElements GatherND Cast CastLike Expand Tile Pad DepthToSpace "
        "SpaceToDepth Dropout Range EyeLike Trilu OneHot ScatterElements ScatterND Scatter "
        "ReverseSequence Compress CenterCropPad",
    ),
}

TYPES = {
    "BatchNormalization": "batch_norm",
    "InstanceNormalization": "instance_norm",
    "LayerNormalization": "layer_norm",
    "SimplifiedLayerNormalization": "rms_norm",
    "RMSNormalization": "rms_norm",
    "GroupNormalization": "group_norm",
    "MaxPool": "max_pool",
    "AveragePool": "avg_pool",
    "GlobalAveragePool": "global_avg_pool",
    "GlobalMaxPool": "global_max_pool",
    "Add": "add",
    "Mul": "mul",
    "Concat": "concat",
    "Flatten": "flatten",
    "Gather": "gather",
}
"""Names in convcost's words; other operations keep their own."""

NOT_KNOWN = (
    *("LSTM", "GRU", "RNN", "Attention", "RotaryEmbedding", "DeformConv"),
    *("GridSample", "AffineGrid", "RoiAlign", "MaxRoiPool", "MaxUnpool", "Col2Im"),
    *("NonMaxSuppression", "TopK", "NonZero", "Unique", "If", "Loop", "Scan", "DFT", "STFT"),
    *("Det", "Bernoulli", "RandomNormal", "RandomUniform", "RandomNormalLike"),
    *("RandomUniformLike", "Multinomial"),
)
"""Operations that are deliberately left unknown: their cost depends on data, on a subgraph, or
is not multiply-accumulates of a fixed number. ``docs/importing.md`` says what to do about each."""

OUTSIDE = (
    *("SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert"),
    *("SequenceLength", "SequenceMap", "SplitToSequence", "ConcatFromSequence"),
    *("Optional", "OptionalGetElement", "OptionalHasElement"),
    *("StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer"),
    *("BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix", "ImageDecoder"),
    *("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"),
)
"""Operations that convolutional networks and transformers have no use for when they run:
sequences, text, audio windows, file formats, training losses. They are not known either."""
