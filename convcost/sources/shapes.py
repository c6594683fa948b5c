"""Input shapes as people type them: what fits a network, and what a bare shape was taken for.

A network knows its own input, so a shape that does not fit it is refused with the spelling that
would. A layer takes any shape; where one looks as if it were written for another convention,
the answer comes with a remark that says how it was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import format_shape, looks_like_shape, parse_shape

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
            f"a map of {shape[0]} x {shape[1]} needs its channels: {format_shape(shape)}x3"
        )
    if len(shape) == 3 and shape[1] == shape[2] != shape[0]:
        height, width, channels = shape
        return (
            f"{format_shape(shape)} was read as height {height}, width {width}, {channels} "
            f"channels; if it is channels first, write {format_shape((width, channels, height))} "
            "or add --layout chw"
        )
    return None


class Reading(NamedTuple):
    """How the shape before layers was read: without its batch, channels last."""

    shape: Shape
    batch: int = 1
    notes: tuple[str, ...] = ()


def read_layers_shape(
    shape: Shape, texts: Sequence[str], kernel: Any = None, *, is_turned: bool = False
) -> Reading:
    """The shape that layers are meant for. ``texts`` are layers and names of designs.

    ``kernel`` is one that was given apart; ``is_turned``: the order of axes was said.
    """
    from convcost.language.batches import read_sample

    calls = None if is_turned else _torch_reading(shape, texts)
    if calls is not None:
        return calls
    axes = len(kernel) if isinstance(kernel, tuple) and len(kernel) > 1 else _axes_of(texts)
    sample = read_sample(shape, axes)
    notes: list[str] = []
    batch = 1
    if sample is not None:
        shape, batch = sample.shape, sample.batch
        notes.append(sample.note)
    remark = None if is_turned else layer_remark(shape)
    if remark is not None:
        notes.append(remark)
    return Reading(shape, batch, tuple(notes))


def _axes_of(texts: Sequence[str]) -> int | None:
    """Over how many axes the windows of texts slide: by their sizes, or by names as Conv2d."""
    import re

    found = {int(axes) for text in texts for axes in re.findall(r"[A-Za-z]([123])[dD]\b", text)}
    for text in texts:
        for sizes in re.findall(r"(?<![0-9a-z])[0-9]+(?:\s*[xX\u00d7]\s*[0-9]+)+", text):
            found.add(len(re.split(r"[xX\u00d7]", sizes)))
        for letters in re.findall(r"[ksdp][0-9]+(?:[xX\u00d7][0-9]+)+", text):
            found.add(len(re.split(r"[xX\u00d7]", letters)))
    return found.pop() if len(found) == 1 else (3 if 3 in found else None)


def _torch_reading(shape: Shape, texts: Sequence[str]) -> Reading | None:
    """The shape for lines of PyTorch, whose ``in_channels`` say where the channels are."""
    from convcost.sources.frameworks.lines import reads

    stated = {reads(text) for text in texts}
    if len(stated) != 1 or (only := stated.pop()) is None:
        return None
    axes, channels = only
    inner = shape[1:] if len(shape) == axes + 2 else shape
    if len(inner) != axes + 1 or channels not in (inner[0], inner[-1]):
        return None
    is_first = inner[0] == channels != inner[-1]
    made = (*inner[1:], channels) if is_first else inner
    batch = shape[0] if len(shape) == axes + 2 else 1
    if made == shape or (len(shape) > axes + 1 and axes != 2 and not is_first):
        return None
    samples = f"a batch of {batch} samples" if batch > 1 else "one sample"
    order = f", channels first (in_channels={channels})" if is_first else ""
    written = format_shape(shape)
    return Reading(
        made, batch, (f"{written} was read as {samples} of {format_shape(made)}{order}",)
    )


def why_no_shape(word: str) -> str | None:
    """What keeps a word from being the shape that it looks like; None for other words."""
    text = word.strip().strip("()[]").replace("\u00d7", "x").replace("X", "x")
    if looks_like_shape(word) or text[:1] not in "-+.0123456789" or " " in text:
        return None
    sizes = text.replace("*", "x").split("x")
    if len(sizes) < 3 or any(set(size) - set("0123456789.-+eE") for size in sizes):
        return None
    for size in sizes:
        if not size:
            return "a size is missing"
        if size[0] == "-":
            return f"{size} is below 1"
        if not size.isdigit():
            return f"{size} is not a whole number in digits"
    return None


def two_shapes(word: str) -> SpecError | None:
    """What to say of ``56x56x256 -> 56x56x64``: the second is what layers make, not an input."""
    for mark in ("->", "\u2192", "=>"):
        first, found, last = word.partition(mark)
        if found and all(looks_like_shape(part) and "x" in part for part in (first, last)):
            break
    else:
        return None
    try:
        input, output = parse_shape(first), parse_shape(last)
    except ConvcostError:
        return None
    words = [format_shape(input), "--out", str(output[-1])]
    strides = [-(-a // b) for a, b in zip(input[:-1], output[:-1], strict=False)]
    if any(stride > 1 for stride in strides):
        same = len(set(strides)) == 1
        words += ["--stride", str(strides[0]) if same else format_shape(strides)]
    return SpecError(
        "the output follows from the layers",
        text=word,
        span=(0, len(word)),
        hint=f"write the input and the channels: {' '.join(words)}",
    )
