"""The space of a sweep: axes as they are written, and what one combination of values means.

``NAME=VALUES`` is an axis; VALUES is a comma list of values and ranges, ``A..B`` (both ends in),
``A..B:STEP``, ``A..B:xFACTOR``. Decimals are exact fractions. Axes are independent of each other;
what hangs on them (``out=6*in``) is an expression, evaluated for each combination.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.expressions import Evaluate, ExpressionError, compile_expression
from convcost.language.words import is_sizes, is_word, read_sizes

Value: TypeAlias = int | Fraction | str | bool | tuple[int, ...]

LONG_NAMES = {
    "in": "in_channels",
    "out": "out_channels",
    "kernel": "kernel_size",
    "type": "design",
}
"""What the short names of axes stand for. Other spellings are left to what is varied, since a
network may have a parameter ``k`` of its own."""

MAX_VALUE = 10**15
"""The largest whole number of an axis: far beyond any size, far within 64 bits."""

MAX_VALUES = 100_000
"""The longest axis of decimals or words; whole numbers in a range may be any number."""

HINT = "such as 8..64, 16..512:16, 1..64:x2, 0.2..1:0.1 or a list: 3,5,7"
_NUMBER = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,12})?", re.ASCII)


class Axis(NamedTuple):
    """One axis: its name as typed, and its values in order, each once."""

    name: str
    values: Sequence[Value]

    @property
    def field(self) -> str:
        """The full name of what the axis sets."""
        return LONG_NAMES.get(self.name, self.name)

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers, so that a machine may take them as a column."""
        return isinstance(self.values, range) or all(type(value) is int for value in self.values)


class Tie(NamedTuple):
    """A parameter that hangs on the axes: ``out=6*in``."""

    name: str
    text: str
    evaluate: Evaluate


class Space(NamedTuple):
    """All combinations of some axes, and what hangs on them."""

    axes: tuple[Axis, ...]
    ties: tuple[Tie, ...] = ()

    @property
    def size(self) -> int:
        """How many combinations there are."""
        size = 1
        for axis in self.axes:
            size *= len(axis.values)
        return size

    def settings(
        self, values: Mapping[str, Any], fixed: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What one combination (by the axes' names as typed) sets, by full names.

        Ties see the axes, what is ``fixed``, and the ties before them. Raises ExpressionError
        where a tie cannot be evaluated for it.
        """
        made = {LONG_NAMES.get(name, name): value for name, value in values.items()}
        if self.ties:
            scope = {**(fixed or {}), **made}
            for tie in self.ties:
                value = tie.evaluate(scope)
                made[LONG_NAMES.get(tie.name, tie.name)] = value
                scope[LONG_NAMES.get(tie.name, tie.name)] = value
        return made


def make_space(varied: Iterable[str], tied: Iterable[str] = ()) -> Space:
    """A space of ``NAME=VALUES`` texts and ``NAME=EXPRESSION`` texts. Raises SpecError."""
    axes = tuple(parse_axis(text) for text in varied)
    ties = tuple(parse_tie(text) for text in tied)
    typed = [*(axis.name for axis in axes), *(tie.name for tie in ties)]
    names = [LONG_NAMES.get(name, name) for name in typed]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{name} is given twice", hint="one axis or one setting each")
    return Space(axes, ties)


def parse_axis(text: str) -> Axis:
    """``NAME=VALUES``. Raises SpecError."""
    name, equals, listed = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise SpecError("an axis is NAME=VALUES", place=f"--vary {shorten(text, 60)}", hint=HINT)
    check_name(name, f"--vary {shorten(text, 60)}")
    try:
        return _checked(Axis(name, read_values(listed)))
    except ConvcostError as problem:
        place = f"--vary {shorten(text, 60)}"
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def axis_of(name: str, values: Iterable[Any]) -> Axis:
    """An axis of values that are there already, as from Python. Raises SpecError."""
    check_name(name, name)
    if isinstance(values, range):
        checked: Sequence[Value] = values
    else:
        checked = _each_once([_exact(name, value) for value in values])
    if not checked:
        raise SpecError(f"{name} has no values")
    return _checked(Axis(name, checked))


def _checked(axis: Axis) -> Axis:
    """The axis, if a column can hold its values. Raises SpecError."""
    ends = axis.values
    if isinstance(ends, range):
        ends = [ends[0], ends[-1]]
    for value in ends:
        if type(value) is int and abs(value) > MAX_VALUE:
            raise SpecError(f"{value} is too large", hint=f"values end at {MAX_VALUE:,}")
    return axis


def _exact(name: str, value: Any) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{name} holds {value}, which is no number")
    if isinstance(value, float):
        return _whole_if_whole(Fraction(repr(value)))
    if isinstance(value, bool | int | str | tuple):
        return value
    if isinstance(value, Fraction):
        return _whole_if_whole(value)
    if hasattr(value, "item"):  # a number of numpy
        return _exact(name, value.item())
    raise SpecError(f"{name} holds a {type(value).__name__}, not a number, a flag or a word")


def check_name(name: str, place: str) -> None:
    """An axis is called by a word, dotted for one layer. Raises SpecError."""
    if not all(map(is_word, name.split("."))):
        raise SpecError(f"{shorten(name, 40)!r} is not the name of a parameter", place=place)


def parse_tie(text: str) -> Tie:
    """``NAME=EXPRESSION`` over the axes. Raises SpecError."""
    name, _, expression = text.partition("=")
    place = f"--set {shorten(text, 60)}"
    check_name(name.strip(), place)
    try:
        return Tie(name.strip(), expression, compile_expression(in_full(expression)))
    except ExpressionError as problem:
        raise problem.at(place) from None


def in_full(text: str) -> str:
    """An expression with the short names of fields written out, since ``in`` is no name there."""
    return re.sub(
        r"(?<![\w.])(in|out|kernel)(?![\w(])", lambda match: LONG_NAMES[match.group()], text
    )


def is_tie(text: str, space_names: Iterable[str]) -> bool:
    """Whether a setting's value is an expression over axes rather than a value."""
    names = {*space_names, *(LONG_NAMES.get(name, name) for name in space_names)}
    words = re.findall(r"[A-Za-z_][A-Za-z_0-9]*", text)
    return any(word in names for word in words)


def read_values(text: str) -> Sequence[Value]:
    """A comma list of values and ranges. Raises ConvcostError."""
    parts = [_read_part(part.strip()) for part in text.split(",")]
    if len(parts) == 1 and isinstance(parts[0], range):
        return parts[0]
    count = sum(map(len, parts))
    if count > MAX_VALUES:
        raise ConvcostError(
            f"{count:,} values are too many for a list", hint="a single range A..B may be longer"
        )
    return _each_once([value for part in parts for value in part])


def _each_once(values: list[Value]) -> list[Value]:
    """Values in their order, without repetition. 1 and true are two."""
    seen = dict.fromkeys((type(value), value) for value in values)
    return [value for _, value in seen]


def _read_part(part: str) -> Sequence[Value]:
    if not part:
        raise ConvcostError("a value is missing", hint=HINT)
    if ".." in part and not part.startswith(("./", "../")):
        return _read_range(part)
    return [read_value(part)]


def read_value(text: str) -> Value:
    """One value: a whole number, a decimal, sizes (``3x1``), a flag, a word or a path."""
    if _NUMBER.fullmatch(text):
        return _whole_if_whole(Fraction(text))
    if text in ("true", "false"):
        return text == "true"
    if is_sizes(text):
        return read_sizes(text)
    if not text.isprintable() or not text:
        raise ConvcostError(f"{shorten(text)!r} is not a value", hint=HINT)
    return text


def _whole_if_whole(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def _read_range(part: str) -> Sequence[Value]:
    """``A..B``, ``A..B:STEP`` or ``A..B:xFACTOR``, both ends in where the steps meet them."""
    ends, _, step = part.partition(":")
    first_text, _, last_text = ends.partition("..")
    first, last = _number(first_text, part), _number(last_text, part)
    if first > last:
        raise ConvcostError(f"{part} is empty: {first_text} is above {last_text}", hint=HINT)
    if step.startswith("x"):
        return _geometric(first, last, _number(step[1:], part), part)
    if not step and (isinstance(first, Fraction) or isinstance(last, Fraction)):
        raise ConvcostError(f"{part} needs a step", hint=f"such as {part}:0.1")
    width = _number(step, part) if step else 1
    if width <= 0:
        raise ConvcostError(f"{part} has a step of {step}", hint="a step is above 0")
    if isinstance(first, int) and isinstance(width, int):
        return range(first, int(last // 1) + 1, width)
    count = int((Fraction(last) - first) // width) + 1
    if count > MAX_VALUES:
        raise ConvcostError(f"{part} has {count:,} values", hint=f"at most {MAX_VALUES:,} decimals")
    return [_whole_if_whole(Fraction(first) + number * width) for number in range(count)]


def _geometric(first: Any, last: Any, factor: Any, part: str) -> list[Value]:
    if factor <= 1 or first <= 0:
        raise ConvcostError(f"{part} does not grow", hint="such as 1..64:x2")
    values: list[Value] = []
    value = Fraction(first)
    while value <= last:
        values.append(_whole_if_whole(value))
        value *= factor
        if len(values) > MAX_VALUES:
            raise ConvcostError(f"{part} has too many values", hint="take a larger factor")
    return values


def _number(text: str, part: str) -> int | Fraction:
    if not _NUMBER.fullmatch(text):
        raise ConvcostError(f"{shorten(text, 20)!r} in {shorten(part, 40)} is no number", hint=HINT)
    return _whole_if_whole(Fraction(text))
