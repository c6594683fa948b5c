"""One rule for each operator: the sizes of what it makes from those of what it reads.

Source: the ``Prepare`` functions of TFLite's reference kernels. A rule raises ValueError (or
another arithmetic or look-up error) where sizes do not fit, and UnknownSizeError where they
depend on numbers that are not known. Rules of operators that only move values are in ``moving``.
"""

from __future__ import annotations

from convcost.sources.tflite import settings
from convcost.sources.tflite.model import Dims
from convcost.sources.tflite.moving import MOVING
from convcost.sources.tflite.reads import Reads, Rule, all_with


def _same(reads: Reads) -> list[Dims]:
    return [reads.dims(0)]


def _same_as_second(reads: Reads) -> list[Dims]:
    return [reads.dims(1)]


def _broadcast(reads: Reads) -> list[Dims]:
    return [settings.broadcast(*reads.all_dims())]


def _conv(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    if not reads.keeps_channels(0):
        raise ValueError
    operation = settings.conv(reads.operator, shape, reads.dims(1), reads.has(2))
    return [(shape[0], *operation.output(shape[1:]))]


def _transpose_conv(reads: Reads) -> list[Dims]:
    weight, shape = reads.dims(1), reads.dims(2)
    channels = weight[3] if reads.operator.kind == "CONV_3D_TRANSPOSE" else weight[0]
    made = reads.numbers(0)
    if len(made) != len(shape):
        raise ValueError
    return [(shape[0], *made[1:-1], channels)]


def _fully_connected(reads: Reads) -> list[Dims]:
    weight = reads.dims(1)
    return [(*settings.linear_rows(reads.operator, reads.dims(0), weight), weight[0])]


def _batch_matmul(reads: Reads) -> list[Dims]:
    return [settings.product_sizes(reads.operator, reads.dims(0), reads.dims(1))[0]]


def _pool(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    return [(shape[0], *settings.pool(reads.operator, shape).output(shape[1:]))]


def _svdf(reads: Reads) -> list[Dims]:
    rank = reads.operator.setting("Rank")
    filters, inner = reads.dims(1)
    samples, size = reads.dims(0)
    if size != inner or filters % rank:
        raise ValueError
    return [(samples, filters // rank)]


def _lstm(reads: Reads) -> list[Dims]:
    """The last recurrent matrix has as many columns as there are outputs."""
    if reads.operator.kind == "LSTM" and reads.operator.setting("KernelType"):
        (samples, size), (_, units) = reads.dims(0), reads.dims(1)
        return [reads.dims(1), reads.dims(4), (samples, size + units), (samples, 4 * units)]
    return [(*reads.dims(0)[:-1], reads.dims(6)[-1])]


def _rnn(reads: Reads) -> list[Dims]:
    return [(*reads.dims(0)[:-1], reads.dims(1)[0])]


def _two_ways(reads: Reads) -> list[Dims]:
    """Forward and backward outputs, side by side in one tensor where they are merged."""
    forward, backward = (1, 5) if "RNN" in reads.operator.kind else (6, 23)
    side = 0 if "RNN" in reads.operator.kind else -1
    sizes = [reads.dims(forward)[side], reads.dims(backward)[side]]
    steps = reads.dims(0)[:-1]
    if reads.operator.setting("MergeOutputs"):
        return [(*steps, sum(sizes))]
    return [(*steps, size) for size in sizes]


RULES: dict[str, Rule] = {
    **MOVING,
    **all_with(
        _same,
        "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 LEAKY_RELU ELU GELU HARD_SWISH LOGISTIC TANH SOFTMAX "
        "LOG_SOFTMAX L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION ABS NEG SIGN EXP LOG SQRT RSQRT "
        "SQUARE SIN COS FLOOR CEIL ROUND CUMSUM LOGICAL_NOT QUANTIZE DEQUANTIZE FAKE_QUANT CAST "
        "ADD_N ZEROS_LIKE REVERSE_V2 REVERSE_SEQUENCE BUCKETIZE COMPLEX_ABS REAL IMAG DENSIFY "
        "MATRIX_SET_DIAG DYNAMIC_UPDATE_SLICE",
    ),
    **all_with(
        _broadcast,
        "ADD SUB MUL DIV FLOOR_DIV FLOOR_MOD POW SQUARED_DIFFERENCE MAXIMUM MINIMUM LESS "
        "LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR SELECT_V2 PRELU "
        "ATAN2 BITWISE_XOR RIGHT_SHIFT",
    ),
    "SELECT": _same_as_second,
    **all_with(_conv, "CONV_2D DEPTHWISE_CONV_2D CONV_3D"),
    **all_with(_transpose_conv, "TRANSPOSE_CONV CONV_3D_TRANSPOSE"),
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    **all_with(_pool, "AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D"),
    "SVDF": _svdf,
    **all_with(_lstm, "LSTM UNIDIRECTIONAL_SEQUENCE_LSTM"),
    **all_with(_rnn, "RNN UNIDIRECTIONAL_SEQUENCE_RNN"),
    **all_with(_two_ways, "BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN"),
}
