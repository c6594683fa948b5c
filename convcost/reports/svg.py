"""Reports as a picture: what a terminal shows, for a page that is dark or light.

One file holds both: the reader's preference chooses. No font and no style comes from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from math import ceil

from convcost.reports.report import PLAIN_LOOK, Look, Report
from convcost.reports.theme import DARK, LIGHT, Palette
from convcost.reports.widths import cell_width, runs

CELL, LINE, SIZE, EDGE = 8.4, 19, 14, 12
"""Width of a character, height of a line, size of the font, and the space around, in pixels."""

DARK_PAGE = "@media (prefers-color-scheme: dark) {"

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """Everything that the table shows, with its colours."""
    from convcost.reports.formats import FORMATS

    look = look._replace(color=True, unicode=True, brief=False)
    return picture(FORMATS["table"].render(reports, look), look.width)


def picture(text: str, width: int, scheme: str = "") -> str:
    """A text with a terminal's colours as a picture of ``width`` characters, or more if needed.

    ``scheme``: ``light`` or ``dark``, whatever the reader prefers.
    """
    lines = text.rstrip("\n").split("\n")
    width = max([width, *(cell_width(_ESCAPE.sub("", line)) for line in lines)])
    size = ceil(width * CELL + 2 * EDGE), len(lines) * LINE + 2 * EDGE
    rows = [_row(number, line) for number, line in enumerate(lines) if line]
    used = sorted({codes for line in lines for codes in _ESCAPE.findall(line)} - {"", "0"})
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
            f'viewBox="0 0 {size[0]} {size[1]}">',
            "<style>",
            f"text {{ font: {SIZE}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, "
            "monospace; white-space: pre; }",
            *_rules(DARK if scheme == "dark" else LIGHT, used),
            *([] if scheme else [DARK_PAGE, *_rules(DARK, used), "}"]),
            "</style>",
            f'<rect class="page" x="0.5" y="0.5" width="{size[0] - 1}" height="{size[1] - 1}" '
            'rx="6"/>',
            *rows,
            "</svg>",
            "",
        ]
    )


def _spans(line: str) -> Iterator[tuple[str, str]]:
    """The texts of a line with the codes of their style."""
    codes = ""
    for number, part in enumerate(_ESCAPE.split(line)):
        if number % 2:
            codes = part.removeprefix("0")
        else:
            # Letters and Chinese characters come from two fonts, of which each has its own width.
            yield from ((run, codes) for run in runs(part))


def _row(number: int, line: str) -> str:
    """One line; each text stands at its own place, whatever the font's width is."""
    y = EDGE + number * LINE + SIZE
    cells, parts = 0, []
    for text, codes in _spans(line):
        wide = cell_width(text)
        if text.strip():
            lead = wide - cell_width(text.lstrip(" "))
            shown = text.strip(" ")
            x = EDGE + (cells + lead) * CELL
            style = f' class="{_name(codes)}"' if codes else ""
            length = cell_width(shown) * CELL
            parts.append(
                f'<tspan x="{x:.1f}" textLength="{length:.1f}"{style}>{escape(shown)}</tspan>'
            )
        cells += wide
    return f'<text y="{y}">{"".join(parts)}</text>'


def _name(codes: str) -> str:
    return "s" + codes.replace(";", "-")


def _rules(palette: Palette, used: Sequence[str]) -> list[str]:
    """What the codes of a terminal mean in a style sheet."""
    rules = [
        f".page {{ fill: {palette.page}; stroke: {palette.border}; }}",
        f"text {{ fill: {palette.text}; }}",
    ]
    for codes in used:
        parts = codes.split(";")
        words = ["font-weight: bold"] if "1" in parts else []
        colors = [palette.colors[int(part) - 31] for part in parts if part not in ("1", "2")]
        words += [f"fill: {color}" for color in colors]
        if "2" in parts:
            words += ["opacity: 0.6"] if colors else [f"fill: {palette.dim}"]
        rules.append(f".{_name(codes)} {{ {'; '.join(words)}; }}")
    return rules
