"""Counts and comparisons with another tool's number in place of MACs (``--convention``).

The table shows the tool's number in a column that is named as the tool names it; JSON keeps
convcost's MACs and has the tool's number beside them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from convcost.engine.counting import Count
from convcost.engine.figures import Measured
from convcost.errors import SpecError
from convcost.language.conventions import Convention
from convcost.quantities import format_count
from convcost.reports.comparison import comparison_report
from convcost.reports.count import PLAIN, CountView, chosen_columns, count_report
from convcost.reports.report import Column, Report
from convcost.studies.comparison import Comparison, ratio
from convcost.studies.conventions import recounted, row_values


def recounted_report(
    name: str,
    of: Measured,
    convention: Convention,
    unused: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    view: CountView = PLAIN,
) -> Report:
    """One count by a tool's convention. Raises SpecError where its column is not shown."""
    if "macs" not in chosen_columns(view.columns):
        raise SpecError(
            f"--convention {convention.name} changes the column macs, which is not shown",
            place="--columns",
            hint="add macs to the columns",
        )
    counted = of.counted
    own = count_report(name, of, unused, remarks, view)
    other = recounted(convention, counted)
    made = count_report(name, Measured(other, of.execution), unused, remarks, view)
    bound = ">= " if counted.uncounted else ""
    notes = tuple(line for line in made.notes if not line.startswith("MACs:"))

    def document() -> dict[str, Any]:
        whole = own.document()
        result = whole["results"][0]
        result["convention"] = _document(convention, other)
        for layer, value in zip(
            result.get("layers", ()), row_values(convention, counted), strict=False
        ):
            layer["convention_value"] = value
        return whole

    return made._replace(
        columns=tuple(_renamed(column, convention) for column in made.columns),
        caption=_caption(convention, f"{bound}{format_count(counted.macs)}"),
        notes=notes,
        document=document,
        records=lambda: tuple(document()["results"]),
    )


def recounted_comparison(
    comparison: Comparison, convention: Convention, *, human: bool = False
) -> Report:
    """A comparison by a tool's convention."""
    counts = [recounted(convention, entry.counted) for entry in comparison.entries]
    names = [entry.name for entry in comparison.entries]
    base = counts[names.index(comparison.baseline)]
    entries = tuple(
        entry._replace(counted=counted, macs_ratio=_ratio(counted, base))
        for entry, counted in zip(comparison.entries, counts, strict=True)
    )
    own = comparison_report(comparison, human=human)
    made = comparison_report(
        comparison._replace(entries=entries), human=human, unit=convention.calls_it
    )

    def document() -> dict[str, Any]:
        whole = own.document()
        for design, counted in zip(whole["comparisons"][0]["designs"], counts, strict=True):
            design["convention"] = _document(convention, counted)
        return whole

    return made._replace(
        columns=tuple(_renamed(column, convention) for column in made.columns),
        caption=_caption(convention, "MACs"),
        document=document,
        records=lambda: tuple(document()["comparisons"]),
    )


def _ratio(counted: Count, base: Count) -> Fraction | None:
    is_bound = counted.uncounted or base.uncounted
    return None if is_bound else ratio(counted.macs, base.macs)


def _renamed(column: Column, convention: Convention) -> Column:
    word = convention.calls_it
    if column.key == "macs":
        return column._replace(key=word, title=word)
    if column.key == "macs_ratio":
        return column._replace(key=f"{word}_ratio", title=f"{word} change")
    return column


def _caption(convention: Convention, own: str) -> str:
    version = f" {convention.version}" if convention.version else ""
    counted = f"convcost counts {own} MACs" if own != "MACs" else "convcost counts MACs"
    return f"{convention.calls_it} as {convention.tool}{version} counts them; {counted}"


def _document(convention: Convention, other: Count) -> dict[str, Any]:
    return {
        "name": convention.name,
        "version": convention.version,
        "calls_it": convention.calls_it,
        "value": other.macs,
    }
