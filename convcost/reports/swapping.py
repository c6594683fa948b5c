"""A swap as a Report: before and after, layer by layer and in total."""

from __future__ import annotations

from typing import Any

from convcost.engine.counting import Count, Row
from convcost.engine.memory.liveness import memory
from convcost.quantities import Amount, format_bytes, format_change, format_count, format_shape
from convcost.reports import notes
from convcost.reports.comparison import change_tone
from convcost.reports.count import kernel_words
from convcost.reports.documents import decimal, layer_document
from convcost.reports.report import Column, Report
from convcost.studies.comparison import ratio
from convcost.studies.swapping import Change, Swap

SWAP_SCHEMA = "convcost.swap/1"


def swap_report(swap: Swap) -> Report:
    """A row per replaced layer, the totals of the whole network below."""
    return Report(
        title=f"{swap.name}: {swap.source} -> {swap.target}, {len(swap.changes)} replaced",
        columns=(
            Column("layer", "layer"),
            Column("kernel", "kernel", rank=4),
            Column("output", "output", format_shape, align="right", rank=3),
            Column("params_before", "params", format_count, align="right", rank=1),
            Column("params_after", "after", format_count, align="right", pair=True),
            Column("macs_before", "MACs", format_count, align="right"),
            Column("macs_after", "after", format_count, align="right", pair=True),
            Column("macs_change", "MACs change", align="right", rank=2, tone=change_tone),
        ),
        rows=tuple(map(_row, swap.changes)),
        total=(
            "whole network",
            "",
            swap.after.output,
            *(
                Amount(value, bool(swap.before.uncounted))
                for value in (
                    swap.before.params,
                    swap.after.params,
                    swap.before.macs,
                    swap.after.macs,
                )
            ),
            _change(swap, "macs"),
        ),
        caption=notes.caption(swap.before.batch),
        notes=_notes(swap),
        document=lambda: swap_document(swap),
        records=lambda: (swap_document(swap),),
    )


def _row(change: Change) -> tuple[Any, ...]:
    before, after = _cost(change.before), _cost(change.after)
    return (
        change.name,
        kernel_words(change.before[0]) if len(change.before) == 1 else "",
        change.before[-1].node.output,
        before[0],
        after[0],
        before[1],
        after[1],
        format_change(after[1], before[1]),
    )


def _cost(rows: tuple[Row, ...]) -> tuple[int, int]:
    costs = [row.cost for row in rows if row.cost is not None]
    return sum(cost.params for cost in costs), sum(cost.macs for cost in costs)


def _change(swap: Swap, figure: str) -> str:
    """How many times fewer or more in the whole network; ``?`` where totals are lower bounds."""
    if swap.before.uncounted:
        return "?"
    return format_change(getattr(swap.after, figure), getattr(swap.before, figure))


def _notes(swap: Swap) -> tuple[str, ...]:
    peaks = [memory(c.graph, c.batch).peak for c in (swap.before, swap.after)]
    return (
        f"params {_change(swap, 'params')}, MACs {_change(swap, 'macs')} in the whole network",
        f"peak live activations at float32: {format_bytes(peaks[0])} before, "
        f"{format_bytes(peaks[1])} after",
    )


def swap_document(swap: Swap) -> dict[str, Any]:
    """Before and after as JSON."""
    return {
        "schema": SWAP_SCHEMA,
        "name": swap.name,
        "from": swap.source,
        "to": swap.target,
        "before": _totals(swap.before),
        "after": _totals(swap.after),
        "params_ratio": _ratio(swap, "params"),
        "macs_ratio": _ratio(swap, "macs"),
        "changes": [
            {
                "layer": change.name,
                "before": [layer_document(row) for row in change.before],
                "after": [layer_document(row) for row in change.after],
            }
            for change in swap.changes
        ],
    }


def _ratio(swap: Swap, figure: str) -> float | int | None:
    if swap.before.uncounted:
        return None
    return decimal(ratio(getattr(swap.after, figure), getattr(swap.before, figure)))


def _totals(count: Count) -> dict[str, Any]:
    return {
        "params": count.params,
        "macs": count.macs,
        "element_ops": count.element_ops,
        "layer_count": len(count.rows),
        "status": "partial" if count.uncounted else "complete",
    }
