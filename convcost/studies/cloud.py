"""What a picture of a sweep shows: two figures of every candidate, and those none other beats.

Takes batches as a keeper does, and holds as much as can be drawn: up to ``MOST_POINTS``
candidates each is there, of more a sample in which every one is as likely. The front is exact.
"""

from __future__ import annotations

from typing import Any

from convcost.engine.columns import Array
from convcost.studies.front import MAX_FRONT, front, not_beaten
from convcost.studies.keeping import Batch, Objective
from convcost.studies.sweep import Wish
from convcost.studies.views import Row

MOST_POINTS = 20_000
"""The most candidates that are drawn."""


class Cloud:
    """``across`` and ``up`` of the candidates that pass.

    ``count``: how many candidates have both; ``points``: those that are drawn, as decimals;
    ``front``: candidates that none beats in both, one for each place, by ``across``; None where
    there are too many of them for a front to say anything.
    """

    def __init__(self, across: Objective, up: Objective, most: int = MOST_POINTS) -> None:
        import numpy as np

        self.across, self.up = across, up
        self.count = 0
        self._most = most
        # A fixed seed, so that the same question makes the same picture.
        self._random = np.random.default_rng(0)
        self._lots: Any = np.zeros(0)
        self._points: Any = np.zeros((0, 2))
        self._rows: list[Row] | None = []
        self._ranks: list[Array] = []

    def add(self, batch: Batch) -> None:
        """One more batch."""
        columns, places = self._numbers(batch)
        if len(places):
            self.count += len(places)
            self._sample(columns)
            self._hold_front(batch, columns, places)

    @property
    def points(self) -> tuple[list[float], list[float]]:
        """The candidates that are drawn: a list for each figure."""
        return self._points[:, 0].tolist(), self._points[:, 1].tolist()

    @property
    def front(self) -> list[Row] | None:
        """What none beats, by rising ``across``."""
        if self._rows is None:
            return None
        return sorted(self._rows, key=lambda row: (row[self.across.name], row[self.up.name]))

    def _numbers(self, batch: Batch) -> tuple[list[Array], Array]:
        """Both columns where both have a number, and the places of these candidates."""
        import numpy as np

        columns = [batch.column(one.name) for one in (self.across, self.up)]
        there = np.ones(batch.count, dtype=bool)
        for column in columns:
            if column.dtype == object:
                there &= np.array([_is_number(value) for value in column], dtype=bool)
        places = np.flatnonzero(there)
        return [column[places] for column in columns], places

    def _sample(self, columns: list[Array]) -> None:
        """Every candidate draws a lot; those with the least lots are drawn."""
        import numpy as np

        lots = self._random.random(len(columns[0]))
        if len(self._lots) >= self._most:
            chosen = lots < self._lots.max()
            lots, columns = lots[chosen], [column[chosen] for column in columns]
        points = np.stack([column.astype(np.float64) for column in columns], axis=1)
        self._lots = np.concatenate([self._lots, lots])
        self._points = np.concatenate([self._points, points])
        if len(self._lots) > self._most:
            kept = np.sort(np.argpartition(self._lots, self._most)[: self._most])
            self._lots, self._points = self._lots[kept], self._points[kept]

    def _hold_front(self, batch: Batch, columns: list[Array], places: Array) -> None:
        import numpy as np

        if self._rows is None:
            return
        ranks = [
            one.ranked(column) for one, column in zip((self.across, self.up), columns, strict=True)
        ]
        if self._ranks:
            sieve = not_beaten(ranks, self._ranks)
            ranks, places = [rank[sieve] for rank in ranks], places[sieve]
        new = front(ranks)
        ranks, places = [rank[new] for rank in ranks], places[new]
        held = len(self._rows)
        if self._ranks:
            ranks = [np.concatenate(pair) for pair in zip(self._ranks, ranks, strict=True)]
        order = np.lexsort((ranks[1], ranks[0]))
        same = [rank[order][1:] == rank[order][:-1] for rank in ranks]
        once = np.ones(len(order), dtype=bool)
        once[1:] = ~(same[0] & same[1])
        keep = np.sort(order[once])  # of equal ones the first
        keep = keep[front([rank[keep] for rank in ranks])]
        if len(keep) > MAX_FRONT:
            self._rows = None
            return
        rows = [self._rows[at] for at in keep[keep < held].tolist()]
        self._rows = rows + list(batch.rows(places[keep[keep >= held] - held]))
        self._ranks = [rank[keep] for rank in ranks]


def _is_number(value: Any) -> bool:
    return value is not None and not isinstance(value, str | bool | tuple)


def drawn_figures(wish: Wish, shown: tuple[str, ...] = ()) -> tuple[Objective, Objective]:
    """The two figures of a question: of its front, its order, its columns; else MACs and params.

    Where the question has one figure only, it stands above the MACs.
    """
    asked = [*wish.pareto, *([wish.sort] if wish.sort else []), *map(Objective, shown)]
    named: dict[str, Objective] = {}
    for one in asked:
        named.setdefault(one.name, one)
    found = list(named.values())[:2]
    for name in ("macs", "params"):
        if len(found) < 2 and name not in named:
            found.insert(0 if name == "macs" else len(found), Objective(name))
    return found[0], found[1]
