"""A Report as a terminal table, through rich. Numbers are never cut: columns give way."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from io import StringIO

from convcost.reports.report import PLAIN_LOOK, Column, Look, Report

BAR_WIDTHS = (24, 16, 10, 6)
GAP = 2
_LINES = "    \n    \n \u2500\u2500 \n    \n    \n \u2500\u2500 \n    \n    \n"
"""A table with a line under its head and one above its total, and nothing else."""

_BLOCKS = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589"
_FULL = "\u2588"


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """All reports, one below the other."""
    return "\n".join(_table(r, look.width, look.color, look.unicode) for r in reports)


def _table(report: Report, width: int, color: bool, unicode: bool) -> str:
    """The table as text of at most ``width`` columns wherever the numbers allow it."""
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    chosen, bar_width = _fit(report, width)
    table = Table(
        box=Box(_LINES if unicode else _LINES.replace("\u2500", "-"), ascii=not unicode),
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=report.total is not None,
    )
    for index in chosen:
        column = report.columns[index]
        footer = "" if report.total is None else _cell(report, column, report.total[index], None)
        table.add_column(
            column.title,
            justify=column.align,
            footer=Text(footer),
            no_wrap=not column.wrap,
            min_width=column.wrap and min(column.wrap, _longest(report, index)),
            overflow="fold",
            style="cyan" if column.bar else "",
        )
    for row in report.rows:
        cells = [
            _cell(report, report.columns[index], row[index], (bar_width, unicode))
            for index in chosen
        ]
        table.add_row(*map(Text, cells))
    out = StringIO()
    needed = _needed(report, chosen, bar_width)
    console = Console(
        file=out,
        width=max(width, needed),
        height=25,  # any: rich would ask the environment, and take its word for a number
        force_terminal=color,
        force_jupyter=False,  # in a notebook rich would print by itself
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(Text(report.title, style="bold"))
    console.print(table)
    for line in (report.caption, *report.notes):
        console.print(line, style="dim", soft_wrap=len(line) <= width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _cell(report: Report, column: Column, cell: object, bar: tuple[int, bool] | None) -> str:
    if not column.bar:
        return report.text(column, cell)
    if bar is None or not isinstance(cell, Fraction):
        return ""
    return draw_bar(cell, *bar)


def draw_bar(share: Fraction, width: int, unicode: bool = True) -> str:
    """A bar of ``share`` of ``width`` characters, to an eighth; never empty above zero."""
    if not unicode:
        return "#" * max(round(share * width), share > 0)
    eighths = max(round(share * width * 8), share > 0)
    return _FULL * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _fit(report: Report, width: int) -> tuple[list[int], int]:
    """The columns that fit, and how long bars may be: first bars shrink, then ranks drop."""
    chosen = [i for i, column in enumerate(report.columns) if _has_content(report, i, column)]
    while True:
        for bar_width in BAR_WIDTHS:
            if _needed(report, chosen, bar_width) <= width:
                return chosen, bar_width
        highest = max(report.columns[i].rank for i in chosen)
        if highest == 0:
            return chosen, BAR_WIDTHS[-1]
        chosen = [i for i in chosen if report.columns[i].rank < highest]


def _has_content(report: Report, index: int, column: Column) -> bool:
    return column.rank == 0 or any(row[index] not in ("", None, 0) for row in report.rows)


def _needed(report: Report, chosen: list[int], bar_width: int) -> int:
    total = GAP * (len(chosen) - 1)
    for index in chosen:
        column = report.columns[index]
        if column.bar:
            total += max(bar_width, len(column.title))
            continue
        longest = _longest(report, index)
        total += min(longest, column.wrap) if column.wrap else longest
    return total


def _longest(report: Report, index: int) -> int:
    """The length of the longest text in a column."""
    column = report.columns[index]
    cells = [row[index] for row in (*report.rows, *([report.total] if report.total else []))]
    return max([len(column.title), *(len(report.text(column, cell)) for cell in cells)])
