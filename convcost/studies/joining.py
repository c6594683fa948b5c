"""Measured numbers beside exact costs: a CSV file joined to the candidates on their axes."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from convcost.engine.figures import FIGURES
from convcost.errors import ConvcostError, SpecError
from convcost.language.reading import read_text
from convcost.studies.space import LONG_NAMES, Axis, read_value
from convcost.studies.views import Row

MAX_ROWS = 1_000_000
"""The longest table that is joined, since it is held in memory."""


class Join(NamedTuple):
    """``columns`` are those beside the axes; ``table`` has them by the values of ``on``."""

    name: str
    on: tuple[str, ...]
    columns: tuple[str, ...]
    table: Mapping[tuple[Any, ...], Mapping[str, Any]]

    def find(self, row: Row) -> Mapping[str, Any] | None:
        """The columns that belong to a candidate."""
        return self.table.get(tuple(row[name] for name in self.on))


def read_join(path: str, axes: Sequence[Axis], taken: Collection[str] = FIGURES.keys()) -> Join:
    """Read a CSV file whose header names one axis or more, and no column that is ``taken``.

    Raises SpecError.
    """
    text = read_text(Path(path))
    reader = csv.reader(io.StringIO(text))
    header = [cell.strip() for cell in next(reader, [])]
    names = {axis.field: axis.name for axis in axes} | {axis.name: axis.name for axis in axes}
    on = {at: names[cell] for at, cell in enumerate(header) if cell in names}
    on |= {
        at: names[LONG_NAMES[cell]]
        for at, cell in enumerate(header)
        if at not in on and LONG_NAMES.get(cell) in names
    }
    if not on:
        listed = ", ".join(axis.name for axis in axes)
        raise SpecError("no column is called like an axis", place=path, hint=f"axes: {listed}")
    columns = {at: cell for at, cell in enumerate(header) if at not in on and cell}
    for cell in columns.values():
        if cell in taken or list(columns.values()).count(cell) > 1:
            raise SpecError(f"{cell} is a column already", place=path, hint="rename it in the file")
    table: dict[tuple[Any, ...], dict[str, Any]] = {}
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(table) >= MAX_ROWS:
            raise SpecError(f"more than {MAX_ROWS:,} rows", place=f"{path}:{number}")
        if len(cells) != len(header):
            message = f"{len(cells)} cells, the header has {len(header)}"
            raise SpecError(message, place=f"{path}:{number}")
        key = tuple(_cell(cells[at], f"{path}:{number}") for at in on)
        if key in table:
            raise SpecError("these axes are there twice", place=f"{path}:{number}")
        table[key] = {cell: _measured(cells[at]) for at, cell in columns.items()}
    return Join(path, tuple(on.values()), tuple(columns.values()), table)


def _cell(text: str, place: str) -> Any:
    try:
        return read_value(text.strip())
    except ConvcostError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def _measured(text: str) -> int | Fraction | str | None:
    """A cell beside the axes: a number where it is one, nothing where it is empty."""
    text = text.strip()
    if not text:
        return None
    try:
        value = Fraction(text.replace("_", "x"))
    except (ValueError, ZeroDivisionError):
        return text
    return value.numerator if value.denominator == 1 else value
