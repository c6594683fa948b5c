"""PyTorch's layers as ``print(model)`` shows them and code calls them: ``Conv2d(64, 128, 3)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convcost.errors import ConvcostError
from convcost.sources.frameworks.arguments import (
    NEEDED,
    Arguments,
    Call,
    Layers,
    activation_call,
    flag,
    only,
    padding_of,
    per_axis,
    plain_layer,
    whole,
)


def _torch_conv(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        only(given, "padding_mode", "zeros", "reflect", "replicate", "circular")
        strides = per_axis(given["stride"], count, "stride")
        if given["padding"] == "same" and any(stride != 1 for stride in strides):
            raise ConvcostError(
                "padding='same' is not for strided convolutions in PyTorch",
                hint=f"give a number: padding={_half(given['kernel_size'])}",
            )
        return [
            {
                "type": "conv",
                **_in_channels(given, "in_channels"),
                "out_channels": whole(given["out_channels"], "out_channels"),
                "kernel_size": per_axis(given["kernel_size"], count, "kernel_size"),
                "stride": per_axis(given["stride"], count, "stride"),
                "padding": padding_of(given["padding"], count),
                "dilation": per_axis(given["dilation"], count, "dilation"),
                "groups": whole(given["groups"], "groups"),
                "bias": flag(given["bias"], "bias"),
            }
        ]

    return make


def _torch_conv_transpose(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        only(given, "padding_mode", "zeros")
        return [
            {
                "type": "conv_transpose",
                **_in_channels(given, "in_channels"),
                "out_channels": whole(given["out_channels"], "out_channels"),
                "kernel_size": per_axis(given["kernel_size"], count, "kernel_size"),
                "stride": per_axis(given["stride"], count, "stride"),
                "padding": per_axis(given["padding"], count, "padding"),
                "output_padding": per_axis(given["output_padding"], count, "output_padding"),
                "groups": whole(given["groups"], "groups"),
                "bias": flag(given["bias"], "bias"),
                "dilation": per_axis(given["dilation"], count, "dilation"),
            }
        ]

    return make


def _torch_pool(kind: str, count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        kernel = per_axis(given["kernel_size"], count, "kernel_size")
        stride = given["stride"]
        return [
            {
                "type": kind,
                "kernel_size": kernel,
                "stride": kernel if stride is None else per_axis(stride, count, "stride"),
                "padding": per_axis(given["padding"], count, "padding"),
                "dilation": per_axis(given.get("dilation", 1), count, "dilation"),
                "ceil_mode": flag(given["ceil_mode"], "ceil_mode"),
            }
        ]

    return make


def _adaptive(kind: str, count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        sizes = per_axis(given["output_size"], count, "output_size")
        return [{"type": kind, "output_size": sizes}]

    return make


def _in_channels(given: Arguments, name: str) -> dict[str, int]:
    """The channels that a layer reads; lazy ones take what comes."""
    return {"in_channels": whole(given[name], name)} if name in given else {}


def _half(kernel: Any) -> Any:
    """The padding that keeps the size of a map at stride 1."""
    several = kernel if isinstance(kernel, list | tuple) else (kernel,)
    halves = [size // 2 if isinstance(size, int) else 1 for size in several]
    return halves[0] if len(set(halves)) == 1 else tuple(halves)


def _learned(given: Arguments, affine: str) -> dict[str, bool]:
    """PyTorch learns scale and shift together or neither; ``bias=False`` leaves out the shift."""
    is_affine = flag(given[affine], affine)
    has_shift = is_affine and flag(given.get("bias", True), "bias")
    learned = {"scale": is_affine, "shift": has_shift}
    return {name: value for name, value in learned.items() if not value}


def _norm(kind: str) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        kept = flag(given["track_running_stats"], "track_running_stats")
        dropped = {"statistics": False} if kind == "batch_norm" and not kept else {}
        if kind == "instance_norm" and kept:
            raise ConvcostError("track_running_stats=True is not counted here")
        features = _in_channels(given, "num_features")
        return [{"type": kind, **features, **_learned(given, "affine"), **dropped}]

    return make


def _layer_norm(given: Arguments) -> Layers:
    """Over the channels where they are the last axis, or over a whole sample: C x H x W."""
    shape = given["normalized_shape"]
    learned = _learned(given, "elementwise_affine")
    if isinstance(shape, list | tuple) and len(shape) == 1:
        shape = shape[0]
    if isinstance(shape, list | tuple):
        sizes = per_axis(shape, len(shape), "normalized_shape")
        return [{"type": "layer_norm", "over": (*sizes[1:], sizes[0]), **learned}]
    return [{"type": "layer_norm", "in_channels": whole(shape, "normalized_shape"), **learned}]


def _rms_norm(given: Arguments) -> Layers:
    return [{**layer, "shift": False} for layer in _layer_norm({**given, "bias": True})]


def _prelu(given: Arguments) -> Layers:
    slopes = whole(given["num_parameters"], "num_parameters")
    channels = {"in_channels": slopes} if slopes > 1 else {}
    return [{"type": "activation", "function": "prelu", "slopes": slopes, **channels}]


def _unflatten(given: Arguments) -> Layers:
    only(given, "dim", 1)
    sizes = per_axis(given["unflattened_size"], len(given["unflattened_size"]), "unflattened_size")
    return [{"type": "reshape", "shape": (*sizes[1:], sizes[0])}]


def _torch_group_norm(given: Arguments) -> Layers:
    channels = whole(given["num_channels"], "num_channels")
    groups = whole(given["num_groups"], "num_groups")
    learned = _learned(given, "affine")
    return [{"type": "group_norm", "in_channels": channels, "groups": groups, **learned}]


def _torch_linear(given: Arguments) -> Layers:
    return [
        {
            "type": "linear",
            **_in_channels(given, "in_features"),
            "out_channels": whole(given["out_features"], "out_features"),
            "bias": flag(given["bias"], "bias"),
        }
    ]


def _torch_upsample(given: Arguments) -> Layers:
    only(given, "size", None)
    mode = "bilinear" if given["mode"] in ("linear", "bilinear", "trilinear") else given["mode"]
    factor = given["scale_factor"]
    if isinstance(factor, float) and factor.is_integer():
        factor = int(factor)
    return [{"type": "upsample", "scale": factor, "mode": mode}]


def _scaled(kind: str, factor: str) -> Callable[[Arguments], Layers]:
    return lambda given: [{"type": kind, "scale": whole(given[factor], factor)}]


def _attention(given: Arguments) -> Layers:
    return [
        {
            "type": "attention",
            "in_channels": whole(given["embed_dim"], "embed_dim"),
            "heads": whole(given["num_heads"], "num_heads"),
            "bias": flag(given["bias"], "bias"),
        }
    ]


def _recurrent(kind: str) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        return [
            {
                "type": kind,
                "in_channels": whole(given["input_size"], "input_size"),
                "out_channels": whole(given["hidden_size"], "hidden_size"),
                "layers": whole(given["num_layers"], "num_layers"),
                "bidirectional": flag(given["bidirectional"], "bidirectional"),
                "bias": flag(given["bias"], "bias"),
            }
        ]

    return make


def _zero_pad(count: int) -> Callable[[Arguments], Layers]:
    """PyTorch names the sides of the last axis first: left, right, top, bottom."""

    def make(given: Arguments) -> Layers:
        sides = per_axis(given["padding"], 2 * count, "padding")
        pairs = [sides[2 * axis : 2 * axis + 2] for axis in reversed(range(count))]
        return [{"type": "pad", "padding": pairs}]

    return make


def _flatten(given: Arguments) -> Layers:
    only(given, "start_dim", 1)
    only(given, "end_dim", -1)
    return [{"type": "flatten"}]


_TORCH_CONV = {
    **{"in_channels": NEEDED, "out_channels": NEEDED, "kernel_size": NEEDED},
    **{"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True},
    "padding_mode": "zeros",
}
_TORCH_TRANSPOSE = {
    **{"in_channels": NEEDED, "out_channels": NEEDED, "kernel_size": NEEDED},
    **{"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "bias": True, "dilation": 1},
    "padding_mode": "zeros",
}
_BATCH_NORM = {
    **{"num_features": NEEDED, "eps": None, "momentum": None, "affine": True},
    "track_running_stats": True,
}
_INSTANCE_NORM = {**_BATCH_NORM, "affine": False, "track_running_stats": False}


def _lazy(arguments: Mapping[str, Any], first: str) -> dict[str, Any]:
    """The arguments of a lazy layer: the same without what it reads."""
    return {name: default for name, default in arguments.items() if name != first}


_MAX_POOL = {
    **{"kernel_size": NEEDED, "stride": None, "padding": 0, "dilation": 1},
    **{"return_indices": False, "ceil_mode": False},
}
_AVG_POOL = {"kernel_size": NEEDED, "stride": None, "padding": 0, "ceil_mode": False}
TORCH: dict[str, Call] = {
    **{
        name: activation_call(function)
        for name, function in {
            **{"ReLU": "relu", "ReLU6": "relu6", "LeakyReLU": "leaky_relu", "ELU": "elu"},
            **{"SELU": "selu", "CELU": "celu", "GELU": "gelu", "SiLU": "silu", "Mish": "mish"},
            **{"Sigmoid": "sigmoid", "Hardsigmoid": "hard_sigmoid", "Hardswish": "hard_swish"},
            **{"Tanh": "tanh", "Softplus": "softplus", "Softmax": "softmax"},
            **{"LogSoftmax": "log_softmax", "Softmax2d": "softmax", "Softmin": "softmax"},
            **{"Hardtanh": "hard_tanh", "Softsign": "softsign", "LogSigmoid": "log_sigmoid"},
            **{"RReLU": "leaky_relu", "Hardshrink": "hard_shrink", "Softshrink": "soft_shrink"},
            **{"Tanhshrink": "tanh_shrink"},
        }.items()
    },
    **{
        f"{part}{count}d": call
        for count in (1, 2, 3)
        for part, call in {
            "Conv": Call(_TORCH_CONV, _torch_conv(count)),
            "ConvTranspose": Call(_TORCH_TRANSPOSE, _torch_conv_transpose(count)),
            "MaxPool": Call(_MAX_POOL, _torch_pool("max_pool", count)),
            "AvgPool": Call(_AVG_POOL, _torch_pool("avg_pool", count)),
            "LazyConv": Call(_lazy(_TORCH_CONV, "in_channels"), _torch_conv(count)),
            "LazyConvTranspose": Call(
                _lazy(_TORCH_TRANSPOSE, "in_channels"), _torch_conv_transpose(count)
            ),
            "AdaptiveAvgPool": Call({"output_size": NEEDED}, _adaptive("adaptive_avg_pool", count)),
            "AdaptiveMaxPool": Call(
                {"output_size": NEEDED, "return_indices": False},
                _adaptive("adaptive_max_pool", count),
            ),
            "BatchNorm": Call(_BATCH_NORM, _norm("batch_norm")),
            "LazyBatchNorm": Call(_lazy(_BATCH_NORM, "num_features"), _norm("batch_norm")),
            "InstanceNorm": Call(_INSTANCE_NORM, _norm("instance_norm")),
            "LazyInstanceNorm": Call(_lazy(_INSTANCE_NORM, "num_features"), _norm("instance_norm")),
            **{
                f"{kind}Pad": Call({"padding": NEEDED, "value": 0}, _zero_pad(count))
                for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular")
            },
            "Dropout": Call({"p": 0.5, "inplace": None}, plain_layer("dropout")),
        }.items()
    },
    "Linear": Call({"in_features": NEEDED, "out_features": NEEDED, "bias": True}, _torch_linear),
    "LayerNorm": Call(
        {"normalized_shape": NEEDED, "eps": None, "elementwise_affine": True, "bias": True},
        _layer_norm,
    ),
    "RMSNorm": Call(
        {"normalized_shape": NEEDED, "eps": None, "elementwise_affine": True}, _rms_norm
    ),
    "SyncBatchNorm": Call(_BATCH_NORM, _norm("batch_norm")),
    "LazyLinear": Call({"out_features": NEEDED, "bias": True}, _torch_linear),
    "Threshold": Call(
        {"threshold": NEEDED, "value": NEEDED}, plain_layer("activation", function="threshold")
    ),
    "PReLU": Call({"num_parameters": 1, "init": 0.25}, _prelu),
    "Unflatten": Call({"dim": NEEDED, "unflattened_size": NEEDED}, _unflatten),
    **{
        f"Upsampling{mode}2d": Call(
            {"size": None, "scale_factor": None, "mode": mode.lower()}, _torch_upsample
        )
        for mode in ("Nearest", "Bilinear")
    },
    **{
        name: Call({"p": 0.5, "inplace": None}, plain_layer("dropout"))
        for name in ("AlphaDropout", "FeatureAlphaDropout")
    },
    "GroupNorm": Call(
        {"num_groups": NEEDED, "num_channels": NEEDED, "eps": None, "affine": True},
        _torch_group_norm,
    ),
    "Upsample": Call({"size": None, "scale_factor": None, "mode": "nearest"}, _torch_upsample),
    "ChannelShuffle": Call(
        {"groups": NEEDED},
        lambda given: [{"type": "channel_shuffle", "groups": whole(given["groups"], "groups")}],
    ),
    "Identity": Call({}, plain_layer("identity")),
    "PixelShuffle": Call({"upscale_factor": NEEDED}, _scaled("pixel_shuffle", "upscale_factor")),
    "PixelUnshuffle": Call(
        {"downscale_factor": NEEDED}, _scaled("space_to_depth", "downscale_factor")
    ),
    "MultiheadAttention": Call(
        {"embed_dim": NEEDED, "num_heads": NEEDED, "dropout": 0.0, "bias": True}, _attention
    ),
    **{
        kind: Call(
            {
                **{"input_size": NEEDED, "hidden_size": NEEDED, "num_layers": 1, "bias": True},
                **{"batch_first": False, "dropout": 0.0, "bidirectional": False},
            },
            _recurrent(kind.lower()),
        )
        for kind in ("LSTM", "GRU", "RNN")
    },
    "Flatten": Call({"start_dim": 1, "end_dim": -1}, _flatten),
    "Dropout": Call({"p": 0.5, "inplace": None, "rate": None}, plain_layer("dropout")),
}
"""Every class of PyTorch that is known, by its own spelling."""
