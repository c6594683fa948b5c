"""Keras' layers as code calls them: ``SeparableConv2D(64, 3, padding='same')``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convcost.errors import ConvcostError
from convcost.sources.frameworks.arguments import (
    NEEDED,
    Arguments,
    Call,
    Layers,
    activation_of,
    flag,
    only,
    pad_word,
    per_axis,
    plain_layer,
    whole,
)
from convcost.sources.frameworks.keras_more import MORE, input_channels


def _keras_padding(given: Arguments, *more: str) -> str:
    value = given["padding"]
    if isinstance(value, int | tuple):
        raise ConvcostError(
            f"padding must be 'same' or 'valid', not {value!r}",
            hint=f"Keras pads with a layer of its own: ZeroPadding2D({value!r})",
        )
    return pad_word(value, "same", "valid", *more)


def _one_of_both(stride: tuple[int, ...], dilation: tuple[int, ...]) -> None:
    """Keras has no strided and dilated convolution at once."""
    if any(size > 1 for size in stride) and any(size > 1 for size in dilation):
        raise ConvcostError("Keras takes strides or dilation_rate above 1, not both")


def _keras_conv(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        stride = per_axis(given["strides"], count, "strides")
        dilation = per_axis(given["dilation_rate"], count, "dilation_rate")
        _one_of_both(stride, dilation)
        return [
            {
                "type": "conv",
                "out_channels": whole(given["filters"], "filters"),
                "kernel_size": per_axis(given["kernel_size"], count, "kernel_size"),
                "stride": stride,
                "padding": _keras_padding(given, *(("causal",) if count == 1 else ())),
                "dilation": dilation,
                "groups": whole(given["groups"], "groups"),
                "bias": flag(given["use_bias"], "use_bias"),
                **activation_of(given["activation"]),
                **input_channels(given),
            }
        ]

    return make


def _keras_conv_transpose(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        kernel = per_axis(given["kernel_size"], count, "kernel_size")
        stride = per_axis(given["strides"], count, "strides")
        dilation = per_axis(given["dilation_rate"], count, "dilation_rate")
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        padding: Any = _keras_padding(given)
        # Keras' valid makes room for a stride that is larger than the kernel.
        extra = [max(s - k, 0) for k, s in zip(reach, stride, strict=True)]
        extra = [] if padding == "same" else extra
        if given["output_padding"] is not None:
            # Then same is half of the kernel on both sides, and the rest is as it is said.
            extra = list(per_axis(given["output_padding"], count, "output_padding"))
            padding = [k // 2 if padding == "same" else 0 for k in reach]
        return [
            {
                "type": "conv_transpose",
                "out_channels": whole(given["filters"], "filters"),
                "kernel_size": kernel,
                "stride": stride,
                "padding": padding,
                "dilation": dilation,
                **({"output_padding": extra} if any(extra) else {}),
                "bias": flag(given["use_bias"], "use_bias"),
                **activation_of(given["activation"]),
                **input_channels(given),
            }
        ]

    return make


def _keras_depthwise(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        layer = {
            "type": "depthwise",
            "kernel_size": per_axis(given["kernel_size"], count, "kernel_size"),
            "stride": per_axis(given["strides"], count, "strides"),
            "padding": _keras_padding(given),
            "multiplier": whole(given["depth_multiplier"], "depth_multiplier"),
            "dilation": per_axis(given["dilation_rate"], count, "dilation_rate"),
            "bias": flag(given["use_bias"], "use_bias"),
            **input_channels(given),
        }
        return [layer, *_own_layer(activation_of(given["activation"]))]

    return make


def _keras_separable(count: int) -> Callable[[Arguments], Layers]:
    """A depthwise convolution without biases, then a 1x1 that has them."""

    def make(given: Arguments) -> Layers:
        (depthwise, *_) = _keras_depthwise(count)({**given, "activation": None, "use_bias": False})
        pointwise = {
            "type": "conv",
            "kernel_size": (1,) * count,
            "out_channels": whole(given["filters"], "filters"),
            "bias": flag(given["use_bias"], "use_bias"),
            **activation_of(given["activation"]),
        }
        return [depthwise, pointwise]

    return make


def _own_layer(activation: Mapping[str, Any]) -> Layers:
    return [{"type": "activation", "function": function} for function in activation.values()]


def _keras_pool(kind: str, count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        kernel = per_axis(given["pool_size"], count, "pool_size")
        stride = given["strides"]
        return [
            {
                "type": kind,
                "kernel_size": kernel,
                "stride": kernel if stride is None else per_axis(stride, count, "strides"),
                "padding": _keras_padding(given),
            }
        ]

    return make


def _keras_dense(given: Arguments) -> Layers:
    return [
        {
            "type": "linear",
            "out_channels": whole(given["units"], "units"),
            "bias": flag(given["use_bias"], "use_bias"),
            **activation_of(given["activation"]),
            **input_channels(given),
        }
    ]


def _keras_norm(kind: str) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        only(given, "axis", -1, 3)  # the channels of a batch of maps
        learned = {"scale": given["scale"], "shift": given["center"]}
        learned = {name: flag(value, name) for name, value in learned.items() if value is not True}
        groups = {"groups": given["groups"]} if "groups" in given else {}
        return [{"type": kind, **groups, **learned}]

    return make


def _keras_global(kind: str) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        if flag(given["keepdims"], "keepdims"):
            return [{"type": f"adaptive_{kind}_pool", "output_size": 1}]
        return [{"type": f"global_{kind}_pool"}]

    return make


def _keras_upsampling(given: Arguments) -> Layers:
    return [{"type": "upsample", "scale": given["size"], "mode": given["interpolation"]}]


def _keras_activation(given: Arguments) -> Layers:
    return _own_layer(activation_of(given["activation"]))


_KERAS_TAIL = {
    **{"activation": None, "use_bias": True, "input_shape": None},
    "batch_input_shape": None,
}


def _keras_arguments(*first: str, **defaults: Any) -> dict[str, Any]:
    return {**dict.fromkeys(first, NEEDED), **defaults, **_KERAS_TAIL}


def _keras_input(given: Arguments) -> Layers:
    """The input itself: only its channels are compared."""
    shape = given["shape"] or given["input_shape"]
    given = {**given, "input_shape": shape, "batch_input_shape": given["batch_shape"]}
    channels = input_channels(given)
    return [{"type": "identity", **channels}]


_INPUT = {
    **{"shape": None, "batch_size": None, "dtype": None, "input_shape": None},
    **{"batch_shape": None, "sparse": None},
}


KERAS: dict[str, Call] = {
    **{name: Call(_INPUT, _keras_input) for name in ("Input", "InputLayer")},
    **{
        name: call
        for count in (1, 2, 3)
        for name, call in {
            f"Conv{count}D": Call(
                _keras_arguments(
                    *("filters", "kernel_size"),
                    strides=1,
                    padding="valid",
                    data_format=None,
                    dilation_rate=1,
                    groups=1,
                ),
                _keras_conv(count),
            ),
            f"Conv{count}DTranspose": Call(
                _keras_arguments(
                    *("filters", "kernel_size"),
                    strides=1,
                    padding="valid",
                    output_padding=None,
                    data_format=None,
                    dilation_rate=1,
                ),
                _keras_conv_transpose(count),
            ),
            f"SeparableConv{count}D": Call(
                _keras_arguments(
                    *("filters", "kernel_size"),
                    strides=1,
                    padding="valid",
                    data_format=None,
                    dilation_rate=1,
                    depth_multiplier=1,
                ),
                _keras_separable(count),
            ),
            f"DepthwiseConv{count}D": Call(
                _keras_arguments(
                    "kernel_size",
                    strides=1,
                    padding="valid",
                    depth_multiplier=1,
                    data_format=None,
                    dilation_rate=1,
                ),
                _keras_depthwise(count),
            ),
            **{
                f"Global{word}{count}D": Call(
                    {"data_format": None, "keepdims": False}, _keras_global(kind)
                )
                for word, kind in (
                    *(("AveragePooling", "avg"), ("AvgPool", "avg")),
                    *(("MaxPooling", "max"), ("MaxPool", "max")),
                )
            },
            f"SpatialDropout{count}D": Call({"rate": NEEDED}, plain_layer("dropout")),
            f"UpSampling{count}D": Call(
                {"size": 2, "data_format": None, "interpolation": "nearest"}, _keras_upsampling
            ),
            **{
                name: Call(
                    {"pool_size": 2, "strides": None, "padding": "valid"},
                    _keras_pool(kind, count),
                )
                for name, kind in (
                    (f"MaxPooling{count}D", "max_pool"),
                    (f"MaxPool{count}D", "max_pool"),
                    (f"AveragePooling{count}D", "avg_pool"),
                    (f"AvgPool{count}D", "avg_pool"),
                )
            },
        }.items()
    },
    "Dense": Call(_keras_arguments("units"), _keras_dense),
    "BatchNormalization": Call(
        {"axis": -1, "momentum": None, "epsilon": None, "center": True, "scale": True},
        _keras_norm("batch_norm"),
    ),
    "LayerNormalization": Call(
        {"axis": -1, "epsilon": None, "center": True, "scale": True}, _keras_norm("layer_norm")
    ),
    "GroupNormalization": Call(
        {"groups": 32, "axis": -1, "epsilon": None, "center": True, "scale": True},
        _keras_norm("group_norm"),
    ),
    "Activation": Call({"activation": NEEDED}, _keras_activation),
    **MORE,
}
"""Every class of Keras that is known, by its own spelling."""

KERAS |= {
    name.replace("Conv", "Convolution"): call for name, call in KERAS.items() if "Conv" in name
}
"""The long names that Keras has for convolutions, too."""
