"""A comparison as a Report: a row per design, and what each design does."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from convcost.quantities import Amount, format_change, format_count, format_human, format_shape
from convcost.reports import notes
from convcost.reports.documents import COMPARE_SCHEMA, comparison_document, decimal
from convcost.reports.report import Column, Report, Shown
from convcost.studies.comparison import Comparison, Entry

WINDOW = ("kernel_size", "padding", "dilation")
"""Settings of which the column ``sees`` already tells that a design fixes them itself."""

SIMPLE_MIXING = {"space and channels": "both"}


def comparison_report(comparison: Comparison, *, human: bool = False) -> Report:
    """The table of one comparison."""
    number = format_human if human else format_count
    columns = (
        Column("design", "design", wrap=24),
        Column("output", "output", format_shape, align="right"),
        Column("params", "params", number, align="right"),
        Column("params_ratio", "params change", align="right", rank=3),
        Column("macs", "MACs", number, align="right"),
        Column("macs_ratio", "MACs change", align="right"),
        Column("macs_share", "", bar=True, rank=2),
        Column("receptive_field", "sees", _field, align="right"),
        Column("mixes", "mixes", lambda mixes: str(SIMPLE_MIXING.get(mixes, mixes))),
        Column("does", "what it does", rank=4, wrap=36),
    )
    most = max(entry.counted.macs for entry in comparison.entries)
    base = next(entry for entry in comparison.entries if entry.name == comparison.baseline)
    return Report(
        title=_title(comparison),
        columns=columns,
        rows=tuple(_row(entry, base, most) for entry in comparison.entries),
        total=None,
        caption=notes.caption(comparison.batch),
        notes=_notes(comparison),
        document=lambda: {
            "schema": COMPARE_SCHEMA,
            "comparisons": [comparison_document(comparison)],
        },
        records=lambda: (comparison_document(comparison),),
    )


def _row(entry: Entry, base: Entry, most: int) -> tuple[Any, ...]:
    count = entry.counted
    change: Callable[[int, int], str] = format_change
    is_base = entry is base
    if entry.is_bound or base.is_bound:
        change = _unknown_change
    params, macs = decimal(entry.params_ratio), decimal(entry.macs_ratio)
    return (
        entry.name,
        count.output,
        Amount(count.params, entry.is_bound),
        Shown("baseline" if is_base else change(count.params, base.counted.params), params),
        Amount(count.macs, entry.is_bound),
        Shown("baseline" if is_base else change(count.macs, base.counted.macs), macs),
        Fraction(count.macs, most) if most else Fraction(0),
        entry.receptive_field or "all",
        entry.mixing,
        entry.summary,
    )


def _unknown_change(value: int, base: int) -> str:
    """A ratio of lower bounds says nothing."""
    return "?"


def _field(size: Any) -> str:
    return size if isinstance(size, str) else format_shape(size)


def _title(comparison: Comparison) -> str:
    """``56x56x256, kernel 3x3, 64 out``: the question."""
    words = [format_shape(comparison.input)]
    names = {"kernel_size": "kernel {}", "out_channels": "{} out", "stride": "stride {}"}
    for key, words_for in names.items():
        value = comparison.settings.get(key)
        if value is None or (key == "stride" and value == 1):
            continue
        axes = len(comparison.input) - 1 if key == "kernel_size" else 1
        shown = format_shape(value if isinstance(value, tuple) else (value,) * axes)
        words.append(words_for.format(shown))
    return ", ".join(words)


def _notes(comparison: Comparison) -> tuple[str, ...]:
    lines = ["sees: input positions behind one output value; mixes: what it combines"]
    outputs = {entry.counted.output for entry in comparison.entries}
    if len(outputs) > 1:
        lines.append("outputs differ in shape: these designs cannot stand in for each other")
    for entry in comparison.entries:
        line = notes.unused(entry.name, tuple(s for s in entry.unused if s not in WINDOW))
        lines += [line] if line else []
    if any(entry.counted.uncounted for entry in comparison.entries):
        lines.append("layers that are not known make a figure a lower bound")
    return tuple(lines)
