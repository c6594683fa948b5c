"""The table of output formats. A new one is one file beside this and one line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcost.reports.report import Report

FORMATS = ("table", "json", "jsonl", "csv", "markdown")


def render(
    reports: Sequence[Report],
    form: str,
    *,
    width: int = 80,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """Several reports of one command as one text in the given format."""
    if form == "json":
        from convcost.reports import json

        return json.render(merge(reports))
    if form == "jsonl":
        from convcost.reports import json

        return "".join(map(json.render_lines, reports))
    if form == "csv":
        from convcost.reports import csv

        return "".join(csv.render(r, header=n == 0) for n, r in enumerate(reports))
    if form == "markdown":
        from convcost.reports import markdown

        return "\n".join(map(markdown.render, reports))
    from convcost.reports import terminal

    return "\n".join(terminal.render(r, width=width, color=color, unicode=unicode) for r in reports)


def merge(reports: Sequence[Report]) -> Report:
    """One report whose document holds the lists of all: results after results."""
    first = reports[0]
    if len(reports) == 1:
        return first
    document: dict[str, Any] = {}
    for key, value in first.document.items():
        if isinstance(value, list):
            document[key] = [part for report in reports for part in report.document[key]]
        else:
            document[key] = value
    return Report(
        first.title, first.columns, first.rows, None, first.caption, first.notes, document
    )
