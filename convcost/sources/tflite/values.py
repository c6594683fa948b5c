"""Whole numbers that follow from sizes and constants: what exporters compute shapes with."""

from __future__ import annotations

from collections.abc import Callable

from convcost.engine.shapes import product
from convcost.sources.tflite.model import Dims
from convcost.sources.tflite.moving import strided_parts
from convcost.sources.tflite.reads import Reads, UnknownSizeError

MOST_NUMBERS = 64
"""More values than this are not the sizes of anything."""


def evaluate(reads: Reads) -> list[Dims | None]:
    """The values of each output, none where they are not worked out.

    Covers what stands between a SHAPE and the operator that takes a size: arithmetic on scalars
    and on lists, cutting and joining of lists.
    """
    rule = VALUES.get(reads.operator.kind) if not reads.operator.is_custom else None
    if rule is None:
        return []
    try:
        made = rule(reads)
    except (UnknownSizeError, ArithmeticError, LookupError, TypeError, ValueError):
        return []
    return [
        numbers if numbers is not None and len(numbers) <= MOST_NUMBERS else None
        for numbers in made
    ]


Value = Callable[[Reads], list[Dims | None]]


def _shape(reads: Reads) -> list[Dims | None]:
    return [reads.dims(0)]


def _rank(reads: Reads) -> list[Dims | None]:
    return [(len(reads.dims(0)),)]


def _copy(reads: Reads) -> list[Dims | None]:
    return [reads.numbers(0)]


def _joined(reads: Reads) -> list[Dims | None]:
    """Scalars packed, or lists put one after the other."""
    every = range(len(reads.operator.inputs))
    if any(len(reads.dims(at)) != (reads.operator.kind == "CONCATENATION") for at in every):
        raise ValueError
    return [tuple(value for at in every for value in reads.numbers(at))]


def _unpacked(reads: Reads) -> list[Dims | None]:
    (_,) = reads.dims(0)
    return [(value,) for value in reads.numbers(0)]


def _strided(reads: Reads) -> list[Dims | None]:
    (_,) = reads.dims(0)
    (kept,) = strided_parts(reads)
    values = reads.numbers(0)
    return [(values[kept],) if isinstance(kept, int) else tuple(values[at] for at in kept)]


def _sliced(reads: Reads) -> list[Dims | None]:
    values, start, length = reads.numbers(0), reads.number(1), reads.number(2)
    return [values[start:] if length == -1 else values[start : start + length]]


def _gathered(reads: Reads) -> list[Dims | None]:
    (_,) = reads.dims(0)
    values = reads.numbers(0)
    return [tuple(values[at] for at in reads.numbers(1))]


def _multiplied(reads: Reads) -> list[Dims | None]:
    if reads.axes(1, len(reads.dims(0))) != set(range(len(reads.dims(0)))):
        raise ValueError
    return [(product(reads.numbers(0)),)]


def _two(compute: Callable[[int, int], int]) -> Value:
    def rule(reads: Reads) -> list[Dims | None]:
        first, second = reads.numbers(0), reads.numbers(1)
        length = max(len(first), len(second))
        first, second = (side * length if len(side) == 1 else side for side in (first, second))
        return [tuple(compute(a, b) for a, b in zip(first, second, strict=True))]

    return rule


def _divide(a: int, b: int) -> int:
    """Whole-number DIV rounds towards zero, as C does."""
    return -(-a // b) if (a < 0) != (b < 0) else a // b


VALUES: dict[str, Value] = {
    "SHAPE": _shape,
    "RANK": _rank,
    **dict.fromkeys(("CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _copy),
    **dict.fromkeys(("PACK", "CONCATENATION"), _joined),
    "UNPACK": _unpacked,
    "STRIDED_SLICE": _strided,
    "SLICE": _sliced,
    "GATHER": _gathered,
    "REDUCE_PROD": _multiplied,
    "ADD": _two(lambda a, b: a + b),
    "SUB": _two(lambda a, b: a - b),
    "MUL": _two(lambda a, b: a * b),
    "DIV": _two(_divide),
    "FLOOR_DIV": _two(lambda a, b: a // b),
    "FLOOR_MOD": _two(lambda a, b: a % b),
    "MAXIMUM": _two(max),
    "MINIMUM": _two(min),
    "LESS": _two(lambda a, b: int(a < b)),
    "LESS_EQUAL": _two(lambda a, b: int(a <= b)),
    "GREATER": _two(lambda a, b: int(a > b)),
    "GREATER_EQUAL": _two(lambda a, b: int(a >= b)),
    "EQUAL": _two(lambda a, b: int(a == b)),
    "NOT_EQUAL": _two(lambda a, b: int(a != b)),
    "LOGICAL_AND": _two(lambda a, b: int(a and b)),
    "LOGICAL_OR": _two(lambda a, b: int(a or b)),
}
