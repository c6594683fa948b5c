"""Shapes (channels last, without batch) and the integer arithmetic that every formula shares.

The same arithmetic runs on Python integers and on symbols, so nothing here may compare sizes
unless they are integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]
"""``(height, width, channels)`` and its 0-D, 1-D and 3-D relatives."""


class ComparableNumber:
    """A stand-in for an integer that can be compared as one, unlike a symbol."""

    __slots__ = ()


def product(sizes: Iterable[int]) -> int:
    """The product of sizes, 1 for none. Works on symbols, where ``math.prod`` does too."""
    result = 1
    for size in sizes:
        result = result * size
    return result


def ceil_div(dividend: int, divisor: int) -> int:
    """``dividend / divisor`` rounded up."""
    if type(divisor) is int and divisor == 1:
        return dividend
    return -(-dividend // divisor)


def exact_div(dividend: int, divisor: int) -> int:
    """``dividend / divisor`` where a check has made sure that nothing is left over.

    On symbols the division stays a division, so that a formula reads ``Cin/4`` and not
    ``floor(Cin/4)``.
    """
    if is_known(dividend) and is_known(divisor):
        return dividend // divisor
    return dividend / divisor  # type: ignore[return-value]  # symbolic


def divides(divisor: int, dividend: int) -> bool:
    """Whether nothing is left over; on symbols, where nobody can know, True."""
    remainder = dividend % divisor
    return not is_known(remainder) or remainder == 0


def is_known(size: object) -> bool:
    """Whether a size is a number rather than a symbol."""
    return type(size) is int or isinstance(size, ComparableNumber)


def divisors(number: int, limit: int = 10_000_000) -> tuple[int, ...]:
    """All divisors of ``number`` in rising order; none for a number that is too large to try,
    or that stands for others (they serve the hints of errors only)."""
    if type(number) is not int or number > limit:
        return ()
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return tuple(sorted({*small, *(number // d for d in small)}))
