"""The published JSON Schemas of ``explain`` and ``formula``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convcost.reports.schema_base import Axes, Document, Shape


class ExplainedProduct(Document):
    """One of the sums of products of a layer; not learned where both sides were computed."""

    name: str
    kernel_size: Axes
    channels_seen: int
    kernels: int
    positions: Shape
    is_learned: bool
    macs: int = Field(description="for one sample")


class ExplainedLayer(Document):
    """One layer, factor by factor; null where a layer has no MACs."""

    name: str
    type: str
    input: Shape | None
    output: Shape | None
    kernel_size: Axes | None
    channels_seen: int | None
    kernel_weights: int | None
    kernels: int | None
    macs_per_value: int | None
    positions: Shape | None
    positions_are: str
    products: list[ExplainedProduct]
    params: int | None
    macs: int | None
    element_ops: int | None
    remarks: list[str]


class Versus(Document):
    """The design that an explanation is set against."""

    design: str
    params: int
    macs: int
    params_ratio: float | None
    macs_ratio: float | None
    params_closed_form: str | None
    macs_closed_form: str | None


class ExplainDocument(Document):
    """``convcost explain --format json``."""

    schema_: Annotated[Literal["convcost.explain/1"], Field(alias="schema")]
    design: str
    summary: str
    input: Shape | None
    output: Shape | None
    batch: int
    layers: list[ExplainedLayer]
    params: int
    macs: int
    remarks: list[str]
    versus: Versus | None = None


class FormulaDocument(Document):
    """``convcost formula --format json``: expressions in Python's syntax."""

    schema_: Annotated[Literal["convcost.formula/1"], Field(alias="schema")]
    design: str
    versus: str
    params: str
    macs: str
    params_ratio: str
    macs_ratio: str
    assumptions: str
