"""Boxes as a question sees them: the candidates for which a condition holds, as flat columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from convcost.engine.boxes import BoxFunction
from convcost.engine.columns import Array, Column
from convcost.language.conditions import Condition, compile_condition
from convcost.language.expressions import divide
from convcost.studies.machine import Box, Machine, axis_columns
from convcost.studies.measuring import RATIOS
from convcost.studies.space import LONG_NAMES, in_full

Row = dict[str, Any]
"""One candidate: its axes, then its figures."""


class View:
    """The candidates of a box that were built and that a condition lets pass."""

    def __init__(self, machine: Machine, box: Box, mask: Array | bool, keys: Sequence[str]) -> None:
        import numpy as np

        self.box, self.keys = box, tuple(keys)
        self._np: Any = np
        self._mask = None if mask is True else np.broadcast_to(mask, box.shape)
        self.count = box.size if mask is True else int(self._mask.sum())  # type: ignore[union-attr]
        names = [axis.name for axis in machine.space.axes]
        self._axes: dict[str, Any] = dict(zip(names, axis_columns(box), strict=True))
        self._figures = dict(zip(machine.figures, box.figures, strict=False))

    def column(self, name: str) -> Array:
        """One axis or figure, a value for each candidate of the view."""
        if name in RATIOS:
            above, below = map(self.column, RATIOS[name])
            return self._np.true_divide(above, below)
        made = self._axes[name] if name in self._axes else self._figures[name]
        if not isinstance(made, Column):
            held = self._np.empty(self.count, dtype=object)
            held[:] = [made] * self.count
            return held
        return self._flat(made.values)

    def _flat(self, values: Any) -> Array:
        stretched = self._np.broadcast_to(values, self.box.shape)
        return stretched.reshape(-1) if self._mask is None else stretched[self._mask]

    def rows(self, places: Array | None = None) -> Iterator[Row]:
        """Candidates one by one, or those at ``places``, with numbers of Python."""
        columns = []
        for name in (*self._axes, *self.keys):
            values = self.column(name)
            columns.append((values if places is None else values[places]).tolist())
        names = (*self._axes, *self.keys)
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))


class Where:
    """A condition over axes and figures, on whole boxes: exact, as on single candidates."""

    def __init__(self, machine: Machine, text: str, place: str = "--where") -> None:
        """Compile the condition. Raises SpecError for a name that it may not use."""
        self._machine = machine
        self._names = [axis.name for axis in machine.space.axes]
        known = {*self._names, *(LONG_NAMES.get(name, name) for name in self._names)}
        figures = {*machine.figures, *RATIOS}
        self._condition: Condition = compile_condition(in_full(text), known | figures, place)
        self._functions: dict[Any, BoxFunction] = {}

    def __call__(self, box: Box) -> Array | bool:
        """Where the condition holds, among the candidates that were built."""
        if box.built is False:
            return False
        inputs = axis_columns(box)
        columns = [one for one in inputs if isinstance(one, Column)]
        fixed = tuple(None if isinstance(one, Column) else one for one in inputs)
        key = tuple((type(value), value) for value in fixed)
        if key not in self._functions:
            self._functions.clear()
            self._functions[key] = BoxFunction(self._function(fixed), 0, is_on_axes=False)
        function = self._functions[key]
        filled = function.run_columns([*columns, *box.figures], box.shape)
        if isinstance(filled.labels, int):
            return box.built if function.labels[filled.labels] else False
        if True not in function.labels:
            return False
        return (filled.labels == function.labels.index(True)) & box.built

    def _function(self, fixed: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
        def function(numbers: Sequence[Any]) -> tuple[bool, Sequence[Any]]:
            left = iter(numbers)
            axes = [next(left) if value is None else value for value in fixed]
            figures = dict(zip(self._machine.figures, left, strict=True))
            return self.holds(dict(zip(self._names, axes, strict=True)), figures), ()

        return function

    def holds(self, axes: Mapping[str, Any], figures: Mapping[str, Any]) -> bool:
        """The condition for one candidate. Raises SpecError where it cannot be evaluated."""
        scope = {**axes, **{LONG_NAMES.get(name, name): value for name, value in axes.items()}}
        scope |= figures
        for ratio, (above, below) in RATIOS.items():
            if above in figures and below in figures:
                scope[ratio] = divide(figures[above], figures[below])
        return self._condition(scope)


class Tally:
    """What a walk over a space has met: candidates, failures by kind."""

    def __init__(self) -> None:
        self.candidates = self.passed = 0
        self.unbuildable: Counter[str] = Counter()

    def add(self, box: Box) -> None:
        """One more box."""
        self.candidates += box.size
        self.unbuildable += box.unbuildable


def views(
    machine: Machine,
    keys: Sequence[str],
    where: Where | None,
    tally: Tally,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[View]:
    """Every box of the space as the candidates that pass; empty ones are left out."""
    for box in machine.boxes():
        tally.add(box)
        mask = box.built if where is None else where(box)
        if mask is not False:
            view = View(machine, box, mask, keys)
            tally.passed += view.count
            if view.count:
                yield view
        progress(tally.candidates)


def number(value: Any) -> int | float | str | bool | list[int]:
    """A value as JSON and a cell show it: fractions as decimals, sizes as lists."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return list(value) if isinstance(value, tuple) else value
