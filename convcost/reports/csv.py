"""Reports as CSV: a header line, then plain values without separators."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from convcost.reports.escaping import csv_cell
from convcost.reports.report import PLAIN_LOOK, Look, Report, machine_value


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """Rows without the total, so that a sum is a sum; what is not known is an empty cell."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    for report in reports:
        columns = ["subject", *(csv_cell(column.key) for column in report.columns)]
        if columns != header:
            writer.writerow(columns)
            header = columns
        for index, row in enumerate(report.rows):
            if index not in report.groups:
                writer.writerow(
                    [csv_cell(report.title), *(csv_cell(machine_value(c)) for c in row)]
                )
    return out.getvalue()
