"""A comparison as a Report: a row per design, and what each design does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost.quantities import Amount, format_change, format_count, format_human, format_shape
from convcost.reports import notes
from convcost.reports.documents import COMPARE_SCHEMA, comparison_document, decimal
from convcost.reports.report import Column, Drawing, Report, Shown
from convcost.studies.comparison import Comparison, Entry, best

if TYPE_CHECKING:
    from convcost.reports.charts import Bars

WINDOW = ("kernel_size", "padding", "dilation")
"""Settings of which the column ``sees`` already tells that a design fixes them itself."""

SIMPLE_MIXING = {"space and channels": "both"}


def comparison_report(comparison: Comparison, *, human: bool = False, unit: str = "MACs") -> Report:
    """The table of one comparison; ``unit`` is what its MACs are called."""
    number = format_human if human else format_count
    same_output = len({entry.counted.output for entry in comparison.entries}) == 1
    columns = (
        Column("design", "design", wrap=16),
        Column("output", "output", format_shape, "right", rank=1, people=not same_output),
        Column("params", "params", number, align="right"),
        Column("params_ratio", "params change", align="right", rank=6, tone=change_tone),
        Column("macs", unit, number, align="right"),
        Column("macs_ratio", f"{unit} change", align="right", rank=2, tone=change_tone),
        Column("macs_share", "", bar=True, rank=5),
        Column("receptive_field", "sees", _field, align="right", rank=3),
        Column("mixes", "mixes", lambda mixes: str(SIMPLE_MIXING.get(mixes, mixes)), rank=4),
        Column("does", "what it does", prose=True),
    )
    entries = comparison.entries
    most = max(entry.counted.macs for entry in entries)
    base = next(entry for entry in entries if entry.name == comparison.baseline)
    return Report(
        title=_title(comparison, same_output),
        columns=columns,
        rows=tuple(_row(entry, base, most) for entry in entries),
        total=None,
        caption=notes.caption(comparison.batch),
        notes=_notes(comparison, same_output),
        document=lambda: {
            "schema": COMPARE_SCHEMA,
            "comparisons": [comparison_document(comparison)],
        },
        records=lambda: (comparison_document(comparison),),
        quiet=frozenset(number for number, entry in enumerate(entries) if entry is base),
        answer=_answer(comparison, base, unit),
        why=lambda number, width: _why(entries[number], width),
        drawings=lambda width: _drawings(entries),
        chart=lambda: _bars(comparison, same_output, unit),
    )


def _why(entry: Entry, width: int) -> str:
    """Where the numbers of one design come from."""
    from convcost.reports.explanation import derivation

    return derivation(entry.counted.rows, entry.counted.batch, width)


def _bars(comparison: Comparison, same_output: bool, unit: str) -> Bars:
    """MACs (or what they are called) and parameters of each design, side by side."""
    from convcost.reports.charts import Bars, Series

    entries = comparison.entries
    batch = "" if comparison.batch == 1 else f" for a batch of {comparison.batch}"
    return Bars(
        _title(comparison, same_output),
        tuple(entry.name for entry in entries),
        (
            Series(f"{unit}{batch}", tuple(entry.counted.macs for entry in entries)),
            Series("parameters", tuple(entry.counted.params for entry in entries)),
        ),
        "; ".join(
            f"{entry.name} is a lower bound: {len(entry.counted.uncounted)} layers are not known"
            for entry in entries
            if entry.counted.uncounted
        ),
    )


def _drawings(entries: Sequence[Entry]) -> list[Drawing]:
    """The diagram of each design that is small enough for one."""
    from convcost.reports.diagram import LONGEST_DRAWING, draw_spans

    return [
        (entry.name, draw_spans(entry.counted.graph))
        for entry in entries
        if 1 < len(entry.counted.graph.nodes) <= LONGEST_DRAWING
    ]


def change_tone(cell: str) -> str:
    """Fewer is green, more is yellow; the word says it, too."""
    return {"fewer": "fewer", "more": "more", "none": "fewer"}.get(cell.rpartition(" ")[2], "")


def _answer(comparison: Comparison, base: Entry, unit: str) -> str:
    """One sentence: which design costs least, how much less, and what it gives up for that."""
    found = best(comparison)
    if found is None:
        return ""
    if found is base:
        return f"{base.name}: none of the others has fewer {unit}"
    change = format_change(found.counted.macs, base.counted.macs)
    if change == "none":
        return f"{found.name}: no {unit} at all"
    words = [f"{found.name}: {change} {unit} than {base.name}"]
    field = "all" if found.receptive_field is None else format_shape(found.receptive_field)
    other = "all" if base.receptive_field is None else format_shape(base.receptive_field)
    if field == other:
        words.append(f"sees as much ({field})")
    else:
        words.append(f"sees {field} where {base.name} sees {other}")
    mixes = SIMPLE_MIXING.get(found.mixing, found.mixing)
    same = "" if found.mixing == base.mixing else " only" if mixes != "both" else ""
    words.append(f"mixes {mixes}{same}")
    return ", ".join(words)


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


def _title(comparison: Comparison, same_output: bool) -> str:
    """``56x56x256 -> 56x56x64, kernel 3x3``: the question, and what all answers agree on."""
    words = [format_shape(comparison.input)]
    if same_output:
        words[0] += f" -> {format_shape(comparison.entries[0].counted.output)}"
    names = {"kernel_size": "kernel {}", "out_channels": "{} out", "stride": "stride {}"}
    for key, words_for in names.items():
        value = comparison.settings.get(key)
        if value is None or (key == "stride" and value == 1):
            continue
        if key == "out_channels" and same_output:
            continue
        axes = len(comparison.input) - 1 if key == "kernel_size" else 1
        shown = format_shape(value if isinstance(value, tuple) else (value,) * axes)
        words.append(words_for.format(shown))
    return ", ".join(words)


def _notes(comparison: Comparison, same_output: bool) -> tuple[str, ...]:
    lines = ["sees: input positions behind one output value; mixes: what it combines"]
    if not same_output:
        lines.append("outputs differ in shape: these designs cannot stand in for each other")
    for entry in comparison.entries:
        line = notes.unused(entry.name, tuple(s for s in entry.unused if s not in WINDOW))
        lines += [line] if line else []
    if any(entry.counted.uncounted for entry in comparison.entries):
        lines.append("layers that are not known make a figure a lower bound")
    return tuple(lines)
