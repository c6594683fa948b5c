"""A function of whole numbers on a box of them: every combination of some axes, exactly.

The function is called on traced numbers for one combination; the record answers all others for
which its guards hold, and what it declines goes to a further record. What cannot be recorded is
called plainly, combination by combination. So a box holds what the function itself would give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.columns import HIGH, LOW, Array, Column, Table, column
from convcost.engine.tracing import Trace

Label: TypeAlias = Hashable
Function: TypeAlias = Callable[[Sequence[Any]], tuple[Label, Sequence[Any]]]
"""Numbers -> a label that says what came of them, and results. Called on plain numbers it must
not raise; called on traced ones it may, where it has no record."""

MAX_TABLES = 400
"""Records kept at a time; the least used one leaves."""

PATIENCE = 64
"""Records learned within one box before it is asked whether they pay."""


class Filled(NamedTuple):
    """A box: for each combination the number of its label, and its results.

    ``labels`` is one number where all combinations have the same; ``columns`` stretch to the
    shape of the box, and hold nonsense where the label's own results are fewer.
    """

    shape: tuple[int, ...]
    labels: Array | int
    columns: list[Column]


class BoxFunction:
    """``function`` on boxes. ``labels`` are those met so far, ``width`` the number of results."""

    def __init__(self, function: Function, width: int, *, is_on_axes: bool = True) -> None:
        self._function = function
        self._width = width
        self.is_on_axes = is_on_axes
        self._tables: list[tuple[Table, int]] = []
        self.labels: list[Label] = []
        self.recorded = self.called = 0

    def run(self, axes: Sequence[Array]) -> Filled:
        """Every combination of ``axes``, each a one-dimensional array of int64."""
        shape = tuple(len(values) for values in axes)
        return _Filling(self, axes, shape, self._width).fill()

    def run_columns(self, columns: Sequence[Column], shape: tuple[int, ...]) -> Filled:
        """The same for columns that stretch to ``shape``, instead of one axis each."""
        return _Filling(self, columns, shape, self._width).fill()

    def number_of(self, label: Label) -> int:
        """The number that stands for a label."""
        if label not in self.labels:
            self.labels.append(label)
        return self.labels.index(label)

    def call(self, numbers: Sequence[int]) -> tuple[int, Sequence[int]]:
        """The function itself, on plain numbers."""
        self.called += 1
        label, results = self._function(numbers)
        return self.number_of(label), results

    def tables(self) -> list[tuple[Table, int]]:
        """What has been recorded, the most useful first."""
        return list(self._tables)

    def used(self, entry: tuple[Table, int]) -> None:
        """A record that answered goes to the front."""
        if self._tables[0] is not entry:
            self._tables.remove(entry)
            self._tables.insert(0, entry)

    def learn(self, numbers: Sequence[int]) -> tuple[Table, int] | None:
        """A record made at these numbers, or None where there is none.

        An outcome without results, such as an error, counts only if a plain call says the same:
        what traced numbers cannot do must not pass for what the function refuses.
        """
        trace = Trace()
        try:
            label, results = self._function([trace.input(number) for number in numbers])
            record = trace.record(results)
        except Exception:  # whatever it is, there is no record; the plain call knows better
            return None
        if not results and self._function(numbers) != (label, results):
            return None
        entry = (Table(record, narrowing=self.is_on_axes), self.number_of(label))
        self._tables.insert(0, entry)
        del self._tables[MAX_TABLES:]
        self.recorded += 1
        return entry


class _Filling:
    """One box on its way: what is still to do, and what has been found."""

    def __init__(
        self, owner: BoxFunction, inputs: Sequence[Any], shape: tuple[int, ...], width: int
    ) -> None:
        import numpy

        self.np: Any = numpy
        self.owner, self.inputs, self.shape, self.width = owner, inputs, shape, width
        self.todo: Array | None = None  # None: everything
        self.labels: Array | None = None
        self.columns: list[Column] = []

    def fill(self) -> Filled:
        """Known records first, then new ones, then plain calls."""
        for entry in self.owner.tables():
            whole = self._try(entry)
            if whole is not None:
                return whole
            if self._is_done():
                return self._filled()
        learned = covered = refused = 0
        while not self._is_done():
            at = self._first()
            if refused > 2 or (learned >= PATIENCE and covered < 4 * learned):
                self._call_all()
                break
            entry_made = self.owner.learn(self._numbers(at))
            if entry_made is None:
                refused += 1
                self._call(at)
                continue
            before = self._left()
            whole = self._try(entry_made)
            if whole is not None:
                return whole
            learned, covered = learned + 1, covered + before - self._left()
            if self.todo is None or self.todo[at]:
                self._call(at)
        return self._filled()

    def _is_done(self) -> bool:
        return self.todo is not None and not self.todo.any()

    def _left(self) -> int:
        return math.prod(self.shape) if self.todo is None else int(self.todo.sum())

    def _first(self) -> tuple[int, ...]:
        if self.todo is None:
            return (0,) * len(self.shape)
        return tuple(map(int, self.np.unravel_index(int(self.todo.argmax()), self.shape)))

    def _numbers(self, at: tuple[int, ...]) -> list[int]:
        if self.owner.is_on_axes:
            return [int(values[place]) for values, place in zip(self.inputs, at, strict=True)]
        return [int(self.np.broadcast_to(one.values, self.shape)[at]) for one in self.inputs]

    def _try(self, entry: tuple[Table, int]) -> Filled | None:
        """Let one record answer what it can; the whole box where it answers all of it."""
        table, label = entry
        kept: list[Array | None] | None = [None] * len(self.shape)
        inputs = self.inputs
        if self.owner.is_on_axes:
            kept = self._narrowed(table)
            if kept is None:
                return None
            inputs = self._stretched(kept)
        assert kept is not None
        outcome = table.run(inputs)
        if outcome.holds is False:
            return None
        self.owner.used(entry)
        everything = all(keep is None for keep in kept)
        if everything and outcome.holds is True and self.todo is None:
            return Filled(self.shape, label, outcome.results)
        self._place(kept, outcome.holds, label, outcome.results)
        return None

    def _narrowed(self, table: Table) -> list[Array | None] | None:
        """For each axis the places that a record can be about; None: there is no such place."""
        kept: list[Array | None] = []
        for number, values in enumerate(self.inputs):
            mask = table.narrow(number, values)
            if mask is not None and not mask.any():
                return None
            kept.append(None if mask is None else self.np.flatnonzero(mask))
        return kept

    def _stretched(self, kept: list[Array | None]) -> list[Column]:
        """The axes as columns of the part that is kept, a single value as a Python integer."""
        columns = []
        for number, (values, keep) in enumerate(zip(self.inputs, kept, strict=True)):
            part = values if keep is None else values[keep]
            if len(part) == 1:
                columns.append(column(int(part[0])))
                continue
            sizes = [1] * len(self.shape)
            sizes[number] = len(part)
            columns.append(column(part.reshape(sizes)))
        return columns

    def _place(
        self, kept: list[Array | None], holds: Any, label: int, results: Sequence[Column]
    ) -> None:
        """Write what a record answered over the part of the box that was still to do."""
        np = self.np
        self._open()
        part: Any = ...
        if any(keep is not None for keep in kept):
            pairs = zip(kept, self.shape, strict=True)
            part = np.ix_(*[np.arange(n) if keep is None else keep for keep, n in pairs])
        todo = self.todo[part]  # type: ignore[index]
        answered = todo & holds
        self.todo[part] = todo & ~answered  # type: ignore[index]
        self.labels[part] = np.where(answered, label, self.labels[part])  # type: ignore[index]
        for number, result in enumerate(results):
            self._write(number, part, answered, result)

    def _open(self) -> None:
        """Arrays for the whole box, once one record has not answered all of it."""
        np = self.np
        if self.todo is None:
            self.todo = np.ones(self.shape, dtype=bool)
            self.labels = np.full(self.shape, -1, dtype=np.int32)
            self.columns = [
                Column(np.zeros(self.shape, dtype=np.int64), 0, 0) for _ in range(self.width)
            ]

    def _write(self, number: int, part: Any, where: Any, result: Column) -> None:
        """One result into its array, which becomes one of Python integers where it has to."""
        np = self.np
        old = self.columns[number]
        low, high = min(old.low, result.low), max(old.high, result.high)
        values: Any = old.values
        if (low < LOW or high > HIGH) and values.dtype != object:
            values = values.astype(object)
        if where is True:
            values[part] = result.values
        else:
            # One type on both sides: numpy would join large integers of two types as floats.
            new = np.asarray(result.values, dtype=values.dtype)
            values[part] = np.where(where, new, values[part])
        self.columns[number] = Column(values, low, high)

    def _call(self, at: tuple[int, ...]) -> None:
        """The function itself for one combination."""
        self._open()
        label, results = self.owner.call(self._numbers(at))
        self.labels[at] = label  # type: ignore[index]
        self.todo[at] = False  # type: ignore[index]
        for number, result in enumerate(results):
            self._write(number, at, True, Column(result, result, result))

    def _call_all(self) -> None:
        """The function itself for all that is left."""
        self._open()
        for at in zip(*self.np.nonzero(self.todo), strict=True):
            self._call(at)

    def _filled(self) -> Filled:
        return Filled(self.shape, self.labels, self.columns)
