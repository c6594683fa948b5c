"""Fields of a primitive -> its operation: defaults filled in, sizes per axis, on a given input.

One function per family; which primitive has which fields stands in ``primitives``, the formulas
in ``engine/operations``.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.shapes import Shape, divides, is_known, product
from convcost.engine.windows import SAME, Causal, PadPairs, Same
from convcost.errors import OperationError
from convcost.language.values import axes, choice, describe, flag, padding, whole
from convcost.quantities import format_shape

Fields: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Fields, Shape], Operation | list[Operation]]


def no_padding(count: int) -> PadPairs:
    """What pools and transposed convolutions have by default, as in every framework."""
    return ((0, 0),) * count


NORMALISATIONS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "swish"),
    *("mish", "sigmoid", "hard_sigmoid", "tanh", "hard_swish", "softplus", "softmax"),
    *("log_softmax", "hard_tanh", "softsign", "log_sigmoid", "exponential", "identity"),
    *("hard_shrink", "soft_shrink", "tanh_shrink", "threshold"),
)
MAX_OUTPUT = 2**20
"""The longest axis that a layer may ask for by itself: more is a mistake."""

UPSAMPLE_MODES = ("nearest", "bilinear")


def spatial_axes(kind: str, shape: Shape) -> int:
    """How many spatial axes ``shape`` has; 1 to 3 are what windows can slide over."""
    count = len(shape) - 1
    if 1 <= count <= 3:
        return count
    raise OperationError(
        f"{kind} needs an input with 1 to 3 spatial axes, not {format_shape(shape)}",
        field="input",
        hint="write height x width x channels, such as 56x56x256",
    )


def conv(fields: Fields, shape: Shape) -> Conv:
    """A convolution; stride, dilation and groups default to 1, padding to ``same``."""
    count = spatial_axes("conv", shape)
    get = fields.get
    given = get("padding")
    return Conv(
        axes(get("kernel_size"), count, "kernel_size"),
        whole(get("out_channels"), "out_channels"),
        axes(get("stride", 1), count, "stride"),
        SAME if given is None else padding(given, count),
        axes(get("dilation", 1), count, "dilation"),
        whole(get("groups", 1), "groups"),
        flag(get("bias", False), "bias"),
    )


def conv_transpose(fields: Fields, shape: Shape) -> Operation:
    """A transposed convolution, not cropped by default; ``same`` gives size * stride."""
    from convcost.engine.operations.transposed import ConvTranspose

    count = spatial_axes("conv_transpose", shape)
    get = fields.get
    return ConvTranspose(
        axes(get("kernel_size"), count, "kernel_size"),
        whole(get("out_channels"), "out_channels"),
        axes(get("stride", 1), count, "stride"),
        padding(get("padding"), count, no_padding(count)),
        axes(get("dilation", 1), count, "dilation"),
        axes(get("output_padding", 0), count, "output_padding", least=0),
        whole(get("groups", 1), "groups"),
        flag(get("bias", False), "bias"),
    )


def linear(fields: Fields, shape: Shape) -> Operation:
    """A fully connected layer over the last axis."""
    from convcost.engine.operations.linear import Linear

    out_channels = whole(fields.get("out_channels"), "out_channels")
    return Linear(out_channels, flag(fields.get("bias", False), "bias"))


def pool_of(kind: str) -> Make:
    """The maker of one pool by name."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations.pooling import AvgPool, MaxPool

        count = spatial_axes(kind, shape)
        kernel_size = axes(fields.get("kernel_size"), count, "kernel_size")
        stride = fields.get("stride")
        pool = MaxPool if kind == "max_pool" else AvgPool
        return pool(
            kernel_size,
            kernel_size if stride is None else axes(stride, count, "stride"),
            padding(fields.get("padding"), count, no_padding(count)),
            axes(fields.get("dilation", 1), count, "dilation"),
            flag(fields.get("ceil_mode", False), "ceil_mode"),
        )

    return make


def adaptive_pool_of(kind: str) -> Make:
    """The maker of one pool down (or up) to a given size."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations.pooling import AdaptiveAvgPool, AdaptiveMaxPool

        count = spatial_axes(kind, shape)
        sizes = axes(fields.get("output_size"), count, "output_size")
        for size in sizes:
            if is_known(size) and size > MAX_OUTPUT:
                raise OperationError(
                    f"output_size must be at most {MAX_OUTPUT}, not {size}", field="output_size"
                )
        return AdaptiveMaxPool(sizes) if kind == "adaptive_max_pool" else AdaptiveAvgPool(sizes)

    return make


def global_pool_of(kind: str) -> Make:
    """The maker of one pool over all positions."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations.pooling import GlobalAvgPool, GlobalMaxPool

        spatial_axes(kind, shape)
        return GlobalMaxPool() if kind == "global_max_pool" else GlobalAvgPool()

    return make


def _learned(fields: Fields) -> dict[str, bool]:
    """Whether the scale and the shift of a normalisation are learned."""
    return {name: flag(fields.get(name, True), name) for name in ("scale", "shift")}


def normalisation(kind: str) -> Make:
    """The maker of one normalisation by name."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import elementwise

        learned = _learned(fields)
        if kind == "batch_norm":
            kept = flag(fields.get("statistics", True), "statistics")
            return elementwise.BatchNorm(**learned, statistics=kept)
        if kind == "layer_norm":
            over = fields.get("over")
            if over is not None and _whole_numbers(over, "over", least=1) != shape:
                shown = format_shape(_whole_numbers(over, "over", least=1))
                raise OperationError(
                    f"layer_norm is over {shown}, the input is {format_shape(shape)}", field="over"
                )
            return elementwise.LayerNorm(**learned, whole=over is not None)
        return elementwise.InstanceNorm(**learned)

    return make


def group_norm(fields: Fields, shape: Shape) -> Operation:
    """A normalisation over ``groups`` of channels."""
    from convcost.engine.operations.elementwise import GroupNorm

    groups = fields.get("groups")
    count = None if groups is None else whole(groups, "groups")
    return GroupNorm(count, **_learned(fields))


def activation(fields: Fields, shape: Shape) -> Operation:
    """A named function of each value."""
    from convcost.engine.operations.elementwise import Activation

    function = choice(fields.get("function", "relu"), "function", ACTIVATIONS)
    slopes = fields.get("slopes")
    if slopes is None:
        return Activation(function)
    if function != "prelu":
        raise OperationError(f"{function} learns no slopes", field="slopes")
    if slopes == "channels":
        return Activation(function, shape[-1])
    return Activation(function, product(shape) if slopes == "values" else whole(slopes, "slopes"))


def plain_elementwise(name: str) -> Make:
    """The maker of an operation without settings, value by value."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import elementwise

        operation: Operation = getattr(elementwise, name)()
        return operation

    return make


def plain_reshaping(name: str) -> Make:
    """The maker of an operation without settings that moves values."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import reshaping

        operation: Operation = getattr(reshaping, name)()
        return operation

    return make


def slice_channels(fields: Fields, shape: Shape) -> Operation:
    """Channels from ``start`` (0) to ``stop`` (all)."""
    from convcost.engine.operations.reshaping import Slice

    return Slice(
        whole(fields.get("start", 0), "start", least=0),
        whole(fields.get("stop", shape[-1]), "stop"),
    )


def split(fields: Fields, shape: Shape) -> list[Operation]:
    """``parts`` equal cuts of the channels; later layers read them as ``name.0``, ``name.1``."""
    from convcost.engine.operations.reshaping import Slice

    parts = whole(fields.get("parts", 2), "parts")
    if not divides(parts, shape[-1]):
        raise OperationError(f"parts={parts} does not divide {shape[-1]} channels", field="parts")
    if parts > 1000:
        raise OperationError("parts must be at most 1000", field="parts")
    size = shape[-1] // parts
    return [Slice(part * size, (part + 1) * size) for part in range(parts)]


def channel_shuffle(fields: Fields, shape: Shape) -> Operation:
    """A permutation across ``groups``."""
    from convcost.engine.operations.reshaping import ChannelShuffle

    return ChannelShuffle(whole(fields.get("groups"), "groups"))


def upsample(fields: Fields, shape: Shape) -> Operation:
    """Whole-number enlargement, ``nearest`` unless said otherwise."""
    from convcost.engine.operations.reshaping import Upsample

    count = spatial_axes("upsample", shape)
    return Upsample(
        axes(fields.get("scale", 2), count, "scale"),
        choice(fields.get("mode", "nearest"), "mode", UPSAMPLE_MODES),
    )


def dropout(fields: Fields, shape: Shape) -> Operation:
    """Values zeroed in training, with probability ``rate``; nothing at inference."""
    from convcost.engine.operations.reshaping import Dropout

    rate = fields.get("rate", Fraction(1, 2))
    rate = Fraction(repr(rate)) if isinstance(rate, float) else rate
    if not isinstance(rate, int | Fraction) or isinstance(rate, bool) or not 0 <= rate <= 1:
        raise OperationError(f"rate must be between 0 and 1, not {describe(rate)}", field="rate")
    return Dropout(float(rate))


def deform_conv(fields: Fields, shape: Shape) -> Operation:
    """A convolution at offsets; the fields are those of ``conv``."""
    from convcost.engine.operations.convolution import DeformConv

    made = conv(fields, shape)
    return DeformConv(
        made.kernel_size,
        made.out_channels,
        made.stride,
        made.padding,
        made.dilation,
        made.groups,
        made.bias,
    )


def pixel_shuffle(fields: Fields, shape: Shape) -> Operation:
    """Channels into positions, twice as many on each axis by default."""
    from convcost.engine.operations.rearranging import PixelShuffle

    count = spatial_axes("pixel_shuffle", shape)
    return PixelShuffle(axes(fields.get("scale", 2), count, "scale"))


def space_to_depth(fields: Fields, shape: Shape) -> Operation:
    """Positions into channels, blocks of two on each axis by default."""
    from convcost.engine.operations.rearranging import SpaceToDepth

    count = spatial_axes("space_to_depth", shape)
    return SpaceToDepth(axes(fields.get("scale", 2), count, "scale"))


def _numbers(value: Any, count: int, kind: str) -> PadPairs:
    """Padding that has to be numbers, since no window says how much it would be."""
    pairs = padding(value, count)
    if isinstance(pairs, Same | Causal):
        raise OperationError(f"the padding of {kind} is numbers, not {pairs!r}", field="padding")
    return pairs


def pad(fields: Fields, shape: Shape) -> Operation:
    """Something around each spatial axis."""
    from convcost.engine.operations.rearranging import Pad

    return Pad(_numbers(fields["padding"], spatial_axes("pad", shape), "pad"))


def crop(fields: Fields, shape: Shape) -> Operation:
    """A part of the map: ``output_size``, ``padding`` to cut, or the size of a second layer."""
    from convcost.engine.operations.rearranging import Crop

    count = spatial_axes("crop", shape)
    size, cut = fields.get("output_size"), fields.get("padding")
    return Crop(
        None if size is None else axes(size, count, "output_size"),
        None if cut is None else _numbers(cut, count, "crop"),
    )


def transpose(fields: Fields, shape: Shape) -> Operation:
    """Axes in another order; the last two change places by default."""
    from convcost.engine.operations.rearranging import Transpose

    last = len(shape) - 1
    default = (*range(last - 1), last, last - 1) if last else (0,)
    return Transpose(_whole_numbers(fields.get("order", default), "order", least=0))


def reshape(fields: Fields, shape: Shape) -> Operation:
    """Another shape for the same values."""
    from convcost.engine.operations.rearranging import Reshape

    sizes = _whole_numbers(fields["shape"], "shape", least=-1)
    if 0 in sizes:
        raise OperationError("0 is not a size", field="shape", hint="-1 is what is left")
    return Reshape(sizes)


def _whole_numbers(value: Any, field: str, *, least: int) -> tuple[int, ...]:
    """Several whole numbers, from a list or from sizes joined by x."""
    from convcost.quantities import split_sizes

    if isinstance(value, str) and (sizes := split_sizes(value)) is not None:
        value = list(map(int, sizes))
    several = value if isinstance(value, list | tuple) else (value,)
    return tuple(whole(one, field, least=least) for one in several)


def matmul(fields: Fields, shape: Shape) -> Operation:
    """A product of two layers; ``transpose`` turns the second."""
    from convcost.engine.operations.attention import MatMul

    return MatMul(flag(fields.get("transpose", False), "transpose"))


def attention(fields: Fields, shape: Shape) -> Operation:
    """Self-attention with its projections."""
    from convcost.engine.operations.attention import Attention

    heads = whole(fields.get("heads", 1), "heads")
    return Attention(heads, flag(fields.get("bias", False), "bias"))


def recurrent(kind: str) -> Make:
    """The maker of one recurrent layer by name."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import recurrent as family

        known = (family.Rnn, family.Gru, family.Lstm)
        layers = whole(fields.get("layers", 1), "layers")
        if is_known(layers) and layers > MAX_RECURRENT:
            raise OperationError(f"layers must be at most {MAX_RECURRENT}", field="layers")
        return next(cls for cls in known if cls.type == kind)(
            whole(fields.get("out_channels"), "out_channels"),
            layers,
            flag(fields.get("bidirectional", False), "bidirectional"),
            flag(fields.get("bias", False), "bias"),
        )

    return make


MAX_RECURRENT = 100
"""The most layers that one recurrent layer may stack."""
