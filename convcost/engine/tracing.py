"""Numbers that remember how they came about: the engine run once, then replayed as plain code.

A ``Traced`` number carries the value of one concrete case and the name of the step that made
it. Running the ordinary build and count on traced sizes records every arithmetic step; every
comparison on the way becomes a guard. ``Trace.record`` gives the record: ``replaying`` turns it
into one function of the sizes, ``columns`` runs it on whole columns of them. Where a guard takes
another side than it did in the recorded case, the record says nothing, and the engine has to be
asked again. So a replay can never differ from the engine; it can only decline.

Whole numbers and fractions of them are recorded. A number that is needed as itself (as an index)
pins the record to its value. Anything else raises (a float, a hash), which means that this case
cannot be replayed. Nothing is ever answered without a guard, but for one thing: a number is not
equal to a text, a tuple or None, whichever number it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NoReturn

from convcost.engine.records import Guard, Operand, Record, Step
from convcost.engine.shapes import ComparableNumber

MAX_STEPS = 20_000
"""The longest record that is worth replaying."""


class NotTraceableError(Exception):
    """Something was done with a traced number that a record cannot hold."""


class Trace:
    """The record of one run: steps and guards in order, each step only once."""

    def __init__(self) -> None:
        self._lines: list[Step | Guard] = []
        self._known: dict[tuple[str, Operand, Operand], Traced] = {}
        self._guards: set[tuple[str, Operand, Operand]] = set()
        self._inputs = 0

    def input(self, value: int) -> Traced:
        """A new argument of the replay, with its value in the recorded case."""
        name = f"x{self._inputs}"
        self._inputs += 1
        return Traced(self, name, value)

    def step(self, operator: str, left: Operand, right: Operand, value: int) -> Traced:
        """The result of an operation on earlier names."""
        key = (operator, left, right)
        made = self._known.get(key)
        if made is None:
            made = self._known[key] = Traced(self, f"v{len(self._known)}", value)
            self._add(Step(made.name, operator, left, right))
        return made

    def guard(self, operator: str, left: Operand, right: Operand, holds: bool) -> bool:
        """Note that the run depends on this comparison being as it is."""
        key = (operator, left, right)
        if key not in self._guards:
            self._guards.add(key)
            self._add(Guard(operator, left, right, holds))
        return holds

    def _add(self, line: Step | Guard) -> None:
        if len(self._lines) >= MAX_STEPS:
            raise NotTraceableError("too many steps")
        self._lines.append(line)

    def record(self, results: Sequence[Any]) -> Record:
        """What was done, with the places of ``results``."""
        places = tuple(_operand(result)[0] for result in results)
        return Record(self._inputs, tuple(self._lines), places)


def _refuse(*_: Any) -> NoReturn:
    raise NotTraceableError("more than the arithmetic of whole numbers and fractions")


_decline: Any = _refuse
"""A method that a record cannot hold."""


def _operand(value: Any) -> tuple[Operand, int]:
    """A number as a record holds it and as a value."""
    if type(value) is Traced:
        return value.name, value.value
    if type(value) is int:
        return value, value
    if isinstance(value, int):
        return int(value), int(value)
    raise NotTraceableError(f"{type(value).__name__} beside a traced number")


class Traced(ComparableNumber):
    """An integer under observation."""

    __slots__ = ("name", "trace", "value")

    def __init__(self, trace: Trace, name: str, value: int) -> None:
        self.trace = trace
        self.name = name
        self.value = value

    def _step(self, operator: str, left: Any, right: Any) -> Any:
        if type(left) not in _PLAIN or type(right) not in _PLAIN:
            apply: Any = _COMPUTE_RATIO[operator]
            return apply(as_ratio(left), as_ratio(right))
        (a, x), (b, y) = _operand(left), _operand(right)
        if operator in ("//", "%"):
            if type(right) is Traced:
                self.trace.guard("==", b, 0, y == 0)
            if y == 0:
                raise ZeroDivisionError
        if a == b and operator in _OF_EQUALS:
            return _OF_EQUALS[operator]  # groups == channels, as of depthwise convolutions
        return self.trace.step(operator, a, b, _COMPUTE[operator](x, y))

    def _guard(self, operator: str, other: Any, holds: Callable[[int, int], bool]) -> bool:
        if type(other) not in _PLAIN:
            if operator in _EQUALITY and isinstance(other, _NEVER_EQUAL):
                return operator == "!="
            if isinstance(other, TracedRatio):
                return bool(as_ratio(self)._guard(operator, other))
            if isinstance(other, Fraction):
                # The denominator is positive, so that multiplying by it keeps the order.
                return bool((self * other.denominator)._guard(operator, other.numerator, holds))
        right, value = _operand(other)
        return self.trace.guard(operator, self.name, right, holds(self.value, value))

    def __add__(self, other: Any) -> Any:
        return self if _is(other, 0) else self._step("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self if _is(other, 0) else self._step("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return self if _is(other, 0) else self._step("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._step("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return self if _is(other, 1) else self._step("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self if _is(other, 1) else self._step("*", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self if _is(other, 1) else self._step("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._step("//", other, self)

    def __mod__(self, other: Any) -> Any:
        return 0 if _is(other, 1) else self._step("%", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._step("%", other, self)

    def __truediv__(self, other: Any) -> Any:
        return as_ratio(self) / as_ratio(other)

    def __rtruediv__(self, other: Any) -> Any:
        return as_ratio(other) / as_ratio(self)

    def __neg__(self) -> Any:
        return self._step("-", 0, self)

    def __pos__(self) -> Traced:
        return self

    def __eq__(self, other: object) -> bool:
        return other is self or self._guard("==", other, int.__eq__)

    def __ne__(self, other: object) -> bool:
        return other is not self and self._guard("!=", other, int.__ne__)

    def __lt__(self, other: Any) -> bool:
        return self._guard("<", other, int.__lt__)

    def __le__(self, other: Any) -> bool:
        return self._guard("<=", other, int.__le__)

    def __gt__(self, other: Any) -> bool:
        return self._guard(">", other, int.__gt__)

    def __ge__(self, other: Any) -> bool:
        return self._guard(">=", other, int.__ge__)

    def __bool__(self) -> bool:
        return self._guard("!=", 0, int.__ne__)

    def __index__(self) -> int:
        """A loop or an index needs the number itself: the record then holds for it alone."""
        self._guard("==", self.value, int.__eq__)
        return self.value

    def __str__(self) -> str:
        """Which number it is, for the sentences of errors. It is no number's text."""
        return f"<{self.name}>"

    def __format__(self, format_spec: str) -> str:
        return str(self)

    __divmod__ = __rdivmod__ = __pow__ = __rpow__ = __abs__ = __round__ = __float__ = _decline
    __trunc__ = __floor__ = __ceil__ = __invert__ = __and__ = __or__ = __xor__ = _decline
    __lshift__ = __rshift__ = __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = _decline
    as_integer_ratio = _decline  # so that Fraction(traced) declines, too
    __hash__ = _decline  # a number under observation is no key


class TracedRatio(Fraction):
    """A fraction under observation: ``top / bottom``, not reduced, the bottom positive.

    Code that asks for the denominator wants to know whether it is 1; that is a guard.
    """

    __slots__ = ("bottom", "top")
    top: Any
    bottom: Any

    def __new__(cls, top: Any, bottom: Any) -> TracedRatio:
        """``top / bottom``. Raises ZeroDivisionError."""
        if bottom == 0:
            raise ZeroDivisionError
        self = object.__new__(cls)  # without the parts that Fraction's own arithmetic would use
        self.top, self.bottom = (top, bottom) if bottom > 0 else (-top, -bottom)
        return self

    @property
    def denominator(self) -> Any:
        """1 where the value is whole; otherwise the bottom as it is."""
        return 1 if self.top % self.bottom == 0 else self.bottom

    @property
    def numerator(self) -> Any:
        """What belongs to ``denominator``."""
        return self.top // self.bottom if self.top % self.bottom == 0 else self.top

    def _guard(self, operator: str, other: Any) -> bool:
        if operator in _EQUALITY and isinstance(other, _NEVER_EQUAL):
            return operator == "!="
        other = as_ratio(other)
        left, right = self.top * other.bottom, other.top * self.bottom
        return bool(_COMPARE[operator](left, right))

    def __add__(self, other: Any) -> Any:
        other = as_ratio(other)
        top = self.top * other.bottom + other.top * self.bottom
        return TracedRatio(top, self.bottom * other.bottom)

    def __neg__(self) -> Any:
        return TracedRatio(-self.top, self.bottom)

    def __sub__(self, other: Any) -> Any:
        return self + -as_ratio(other)

    def __rsub__(self, other: Any) -> Any:
        return as_ratio(other) + -self

    def __mul__(self, other: Any) -> Any:
        other = as_ratio(other)
        return TracedRatio(self.top * other.top, self.bottom * other.bottom)

    def __truediv__(self, other: Any) -> Any:
        other = as_ratio(other)
        return TracedRatio(self.top * other.bottom, self.bottom * other.top)

    def __rtruediv__(self, other: Any) -> Any:
        return as_ratio(other) / self

    def __floordiv__(self, other: Any) -> Any:
        other = as_ratio(other)
        return (self.top * other.bottom) // (self.bottom * other.top)

    def __rfloordiv__(self, other: Any) -> Any:
        return as_ratio(other) // self

    def __mod__(self, other: Any) -> Any:
        return self - as_ratio(other) * (self // other)

    def __rmod__(self, other: Any) -> Any:
        return as_ratio(other) % self

    __radd__ = __add__
    __rmul__ = __mul__

    def __pos__(self) -> Any:
        return self

    def __eq__(self, other: object) -> bool:
        return self._guard("==", other)

    def __ne__(self, other: object) -> bool:
        return self._guard("!=", other)

    def __lt__(self, other: Any) -> bool:
        return self._guard("<", other)

    def __le__(self, other: Any) -> bool:
        return self._guard("<=", other)

    def __gt__(self, other: Any) -> bool:
        return self._guard(">", other)

    def __ge__(self, other: Any) -> bool:
        return self._guard(">=", other)

    def __bool__(self) -> bool:
        return bool(self.top != 0)

    def __int__(self, _index: Any = int) -> int:
        """Towards zero, as itself: the record then holds for this number alone."""
        whole = self.top // self.bottom if self.top >= 0 else -(-self.top // self.bottom)
        return int(whole)

    def __str__(self) -> str:
        return f"{self.top}/{self.bottom}"

    __repr__ = __str__

    def __format__(self, format_spec: str) -> str:
        return str(self)

    __divmod__ = __rdivmod__ = __pow__ = __rpow__ = __abs__ = __round__ = __float__ = _decline
    __trunc__ = __floor__ = __ceil__ = __complex__ = __reduce__ = _decline
    as_integer_ratio = limit_denominator = __copy__ = _decline
    __hash__ = _decline


def as_ratio(value: Any) -> Any:
    """A number of any kind that a record knows as a ``TracedRatio``."""
    if isinstance(value, TracedRatio):
        return value
    if isinstance(value, Fraction):
        return TracedRatio(value.numerator, value.denominator)
    _operand(value)
    return TracedRatio(value, 1)


def _is(value: Any, number: int) -> bool:
    return type(value) is int and value == number


_OF_EQUALS = {"-": 0, "//": 1, "%": 0}
"""Results of a number and itself, whichever it is."""

_PLAIN = (int, Traced)

_EQUALITY = ("==", "!=")

_NEVER_EQUAL = (str, tuple, type(None))
"""Kinds that equal no number at all, so that the answer depends on no size."""

_COMPUTE: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
}
_COMPUTE_RATIO: dict[str, Callable[[Any, Any], Any]] = {
    "+": TracedRatio.__add__,
    "-": TracedRatio.__sub__,
    "*": TracedRatio.__mul__,
    "//": TracedRatio.__floordiv__,
    "%": TracedRatio.__mod__,
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
