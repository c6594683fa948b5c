"""Reports as data frames: pandas where it is installed, else polars."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from convcost.errors import ConvcostError
from convcost.reports.report import Report, machine_value


def dataframe(report: Report) -> Any:
    """A frame with a row a line, columns by their keys. Raises ConvcostError without a library."""
    columns = {
        column.key: [
            machine_value(row[position])
            for index, row in enumerate(report.rows)
            if index not in report.groups
        ]
        for position, column in enumerate(report.columns)
    }
    if find_spec("pandas") is not None:
        import pandas

        return pandas.DataFrame(columns)
    if find_spec("polars") is not None:
        import polars

        return polars.DataFrame(columns)
    raise ConvcostError(
        "a data frame needs the package pandas or polars",
        hint="install it with: pip install pandas",
    )
