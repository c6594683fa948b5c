"""What a chart shows, as numbers and words: bars, or dots with what stands out among them.

Knows nothing of how it is drawn: that is ``plotting``, and ``scattering`` for dots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

Scale: TypeAlias = Literal["count", "bytes", "plain"]
"""How the numbers of an axis are written: 462 M, 3.06 MiB, or as they are."""


class Series(NamedTuple):
    """One figure of all bars: what it is, with its unit, and a number for each label."""

    title: str
    values: tuple[int, ...]


class Bars(NamedTuple):
    """Labelled bars of one or two figures. ``note`` is what the bars do not say."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    note: str = ""


class Axis(NamedTuple):
    """One axis of dots: what it is, and how its numbers are written."""

    title: str
    scale: Scale = "count"


class Dots(NamedTuple):
    """Dots of one kind. ``sizes`` are drawn as areas, 1 the largest.

    ``look``: ``dim`` ones are the background, the others stand out in a colour each;
    ``stairs``: they are a front, drawn with steps that keep the height of a dot up to the next
    one (``post``), or take that of the next one at once (``pre``).
    """

    name: str
    across: Sequence[float]
    up: Sequence[float]
    look: Literal["dim", "first", "second"] = "dim"
    sizes: Sequence[float] = ()
    stairs: Literal["", "post", "pre"] = ""


class Line(NamedTuple):
    """A line through points, with a name in the legend."""

    across: tuple[float, ...]
    up: tuple[float, ...]
    name: str = ""


class Tag(NamedTuple):
    """A name beside a dot, where there is room."""

    text: str
    across: float
    up: float


class Scatter(NamedTuple):
    """Dots over two axes. ``tags`` come by rank: the first get their room first."""

    title: str
    across: Axis
    up: Axis
    dots: tuple[Dots, ...]
    tags: tuple[Tag, ...] = ()
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()


Chart: TypeAlias = Bars | Scatter


SPAN = 20
"""From this ratio of the largest to the smallest value an axis is logarithmic."""


def is_wide(values: Sequence[float]) -> bool:
    """Whether an axis over these values is logarithmic."""
    return min(values) > 0 and max(values) / min(values) > SPAN


def shortened(text: str, most: int) -> str:
    """A name of at most ``most`` characters; the middle goes, since both ends tell more."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (most - 1 - head) :]}"
