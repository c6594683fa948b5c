"""Keras' layers that move values or hold few: padding, reshaping, inputs, slopes, augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcost.errors import ConvcostError
from convcost.sources.frameworks.arguments import (
    NEEDED,
    Arguments,
    Call,
    Layers,
    only,
    per_axis,
    plain_layer,
)


def stated_input(given: Arguments) -> tuple[int, ...] | None:
    """The input that a layer states, without the batch. Raises ConvcostError where it is none."""
    shape, batched = given.get("shape") or given.get("input_shape"), given.get("batch_shape")
    batched = batched or given.get("batch_input_shape")
    if isinstance(batched, list | tuple) and len(batched) > 1:
        shape = batched[1:]
    if shape is None:
        return None
    sizes = (shape,) if isinstance(shape, int) else shape
    if not isinstance(sizes, list | tuple) or not sizes or type(sizes[-1]) is not int:
        raise ConvcostError(f"input_shape must be sizes, channels last, not {shape!r}")
    known = all(type(size) is int and size > 0 for size in sizes)
    return tuple(sizes) if known else None


def input_channels(given: Arguments) -> dict[str, Any]:
    """The channels of Keras' ``input_shape``, to be compared with those that come in."""
    shape = given["input_shape"]
    sizes = (shape,) if isinstance(shape, int) else shape
    if given.get("batch_input_shape") is not None:
        sizes = given["batch_input_shape"]
    stated_input(given)
    return {} if sizes is None else {"in_channels": sizes[-1]}


def _zero_padding(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        value = given["padding"]
        each = value if isinstance(value, list | tuple) else (value,) * count
        if len(each) != count:
            raise ConvcostError(f"padding must have {count} sides, not {len(each)}")
        pairs = [per_axis(side, 2, "padding") for side in each]
        return [{"type": "pad", "padding": pairs}]

    return make


def _rms_norm(given: Arguments) -> Layers:
    only(given, "axis", -1)
    return [{"type": "layer_norm", "shift": False}]


def _prelu(given: Arguments) -> Layers:
    """One slope for each value, or for each channel where the other axes share theirs."""
    axes = given["shared_axes"]
    slopes = "values" if axes is None else "channels"
    if axes is not None and sorted(axes) != list(range(1, len(axes) + 1)):
        raise ConvcostError(f"shared_axes={axes!r} is not counted here", hint="[1, 2] are the map")
    return [{"type": "activation", "function": "prelu", "slopes": slopes}]


def _reshape(given: Arguments) -> Layers:
    shape = given["target_shape"]
    return [{"type": "reshape", "shape": shape if isinstance(shape, list | tuple) else [shape]}]


def _permute(given: Arguments) -> Layers:
    """Keras counts the axes from 1, after the batch."""
    order = per_axis(given["dims"], len(given["dims"]), "dims")
    return [{"type": "transpose", "order": [axis - 1 for axis in order]}]


def _adaptive(kind: str, count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        sizes = per_axis(given["output_size"], count, "output_size")
        return [{"type": f"adaptive_{kind}_pool", "output_size": sizes}]

    return make


def _cropping(count: int) -> Callable[[Arguments], Layers]:
    def make(given: Arguments) -> Layers:
        (layer,) = _zero_padding(count)({"padding": given["cropping"]})
        return [{**layer, "type": "crop"}]

    return make


AUGMENTATIONS = (
    *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
    *("RandomBrightness", "RandomErasing", "RandomGaussianBlur", "RandomGrayscale", "RandomHue"),
    *("RandomInvert", "RandomPerspective", "RandomSaturation", "RandomSharpness", "RandomShear"),
    *("RandomColorJitter", "RandomColorDegeneration", "RandomPosterization", "RandAugment"),
    *("AugMix", "CutMix", "MixUp", "GaussianNoise", "ActivityRegularization"),
)
"""Layers that do nothing at inference."""

_ANY = (
    *("height_factor", "width_factor", "fill_mode", "interpolation", "fill_value", "l1", "l2"),
    *("value_range", "data_format"),
)


def _flatten(given: Arguments) -> Layers:
    return [{"type": "flatten", **input_channels(given)}]


MORE: dict[str, Call] = {
    **{
        name: call
        for count in (1, 2, 3)
        for name, call in {
            f"ZeroPadding{count}D": Call({"padding": 1, "data_format": None}, _zero_padding(count)),
            **{
                f"Adaptive{word}Pooling{count}D": Call(
                    {"output_size": NEEDED, "data_format": None}, _adaptive(kind, count)
                )
                for word, kind in (("Average", "avg"), ("Max", "max"))
            },
            f"Cropping{count}D": Call({"cropping": NEEDED, "data_format": None}, _cropping(count)),
        }.items()
    },
    "PReLU": Call(dict.fromkeys(("alpha_initializer", "shared_axes")), _prelu),
    "RMSNormalization": Call({"axis": -1, "epsilon": None}, _rms_norm),
    "Reshape": Call({"target_shape": NEEDED}, _reshape),
    "Permute": Call({"dims": NEEDED}, _permute),
    "Flatten": Call({"data_format": None, "input_shape": None}, _flatten),
    "Rescaling": Call(
        {"scale": NEEDED, "offset": 0.0, "input_shape": None},
        plain_layer("activation", function="identity"),
    ),
    **{name: Call({}, plain_layer("dropout")) for name in ("GaussianDropout", "AlphaDropout")},
    **{
        name: Call(dict.fromkeys(("factor", "mode", "stddev")), plain_layer("identity"), _ANY)
        for name in AUGMENTATIONS
    },
}
"""Further classes of Keras, by their own spelling."""
