"""A verdict where other programs show it: annotations, JUnit, a comment, a job's summary."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from convcost.quantities import format_count
from convcost.reports.check import KINDS, details, sentence, summary, title
from convcost.reports.escaping import markdown_text, visible
from convcost.studies.budget import Outcome, Verdict

MARKER = "<!-- convcost check -->"
"""The first line of a comment, by which a bot finds the one that it is to update."""

MOST_ANNOTATIONS = 10
"""GitHub shows ten annotations of a kind for a step and drops the others without a word."""


def github(verdict: Verdict) -> str:
    """Workflow commands: an annotation for each limit that does not hold, at most ten."""
    loud = sorted(
        (one for one in verdict.outcomes if one.status != "holds"),
        key=lambda one: one.status != "broken",
    )
    shown = loud if len(loud) <= MOST_ANNOTATIONS else loud[: MOST_ANNOTATIONS - 1]
    lines = [_annotation(one) for one in shown]
    left = len(loud) - len(shown)
    if left:
        word = "error" if any(one.status == "broken" for one in loud[len(shown) :]) else "warning"
        lines.append(f"::{word} title=convcost::{left} more limits do not hold")
    return "".join(f"{line}\n" for line in [*lines, f"convcost check: {summary(verdict)}"])


def _annotation(one: Outcome) -> str:
    word = "error" if one.status == "broken" else "warning"
    check = one.check
    where = {}
    if check is not None and check.line is not None:
        line = one.limit_on.line or check.line
        where = {"file": check.place.rpartition(":")[0], "line": str(line)}
    where["title"] = f"convcost: {visible(one.name)} {title(one.limit_on.figure)}"
    properties = ",".join(f"{key}={_property(value)}" for key, value in where.items())
    message = "\n".join([sentence(one), *details(one)])
    return f"::{word} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def junit(verdict: Verdict) -> str:
    """A test case a limit: GitLab and Jenkins show them beside other tests."""
    outcomes = verdict.outcomes
    failures = sum(one.status == "broken" for one in outcomes)
    skipped = sum(one.status == "unknown" for one in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failures}" errors="0" skipped="{skipped}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="convcost" {counts}>']
    lines.append(f'  <testsuite name="convcost check" {counts}>')
    for one in outcomes:
        lines += _case(one)
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _case(one: Outcome) -> list[str]:
    name = quoteattr(f"{KINDS[one.limit_on.kind]} {title(one.limit_on.figure)}")
    head = f"    <testcase classname={quoteattr(visible(f'convcost.{one.name}'))} name={name}"
    if one.status == "holds":
        return [f"{head}/>"]
    message = quoteattr(visible(sentence(one)))
    if one.status == "unknown":
        return [f"{head}>", f"      <skipped message={message}/>", "    </testcase>"]
    text = escape("\n".join(map(visible, [sentence(one), *details(one)])))
    if one.status == "warning":
        return [f"{head}>", f"      <system-out>{text}</system-out>", "    </testcase>"]
    inside = f'      <failure type="limit" message={message}>{text}</failure>'
    return [f"{head}>", inside, "    </testcase>"]


MARKS = {"holds": "holds", "broken": "**broken**", "warning": "warning", "unknown": "unknown"}


def markdown(verdict: Verdict) -> str:
    """A comment for a pull request; its first line is a marker that readers do not see."""
    lines = [MARKER, f"**convcost check**: {summary(verdict)}", ""]
    lines += [
        "| check | figure | value | limit | change | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for one in verdict.outcomes:
        limit = "?" if one.limit is None else format_count(one.limit)
        change = "" if one.change is None else f"{one.change:+,}" if one.change else "0"
        cells = [
            markdown_text(one.name),
            f"{markdown_text(title(one.limit_on.figure))} ({KINDS[one.limit_on.kind]})",
            markdown_text(one.value.text(format_count)),
            limit,
            change,
            MARKS[one.status],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    loud = [one for one in verdict.outcomes if one.status != "holds"]
    if loud:
        lines.append("")
    for one in loud:
        lines.append(f"- {markdown_text(sentence(one))}")
        lines += [f"  - {markdown_text(detail)}" for detail in details(one)]
    return "\n".join([*lines, ""])
