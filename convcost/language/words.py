"""Single words -> values: ``3``, ``3x1``, ``0:1x0:1``, ``0.5``, ``true``, ``relu``, ``[1,2]``.

The part of the one-line spelling that command-line options share. No patterns are compiled
here: every run with an option comes through this file.
"""

from __future__ import annotations

from typing import Any

from convcost.errors import SpecError, shorten
from convcost.language.fields import field_name
from convcost.quantities import split_sizes

MAX_DIGITS = 20
"""The longest number that is read at all."""


def is_number(text: str) -> bool:
    """Whether ``text`` is decimal digits, and not too many."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def is_sizes(text: str) -> bool:
    """Whether ``text`` is one number, or several as ``quantities.split_sizes`` reads them."""
    sizes = split_sizes(text)
    return sizes is not None and all(map(is_number, sizes))


def is_word(text: str) -> bool:
    """Whether ``text`` is a name: letters, digits, ``_ . + -``, not starting with a digit."""
    plain = text.translate(_WITHOUT_MARKS)
    return (
        text.isascii()
        and (text[:1].isalpha() or text[:1] == "_")
        and (not plain or plain.isalnum())
    )


_JOINS = str.maketrans("X\u00d7*,", "xxxx")
_WITHOUT_MARKS = str.maketrans("", "", "_.+-")


def read_sizes(text: str) -> int | tuple[int, ...]:
    """``3x1`` -> (3, 1); a single number stays one."""
    sizes = tuple(map(int, split_sizes(text) or ()))
    return sizes if len(sizes) > 1 else sizes[0]


def read_pads(text: str) -> Any:
    """``1`` -> 1, ``1x0`` -> (1, 0), ``0:1x0:1`` -> ((0, 1), (0, 1)); None for other texts."""
    plain = split_sizes(text.replace(":", ""))
    if plain is None or any(len(digits) > MAX_DIGITS for digits in plain):
        return None
    sizes = split_sizes(text)
    if sizes is not None:
        numbers = tuple(map(int, sizes))
        return numbers if len(numbers) > 1 else numbers[0]
    joined = text.strip().strip("()[]").translate(_JOINS)
    sides = [[one.strip() for one in side.split(":")] for side in joined.split("x")]
    if any(len(side) > 2 or not all(map(str.isdigit, side)) for side in sides):
        return None
    return tuple((int(side[0]), int(side[-1])) for side in sides)


def read_value(text: str) -> Any:
    """The value that a word stands for. Raises ValueError where it is none."""
    if text in ("true", "false", "True", "False"):
        return text.lower() == "true"
    if text[:1] != "[" and is_sizes(text):
        return read_sizes(text)
    sign, digits = ("-", text[1:]) if text[:1] == "-" else ("", text)
    whole, point, decimals = digits.partition(".")
    if is_number(whole) and (not point or is_number(decimals)):
        return float(sign + digits) if point else int(sign + digits)
    if is_word(text):
        return text
    if text[:1] in ('"', "["):
        import json

        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError(text) from None
    raise ValueError(text)


def option_value(field: str, text: str, place: str) -> Any:
    """The text of one setting on a command line. Raises SpecError at ``place``."""
    field = field_name(field)
    if field == "padding" and (pads := read_pads(text)) is not None:
        return pads
    try:
        return read_value(text)
    except ValueError:
        raise SpecError(
            f"{shorten(text, 40)!r} is not a value for {field}" if text else f"{field} is empty",
            place=shorten(place, 72),
            hint="expected a number, sizes such as 3x1, or a word",
        ) from None
