"""Rows as a Parquet file, a row group for each part: for other engines, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from convcost.errors import MissingExtraError
from convcost.reports.sweep import shown
from convcost.reports.writing import writing_whole


def write_parquet(
    path: str, names: Sequence[str], parts: Iterable[Sequence[dict[str, Any]]]
) -> None:
    """Write the rows of all parts. Raises MissingExtraError without pyarrow.

    A column is int64, or what its first part needs: a decimal axis is float64, words are text.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Parquet", "pyarrow", "parquet") from None
    schema = None
    writer: Any = None
    with writing_whole(path) as write:
        sink = pa.PythonFile(_Sink(write), mode="w")
        for part in parts:
            columns = {name: [_value(row[name]) for row in part] for name in names}
            if schema is None:
                schema = pa.schema([(name, _type(pa, columns[name])) for name in names])
                writer = parquet.ParquetWriter(sink, schema)
            writer.write_table(pa.table(columns, schema=schema))
        if writer is not None:
            writer.close()


class _Sink:
    """A file to write into, of one function."""

    closed = False

    def __init__(self, write: Any) -> None:
        self._write = write
        self._at = 0

    def write(self, data: Any) -> int:
        """Pass bytes on."""
        self._write(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """How much was written."""
        return self._at

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """The file is closed by whoever opened it."""


def _value(value: Any) -> Any:
    if isinstance(value, Fraction):
        return float(value)
    return shown(value) if isinstance(value, tuple) else value


def _type(pa: Any, values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return pa.int64()
    if kinds <= {int, float}:
        return pa.float64()
    return pa.bool_() if kinds == {bool} else pa.string()
