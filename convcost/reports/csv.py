"""Reports as CSV: a header line, then plain values without separators."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from convcost.reports.report import PLAIN_LOOK, Look, Report, machine_value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """Rows without the total, so that a sum is a sum; what is not known is an empty cell."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    for report in reports:
        columns = ["subject", *(column.key for column in report.columns)]
        if columns != header:
            writer.writerow(columns)
            header = columns
        for index, row in enumerate(report.rows):
            if index not in report.groups:
                writer.writerow([safe(report.title), *(safe(machine_value(c)) for c in row)])
    return out.getvalue()


def safe(cell: Any) -> Any:
    """A text as it is, but for one that a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
