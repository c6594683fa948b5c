"""The question of ``fit``: which candidate is nearest to a figure, or best within limits?

Cost has plateaus and is not monotone in a width, so every candidate is looked at: once for the
winner, once for its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.engine.columns import Array
from convcost.engine.counting import count
from convcost.engine.figures import FIGURES, Measured, meant_figure
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import build_network
from convcost.language.library import Library
from convcost.quantities import Amount, parse_bytes, parse_count
from convcost.studies.keeping import Objective
from convcost.studies.machine import Machine
from convcost.studies.measuring import figure_keys
from convcost.studies.space import MAX_VALUES, Value
from convcost.studies.sweep import Progress, check_any, reasons
from convcost.studies.views import Row, Tally, View, number, views


class Target(NamedTuple):
    """A figure and a number for it: to come near to, or not to exceed. ``said`` is its origin."""

    figure: str
    value: int
    said: str = ""

    def words(self) -> str:
        """The number with its origin: ``25,557,032 (resnet50)``."""
        return f"{self.value:,}" + (f" ({self.said})" if self.said else "")


class FitWish(NamedTuple):
    """``near`` or an ``objective``, within ``limits``; ``keys`` are the figures to show."""

    keys: tuple[str, ...]
    near: Target | None
    limits: tuple[Target, ...]
    objective: Objective | None

    @property
    def figure(self) -> str:
        """The figure that ranks candidates."""
        if self.near is not None:
            return self.near.figure
        assert self.objective is not None
        return self.objective.name

    @property
    def rule(self) -> str:
        """The rule in words."""
        if self.near is not None:
            text = f"nearest {self.near.figure} to {self.near.words()}"
        else:
            text = f"{'largest' if self._is_largest else 'smallest'} {self.figure}"
        limits = " and ".join(f"{one.figure} <= {one.words()}" for one in self.limits)
        return f"{text} with {limits}" if limits else text

    @property
    def _is_largest(self) -> bool:
        return self.objective is not None and self.objective.largest


class Candidate(NamedTuple):
    """A candidate by its axes, and its figures."""

    arguments: dict[str, Value]
    figures: dict[str, Any]


class Fit(NamedTuple):
    """The answer. ``best`` is None where nothing is feasible, and then ``nearest_infeasible``
    exceeds its limits least. ``same``: for each axis the interval around the winner's value in
    which nothing changes."""

    wish: FitWish
    candidates: int
    unbuildable: Counter[str]
    best: Candidate | None
    cheaper: Candidate | None
    dearer: Candidate | None
    same: dict[str, tuple[Value, Value]]
    nearest_infeasible: Candidate | None


def read_target(library: Library, text: str, option: str, how: Execution = PLAIN) -> Target:
    """``FIGURE=NUMBER`` or ``FIGURE=NETWORK`` (its own figure). Raises SpecError."""
    key, equals, value = (part.strip() for part in text.partition("="))
    place = f"{option} {shorten(text, 60)}"
    if not equals or not value:
        raise SpecError(f"{option} is FIGURE=NUMBER or FIGURE=NETWORK", place=place)
    if key not in FIGURES:
        raise SpecError(f"{key} is not a figure", place=place, hint=meant_figure(key))
    if FIGURES[key].unit in ("ratio", "shape"):
        raise SpecError(f"{key} is not a whole number", place=place)
    try:
        if value[0].isdigit():
            read = parse_bytes if FIGURES[key].unit == "bytes" else parse_count
            return Target(key, read(value))
        return Target(key, _figure_of(library, value, key, how), value)
    except ConvcostError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def _figure_of(library: Library, name: str, key: str, how: Execution) -> int:
    """The figure of a network by name, at its own input."""
    design = library.find(library.proper(name))
    subject = build_network(library, design)
    amount = FIGURES[key].total(Measured(count(subject.graph), how))
    if not isinstance(amount, Amount) or amount.is_bound:
        raise ConvcostError(f"{name} has no exact {key}")
    return amount.value


def make_fit(
    near: Target | None,
    limits: Sequence[Target],
    objective: Objective | None,
    show: Sequence[str] = (),
) -> FitWish:
    """What is asked. Raises SpecError where it does not say what is best."""
    if near is None and not limits and objective is None:
        raise SpecError(
            "nothing says which candidate is best",
            hint="--near params=resnet50, or --max macs=300M, or --minimize params",
        )
    if near is not None and objective is not None:
        raise SpecError("--near and --maximize or --minimize: one of them decides")
    if near is None and objective is None:
        objective = Objective(limits[-1].figure, largest=True)
    figures = [one.figure for one in ([near] if near else [])] + [one.figure for one in limits]
    keys = figure_keys([*figures, *([objective.name] if objective else []), *show])
    return FitWish(keys, near, tuple(limits), objective)


class _Scores:
    """How good the candidates of a view are: smaller is better; and which are feasible."""

    def __init__(self, wish: FitWish, view: View) -> None:
        import numpy as np

        self.figure = view.column(wish.figure)
        self.feasible = np.ones(view.count, dtype=bool)
        for limit in wish.limits:
            self.feasible &= view.column(limit.figure) <= limit.value
        if wish.near is not None:
            self.score = abs(_roomy(self.figure) - wish.near.value)
        else:
            assert wish.objective is not None
            self.score = wish.objective.ranked(self.figure)


def _roomy(values: Array) -> Array:
    """Integers whose differences cannot leave their type."""
    is_small = values.dtype != object and values.min() > -(2**61) and values.max() < 2**61
    return values if is_small else values.astype(object)


def fit(machine: Machine, wish: FitWish, progress: Progress = lambda done: None) -> Fit:
    """The winner and its neighbours. Raises ConvcostError where no candidate can be built."""
    tally = Tally()
    best = _Least()
    infeasible = _Least()
    for view in views(machine, wish.keys, None, tally, progress):
        scores = _Scores(wish, view)
        best.look(view, scores.score, scores.feasible)
        if wish.limits and not best.found:
            infeasible.look(view, _excess(wish, view), ~scores.feasible)
    check_any(machine, tally)
    unbuildable = reasons(machine, tally.unbuildable)
    if not best.found:
        return Fit(
            wish, tally.candidates, unbuildable, None, None, None, {}, _as(machine, infeasible.row)
        )
    winner = _as(machine, best.row)
    assert winner is not None
    cheaper, dearer = _neighbours(machine, wish, winner.figures[wish.figure])
    return Fit(
        wish,
        tally.candidates,
        unbuildable,
        winner,
        _as(machine, cheaper),
        _as(machine, dearer),
        _plateau(machine, winner),
        None,
    )


class _Least:
    """The row with the least score so far; of equals the first."""

    def __init__(self) -> None:
        self.score: Any = None
        self.row: Row | None = None

    @property
    def found(self) -> bool:
        """Whether there is one."""
        return self.row is not None

    def look(self, view: View, score: Array, allowed: Array) -> None:
        """Compare the allowed rows of one more view."""
        import numpy as np

        places = np.nonzero(allowed)[0]
        if not len(places):
            return
        at = places[score[places].argmin()]
        value = score[at]
        if self.score is None or value < self.score:
            self.score = value
            self.row = next(view.rows(np.array([at])))


def _excess(wish: FitWish, view: View) -> Array:
    """How far above its limits a candidate is: the largest ratio of a figure to its limit."""
    import numpy as np

    ratios = [view.column(one.figure) / max(one.value, 1) for one in wish.limits]
    worst: Array = np.maximum.reduce([np.asarray(ratio, dtype=float) for ratio in ratios])
    return worst


def _neighbours(machine: Machine, wish: FitWish, value: Any) -> tuple[Row | None, Row | None]:
    """The next candidates below and above in the ranking figure.

    On the side where the objective would be better nothing is feasible, and what is next there
    shows what the limits cost; on the other side only feasible ones count.
    """
    below, above = _Least(), _Least()
    for view in views(machine, wish.keys, None, Tally()):
        scores = _Scores(wish, view)
        figure = scores.figure
        largest = wish.objective is not None and wish.objective.largest
        smallest = wish.objective is not None and not wish.objective.largest
        is_below, is_above = figure < value, figure > value
        below.look(view, -figure, is_below if smallest else is_below & scores.feasible)
        above.look(view, figure, is_above if largest else is_above & scores.feasible)
    return below.row, above.row


def _as(machine: Machine, row: Row | None) -> Candidate | None:
    """A row as a candidate."""
    if row is None:
        return None
    names = [axis.name for axis in machine.space.axes]
    arguments = {name: row[name] for name in names}
    return Candidate(arguments, {key: row[key] for key in row if key not in names})


def _plateau(machine: Machine, winner: Candidate) -> dict[str, tuple[Value, Value]]:
    """For each axis the interval around the winner's value in which its figures stay the same."""
    same: dict[str, tuple[Value, Value]] = {}
    values = list(winner.arguments.values())
    own = machine.one(values)
    for place, axis in enumerate(machine.space.axes):
        at = axis.values.index(values[place])
        first = _last_same(machine, values, place, range(at, -1, -1), own)
        last = _last_same(machine, values, place, range(at, len(axis.values)), own)
        same[axis.name] = (axis.values[first], axis.values[last])
    return same


def _last_same(
    machine: Machine, values: Sequence[Value], place: int, places: Sequence[int], own: list[int]
) -> int:
    """The last of ``places`` along one axis, outwards from the winner's, with its figures."""
    axis = machine.space.axes[place]
    last = places[0]
    for there in places[1:MAX_VALUES]:
        changed = [*values[:place], axis.values[there], *values[place + 1 :]]
        try:
            if machine.one(changed) != own:
                break
        except ConvcostError:
            break
        last = there
    return last


def percent(value: Any, target: int) -> Fraction | None:
    """How far a value is from its target, as a fraction of it."""
    return Fraction(value - target, target) if target and isinstance(value, int) else None


def as_numbers(candidate: Candidate) -> Mapping[str, Any]:
    """Arguments and figures with numbers as JSON shows them."""
    arguments = {name: number(value) for name, value in candidate.arguments.items()}
    return {"arguments": arguments, **candidate.figures}
