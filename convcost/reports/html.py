"""A Report as an HTML table, for notebooks."""

from __future__ import annotations

from html import escape

from convcost.reports.report import Report


def render(report: Report) -> str:
    """A ``<table>`` with the caption on top and the notes below; bars are left out."""
    chosen = [i for i, column in enumerate(report.columns) if not column.bar]
    head = "".join(f"<th>{escape(report.columns[i].title)}</th>" for i in chosen)
    lines = [f"<table><caption>{escape(report.title)}</caption>", f"<thead><tr>{head}</tr></thead>"]
    lines.append("<tbody>")
    lines += [_row(report, row, chosen, "td") for row in report.rows]
    lines.append("</tbody>")
    if report.total is not None:
        lines.append(f"<tfoot>{_row(report, report.total, chosen, 'th')}</tfoot>")
    notes = "<br>".join(map(escape, (report.caption, *report.notes)))
    return "\n".join([*lines, "</table>", f"<p><small>{notes}</small></p>"])


def _row(report: Report, row: tuple[object, ...], chosen: list[int], tag: str) -> str:
    cells = (
        f'<{tag} style="text-align:{report.columns[i].align}">'
        f"{escape(report.text(report.columns[i], row[i]))}</{tag}>"
        for i in chosen
    )
    return f"<tr>{''.join(cells)}</tr>"
