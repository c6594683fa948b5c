"""TOML files -> models. Decimals are read as exact fractions."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from convcost.errors import ConvcostError, SpecError
from convcost.specs.designs import DesignFile
from convcost.specs.problems import generic


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """A TOML document. Raises SpecError with the line of a syntax error."""
    try:
        return tomllib.loads(text, parse_float=_fraction)
    except tomllib.TOMLDecodeError as error:
        message, _, where = str(error).partition(" (at ")
        spot = where.rstrip(")").replace("line ", "").replace(", column ", ":")
        raise SpecError(
            f"not valid TOML: {message[:1].lower()}{message[1:]}", place=f"{place}:{spot}"
        ) from None
    except RecursionError:
        raise SpecError("nested too deeply", place=place) from None


def _fraction(text: str) -> Fraction | float:
    try:
        return Fraction(text.replace("_", "")) if len(text) <= 40 else float("nan")
    except ValueError:
        return float("nan")


def read_design(path: Path) -> DesignFile:
    """A design or network file."""
    from convcost.specs.files import read_text

    return design_model(parse_toml(read_text(path), str(path)), str(path))


def design_model(raw: dict[str, Any], place: str) -> DesignFile:
    """Check a document against the design models; the error names the key."""
    try:
        return DesignFile.model_validate(raw)
    except ValidationError as error:
        problem: ConvcostError = generic(error, tuple(DesignFile.model_fields))
        field = getattr(problem, "field", None)
        raise SpecError(
            problem.message, place=f"{place}: {field}" if field else place, hint=problem.hint
        ) from None
