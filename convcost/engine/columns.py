"""A record on whole columns of numbers: each step once for a million candidates, still exact.

A column is one Python integer, or a numpy array that is as long as its axis on one axis of a box
and 1 on the others; numpy stretches them against each other, so a step costs what its own axes
cost. int64 must never wrap: each step first bounds its result by interval arithmetic on Python
integers, and where the bound leaves int64 the step runs on arrays of Python integers. Guards that
the bounds decide are never computed; the others are masks. Rows that a guard turns away hold
nonsense, and the mask says which they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.records import Guard, Operand, Record, Step

LOW, HIGH = -(2**63), 2**63 - 1

Array: TypeAlias = Any
"""A numpy array; numpy is imported only where columns are run."""


class Column(NamedTuple):
    """Values with bounds that hold for every one of them."""

    values: Array | int
    low: int
    high: int


class Outcome(NamedTuple):
    """Where the record holds (True: everywhere), and its results there."""

    holds: Array | bool
    results: list[Column]


class Table:
    """A record prepared for columns: what hangs on a single input, and what may be forgotten.

    ``narrowing``: guards on a single input are left to ``narrow``, since each input is an axis
    of its own; otherwise ``run`` minds all of them.
    """

    def __init__(self, record: Record, *, narrowing: bool = True) -> None:
        self.record = record
        inputs = [f"x{number}" for number in range(record.inputs)]
        nothing: frozenset[str] = frozenset()
        hangs_on: dict[Operand, frozenset[str]] = {name: frozenset((name,)) for name in inputs}
        alone: dict[str, list[Step | Guard]] = {name: [] for name in inputs}
        self._main: list[Step | Guard] = []
        for line in record.lines:
            left, right = hangs_on.get(line.left, nothing), hangs_on.get(line.right, nothing)
            needs = left if left is right or not right else right if not left else left | right
            if len(needs) == 1:
                alone[next(iter(needs))].append(line)
            if isinstance(line, Step):
                hangs_on[line.name] = needs
                self._main.append(line)
            elif len(needs) > 1 or not narrowing:
                self._main.append(line)
        self._alone = [_needed(alone[name]) for name in inputs]
        self._main = _needed(self._main, record.results)
        self._forget = _last_uses(self._main, record.results)

    def narrow(self, number: int, values: Array) -> Array | None:
        """Which values of one input every guard on it alone lets pass; None: all of them."""
        import numpy as np

        masks: list[Array] = []
        known = {f"x{number}": column(values)}
        for line in self._alone[number]:
            if not _run(line, known, masks):
                return np.zeros(len(values), dtype=bool)
        return None if not masks else _all_of(masks)

    def run(self, inputs: Sequence[Column]) -> Outcome:
        """All other guards, and the results. Every value has passed ``narrow``."""
        known = {f"x{number}": one for number, one in enumerate(inputs)}
        masks: list[Array] = []
        for line, forget in zip(self._main, self._forget, strict=True):
            if not _run(line, known, masks):
                return Outcome(False, [])
            for name in forget:
                del known[name]
        results = [_column_of(place, known) for place in self.record.results]
        return Outcome(_all_of(masks) if masks else True, results)


def column(values: Array | int) -> Column:
    """Values with their own bounds."""
    if isinstance(values, int):
        return Column(values, values, values)
    return Column(values, int(values.min()), int(values.max()))


def _needed(lines: Iterable[Step | Guard], results: Iterable[Operand] = ()) -> list[Step | Guard]:
    """The lines without steps that no guard and no result uses."""
    used = {place for place in results if isinstance(place, str)}
    kept = []
    for line in reversed(list(lines)):
        if isinstance(line, Guard) or line.name in used:
            used.update(part for part in (line.left, line.right) if isinstance(part, str))
            kept.append(line)
    return kept[::-1]


def _last_uses(lines: list[Step | Guard], results: Iterable[Operand]) -> list[list[str]]:
    """For each line the names of steps that nothing reads after it."""
    keep = set(results)
    forget: list[list[str]] = []
    for line in reversed(lines):
        last = [
            part
            for part in dict.fromkeys((line.left, line.right))
            if type(part) is str and part[0] == "v" and part not in keep
        ]
        keep.update(last)
        forget.append(last)
    return forget[::-1]


def _column_of(place: Operand, known: dict[str, Column]) -> Column:
    return Column(place, place, place) if isinstance(place, int) else known[place]


def _run(line: Step | Guard, known: dict[str, Column], masks: list[Array]) -> bool:
    """One line; False where a guard can hold for no row."""
    left, right = _column_of(line.left, known), _column_of(line.right, known)
    if isinstance(line, Step):
        known[line.name] = _step(line.operator, left, right)
        return True
    decided = _decided(line.operator, left, right)
    if decided is not None:
        return decided == line.holds
    a, b = _alike(left, right)
    mask = _COMPARE[line.operator if line.holds else _OPPOSITE[line.operator]](a, b)
    if mask.all():
        return True
    masks.append(mask)
    return bool(mask.any())


def _step(operator: str, left: Column, right: Column) -> Column:
    """One operation, exact for every row."""
    import numpy as np

    if operator in ("//", "%") and right.low <= 0 <= right.high:
        # A guard has said which rows divide by zero; they must do no harm.
        values = right.values
        values = (values or 1) if isinstance(values, int) else np.where(values == 0, 1, values)
        right = Column(values, min(right.low, 1) or 1, max(right.high, 1))
    low, high = _BOUNDS[operator](left, right)
    if low == high:
        return Column(low, low, low)
    a, b = _alike(left, right, low, high)
    values = {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "//": np.floor_divide,
        "%": np.remainder,
    }[operator](a, b)
    if not isinstance(values, np.ndarray):
        values = int(values)
    elif values.dtype == object and low >= LOW and high <= HIGH:
        values = values.astype(np.int64)
    return Column(values, low, high)


def _alike(left: Column, right: Column, low: int = 0, high: int = 0) -> tuple[Any, Any]:
    """Both operands as they are, or as Python integers where int64 could not hold all."""
    fits = min(left.low, right.low, low) >= LOW and max(left.high, right.high, high) <= HIGH
    return (left.values, right.values) if fits else (_objects(left), _objects(right))


def _objects(one: Column) -> Any:
    import numpy as np

    return one.values if isinstance(one.values, int) else np.asarray(one.values, dtype=object)


def _all_of(masks: list[Array]) -> Array:
    """Where all masks hold; small ones are joined before they are stretched."""
    joined = sorted(masks, key=lambda mask: int(mask.size))
    result = joined[0]
    for mask in joined[1:]:
        result = result & mask
    return result


def _decided(operator: str, left: Column, right: Column) -> bool | None:
    """The answer that the bounds alone give, where they do."""
    if operator in (">", ">="):
        left, right, operator = right, left, "<" if operator == ">" else "<="
    if operator == "<":
        return True if left.high < right.low else False if left.low >= right.high else None
    if operator == "<=":
        return True if left.high <= right.low else False if left.low > right.high else None
    apart = left.high < right.low or right.high < left.low
    same = left.low == left.high == right.low == right.high
    return None if not apart and not same else same == (operator == "==")


def _sum(left: Column, right: Column) -> tuple[int, int]:
    return left.low + right.low, left.high + right.high


def _difference(left: Column, right: Column) -> tuple[int, int]:
    return left.low - right.high, left.high - right.low


def _product(left: Column, right: Column) -> tuple[int, int]:
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    return min(corners), max(corners)


def _divisors(right: Column) -> list[int]:
    """Where a quotient has its extremes: the ends of the divisor, and those next to zero."""
    around_zero = [d for d in (-1, 1) if right.low <= d <= right.high]
    return [d for d in (right.low, right.high, *around_zero) if d]


def _quotient(left: Column, right: Column) -> tuple[int, int]:
    corners = [a // d for a in (left.low, left.high) for d in _divisors(right)]
    return min(corners), max(corners)


def _remainder(left: Column, right: Column) -> tuple[int, int]:
    if left.low == left.high and right.low == right.high:
        return (left.low % right.low,) * 2
    low = min(right.low + 1, 0)
    high = max(right.high - 1, 0)
    if left.low >= 0 and right.low > 0:
        high = min(high, left.high)
    return low, high


_BOUNDS: dict[str, Callable[[Column, Column], tuple[int, int]]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "//": _quotient,
    "%": _remainder,
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COMPARE: dict[str, Any] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
