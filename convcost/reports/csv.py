"""A Report as CSV: a header line, then plain values without separators."""

from __future__ import annotations

import csv
from io import StringIO

from convcost.reports.report import Report, machine_value


def render(report: Report, *, header: bool = True) -> str:
    """Rows, and the total as a last row; what is not known is an empty cell."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(["subject", *(column.key for column in report.columns)])
    rows = [row for index, row in enumerate(report.rows) if index not in report.groups]
    for row in (*rows, *([report.total] if report.total is not None else [])):
        writer.writerow([report.title, *map(machine_value, row)])
    return out.getvalue()
