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

        return json.render(merged(reports))
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


def merged(reports: Sequence[Report]) -> dict[str, Any]:
    """One document that holds the lists of all: results after results."""
    documents = [report.document() for report in reports]
    return {
        key: [part for document in documents for part in document[key]]
        if isinstance(value, list)
        else value
        for key, value in documents[0].items()
    }
