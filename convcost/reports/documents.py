"""Results as JSON documents: the keys and values of design.md, section 6."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost.engine.counting import Count, Row
from convcost.quantities import Amount, known_shape

if TYPE_CHECKING:
    from convcost.engine.figures import Measured
    from convcost.studies.comparison import Comparison, Entry
    from convcost.studies.streaming import Totals

COUNT_SCHEMA = "convcost.count/1"
COMPARE_SCHEMA = "convcost.compare/1"


def result_document(
    name: str,
    count: Count | Totals,
    *,
    unused: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """One counted subject (RESULT) without its layers.

    ``unused`` names given settings that the design fixes for itself; ``notes`` are sentences
    that a reader of the numbers should see.
    """
    uncounted = count.uncounted
    document: dict[str, Any] = {
        "name": name,
        "input": known_shape(count.input),
        "output": known_shape(count.output),
        "batch": count.batch,
        "params": count.params,
        "macs": count.macs,
        "element_ops": count.element_ops,
        "status": "partial" if uncounted else "complete",
        "uncounted": [{"name": row.name, "type": row.type} for row in uncounted],
    }
    if unused:
        document["unused"] = list(unused)
    if notes:
        document["notes"] = list(notes)
    return document


def measured_document(
    name: str, of: Measured, unused: Sequence[str] = (), notes: Sequence[str] = ()
) -> dict[str, Any]:
    """RESULT with every figure, memory, shares and layers."""
    from convcost.engine.figures import FIGURES
    from convcost.studies.inventory import shares

    document = result_document(name, of.counted, unused=unused, notes=notes)
    totals = {key: figure.total(of) for key, figure in FIGURES.items()}
    bounds = [key for key, value in totals.items() if isinstance(value, Amount) and value.is_bound]
    if bounds and document["status"] == "complete":
        document["bounds"] = bounds
    document |= {key: plain(value) for key, value in totals.items()}
    return document | {
        "memory": memory_document(of),
        "shares": [share._asdict() for share in shares(of.counted)],
        "layers": [measured_layer(of, index) for index in range(len(of.counted.rows))],
    }


def measured_layer(of: Measured, index: int) -> dict[str, Any]:
    """LAYER with every figure that a layer has."""
    from convcost.engine.figures import FIGURES

    figures = {
        key: plain(figure.layer(of, index)) for key, figure in FIGURES.items() if figure.layer
    }
    moved = {"input_bytes": of.reads(index), "output_bytes": of.writes(index)}
    return layer_document(of.counted.rows[index]) | moved | figures


def memory_document(of: Measured) -> dict[str, Any]:
    """The figures of memory in bytes, and where they come about."""
    from convcost.engine.figures import FIGURES

    keys = ("weights", "peak", "largest", "outputs")
    held = of.memory
    return {
        "dtype": "file" if of.has_own_types else of.execution.types.name,
        **{key: plain(FIGURES[key].total(of)) for key in keys},
        "peak_at": held.peak_at if of.patches is None else of.patches.peak_at,
        "peak_tensors": held.peak_tensors if of.patches is None else None,
        "largest_at": held.largest_at,
        **execution_document(of),
    }


def execution_document(of: Measured) -> dict[str, Any]:
    """The rule behind the figures, with the plan and the patches where those were asked for."""
    rule = of.execution.rule
    document: dict[str, Any] = {
        "rule": {
            "fused": rule.fused,
            "in_place": list(rule.in_place),
            "planner": rule.planner,
        }
    }
    if of.memory.plan is not None:
        from convcost.reports.memory_plan import plan_document

        document["plan"] = plan_document(of.memory.plan)
    if of.patches is not None:
        from convcost.reports.patching import patches_document

        document["patches"] = patches_document(of.patches)
    return document


def plain(value: Any) -> Any:
    """A figure's value for JSON; that it is a bound says the document's status."""
    if isinstance(value, Amount):
        return value.value
    return decimal(value) if isinstance(value, Fraction) else value


def described(row: Row) -> dict[str, Any]:
    """What a layer is: its name and type, what it reads first and what it makes."""
    return {
        "name": row.name,
        "type": row.type,
        "input": known_shape(row.inputs[0]) if row.inputs else [],
        "output": known_shape(row.node.output),
    }


def layer_document(row: Row) -> dict[str, Any]:
    """One layer (LAYER), with the settings of its operation, per axis."""
    cost = row.cost
    document = described(row) | {
        "params": None if cost is None else cost.params,
        "macs": None if cost is None else cost.macs,
        "element_ops": None if cost is None else cost.element_ops,
    }
    return document | row.settings


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """One comparison, with the settings that were shared."""
    axes = len(comparison.input) - 1
    settings = comparison.settings
    return {
        "input": comparison.input,
        "kernel_size": _per_axis(settings.get("kernel_size"), axes),
        "out_channels": settings.get("out_channels"),
        "stride": _per_axis(settings.get("stride", 1 if settings else None), axes),
        "batch": comparison.batch,
        "baseline": comparison.baseline,
        "designs": [entry_document(entry) for entry in comparison.entries],
    }


def entry_document(entry: Entry) -> dict[str, Any]:
    """One alternative of a comparison."""
    count = entry.counted
    return {
        "design": entry.name,
        "output": known_shape(count.output),
        "params": count.params,
        "macs": count.macs,
        "element_ops": count.element_ops,
        "params_ratio": decimal(entry.params_ratio),
        "macs_ratio": decimal(entry.macs_ratio),
        "receptive_field": entry.receptive_field,
        "mixes": entry.mixing,
        "unused": list(entry.unused),
        "status": "partial" if count.uncounted else "complete",
        "layers": [layer_document(row) for row in count.rows],
    }


def decimal(ratio: Fraction | None) -> float | int | None:
    """A ratio for JSON: a whole number stays one."""
    if ratio is None:
        return None
    return ratio.numerator if ratio.denominator == 1 else float(ratio)


def _per_axis(value: Any, axes: int) -> Any:
    return [value] * axes if isinstance(value, int) else value
