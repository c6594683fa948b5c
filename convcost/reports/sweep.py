"""A sweep as a Report: a row a candidate; and its rows as lines, for streams."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from io import StringIO
from typing import Any

from convcost.engine.figures import FIGURES
from convcost.quantities import format_bytes, format_count, format_shape
from convcost.reports.chart import scatter
from convcost.reports.escaping import csv_cell
from convcost.reports.report import Column, Look, Report
from convcost.studies.sweep import Sweep, Wish, candidates
from convcost.studies.views import Row, number

SWEEP_SCHEMA = "convcost.sweep/1"


def sweep_report(swept: Sweep, wish: Wish, name: str, *, chart: bool = False) -> Report:
    """The rows that are left, what was left out, and why."""
    report = Report(
        title=f"{name}: {swept.candidates:,} candidates",
        columns=columns_of([axis.name for axis in swept.axes], swept.keys, swept.joined),
        rows=tuple(tuple(row.values()) for row in swept.rows),
        total=None,
        caption=_caption(swept, wish),
        notes=tuple(_notes(swept, wish)),
        document=lambda: sweep_document(swept),
        records=lambda: tuple(map(plain_row, swept.rows)),
    )
    if not chart:
        return report
    return report._replace(own={"table": lambda look: _with_chart(report, swept, wish, look)})


def columns_of(
    axes: Sequence[str], keys: Sequence[str], joined: Sequence[str]
) -> tuple[Column, ...]:
    """Axes, figures by their titles, joined columns."""
    return (
        *(Column(name, name, shown, align="right") for name in axes),
        *(
            Column(key, FIGURES[key].title, figure_words(key), align="right", rank=min(at, 2))
            for at, key in enumerate(keys)
        ),
        *(Column(name, name, shown, align="right") for name in joined),
    )


def figure_words(key: str) -> Callable[[Any], str]:
    """How a figure is shown to people."""
    unit = FIGURES[key].unit
    if unit == "bytes":
        return format_bytes
    if unit == "ratio":
        return lambda value: f"{float(value):.4g}"
    return format_count


def shown(value: Any) -> str:
    """A value of an axis: decimals as decimals, sizes as sizes."""
    if isinstance(value, tuple):
        return format_shape(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction | float):
        return f"{float(value):.12g}"
    return str(value)


def plain_row(row: Row) -> dict[str, Any]:
    """A row for programs: whole numbers stay whole."""
    return {name: number(value) for name, value in row.items()}


def sweep_document(swept: Sweep) -> dict[str, Any]:
    """The fixed JSON of a sweep."""
    return {
        "schema": SWEEP_SCHEMA,
        "axes": {axis.name: [number(value) for value in axis.values] for axis in swept.axes},
        "candidates": swept.candidates,
        "unbuildable": sum(swept.unbuildable.values()),
        "rows": [plain_row(row) for row in swept.rows],
    }


def _caption(swept: Sweep, wish: Wish) -> str:
    words = [f"{swept.passed:,} of {candidates(swept.candidates)}"]
    words = [f"{words[0]} have {wish.where}"] if wish.where else []
    if wish.pareto:
        named = [f"{one.name} ({'more' if one.largest else 'less'})" for one in wish.pareto]
        words.append(f"{swept.kept:,} on the front of {' and '.join(named)}")
    return "; ".join([*words, "1 MAC = 1 multiply + 1 add"])


def _notes(swept: Sweep, wish: Wish) -> Iterable[str]:
    left_out = swept.kept - len(swept.rows)
    if left_out > 0:
        yield f"+ {left_out:,} more rows (-n 0 for all, --format jsonl to stream them)"
    yield from unbuildable_notes(swept.unbuildable, swept.candidates)
    if wish.join is not None and swept.unmatched:
        yield f"{swept.unmatched:,} candidates have no row in {wish.join.name}"


def unbuildable_notes(unbuildable: Mapping[str, int], candidates: int) -> list[str]:
    """``118 of 960 cannot be built: groups do not divide``, a line for each reason."""
    ordered = sorted(unbuildable.items(), key=lambda pair: -pair[1])
    lines = [f"{count:,} of {candidates:,} cannot be built: {why}" for why, count in ordered[:4]]
    rest = sum(count for _, count in ordered[4:])
    return lines + ([f"{rest:,} more cannot be built, for other reasons"] if rest else [])


def _with_chart(report: Report, swept: Sweep, wish: Wish, look: Look) -> str:
    from convcost.reports.terminal import render

    report = report if look.speaker is None else look.speaker.report(report)
    text = render([report], look)
    names = [one.name for one in wish.pareto][:2]
    if len(names) < 2:
        names = list(swept.keys[:2])
    pairs = [(row[names[0]], row[names[1]]) for row in swept.rows if None not in row.values()]
    if not pairs:
        return text
    across, up = zip(*pairs, strict=True)
    titles = {column.key: column for column in report.columns}

    def ends(name: str, values: Sequence[Any]) -> tuple[str, str]:
        return titles[name].show(min(values)), titles[name].show(max(values))

    drawn = scatter(
        [float(value) for value in across],
        [float(value) for value in up],
        (titles[names[0]].title, titles[names[1]].title),
        look,
        (ends(names[0], across), ends(names[1], up)),
    )
    return f"{text}\n{drawn}"


def csv_header(names: Sequence[str]) -> str:
    """The first line of a stream of CSV."""
    return csv_lines([dict(zip(names, names, strict=True))])


def csv_lines(rows: Iterable[Row]) -> str:
    """Rows as lines of CSV: axes, figures, joined columns; nothing of people's."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([csv_cell(_cell(value)) for value in row.values()])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, tuple | bool):
        return shown(value)
    return number(value)
