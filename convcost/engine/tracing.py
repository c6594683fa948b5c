"""Numbers that remember how they came about: the engine run once, then replayed as plain code.

A ``Traced`` number carries the value of one concrete case and the name of the step that made
it. Running the ordinary build and count on traced sizes records every arithmetic step; every
comparison on the way becomes a guard. ``Trace.compile`` turns the record into one function of
the sizes: it returns the results, or None where a guard takes the other side than it did in the
recorded case, and then the record says nothing and the engine has to be asked again. So a
replay can never differ from the engine; it can only decline.

Only integer arithmetic is recorded, and comparisons with integers and fractions. A number that
is needed as itself (as an index, a text) pins the record to its value. Anything else raises (a
decimal in arithmetic, a hash), which means that this case cannot be replayed. Nothing is ever
answered without a guard, but for one thing: a number is not equal to a text, a tuple or None,
whichever number it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NoReturn, TypeAlias

from convcost.engine.shapes import ComparableNumber

Replay: TypeAlias = Callable[..., "tuple[int, ...] | None"]

MAX_STEPS = 2000
"""The longest record that is worth replaying."""


class NotTraceableError(Exception):
    """Something was done with a traced number that a record cannot hold."""


class Trace:
    """The record of one run: steps and guards in order, each step only once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._known: dict[str, Traced] = {}
        self._guards: set[str] = set()
        self._inputs: list[str] = []

    def input(self, value: int) -> Traced:
        """A new argument of the replay, with its value in the recorded case."""
        name = f"x{len(self._inputs)}"
        self._inputs.append(name)
        return Traced(self, name, value)

    def step(self, expression: str, value: int) -> Traced:
        """The result of ``expression`` over earlier names."""
        made = self._known.get(expression)
        if made is None:
            if len(self._lines) >= MAX_STEPS:
                raise NotTraceableError("too many steps")
            made = self._known[expression] = Traced(self, f"v{len(self._known)}", value)
            self._lines.append(f"{made.name} = {expression}")
        return made

    def guard(self, condition: str, holds: bool) -> bool:
        """Note that the run depends on ``condition`` being as it is."""
        if condition not in self._guards:
            self._guards.add(condition)
            self._lines.append(f"if {'not ' * holds}({condition}): return None")
        return holds

    def compile(self, results: Sequence[Any]) -> Replay:
        """The record as a function of its inputs, returning ``results``.

        The source holds nothing but names that this file made up, integers and operators.
        """
        values = ", ".join(_operand(result)[0] for result in results)
        body = "\n ".join([*self._lines, f"return ({values},)"])
        source = f"def replay({', '.join(self._inputs)}):\n {body}\n"
        scope: dict[str, Any] = {"__builtins__": {}}
        exec(compile(source, "<replay>", "exec"), scope)
        replay: Replay = scope["replay"]
        return replay


def _operand(value: Any) -> tuple[str, int]:
    """A number as source text and as a value."""
    if isinstance(value, Traced):
        return value.name, value.value
    if isinstance(value, int):
        return f"({int(value)})" if value < 0 else str(int(value)), int(value)
    raise NotTraceableError(f"{type(value).__name__} beside a traced number")


class Traced(ComparableNumber):
    """An integer under observation."""

    __slots__ = ("name", "trace", "value")

    def __init__(self, trace: Trace, name: str, value: int) -> None:
        self.trace = trace
        self.name = name
        self.value = value

    def _step(self, operator: str, left: Any, right: Any) -> Traced:
        (a, x), (b, y) = _operand(left), _operand(right)
        if operator in ("//", "%"):
            if isinstance(right, Traced):
                self.trace.guard(f"{b} == 0", y == 0)
            if y == 0:
                raise ZeroDivisionError
        value = _COMPUTE[operator](x, y)
        return self.trace.step(f"{a} {operator} {b}", value)

    def _guard(self, operator: str, other: Any, holds: Callable[[int, int], bool]) -> bool:
        if operator in _EQUALITY and isinstance(other, _NEVER_EQUAL):
            return operator == "!="
        if isinstance(other, Fraction):
            # The denominator is positive, so that multiplying by it keeps the order.
            scaled = self * other.denominator
            return bool(scaled._guard(operator, other.numerator, holds))
        text, value = _operand(other)
        return self.trace.guard(f"{self.name} {operator} {text}", holds(self.value, value))

    def _decline(self, *_: Any) -> NoReturn:
        raise NotTraceableError("more than whole-number arithmetic")

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

    def __neg__(self) -> Traced:
        return self.trace.step(f"-{self.name}", -self.value)

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

    def __format__(self, format_spec: str) -> str:
        """A text of the number holds for it alone, too."""
        return format(self.__index__(), format_spec)

    def __str__(self) -> str:
        return str(self.__index__())

    __truediv__ = __rtruediv__ = __divmod__ = __rdivmod__ = __pow__ = __rpow__ = _decline
    __abs__ = __round__ = __float__ = _decline
    __hash__ = _decline  # a number under observation is no key


def _is(value: Any, number: int) -> bool:
    return type(value) is int and value == number


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
