"""A Report as JSON: its document, indented, or its records, one compact line each."""

from __future__ import annotations

import json

from convcost.reports.report import Report

compact = json.JSONEncoder(separators=(",", ":")).encode
"""One value on one line, without spaces."""


def render(report: Report) -> str:
    """The document."""
    return json.dumps(report.document, indent=2) + "\n"


def render_lines(report: Report) -> str:
    """The records."""
    return "".join(compact(record) + "\n" for record in report.records)
