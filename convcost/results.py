"""Results of the Python API: numbers that show themselves as a table, also in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from convcost.engine.counting import Count
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, did_you_mean
from convcost.studies.comparison import Comparison, Entry

if TYPE_CHECKING:
    from pathlib import Path

    from convcost.engine.figures import Measured
    from convcost.language.building import Parameters
    from convcost.reports.charts import Scatter
    from convcost.reports.count import CountView
    from convcost.reports.report import Report
    from convcost.studies.budget import Outcome
    from convcost.studies.by_module import Share
    from convcost.studies.difference import Difference, Pair
    from convcost.studies.project import Ran
    from convcost.studies.roofline import Device


class Shown:
    """A result that shows itself as a table: ``print(result)``, or as HTML in a notebook."""

    def report(self) -> Report:
        """The table behind every output format."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, as ``convcost schema`` describes it."""
        return self.report().document()

    def render(self, form: str = "table", *, width: int = 80) -> str:
        """The result as text: ``table``, ``json``, ``csv`` or another format of the table."""
        from convcost.reports.formats import FORMATS
        from convcost.reports.report import Look

        if form not in FORMATS:
            raise ConvcostError(f"{form} is not a format", hint=did_you_mean(form, FORMATS))
        return FORMATS[form].render([self.report()], Look(width=width))

    def save(self, path: str | Path) -> None:
        """Write the result to a file, whole or not at all; the ending says in which format.

        ``.pdf`` and ``.png`` are the chart of the result. Raises ConvcostError.
        """
        from convcost.reports.formats import form_of
        from convcost.reports.writing import write_whole

        if str(path).lower().endswith((".pdf", ".png")):
            self.chart(path)
        else:
            write_whole(str(path), self.render(form_of(str(path))))

    def chart(self, path: str | Path, *, width: str = "two") -> None:
        """Write a chart for a paper to an .svg, .pdf or .png file; needs ``convcost[chart]``.

        ``width``: ``one`` or ``two`` columns, or a length such as ``89mm``. Raises ConvcostError.
        """
        from convcost.reports.plotting import chart
        from convcost.reports.writing import write_whole

        write_whole(str(path), chart([self.report()], str(path), width))

    def to_dataframe(self) -> Any:
        """The rows of the table as a data frame of pandas, else of polars.

        Raises ConvcostError where neither is installed.
        """
        from convcost.reports.frames import dataframe

        return dataframe(self.report())

    def __str__(self) -> str:
        return self.render().rstrip("\n")

    def _repr_html_(self) -> str:
        from convcost.reports import html

        return html.fragment(self.report())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


class Layer(NamedTuple):
    """One counted layer. Numbers are None where its cost is not known."""

    name: str
    type: str
    input: Shape
    output: Shape
    params: int | None
    macs: int | None
    element_ops: int | None


class CountResult(Shown):
    """One counted network, design or layer. Iterating gives its layers."""

    def __init__(
        self,
        name: str,
        counted: Count,
        unused: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        parameters: Parameters | None = None,
    ) -> None:
        """``notes`` are sentences that a reader of the numbers should see.

        ``parameters``: the trainable, the frozen and the idle ones of a PyTorch module.
        """
        self.name: Final = name
        self.counted: Final = counted
        self.unused: Final = unused
        self.notes: Final = notes
        self.parameters: Final = parameters

    @property
    def params(self) -> int:
        """Learned numbers."""
        return self.counted.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates for the batch."""
        return self.counted.macs

    @property
    def element_ops(self) -> int:
        """Element operations (bias, normalisation, activation, pooling, sums) for the batch."""
        return self.counted.element_ops

    @property
    def input(self) -> Shape:
        """Input shape, channels last, without batch."""
        return self.counted.input

    @property
    def output(self) -> Shape:
        """Output shape, channels last, without batch."""
        return self.counted.output

    @property
    def batch(self) -> int:
        """Samples in the batch."""
        return self.counted.batch

    @property
    def is_complete(self) -> bool:
        """Whether every layer was counted; if not, the figures are lower bounds."""
        return not self.counted.uncounted

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in order."""
        return tuple(
            Layer(
                row.name,
                row.type,
                row.inputs[0] if row.inputs else (),
                row.node.output,
                *(row.cost or (None, None, None)),
            )
            for row in self.counted.rows
        )

    @cached_property
    def _by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def __getitem__(self, layer: str) -> Layer:
        try:
            return self._by_name[layer]
        except KeyError:
            hint = did_you_mean(layer, self._by_name)
            raise KeyError(f"{self.name} has no layer {layer}; {hint}") from None

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def by_module(self, depth: int | None = None) -> dict[str, Share]:
        """Parameters and work of each module (dotted name), down to ``depth`` names."""
        from convcost.studies.by_module import by_module

        return by_module(self.counted, depth)

    def by_operator(self) -> dict[str, Share]:
        """Parameters and work of each type of layer."""
        from convcost.studies.by_module import by_operator

        return by_operator(self.counted)

    def measured(self, execution: Execution = PLAIN) -> Measured:
        """The count with every figure that can be asked of it, at the types of an execution."""
        from convcost.engine.figures import Measured

        return Measured(self.counted, execution)

    @property
    def memory(self) -> dict[str, Any]:
        """Bytes at float32: weights, peak and where it is, the largest layer, all outputs."""
        from convcost.reports.documents import memory_document

        return memory_document(self.measured())

    def document(self, *, layers: bool = True, execution: Execution = PLAIN) -> dict[str, Any]:
        """RESULT: this count as one JSON object."""
        from convcost.reports.documents import measured_document, result_document

        if not layers:
            return result_document(self.name, self.counted, unused=self.unused, notes=self.notes)
        return measured_document(self.name, self.measured(execution), self.unused, self.notes)

    def report(self, view: CountView | None = None) -> Report:
        """The layer-by-layer table."""
        from convcost.reports.count import PLAIN, count_report

        view = view or PLAIN
        measured = self.measured(view.execution)
        return count_report(self.name, measured, self.unused, self.notes, view)

    def roofline(self, path: str | Path, device: str | None = None, *, width: str = "two") -> None:
        """Write a chart of MACs for each byte moved, a dot a layer, at float32.

        ``device``: its MACs and its bytes a second (``"4T,25.6G"``), for its roof. Raises
        ConvcostError.
        """
        from convcost.reports.plotting import page
        from convcost.reports.writing import write_whole
        from convcost.studies.roofline import parse_device

        given = None if device is None else parse_device(device, "device")
        write_whole(str(path), page([self.roofline_of(given)], str(path), width))

    def roofline_of(self, device: Device | None, execution: Execution = PLAIN) -> Scatter:
        """What a roofline shows, at the types of an execution. Raises ConvcostError."""
        from convcost.quantities import format_shape
        from convcost.reports.notes import types_words
        from convcost.reports.roofline import roofline_scatter
        from convcost.studies.roofline import roofline

        of = self.measured(execution)
        batch = "" if self.batch == 1 else f", batch {self.batch}"
        title = f"{self.name} on {format_shape(self.input)}{batch}"
        return roofline_scatter(title, roofline(of), types_words(of), device)

    def plan(self, execution: Execution) -> Report:
        """Where each buffer lies, offsets by time; needs a planner. Raises ConvcostError."""
        from convcost.reports.memory_plan import plan_report

        held = self.measured(execution).memory
        if held.plan is None:
            raise ConvcostError("no planner was asked for", hint="such as tflm")
        return plan_report(self.name, held.plan, max(held.live, default=0))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CountResult):
            return NotImplemented
        return (self.name, self.batch, self.layers) == (other.name, other.batch, other.layers)

    def __hash__(self) -> int:
        return hash((self.name, self.batch, self.counted.total))

    def __repr__(self) -> str:
        sign = "" if self.is_complete else ">= "
        return (
            f"<CountResult {self.name}: {sign}{self.params:,} params, {sign}{self.macs:,} MACs, "
            f"{len(self)} layer{'s' * (len(self) != 1)}>"
        )


class ComparisonResult(Shown):
    """Designs side by side. ``result["separable"]`` is one of them."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison: Final = comparison

    def __getitem__(self, design: str) -> CountResult:
        for entry in self.comparison.entries:
            if entry.name == design:
                return CountResult(entry.name, entry.counted)
        raise KeyError(design)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.comparison.entries)

    def __len__(self) -> int:
        return len(self.comparison.entries)

    def report(self, *, human: bool = False) -> Report:
        """The table with a row per design."""
        from convcost.reports.comparison import comparison_report

        return comparison_report(self.comparison, human=human)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ComparisonResult):
            return NotImplemented
        return self.comparison == other.comparison

    __hash__ = None  # type: ignore[assignment]  # settings may hold lists

    def __repr__(self) -> str:
        names = ", ".join(entry.name for entry in self)
        return f"<ComparisonResult of {names} against {self.comparison.baseline}>"


class CheckResult(Shown):
    """What came of limits. ``outcomes`` has one for each; ``notes`` are remarks beside them."""

    def __init__(self, ran: Ran) -> None:
        """Raises SpecError where a limit is relative and there is no baseline."""
        if ran.error is not None:
            raise ran.error
        self.verdict: Final = ran.verdict
        self.notes: Final = ran.notes

    @property
    def holds(self) -> bool:
        """Whether no limit is broken."""
        return self.verdict.holds

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every limit, and what came of it."""
        return self.verdict.outcomes

    def report(self) -> Report:
        """The table with a row a limit."""
        from convcost.reports.check import check_report

        return check_report(self.verdict)

    def __repr__(self) -> str:
        from convcost.reports.check import summary

        return f"<CheckResult: {summary(self.verdict)}>"


class DiffResult(Shown):
    """What is different between two networks. ``layers`` are the matched layers in order."""

    def __init__(self, difference: Difference, notes: tuple[str, ...] = ()) -> None:
        self.difference: Final = difference
        self.notes: Final = notes

    @property
    def layers(self) -> tuple[Pair, ...]:
        """Each layer of either side, what it is matched with, and what differs."""
        return self.difference.pairs

    @property
    def differs(self) -> bool:
        """Whether anything does, names of layers included."""
        return not self.difference.is_none

    def report(self) -> Report:
        """The table of totals; the document has the layers, too."""
        from convcost.reports.difference import totals_report

        return totals_report(self.difference)

    def __repr__(self) -> str:
        from convcost.reports.difference import layers_line

        of = self.difference
        return f"<DiffResult {of.a.name} -> {of.b.name}: {layers_line(of)}>"


class PageResult(Shown):
    """A result that is a Report already: an explanation, a formula, a swap, the designs."""

    def __init__(self, report: Report) -> None:
        self._report: Final = report

    def report(self) -> Report:
        """The report."""
        return self._report

    def __repr__(self) -> str:
        return f"<{self._report.title}>"
