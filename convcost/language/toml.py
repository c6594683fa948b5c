"""TOML files -> models. Decimals are read as exact fractions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from convcost.engine.graph import MAX_NODES
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.reading import MAX_TOML

MAX_ENTRIES = MAX_NODES
"""How many layers, parameters or examples one document may list."""

MAX_KEY_PARTS = 16
"""How many names a dotted key may have: the parser's memory grows with their square."""


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """A TOML document. Raises SpecError with the line of a syntax error."""
    _refuse_deep_keys(text, place)
    try:
        return tomllib.loads(text, parse_float=_fraction)
    except tomllib.TOMLDecodeError as error:
        message, _, where = str(error).partition(" (at ")
        spot = where.rstrip(")").replace("line ", "").replace(", column ", ":")
        if not spot[:1].isdigit():  # "end of document"
            spot = str(text.count("\n") + 1)
        raise SpecError(
            f"not valid TOML: {message[:1].lower()}{message[1:]}", place=f"{place}:{spot}"
        ) from None
    except RecursionError:
        raise SpecError("nested too deeply", place=place) from None
    except ValueError:
        raise SpecError("a number has too many digits", place=place) from None


def _refuse_deep_keys(text: str, place: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") >= MAX_KEY_PARTS and _has_deep_key(line):
            raise SpecError(f"a key has more than {MAX_KEY_PARTS} names", place=f"{place}:{number}")


def _has_deep_key(line: str) -> bool:
    import re

    plain = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "s", line)  # texts may hold any dots
    deep = rf"(?<![\w-])(?:[\w-]+\s*\.\s*){{{MAX_KEY_PARTS}}}[\w-]"
    return re.search(deep, plain) is not None


def _fraction(text: str) -> Fraction | float:
    """A decimal as it is written. One with an exponent is refused later, as a float is."""
    digits = text.replace("_", "")
    plain = len(digits) <= 40 and set(digits) <= set("0123456789.+-")
    return Fraction(digits) if plain else float("nan")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a document."""
    from convcost.language.reading import read_text

    return parse_toml(read_text(path, MAX_TOML), str(path))


def refuse_long_lists(raw: Mapping[str, Any], place: str) -> None:
    """Raise SpecError for more entries than can be used, before any of them is looked at."""
    for key, value in raw.items():
        if isinstance(value, list | dict) and len(value) > MAX_ENTRIES:
            raise SpecError(
                f"more than {MAX_ENTRIES:,} entries", place=f"{place}: {shorten(key, 40)}"
            )


def checked_design(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """A design document that the models have accepted, in plain values.

    Raises SpecError that names the key.
    """
    from pydantic import ValidationError

    from convcost.language.models import DesignFile
    from convcost.language.problems import generic

    refuse_long_lists(raw, place)
    try:
        model = DesignFile.model_validate(raw)
        return model.model_dump(by_alias=True, exclude_unset=True)
    except ValidationError as error:
        problem: ConvcostError = generic(error, tuple(DesignFile.model_fields))
        field = getattr(problem, "field", None)
        raise SpecError(
            problem.message, place=f"{place}: {field}" if field else place, hint=problem.hint
        ) from None
