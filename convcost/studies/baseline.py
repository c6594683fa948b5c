"""The baseline: exact figures of each check, as they were when somebody accepted them.

Owns what stands in ``convcost.lock.json``: a sorted line a check, so that a change shows in a
review and two branches merge. Knows no limits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from convcost import __version__
from convcost.engine.figures import FIGURES, Measured
from convcost.engine.memory.execution import Execution
from convcost.errors import SpecError
from convcost.quantities import Amount, format_shape

SCHEMA: Final = "convcost.baseline/1"
LAYER_FIGURES: Final = ("params", "macs", "element_ops")
"""What is kept of each layer, so that a broken limit can name those that grew."""

Layers = Mapping[str, tuple[int, ...]]


class Recorded(NamedTuple):
    """One line: figures, and how they were counted."""

    batch: int
    execution: str
    is_partial: bool
    figures: Mapping[str, int]
    layers: Layers | None = None

    def amount(self, figure: str) -> Amount | None:
        """A figure as it was; None where the line does not have it."""
        value = self.figures.get(figure)
        return None if value is None else Amount(value, self.is_partial)

    def layers_of(self, figure: str) -> dict[str, int] | None:
        """A figure of every layer; None where it was not kept."""
        if self.layers is None or figure not in LAYER_FIGURES:
            return None
        index = LAYER_FIGURES.index(figure)
        return {name: values[index] for name, values in self.layers.items()}


class Baseline(NamedTuple):
    """All lines. ``place`` is what a reader calls the file."""

    place: str
    version: str
    checks: Mapping[str, Recorded]


class Movement(NamedTuple):
    """One figure that an update changes; None on a side where the check is not there."""

    name: str
    figure: str
    before: int | None
    after: int | None


def in_words(execution: Execution) -> str:
    """How a model is run, as a reader compares it: ``int8, depthwise in place``."""
    words = [execution.types.name]
    rule = execution.rule
    words += [] if rule.fused else ["unfused"]
    words += [f"{kind} in place" for kind in sorted(rule.in_place)]
    words += [] if rule.planner == "live" else [f"planner {rule.planner}"]
    if execution.grid is not None:
        until = f" until {execution.until}" if execution.until else ""
        words.append(f"patches {format_shape(execution.grid)}{until}")
    return ", ".join(words)


def record(measured: Measured) -> Recorded:
    """A counted model as a line: every figure that a limit can be set on."""
    figures = {}
    for key, figure in FIGURES.items():
        if figure.has_limit:
            value = figure.total(measured)
            assert isinstance(value, Amount)
            figures[key] = value.value
    layers: dict[str, tuple[int, ...]] = {}
    for row in measured.counted.rows:
        if row.cost is not None and (row.cost.params or row.cost.macs):
            own = layers.get(row.name, (0,) * len(LAYER_FIGURES))
            layers[row.name] = tuple(
                a + getattr(row.cost, key) for a, key in zip(own, LAYER_FIGURES, strict=True)
            )
    counted = measured.counted
    return Recorded(
        counted.batch, in_words(measured.execution), bool(counted.uncounted), figures, layers
    )


def written(checks: Mapping[str, Recorded]) -> str:
    """The file: one line a check, sorted by name, then one line a check for its layers."""
    lines = [f'  "schema": {json.dumps(SCHEMA)},', f'  "version": {json.dumps(__version__)},']
    totals = {
        name: {
            "batch": one.batch,
            "status": "partial" if one.is_partial else "complete",
            "types": one.execution,
            **dict(sorted(one.figures.items())),
        }
        for name, one in checks.items()
    }
    layers = {name: one.layers for name, one in checks.items() if one.layers is not None}
    lines += ['  "checks": {', *_lines(totals), "  },"]
    lines += ['  "layers": {', *_lines(layers), "  }"]
    return "\n".join(["{", *lines, "}", ""])


def _lines(parts: Mapping[str, Any]) -> list[str]:
    ordered = sorted(parts.items())
    return [
        f"    {json.dumps(name)}: {json.dumps(value)}{',' * (number < len(ordered))}"
        for number, (name, value) in enumerate(ordered, start=1)
    ]


def read(text: str, place: str) -> Baseline:
    """A baseline from its text. Raises SpecError with the key that is wrong."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise _unusable("not valid JSON", f"{place}:{line}" if line else place) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else None
        what = f"its schema is {found!r}, not {SCHEMA}" if found else f"its schema is not {SCHEMA}"
        raise _unusable(f"not a baseline of this version: {what}", place)
    checks, layers = document.get("checks"), document.get("layers", {})
    if not isinstance(checks, dict) or not isinstance(layers, dict):
        raise _unusable("checks is no table of figures", place)
    return Baseline(
        place,
        str(document.get("version", "")),
        {name: _recorded(name, line, layers.get(name), place) for name, line in checks.items()},
    )


def _recorded(name: str, line: Any, layers: Any, place: str) -> Recorded:
    where = f"{place}: checks.{name}"
    if not isinstance(line, dict):
        raise _unusable("not a table of figures", where)
    figures = {key: value for key, value in line.items() if key in FIGURES}
    for key, value in figures.items():
        if type(value) is not int or value < 0:
            raise _unusable(f"{key} is no whole number", where)
    batch, types = line.get("batch", 1), line.get("types", "float32")
    if type(batch) is not int or not isinstance(types, str):
        raise _unusable("batch is no number, or types no text", where)
    kept = None
    if isinstance(layers, dict):
        if not all(_is_layer(values) for values in layers.values()):
            raise _unusable("layers are no lists of whole numbers", f"{place}: layers.{name}")
        kept = {layer: tuple(values) for layer, values in layers.items()}
    return Recorded(
        batch,
        types,
        line.get("status") == "partial",
        figures,
        kept,
    )


def _is_layer(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) == len(LAYER_FIGURES)
        and all(type(value) is int for value in values)
    )


def _unusable(message: str, place: str) -> SpecError:
    return SpecError(message, place=place, hint="convcost check --update writes it anew")


def movements(before: Mapping[str, Recorded], after: Mapping[str, Recorded]) -> list[Movement]:
    """Every figure that differs, by check; a check on one side only shows its figures, too."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        for key, figure in FIGURES.items():
            if figure.has_limit:
                a = None if old is None else old.figures.get(key)
                b = None if new is None else new.figures.get(key)
                if a != b:
                    found.append(Movement(name, key, a, b))
    return found
