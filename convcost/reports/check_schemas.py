"""The published JSON Schemas of ``check`` and ``diff``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from convcost.reports.schema_base import Document


class CheckedLimit(Document):
    """One limit. A value that is a lower bound has the status unknown, or breaks anyway."""

    name: str
    figure: str = Field(description="a figure, or uncounted: layers that nobody can count")
    value: int
    limit: int | None = Field(description="the largest value that is allowed; null: not known")
    kind: Literal["max", "warn", "max_increase"]
    base: int | None = Field(description="the baseline's value")
    change: int | None = Field(description="value less base; null where one is a lower bound")
    status: Literal["holds", "broken", "warning", "unknown"]


class CheckDocument(Document):
    """``convcost check --format json``."""

    schema_: Annotated[Literal["convcost.check/1"], Field(alias="schema")]
    holds: bool
    checks: list[CheckedLimit]


class Movement(Document):
    """One figure of the baseline; null on a side where the check is not there."""

    name: str
    figure: str
    before: int | None
    after: int | None


class CheckUpdateDocument(Document):
    """``convcost check --update --format json``."""

    schema_: Annotated[Literal["convcost.check_update/1"], Field(alias="schema")]
    changes: list[Movement]


class FigureDifference(Document):
    """A figure of both sides. A change that cannot be known is null."""

    a: int | float | list[int] | None
    b: int | float | list[int] | None
    change: int | float | None


class LayerDifference(Document):
    """A layer of each side, or of one; ``changes`` has [a, b] for each field that differs."""

    a: str | None
    b: str | None
    status: Literal["same", "changed", "renamed", "added", "removed", "folded"]
    changes: dict[str, Annotated[list[Any], Field(min_length=2, max_length=2)]]


class KindTotals(Document):
    """All layers of a kind on one side, added up."""

    layers: int
    params: int
    macs: int
    element_ops: int


class KindDifference(Document):
    """A kind of layer on both sides."""

    type: str
    a: KindTotals
    b: KindTotals


class DiffDocument(Document):
    """``convcost diff --format json``; ``types`` with ``--by type``."""

    schema_: Annotated[Literal["convcost.diff/1"], Field(alias="schema")]
    a: str
    b: str
    status: Literal["complete", "partial"] = Field(description="partial: some are lower bounds")
    totals: dict[str, FigureDifference]
    notes: list[str]
    layers: list[LayerDifference]
    types: list[KindDifference] | None = None
