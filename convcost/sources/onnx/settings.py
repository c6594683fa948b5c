"""The attributes of ONNX windows (kernels, strides, padding) as the engine's settings.

Raises ValueError where an attribute is missing, of the wrong kind or out of range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convcost.engine.operations.pooling import AvgPool, MaxPool, Pool
from convcost.engine.shapes import product
from convcost.engine.windows import SAME, PadPairs, extent, pad_pairs
from convcost.quantities import MAX_SIZE

Sizes = tuple[int, ...]
MOST_AXES = 3


class WindowSettings(NamedTuple):
    """What a convolution has beside its weights. ``extra`` is a transposed one's own padding."""

    stride: Sizes
    dilation: Sizes
    pads: PadPairs
    groups: int
    extra: Sizes


def conv_settings(
    attributes: Mapping[str, Any],
    shape: Sizes,
    weight: Sizes,
    outputs: int,
    *,
    made: Sizes | None = None,
) -> WindowSettings:
    """Settings of a convolution; ``made`` is the output of a transposed one."""
    axes = len(weight) - 2
    if not 1 <= axes <= MOST_AXES or len(shape) != len(weight) or outputs < 1:
        raise ValueError
    kernel = weight[2:]
    stride = sizes_of(attributes, "strides", axes, 1)
    dilation = sizes_of(attributes, "dilations", axes, 1)
    groups = attributes.get("group", 1)
    if type(groups) is not int or not 0 < groups <= MAX_SIZE:
        raise ValueError
    extra = sizes_of(attributes, "output_padding", axes, 0)
    if made is None:
        pads = pads_of(attributes, shape[2:], kernel, stride, dilation)
    else:
        pads = _cropped(attributes, shape[2:], made[2:], kernel, stride, dilation, extra)
    return WindowSettings(stride, dilation, pads, groups, extra)


def pool_settings(kind: str, attributes: Mapping[str, Any], shape: Sizes) -> Pool | None:
    """A pooling operation of the engine, which knows up to three axes."""
    axes = len(shape) - 2
    if axes < 1 or "kernel_shape" not in attributes:
        raise ValueError
    if axes > MOST_AXES:
        return None
    kernel = sizes_of(attributes, "kernel_shape", axes, 1)
    stride = sizes_of(attributes, "strides", axes, 1)
    dilation = sizes_of(attributes, "dilations", axes, 1)
    pads = pads_of(attributes, shape[2:], kernel, stride, dilation)
    made = MaxPool if kind.endswith("MaxPool") else AvgPool
    return made(kernel, stride, pads, dilation, bool(attributes.get("ceil_mode", 0)))


def einsum_macs(equation: bytes, shapes: Sequence[Sizes]) -> int:
    """The product of the sizes of all letters: one multiplication for each combination."""
    left = equation.decode().replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for letters, shape in zip(left, shapes, strict=True):
        named = letters.replace("...", "")
        free = len(shape) - len(named)
        at = letters.find("...")
        if free < 0 or (free and at < 0):
            raise ValueError
        dots = [f".{free - i}" for i in range(free)]
        names = [*letters[:at], *dots, *letters[at + 3 :]] if at >= 0 else list(named)
        for name, size in zip(names, shape, strict=True):
            sizes[name] = max(size, sizes.get(name, 1))
    return product(sizes.values())


def sizes_of(attributes: Mapping[str, Any], name: str, axes: int, least: int) -> Sizes:
    """One whole number for each axis, ``least`` where the attribute is absent."""
    value = attributes.get(name, (least,) * axes)
    if not isinstance(value, Sequence) or len(value) != axes:
        raise ValueError
    if not all(type(size) is int and least <= size <= MAX_SIZE for size in value):
        raise ValueError
    return tuple(value)


def _explicit(attributes: Mapping[str, Any], axes: int) -> PadPairs:
    """All begins, then all ends, as pairs."""
    value = attributes.get("pads", (0,) * 2 * axes)
    if not isinstance(value, Sequence) or len(value) != 2 * axes:
        raise ValueError
    if not all(type(size) is int and abs(size) <= MAX_SIZE for size in value):
        raise ValueError
    return tuple(zip(value[:axes], value[axes:], strict=True))


def pads_of(
    attributes: Mapping[str, Any], spatial: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> PadPairs:
    """The padding in numbers, stated or automatic."""
    auto = attributes.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        pairs = pad_pairs(SAME, spatial, kernel, stride, dilation)
        return pairs if auto == b"SAME_UPPER" else tuple((b, a) for a, b in pairs)
    axes = len(kernel)
    return ((0, 0),) * axes if auto == b"VALID" else _explicit(attributes, axes)


def _cropped(
    attributes: Mapping[str, Any],
    spatial: Sizes,
    made: Sizes,
    kernel: Sizes,
    stride: Sizes,
    dilation: Sizes,
    extra: Sizes,
) -> PadPairs:
    """The cropping of a transposed convolution: stated, or what leads to its output."""
    auto = attributes.get("auto_pad", b"NOTSET")
    if auto in (b"NOTSET", b"VALID") and "output_shape" not in attributes:
        axes = len(kernel)
        return ((0, 0),) * axes if auto == b"VALID" else _explicit(attributes, axes)
    pairs = []
    for size, out, k, s, d, more in zip(
        spatial, made, kernel, stride, dilation, extra, strict=True
    ):
        total = (size - 1) * s + extent(k, d) + more - out
        small, large = total // 2, total - total // 2
        pairs.append((small, large) if auto == b"SAME_UPPER" else (large, small))
    return tuple(pairs)
