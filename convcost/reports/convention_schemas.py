"""The published schemas of what ``conventions`` and ``reconcile`` print, and ``--convention``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convcost.reports.schema_base import Document


class ConventionValue(Document):
    """What another tool would report, where ``--convention`` asks for it."""

    name: str
    version: str
    calls_it: str = Field(description="the tool's word for the unit")
    value: int


class ConventionTerm(Document):
    """One part of a tool's number; the values of all terms sum to it."""

    what: str = Field(description="the kind of layer, and how much for each of what")
    layers: int
    value: int


class ToolResult(Document):
    """A tool's number. ``depends_on``: where it depends on how the model was written."""

    version: str
    value: int
    calls_it: str
    terms: list[ConventionTerm]
    depends_on: list[str]


class UnknownLayer(Document):
    """A layer whose cost is not known."""

    name: str
    type: str


class ConventionsResult(Document):
    """One subject by every tool. With status partial all numbers are lower bounds."""

    name: str
    macs: int
    status: Literal["partial"] | None = None
    uncounted: list[UnknownLayer] | None = None
    tools: dict[str, ToolResult]


class ConventionsDocument(Document):
    """``convcost conventions --format json``."""

    schema_: Annotated[Literal["convcost.conventions/1"], Field(alias="schema")]
    results: list[ConventionsResult]


class FigureExplanation(Document):
    """A way to a printed figure. ``exact``: the number is printed so, rounded."""

    steps: list[str] = Field(description="none: convcost's own count")
    value: int
    tool: str | None
    reading: str | None = Field(description="how the digits have to be read; null: not it")
    exact: bool


class ReconcileResult(Document):
    """One printed figure: what gives it, the fewest steps first, or what comes near."""

    name: str
    figure: Literal["macs", "params"]
    reported: str
    low: int
    high: int
    counted: int
    status: Literal["complete", "partial"]
    explained: bool
    explanations: list[FigureExplanation]
    nearest: list[FigureExplanation]


class ReconcileDocument(Document):
    """``convcost reconcile --format json``."""

    schema_: Annotated[Literal["convcost.reconcile/1"], Field(alias="schema")]
    results: list[ReconcileResult]
