"""A Report as a Markdown table: every column but the bars."""

from __future__ import annotations

from collections.abc import Sequence

from convcost.reports.escaping import markdown_line, markdown_text
from convcost.reports.report import PLAIN_LOOK, Look, Report


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """A table for each report."""
    return "\n".join(map(_table, reports))


def _table(report: Report) -> str:
    """The title, the table, the totals in bold, then the notes."""
    if not report.columns:
        return f"```text\n{report.own['table'](PLAIN_LOOK)}```\n"
    chosen = [i for i, c in enumerate(report.columns) if c.people and not c.bar]
    columns = [report.columns[i] for i in chosen]
    lines = [
        _line([column.title for column in columns]),
        _line(["---:" if column.align == "right" else "---" for column in columns]),
    ]
    for row in report.rows:
        lines.append(_line([report.text(report.columns[i], row[i]) for i in chosen]))
    if report.total is not None:
        texts = [report.text(report.columns[i], report.total[i]) for i in chosen]
        bold = [f"**{markdown_text(text)}**" if text else "" for text in texts]
        lines.append(f"| {' | '.join(bold)} |")
    body = "  \n".join(map(markdown_line, report.lines))
    return "\n".join([f"**{markdown_text(report.title)}**", "", *lines, "", body, ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"
