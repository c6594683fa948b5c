"""The published JSON Schemas of ``sweep`` and ``fit``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from convcost.reports.schema_base import Document, Shape

Number = int | float | bool | str | Shape


class SweepDocument(Document):
    """``convcost sweep --format json``: a row a candidate, its axes and then its figures."""

    schema_: Annotated[Literal["convcost.sweep/1"], Field(alias="schema")]
    axes: dict[str, list[Number]]
    candidates: int
    unbuildable: int
    rows: list[dict[str, Number | None]]


class FitCandidate(BaseModel):
    """One candidate: its arguments by axis, and its figures by their keys."""

    model_config = ConfigDict(extra="allow", frozen=True)

    arguments: dict[str, Number]
    params: int
    macs: int


class FitDocument(Document):
    """``convcost fit --format json``. ``same``: for each axis the interval without a change."""

    schema_: Annotated[Literal["convcost.fit/1"], Field(alias="schema")]
    rule: str
    candidates: int
    unbuildable: int
    best: FitCandidate | None = Field(description="null: nothing is feasible")
    cheaper: FitCandidate | None
    dearer: FitCandidate | None
    same: dict[str, tuple[Number, Number]]
    command: str | None
    nearest_infeasible: FitCandidate | None = None
