"""Single words -> values: ``3``, ``3x1``, ``0:1x0:1``, ``0.5``, ``true``, ``relu``, ``[1,2]``.

The part of the one-line spelling that command-line options share. No patterns are compiled
here: every run with an option comes through this file.
"""

from __future__ import annotations

from typing import Any

from convcost.errors import SpecError, shorten

SHORT_NAMES = {"kernel": "kernel_size", "out": "out_channels"}
"""Spellings that are accepted and never written."""

SETTINGS = (
    "kernel_size",
    "out_channels",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
)
"""The convolution vocabulary, in the order in which it is written."""

FRAME = ("type", "input", "batch", "name", "repeat")
"""Fields of a spec that say where a layer stands, not what it is."""

MAX_DIGITS = 20


def is_number(text: str) -> bool:
    """Whether ``text`` is decimal digits, and not too many."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def is_sizes(text: str) -> bool:
    """Whether ``text`` is one number, or several joined by x."""
    return all(map(is_number, text.split("x")))


def is_pads(text: str) -> bool:
    """Whether ``text`` is pads for each axis: numbers, or before:after pairs, joined by x."""
    sides = [side.split(":") for side in text.split("x")]
    return all(len(side) <= 2 and all(map(is_number, side)) for side in sides)


def is_word(text: str) -> bool:
    """Whether ``text`` is a name: letters, digits, ``_ . + -``, not starting with a digit."""
    plain = text.translate(_WITHOUT_MARKS)
    return (
        text.isascii()
        and (text[:1].isalpha() or text[:1] == "_")
        and (not plain or plain.isalnum())
    )


_WITHOUT_MARKS = str.maketrans("", "", "_.+-")


def read_sizes(text: str) -> int | tuple[int, ...]:
    """``3x1`` -> (3, 1); a single number stays one."""
    sizes = tuple(map(int, text.split("x")))
    return sizes if len(sizes) > 1 else sizes[0]


def read_pads(text: str) -> Any:
    """``1`` -> 1, ``1x0`` -> (1, 0), ``0:1x0:1`` -> ((0, 1), (0, 1))."""
    sides = [tuple(map(int, side.split(":"))) for side in text.split("x")]
    if all(len(side) == 1 for side in sides):
        return read_sizes(text)
    return tuple((side[0], side[-1]) for side in sides)


def read_value(text: str) -> Any:
    """The value that a word stands for. Raises ValueError where it is none."""
    if text in ("true", "false"):
        return text == "true"
    if text and is_sizes(text):
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

    field = SHORT_NAMES.get(field, field)
    if field == "padding" and is_pads(text):
        return read_pads(text)
    try:
        return read_value(text)
    except ValueError:
        raise SpecError(
            f"{shorten(text, 40)!r} is not a value for {field}" if text else f"{field} is empty",
            place=shorten(place, 72),
            hint="expected a number, sizes such as 3x1, or a word",
        ) from None
