"""What each ONNX operation costs: one entry an operation, in one table for each domain.

An operation that is not here is not known, and is reported as such. Names and meanings are
those of the ONNX operator set 28 and of onnxruntime's own documents.
"""

from __future__ import annotations


def _all(role: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), role)


VOCABULARY: dict[str, str] = {
    **_all("conv", "Conv ConvInteger QLinearConv"),
    "ConvTranspose": "conv_transpose",
    "DeformConv": "deform_conv",
    "CausalConvWithState": "causal_conv",
    "Gemm": "gemm",
    **_all("matmul", "MatMul MatMulInteger QLinearMatMul"),
    "Einsum": "einsum",
    **_all("recurrent", "LSTM GRU RNN"),
    "Attention": "attention",
    "LinearAttention": "linear_attention",
    "RotaryEmbedding": "rotary",
    "AffineGrid": "affine_grid",
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
        "Swish Mish Gelu Tanh Softplus Softsign Softmax LogSoftmax Hardmax Erf Shrink Affine "
        "ScaledTanh ParametricSoftplus ImageScaler",
    ),
    **_all(
        "elementwise",
        "Add Sub Mul Div Pow Mod Sum Mean Min Max Neg Abs Sign Exp Log Sqrt Reciprocal Floor Ceil "
        "Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Equal Greater "
        "GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN IsInf Where BitShift BitwiseAnd "
        "BitwiseOr BitwiseXor BitwiseNot CumSum CumProd QuantizeLinear DequantizeLinear "
        "DynamicQuantizeLinear SwiGLU",
    ),
    **_all(
        "reduce",
        "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
        "ReduceLogSumExp ReduceSumSquare ArgMax ArgMin",
    ),
    **_all("selection", "TopK NonMaxSuppression NonZero Unique"),
    **_all(
        "generated",
        "RandomNormal RandomUniform RandomNormalLike RandomUniformLike Bernoulli HannWindow "
        "HammingWindow BlackmanWindow",
    ),
    **_all("loss", "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss"),
    **_all("resize", "Resize Upsample"),
    "GridSample": "grid_sample",
    "RoiAlign": "roi_align",
    "Col2Im": "overlapping",
    **_all(
        "free",
        "Identity Constant ConstantOfShape Shape Size Reshape Transpose Flatten Squeeze Unsqueeze "
        "Concat Split Slice GatherElements GatherND Cast CastLike Expand Tile Pad DepthToSpace "
        "SpaceToDepth Dropout Range EyeLike Trilu OneHot ScatterElements ScatterND Scatter "
        "ReverseSequence Compress CenterCropPad MaxUnpool BitCast TensorScatter SequenceAt "
        "SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength "
        "SplitToSequence ConcatFromSequence Optional OptionalGetElement OptionalHasElement",
    ),
}
"""The role of each operation of ``ai.onnx``; ``roles.py`` has one function for each role."""

CONTRIBUTED: dict[str, str] = {
    **_all("conv", "FusedConv QLinearConv"),
    "ConvTranspose": "conv_transpose",
    **_all("gemm", "FusedGemm QGemm Gemm"),
    **_all(
        "matmul",
        "FusedMatMul TransposeMatMul DynamicQuantizeMatMul MatMulIntegerToFloat QLinearMatMul",
    ),
    "MatMulNBits": "matmul_bits",
    **_all("with_projection", "Attention QAttention"),
    "MultiHeadAttention": "multi_head",
    "GroupQueryAttention": "grouped_query",
    "RotaryEmbedding": "rotary",
    "DynamicQuantizeLSTM": "recurrent",
    **_all("norm", "LayerNormalization SimplifiedLayerNormalization"),
    **_all("skip_norm", "SkipLayerNormalization SkipSimplifiedLayerNormalization"),
    **_all("embed_norm", "EmbedLayerNormalization"),
    "GroupNorm": "group_norm",
    **_all("pool", "NhwcMaxPool QLinearAveragePool MaxPool AveragePool"),
    **_all("global_pool", "QLinearGlobalAveragePool GlobalAveragePool GlobalMaxPool"),
    **_all(
        "activation",
        "Gelu FastGelu QuickGelu BiasGelu BiasSoftmax QLinearLeakyRelu QLinearSigmoid "
        "QLinearSoftmax",
    ),
    **_all("elementwise", "BiasAdd QuantizeLinear DequantizeLinear"),
    **_all("qlinear_joined", "QLinearAdd QLinearMul"),
    "QLinearConcat": "qlinear_free",
    **_all("free", "ReorderInput ReorderOutput ExpandDims BiasDropout Trilu Pad"),
    **_all("resize", "Upsample"),
    "QLinearWhere": "qlinear_where",
    "GatherBlockQuantized": "packed_embedding",
    **_all("reduce", "QLinearReduceMean"),
    "GridSample": "grid_sample",
}
"""The same for onnxruntime's own operations (``com.microsoft``)."""

BLOCKED: dict[str, str] = {**CONTRIBUTED, "Conv": "blocked_conv"}
"""The same for channels in blocks (``com.microsoft.nchwc``)."""

TABLES: dict[str, str] = {
    **_all("table_model", "LinearClassifier LinearRegressor"),
    **_all("elementwise", "Scaler Normalizer Imputer Binarizer"),
    **_all("free", "ArrayFeatureExtractor FeatureVectorizer ZipMap CastMap LabelEncoder"),
}
"""The same for models of tables (``ai.onnx.ml``)."""

DOMAINS: dict[str, dict[str, str]] = {
    "": VOCABULARY,
    "ai.onnx": VOCABULARY,
    "com.microsoft": CONTRIBUTED,
    "com.microsoft.nchwc": BLOCKED,
    "ai.onnx.ml": TABLES,
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
    "LSTM": "lstm",
    "GRU": "gru",
    "RNN": "rnn",
}
"""Names in convcost's words; other operations keep their own."""

REASONS = {
    "data": "what it does depends on the data",
    "transform": "a fast transform has no fixed number of multiplications",
    "inverse": "an elimination has no fixed number of multiplications here",
    "inner": "each of its scores goes through a graph of its own",
    "training": "it is a step of training, not of a network that runs",
    "text": "it works on text or files, not on numbers",
}
"""Why an operation is left unknown."""

NOT_KNOWN: dict[str, str] = {
    **_all("data", "If Loop Scan SequenceMap MaxRoiPool Multinomial"),
    **_all("transform", "DFT STFT"),
    **_all("inverse", "Det"),
    **_all("text", "StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer"),
    **_all("text", "ImageDecoder MelWeightMatrix"),
}
"""Operations that are left unknown on purpose, by the reason."""

NOT_KNOWN_TABLES: dict[str, str] = {
    **_all("data", "TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor"),
    **_all("data", "SVMClassifier SVMRegressor OneHotEncoder DictVectorizer CategoryMapper"),
}
"""The same of ``ai.onnx.ml``."""


NOT_KNOWN_PREVIEW: dict[str, str] = {
    "FlexAttention": "inner",
    **_all("training", "Gradient Adagrad Adam Momentum"),
}
"""The same of ``ai.onnx.preview`` and ``ai.onnx.preview.training``."""

LISTS = {
    "": NOT_KNOWN,
    "ai.onnx": NOT_KNOWN,
    "ai.onnx.ml": NOT_KNOWN_TABLES,
    "ai.onnx.preview": NOT_KNOWN_PREVIEW,
    "ai.onnx.preview.training": NOT_KNOWN_PREVIEW,
}
"""What is not known on purpose, by domain."""


def reason(domain: str, kind: str) -> str | None:
    """Why an operation is not counted, in words; None for one that nobody has told of."""
    known = LISTS.get(domain, {}).get(kind)
    return REASONS[known] if known else None
