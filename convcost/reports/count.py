"""A count as a Report: a row per layer or group, shares as bars, totals, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.engine.cost import FREE, Cost
from convcost.engine.counting import Row
from convcost.engine.figures import FIGURES, Figure, Measured, meant_figure
from convcost.engine.memory.execution import PLAIN as PLAIN_EXECUTION
from convcost.engine.memory.execution import Execution
from convcost.engine.operations.base import windowed
from convcost.errors import ConvcostError
from convcost.quantities import (
    Amount,
    format_bytes,
    format_count,
    format_human,
    format_percent,
    format_shape,
    known_shape,
)
from convcost.reports import notes
from convcost.reports.documents import COUNT_SCHEMA, measured_document, result_document
from convcost.reports.report import Column, Report, Shown
from convcost.reports.tree import Branch, branches

if TYPE_CHECKING:
    from convcost.reports.charts import Bars


class CountView(NamedTuple):
    """How a count is to be shown. ``brief``: a long network by its stages, for a terminal."""

    human: bool = False
    largest: int = 0
    depth: int | None = None
    columns: tuple[str, ...] = ()
    execution: Execution = PLAIN_EXECUTION
    brief: bool = False


MOST_LINES, LEAST_LINES = 24, 4
"""A terminal shows stages from so many lines on, and stages that are so many lines at least."""

PLAIN = CountView()

DESCRIPTION = ("layer", "type", "kernel", "input", "output")
"""Columns that say what a layer is; figures follow, ``macs_share`` is that of the MACs as a bar."""

COLUMNS = (
    *DESCRIPTION,
    "params",
    "macs",
    "macs_share",
    "input_bytes",
    "output_bytes",
    *(key for key, figure in FIGURES.items() if figure.layer and key not in ("params", "macs")),
)
"""Every column of a count, in the order in which they are shown."""

TITLES = {"share": "macs_share", "sees": "receptive_field", "MACs": "macs", "kernel_size": "kernel"}
"""Words at the head of a column and in JSON, for those who ask for it by what they see."""

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


RANKS = {"macs_share": 1, "type": 2, "output": 3, "kernel": 4, "element_ops": 5}
"""Which columns a narrow terminal can do without; the highest go first."""


def count_report(
    name: str,
    of: Measured,
    unused: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    view: CountView = PLAIN,
) -> Report:
    """The table of one count."""
    count = of.counted
    chosen = chosen_columns(view.columns)
    table = _Table(of, view, chosen)
    lines, groups = table.lines()
    asked = view.largest or view.columns or view.depth is not None
    if view.brief and not asked and len(lines) > MOST_LINES:
        lines, groups = table.stages()
    total = table.total()
    short: tuple[str, ...] = ()
    if view.execution == PLAIN_EXECUTION:
        short = (*notes.short_notes(of, unused, len(lines) < len(count.rows)), *remarks)
    return Report(
        title=f"{name} on {format_shape(count.input)}",
        columns=tuple(table.column(key) for key in chosen),
        rows=tuple(tuple(line[key] for key in chosen) for line in lines),
        total=tuple(total[key] for key in chosen),
        caption=notes.caption(count.batch),
        notes=(*notes.count_notes(of, unused), *remarks),
        document=lambda: {
            "schema": COUNT_SCHEMA,
            "results": [measured_document(name, of, unused, remarks)],
        },
        records=lambda: (result_document(name, count, unused=unused, notes=remarks),),
        groups=frozenset(groups),
        quiet=frozenset(n for n, line in enumerate(lines) if _costs_nothing(line)),
        short=short,
        why=lambda number, width: table.why(lines[number], width),
        chart=lambda: _bars(f"{name} on {format_shape(count.input)}", table),
    )


def _bars(title: str, table: _Table) -> Bars:
    """MACs and parameters by stage of a long network, by layer of a short one."""
    from convcost.reports.charts import Bars, Series

    lines, groups = table.lines()
    if len(lines) > MOST_LINES:
        lines, groups = table.stages()
    shown = [
        line
        for number, line in enumerate(lines)
        if number not in groups and not _costs_nothing(line) and line["macs"] is not None
    ]
    batch = "" if table.count.batch == 1 else f" for a batch of {table.count.batch}"
    columns = {
        key: tuple(
            int(line[key][0] if isinstance(line[key], tuple) else line[key]) for line in shown
        )
        for key in ("macs", "params")
    }
    labels = (str(getattr(line["layer"], "value", line["layer"])) for line in shown)
    series = (Series(f"MACs{batch}", columns["macs"]), Series("parameters", columns["params"]))
    unknown = len(table.count.uncounted)
    note = f"{unknown} of {len(table.count.rows)} layers are not known and not shown"
    return Bars(title, tuple(labels), series, note if unknown else "")


def _costs_nothing(line: Mapping[str, Any]) -> bool:
    """Whether a line has neither parameters nor MACs; one that is not known may have both."""
    return all(line[key] in (0, Amount(0)) for key in ("params", "macs"))


def chosen_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns asked for, the layer first. Raises ConvcostError for an unknown one."""
    columns = [TITLES.get(key, key) for key in columns]
    for key in columns:
        if key not in COLUMNS:
            raise ConvcostError(f"there is no column {key}", hint=meant_figure(key, COLUMNS))
    return ("layer", *(key for key in columns if key != "layer")) if columns else DEFAULT_COLUMNS


class _Table:
    """The cells of all lines by column key; figures only where their column is asked for."""

    def __init__(self, of: Measured, view: CountView, chosen: Sequence[str]) -> None:
        self.of = of
        self.count = of.counted
        self.view = view
        self.figures = [FIGURES[key] for key in chosen if key in FIGURES]
        self._index = {id(row): index for index, row in enumerate(of.counted.rows)}

    def column(self, key: str) -> Column:
        """One column; those that the user asked for are never dropped."""
        rank = 0 if self.view.columns else RANKS.get(key, 0)
        if key == "macs_share":
            shown = len(self.count.rows) > 1 or bool(self.view.columns)
            return Column(key, "share", format_share, bar=True, rank=rank, people=shown)
        if key in ("input_bytes", "output_bytes"):
            return Column(key, key.removesuffix("_bytes"), _or_blank(format_bytes), "right", rank)
        if key not in FIGURES:
            if key in ("input", "output"):
                return Column(key, key, _or_blank(format_shape), "right", rank)
            return Column(key, key, str, "left", rank)
        figure = FIGURES[key]
        return Column(key, figure.title, _or_blank(self._show(figure)), "right", rank)

    def _show(self, figure: Figure) -> Callable[[Any], str]:
        if figure.unit == "count":
            return format_human if self.view.human else format_count
        shows: dict[str, Callable[[Any], str]] = {
            "bytes": format_bytes,
            "ratio": _decimal,
            "shape": _field,
        }
        return shows[figure.unit]

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

    def stages(self) -> tuple[list[dict[str, Any]], list[int]]:
        """The fewest lines of the tree that still say something: stages, or blocks of one."""
        rows, scopes = self.count.rows, self.count.graph.scopes
        depth, tree = 0, branches(rows, scopes, 0)
        while len(tree) < LEAST_LINES and depth < MOST_LINES:
            depth += 1
            tree = branches(rows, scopes, depth)
        return [self._branch(branch) for branch in tree], [
            index for index, branch in enumerate(tree) if branch.is_open
        ]

    def why(self, line: Mapping[str, Any], width: int) -> str:
        """Where the numbers of a line come from; of a group they are sums."""
        from convcost.reports.explanation import derivation

        name = getattr(line["layer"], "value", line["layer"])
        own = [row for row in self.count.rows if row.name == name]
        if own:
            return derivation(own, self.count.batch, width)
        inside = [row for row in self.count.rows if row.name.startswith(f"{name}.")]
        return f"the sum of {len(inside)} layers" if inside else ""

    def _branch(self, branch: Branch) -> dict[str, Any]:
        label = Shown(branch.shown, branch.name)
        if branch.row is not None:
            return self._row(label, branch.row)
        end = self._index[id(branch.last)] + 1
        line = self._sums(
            label,
            branch.type,
            branch.cost,
            range(end - branch.layers, end),
            is_bound=branch.is_bound,
        )
        return line | {"output": known_shape(branch.last.node.output)}

    def _row(self, label: str, row: Row) -> dict[str, Any]:
        index = self._index[id(row)]
        line = self._sums(label, row.type, row.cost, (index,))
        line |= {figure.key: self._figure(figure, index) for figure in self.figures}
        return line | {
            "kernel": kernel_words(row),
            "input": known_shape(row.inputs[0]) if row.inputs else "",
            "output": known_shape(row.node.output),
            "input_bytes": self.of.reads(index),
            "output_bytes": self.of.writes(index),
        }

    def _figure(self, figure: Figure, index: int) -> Any:
        if figure.key == "receptive_field":
            return self._sees(index)
        return "" if figure.layer is None else figure.layer(self.of, index)

    def _sees(self, index: int) -> Any:
        """The receptive field of a row's output; at most that where a map was enlarged."""
        field = self.of.fields[index]
        if field.size is None:
            return Shown("all", None)
        return Shown(f"<={format_shape(field.size)}", field.size) if field.is_bound else field.size

    def _sums(
        self,
        label: str,
        kind: str,
        cost: Cost | None,
        indexes: Iterable[int],
        *,
        is_bound: bool = False,
    ) -> dict[str, Any]:
        """A line with costs only: a group of ``indexes``, or the start of a layer's line."""
        line: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {"layer": label, "type": kind}
        if cost is None:
            return line | dict.fromkeys(("params", "macs", "macs_share", "element_ops", "weights"))
        total = self.count.macs
        return line | {
            "params": Amount(cost.params, is_bound),
            "macs": Amount(cost.macs, is_bound),
            "macs_share": Fraction(cost.macs, total) if total else Fraction(0),
            "element_ops": Amount(cost.element_ops, is_bound),
            "weights": Amount(sum(self.of.weights(i) or 0 for i in indexes), is_bound),
        }

    def _largest(self) -> list[dict[str, Any]]:
        """The largest rows in their order, and one line for the others."""
        rows, keep = self.count.rows, self.view.largest
        order = sorted(range(len(rows)), key=lambda index: _size(rows[index]), reverse=True)
        chosen = set(order[:keep])
        lines = [self._row(row.name, row) for i, row in enumerate(rows) if i in chosen]
        indexes = [index for index in range(len(rows)) if index not in chosen]
        others = [rows[index] for index in indexes]
        rest = FREE
        for row in others:
            rest += row.cost or FREE
        is_bound = any(row.cost is None for row in others)
        label = f"+ {len(rows) - keep} smaller layers"
        return [*lines, self._sums(label, "", rest, indexes, is_bound=is_bound)]

    def total(self) -> dict[str, Any]:
        """The last line, a lower bound where something was not counted."""
        count = self.count
        line = self._sums("total", "", count.total, (), is_bound=self.of.is_bound)
        line |= {"output": known_shape(count.output), "macs_share": None}
        for figure in self.figures:
            if figure.unit != "shape":
                line[figure.key] = figure.total(self.of)
        return line


def _size(row: Row) -> tuple[bool, int, int]:
    if row.cost is None:
        return True, 0, 0
    return False, row.cost.macs, row.cost.params


def format_share(share: Fraction) -> str:
    """A share as a percentage; nothing for nothing, and never 0.0 % for something."""
    if not share:
        return ""
    text = format_percent(share.numerator, share.denominator)
    return "<0.1 %" if text == "0.0 %" else text


def _or_blank(show: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda cell: cell if isinstance(cell, str) else show(cell)


def _decimal(value: Fraction) -> str:
    return f"{float(value):.1f}"


def _field(size: Any) -> str:
    return format_shape(size)


def kernel_words(row: Row) -> str:
    """``3x3 s2 d2 g4``: what distinguishes one convolution from another."""
    operation = row.node.operation
    return operation.words() if windowed(operation) else ""
