"""Results of the Python API: numbers that show themselves as a table, also in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from convcost.engine.counting import Count
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError
from convcost.studies.comparison import Comparison, Entry

if TYPE_CHECKING:
    from convcost.reports.count import CountView
    from convcost.reports.report import Report


class _Shown:
    """A result that shows itself as a table: ``print(result)``, or as HTML in a notebook."""

    def report(self) -> Report:
        """The table behind every output format."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, as ``convcost schema`` describes it."""
        return self.report().document()

    def render(self, form: str = "table", *, width: int = 80) -> str:
        """The result as text: ``table``, ``json``, ``jsonl``, ``csv`` or ``markdown``."""
        from convcost.errors import did_you_mean
        from convcost.reports.formats import FORMATS, render

        if form not in FORMATS:
            raise ConvcostError(f"{form} is not a format", hint=did_you_mean(form, FORMATS))
        return render([self.report()], form, width=width)

    def __str__(self) -> str:
        return self.render().rstrip("\n")

    def _repr_html_(self) -> str:
        from convcost.reports import html

        return html.render(self.report())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


class CountResult(_Shown):
    """One counted network, design or layer."""

    def __init__(
        self,
        name: str,
        counted: Count,
        unused: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        """``notes`` are sentences that a reader of the numbers should see."""
        self.name: Final = name
        self.counted: Final = counted
        self.unused: Final = unused
        self.notes: Final = notes

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
    def is_complete(self) -> bool:
        """Whether every layer was counted; if not, the figures are lower bounds."""
        return not self.counted.uncounted

    def document(self, *, layers: bool = True, dtype: str = "float32") -> dict[str, Any]:
        """RESULT: this count as one JSON object."""
        from convcost.reports.documents import result_document

        rows = self.counted.rows if layers else None
        return result_document(
            self.name,
            self.counted,
            layers=rows,
            unused=self.unused,
            remarks=self.notes,
            dtype=dtype,
        )

    def report(self, view: CountView | None = None) -> Report:
        """The layer-by-layer table."""
        from convcost.reports.count import PLAIN, count_report

        return count_report(
            self.name,
            self.counted,
            unused=self.unused,
            remarks=self.notes,
            view=view or PLAIN,
        )


class ComparisonResult(_Shown):
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
