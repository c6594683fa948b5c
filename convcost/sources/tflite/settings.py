"""The options of TFLite's windows (filters, strides, padding) as operations of the engine.

Shapes are with their batch and channels last. Raises ValueError where they do not fit.
"""

from __future__ import annotations

from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.pooling import AvgPool, MaxPool, Pool
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.engine.windows import SAME, Padding, slide
from convcost.quantities import MAX_SIZE
from convcost.sources.tflite.model import Dims, Operator

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""TFLite's ``ActivationFunctionType`` by number."""

AXES_2D = ("H", "W")
AXES_3D = ("D", "H", "W")


def conv(operator: Operator, shape: Dims, weight: Dims, bias: bool) -> Conv:
    """A convolution. Filters are O,H,W,I; depthwise ones 1,H,W,O; of three axes D,H,W,I,O.

    A dense filter with fewer channels than the input is a grouped one.
    """
    axes = AXES_3D if operator.kind == "CONV_3D" else AXES_2D
    if len(shape) != len(axes) + 2 or len(weight) != len(axes) + 2:
        raise ValueError
    if operator.kind == "DEPTHWISE_CONV_2D":
        kernel, channels, groups = weight[1:3], weight[3], shape[-1]
        if weight[0] != 1:
            raise ValueError
    elif operator.kind == "CONV_3D":
        kernel, channels, groups = weight[:3], weight[4], _groups(shape[-1], weight[3])
    else:
        kernel, channels, groups = weight[1:3], weight[0], _groups(shape[-1], weight[3])
    if min(*kernel, channels, groups) < 1:
        raise ValueError
    dilation = tuple(_size(operator, f"Dilation{axis}Factor", default=1) for axis in axes)
    return Conv(
        kernel, channels, _strides(operator, axes), _padding(operator, axes), dilation, groups, bias
    )


def transpose_conv(
    operator: Operator, shape: Dims, weight: Dims, made: Dims, bias: bool
) -> ConvTranspose:
    """A transposed convolution to the output ``made``. Filters are O,H,W,I or D,H,W,O,I.

    TFLite states the output size, and the forward convolution must lead back from it to the
    input. The cropping is what the size leaves over; too large an output is padded.
    """
    axes = AXES_3D if operator.kind == "CONV_3D_TRANSPOSE" else AXES_2D
    if not len(shape) == len(weight) == len(made) == len(axes) + 2:
        raise ValueError
    if operator.kind == "CONV_3D_TRANSPOSE":
        kernel, channels, inner = weight[:3], weight[3], weight[4]
    else:
        kernel, channels, inner = weight[1:3], weight[0], weight[3]
    if inner != shape[-1] or made[-1] != channels or min(*kernel, channels) < 1:
        raise ValueError
    strides, padding = _strides(operator, axes), _padding(operator, axes)
    ones = (1,) * len(axes)
    if slide(made[1:-1], kernel, strides, padding, ones) != shape[1:-1]:
        raise ValueError
    pads, extra = [], []
    for size, out, k, s in zip(shape[1:-1], made[1:-1], kernel, strides, strict=True):
        total = (size - 1) * s + k - out
        pads.append((max(total, 0) // 2, max(total, 0) - max(total, 0) // 2))
        extra.append(max(-total, 0))
    return ConvTranspose(
        kernel, channels, strides, tuple(pads), ones, tuple(extra), groups=1, bias=bias
    )


def pool(operator: Operator, shape: Dims) -> Pool:
    """A pooling over height and width."""
    if len(shape) != 4:
        raise ValueError
    made = MaxPool if operator.kind == "MAX_POOL_2D" else AvgPool
    kernel = (_size(operator, "FilterHeight"), _size(operator, "FilterWidth"))
    return made(kernel, _strides(operator, AXES_2D), _padding(operator, AXES_2D), (1, 1))


def fused_activation(operator: Operator, kinds_with_one: frozenset[str]) -> str:
    """The activation that runs inside an operator, ``NONE`` where there is none."""
    if operator.kind not in kinds_with_one:
        return "NONE"
    number = operator.setting("FusedActivationFunction")
    return ACTIVATIONS[number] if 0 <= number < len(ACTIVATIONS) else f"ACTIVATION_{number}"


def product_sizes(operator: Operator, first: Dims, second: Dims) -> tuple[Dims, int]:
    """(output, summed length) of BATCH_MATMUL: leading axes stretch to each other."""
    if len(first) < 2 or len(second) < 2:
        raise ValueError
    rows, inner = first[-2:] if not operator.setting("AdjX") else first[-1:-3:-1]
    other, columns = second[-2:] if not operator.setting("AdjY") else second[-1:-3:-1]
    if inner != other:
        raise ValueError
    return (*broadcast(first[:-2], second[:-2]), rows, columns), inner


def broadcast(*shapes: Dims) -> Dims:
    """The common shape of several, where sizes of 1 stretch and missing axes are in front."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    sizes = []
    for axis in zip(*padded, strict=True):
        wide = {size for size in axis if size != 1}
        if len(wide) > 1:
            raise ValueError
        sizes.append(wide.pop() if wide else 1)
    return tuple(sizes)


def linear_rows(operator: Operator, shape: Dims, weight: Dims) -> Dims:
    """What stands before the channels in the output of FULLY_CONNECTED (filters are O,I)."""
    if len(weight) != 2 or weight[1] < 1:
        raise ValueError
    if operator.setting("KeepNumDims"):
        if not shape or shape[-1] != weight[1]:
            raise ValueError
        return shape[:-1]
    rows, rest = divmod(product(shape), weight[1])
    if rest:
        raise ValueError
    return (rows,)


def _groups(channels: int, inner: int) -> int:
    if inner < 1 or channels % inner:
        raise ValueError
    return channels // inner


def _size(operator: Operator, name: str, *, default: int = 0) -> int:
    """An option from 1 on; ``default`` where the file has no options at all."""
    size = operator.setting(name) or default
    if not 0 < size <= MAX_SIZE:
        raise ValueError
    return size


def _strides(operator: Operator, axes: tuple[str, ...]) -> Dims:
    return tuple(_size(operator, f"Stride{axis}") for axis in axes)


def _padding(operator: Operator, axes: tuple[str, ...]) -> Padding:
    return SAME if operator.setting("Padding") == 0 else ((0, 0),) * len(axes)
