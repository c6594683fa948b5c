"""The question of ``sweep``: which candidates of a space are there, which are best, on the front?

Boxes come and go; what is kept are the rows of the answer, so memory does not grow with the
space unless the answer does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from convcost.engine.figures import FIGURES, meant_figure
from convcost.errors import ConvcostError, SpecError
from convcost.language.conditions import compile_condition
from convcost.studies.joining import Join
from convcost.studies.keeping import MAX_ROWS, All, Batch, Best, Front, Keeper, Objective, Rows
from convcost.studies.machine import Machine
from convcost.studies.measuring import figure_keys, measured_keys
from convcost.studies.space import LONG_NAMES, Axis, in_full
from convcost.studies.views import Row, Tally, Where, views

Progress = Callable[[int], None]


class Wish(NamedTuple):
    """What is asked of a space: figures to show, a condition, a front, an order, how many."""

    keys: tuple[str, ...]
    where: str | None = None
    pareto: tuple[Objective, ...] = ()
    sort: Objective | None = None
    most: int | None = None
    join: Join | None = None


class Sweep(NamedTuple):
    """The answer. ``rows`` are candidates by the names of axes, figures and joined columns.

    ``candidates``: all of the space; ``unbuildable``: how many of them cannot be built, by
    sentence; ``passed``: how many a condition let pass; ``unmatched``: how many have no row in
    the joined table and so no place in an order or on a front; ``kept``: how many rows there
    were before ``most`` cut them off.
    """

    axes: tuple[Axis, ...]
    keys: tuple[str, ...]
    joined: tuple[str, ...]
    candidates: int
    unbuildable: Counter[str]
    passed: int
    unmatched: int
    kept: int
    rows: list[Row]
    is_front: bool = False


def make_wish(
    axes: Sequence[Axis],
    *,
    where: str | None = None,
    pareto: str | None = None,
    sort: str | None = None,
    most: int | None = None,
    join: Join | None = None,
    show: Sequence[str] = (),
) -> Wish:
    """Read what is asked. Raises SpecError for names that nothing here has."""
    names = [axis.name for axis in axes]
    beside = join.columns if join else ()
    objectives = tuple(_objective(word, "--pareto") for word in _words(pareto))
    order = _objective(sort, "--sort") if sort else None
    asked = [one.name for one in (*objectives, *([order] if order else []))]
    figures = [name for name in (*show, *asked) if name not in names and name not in beside]
    mentioned = re.findall(r"[a-z_]+", where or "")
    figures += [name for name in mentioned if name in FIGURES]
    for name in figures:
        if name not in FIGURES:
            known = [*FIGURES, *names, *beside]
            raise SpecError(f"{name} is not a figure or an axis", hint=meant_figure(name, known))
    return Wish(figure_keys(figures), where, objectives, order, most, join)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _objective(word: str, place: str) -> Objective:
    largest = word.startswith("-")
    name = word.removeprefix("-")
    if not name:
        raise SpecError(f"{word!r} is not a figure", place=place)
    return Objective(name, largest)


class Reader:
    """Walks a space once and hands out what passes, batch by batch."""

    def __init__(self, machine: Machine, wish: Wish, progress: Progress) -> None:
        self.tally = Tally()
        self.unmatched = 0
        self.passed = 0
        self._machine, self._wish, self._progress = machine, wish, progress

    def batches(self) -> Iterator[Batch]:
        """Candidates that can be built and pass, with joined columns where asked for."""
        wish = self._wish
        if wish.join is None:
            where = Where(self._machine, wish.where) if wish.where else None
            for view in views(self._machine, wish.keys, where, self.tally, self._progress):
                self.passed += view.count
                yield view
            return
        if self._machine.space.size > MAX_ROWS:
            raise SpecError("a space of this size cannot be joined", hint="narrow the axes")
        condition = self._condition(wish.join)
        for view in views(self._machine, wish.keys, None, self.tally, self._progress):
            rows = [row for row in self._joined(view.rows(), wish.join) if condition(row)]
            self.passed += len(rows)
            yield Rows(rows)

    def _joined(self, rows: Iterator[Row], join: Join) -> Iterator[Row]:
        nothing: dict[str, Any] = dict.fromkeys(join.columns)
        for row in rows:
            found = join.find(row)
            self.unmatched += found is None
            yield {**row, **(nothing if found is None else found)}

    def _condition(self, join: Join) -> Callable[[Row], bool]:
        text = self._wish.where
        if text is None:
            return lambda row: True
        names = [axis.name for axis in self._machine.space.axes]
        known = {*names, *(LONG_NAMES.get(name, name) for name in names), *self._wish.keys}
        test = compile_condition(in_full(text), known | set(join.columns), "--where")
        mentioned = [name for name in join.columns if re.search(rf"\b{name}\b", text)]

        def holds(row: Row) -> bool:
            if any(row[name] is None for name in mentioned):
                return False
            return test(row | {LONG_NAMES.get(name, name): row[name] for name in names})

        return holds


def stream(
    machine: Machine,
    wish: Wish,
    left_out: Counter[str],
    progress: Progress = lambda done: None,
    beside: Callable[[Batch], None] | None = None,
) -> Iterator[list[Row]]:
    """Rows as they come, in constant memory. A front or an order has to wait for the last one.

    ``left_out`` learns in the end how many candidates cannot be built, by sentence. ``beside``
    is shown every batch, too.
    """
    if wish.pareto or wish.sort:
        swept = sweep(machine, wish, progress, beside)
        left_out.update(swept.unbuildable)
        yield swept.rows
        return
    reader = Reader(machine, wish, progress)
    left = wish.most
    for batch in reader.batches():
        if beside is not None:
            beside(batch)
        rows = list(batch.rows())
        if left is not None:
            rows, left = rows[:left], left - len(rows[:left])
        yield rows
    check_any(machine, reader.tally)
    left_out.update(reasons(machine, reader.tally.unbuildable))


def sweep(
    machine: Machine,
    wish: Wish,
    progress: Progress = lambda done: None,
    beside: Callable[[Batch], None] | None = None,
) -> Sweep:
    """The whole answer. Raises SpecError where no candidate can be built, or too many are kept.

    ``beside`` is shown every batch, too.
    """
    reader = Reader(machine, wish, progress)
    keeper: Keeper
    if wish.pareto:
        keeper = Front(wish.pareto)
    elif wish.sort:
        keeper = Best(wish.sort, wish.most)
    else:
        keeper = All(wish.most)
    for batch in reader.batches():
        keeper.add(batch)
        if beside is not None:
            beside(batch)
    check_any(machine, reader.tally)
    rows, kept = keeper.finished(wish.most, wish.sort)
    return Sweep(
        machine.space.axes,
        wish.keys,
        wish.join.columns if wish.join else (),
        reader.tally.candidates,
        reasons(machine, reader.tally.unbuildable),
        reader.passed,
        reader.unmatched,
        kept,
        rows,
        bool(wish.pareto),
    )


def row_names(machine: Machine, wish: Wish) -> list[str]:
    """The names of a row's values, in their order."""
    names = [axis.name for axis in machine.space.axes]
    return [*names, *wish.keys, *(wish.join.columns if wish.join else ())]


def machine_keys(wish: Wish) -> tuple[str, ...]:
    """What a machine has to measure for a wish."""
    return measured_keys(wish.keys)


def check_any(machine: Machine, tally: Tally) -> None:
    """Raise ConvcostError where nothing could be built: the question itself is wrong."""
    if tally.candidates and sum(tally.unbuildable.values()) == tally.candidates:
        kind = tally.unbuildable.most_common(1)[0][0]
        sentence = machine.reasons.get(kind, kind)
        hint = machine.hints.get(kind) or _missing(sentence)
        if tally.candidates == 1:
            raise ConvcostError(f"the one candidate cannot be built: {sentence}", hint=hint)
        raise ConvcostError(
            f"none of {tally.candidates:,} candidates can be built: {sentence}", hint=hint
        )


def candidates(number: int) -> str:
    """``1 candidate``, ``1,024 candidates``."""
    return f"{number:,} candidate{'s' * (number != 1)}"


def _missing(sentence: str) -> str | None:
    """How a parameter that a design needs is given, where that is what is wrong."""
    name, is_missing, _ = sentence.partition(" is missing")
    examples = {"kernel_size": "kernel=3", "out_channels": "out=64"}
    return f"--set {examples.get(name, f'{name}=...')}" if is_missing else None


def reasons(machine: Machine, unbuildable: Counter[str]) -> Counter[str]:
    """How many candidates cannot be built, by sentence: of each kind that of its first case."""
    counted: Counter[str] = Counter()
    for kind, count in unbuildable.items():
        is_groups = re.fullmatch(r"groups=N does not divide N( \w+)? channels", kind)
        sentence = "groups do not divide" if is_groups else machine.reasons.get(kind, kind)
        counted[sentence] += count
    return counted
