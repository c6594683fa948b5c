"""Input shapes as people type them: what fits a network, and what a bare shape was taken for.

A network knows its own input, so a shape that does not fit it is refused with the spelling that
would. A layer takes any shape; where one looks as if it were written for another convention,
the answer comes with a remark that says how it was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from convcost.engine.shapes import Shape
from convcost.errors import SpecError, shorten
from convcost.quantities import format_shape

AXES = {1: "length", 2: "height, width", 3: "depth, height, width"}
FEW_CHANNELS = (1, 3, 4)
"""Channels of pictures: a size that stands first in a shape that is channels first."""


def network_remark(name: str, own: Shape, given: Shape, typed: str) -> str | None:
    """What is worth saying about an input that was given to a network.

    Raises SpecError for another number of axes, and for channels first.
    """
    if len(given) != len(own):
        axes = AXES.get(len(own) - 1, "")
        words = ", ".join(filter(None, [axes, "channels"]))
        raise SpecError(
            f"{name} takes {len(own)} axes, not {len(given)}",
            place=shorten(typed, 72),
            hint=f"write it like {format_shape(_spelling(own, given))}: {words}; "
            "the batch goes to --batch",
        )
    if given[-1] == own[-1]:
        return None
    turned = (*given[1:], given[0])
    if given[0] == own[-1] and len(given) > 1:
        raise SpecError(
            f"{format_shape(given)} has {given[-1]} channels, {name} is made for {own[-1]}",
            place=shorten(typed, 72),
            hint=f"channels come last: {format_shape(turned)}; or add --layout chw",
        )
    return f"{name} is made for {own[-1]} channels; counted with {given[-1]}"


def _spelling(own: Shape, given: Shape) -> Shape:
    """The shape that was probably meant, else the network's own."""
    sizes = [size for size in given if size != 1]
    spatial, channels = len(own) - 1, own[-1]
    if len(sizes) == len(own) and sizes[0] == channels:
        return (*sizes[1:], channels)
    if len(sizes) == len(own) and sizes[-1] == channels:
        return tuple(sizes)
    if len(given) == spatial:
        return (*given, channels)
    return own


def layer_remark(shape: Shape) -> str | None:
    """How a shape was read that looks as if another order of axes were meant; else None."""
    if len(shape) == 2 and shape[0] == shape[1] > 4:
        return (
            f"{format_shape(shape)} was read as length {shape[0]} with {shape[1]} channels; "
            f"a map of {shape[0]} x {shape[1]} needs its channels: {format_shape(shape)}x64"
        )
    if len(shape) == 3 and shape[1] == shape[2] != shape[0]:
        height, width, channels = shape
        return (
            f"{format_shape(shape)} was read as height {height}, width {width}, {channels} "
            f"channels; if it is channels first, write {format_shape((width, channels, height))} "
            "or add --layout chw"
        )
    return None


def without_batch(shape: Shape, texts: Sequence[str]) -> Shape | None:
    """The shape behind a leading 1 that is a batch: no layer of ``texts`` has a 3-D kernel."""
    if len(shape) != 4 or shape[0] != 1:
        return None
    import re

    is_3d = any(re.search(r"[0-9]\s*[xX\u00d7]\s*[0-9]+\s*[xX\u00d7]\s*[0-9]", t) for t in texts)
    return None if is_3d else shape[1:]
