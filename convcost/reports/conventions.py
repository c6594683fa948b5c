"""What other tools would report, as Reports: a row per tool, and one tool's number derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from convcost.quantities import format_count, format_human
from convcost.reports import notes
from convcost.reports.report import Column, Report, Shown
from convcost.studies.conventions import Applied, Conventions, Term

CONVENTIONS_SCHEMA = "convcost.conventions/1"

REASONS = 2
"""How many reasons a row of the table gives; ``--tool`` gives all."""

SHORT = 10_000
"""Differences from here on are told with three digits; the values beside them are exact."""

WORDS = {
    "macs": "MAC",
    "bias": "bias addition",
    "input": "input element",
    "output": "output element",
    "params": "parameter",
    "positions": "position",
    "batch": "batch",
    "channels": "channel",
    "fan_in": "weight of an output value",
    "fan_out": "weight of an input value",
    "window": "position of the window",
    "calflops_same": "MAC as calflops counts it",
    "calflops_same_bias": "bias addition as calflops counts it",
    "calflops_transposed": "MAC as calflops counts it",
    "calflops_transposed_bias": "bias addition as calflops counts it",
}
"""Quantities of rules in words, for one of each."""


def conventions_report(found: Conventions) -> Report:
    """A row per tool: its number, its word for the unit, the difference and the reasons."""
    macs = found.counted.macs
    bound = ">= " if found.is_bound else ""
    return Report(
        title=f"{found.name}: what other tools say of {bound}{format_count(macs)} MACs",
        columns=(
            Column("tool", "tool"),
            Column("value", "value", lambda v: bound + format_count(v), align="right"),
            Column("calls_it", "calls it", rank=2),
            Column("difference", "difference", _signed, align="right", rank=1),
            Column("reasons", "because", prose=True, needed=True),
        ),
        rows=tuple(
            (
                tool.convention.name,
                tool.value,
                tool.convention.calls_it,
                tool.value - macs,
                reasons(tool, found.counted.batch),
            )
            for tool in found.tools
        ),
        total=None,
        caption=notes.caption(found.counted.batch),
        notes=_notes(found),
        document=lambda: conventions_document(found),
        records=lambda: (_result(found),),
    )


def _signed(value: int) -> str:
    return "same" if value == 0 else f"{'+' if value > 0 else '-'}{_short(abs(value))}"


def _short(value: int) -> str:
    return format_count(value) if value < SHORT else format_human(value)


def _notes(found: Conventions) -> tuple[str, ...]:
    lines = list(_bound_note(found))
    unsure = [tool.convention.name for tool in found.tools if tool.depends_on]
    if unsure:
        lines.append(
            "layers are taken to be modules; where a number depends on how the model was "
            f"written, --tool says how: {', '.join(unsure)}"
        )
    return tuple(lines)


def _bound_note(found: Conventions) -> Iterable[str]:
    if found.is_bound:
        kinds = sorted({row.type for row in found.counted.uncounted})
        count = len(found.counted.uncounted)
        yield f"{count} layers are not known ({', '.join(kinds)}): all numbers are lower bounds"


def tool_report(found: Conventions, tool: Applied) -> Report:
    """One tool's number by kind of layer: how many, of what, with which weight."""
    convention = tool.convention
    bound = ">= " if found.is_bound else ""
    version = f" {convention.version}" if convention.version else ""
    return Report(
        title=f"{found.name} by {convention.name} ({convention.tool}{version})",
        columns=(
            Column("kind", "kind of layer"),
            Column("layers", "layers", align="right"),
            Column("rule", "rule"),
            Column("value", convention.calls_it, format_count, align="right"),
        ),
        rows=tuple((term.what, term.layers, rule_words(term), term.value) for term in tool.terms),
        total=("total", Shown("", None), bound, tool.value),
        caption=f"convcost counts {bound}{format_count(found.counted.macs)} MACs",
        notes=(
            *_bound_note(found),
            *([convention.about] if convention.about else []),
            *(
                f"not seen: {layers} x {kind}, {format_count(macs)} MACs"
                for kind, layers, macs in unseen(tool)
            ),
            *(f"depends on: {sentence}" for sentence in tool.depends_on),
            *([f"rules: {convention.source}"] if convention.source else []),
        ),
        document=lambda: conventions_document(found._replace(tools=(tool,))),
        records=lambda: (_result(found._replace(tools=(tool,))),),
    )


def unseen(tool: Applied) -> tuple[tuple[str, int, int], ...]:
    """Kinds with MACs of which the tool counts nothing: kind, layers, MACs."""
    seen = {term.what for term in tool.terms}
    return tuple((kind, *counts) for kind, counts in tool.macs.items() if kind not in seen)


def rule_words(term: Term) -> str:
    """``2 per input element``; a product of quantities is spelt out."""
    return _rule(term.part, term.weight)


def _rule(part: str, weight: Fraction) -> str:
    first, *divisors = part.split("/")
    factors = [WORDS[name] for name in first.split("*")]
    words = " x ".join(factors) + "".join(f" / {WORDS[name]}" for name in divisors)
    return f"{weight} per {words}"


def reasons(tool: Applied, batch: int = 1) -> str:
    """Why a tool's number is not the MACs: the largest differences, in a few words."""
    parts = sorted(_differences(tool, batch).items(), key=lambda item: -abs(item[1]))
    shown = [
        f"{'+' if value > 0 else '-'} {_short(abs(value))} {'for ' * words[0].isdigit()}{words}"
        for words, value in parts[:REASONS]
    ]
    rest = len(parts) - REASONS
    return "; ".join([*shown, *([f"{rest} more"] if rest > 0 else [])]) or "the same sum"


def _differences(tool: Applied, batch: int) -> dict[str, int]:
    """Differences to convcost's MACs by reason."""
    found: dict[str, int] = {}
    terms: dict[str, list[Term]] = {}
    for term in tool.terms:
        if term.part in ("bias", "bias/batch") and term.weight == 1:
            found["biases"] = found.get("biases", 0) + term.value
        else:
            terms.setdefault(term.what, []).append(term)
    for kind in dict.fromkeys([*tool.macs, *terms]):
        _, macs = tool.macs.get(kind, (0, 0))
        own = terms.get(kind, [])
        words = _why(kind, own, batch)
        found[words] = found.get(words, 0) + sum(term.value for term in own) - macs
    return {words: value for words, value in found.items() if value}


def _why(kind: str, terms: list[Term], batch: int) -> str:
    """What a tool does with one kind of layer, in a few words."""
    if not terms:
        return f"{_plain(kind)}, not seen"
    if len(terms) == 1 and terms[0].part == "macs":
        return rule_words(terms[0])
    if len(terms) == 1 and terms[0].part == "macs/batch":
        return "divided by the batch"
    weights: dict[str, Fraction] = {}
    for term in terms:
        part = term.part if batch > 1 else term.part.replace("/batch", "").replace("*batch", "")
        weights[part] = weights.get(part, Fraction(0)) + term.weight
    if list(weights) in (["input"], ["output"]):
        return f"{_plain(kind)}, {weights.popitem()[1]} per element"
    words = [_rule(part, weight) for part, weight in weights.items()]
    return f"{_plain(kind)}, {' and '.join(words)}"


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


def conventions_document(found: Conventions) -> dict[str, Any]:
    """What ``convcost conventions --format json`` prints."""
    return {"schema": CONVENTIONS_SCHEMA, "results": [_result(found)]}


def _result(found: Conventions) -> dict[str, Any]:
    result: dict[str, Any] = {"name": found.name, "macs": found.counted.macs}
    if found.is_bound:
        result["status"] = "partial"
        result["uncounted"] = [
            {"name": row.name, "type": row.type} for row in found.counted.uncounted
        ]
    result["tools"] = {tool.convention.name: _tool_document(tool) for tool in found.tools}
    return result


def _tool_document(tool: Applied) -> Mapping[str, Any]:
    return {
        "version": tool.convention.version,
        "value": tool.value,
        "calls_it": tool.convention.calls_it,
        "terms": [
            {
                "what": f"{term.what}: {rule_words(term)}",
                "layers": term.layers,
                "value": term.value,
            }
            for term in tool.terms
        ],
        "depends_on": list(tool.depends_on),
    }
