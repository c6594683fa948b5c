"""A count as a Report: a row per layer, shares as bars, totals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from convcost.engine.counting import Count, Row
from convcost.engine.shapes import Shape
from convcost.quantities import format_count, format_human, format_shape
from convcost.reports import notes
from convcost.reports.documents import COUNT_SCHEMA, result_document
from convcost.reports.report import Column, Report


def count_report(
    name: str,
    count: Count,
    *,
    unused: tuple[str, ...] = (),
    human: bool = False,
    largest: int = 0,
) -> Report:
    """The table of one count. ``largest`` keeps that many rows and folds the others."""
    number = format_human if human else format_count
    exact = "" if not count.uncounted else ">= "
    columns = (
        Column("layer", "layer"),
        Column("type", "type"),
        Column("kernel", "kernel", rank=1),
        Column("output", "output", format_shape, align="right"),
        Column("params", "params", number, align="right"),
        Column("macs", "MACs", number, align="right"),
        Column("macs_share", "share", bar=True, rank=2),
        Column("element_ops", "element ops", number, align="right", rank=3),
    )
    kept, folded = _keep(count.rows, largest)
    rows = [_row(row, count.macs) for row in kept]
    if folded:
        rows.append(_folded(folded, count.macs))
    total = (
        "total",
        "",
        "",
        count.output,
        _Total(count.params, exact),
        _Total(count.macs, exact),
        None if not count.macs else Fraction(1),
        _Total(count.element_ops, exact),
    )
    document = result_document(name, count, layers=count.rows, unused=unused)
    lines = [notes.census(count), notes.unused(name, unused)]
    return Report(
        title=f"{name} on {format_shape(count.input)}",
        columns=columns,
        rows=tuple(rows),
        total=total,
        caption=notes.caption(count.batch),
        notes=tuple(filter(None, lines)),
        document={"schema": COUNT_SCHEMA, "results": [document]},
        records=(result_document(name, count, unused=unused),),
    )


class _Total(int):
    """A total that knows whether it is a lower bound."""

    prefix: str

    def __new__(cls, value: int, prefix: str) -> _Total:
        """An int with a prefix for its text."""
        total = super().__new__(cls, value)
        total.prefix = prefix
        return total

    def __format__(self, spec: str) -> str:
        return self.prefix + int.__format__(self, spec)


def _keep(rows: Sequence[Row], largest: int) -> tuple[list[Row], list[Row]]:
    """The ``largest`` rows by MACs (then parameters) in their order, and the rest."""
    if not largest or len(rows) <= largest + 1:
        return list(rows), []
    order = sorted(range(len(rows)), key=lambda i: _size(rows[i]), reverse=True)
    chosen = set(order[:largest])
    kept = [row for i, row in enumerate(rows) if i in chosen]
    return kept, [row for i, row in enumerate(rows) if i not in chosen]


def _size(row: Row) -> tuple[bool, int, int]:
    if row.cost is None:
        return True, 0, 0
    return False, row.cost.macs, row.cost.params


def _row(row: Row, macs: int) -> tuple[object, ...]:
    cost = row.cost
    numbers = (None,) * 4
    if cost is not None:
        share = Fraction(cost.macs, macs) if macs else Fraction(0)
        numbers = (cost.params, cost.macs, share, cost.element_ops)  # type: ignore[assignment]
    return (row.name, row.type, _kernel(row), row.node.output, *numbers)


def _folded(rows: Sequence[Row], macs: int) -> tuple[object, ...]:
    costs = [row.cost for row in rows if row.cost is not None]
    sums = [
        sum(cost.params for cost in costs),
        sum(cost.macs for cost in costs),
        sum(cost.element_ops for cost in costs),
    ]
    share = Fraction(sums[1], macs) if macs else Fraction(0)
    shape: Shape = ()
    return (f"+ {len(rows)} smaller layers", "", "", shape, sums[0], sums[1], share, sums[2])


def _kernel(row: Row) -> str:
    """``3x3 s2 d2 g4``: what distinguishes one convolution from another."""
    operation: Any = row.node.operation
    size = getattr(operation, "kernel_size", None)
    if size is None:
        return ""
    words = [format_shape(size)]
    for letter, sizes in (("s", operation.stride), ("d", operation.dilation)):
        if any(value != 1 for value in sizes):
            same = all(value == sizes[0] for value in sizes)
            words.append(letter + (str(sizes[0]) if same else format_shape(sizes)))
    if getattr(operation, "groups", 1) != 1:
        words.append(f"g{operation.groups}")
    return " ".join(words)
