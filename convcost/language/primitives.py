"""The table of primitives: which fields each takes, and how they become an operation.

One function per family resolves defaults and per-axis sizes for a given input shape; the
formulas themselves are in ``engine/operations``. A new primitive is one class there, one line
in ``PRIMITIVES`` here.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.shapes import Shape, divides, is_known
from convcost.engine.windows import SAME, PadPairs
from convcost.errors import OperationError
from convcost.language.fields import field_name
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
    *("log_softmax", "identity"),
)
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


def _pool(kind: str) -> Make:
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


def adaptive_avg_pool(fields: Fields, shape: Shape) -> Operation:
    """A mean down (or up) to a given size."""
    from convcost.engine.operations.pooling import AdaptiveAvgPool

    count = spatial_axes("adaptive_avg_pool", shape)
    return AdaptiveAvgPool(axes(fields.get("output_size"), count, "output_size"))


def global_avg_pool(fields: Fields, shape: Shape) -> Operation:
    """A mean over all positions."""
    from convcost.engine.operations.pooling import GlobalAvgPool

    spatial_axes("global_avg_pool", shape)
    return GlobalAvgPool()


def normalisation(kind: str) -> Make:
    """The maker of one normalisation by name."""

    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import elementwise

        known = (elementwise.BatchNorm, elementwise.LayerNorm, elementwise.InstanceNorm)
        return next(cls for cls in known if cls.type == kind)()

    return make


def group_norm(fields: Fields, shape: Shape) -> Operation:
    """A normalisation over ``groups`` of channels."""
    from convcost.engine.operations.elementwise import GroupNorm

    groups = fields.get("groups")
    return GroupNorm(None if groups is None else whole(groups, "groups"))


def activation(fields: Fields, shape: Shape) -> Operation:
    """A named function of each value."""
    from convcost.engine.operations.elementwise import Activation

    return Activation(choice(fields.get("function", "relu"), "function", ACTIVATIONS))


def _elementwise(name: str) -> Make:
    def make(fields: Fields, shape: Shape) -> Operation:
        from convcost.engine.operations import elementwise

        operation: Operation = getattr(elementwise, name)()
        return operation

    return make


def _reshaping(name: str) -> Make:
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


class Primitive(NamedTuple):
    """One line of the table.

    ``make`` gives one operation, or for ``split`` one for each part. ``followed``: the layer
    may carry ``norm`` and ``activation``. ``switch``: which switch turns it off inside a design.
    ``bare``: the fields that bare sizes and numbers of a line stand for, sizes for the first;
    ``times``: what ``x2`` sets where it does not repeat the layer.
    """

    make: Make
    fields: tuple[str, ...]
    summary: str
    required: tuple[str, ...] = ()
    followed: bool = False
    switch: str | None = None
    bare: tuple[str, ...] = ()
    times: str | None = None


_WINDOW = ("kernel_size", "stride", "padding", "dilation")

PRIMITIVES: dict[str, Primitive] = {
    "conv": Primitive(
        conv,
        (*_WINDOW, "out_channels", "groups", "bias"),
        "convolution in 1, 2 or 3 dimensions",
        required=("kernel_size", "out_channels"),
        followed=True,
        bare=("kernel_size", "out_channels"),
    ),
    "conv_transpose": Primitive(
        conv_transpose,
        (*_WINDOW, "out_channels", "groups", "bias", "output_padding"),
        "transposed convolution",
        required=("kernel_size", "out_channels"),
        followed=True,
        bare=("kernel_size", "out_channels"),
    ),
    "linear": Primitive(
        linear,
        ("out_channels", "bias"),
        "fully connected layer over the channels",
        required=("out_channels",),
        followed=True,
        bare=("out_channels",),
    ),
    "max_pool": Primitive(
        _pool("max_pool"),
        (*_WINDOW, "ceil_mode"),
        "sliding maximum; stride = kernel_size",
        required=("kernel_size",),
        bare=("kernel_size",),
    ),
    "avg_pool": Primitive(
        _pool("avg_pool"),
        (*_WINDOW, "ceil_mode"),
        "sliding mean; stride = kernel_size",
        required=("kernel_size",),
        bare=("kernel_size",),
    ),
    "adaptive_avg_pool": Primitive(
        adaptive_avg_pool,
        ("output_size",),
        "mean to a given size",
        required=("output_size",),
        bare=("output_size",),
    ),
    "global_avg_pool": Primitive(global_avg_pool, (), "mean over all positions"),
    "batch_norm": Primitive(
        normalisation("batch_norm"), (), "scale and shift per channel", switch="norm"
    ),
    "layer_norm": Primitive(
        normalisation("layer_norm"), (), "scale and shift per channel", switch="norm"
    ),
    "group_norm": Primitive(
        group_norm, ("groups",), "scale and shift per channel", switch="norm", bare=("groups",)
    ),
    "instance_norm": Primitive(
        normalisation("instance_norm"), (), "scale and shift per channel", switch="norm"
    ),
    "scale": Primitive(_elementwise("Scale"), (), "learned factor per channel", switch="norm"),
    "activation": Primitive(
        activation, ("function",), "named function of each value", switch="activation"
    ),
    "add": Primitive(_elementwise("Add"), (), "sum of inputs of one shape", followed=True),
    "mul": Primitive(_elementwise("Mul"), (), "product; a vector gates the channels"),
    "concat": Primitive(_reshaping("Concat"), (), "channels side by side"),
    "slice": Primitive(
        slice_channels, ("start", "stop"), "channels start to stop", bare=("start", "stop")
    ),
    "split": Primitive(
        split,
        ("parts",),
        "equal cuts of the channels, name.0, name.1, ...",
    ),
    "channel_shuffle": Primitive(
        channel_shuffle,
        ("groups",),
        "permutation across groups",
        required=("groups",),
        bare=("groups",),
    ),
    "upsample": Primitive(
        upsample,
        ("scale", "mode"),
        "whole-number enlargement",
        bare=("scale",),
        times="scale",
    ),
    "dropout": Primitive(dropout, ("rate",), "nothing at inference", bare=("rate",)),
    "flatten": Primitive(_reshaping("Flatten"), (), "all axes into one"),
    "identity": Primitive(_reshaping("Identity"), (), "the input unchanged"),
}
"""Every primitive layer type. Designs are files, see ``designs`` and ``catalogue``."""


IN_CHANNELS = "in_channels"
"""A field of every layer and design: what its input must have; nothing is made of it."""


def make(primitive: Primitive, fields: Fields, shape: Shape) -> Operation | list[Operation]:
    """The operation of a primitive on an input. Raises OperationError where it does not fit."""
    if IN_CHANNELS in fields:
        check_in_channels(fields[IN_CHANNELS], shape)
    return primitive.make(fields, shape)


def check_in_channels(value: Any, shape: Shape) -> None:
    """A layer that says what it reads must be given that."""
    stated = whole(value, IN_CHANNELS)
    if is_known(shape[-1]) and is_known(stated) and stated != shape[-1]:
        raise OperationError(
            f"in_channels={stated}, but the input has {shape[-1]} channels", field=IN_CHANNELS
        )


def check_fields(kind: str, fields: Fields) -> None:
    """Raise an error for a field that this primitive does not take, or one that it needs."""
    from convcost.errors import did_you_mean

    primitive = PRIMITIVES[kind]
    allowed = primitive.fields
    if primitive.followed:
        allowed = (*allowed, "activation") if kind == "add" else (*allowed, "norm", "activation")
    for name, value in fields.items():
        if name == IN_CHANNELS:
            continue
        if name not in allowed and name != field_name(name) and field_name(name) in fields:
            raise OperationError(f"{field_name(name)} is given twice", field=name)
        if name not in allowed:
            raise OperationError(
                f"{kind} has no field {name}", field=name, hint=did_you_mean(name, allowed)
            )
        if value is None:
            raise OperationError(f"{name} must not be {describe(None)}", field=name)
    for name in primitive.required:
        if name not in fields:
            raise OperationError(f"{kind} needs {name}", field=name)
