"""The figures of one candidate as whole numbers that can be compared: exact, plain or traced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convcost.engine.counting import count
from convcost.engine.figures import FIGURES, Measured, meant_figure
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.errors import ConvcostError, SpecError
from convcost.language.building import Subject
from convcost.quantities import Amount

RATIOS = {"intensity": ("macs", "bytes")}
"""Figures that are a ratio of two others; those two are measured."""


def figure_keys(asked: Iterable[str], place: str | None = None) -> tuple[str, ...]:
    """Parameters and MACs first, then what else was asked for. Raises SpecError."""
    keys = dict.fromkeys(("params", "macs", *asked))
    for key in keys:
        if key not in FIGURES:
            raise SpecError(f"{key} is not a figure", place=place, hint=meant_figure(key))
    return tuple(keys)


def measured_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """What has to be measured for these figures: a ratio needs its two parts."""
    return tuple(dict.fromkeys(part for key in keys for part in RATIOS.get(key, (key,))))


def measure(subject: Subject, keys: Sequence[str], how: Execution = PLAIN) -> list[Any]:
    """The figures of a built candidate, none of them a ratio.

    Of a receptive field the number that every axis has, or the smallest. Raises ConvcostError
    where a figure is not known.
    """
    counted = count(subject.graph, subject.batch)
    if counted.uncounted:
        raise ConvcostError(f"{subject.name} cannot be counted completely")
    measured = Measured(counted, how)
    values: list[Any] = []
    for key in keys:
        value: Any = FIGURES[key].total(measured)
        if value is None:
            raise ConvcostError(f"{subject.name} has no {FIGURES[key].title}")
        if isinstance(value, Amount):
            values.append(value.value)
        else:
            values.append(min(value))
    return values
