"""A difference as Reports: totals of every figure, then the layers that are not the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from convcost.engine.figures import FIGURES
from convcost.quantities import Amount, format_count, format_percent, format_shape
from convcost.reports import notes
from convcost.reports.documents import plain
from convcost.reports.report import Column, Report, Shown
from convcost.studies.difference import KIND_FIELDS, Difference, Kind, Pair, change

DIFF_SCHEMA = "convcost.diff/1"

SHOWN_FIELDS = {"params": "params", "macs": "MACs", "element_ops": "element ops"}


def difference_reports(of: Difference, *, by_type: bool = False) -> list[Report]:
    """The totals, and below them the layers (or their kinds)."""
    return [totals_report(of, by_type), kinds_report(of) if by_type else layers_report(of)]


def totals_report(of: Difference, by_type: bool = False) -> Report:
    """A row a figure."""
    return Report(
        title=f"{of.a.name} -> {of.b.name}",
        columns=(
            Column("figure", "figure"),
            Column("a", "before", _value, align="right"),
            Column("b", "after", _value, align="right"),
            Column("change", "change", _signed, align="right", rank=1),
            Column("percent", "", align="right", rank=2),
        ),
        rows=tuple(
            (Shown(FIGURES[key].title, key), _cell(a), _cell(b), _change(a, b), _percent(a, b))
            for key, (a, b) in of.totals().items()
            if a is not None or b is not None
        ),
        total=None,
        caption=f"{notes.caption(of.a.batch)}; figures of memory in bytes at {_types(of)}",
        notes=_notes(of),
        document=lambda: difference_document(of, by_type),
        records=lambda: (difference_document(of, by_type),),
    )


def _types(of: Difference) -> str:
    types = dict.fromkeys([of.a.types, of.b.types])
    return " and ".join("the file's types" if one == "file" else one for one in types)


def _cell(value: Any) -> Any:
    """Ratios to three digits for people; the value itself for programs."""
    return Shown(f"{float(value):.3g}", value) if isinstance(value, Fraction) else value


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return format_shape(value) if isinstance(value, tuple) else format_count(int(value))


def _change(a: Any, b: Any) -> Any:
    if a == b and not (isinstance(a, Amount) and a.is_bound):
        return Shown("same", change(a, b))
    value = change(a, b)
    if _is_shape(a) or _is_shape(b):
        return Shown("", None)
    return Shown(f"{value:+.3g}", value) if isinstance(value, float) else value


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and not isinstance(value, Amount)


def _signed(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:+,}"


def _percent(a: Any, b: Any) -> str:
    value = change(a, b)
    if not isinstance(a, Amount) or not isinstance(value, int) or not value or not a.value:
        return ""
    return f"{'+' if value > 0 else ''}{format_percent(value, a.value)}"


def _notes(of: Difference) -> tuple[str, ...]:
    lines = []
    folded = of.folded()
    if folded:
        one, other = (of.a, of.b) if folded[0].a is not None else (of.b, of.a)
        number = of.fewer()
        fewer = "" if number is None else f": {format_count(number)} parameters fewer"
        norms = "1 batch norm" if len(folded) == 1 else f"{len(folded)} batch norms"
        verb = "is" if len(folded) == 1 else "are"
        lines.append(f"{norms} of {one.name} {verb} folded into layers of {other.name}{fewer}")
    for name in dict.fromkeys(side.name for side in (of.a, of.b) if side.is_partial):
        lines.append(f"layers of {name} are not known: its figures are lower bounds")
    return tuple(lines)


def layers_report(of: Difference) -> Report:
    """A row a layer that is not the same; how many are."""
    rows = [_row(pair) for pair in of.pairs if pair.status != "same"]
    same = len(of.pairs) - len(rows)
    return Report(
        title=f"layers: {layers_line(of)}",
        columns=(
            Column("a", "before", wrap=18, rank=1),
            Column("b", "after", wrap=18, rank=1),
            Column("status", "status"),
            Column("changes", "what", wrap=18),
        ),
        rows=tuple(rows),
        total=None,
        caption=f"{same} layer{'s are' if same != 1 else ' is'} the same"
        if rows
        else "no layer differs",
        notes=(),
        document=lambda: {"layers": []},
    )


def layers_line(of: Difference) -> str:
    """How many layers are what."""
    from collections import Counter

    numbers = Counter(pair.status for pair in of.pairs)
    order = ("same", "changed", "renamed", "added", "removed", "folded")
    return ", ".join(f"{numbers[s]} {s}" for s in order if numbers[s]) or "none"  # type: ignore[index]


def _row(pair: Pair) -> tuple[Any, ...]:
    return (
        "" if pair.a is None else pair.a.name,
        "" if pair.b is None or (pair.a and pair.a.name == pair.b.name) else pair.b.name,
        pair.status,
        changes_line(pair),
    )


def changes_line(pair: Pair) -> str:
    """``groups 1 -> 32, params 36,864 -> 1,152``; what a layer on one side only costs."""
    if pair.a is not None and pair.b is not None:
        return ", ".join(
            f"{_field(key)} {_words(a)} -> {_words(b)}" for key, (a, b) in pair.changes.items()
        )
    part = pair.a or pair.b
    assert part is not None
    figures = dict(zip(SHOWN_FIELDS.values(), part.figures, strict=True))
    costs = [f"{format_count(v)} {k}" for k, v in figures.items() if v]
    return ", ".join([part.family, *costs[:2]])


def _field(key: str) -> str:
    return SHOWN_FIELDS.get(key, key)


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return format_count(value)
    if isinstance(value, tuple):
        if any(isinstance(part, tuple) for part in value):
            return "x".join(":".join(map(str, part)) for part in value)
        return format_shape(value)
    return str(value)


def kinds_report(of: Difference) -> Report:
    """A row a kind of layer."""
    return Report(
        title="by type",
        columns=(
            Column("kind", "type"),
            Column("layers_a", "layers", format_count, align="right"),
            Column("layers_b", "after", format_count, align="right"),
            Column("params_a", "params", format_count, align="right", rank=1),
            Column("params_b", "after", format_count, align="right", rank=1),
            Column("macs_a", "MACs", format_count, align="right"),
            Column("macs_b", "after", format_count, align="right"),
            Column("change", "change", _signed_or_same, align="right"),
        ),
        rows=tuple(
            (k.kind, k.a[0], k.b[0], k.a[1], k.b[1], k.a[2], k.b[2], k.b[2] - k.a[2])
            for k in of.kinds()
        ),
        total=None,
        caption="change: of MACs",
        notes=(),
        document=lambda: {"layers": [], "types": []},
    )


def _signed_or_same(value: Any) -> str:
    return f"{value:+,}" if value else "same"


def difference_document(of: Difference, by_type: bool = False) -> dict[str, Any]:
    """``convcost.diff/1``. A change that cannot be known is null."""
    document: dict[str, Any] = {
        "schema": DIFF_SCHEMA,
        "a": of.a.name,
        "b": of.b.name,
        "status": "partial" if of.a.is_partial or of.b.is_partial else "complete",
        "totals": {
            key: {"a": plain(a), "b": plain(b), "change": change(a, b)}
            for key, (a, b) in of.totals().items()
        },
        "notes": list(_notes(of)),
        "layers": [
            {
                "a": None if pair.a is None else pair.a.name,
                "b": None if pair.b is None else pair.b.name,
                "status": pair.status,
                "changes": {key: list(values) for key, values in pair.changes.items()},
            }
            for pair in of.pairs
        ],
    }
    if by_type:
        document["types"] = [_kind_document(kind) for kind in of.kinds()]
    return document


def _kind_document(kind: Kind) -> dict[str, Any]:
    return {
        "type": kind.kind,
        "a": dict(zip(KIND_FIELDS, kind.a, strict=True)),
        "b": dict(zip(KIND_FIELDS, kind.b, strict=True)),
    }
