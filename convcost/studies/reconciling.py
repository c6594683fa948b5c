"""The question of ``reconcile``: by which convention is a printed figure what it is?

Tries other tools' conventions (``conventions.py``) and named steps away from convcost's own
count (``steps.py``), alone and a few together, each against the readings of the printed digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from convcost.engine.counting import Count
from convcost.language.building import Subject
from convcost.language.conventions import Convention
from convcost.language.library import Library
from convcost.language.running import Switches
from convcost.quantities import Printed
from convcost.sources.table import Opened
from convcost.studies.conventions import all_conventions, conventions, has_folded_norms
from convcost.studies.explaining import only_subject
from convcost.studies.steps import STEPS, Step, Variant, variants

TWICE = "2 per MAC"
MOST_STEPS = 3
"""How many steps may stand together; more of them would give any figure."""

LONGEST = 12
"""How many candidates an answer holds."""

FARTHEST = Fraction(5, 2)
"""The most far-fetched explanation that is told; beyond it figures agree by chance."""

FARTHER = Fraction(1, 2)
"""How much more far-fetched than the best an explanation may be and still be told."""

AT_LEAST = Fraction(3, 2)
"""So far-fetched it may be in any case: one step, and digits read in another way."""


BINARY = {"K": 1, "M": 2, "G": 3}
"""Letters that some tables use for powers of 1024."""

AS_PRINTED = "as printed"
"""The plain reading: the digits are rounded, and all of them count."""


class Candidate(NamedTuple):
    """One way to a figure: the steps, the number that they give, and how far-fetched it is.

    ``tool`` names the convention of another counter, ``reading`` how the printed digits have to
    be read for the number to be theirs ("" where they are not).
    """

    steps: tuple[str, ...]
    value: int
    cost: Fraction
    tool: str = ""
    reading: str = ""

    @property
    def is_match(self) -> bool:
        """Whether the printed figure is this number, in some reading."""
        return self.reading != ""

    @property
    def is_exact(self) -> bool:
        """Whether the number is printed so without any further reading."""
        return self.reading == AS_PRINTED


class Reading(NamedTuple):
    """What printed digits can mean: all numbers from ``low`` up to ``high``."""

    name: str
    low: Fraction
    high: Fraction
    includes_high: bool
    cost: Fraction

    def holds(self, value: int) -> bool:
        """Whether a number is printed so."""
        return self.low <= value < self.high or (self.includes_high and value == self.high)


class Reconciled(NamedTuple):
    """The answer: explanations, the nearest first; or, where there is none, what comes near."""

    name: str
    figure: str
    printed: Printed
    counted: Count
    low: Fraction
    high: Fraction
    matches: tuple[Candidate, ...]
    near: tuple[Candidate, ...]

    @property
    def own(self) -> int:
        """convcost's own number."""
        return self.counted.macs if self.figure == "macs" else self.counted.params


def readings(printed: Printed) -> list[Reading]:
    """The readings of a printed figure, the plain one first.

    Source: each of them explains rows of ``docs/papers.md``.
    """
    value, place = printed.value, printed.place
    half = place / 2
    found = [
        Reading(AS_PRINTED, value - half, value + half, True, Fraction(0)),
        Reading("truncated, not rounded", value, value + place, False, Fraction(1, 2)),
    ]
    if printed.zeros:
        digits = len(str(value / place)) - printed.zeros
        coarse = place * 10**printed.zeros / 2
        words = {1: "one significant figure", 2: "two significant figures"}
        name = f"rounded to {words.get(digits, f'{digits} significant figures')}"
        found.append(Reading(name, value - coarse, value + coarse, True, Fraction(1, 2)))
    power = BINARY.get(printed.letter)
    if power is not None:
        times = Fraction(2 ** (10 * power), 10 ** (3 * power))
        name = f"{printed.letter} = 1024{f'^{power}' if power > 1 else ''}"
        low, high = (value - half) * times, (value + half) * times
        end = (value + place) * times
        found += [
            Reading(name, low, high, True, Fraction(3, 2)),
            Reading(f"{name}, truncated", value * times, end, False, Fraction(2)),
        ]
    return found


def reconcile(
    library: Library,
    subject: Subject,
    printed: Printed,
    figure: str,
    tools: Sequence[Convention] | None = None,
    *,
    switches: Switches | None = None,
) -> Reconciled:
    """Explanations of a printed figure of ``"macs"`` or ``"params"``.

    ``tools`` are all that are shipped, ``switches`` those that the subject was built with, where
    they are known. Where the network has layers that
    are not known, every number is a lower bound and so is what is told here.
    """
    found = list(variants(library, subject, switches))
    counted = found[0].counted
    read = readings(printed)
    is_folded = has_folded_norms(subject)
    candidates: list[Candidate] = []
    if figure == "macs":
        if tools is None:
            is_onnx = subject.graph.vocabulary == "onnx"
            tools = all_conventions(is_onnx=is_onnx, unlisted=True)
        applied = conventions(subject.name, counted, tools).tools
        candidates += [
            Candidate((f"as {tool.convention.name} counts",), tool.value, Fraction(1), name)
            for tool in applied
            for name in [tool.convention.name]
        ]
    for variant in found:
        candidates += _combined(variant, STEPS[figure](variant.counted, is_folded), figure)
    judged = [one for candidate in candidates for one in _judged(candidate, read)]
    matches = _best((one for one in judged if one.is_match), printed.value)
    value = printed.value
    near = sorted(
        (one for one in judged if one.cost <= 1 and not one.is_match),
        key=lambda one: (abs(one.value - value), one.cost),
    )
    plain = read[0]
    near = _unlike(near, LONGEST // 2)
    return Reconciled(
        subject.name, figure, printed, counted, plain.low, plain.high, matches, tuple(near)
    )


def reconcile_of(opened: Opened, printed: Mapping[str, Printed]) -> list[Reconciled]:
    """``reconcile`` on the one thing that was asked about, for each printed figure by its key."""
    subject = only_subject(opened, "reconcile")
    return [reconcile(opened.library, subject, one, key) for key, one in printed.items()]


def _combined(variant: Variant, steps: list[Step], figure: str) -> Iterator[Candidate]:
    """A variant by itself, with each step, and with steps together."""
    own = getattr(variant.counted, figure)
    start = (variant.name,) if variant.name else ()
    most = MOST_STEPS - len(start)
    for size in range(min(most, 2) + 1):
        for chosen in combinations(steps, size):
            if len({step.group for step in chosen}) < size or _overlap(chosen):
                continue
            names = (*start, *(step.name for step in chosen))
            cost = variant.cost + sum(step.cost for step in chosen)
            change = sum(step.change for step in chosen)
            yield Candidate(names, own + change, cost)
            if figure == "macs" and len(names) < MOST_STEPS:
                # What is doubled are the MACs: all of them, or those that are left.
                left = sum(step.change for step in chosen if step.change < 0)
                value = 2 * (own + left) + change - left
                yield Candidate((*names, TWICE), value, cost + 1)


def _overlap(chosen: Sequence[Step]) -> bool:
    return len(chosen) > 1 and any(step.group == "all" for step in chosen)


def _judged(candidate: Candidate, read: Sequence[Reading]) -> Iterator[Candidate]:
    """The candidate in each reading that makes it the figure: in the plain one, or in others."""
    plain, *others = read
    fits = (
        [plain] if plain.holds(candidate.value) else [r for r in others if r.holds(candidate.value)]
    )
    for reading in fits:
        yield candidate._replace(reading=reading.name, cost=candidate.cost + reading.cost)
    if not fits:
        yield candidate


def _best(matches: Iterable[Candidate], value: Fraction) -> tuple[Candidate, ...]:
    """The least far-fetched explanations; one that needs much more than the best is chance."""
    ordered = sorted(
        matches, key=lambda one: (one.cost, len(one.steps), one.tool != "", abs(one.value - value))
    )
    if not ordered:
        return ()
    best = ordered[0].cost
    limit = min(max(best + FARTHER, AT_LEAST), FARTHEST) if best else best
    return tuple(_unlike([one for one in ordered if one.cost <= limit], LONGEST))


def _unlike(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """The first of those that come to the same number; each tool stands for itself."""
    seen: dict[tuple[int, str, str], Candidate] = {}
    for candidate in candidates:
        seen.setdefault((candidate.value, candidate.tool, candidate.reading), candidate)
    return list(seen.values())[:most]
