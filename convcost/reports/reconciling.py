"""A printed figure beside what gives it, as a Report: explanations, or what comes near."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, floor
from typing import Any

from convcost.quantities import format_count
from convcost.reports import notes
from convcost.reports.report import Column, Report
from convcost.studies.reconciling import Candidate, Reconciled

RECONCILE_SCHEMA = "convcost.reconcile/1"
OWN = "convcost's own count"
FIGURES = {"macs": "MACs", "params": "params"}


def reconcile_report(found: Reconciled) -> Report:
    """A row per explanation, the least far-fetched first; without one, what comes nearest."""
    figure = FIGURES[found.figure]
    bound = ">= " if found.counted.uncounted else ""
    shown = found.matches or found.near
    return Report(
        title=f"{found.name}: {_figure_of(found.printed.text, figure)} printed, "
        f"{bound}{format_count(found.own)} counted",
        columns=(
            Column("match", "match"),
            Column("value", figure, lambda value: bound + format_count(value), align="right"),
            Column("steps", "because", wrap=30),
        ),
        rows=tuple((_mark(one), one.value, words(one)) for one in shown),
        total=None,
        caption=notes.caption(found.counted.batch),
        notes=tuple(_notes(found)),
        document=lambda: reconcile_document([found]),
        records=lambda: (_result(found),),
    )


def _figure_of(printed: str, figure: str) -> str:
    """``4.12G MACs``; what was printed may have the word itself: ``4.1 GFLOPs``."""
    return printed if re.search(r"[A-Za-z]{2,}\s*$", printed) else f"{printed} {figure}"


def words(one: Candidate) -> str:
    """The steps of an explanation in one line, with how its digits have to be read."""
    steps = " + ".join(one.steps) if one.steps else OWN
    return steps if one.is_exact or not one.is_match else f"{steps}; {one.reading}"


def _mark(one: Candidate) -> str:
    if one.is_exact:
        return "exact"
    return "if read so" if one.is_match else "no"


def _notes(found: Reconciled) -> Sequence[str]:
    low, high = _limits(found)
    lines = [f"{found.printed.text} as printed: {format_count(low)} to {format_count(high)}"]
    if not found.matches:
        lines.append(f"none of these gives {found.printed.text}: the nearest are shown")
    elif len(found.matches) > 1:
        lines.append("the fewest steps come first; the longer ones may agree by chance")
    if found.counted.uncounted:
        count = len(found.counted.uncounted)
        lines.append(f"{count} layers are not known: all numbers are lower bounds")
    return lines


def _limits(found: Reconciled) -> tuple[int, int]:
    return ceil(found.low), floor(found.high)


def reconcile_document(results: Sequence[Reconciled]) -> dict[str, Any]:
    """What ``convcost reconcile --format json`` prints."""
    return {"schema": RECONCILE_SCHEMA, "results": [_result(found) for found in results]}


def _result(found: Reconciled) -> dict[str, Any]:
    low, high = _limits(found)
    return {
        "name": found.name,
        "figure": found.figure,
        "reported": found.printed.text,
        "low": low,
        "high": high,
        "counted": found.own,
        "status": "partial" if found.counted.uncounted else "complete",
        "explained": bool(found.matches),
        "explanations": [_candidate(one) for one in found.matches],
        "nearest": [] if found.matches else [_candidate(one) for one in found.near],
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "steps": list(one.steps),
        "value": one.value,
        "tool": one.tool or None,
        "reading": one.reading or None,
        "exact": one.is_exact,
    }
