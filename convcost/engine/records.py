"""What a traced run leaves: steps and guards over named numbers, and where the results are.

Data only. ``tracing`` writes records, ``replaying`` and ``columns`` run them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Operand: TypeAlias = int | str
"""A constant, or the name of an input (``x0``) or of an earlier step (``v0``)."""


class Step(NamedTuple):
    """``name = left operator right``; the operator is one of ``+ - * // %``."""

    name: str
    operator: str
    left: Operand
    right: Operand


class Guard(NamedTuple):
    """The record is only about cases where ``left operator right`` is as in ``holds``."""

    operator: str
    left: Operand
    right: Operand
    holds: bool


class Record(NamedTuple):
    """A finished run: how many inputs it had, what it did, and where its results are."""

    inputs: int
    lines: tuple[Step | Guard, ...]
    results: tuple[Operand, ...]
