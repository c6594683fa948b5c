"""The one table of colours: what a style means, in a terminal, in a picture and on a page.

Colour only repeats what the text says already. Only the sixteen colours of a terminal are used,
which its owner has set for a dark or a light background, and never white or black.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from convcost.reports.escaping import visible

THEME: Mapping[str, str] = {
    "title": "1",
    "head": "1",
    "total": "1",
    "rule": "2",
    "note": "2",
    "answer": "1",
    "quiet": "2",
    "fewer": "32",
    "more": "33",
    "bar": "36",
    "part": "2;36",
    "command": "36",
    "heading": "1;34",
    "error": "1;31",
    "caret": "1;31",
    "warning": "33",
    "lane0": "36",
    "lane1": "35",
    "lane2": "32",
    "lane3": "33",
    "lane4": "34",
    "lane5": "31",
}
"""Meaning -> the parameters of the escape sequence that starts it.

``quiet``: rows that matter less (the baseline, rows without cost). ``part``: the bar of a row
that is part of a sum above it. ``lane``: the branches of a diagram, each in its own colour.
"""

LANES = 6

Span: TypeAlias = tuple[str, str]
"""A text and the name of its style."""


class Palette(NamedTuple):
    """The same colours for pictures and pages: red to cyan as 31 to 36 of a terminal."""

    page: str
    text: str
    dim: str
    border: str
    colors: tuple[str, ...]


LIGHT = Palette(
    *("#ffffff", "#1f2328", "#6e7781", "#d0d7de"),
    ("#cf222e", "#116329", "#7d4e00", "#0550ae", "#8250df", "#1b7c83"),
)
DARK = Palette(
    *("#0d1117", "#e6edf3", "#8b949e", "#30363d"),
    ("#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf"),
)


def paint(text: str, style: str) -> str:
    """``text``, all of it visible, in a style of the table; the empty style adds nothing."""
    text = visible(text)
    return f"\x1b[{THEME[style]}m{text}\x1b[0m" if style and text else text


def lane(number: int) -> str:
    """The style of a lane of a diagram."""
    return f"lane{number % LANES}"


def joined(line: Sequence[Span], color: bool) -> str:
    """A line as text; nothing invisible stands at its end."""
    spans = [*line]
    while spans and not spans[-1][0].strip():
        spans.pop()
    if not spans:
        return ""
    spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    return "".join(paint(text, style) if color else text for text, style in spans)
