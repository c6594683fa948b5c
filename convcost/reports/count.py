"""A count as a Report: a row per layer or group, shares as bars, totals, memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.engine.cost import FREE, Cost
from convcost.engine.counting import Count, Row
from convcost.engine.memory import DTYPES
from convcost.engine.operations.base import windowed
from convcost.engine.receptive_field import receptive_fields
from convcost.errors import ConvcostError, did_you_mean
from convcost.quantities import format_bytes, format_count, format_human, format_shape
from convcost.reports import notes
from convcost.reports.documents import COUNT_SCHEMA, bytes_document, result_document
from convcost.reports.report import Column, Report, Shown
from convcost.reports.tree import Branch, branches


class CountView(NamedTuple):
    """How a count is to be shown."""

    human: bool = False
    largest: int = 0
    depth: int | None = None
    columns: tuple[str, ...] = ()
    dtype: str = "float32"


PLAIN = CountView()

COLUMNS = (
    "layer",
    "type",
    "kernel",
    "input",
    "output",
    "params",
    "macs",
    "macs_share",
    "element_ops",
    "input_bytes",
    "output_bytes",
    "weight_bytes",
    "intensity",
    "receptive_field",
)
"""Every column of a count, in the order in which they are shown."""

TITLES = {"share": "macs_share", "sees": "receptive_field", "MACs": "macs"}
"""Words at the head of a column, for those who ask for it by what they see."""

DEFAULT_COLUMNS = (
    "layer",
    "type",
    "kernel",
    "output",
    "params",
    "macs",
    "macs_share",
    "element_ops",
)


def count_report(
    name: str,
    count: Count,
    *,
    unused: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    view: CountView = PLAIN,
) -> Report:
    """The table of one count."""
    if view.dtype not in DTYPES:
        raise ConvcostError(
            f"{view.dtype} is not a data type", hint=did_you_mean(view.dtype, DTYPES)
        )
    chosen = _chosen(view.columns)
    table = _Table(count, view, sees="receptive_field" in chosen)
    all_columns = {column.key: column for column in table.columns()}
    lines, groups = table.lines()
    total = table.total()

    def document() -> dict[str, Any]:
        result = result_document(
            name, count, layers=count.rows, unused=unused, remarks=remarks, dtype=view.dtype
        )
        return {"schema": COUNT_SCHEMA, "results": [result]}

    return Report(
        title=f"{name} on {format_shape(count.input)}",
        columns=tuple(all_columns[key] for key in chosen),
        rows=tuple(tuple(line[key] for key in chosen) for line in lines),
        total=tuple(total[key] for key in chosen),
        caption=notes.caption(count.batch),
        notes=(*notes.count_notes(count, unused, view.dtype), *remarks),
        document=document,
        records=lambda: (result_document(name, count, unused=unused, remarks=remarks),),
        groups=frozenset(groups),
    )


def _chosen(columns: Sequence[str]) -> tuple[str, ...]:
    columns = [TITLES.get(key, key) for key in columns]
    for key in columns:
        if key not in COLUMNS:
            raise ConvcostError(f"there is no column {key}", hint=did_you_mean(key, COLUMNS))
    return ("layer", *(key for key in columns if key != "layer")) if columns else DEFAULT_COLUMNS


class _Table:
    """The cells of all lines by column key."""

    def __init__(self, count: Count, view: CountView, *, sees: bool) -> None:
        self.count = count
        self.view = view
        self.bytes = DTYPES[view.dtype]
        fields = receptive_fields(count.graph)[len(count.graph.inputs) :] if sees else []
        self._fields = {id(row): field for row, field in zip(count.rows, fields, strict=False)}

    def columns(self) -> tuple[Column, ...]:
        """Every column; those that the user asked for are never dropped."""
        number = format_human if self.view.human else format_count
        asked = bool(self.view.columns)

        def column(key: str, title: str, show: Callable[[Any], str] = str, rank: int = 0) -> Column:
            align: Any = "left" if key in ("layer", "type", "kernel") else "right"
            blank = (lambda cell: cell if cell == "" else show(cell)) if align == "right" else show
            return Column(key, title, blank, align, rank=0 if asked else rank)

        return (
            column("layer", "layer"),
            column("type", "type"),
            column("kernel", "kernel", rank=3),
            column("input", "input", format_shape),
            column("output", "output", format_shape, rank=1),
            column("params", "params", number),
            column("macs", "MACs", number),
            Column("macs_share", "share", bar=True, rank=2),
            column("element_ops", "element ops", number, rank=4),
            column("input_bytes", "input", format_bytes),
            column("output_bytes", "output", format_bytes),
            column("weight_bytes", "weights", format_bytes),
            column("intensity", "MACs/byte", _decimal),
            column("receptive_field", "sees", _field),
        )

    def lines(self) -> tuple[list[dict[str, Any]], list[int]]:
        """Every line, and which of them are sums of lines that follow."""
        count, view = self.count, self.view
        if view.largest and len(count.rows) > view.largest + 1:
            return self._largest(), []
        if count.graph.is_flat:
            return [self._row(Shown(row.name, row.name), row) for row in count.rows], []
        tree = branches(count.rows, count.graph.scopes, view.depth)
        return [self._branch(branch) for branch in tree], [
            index for index, branch in enumerate(tree) if branch.is_open
        ]

    def _branch(self, branch: Branch) -> dict[str, Any]:
        label = Shown(branch.shown, branch.name)
        if branch.row is not None:
            return self._row(label, branch.row)
        return self._sums(label, branch.type, branch.cost) | {"output": branch.last.node.output}

    def _row(self, label: str, row: Row) -> dict[str, Any]:
        line = self._sums(label, row.type, row.cost)
        return (
            line
            | bytes_document(row, self.count.batch, self.view.dtype)
            | {
                "kernel": kernel_words(row),
                "input": row.inputs[0] if row.inputs else "",
                "output": row.node.output,
                "receptive_field": self._sees(row),
            }
        )

    def _sums(self, label: str, kind: str, cost: Cost | None) -> dict[str, Any]:
        """A line with costs only: a group, or the start of a layer's line."""
        line: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {"layer": label, "type": kind}
        if cost is None:
            unknown = ("params", "macs", "macs_share", "element_ops", "weight_bytes")
            return line | dict.fromkeys(unknown)
        total = self.count.macs
        return line | {
            "params": cost.params,
            "macs": cost.macs,
            "macs_share": Fraction(cost.macs, total) if total else Fraction(0),
            "element_ops": cost.element_ops,
            "weight_bytes": cost.params * self.bytes,
        }

    def _sees(self, row: Row) -> Any:
        """The receptive field of a row's output, where it is to be shown."""
        field = self._fields.get(id(row))
        if field is None:
            return ""
        if field.size is None:
            return "all"
        return Shown(f"<={format_shape(field.size)}", field.size) if field.is_bound else field.size

    def _largest(self) -> list[dict[str, Any]]:
        """The largest rows in their order, and one line for the others."""
        rows, keep = self.count.rows, self.view.largest
        order = sorted(range(len(rows)), key=lambda index: _size(rows[index]), reverse=True)
        chosen = set(order[:keep])
        lines = [self._row(row.name, row) for i, row in enumerate(rows) if i in chosen]
        rest = FREE
        for index, row in enumerate(rows):
            if index not in chosen and row.cost is not None:
                rest += row.cost
        return [*lines, self._sums(f"+ {len(rows) - keep} smaller layers", "", rest)]

    def total(self) -> dict[str, Any]:
        """The last line, a lower bound where something was not counted."""
        count = self.count
        sign = ">= " if count.uncounted else ""
        line = self._sums("total", "", count.total) | {"output": count.output, "macs_share": None}
        for key in ("params", "macs", "element_ops"):
            line[key] = Total(line[key], sign)
        return line


class Total(int):
    """A total that knows whether it is a lower bound."""

    sign: str

    def __new__(cls, value: int, sign: str) -> Total:
        """An int with a sign for its text."""
        total = super().__new__(cls, value)
        total.sign = sign
        return total

    def __format__(self, spec: str) -> str:
        return self.sign + int.__format__(self, spec)


def _size(row: Row) -> tuple[bool, int, int]:
    if row.cost is None:
        return True, 0, 0
    return False, row.cost.macs, row.cost.params


def _decimal(value: float) -> str:
    return f"{value:.1f}"


def _field(size: Any) -> str:
    return size if isinstance(size, str) else format_shape(size)


def kernel_words(row: Row) -> str:
    """``3x3 s2 d2 g4``: what distinguishes one convolution from another."""
    operation = row.node.operation
    return operation.words() if windowed(operation) else ""
