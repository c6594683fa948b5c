"""Which rule sizes which operation, and what type comes out: one table each.

What is not here is left to the ``onnx`` package. Names of ``com.microsoft`` share the tables
where they mean the same.
"""

from __future__ import annotations

from convcost.sources.onnx import contributed as more
from convcost.sources.onnx import rules, sequences
from convcost.sources.onnx.facts import Seen
from convcost.sources.onnx.rules import Made, Rule


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


def _at(rule: Rule, at: int) -> Rule:
    """A rule whose second tensor stands elsewhere."""

    def run(seen: Seen) -> Made:
        return rule(seen, at)  # type: ignore[call-arg]  # the rules that take a place

    return run


UNARY = (
    "Identity Cast CastLike Relu LeakyRelu Elu Selu Celu ThresholdedRelu Clip Sigmoid HardSigmoid "
    "HardSwish Swish Mish Gelu Tanh Softplus Softsign Softmax LogSoftmax Hardmax Erf Shrink Neg "
    "BatchNormalization LayerNormalization "
    "Abs Sign Exp Log Sqrt Reciprocal Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh "
    "Acosh Atanh IsNaN IsInf Not BitwiseNot CumSum CumProd QuantizeLinear DequantizeLinear Trilu "
    "InstanceNormalization GroupNormalization RMSNormalization LpNormalization LRN "
    "MeanVarianceNormalization ScatterElements ScatterND Scatter ReverseSequence RotaryEmbedding "
    "FastGelu QuickGelu BiasGelu BiasSoftmax BiasAdd ImageScaler QLinearLeakyRelu QLinearSigmoid "
    "QLinearSoftmax GroupNorm SkipGroupNorm Inverse BitCast FusedElementwise Affine ScaledTanh "
    "ParametricSoftplus"
)
"""Operations whose output is as large as their first input."""

JOINED = (
    "Add Sub Mul Div Pow Mod Sum Mean Min Max Equal Greater GreaterOrEqual Less LessOrEqual And Or "
    "Xor Where BitShift BitwiseAnd BitwiseOr BitwiseXor PRelu"
)

RULES: dict[str, Rule] = {
    **_all(rules.same, UNARY),
    **_all(rules.joined, JOINED),
    **_all(rules.conv, "Conv ConvInteger FusedConv"),
    "QLinearConv": _at(rules.conv, 3),
    "ConvTranspose": rules.conv_transpose,
    **_all(rules.pool, "MaxPool AveragePool LpPool"),
    **_all(rules.global_pool, "GlobalAveragePool GlobalMaxPool GlobalLpPool"),
    **_all(rules.matmul, "MatMul MatMulInteger MatMulIntegerToFloat DynamicQuantizeMatMul"),
    "QLinearMatMul": _at(rules.matmul, 3),
    **_all(rules.gemm, "Gemm FusedGemm GemmFloat8"),
    "QGemm": _at(rules.gemm, 3),
    "Reshape": rules.reshape,
    "Flatten": rules.flatten,
    "Transpose": rules.transpose,
    "Concat": rules.concat,
    "Slice": rules.slice_,
    "Unsqueeze": rules.unsqueeze,
    "Squeeze": rules.squeeze,
    "Expand": rules.expand,
    **_all(sequences.recurrent, "LSTM GRU RNN"),
    "STFT": sequences.stft,
    "Range": sequences.steps,
    # onnxruntime's own
    "NhwcMaxPool": more.nhwc_pool,
    "QLinearAveragePool": more.qlinear_pool,
    "QLinearGlobalAveragePool": more.qlinear_global_pool,
    **_all(more.qlinear_joined, "QLinearAdd QLinearMul"),
    "QLinearWhere": more.qlinear_where,
    "QLinearConcat": more.qlinear_concat,
    **_all(
        more.norm,
        "SkipLayerNormalization SkipSimplifiedLayerNormalization SimplifiedLayerNormalization",
    ),
    **_all(more.embed_norm, "EmbedLayerNormalization QEmbedLayerNormalization"),
    "QAttention": more.attention,
    **_all(rules.dropout, "Dropout BiasDropout"),
    "MultiHeadAttention": more.multi_head,
    "GroupQueryAttention": more.grouped_query,
    "MatMulNBits": more.many_bits,
    **_all(more.fused_matmul, "FusedMatMul TransposeMatMul"),
    "DynamicQuantizeLSTM": sequences.dynamic_lstm,
    "ReorderInput": more.reorder_input,
    "ReorderOutput": more.reorder_output,
    "GatherBlockQuantized": more.gather_blocks,
    "ExpandDims": more.expand_dims,
}

CONTRIBUTED: dict[str, Rule] = {**RULES, "Attention": more.attention}
"""The same for onnxruntime's domain, where a name means something else."""

BLOCKED: dict[str, Rule] = {**CONTRIBUTED, "Conv": more.blocked_conv, "Upsample": more.upsample}
"""The same for its domain of channels in blocks."""

DOMAINS: dict[str, dict[str, Rule]] = {
    "": RULES,
    "ai.onnx": RULES,
    "com.microsoft": CONTRIBUTED,
    "com.microsoft.nchwc": BLOCKED,
}

BOOL, INT32, INT64 = 9, 6, 7

LOGICAL = "Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN IsInf"

KINDS: dict[str, int | tuple[int]] = {
    **dict.fromkeys(LOGICAL.split(), BOOL),
    **dict.fromkeys(("ConvInteger", "MatMulInteger"), INT32),
    **dict.fromkeys(("Where", "CastLike"), (1,)),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul"), (7,)),
    **dict.fromkeys(("MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QAttention"), 1),
    **dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization"), 1),
}
"""The type that comes out: a number of the format, or the input that has the same one.

What is not here has the type of its first input, but for what ``kind_of`` works out.
"""


def kind_of(seen: Seen, output: int) -> int:
    """The type of one output, 0 where it is not known."""
    kinds = seen.facts.kinds
    if seen.op in ("Cast", "BitCast"):
        return int(seen.attributes.get("to", 0))
    if seen.op == "MaxPool" and output == 1:
        return INT64
    if seen.op == "QuantizeLinear":
        stated = int(seen.attributes.get("output_dtype", 0))
        return stated or (kinds.get(seen.names[2], 0) if seen.has(2) else 2)
    if seen.op == "DequantizeLinear":
        return kinds.get(seen.names[1], 1) if seen.has(1) else 1
    if seen.op == "QGemm":
        return kinds.get(seen.names[8], 0) if seen.has(8) else 1
    if seen.op == "GatherBlockQuantized":
        return kinds.get(seen.names[2], 1) if seen.has(2) else 1
    rule = KINDS.get(seen.op, (0,))
    if isinstance(rule, int):
        return rule
    return kinds.get(seen.names[rule[0]], 0) if 0 <= rule[0] < len(seen.names) else 0
