"""All candidates of a space, box by box: what each costs, and why some cannot be built.

Axes of whole numbers are columns of a box; decimals, words and designs are taken one by one, each
combination with records of its own. Nothing here is a formula: a box holds what building and
counting each candidate would give.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from convcost.engine.boxes import BoxFunction, Filled
from convcost.engine.columns import Array, Column, column
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.tracing import NotTraceableError, Traced
from convcost.errors import ConvcostError
from convcost.studies.candidates import Family
from convcost.studies.measuring import measure
from convcost.studies.space import Axis, Space, Value

BOX = 1 << 18
"""Candidates in one box: its columns fit the processor's cache."""

MAX_FUNCTIONS = 64
"""Combinations of words and decimals whose records are kept."""

BUILT = "built"


class Box(NamedTuple):
    """A part of a space. ``values``: for each axis one value, or an array of them.

    ``built``: where a candidate could be built (True: everywhere); ``figures`` stretch to
    ``shape``, whose axes are those that hold an array, in order.
    """

    values: tuple[Value | Array, ...]
    shape: tuple[int, ...]
    built: Array | bool
    figures: tuple[Column, ...]
    unbuildable: Counter[str]

    @property
    def size(self) -> int:
        """Candidates in this box."""
        size = 1
        for length in self.shape:
            size *= length
        return size


class Machine:
    """``family`` over ``space``, measured by ``figures``."""

    def __init__(
        self, family: Family, space: Space, figures: Sequence[str], how: Execution = PLAIN
    ) -> None:
        self.family, self.space, self.figures, self.how = family, space, tuple(figures), how
        self._columns = [n for n, axis in enumerate(space.axes) if axis.is_whole]
        self._choices = [n for n, axis in enumerate(space.axes) if not axis.is_whole]
        self._functions: dict[tuple[Any, ...], BoxFunction] = {}
        self.reasons: dict[str, str] = {}
        """For each kind of failure the sentence of its first case."""
        self.hints: dict[str, str] = {}

    def boxes(self, *, most: int = BOX) -> Iterator[Box]:
        """The whole space. Words and decimals change slowest, then the axes in their order."""
        axes = self.space.axes
        choices = [axes[number].values for number in self._choices]
        columns = [axes[number].values for number in self._columns]
        for choice in product(*choices):
            for slices in chunks([len(values) for values in columns], most):
                parts = [as_array(values[cut]) for values, cut in zip(columns, slices, strict=True)]
                yield self.box(choice, parts)

    def box(self, choice: Sequence[Value], parts: Sequence[Array]) -> Box:
        """One combination of words and decimals with every combination of ``parts``."""
        filled = self.function(choice).run(parts)
        labels = self.function(choice).labels
        built, unbuildable = self._outcome(filled, labels)
        values: list[Any] = [None] * len(self.space.axes)
        for number, value in zip(self._choices, choice, strict=True):
            values[number] = value
        for number, part in zip(self._columns, parts, strict=True):
            values[number] = part
        return Box(tuple(values), filled.shape, built, tuple(filled.columns), unbuildable)

    def one(self, values: Sequence[Value]) -> list[int]:
        """The figures of one candidate, by the engine. Raises ConvcostError."""
        named = {axis.name: v for axis, v in zip(self.space.axes, values, strict=True)}
        return self._measured(named)

    def _measured(self, named: Mapping[str, Any]) -> list[Any]:
        settings = self.space.settings(named, self.family.settings)
        return measure(self.family.build(settings), self.figures, self.how)

    def function(self, choice: Sequence[Value], *, is_on_axes: bool = True) -> BoxFunction:
        """The records of one combination of words and decimals."""
        key = (is_on_axes, *[(type(value), value) for value in choice])
        made = self._functions.get(key)
        if made is None:
            while len(self._functions) >= MAX_FUNCTIONS:
                self._functions.pop(next(iter(self._functions)))
            axes = self.space.axes
            order: dict[str, Any] = dict.fromkeys(axis.name for axis in axes)
            order |= {axes[n].name: v for n, v in zip(self._choices, choice, strict=True)}
            names = [axes[number].name for number in self._columns]

            def function(numbers: Sequence[Any]) -> tuple[str, Sequence[Any]]:
                named = order | dict(zip(names, numbers, strict=True))
                try:
                    return BUILT, self._measured(named)
                except ConvcostError as error:
                    is_traced = any(isinstance(number, Traced) for number in numbers)
                    if is_traced and _comes_from_a_type(error):
                        raise NotTraceableError("may be due to the tracing") from None
                    kind = kind_of(error.message)
                    if not is_traced:
                        self.reasons.setdefault(kind, error.message)
                        if error.hint:
                            self.hints.setdefault(kind, error.hint)
                    return kind, ()

            made = self._functions[key] = BoxFunction(
                function, len(self.figures), is_on_axes=is_on_axes
            )
        return made

    def _outcome(self, filled: Filled, labels: Sequence[Any]) -> tuple[Array | bool, Counter[str]]:
        """Where candidates were built, and how many were not, for which reason."""
        import numpy as np

        if isinstance(filled.labels, int):
            label = labels[filled.labels]
            if label == BUILT:
                return True, Counter()
            size = 1
            for length in filled.shape:
                size *= length
            return False, Counter({label: size})
        counts = np.bincount(filled.labels.ravel(), minlength=len(labels))
        unbuildable = Counter(
            {label: int(n) for label, n in zip(labels, counts, strict=True) if n and label != BUILT}
        )
        if BUILT not in labels:
            return False, unbuildable
        if not unbuildable:
            return True, unbuildable
        return filled.labels == labels.index(BUILT), unbuildable


def chunks(sizes: Sequence[int], most: int) -> Iterator[tuple[slice, ...]]:
    """Boxes of at most ``most`` combinations that fill ``sizes`` in order."""
    inner = 1
    axis = len(sizes)
    while axis > 0 and inner * sizes[axis - 1] <= most:
        axis -= 1
        inner *= sizes[axis]
    whole = tuple(slice(0, size) for size in sizes[axis:])
    if axis == 0:
        yield whole
        return
    step = max(1, most // inner)
    for outer in product(*map(range, sizes[: axis - 1])):
        fixed = tuple(slice(place, place + 1) for place in outer)
        for start in range(0, sizes[axis - 1], step):
            yield (*fixed, slice(start, min(start + step, sizes[axis - 1])), *whole)


def as_array(values: Sequence[Value]) -> Array:
    """Whole numbers as a column."""
    import numpy as np

    if isinstance(values, range):
        return np.arange(values.start, values.stop, values.step, dtype=np.int64)
    return np.array(values, dtype=np.int64)


def axis_columns(box: Box) -> list[Value | Column]:
    """For each axis its one value, or a column that stretches to the shape of the box."""
    columns: list[Any] = []
    place = 0
    for value in box.values:
        if not hasattr(value, "shape"):
            columns.append(value)
            continue
        sizes = [1] * len(box.shape)
        sizes[place] = len(value)  # type: ignore[arg-type]
        columns.append(column(value.reshape(sizes)))  # type: ignore[union-attr]
        place += 1
    return columns


def kind_of(message: str) -> str:
    """A sentence without its numbers: failures that differ in nothing else are of one kind."""
    return re.sub(r"<[vx]\d+>(?:/\S+)?|\d+(?:[.,]\d+)*", "N", message)


def _comes_from_a_type(error: BaseException) -> bool:
    """Whether an error was made of a TypeError, which tracing itself may have caused."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, TypeError):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


__all__ = ["BUILT", "Axis", "Box", "Machine", "as_array", "axis_columns", "chunks", "kind_of"]
