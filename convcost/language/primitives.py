"""The table of primitives: which fields each takes, and who makes its operation of them.

The formulas are in ``engine/operations``, the makers in ``makers``. A new primitive is one class
there, one maker there, one line in ``PRIMITIVES`` here.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from convcost.engine.operations.base import Operation
from convcost.engine.shapes import Shape, is_known
from convcost.errors import OperationError, either, nearest
from convcost.language import makers
from convcost.language.fields import field_name
from convcost.language.makers import ACTIVATIONS, NORMALISATIONS, UPSAMPLE_MODES, Fields, Make
from convcost.language.names import plain, proper_name
from convcost.language.values import describe, whole

__all__ = ["ACTIVATIONS", "NORMALISATIONS", "PRIMITIVES", "UPSAMPLE_MODES", "Primitive"]


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


_LEARNED = ("scale", "shift")
_WINDOW = ("kernel_size", "stride", "padding", "dilation")

PRIMITIVES: dict[str, Primitive] = {
    "conv": Primitive(
        makers.conv,
        (*_WINDOW, "out_channels", "groups", "bias"),
        "convolution in 1, 2 or 3 dimensions",
        required=("kernel_size", "out_channels"),
        followed=True,
        bare=("kernel_size", "out_channels"),
    ),
    "deform_conv": Primitive(
        makers.deform_conv,
        (*_WINDOW, "out_channels", "groups", "bias"),
        "convolution at learned offsets; reads them as a second layer",
        required=("kernel_size", "out_channels"),
        followed=True,
        bare=("kernel_size", "out_channels"),
    ),
    "conv_transpose": Primitive(
        makers.conv_transpose,
        (*_WINDOW, "out_channels", "groups", "bias", "output_padding"),
        "transposed convolution",
        required=("kernel_size", "out_channels"),
        followed=True,
        bare=("kernel_size", "out_channels"),
    ),
    "linear": Primitive(
        makers.linear,
        ("out_channels", "bias"),
        "fully connected layer over the channels",
        required=("out_channels",),
        followed=True,
        bare=("out_channels",),
    ),
    "matmul": Primitive(makers.matmul, ("transpose",), "product of two layers"),
    "attention": Primitive(
        makers.attention,
        ("heads", "bias"),
        "multi-head self-attention with its projections",
        bare=("heads",),
    ),
    **{
        kind: Primitive(
            makers.recurrent(kind),
            ("out_channels", "layers", "bidirectional", "bias"),
            f"{kind.upper()} over the steps of a sequence",
            required=("out_channels",),
            bare=("out_channels",),
        )
        for kind in ("lstm", "gru", "rnn")
    },
    "max_pool": Primitive(
        makers.pool_of("max_pool"),
        (*_WINDOW, "ceil_mode"),
        "sliding maximum; stride = kernel_size",
        required=("kernel_size",),
        bare=("kernel_size",),
    ),
    "avg_pool": Primitive(
        makers.pool_of("avg_pool"),
        (*_WINDOW, "ceil_mode"),
        "sliding mean; stride = kernel_size",
        required=("kernel_size",),
        bare=("kernel_size",),
    ),
    **{
        f"adaptive_{kind}_pool": Primitive(
            makers.adaptive_pool_of(f"adaptive_{kind}_pool"),
            ("output_size",),
            f"{what} to a given size",
            required=("output_size",),
            bare=("output_size",),
        )
        for kind, what in (("avg", "mean"), ("max", "maximum"))
    },
    "global_avg_pool": Primitive(
        makers.global_pool_of("global_avg_pool"), (), "mean over all positions"
    ),
    "global_max_pool": Primitive(
        makers.global_pool_of("global_max_pool"), (), "maximum over all positions"
    ),
    "batch_norm": Primitive(
        makers.normalisation("batch_norm"),
        (*_LEARNED, "statistics"),
        "scale and shift per channel",
        switch="norm",
    ),
    "layer_norm": Primitive(
        makers.normalisation("layer_norm"),
        (*_LEARNED, "over"),
        "scale and shift per channel",
        switch="norm",
    ),
    "group_norm": Primitive(
        makers.group_norm,
        ("groups", *_LEARNED),
        "scale and shift per channel",
        switch="norm",
        bare=("groups",),
    ),
    "instance_norm": Primitive(
        makers.normalisation("instance_norm"),
        _LEARNED,
        "scale and shift per channel",
        switch="norm",
    ),
    "scale": Primitive(
        makers.plain_elementwise("Scale"), (), "learned factor per channel", switch="norm"
    ),
    "activation": Primitive(
        makers.activation,
        ("function", "slopes"),
        "named function of each value",
        switch="activation",
    ),
    "add": Primitive(
        makers.plain_elementwise("Add"), (), "sum of inputs of one shape", followed=True
    ),
    "mul": Primitive(makers.plain_elementwise("Mul"), (), "product; a vector gates the channels"),
    "concat": Primitive(makers.plain_reshaping("Concat"), (), "channels side by side"),
    "slice": Primitive(
        makers.slice_channels, ("start", "stop"), "channels start to stop", bare=("start", "stop")
    ),
    "split": Primitive(
        makers.split,
        ("parts",),
        "equal cuts of the channels, name.0, name.1, ...",
    ),
    "channel_shuffle": Primitive(
        makers.channel_shuffle,
        ("groups",),
        "permutation across groups",
        required=("groups",),
        bare=("groups",),
    ),
    "upsample": Primitive(
        makers.upsample,
        ("scale", "mode"),
        "whole-number enlargement",
        bare=("scale",),
        times="scale",
    ),
    "dropout": Primitive(makers.dropout, ("rate",), "nothing at inference", bare=("rate",)),
    "pixel_shuffle": Primitive(
        makers.pixel_shuffle,
        ("scale",),
        "channels into positions: depth to space",
        bare=("scale",),
        times="scale",
    ),
    "space_to_depth": Primitive(
        makers.space_to_depth,
        ("scale",),
        "positions into channels: pixel unshuffle",
        bare=("scale",),
        times="scale",
    ),
    "pad": Primitive(
        makers.pad, ("padding",), "values around the map", required=("padding",), bare=("padding",)
    ),
    "crop": Primitive(
        makers.crop,
        ("output_size", "padding"),
        "a part of the map; a second layer gives the size",
        bare=("output_size",),
    ),
    "transpose": Primitive(makers.transpose, ("order",), "axes in another order"),
    "reshape": Primitive(
        makers.reshape, ("shape",), "another shape", required=("shape",), bare=("shape",)
    ),
    "flatten": Primitive(makers.plain_reshaping("Flatten"), (), "all axes into one"),
    "identity": Primitive(makers.plain_reshaping("Identity"), (), "the input unchanged"),
}
"""Every primitive layer type. Designs are files, see ``designs`` and ``catalogue``."""


def function_of(word: str, is_design: Callable[[str], bool]) -> str | None:
    """The function of an activation that is written as a type: ``relu``; a design comes first."""
    function = proper_name(word, ACTIVATIONS)
    return None if function is None or is_design(word) else function


LAYERS = "layers: conv, 1x1, depthwise, separable, bottleneck, max_pool, linear, relu, ..."


def layer_hint(word: str, names: Sequence[str]) -> str:
    """What to write for a word that is no layer: the nearest layers, else what layers there are.

    ``names`` are those of designs and networks.
    """
    asked = plain(word)
    parts = [name for name in PRIMITIVES if len(asked) > 2 and asked in name.split("_")]
    if parts:
        return f"did you mean {either(parts)}?"
    close = nearest(asked, [*PRIMITIVES, *ACTIVATIONS, *names], cutoff=0.7)
    return f"did you mean {close}?" if close else f"{LAYERS} (convcost designs lists more)"


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


_EXAMPLES = {
    "kernel_size": "3",
    "out_channels": "64",
    "output_size": "1",
    "groups": "2",
    "padding": "1",
    "shape": "16x16x1",
}
"""A value for each field that some primitive cannot do without."""


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
            hint = f"such as {name}={_EXAMPLES[name]}"
            raise OperationError(f"{kind} needs {name}", field=name, hint=hint)
