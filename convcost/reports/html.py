"""Reports as HTML: a fragment for a notebook, a page for a browser.

The page holds all that it needs: nothing is loaded, and without its script it reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from convcost.reports.escaping import html_text
from convcost.reports.report import (
    PAGE_WIDTH,
    PLAIN_LOOK,
    Cell,
    Column,
    Look,
    Report,
    machine_value,
)
from convcost.reports.theme import DARK, LIGHT, THEME, Palette, Span

DERIVED = ("params", "macs")
"""Columns whose numbers can be asked where they come from."""


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """One page that holds everything it needs."""
    title = html_text(reports[0].title) if reports else "convcost"
    here = Path(__file__).parent
    style, script = ((here / f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    body = "\n".join(_section(number, report) for number, report in enumerate(reports))
    language = "en" if look.speaker is None else look.speaker.language
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_colors()}{style}</style>\n"
        f"<main{_labels(look)}>\n{body}\n</main>\n<script>\n{script}</script>\n</html>\n"
    )


LABELS = {"fold": "fold", "fold-all": "fold all", "open-all": "open all"}
"""What the script writes on its buttons."""


def _labels(look: Look) -> str:
    said = LABELS.get if look.speaker is None else lambda name: look.speaker.text(LABELS[name])
    return "".join(f' data-{name}="{html_text(str(said(name)))}"' for name in LABELS)


def _colors() -> str:
    """The palettes as variables, and the styles of drawings."""
    light = f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
    # A page is printed on white paper.
    paper = f"@media print {{ :root {{ {_variables(LIGHT)} }} }}\n"
    return light + dark + paper


def _variables(palette: Palette) -> str:
    def color(style: str) -> str:
        return palette.colors[int(THEME[style].split(";")[-1]) - 31]

    named = {name: color(name) for name in ("fewer", "more", "bar")}
    named |= {name: color(name) for name in THEME if name.startswith("lane")}
    named |= {name: getattr(palette, name) for name in ("page", "text", "dim", "border")}
    return " ".join(f"--{name}: {value};" for name, value in named.items())


def _section(number: int, report: Report) -> str:
    """A title, the table, the lines below it, drawings, and what one can ask for."""
    parts = [f"<section>\n<h1>{html_text(report.title)}</h1>"]
    if report.answer:
        parts.append(f'<p class="answer">{html_text(report.answer)}</p>')
    derived: list[str] = []
    if report.columns:
        table = "\n".join(_table(number, report, derived))
        parts.append(f'<div class="scroll">\n{table}\n</div>')
    else:
        parts.append(f"<pre>{html_text(report.own['table'](PLAIN_LOOK))}</pre>")
    lines = "\n".join(map(html_text, filter(None, (report.caption, *report.notes))))
    parts.append(f'<p class="notes">{lines}</p>')
    for name, spans in report.drawings(PAGE_WIDTH) if report.drawings else ():
        parts.append(
            f"<details open><summary>{html_text(name)}</summary>\n{_drawing(spans)}</details>"
        )
    return "\n".join([*parts, *derived, "</section>"])


def _drawing(lines: Sequence[Sequence[Span]]) -> str:
    rows = ("".join(map(_span, line)).rstrip() for line in lines)
    return f"<pre>{chr(10).join(rows)}</pre>"


def _span(span: Span) -> str:
    text, style = html_text(span[0]), span[1]
    if not style or not text.strip():
        return text
    if style.startswith("lane"):
        return f'<span style="color:var(--{style})">{text}</span>'
    return f'<span class="{"quiet" if THEME[style] == "2" else ""}">{text}</span>'


def _table(number: int, report: Report, derived: list[str]) -> Iterator[str]:
    """The table, line by line; derivations go to ``derived``."""
    chosen = _shown(report)
    yield "<table>\n<thead><tr>"
    for index in chosen:
        column = report.columns[index]
        yield f'<th scope="col"{_class(column)}>{html_text(column.title)}</th>'
    yield "</tr></thead>\n<tbody>"
    for at in range(len(report.rows)):
        why = report.why(at, PAGE_WIDTH) if report.why else ""
        place = f"why-{number}-{at}" if why else ""
        yield _row(report, at, chosen, place)
        if why:
            derived.append(f'<div popover id="{place}"><pre>{html_text(why)}</pre></div>')
    yield "</tbody>"
    if report.total is not None:
        cells = (
            f"<th{_class(report.columns[i])}>{_text(report, i, report.total[i])}</th>"
            for i in chosen
        )
        yield f"<tfoot><tr>{''.join(cells)}</tr></tfoot>"
    yield "</table>"


def _shown(report: Report) -> list[int]:
    return [index for index, column in enumerate(report.columns) if column.people]


def _row(report: Report, at: int, chosen: Sequence[int], place: str) -> str:
    row = report.rows[at]
    name = report.text(report.columns[chosen[0]], row[chosen[0]])
    whole = str(machine_value(row[chosen[0]]))
    depth = (len(name) - len(name.lstrip(" "))) // 2
    kinds = {"group": at in report.groups, "quiet": at in report.quiet, "part": depth > 0}
    classes = " ".join(kind for kind, holds in kinds.items() if holds)
    cells = []
    for index in chosen:
        column, cell = report.columns[index], row[index]
        attributes = _class(column, "name" if index == chosen[0] else "", cell)
        value = machine_value(cell)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes += f' data-value="{value}"'
        text = _text(report, index, cell)
        if index == chosen[0]:
            text = f'<span class="label">{text}</span>'
        if place and column.key in DERIVED and cell is not None and text:
            text = f'<button type="button" popovertarget="{place}">{text}</button>'
        cells.append(f"<td{attributes}>{text}</td>")
    return (
        f'<tr class="{classes}" data-depth="{depth}" data-name="{html_text(whole)}" '
        f'style="--depth:{depth}">{"".join(cells)}</tr>'
    )


def _class(column: Column, more: str = "", cell: Cell = None) -> str:
    tone = column.tone(cell) if column.tone and isinstance(cell, str) else ""
    words = ["right" * (column.align == "right"), "prose" * column.prose, tone, more]
    return f' class="{" ".join(filter(None, words))}"' if any(words) else ""


def _text(report: Report, index: int, cell: Cell) -> str:
    """A cell's text; a share is its number and a bar as long as it is large."""
    column = report.columns[index]
    if not column.bar:
        return html_text(report.text(column, cell).strip())
    if not isinstance(cell, Fraction):
        return ""
    largest = max(row[index] or Fraction(0) for row in report.rows)
    bar = f'<span class="bar"><i style="--share:{_percent(cell, largest)}"></i></span>'
    bar = bar if cell else ""
    if column.show is str:
        return bar
    return f'<span class="share">{html_text(report.text(column, cell))}</span>{bar}'


def _percent(part: Fraction, whole: Fraction) -> str:
    return f"{float(part / whole * 100) if whole else 0:.2f}"


def fragment(report: Report) -> str:
    """A ``<table>`` with the caption on top and the notes below, for a notebook."""
    if not report.columns:
        return f"<pre>{html_text(report.own['table'](PLAIN_LOOK))}</pre>"
    chosen = _shown(report)
    head = "".join(f"<th>{html_text(report.columns[i].title)}</th>" for i in chosen)
    lines = [
        f"<table><caption>{html_text(report.title)}</caption>",
        f"<thead><tr>{head}</tr></thead>",
    ]
    lines.append("<tbody>")
    lines += [_plain_row(report, row, chosen, "td") for row in report.rows]
    lines.append("</tbody>")
    if report.total is not None:
        lines.append(f"<tfoot>{_plain_row(report, report.total, chosen, 'th')}</tfoot>")
    notes = "<br>".join(map(html_text, report.lines))
    return "\n".join([*lines, "</table>", f"<p><small>{notes}</small></p>"])


def _plain_row(report: Report, row: tuple[Cell, ...], chosen: list[int], tag: str) -> str:
    cells = (
        f'<{tag} style="text-align:{report.columns[i].align};white-space:pre">'
        f"{_plain(report, i, row[i])}</{tag}>"
        for i in chosen
    )
    return f"<tr>{''.join(cells)}</tr>"


def _plain(report: Report, index: int, cell: Cell) -> str:
    """A cell with its own style: a notebook has none of ours."""
    column = report.columns[index]
    if not column.bar:
        return html_text(report.text(column, cell))
    if not isinstance(cell, Fraction):
        return ""
    largest = max(row[index] or Fraction(0) for row in report.rows)
    width = float(cell / largest * 8) if largest else 0
    bar = f"display:inline-block;height:0.7em;background:#3a8;width:{width:.2f}em"
    number = "" if column.show is str else f"{html_text(report.text(column, cell)):>7} "
    return f'{number}<span title="{float(cell):.1%}" style="{bar}"></span>'
