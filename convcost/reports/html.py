"""Reports as HTML: a fragment for a notebook, a page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from convcost.reports.escaping import html_text
from convcost.reports.report import PLAIN_LOOK, Look, Report


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """One page that holds everything it needs."""
    title = html_text(reports[0].title) if reports else "convcost"
    body = "\n".join(map(fragment, reports))
    return f"<!DOCTYPE html>\n<meta charset=utf-8>\n<title>{title}</title>\n{body}\n"


def fragment(report: Report) -> str:
    """A ``<table>`` with the caption on top and the notes below."""
    if not report.columns:
        return f"<pre>{html_text(report.own['table'](PLAIN_LOOK))}</pre>"
    chosen = list(range(len(report.columns)))
    head = "".join(f"<th>{html_text(report.columns[i].title)}</th>" for i in chosen)
    lines = [
        f"<table><caption>{html_text(report.title)}</caption>",
        f"<thead><tr>{head}</tr></thead>",
    ]
    lines.append("<tbody>")
    lines += [_row(report, row, chosen, "td") for row in report.rows]
    lines.append("</tbody>")
    if report.total is not None:
        lines.append(f"<tfoot>{_row(report, report.total, chosen, 'th')}</tfoot>")
    notes = "<br>".join(map(html_text, (report.caption, *report.notes)))
    return "\n".join([*lines, "</table>", f"<p><small>{notes}</small></p>"])


def _row(report: Report, row: tuple[object, ...], chosen: list[int], tag: str) -> str:
    cells = (
        f'<{tag} style="text-align:{report.columns[i].align};white-space:pre">'
        f"{_cell(report, i, row[i])}</{tag}>"
        for i in chosen
    )
    return f"<tr>{''.join(cells)}</tr>"


def _cell(report: Report, index: int, cell: object) -> str:
    """A cell's text; a share is a bar as long as it is large."""
    column = report.columns[index]
    if not column.bar:
        return html_text(report.text(column, cell))
    if not isinstance(cell, Fraction):
        return ""
    width = float(cell) * 8
    bar = f"display:inline-block;height:0.7em;background:#3a8;width:{width:.2f}em"
    return f'<span title="{float(cell):.1%}" style="{bar}"></span>'
