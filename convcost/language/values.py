"""The kinds of value that a field can hold, checked once with one wording.

A value may come from JSON, from a one-line spec or from an expression in a design file; what it
must be does not depend on where it was written. Symbols pass: a formula is derived by giving
them where numbers go.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from convcost.engine.shapes import is_known
from convcost.engine.windows import CAUSAL, SAME, Causal, Padding, PadPairs, Same
from convcost.errors import OperationError, shorten
from convcost.language.words import MAX_DIGITS, read_pads
from convcost.quantities import MAX_SIZE, split_sizes

Value: TypeAlias = Any
"""What a field holds before its kind is checked: int, bool, Fraction, str, tuple or a symbol."""


def describe(value: object) -> str:
    """A value as an error sentence quotes it, in the spelling of JSON."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(shorten(value))
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{float(value):.10g}"
    if isinstance(value, list | tuple):
        return shorten(f"[{', '.join(map(describe, value))}]")
    return shorten(str(value))


def whole(value: Value, field: str, *, least: int = 1) -> int:
    """A whole number of at least ``least`` and at most 2^31-1. Raises OperationError."""
    if is_known(value):
        if least <= value <= MAX_SIZE:
            return value  # type: ignore[no-any-return]
        bound = f"at most {MAX_SIZE}" if value > MAX_SIZE else f"at least {least}"
        raise OperationError(f"{field} must be {bound}, not {describe(value)}", field=field)
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return whole(value.numerator, field, least=least)
        raise OperationError(
            f"{field} must be a whole number, not {describe(value)}",
            field=field,
            hint="in an expression use // or ceil(), floor(), round_to()",
        )
    if value is None:
        raise OperationError(f"{field} is missing", field=field)
    if isinstance(value, bool | str | float | list | tuple | dict | Same | Causal):
        raise OperationError(f"{field} must be a whole number, not {describe(value)}", field=field)
    # A symbol: sympy knows of -Cin that it is below zero.
    if getattr(value, "is_negative", False) or (least and getattr(value, "is_zero", False)):
        raise OperationError(f"{field} must be at least {least}, not {value}", field=field)
    return value  # type: ignore[no-any-return]


def axes(value: Value, count: int, field: str, *, least: int = 1) -> tuple[int, ...]:
    """One size per spatial axis; a single number stands for all of ``count`` axes.

    A text is read as ``quantities.split_sizes`` does.
    """
    if isinstance(value, str) and (sizes := split_sizes(value)) is not None:
        numbers = [int(digits) if len(digits) <= MAX_DIGITS else MAX_SIZE + 1 for digits in sizes]
        value = numbers if len(numbers) > 1 else numbers[0]
    if isinstance(value, list | tuple):
        if len(value) == count:
            return tuple([whole(size, field, least=least) for size in value])
        spatial = "axis" if count == 1 else "axes"
        raise OperationError(
            f"{field} has {len(value)} sizes, the input has {count} spatial {spatial}",
            field=field,
        )
    return (whole(value, field, least=least),) * count


PADDINGS: dict[str, Padding] = {"same": SAME, "causal": CAUSAL}
"""Padding in words; ``valid``, none at all, is the third."""

PADDING_MAY_BE = (
    "padding may be same, valid, causal, a number, one for each axis, or before:after pairs"
)


def padding(value: Value, count: int, default: Padding = SAME) -> Padding:
    """``same``, ``valid``, ``causal``, a number, one per axis, or [before, after] pairs.

    ``default`` is what None stands for.
    """
    if value is None:
        return default
    if isinstance(value, Same | Causal):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in PADDINGS:
            return PADDINGS[word]
        value = 0 if word == "valid" else read_pads(value)
        if value is None:
            raise OperationError(
                f"padding must be same, valid, causal or numbers, not {describe(word)}",
                field="padding",
            )
    if isinstance(value, list | tuple):
        if any(isinstance(side, list | tuple) for side in value):
            return _pad_pairs(value, count)
        if len(value) != count:
            spatial = "axis" if count == 1 else "axes"
            raise OperationError(
                f"padding has {len(value)} sizes, the input has {count} spatial {spatial}",
                field="padding",
                hint=PADDING_MAY_BE,
            )
    return tuple([(side, side) for side in axes(value, count, "padding", least=0)])


def _pad_pairs(value: Sequence[Any], count: int) -> PadPairs:
    """[before, after] for each axis."""
    if len(value) != count or not all(map(_is_pair, value)):
        raise OperationError(
            f"padding in pairs needs [before, after] for each of {count} spatial "
            f"{'axis' if count == 1 else 'axes'}",
            field="padding",
            hint=PADDING_MAY_BE,
        )
    return tuple((whole(a, "padding", least=0), whole(b, "padding", least=0)) for a, b in value)


def _is_pair(side: object) -> bool:
    return isinstance(side, list | tuple) and len(side) == 2


def flag(value: Value, field: str) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise OperationError(f"{field} must be true or false, not {describe(value)}", field=field)


def choice(value: Value, field: str, known: Sequence[str]) -> str:
    """One of the known words."""
    from convcost.errors import did_you_mean

    if isinstance(value, str) and value in known:
        return value
    raise OperationError(
        f"{field}={describe(value)} is not known",
        field=field,
        hint=did_you_mean(value, known) if isinstance(value, str) else None,
        choices=tuple(known),
    )
