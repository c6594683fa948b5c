"""Checks as a Report: a row a limit; the sentences of a verdict; what an update changes."""

from __future__ import annotations

from typing import Any

from convcost.engine.figures import FIGURES
from convcost.language.budgets import Increase
from convcost.quantities import Amount, format_bytes, format_count
from convcost.reports.escaping import visible
from convcost.reports.report import Column, Report, Shown
from convcost.studies.baseline import Movement
from convcost.studies.budget import UNCOUNTED, Outcome, Verdict
from convcost.studies.budget_file import FIRST_FIGURES

CHECK_SCHEMA = "convcost.check/1"
KINDS = {"max": "max", "warn": "warn", "max_increase": "max increase"}


def check_report(verdict: Verdict) -> Report:
    """A row a limit: what it is on, what came out, and whether it holds."""
    from convcost.reports import check_formats

    return Report(
        title=f"check: {summary(verdict)}",
        columns=(
            Column("name", "check"),
            Column("figure", "figure"),
            Column("value", "value", format_count, align="right"),
            Column("limit", "limit", format_count, align="right"),
            Column("kind", "kind", rank=2),
            Column("change", "change", _signed, align="right", rank=1),
            Column("status", "status", tone=status_tone),
        ),
        rows=tuple(map(_row, verdict.outcomes)),
        total=None,
        caption="1 MAC = 1 multiply + 1 add; figures of memory in bytes",
        notes=(),
        document=lambda: check_document(verdict),
        records=lambda: tuple(map(outcome_document, verdict.outcomes)),
        own={"markdown": lambda look: check_formats.markdown(verdict)},
    )


def _row(outcome: Outcome) -> tuple[Any, ...]:
    return (
        visible(outcome.name),
        Shown(title(outcome.limit_on.figure), outcome.limit_on.figure),
        outcome.value,
        outcome.limit,
        Shown(KINDS[outcome.limit_on.kind], outcome.limit_on.kind),
        "" if outcome.base is None else outcome.change,
        outcome.status,
    )


def status_tone(status: str) -> str:
    """What is broken is red, what may be is yellow; the word says it, too."""
    return {"holds": "fewer", "broken": "error"}.get(status, "more")


def _signed(change: Any) -> str:
    return change if isinstance(change, str) else f"{change:+,}" if change else "0"


def title(figure: str) -> str:
    """What people call a figure."""
    return FIGURES[figure].title if figure in FIGURES else figure


def check_document(verdict: Verdict) -> dict[str, Any]:
    """``convcost.check/1``."""
    return {
        "schema": CHECK_SCHEMA,
        "holds": verdict.holds,
        "checks": list(map(outcome_document, verdict.outcomes)),
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """One limit. A value that is a lower bound has the status ``unknown``, or breaks anyway."""
    return {
        "name": outcome.name,
        "figure": outcome.limit_on.figure,
        "value": outcome.value.value,
        "limit": outcome.limit,
        "kind": outcome.limit_on.kind,
        "base": None if outcome.base is None else outcome.base.value,
        "change": outcome.change,
        "status": outcome.status,
    }


def summary(verdict: Verdict) -> str:
    """How many limits there are, and what became of them: ``1 of 3 limits broken``."""
    statuses = [outcome.status for outcome in verdict.outcomes]
    number = len(statuses)
    broken = statuses.count("broken")
    words = [f"{broken} of {number} limit{'s' * (number != 1)} broken"] if broken else []
    for status, one, many in (
        ("warning", "warning", "warnings"),
        ("unknown", "unknown", "unknown"),
    ):
        count = statuses.count(status)  # type: ignore[arg-type]
        words += [f"{count} {one if count == 1 else many}"] if count else []
    if not broken:
        holds = statuses.count("holds")
        words.insert(0, f"{holds} limit{'s hold' if holds != 1 else ' holds'}")
    return ", ".join(words)


def sentence(outcome: Outcome) -> str:
    """What a reader is told of one limit, with value, limit and excess exactly."""
    name, value = visible(outcome.name), outcome.value.text(format_count)
    key = outcome.limit_on.figure
    if key == UNCOUNTED:
        layers = outcome.value.value
        number = f"{layers} layer{'s' * (layers != 1)}"
        return f"{name} has {number} that cannot be counted: its figures are lower bounds"
    what = f"{name} has {value} {_unit(key, outcome.value)}"
    if outcome.limit is None:
        return f"{what}, and the baseline does not say how many there were"
    limit = f"{format_count(outcome.limit)}{_of_base(outcome)}"
    if outcome.status == "unknown":
        return f"{what}, and {limit} are allowed"
    if outcome.status == "holds":
        return f"{what}, at most {limit}"
    return f"{what}, {format_count(outcome.excess)} more than {limit}"


def _unit(key: str, value: Amount) -> str:
    figure = FIGURES[key]
    if figure.unit == "bytes":
        return f"bytes of {figure.title} ({format_bytes(value.value)})"
    return {"macs": "MACs", "params": "parameters"}.get(key, figure.title)


def _of_base(outcome: Outcome) -> str:
    most = outcome.limit_on.most
    if not isinstance(most, Increase) or outcome.base is None:
        return ""
    return f" ({most.text} above {outcome.base.text(format_count)})"


def verdict_lines(verdict: Verdict) -> list[str]:
    """The verdict for standard error: what is broken, and why; the summary last."""
    lines: list[str] = []
    words = {"broken": "broken", "warning": "warning", "unknown": "unknown"}
    for outcome in verdict.outcomes:
        if outcome.status in words:
            lines.append(f"{words[outcome.status]}: {sentence(outcome)}")
            lines += [f"  {detail}" for detail in details(outcome)]
    return [*lines, f"check: {summary(verdict)}"]


def details(outcome: Outcome) -> list[str]:
    """The layers behind a broken limit, and where the limit can be changed."""
    lines = []
    if outcome.layers:
        layers = [(visible(name), number) for name, number in outcome.layers]
        if outcome.limit_on.figure == UNCOUNTED:
            lines.append(f"not counted: {', '.join(name for name, _ in layers)}")
        else:
            sign = "+" if outcome.grew else ""
            parts = [f"{name} {sign}{format_count(number)}" for name, number in layers]
            lines.append(f"{'grew most' if outcome.grew else 'largest'}: {', '.join(parts)}")
    if outcome.status in ("broken", "warning"):
        lines.append(f"change the limit: {outcome.limit_on.place}")
    return lines


def update_report(movements: list[Movement], place: str, written: int) -> Report:
    """What an update of the baseline changes: a row a figure, three for a new check."""
    return Report(
        title=f"{place}: {written} check{'s' * (written != 1)} written",
        columns=(
            Column("name", "check"),
            Column("figure", "figure"),
            Column("before", "before", _or_none, align="right"),
            Column("after", "after", _or_none, align="right"),
            Column("change", "change", _signed, align="right"),
        ),
        rows=tuple(
            (
                one.name,
                Shown(title(one.figure), one.figure),
                "" if one.before is None else one.before,
                "" if one.after is None else one.after,
                "new"
                if one.before is None
                else "gone"
                if one.after is None
                else one.after - one.before,
            )
            for one in movements
            if one.figure in FIRST_FIGURES or None not in (one.before, one.after)
        ),
        total=None,
        caption="nothing changed" if not movements else "figures of memory in bytes",
        notes=(),
        document=lambda: update_document(movements),
        records=lambda: tuple(one._asdict() for one in movements),
    )


def _or_none(value: Any) -> str:
    return value if isinstance(value, str) else format_count(value)


def update_document(movements: list[Movement]) -> dict[str, Any]:
    """``convcost.check_update/1``: null where a check is on one side only."""
    return {
        "schema": "convcost.check_update/1",
        "changes": [one._asdict() for one in movements],
    }
