"""What is kept of a walk over a space: all rows, the best in some order, or a Pareto front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from convcost.engine.columns import Array
from convcost.errors import SpecError
from convcost.studies.front import MAX_FRONT, front, not_beaten, too_long
from convcost.studies.views import Row

MAX_ROWS = 2_000_000
"""The most rows that are held in memory; more have to be streamed, or fewer asked for."""


class Objective(NamedTuple):
    """What to sort by, or an axis of a front; ``largest``: larger is better."""

    name: str
    largest: bool = False

    def ranked(self, values: Array) -> Array:
        """The values as a rank: smaller is better."""
        return -values if self.largest else values


class Batch(Protocol):
    """Candidates that come together: a view, or rows that were joined."""

    count: int

    def column(self, name: str) -> Array:
        """One column, a value a candidate."""

    def rows(self, places: Array | None = None) -> Iterator[Row]:
        """Candidates one by one."""


class Rows:
    """Rows that are there already, as a batch."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.count = len(rows)

    def column(self, name: str) -> Array:
        """Values as they are: of Python, so that fractions stay exact."""
        import numpy as np

        made = np.empty(self.count, dtype=object)
        made[:] = [row[name] for row in self._rows]
        return made

    def rows(self, places: Array | None = None) -> Iterator[Row]:
        """All of them, or those at ``places``."""
        return iter(self._rows if places is None else [self._rows[at] for at in places])


class Keeper(Protocol):
    """Takes batches one after the other, and has the rows of the answer in the end."""

    def add(self, batch: Batch) -> None:
        """One more batch."""

    def finished(self, most: int | None, sort: Objective | None) -> tuple[list[Row], int]:
        """The rows in order, and how many there were to choose from."""


class All:
    """Rows in the order of the space."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._rows: list[Row] = []
        self._kept = 0

    def add(self, batch: Batch) -> None:
        """Keep what there is room for."""
        import numpy as np

        self._kept += batch.count
        room = (MAX_ROWS + 1 if self._most is None else self._most) - len(self._rows)
        if room > 0:
            self._rows += batch.rows(np.arange(min(room, batch.count)))
        if self._most is None and self._kept > MAX_ROWS:
            raise _too_many()

    def finished(self, most: int | None, sort: Objective | None) -> tuple[list[Row], int]:
        """All rows, and how many there were."""
        return self._rows, self._kept


def _too_many() -> SpecError:
    return SpecError(
        f"more than {MAX_ROWS:,} rows",
        hint="stream them (--format jsonl or csv), or ask for fewer: --where, --pareto, -n",
    )


class Ranked:
    """Rows with the numbers that rank them, joined batch by batch."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = tuple(objectives)
        self._columns: list[Array] = []
        self._rows: list[Row] = []

    def _ranks(self, batch: Batch) -> tuple[list[Array], Array]:
        """The ranks of those rows that have all of them, and where these are."""
        import numpy as np

        columns = [batch.column(one.name) for one in self._objectives]
        places = np.arange(batch.count)
        for column in columns:
            if column.dtype == object:
                there = np.array([value is not None for value in column[places]], dtype=bool)
                places = places[there]
        ranks = []
        for one, column in zip(self._objectives, columns, strict=True):
            values = column[places]
            if any(isinstance(value, str | bool | tuple) for value in values[:1].tolist()):
                raise SpecError(f"{one.name} is not a number", place="--pareto, --sort")
            ranks.append(one.ranked(values))
        return ranks, places

    def _merge(self, batch: Batch, ranks: list[Array], places: Array, keep: Array) -> None:
        """``keep`` says of the rows held and then of those at ``places`` which stay."""
        held = len(self._rows)
        mine = [row for row, stays in zip(self._rows, keep[:held], strict=True) if stays]
        self._rows = mine + list(batch.rows(places[keep[held:]]))
        self._columns = [column[keep] for column in ranks]

    def _with_held(self, ranks: list[Array]) -> list[Array]:
        import numpy as np

        if not self._columns:
            return ranks
        return [np.concatenate(pair) for pair in zip(self._columns, ranks, strict=True)]


class Front(Ranked):
    """What nothing else beats."""

    def add(self, batch: Batch) -> None:
        """The front of the front so far and of what is new."""
        ranks, places = self._ranks(batch)
        if self._columns and len(places):
            sieve = not_beaten(ranks, self._columns)
            ranks, places = [column[sieve] for column in ranks], places[sieve]
        if not len(places):
            return
        new = front(ranks)
        ranks, places = [column[new] for column in ranks], places[new]
        together = self._with_held(ranks)
        keep = front(together)
        if keep.sum() > MAX_FRONT:
            raise too_long(MAX_FRONT)
        self._merge(batch, together, places, keep)

    def finished(self, most: int | None, sort: Objective | None) -> tuple[list[Row], int]:
        """The front in order: as asked, or by its first objective."""
        by = sort or self._objectives[0]
        ordered = Best(by, most)
        if self._rows:
            ordered.add(Rows(self._rows))
        return ordered.finished(most, sort)[0], len(self._rows)


class Best(Ranked):
    """The first in an order."""

    def __init__(self, objective: Objective, most: int | None) -> None:
        super().__init__([objective])
        self._most = MAX_ROWS + 1 if most is None else most
        self._limit = most is None
        self._kept = 0

    def add(self, batch: Batch) -> None:
        """The first of what is held and of what is new; of equals the earlier one."""
        import numpy as np

        ranks, places = self._ranks(batch)
        self._kept += len(places)
        if len(self._rows) == self._most and self._most:
            better = ranks[0] < self._columns[0].max()
            ranks, places = [ranks[0][better]], places[better]
        together = self._with_held(ranks)
        order = np.argsort(together[0], kind="stable")[: self._most]
        keep = np.zeros(len(together[0]), dtype=bool)
        keep[order] = True
        self._merge(batch, together, places, keep)
        if self._limit and len(self._rows) > MAX_ROWS:
            raise _too_many()

    def finished(self, most: int | None, sort: Objective | None) -> tuple[list[Row], int]:
        """Rows in order, and how many there were to choose from."""
        import numpy as np

        order: Any = np.argsort(self._columns[0], kind="stable") if self._columns else []
        return [self._rows[at] for at in order], self._kept
