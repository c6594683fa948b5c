"""The published JSON Schemas: of what users write, and of what convcost prints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from convcost.errors import SpecError, did_you_mean, shorten
from convcost.language.layers import LayerSpec
from convcost.language.models import DesignFile

Shape = list[int]
Axes = list[int]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LayerResult(_Model):
    """LAYER: one counted layer. Numbers are null where the layer is not known.

    Further keys are settings that only its type has, such as an activation's ``function``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    type: str
    input: Shape
    output: Shape
    params: int | None
    macs: int | None
    element_ops: int | None
    kernel_size: Axes | None = Field(default=None, description="layers with a window, per axis")
    stride: Axes | None = None
    padding: list[tuple[int, int]] | None = None
    dilation: Axes | None = None
    groups: int | None = None
    bias: bool | None = None
    input_bytes: int | None = Field(default=None, description="at the memory's dtype; in counts")
    output_bytes: int | None = None
    weight_bytes: int | None = None
    intensity: float | None = Field(default=None, description="MACs for each byte moved")
    receptive_field: Shape | None = Field(
        default=None,
        description="input positions behind one output value (after a layer that "
        "enlarges the map: at most); null: all of them",
    )


class Memory(_Model):
    """Activation memory in bytes. Four figures by name; no sum of them means anything."""

    dtype: Literal["float32", "float16", "bfloat16", "int8"]
    weights: int
    peak_live_activations: int
    peak_at: str
    peak_tensors: int
    largest_input_output: int
    largest_at: str
    sum_of_outputs: int


class Share(_Model):
    """All layers of one kind, added up."""

    kind: str
    layers: int
    params: int
    macs: int


class Uncounted(_Model):
    """A layer whose cost is not known."""

    name: str
    type: str


class Result(_Model):
    """RESULT: one counted subject. With status partial the totals are lower bounds."""

    name: str
    input: Shape
    output: Shape
    batch: int
    params: int
    macs: int
    element_ops: int
    status: Literal["complete", "partial"]
    uncounted: list[Uncounted]
    unused: list[str] = Field(default=[], description="settings that the design fixes itself")
    notes: list[str] = Field(default=[], description="such as: batch norms were folded in")
    memory: Memory | None = None
    shares: list[Share] | None = None
    layers: list[LayerResult] | None = None


class CountDocument(_Model):
    """``convcost count --format json``."""

    schema_: Annotated[Literal["convcost.count/1"], Field(alias="schema")]
    results: list[Result]


class DesignResult(_Model):
    """One alternative of a comparison. Ratios are design / baseline."""

    design: str
    output: Shape
    params: int
    macs: int
    element_ops: int
    params_ratio: float | None
    macs_ratio: float | None
    receptive_field: Shape | None = Field(description="null: all positions")
    mixes: Literal["nothing", "space", "channels", "space and channels"]
    unused: list[str]
    status: Literal["complete", "partial"]
    layers: list[LayerResult]


class ComparisonResult(_Model):
    """One comparison."""

    input: Shape
    kernel_size: Axes | None
    out_channels: int | None
    stride: Axes | None
    batch: int
    baseline: str
    designs: list[DesignResult]


class CompareDocument(_Model):
    """``convcost compare --format json``."""

    schema_: Annotated[Literal["convcost.compare/1"], Field(alias="schema")]
    comparisons: list[ComparisonResult]


SCHEMAS: dict[str, Any] = {
    "spec": LayerSpec,
    "design": DesignFile,
    "count": CountDocument,
    "compare": CompareDocument,
}
"""Every published schema by the word that ``convcost schema`` takes."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(what: str = "all") -> dict[str, Any]:
    """One schema, or all of them as definitions of one document."""
    if what == "all":
        parts = {name: _one(name) for name in SCHEMAS}
        return {"$schema": DIALECT, "title": "convcost", "$defs": parts}
    if what not in SCHEMAS:
        raise SpecError(
            f"there is no schema {shorten(what, 40)}", hint=did_you_mean(what, [*SCHEMAS, "all"])
        )
    return {"$schema": DIALECT, **_one(what)}


def _one(name: str) -> dict[str, Any]:
    return TypeAdapter(SCHEMAS[name]).json_schema(by_alias=True, ref_template="#/$defs/{model}")
