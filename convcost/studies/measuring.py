"""The figures of one candidate, as numbers that can be compared: exact, plain or traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from convcost.engine.counting import Count, count
from convcost.engine.memory import DTYPES, memory
from convcost.errors import ConvcostError, SpecError, did_you_mean
from convcost.language.building import Subject

FIGURES: Mapping[str, Callable[[Count, int], Any]] = {
    "params": lambda counted, size: counted.params,
    "macs": lambda counted, size: counted.macs,
    "element_ops": lambda counted, size: counted.element_ops,
    "weights": lambda counted, size: counted.params * size,
    "peak": lambda counted, size: memory(counted.graph).peak * size * counted.batch,
    "largest": lambda counted, size: memory(counted.graph).largest * size * counted.batch,
    "outputs": lambda counted, size: memory(counted.graph).outputs * size * counted.batch,
    "depth": lambda counted, size: sum(row.kind == "macs" for row in counted.rows),
}

BYTES = ("weights", "peak", "largest", "outputs", "bytes")
"""Figures in bytes."""


def figure_keys(asked: Iterable[str]) -> tuple[str, ...]:
    """Parameters and MACs first, then what else was asked for. Raises SpecError."""
    keys = dict.fromkeys(("params", "macs", *asked))
    for key in keys:
        if key not in FIGURES:
            raise SpecError(f"{key} is not a figure", hint=did_you_mean(key, FIGURES))
    return tuple(keys)


def measure(subject: Subject, keys: Sequence[str], dtype: str = "float32") -> list[Any]:
    """The figures of a built candidate. Raises ConvcostError where something is not counted."""
    counted = count(subject.graph, subject.batch)
    if counted.uncounted:
        raise ConvcostError(f"{subject.name} cannot be counted completely")
    return [FIGURES[key](counted, DTYPES[dtype]) for key in keys]
