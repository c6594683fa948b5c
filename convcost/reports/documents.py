"""Results as JSON documents: the keys and values of design.md, section 6."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost.engine.counting import Count, Row
from convcost.engine.shapes import product

if TYPE_CHECKING:
    from convcost.studies.comparison import Comparison, Entry
    from convcost.studies.streaming import Totals

COUNT_SCHEMA = "convcost.count/1"
COMPARE_SCHEMA = "convcost.compare/1"


def result_document(
    name: str,
    count: Count | Totals,
    *,
    layers: Sequence[Row] | None = None,
    unused: Sequence[str] = (),
    remarks: Sequence[str] = (),
    dtype: str = "float32",
) -> dict[str, Any]:
    """One counted subject (RESULT), with its ``layers`` where given.

    ``unused`` names given settings that the design fixes for itself; ``remarks`` are sentences
    that a reader of the numbers should see.
    """
    uncounted = count.uncounted
    document: dict[str, Any] = {
        "name": name,
        "input": count.input,
        "output": count.output,
        "batch": count.batch,
        "params": count.params,
        "macs": count.macs,
        "element_ops": count.element_ops,
        "status": "partial" if uncounted else "complete",
        "uncounted": [{"name": row.name, "type": row.type} for row in uncounted],
    }
    if unused:
        document["unused"] = list(unused)
    if remarks:
        document["notes"] = list(remarks)
    if layers is not None:
        document |= details(count, layers, dtype)  # type: ignore[arg-type]  # Totals have no layers
    return document


def details(count: Count, layers: Sequence[Row], dtype: str) -> dict[str, Any]:
    """What a result with layers has beside its totals."""
    from convcost.engine.receptive_field import receptive_fields
    from convcost.studies.inventory import shares

    fields = receptive_fields(count.graph)[len(count.graph.inputs) :]
    return {
        "memory": memory_document(count, dtype),
        "shares": [share._asdict() for share in shares(count)],
        "layers": [
            layer_document(row)
            | bytes_document(row, count.batch, dtype)
            | {"receptive_field": field.size}
            for row, field in zip(layers, fields, strict=True)
        ],
    }


def bytes_document(row: Row, batch: int, dtype: str) -> dict[str, Any]:
    """What one layer reads and writes, in bytes, and its MACs for each byte moved."""
    from convcost.engine.memory import DTYPES

    size = DTYPES[dtype]
    reads = sum(map(product, row.inputs)) * batch * size
    writes = product(row.node.output) * batch * size
    weights = None if row.cost is None else row.cost.params * size
    moved = reads + writes + (weights or 0)
    intensity = None if row.cost is None or not moved else Fraction(row.cost.macs, moved)
    return {
        "input_bytes": reads,
        "output_bytes": writes,
        "weight_bytes": weights,
        "intensity": decimal(intensity),
    }


def memory_document(count: Count, dtype: str) -> dict[str, Any]:
    """Four figures in bytes, each by its own name; they do not add up to anything."""
    from convcost.engine.memory import DTYPES, memory

    size = DTYPES[dtype]
    held = memory(count.graph)
    return {
        "dtype": dtype,
        "weights": count.params * size,
        "peak_live_activations": held.peak * count.batch * size,
        "peak_at": held.peak_at,
        "peak_tensors": held.peak_tensors,
        "largest_input_output": held.largest * count.batch * size,
        "largest_at": held.largest_at,
        "sum_of_outputs": held.outputs * count.batch * size,
    }


def layer_document(row: Row) -> dict[str, Any]:
    """One layer (LAYER), with the settings of its operation, per axis."""
    cost = row.cost
    document: dict[str, Any] = {
        "name": row.name,
        "type": row.type,
        "input": row.inputs[0] if row.inputs else [],
        "output": row.node.output,
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
        "output": count.output,
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
