"""A fit as a Report: the winner and its neighbours, the rule, and a ready command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from convcost.engine.figures import FIGURES
from convcost.language.layers import LayerSpec
from convcost.quantities import format_shape
from convcost.reports.report import Column, Report
from convcost.reports.sweep import columns_of, figure_words, shown, unbuildable_notes
from convcost.sources.text import format_layer
from convcost.studies.candidates import Family
from convcost.studies.fitting import Candidate, Fit, Target
from convcost.studies.space import LONG_NAMES, Space
from convcost.studies.views import number

FIT_SCHEMA = "convcost.fit/1"


def fit_report(fit: Fit, family: Family, space: Space, options: Sequence[str] = ()) -> Report:
    """Three rows at most: what is next cheaper, the best, what is next dearer."""
    labelled = [
        ("cheaper", fit.cheaper),
        ("best", fit.best),
        ("dearer", fit.dearer),
        ("nearest infeasible", fit.nearest_infeasible),
    ]
    rows = tuple(
        (label, *one.arguments.values(), *one.figures.values())
        for label, one in labelled
        if one is not None
    )
    names = [axis.name for axis in space.axes]
    return Report(
        title=f"{family.name or 'designs'}: {fit.wish.rule}",
        columns=(Column("candidate", ""), *columns_of(names, fit.wish.keys, ())),
        rows=rows,
        quiet=frozenset(n for n, row in enumerate(rows) if row[0] in ("cheaper", "dearer")),
        total=None,
        caption=f"{fit.candidates:,} candidates, all of them counted",
        notes=tuple(_notes(fit, family, space, options)),
        document=lambda: fit_document(fit, family, space, options),
        records=lambda: (fit_document(fit, family, space, options),),
    )


def _notes(fit: Fit, family: Family, space: Space, options: Sequence[str]) -> list[str]:
    lines = []
    if fit.best is None:
        lines.append("nothing is feasible; the least infeasible candidate is shown")
        shown_one = fit.nearest_infeasible
        lines += [_against(shown_one, one) for one in fit.wish.limits] if shown_one else []
    else:
        targets = [fit.wish.near] if fit.wish.near else []
        lines += [_against(fit.best, one) for one in (*targets, *fit.wish.limits)]
        lines += [
            f"the same for {name} from {shown(first)} to {shown(last)}"
            for name, (first, last) in fit.same.items()
            if first != last
        ]
    lines += unbuildable_notes(fit.unbuildable, fit.candidates)
    if fit.best is not None:
        lines.append(command(family, space, fit.best, options))  # alone, so that it can be copied
    return lines


def _against(one: Candidate, target: Target) -> str:
    """How far a figure is from its target: in units and percent."""
    away = one.figures[target.figure] - target.value
    text = f"{FIGURES[target.figure].title} {away:+,} ({_percent(away, target.value)})"
    return f"{text} from {figure_words(target.figure)(target.value)}{_origin(target)}"


def _origin(target: Target) -> str:
    return f" of {target.said}" if target.said else ""


def _percent(away: int, target: int) -> str:
    if not target:
        return "-"
    return f"{float(Fraction(away * 100, target)):+.2f} %"


def fit_document(
    fit: Fit, family: Family, space: Space, options: Sequence[str] = ()
) -> dict[str, Any]:
    """The fixed JSON of a fit."""
    document: dict[str, Any] = {
        "schema": FIT_SCHEMA,
        "rule": fit.wish.rule,
        "candidates": fit.candidates,
        "unbuildable": sum(fit.unbuildable.values()),
        "best": _candidate(fit.best),
        "cheaper": _candidate(fit.cheaper),
        "dearer": _candidate(fit.dearer),
        "same": {name: [number(first), number(last)] for name, (first, last) in fit.same.items()},
        "command": None if fit.best is None else command(family, space, fit.best, options),
    }
    if fit.best is None:
        document["nearest_infeasible"] = _candidate(fit.nearest_infeasible)
    return document


def _candidate(one: Candidate | None) -> dict[str, Any] | None:
    if one is None:
        return None
    arguments = {name: number(value) for name, value in one.arguments.items()}
    return {"arguments": arguments, **one.figures}


def command(family: Family, space: Space, one: Candidate, options: Sequence[str] = ()) -> str:
    """The command line that counts a candidate; ``options`` are further words of it."""
    settings = {**family.settings, **space.settings(one.arguments, family.settings)}
    if any("." in name for name in settings):
        return _as_sweep(family, settings, options)
    subject = family.build(settings)
    shape, batch = subject.graph.inputs[0], settings.pop("batch", family.batch)
    side, channels = settings.pop("input", None), settings.pop("in_channels", None)
    kind = str(settings.pop("design", family.name))
    words = ["convcost", "count"]
    is_network = family.library.knows(kind) and family.library.find(kind).kind == "network"
    if is_network:
        words.append(kind)
        if side is not None or channels is not None or family.input is not None:
            words += ["--input", format_shape(shape)]
        for name, value in settings.items():
            words += ["--set", f"{name}={shown(value)}"]
    else:
        words += [format_shape(shape), _text(family, kind, settings)]
    if batch != 1:
        words += ["--batch", str(batch)]
    return shlex.join([*words, *options])


def _text(family: Family, kind: str, settings: Mapping[str, Any]) -> str:
    """The layer or design on one line."""
    own = {}
    if family.layers:
        kind, own = family.layers[0].type, family.layers[0].settings()
    given = {**own, **settings}
    plain: dict[str, Any] = {
        name: float(v) if isinstance(v, Fraction) else v for name, v in given.items()
    }
    spec: Any = LayerSpec.model_construct
    return format_layer(spec(type=kind, **plain))


def _as_sweep(family: Family, settings: Mapping[str, Any], options: Sequence[str]) -> str:
    """What sets single layers has no other command line."""
    words = ["convcost", "sweep"]
    if family.input is not None:
        words.append(format_shape(family.input))
    words += [family.name] if family.name else []
    short = {long: name for name, long in LONG_NAMES.items()}
    for name, value in settings.items():
        words += ["--vary", f"{short.get(name, name)}={shown(value)}"]
    return shlex.join([*words, *options])
