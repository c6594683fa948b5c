"""The published JSON Schemas: of what users write, and of what convcost prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from convcost.engine.figures import FIGURES
from convcost.errors import SpecError, did_you_mean, shorten
from convcost.language.layers import LayerSpec
from convcost.language.models import DesignFile
from convcost.reports.check_schemas import CheckDocument, CheckUpdateDocument, DiffDocument
from convcost.reports.convention_schemas import (
    ConventionsDocument,
    ConventionValue,
    ReconcileDocument,
)
from convcost.reports.explain_schemas import ExplainDocument, FormulaDocument
from convcost.reports.schema_base import Axes, Document, Shape
from convcost.reports.space_schemas import FitDocument, SweepDocument

_TYPES: dict[str, Any] = {"count": int, "bytes": int, "ratio": float, "shape": Shape}


def _with_figures(name: str, base: type[BaseModel], keys: Sequence[str]) -> Any:
    """``base`` with the figures of the table as further keys; null where there is none."""
    fields: dict[str, Any] = {
        key: (_TYPES[FIGURES[key].unit] | None, Field(default=None, description=FIGURES[key].about))
        for key in keys
        if key not in base.model_fields
    }
    return create_model(name, __base__=base, **fields)


class LayerResult(Document):
    """LAYER: one counted layer. Numbers are null where the layer is not known.

    Further keys are settings that only its type has, such as an activation's ``function``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    type: str
    input: Shape | None
    output: Shape | None
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


_LAYER_KEYS = [key for key, figure in FIGURES.items() if figure.layer]
MeasuredLayer = _with_figures("MeasuredLayer", LayerResult, _LAYER_KEYS)


class MemoryRule(Document):
    """What an engine runs as one layer and writes in place, and how it places buffers."""

    fused: bool
    in_place: list[str]
    planner: str


class PlannedBuffer(Document):
    """A buffer: bytes needed, size as rounded up, and the steps that need it."""

    name: str
    bytes: int
    size: int
    offset: int
    first: int = Field(description="a step, counted from 1; 0: where the inputs are filled")
    last: int


class MemoryPlan(Document):
    """Where each buffer lies in the arena."""

    planner: str
    alignment: int
    arena: int
    steps: list[str]
    buffers: list[PlannedBuffer]


class MemoryPatches(Document):
    """A network whose layers up to ``until`` run in patches: bytes, and MACs for the batch."""

    rows: int
    cols: int
    until: str
    map: Shape
    patch: Shape = Field(description="the largest piece of the input")
    peak: int
    peak_at: str
    peak_in_patches: int
    peak_after: int
    peak_whole: int = Field(description="without patches")
    macs: int
    extra_macs: int = Field(description="of the MACs, those computed again")


class Memory(Document):
    """Memory in bytes. Four figures by name; no sum of them means anything."""

    dtype: str = Field(description="int8, weights=int4,activations=int8; file: as the file states")
    weights: int
    peak: int = Field(description="the most alive at once; with a plan, its arena")
    largest: int
    outputs: int
    peak_at: str
    peak_tensors: int | None = Field(description="null in patches")
    largest_at: str
    rule: MemoryRule
    plan: MemoryPlan | None = None
    patches: MemoryPatches | None = None


class Share(Document):
    """All layers of one kind, added up."""

    kind: str
    layers: int
    params: int
    macs: int


class Uncounted(Document):
    """A layer whose cost is not known."""

    name: str
    type: str


class Result(Document):
    """RESULT: one counted subject. With status partial the totals are lower bounds."""

    name: str
    input: Shape | None
    output: Shape | None
    batch: int
    params: int
    macs: int
    element_ops: int
    status: Literal["complete", "partial"]
    uncounted: list[Uncounted]
    bounds: list[str] = Field(
        default=[], description="figures of a complete count that are lower bounds all the same"
    )
    unused: list[str] = Field(default=[], description="settings that the design fixes itself")
    notes: list[str] = Field(default=[], description="such as: batch norms were folded in")
    memory: Memory | None = None
    shares: list[Share] | None = None
    layers: list[MeasuredLayer] | None = None  # type: ignore[valid-type]
    convention: ConventionValue | None = None


MeasuredResult = _with_figures("MeasuredResult", Result, list(FIGURES))


class CountDocument(Document):
    """``convcost count --format json``."""

    schema_: Annotated[Literal["convcost.count/1"], Field(alias="schema")]
    results: list[MeasuredResult]  # type: ignore[valid-type]


class DesignResult(Document):
    """One alternative of a comparison. Ratios are design / baseline."""

    design: str
    output: Shape | None
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
    convention: ConventionValue | None = None


class ComparisonResult(Document):
    """One comparison."""

    input: Shape
    kernel_size: Axes | None
    out_channels: int | None
    stride: Axes | None
    batch: int
    baseline: str
    designs: list[DesignResult]


class CompareDocument(Document):
    """``convcost compare --format json``."""

    schema_: Annotated[Literal["convcost.compare/1"], Field(alias="schema")]
    comparisons: list[ComparisonResult]


class Totals(Document):
    """A network before or after a swap."""

    params: int
    macs: int
    element_ops: int
    layer_count: int
    status: Literal["complete", "partial"]


class SwappedLayers(Document):
    """What was replaced, and what stands there now."""

    layer: str
    before: list[LayerResult]
    after: list[LayerResult]


class SwapDocument(Document):
    """``convcost swap --format json``. Ratios are after / before, null for lower bounds."""

    schema_: Annotated[Literal["convcost.swap/1"], Field(alias="schema")]
    name: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    before: Totals
    after: Totals
    params_ratio: float | None
    macs_ratio: float | None
    changes: list[SwappedLayers]


class DesignRecord(Document):
    """One design; parameters with their defaults as they are shown."""

    name: str
    kind: Literal["design", "network"]
    family: str
    summary: str
    source: str
    year: int | None = Field(description="of the paper that the source names")
    input: Shape | None
    parameters: dict[str, str]
    params: int | None = Field(None, description="of a network on its own input")
    macs: int | None = Field(None, description="of a network on its own input")


class DesignsDocument(Document):
    """``convcost designs --format json``."""

    schema_: Annotated[Literal["convcost.designs/1"], Field(alias="schema")]
    designs: list[DesignRecord]


class CheckedExample(Document):
    """One worked example of a design's file."""

    input: Shape
    params: int
    macs: int
    expected_params: int | None
    expected_macs: int | None
    holds: bool


class DesignCheckDocument(Document):
    """``convcost designs --check FILE --format json``."""

    schema_: Annotated[Literal["convcost.design_check/1"], Field(alias="schema")]
    design: str
    examples: list[CheckedExample]


SCHEMAS: dict[str, Any] = {
    "spec": LayerSpec,
    "design": DesignFile,
    "count": CountDocument,
    "compare": CompareDocument,
    "conventions": ConventionsDocument,
    "reconcile": ReconcileDocument,
    "swap": SwapDocument,
    "sweep": SweepDocument,
    "fit": FitDocument,
    "explain": ExplainDocument,
    "formula": FormulaDocument,
    "designs": DesignsDocument,
    "design_check": DesignCheckDocument,
    "check": CheckDocument,
    "check_update": CheckUpdateDocument,
    "diff": DiffDocument,
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
