"""A Report as a Markdown table: every column but the bars."""

from __future__ import annotations

from convcost.reports.report import Report


def render(report: Report) -> str:
    """The title, the table, the totals in bold, then the notes."""
    chosen = [i for i, column in enumerate(report.columns) if not column.bar]
    columns = [report.columns[i] for i in chosen]
    lines = [
        _line([column.title for column in columns]),
        _line(["---:" if column.align == "right" else "---" for column in columns]),
    ]
    for row in report.rows:
        lines.append(_line([report.text(report.columns[i], row[i]) for i in chosen]))
    if report.total is not None:
        texts = [report.text(report.columns[i], report.total[i]) for i in chosen]
        lines.append(_line([f"**{text}**" if text else "" for text in texts]))
    notes = [report.caption, *report.notes]
    return "\n".join([f"**{_escape(report.title)}**", "", *lines, "", "  \n".join(notes), ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(map(_escape, cells))} |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
