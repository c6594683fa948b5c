"""TOML files -> models. Decimals are read as exact fractions."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from convcost.errors import ConvcostError, SpecError


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """A TOML document. Raises SpecError with the line of a syntax error."""
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


def _fraction(text: str) -> Fraction | float:
    """A decimal as it is written. One with an exponent is refused later, as a float is."""
    digits = text.replace("_", "")
    plain = len(digits) <= 40 and set(digits) <= set("0123456789.+-")
    return Fraction(digits) if plain else float("nan")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a document."""
    from convcost.language.reading import read_text

    return parse_toml(read_text(path), str(path))


def checked_design(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """A design document that the models have accepted, in plain values.

    Raises SpecError that names the key.
    """
    from pydantic import ValidationError

    from convcost.language.models import DesignFile
    from convcost.language.problems import generic

    try:
        model = DesignFile.model_validate(raw)
        return model.model_dump(by_alias=True, exclude_unset=True)
    except ValidationError as error:
        problem: ConvcostError = generic(error, tuple(DesignFile.model_fields))
        field = getattr(problem, "field", None)
        raise SpecError(
            problem.message, place=f"{place}: {field}" if field else place, hint=problem.hint
        ) from None
