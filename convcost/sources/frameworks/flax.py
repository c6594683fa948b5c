"""Flax's layers where names or arguments differ: ``nn.Conv(features=64, kernel_size=(3, 3))``."""

from __future__ import annotations

from typing import Any

from convcost.errors import ConvcostError
from convcost.sources.frameworks.arguments import (
    NEEDED,
    Arguments,
    Call,
    Layers,
    flag,
    only,
    pad_word,
    per_axis,
    whole,
)


def _sizes(given: Arguments) -> dict[str, Any]:
    """What both convolutions share: a kernel has one size for each axis, an int is 1-D."""
    kernel = given["kernel_size"]
    sizes = (kernel,) if isinstance(kernel, int) else kernel
    if not isinstance(sizes, list | tuple):
        raise ConvcostError(f"kernel_size must be sizes, not {kernel!r}")
    count = len(sizes)
    padding = given["padding"]
    word = pad_word(padding, "same", "valid") if isinstance(padding, str) else padding
    if isinstance(padding, list | tuple):
        sides = [side if isinstance(side, list | tuple) else (side, side) for side in padding]
        word = [per_axis(side, 2, "padding") for side in sides]
    return {
        "out_channels": whole(given["features"], "features"),
        "kernel_size": per_axis(sizes, count, "kernel_size"),
        "stride": per_axis(given["strides"] or 1, count, "strides"),
        "padding": word,
        "dilation": per_axis(given["kernel_dilation"] or 1, count, "kernel_dilation"),
        "bias": flag(given["use_bias"], "use_bias"),
    }


def _conv(given: Arguments) -> Layers:
    only(given, "input_dilation", 1, None)
    groups = whole(given["feature_group_count"], "feature_group_count")
    return [{"type": "conv", **_sizes(given), "groups": groups}]


def _conv_transpose(given: Arguments) -> Layers:
    if not isinstance(given["padding"], str):
        raise ConvcostError(f"padding={given['padding']!r} is not counted here")
    return [{"type": "conv_transpose", **_sizes(given)}]


def _dense(given: Arguments) -> Layers:
    bias = flag(given["use_bias"], "use_bias")
    return [{"type": "linear", "out_channels": whole(given["features"], "features"), "bias": bias}]


def _batch_norm(given: Arguments) -> Layers:
    learned = {"scale": given["use_scale"], "shift": given["use_bias"]}
    return [
        {
            "type": "batch_norm",
            **{name: flag(value, name) for name, value in learned.items() if value is not True},
        }
    ]


_CONV = {
    **{"features": NEEDED, "kernel_size": NEEDED, "strides": 1, "padding": "SAME"},
    **{"input_dilation": 1, "kernel_dilation": 1, "feature_group_count": 1, "use_bias": True},
}
_TRANSPOSE = {
    **{"features": NEEDED, "kernel_size": NEEDED, "strides": 1, "padding": "SAME"},
    **{"kernel_dilation": 1, "use_bias": True},
}

FLAX: dict[str, Call] = {
    "Conv": Call(_CONV, _conv, ("param_dtype", "precision")),
    "ConvTranspose": Call(_TRANSPOSE, _conv_transpose, ("param_dtype", "precision")),
    "Dense": Call({"features": NEEDED, "use_bias": True}, _dense, ("param_dtype", "precision")),
    "BatchNorm": Call(
        {"use_running_average": None, "axis": -1, "use_bias": True, "use_scale": True},
        _batch_norm,
        ("param_dtype",),
    ),
}
"""Every class of Flax that is known; its normalisations without channels are like Keras'."""
