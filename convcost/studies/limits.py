"""Budgets on figures: does a count keep within them, and can that be known?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from convcost.engine.figures import FIGURES, Measured
from convcost.quantities import Amount

Status: TypeAlias = Literal["holds", "broken", "unknown"]


class Verdict(NamedTuple):
    """One limit on one subject. ``unknown``: the value is a lower bound below the limit."""

    name: str
    figure: str
    value: Amount
    limit: int

    @property
    def status(self) -> Status:
        """Whether the limit holds."""
        if self.value.value > self.limit:
            return "broken"
        return "unknown" if self.value.is_bound else "holds"

    @property
    def excess(self) -> int:
        """How far above the limit the value is; negative below it."""
        return self.value.value - self.limit


def verdicts(name: str, measured: Measured, limits: Mapping[str, int]) -> Sequence[Verdict]:
    """A verdict for each limit, by figure."""
    found = []
    for key, limit in limits.items():
        value = FIGURES[key].total(measured)
        assert isinstance(value, Amount)
        found.append(Verdict(name, key, value, limit))
    return found
