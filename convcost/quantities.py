"""Numbers in and out: counts, shapes, ratios and bytes. The only formatter and number reader.

Everything here is exact integer arithmetic; rounding happens once, in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from convcost.errors import ConvcostError, shorten

MAX_SIZE = 2**31 - 1
"""The largest size that a spec may hold, as in frameworks that index with 32 bits."""

_BETWEEN_SIZES = str.maketrans("X\u00d7*", "xxx")
_BRACKETS = {"(": ")", "[": "]"}


class Amount(NamedTuple):
    """A number that may be a lower bound: something that belongs to it could not be counted."""

    value: int
    is_bound: bool = False

    def __str__(self) -> str:
        return f">={self.value}" if self.is_bound else str(self.value)

    def text(self, show: Callable[[int], str]) -> str:
        """The number as ``show`` writes it, marked where it is a bound: ``>= 592``."""
        return f">= {show(self.value)}" if self.is_bound else show(self.value)


_COUNT = re.compile(
    r"([0-9]{1,18}(?:[_,][0-9]{3})*)(?:\.([0-9]{1,9}))?(?:[eE]\+?([0-9]{1,2}))?\s?([kKMGT]?)",
    re.ASCII,
)
_POWERS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def looks_like_shape(text: str) -> bool:
    """Whether ``text`` is sizes: ``56x56x256``, and what else ``split_sizes`` reads."""
    return split_sizes(_without_unknown(text)) is not None


def _without_unknown(text: str) -> str:
    """``(None, 56, 56, 256)`` without the batch that Keras does not know: ``(56, 56, 256)``."""
    begun = text.lstrip()
    opening = begun[:1] if begun[:1] in _BRACKETS else ""
    first, comma, rest = begun.removeprefix(opening).partition(",")
    return f"{opening}{rest}" if comma and first.strip() == "None" else text


def split_sizes(text: str) -> list[str] | None:
    """The digits of each size of a text, or None where it is no sizes.

    Sizes are joined by x (or X, \u00d7, *) or by commas, with or without spaces, in round or
    square brackets or none: ``56x56x256``, ``56 x 56 x 256``, ``(56, 56, 256)``.
    """
    plain = text.split("x")
    if all(map(str.isdigit, plain)) and text.isascii():  # nearly every shape is written so
        return plain
    text = text.strip()
    if text[:1] in _BRACKETS and text[-1:] == _BRACKETS[text[0]]:
        text = text[1:-1].removesuffix(",")
    text = text.translate(_BETWEEN_SIZES)
    if "x" in text and "," in text:
        return None
    sizes = [size.strip() for size in text.split("," if "," in text else "x")]
    return sizes if all(size.isascii() and size.isdigit() for size in sizes) else None


def parse_shape(text: str) -> tuple[int, ...]:
    """``"56x56x256"`` -> ``(56, 56, 256)``. Raises ConvcostError on anything else."""
    sizes = split_sizes(_without_unknown(text))
    if sizes is None:
        raise ConvcostError(
            f"{shorten(text)!r} is not a shape",
            hint="write sizes joined by x, channels last: 56x56x256",
        )
    return tuple(map(parse_size, sizes))


def parse_size(digits: str) -> int:
    """One size of a shape or a setting: 1 to 2^31-1 in decimal digits."""
    size = int(digits) if len(digits) <= 20 else MAX_SIZE + 1
    if size < 1:
        raise ConvcostError("0 is not a size", hint="sizes start at 1")
    if size > MAX_SIZE:
        raise ConvcostError(
            f"{shorten(digits, 24)} is too large", hint=f"sizes end at {MAX_SIZE} (2^31 - 1)"
        )
    return size


class UnknownShape(tuple[int, ...]):
    """The shape of a tensor whose sizes depend on its values, or that nobody knows.

    It holds one value for all that one can say, so that sums over it are lower bounds.
    """

    __slots__ = ()


UNKNOWN_SHAPE = UnknownShape((1,))


def format_shape(shape: Sequence[object]) -> str:
    """``(56, 56, 256)`` -> ``"56x56x256"``, and ``?`` for a shape that is not known."""
    return "?" if isinstance(shape, UnknownShape) else "x".join(map(str, shape))


def known_shape(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """A shape for programs: None where it is not known."""
    return None if isinstance(shape, UnknownShape) else shape


def format_sizes(sizes: Sequence[object]) -> str:
    """One size for each axis, or a single one where all agree: ``(2, 2)`` -> ``"2"``."""
    return format_shape(sizes[:1] if all(size == sizes[0] for size in sizes) else sizes)


def parse_count(text: str) -> int:
    """A count as people write it: ``300M``, ``1.5G``, ``462_422_016``. Decimal powers only."""
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        raise ConvcostError(
            f"{shorten(text)!r} is not a count", hint="write it like 462422016, 300M or 1.5G"
        )
    exact = _exact(match)
    if exact.denominator != 1:
        raise ConvcostError(f"{shorten(text)!r} is not a whole number")
    return int(exact)


def parse_bytes(text: str) -> int:
    """A number of bytes: ``320KiB``, ``1.5 MiB``, ``500kB``, ``1_048_576``, ``2M`` (decimal).

    Raises ConvcostError. KiB is 1,024 bytes, kB is 1,000.
    """
    words = text.strip()
    if words[-3:].lower() in _BINARY:
        scale, words = _BINARY[words[-3:].lower()], words[:-3]
    else:
        scale, words = 1, words.removesuffix("B").removesuffix("b")
    match = _COUNT.fullmatch(words.strip())
    if match is None or (scale > 1 and match.group(3)):
        raise ConvcostError(
            f"{shorten(text)!r} is not a number of bytes", hint="write it like 327680 or 320KiB"
        )
    exact = _exact(match) * scale
    if exact.denominator != 1:
        raise ConvcostError(f"{shorten(text)!r} is not a whole number of bytes")
    return int(exact)


def _exact(match: re.Match[str]) -> Fraction:
    """What the groups of ``_COUNT`` say, exactly."""
    whole, decimals, exponent, unit = match.groups()
    digits = re.sub("[_,]", "", whole)
    power: int = 10 ** int(exponent or 0)
    return Fraction(f"{digits}.{decimals or 0}") * power * _POWERS[unit.upper()]


class Printed(NamedTuple):
    """A figure as a paper prints it: its value, the worth of its last digit, its unit.

    ``zeros``: how many zeros stand at the end of a whole number of units; they may say nothing.
    """

    text: str
    value: Fraction
    place: Fraction
    letter: str
    zeros: int


_PRINTED = re.compile(
    r"~?\s*(\d[\d,]*)(?:\.(\d+))?\s*(?:[xX*\u00d7]\s*10\^?(\d{1,2})|[eE]\+?(\d{1,2})|([kKMGBT])?)"
    r"\s*(?:FLOPS|FLOPs|FLOP|Flops|flops|MACs|MAC|MAdds|Mult-Adds|mult-adds|OPs|Ops|params)?",
    re.ASCII,
)


def parse_printed(text: str) -> Printed:
    """``4.12G`` -> 4,120,000,000, known to 10,000,000. Raises ConvcostError on anything else."""
    match = _PRINTED.fullmatch(text.strip()) if len(text) <= 60 else None
    if match is None:
        raise ConvcostError(
            f"{shorten(text)!r} is not a printed figure",
            hint="write it as the paper does: 4.12G, 25.6M, 3.8x10^9 or 568,740,352",
        )
    whole, decimals, power, exponent, letter = match.groups()
    unit = _POWERS[(letter or "").upper().replace("B", "G")]
    unit = 10 ** int(power or exponent) if power or exponent else unit
    digits = whole.replace(",", "") + (decimals or "")
    place = Fraction(unit, 10 ** len(decimals or ""))
    zeros = 0 if decimals else len(digits) - len(digits.rstrip("0"))
    if not int(digits):
        raise ConvcostError(f"{shorten(text)!r} is nothing", hint="write what the paper prints")
    return Printed(text.strip(), int(digits) * place, place, (letter or "").upper(), zeros)


def format_count(count: int) -> str:
    """Exact, with thousands separators: ``462,422,016``."""
    return f"{count:,}"


def format_human(count: int) -> str:
    """Three significant digits and a decimal unit: ``462 M``; below 1,000 the exact number.

    A value that rounds up to 1,000 of a unit is shown as 1 of the next one.
    """
    if abs(count) < 1000:
        return str(count)
    units = list(_POWERS)
    for unit in units[1:]:
        scaled = Fraction(count, _POWERS[unit])
        if round(scaled) < 1000 or unit == units[-1]:
            break
    return f"{_three_digits(scaled)} {unit}"


def _three_digits(value: Fraction) -> str:
    """``value`` (below 1,000, or a very large one) with three significant digits."""
    for decimals in (2, 1):
        if round(value * 10**decimals) < 1000:
            return f"{round(value * 10**decimals) / 10**decimals:.{decimals}f}"
    return f"{round(value):,}"


def format_bytes(count: int) -> str:
    """Binary units, named as such: ``784 B``, ``3.06 MiB``; three significant digits."""
    if count < 1024:
        return f"{count} B"
    for power, unit in enumerate(("KiB", "MiB", "GiB", "TiB"), start=1):
        scaled = Fraction(count, 1024**power)
        if round(scaled) < 1024 or unit == "TiB":
            break
    return f"{_three_digits(scaled)} {unit}"


def format_change(count: int, baseline: int) -> str:
    """How many times fewer or more ``count`` is than ``baseline``: ``8.69x fewer``.

    ``count`` of 0 has no such number and says ``none``; so has a baseline of 0 (``-``).
    """
    if baseline == 0:
        return "same" if count == 0 else "-"
    if count == baseline:
        return "same"
    if count == 0:
        return "none"
    ratio = Fraction(max(count, baseline), min(count, baseline))
    return f"{format_times(ratio)} {'fewer' if count < baseline else 'more'}"


def format_times(ratio: Fraction) -> str:
    """A ratio of at least 1 with three significant digits: ``8.69x``, ``1,234x``.

    A ratio too close to 1 to show is written as ``1.00x``.
    """
    return f"{_three_digits(ratio)}x"


def format_percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` as a percentage with one decimal; ``-`` of nothing."""
    if whole == 0:
        return "-"
    return f"{round(Fraction(part, whole) * 1000) / 10:.1f} %"
