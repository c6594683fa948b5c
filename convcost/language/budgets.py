"""The budget file as pydantic models: what stands under ``[tool.convcost]``.

Owns which keys there are and how limits are written. Knows no file and no figure's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from convcost.engine.figures import FIGURES, meant_figure
from convcost.errors import ConvcostError, OperationError, shorten
from convcost.language.models import FieldValue
from convcost.language.values import describe
from convcost.quantities import parse_bytes, parse_count

LIMITED = tuple(key for key, figure in FIGURES.items() if figure.has_limit)
"""The figures that a limit can be set on."""

Uncounted = Literal["fail", "warn", "allow"]


class CheckEntry(BaseModel):
    """One ``[[tool.convcost.check]]``: a model, how it is counted, and its limits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100)
    model: str | list[str] = Field(min_length=1, description="whatever count takes")
    input: str | list[int] | None = None
    batch: int | None = None
    set: dict[str, FieldValue] = {}
    norm: bool | None = None
    activation: bool | None = None
    bias: bool | None = None
    dtype: str = "float32"
    unfused: bool = False
    in_place: list[str] = []
    planner: str = "live"
    patches: str | None = None
    until: str | None = None
    max: dict[str, Any] = Field(default={}, description="exit 1 above")
    warn: dict[str, Any] = Field(default={}, description="a warning above")
    max_increase: dict[str, Any] = Field(default={}, description="exit 1, against the baseline")
    uncounted: Uncounted = "fail"
    where: str | None = Field(default=None, description="a condition on what the model gives")


class BudgetSection(BaseModel):
    """``[tool.convcost]``, or a whole ``convcost.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    baseline: str | None = None
    design_path: list[str] = []
    check: list[CheckEntry] = []


class Increase(NamedTuple):
    """How much more than the baseline is allowed: a share of it, or an amount."""

    text: str
    share: Fraction | None = None
    amount: int = 0

    def most(self, base: int) -> int:
        """The largest value that is allowed."""
        return base + (self.amount if self.share is None else int(base * self.share))


def read_limits(raw: Mapping[str, Any], field: str) -> dict[str, int]:
    """``max`` or ``warn`` as numbers by figure. Raises OperationError that names the key."""
    return {key: _number(key, value, f"{field}.{key}") for key, value in _known(raw, field)}


def read_increases(raw: Mapping[str, Any], field: str) -> dict[str, Increase]:
    """``max_increase`` by figure. Raises OperationError that names the key."""
    found = {}
    for key, value in _known(raw, field):
        where = f"{field}.{key}"
        text = value.strip() if isinstance(value, str) else str(value)
        if text.endswith("%"):
            found[key] = Increase(text, share=percent(text, where))
        else:
            found[key] = Increase(text, amount=_number(key, value, where))
    return found


def percent(text: str, field: str) -> Fraction:
    """``0.1%`` as a share. Raises OperationError."""
    digits = text.strip().removesuffix("%").strip()
    plain = len(digits) <= 20 and digits.replace(".", "", 1).isdigit() and digits.isascii()
    if not plain:
        raise OperationError(
            f"{shorten(text, 40)!r} is not a percentage",
            field=field,
            hint="write it like 1% or 0.1%",
        )
    return Fraction(digits) / 100


def _known(raw: Mapping[str, Any], field: str) -> list[tuple[str, Any]]:
    for key in raw:
        if key not in LIMITED:
            known = FIGURES.get(key)
            message = f"{key} has no limit" if known else f"{shorten(key, 40)} is not a figure"
            raise OperationError(
                message, field=f"{field}.{shorten(key, 40)}", hint=meant_figure(key, LIMITED)
            )
    return list(raw.items())


def _number(key: str, value: Any, field: str) -> int:
    is_bytes = FIGURES[key].unit == "bytes"
    if isinstance(value, Fraction) and value.denominator == 1:
        value = int(value)
    if type(value) is int and value >= 0:
        return value
    if not isinstance(value, str):
        example = '327680 or "320KiB"' if is_bytes else '300000000 or "300M"'
        what = f"must be a whole number, not {describe(value)}"
        if isinstance(value, float):  # what TOML's reader makes of 3e8
            what = "is not exact with an exponent"
        raise OperationError(f"{key} {what}", field=field, hint=f"write it like {example}")
    try:
        return parse_bytes(value) if is_bytes else parse_count(value)
    except ConvcostError as problem:
        raise OperationError(problem.message, field=field, hint=problem.hint) from None


def read_section(raw: Mapping[str, Any]) -> BudgetSection:
    """The models of a document. Raises OperationError; ``field`` is the key to blame."""
    from pydantic import ValidationError

    if isinstance(raw.get("check"), Mapping):
        hint = "write it in double brackets: [[tool.convcost.check]] or [[check]]"
        raise OperationError("check is a list of tables", field="check", hint=hint)
    try:
        return BudgetSection.model_validate(raw)
    except ValidationError as error:
        from convcost.language.problems import generic

        first = error.errors(include_url=False, include_context=False)[0]
        inside = len(first["loc"]) > 1 and first["loc"][0] == "check"
        known = CheckEntry.model_fields if inside else BudgetSection.model_fields
        raise generic(error, tuple(known)) from None
