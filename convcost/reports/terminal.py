"""A Report as a terminal table. Numbers are never cut: columns give way.

Owns widths and places. Colours are names of the table in ``theme``; whether there are any, and
how wide the terminal is, says the Look.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import NamedTuple

from convcost.reports.report import PLAIN_LOOK, Column, Look, Report
from convcost.reports.theme import Span, joined
from convcost.reports.widths import cell_width, fold, padded

GAP = "  "
LEAST_BAR, GOOD_BAR, MOST_BAR = 4, 16, 40
"""The shortest and the longest bar, in characters, and the one that a bar without a number gets
before a column that is needed less."""

LAST = 1_000

ROOM_FOR_PROSE = 100
"""A terminal of this width shows sentences about rows without being asked."""

_BLOCKS = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589"
_FULL = "\u2588"


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """All reports, one below the other."""
    return "\n".join(_report(report, look) for report in reports)


def _report(report: Report, look: Look) -> str:
    """Title, table and lines below it, of at most ``width`` cells where the numbers allow it."""
    lines: list[list[Span]] = [[(line, "title")] for line in fold(report.title, look.width)]
    places = _fit(report, look.width)
    lines += _table(report, places, look)
    inside = {place.at for place in places}
    wants_all = look.verbose or look.width >= ROOM_FOR_PROSE
    lines += _prose(report, look.width, wants_all, inside)
    if look.brief and report.short:
        below = [(line, "note") for line in report.short]
    else:
        below = [(line, "note") for line in (report.caption, *report.notes)]
    if report.answer:
        below.append((report.answer, "answer"))
    for text, style in below:
        lines += [[(line, style)] for line in fold(text, look.width, "  ")]
    return "".join(f"{joined(line, look.color)}\n" for line in lines)


def _prose(
    report: Report, width: int, wants_all: bool, inside: AbstractSet[int]
) -> list[list[Span]]:
    """A sentence about each row, where they differ, and do not stand in the table."""
    lines: list[list[Span]] = []
    for index, column in enumerate(report.columns):
        texts = [report.text(column, row[index]) for row in report.rows]
        if not column.prose or index in inside or not (wants_all or column.needed):
            continue
        if len(set(texts)) < 2 and not column.needed:
            continue
        names = [report.text(report.columns[0], row[0]) for row in report.rows]
        for name, text in zip(names, texts, strict=True):
            lines += [[(line, "note")] for line in fold(f"{name}: {text}", width, "  ") if text]
    return lines


class _Place(NamedTuple):
    """A column that is shown: its index, its width, and of that the number before a bar."""

    at: int
    column: Column
    width: int
    number: int


def _table(report: Report, places: Sequence[_Place], look: Look) -> list[list[Span]]:
    if not places:
        return []
    head = [(padded(p.column.title, p.width, p.column.align), "head") for p in places]
    wide = sum(place.width for place in places) + len(GAP) * (len(places) - 1)
    rule: list[Span] = [(("\u2500" if look.unicode else "-") * wide, "rule")]
    lines = [_spaced(head), rule]
    for number, row in enumerate(report.rows):
        lines += _row(report, number, row, places, look)
    if report.total is not None:
        cells: list[Span] = []
        for place in places:
            text = "" if place.column.bar else report.text(place.column, report.total[place.at])
            cells.append((padded(text, place.width, place.column.align), "total"))
        lines += [rule, _spaced(cells)]
    return lines


def _spaced(cells: Sequence[Span]) -> list[Span]:
    """Cells with the gap between them."""
    spans: list[Span] = []
    for cell in cells:
        spans += [(GAP, ""), cell] if spans else [cell]
    return spans


def _row(
    report: Report, number: int, row: Sequence[object], places: Sequence[_Place], look: Look
) -> list[list[Span]]:
    """One row; a cell whose text is too long goes on below itself."""
    quiet = number in report.quiet
    is_part = any(str(row[p.at])[:1] == " " for p in places[:1])
    columns: list[list[list[Span]]] = []
    for place in places:
        column, cell = place.column, row[place.at]
        if column.bar:
            style = "part" if is_part or quiet else "bar"
            columns.append([_bar(report, place, cell, style, look.unicode)])
            continue
        style = "quiet" if quiet else column.tone(cell) if column.tone else ""
        texts = fold(report.text(column, cell), place.width)
        columns.append([[(padded(text, place.width, column.align), style)] for text in texts])
    lines = []
    for level in range(max(map(len, columns))):
        line: list[Span] = []
        for place, cells in zip(places, columns, strict=True):
            shown = cells[level] if level < len(cells) else [(" " * place.width, "")]
            line += [(GAP, ""), *shown] if line else shown
        lines.append(line)
    return lines


def _bar(report: Report, place: _Place, cell: object, style: str, unicode: bool) -> list[Span]:
    """A share as its number, where the column has one, and as a bar."""
    if not isinstance(cell, Fraction):
        return [(" " * place.width, "")]
    spans: list[Span] = []
    length = place.width
    if place.number:
        text = padded(report.text(place.column, cell), place.number, "right")
        spans.append((f"{text} ", "quiet" if style == "part" else ""))
        length -= place.number + 1
    largest = max(row[place.at] or 0 for row in report.rows)
    bar = draw_bar(cell / largest if largest else cell, length, unicode)
    return [*spans, (bar + " " * (length - len(bar)), style)]


def draw_bar(share: Fraction, width: int, unicode: bool = True) -> str:
    """A bar of ``share`` of ``width`` characters, to an eighth; never empty above zero."""
    if not unicode:
        return "#" * max(round(share * width), share > 0)
    eighths = max(round(share * width * 8), share > 0)
    return _FULL * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _fit(report: Report, width: int) -> list[_Place]:
    """The columns that fit, the most needed first; then long texts and bars get the room.

    A column of rank 0 is always there. The others come by rank, each if it still fits.
    """
    shown = [i for i, c in enumerate(report.columns) if _may_stand(report, i, c)]
    least = {index: _least(report, index) for index in shown}
    chosen: set[int] = set()
    room, kept = width + len(GAP), 0
    for group in sorted(_groups(report, shown), key=lambda group: _rank(report, group[0])):
        needed = sum(least[index].width + len(GAP) for index in group)
        if _rank(report, group[0]) == 0 or needed <= room:
            chosen.update(group)
            room -= needed
            if report.columns[group[0]].bar and not least[group[0]].number:
                kept = max(min(room, GOOD_BAR - LEAST_BAR), 0)
                room -= kept
    room += kept
    places = [least[index] for index in shown if index in chosen]
    for number, place in enumerate(places):
        if place.column.wrap and room > 0:
            more = min(room, _longest(report, place.at) - place.width)
            places[number] = place._replace(width=place.width + more)
            room -= more
    for number, place in enumerate(places):
        if place.column.bar and room > 0:
            more = min(room, MOST_BAR - LEAST_BAR)
            places[number] = place._replace(width=place.width + more)
            room -= more
    return places


def _may_stand(report: Report, index: int, column: Column) -> bool:
    """Whether a column may stand in the table at all."""
    return (
        column.people
        and (column.needed or not column.prose)
        and _has_content(report, index, column)
    )


def _groups(report: Report, shown: Sequence[int]) -> list[list[int]]:
    """Columns that come and go together."""
    groups: list[list[int]] = []
    for index in shown:
        if report.columns[index].pair and groups:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _rank(report: Report, index: int) -> int:
    """When a column gets its room; sentences come last."""
    column = report.columns[index]
    return LAST if column.prose else column.rank


def _has_content(report: Report, index: int, column: Column) -> bool:
    return column.rank == 0 or any(row[index] not in ("", None, 0) for row in report.rows)


def _least(report: Report, index: int) -> _Place:
    """A column as narrow as it can be."""
    column = report.columns[index]
    longest = _longest(report, index)
    if not column.bar:
        return _Place(index, column, min(longest, column.wrap) if column.wrap else longest, 0)
    number = longest if column.show is not str else 0
    width = number + bool(number) + LEAST_BAR
    return _Place(index, column, max(width, cell_width(column.title)), number)


def _longest(report: Report, index: int) -> int:
    """The width of the longest text in a column."""
    column = report.columns[index]
    cells = [row[index] for row in report.rows]
    if column.bar:
        texts = [report.text(column, cell) for cell in cells if isinstance(cell, Fraction)]
        return max(map(cell_width, texts), default=0)
    if report.total is not None:
        cells.append(report.total[index])
    return max([cell_width(column.title), *(cell_width(report.text(column, c)) for c in cells)])
