"""A box of candidates holds what building and counting each of them gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from generated import DECIMALS, PARAMETERS, Document, designs, library_of
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.engine.columns import Column
from convcost.engine.counting import count
from convcost.errors import ConvcostError
from convcost.language.library import Library
from convcost.studies.candidates import Family
from convcost.studies.machine import Box, Machine, _comes_from_a_type, axis_columns, kind_of
from convcost.studies.space import Axis, Space, Value, parse_tie

FIGURES = ("params", "macs", "element_ops")


class Tally:
    """How many candidates were compared, and which differed."""

    def __init__(self) -> None:
        self.spaces = self.candidates = self.compared = self.built = self.called = 0
        self.wrong: list[Any] = []


def random_axis(rng: Random, name: str) -> Axis:
    """An axis that fits a parameter of a generated design, more or less."""
    if name == "deep":
        return Axis(name, rng.choice(([False, True], [True], [0, 1], [True, 1, 0])))
    if name == "word":
        return Axis(name, ["relu", "none", "x"][: rng.randint(1, 3)])
    if name == "padding":
        pads: list[Sequence[Value]] = [["same", "valid"], [0, 1, 2], ["same", 1, (1, 0)]]
        return Axis(name, rng.choice(pads))
    if name in ("ratio", "limit") and rng.random() < 0.5:
        from fractions import Fraction

        return Axis(name, [Fraction(value) for value in rng.sample(DECIMALS, rng.randint(1, 3))])
    if name in ("kernel_size", "stride", "groups", "batch"):
        first = rng.randint(1, 2)
        sizes: list[Sequence[Value]]
        sizes = [range(first, first + rng.randint(1, 4)), [1, 3], [3, (3, 1)]]
        return Axis(name, rng.choice(sizes))
    first = rng.randint(0 if rng.random() < 0.1 else 1, 40)
    if rng.random() < 0.08:
        first = 2**31 - rng.randint(1, 60)  # products of such sizes leave int64
    return Axis(name, range(first, first + rng.randint(1, 60), rng.choice((1, 1, 2, 7))))


def random_space(rng: Random) -> tuple[Library, Family, Space, dict[str, Document]]:
    """A space over a design that nobody wrote."""
    while True:
        documents = designs(rng, rng.randint(1, 3))
        try:
            library = library_of(documents)
            break
        except ConvcostError:
            continue
    name = rng.choice(list(documents))
    parameters = [key for key in PARAMETERS if key in documents[name]["parameters"]]
    varied = rng.sample(parameters, rng.randint(0, min(3, len(parameters))))
    axes = [random_axis(rng, key) for key in varied]
    if rng.random() < 0.8 or not axes:
        axes.append(random_axis(rng, "in"))
    if rng.random() < 0.4:
        axes.append(random_axis(rng, "input"))
    if rng.random() < 0.1:
        axes.append(random_axis(rng, "batch"))
    if rng.random() < 0.1:
        axes.append(Axis("design", rng.sample([*documents, "separable", "conv"], 2)))
    rng.shuffle(axes)
    while math.prod(len(axis.values) for axis in axes) > 20_000:
        axes.pop()
    ties = []
    free = [key for key in parameters if key not in varied]
    if free and any(axis.name == "in" for axis in axes) and rng.random() < 0.3:
        ties.append(
            parse_tie(f"{rng.choice(free)}={rng.choice(('6*in', 'in // 2', 'in / 4 + 1'))}")
        )
    space = Space(tuple(axes), tuple(ties))
    shape: tuple[int, ...] = (9, rng.randint(1, 12))
    if not any(axis.name == "in" for axis in axes):
        shape = (*shape, rng.choice((4, 6, 16)))
    fixed: dict[str, Any] = {
        key: rng.choice((1, 8, 16)) for key in free if not documents[name]["parameters"][key]
    }
    if any(axis.name == "design" for axis in axes):
        return library, Family(library, "", (), shape, fixed), space, documents
    from convcost.language.layers import LayerSpec

    family = Family(library, name, (LayerSpec(type=name),), shape, fixed)
    return library, family, space, documents


def sample(rng: Random, box: Box, most: int) -> list[tuple[int, ...]]:
    places = [tuple(map(int, p)) for p in np.ndindex(*box.shape)] if box.size <= most else []
    return places or [tuple(rng.randrange(n) for n in box.shape) for _ in range(most)]


def truth(machine: Machine, values: list[Any]) -> list[int] | str:
    """Built and counted as one design, without the machinery; or the kind of the error."""
    named = {axis.name: v for axis, v in zip(machine.space.axes, values, strict=True)}
    try:
        settings = machine.space.settings(named, machine.family.settings)
        subject = machine.family.build(settings)
        done = count(subject.graph, subject.batch)
        return [done.params, done.macs, done.element_ops]
    except ConvcostError as error:
        return kind_of(error.message)


def compare(rng: Random, machine: Machine, tally: Tally, most: int, box_size: int) -> None:
    """A sample of every box against the ordinary count."""
    tally.spaces += 1
    left_out = 0
    for box in machine.boxes(most=box_size):
        tally.candidates += box.size
        left_out += sum(box.unbuildable.values())
        columns = axis_columns(box)
        for place in sample(rng, box, most):
            at = [
                int(np.broadcast_to(one.values, box.shape)[place])
                if isinstance(one, Column)
                else one
                for one in columns
            ]
            is_built = bool(np.broadcast_to(box.built, box.shape)[place])
            expected = truth(machine, at)
            tally.compared += 1
            tally.built += is_built
            made: Any = None
            if is_built:
                made = [int(np.broadcast_to(f.values, box.shape)[place]) for f in box.figures]
                for value, column in zip(made, box.figures, strict=True):
                    assert column.low <= value <= column.high
            if made != (expected if isinstance(expected, list) else None):
                tally.wrong.append((at, made, expected))
            elif made is None and box.unbuildable[str(expected)] == 0:
                tally.wrong.append((at, dict(box.unbuildable), expected))
    tally.called += sum(f.called for f in machine._functions.values())
    assert left_out <= machine.space.size


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_every_candidate_of_a_generated_space_is_as_counted_alone(rng: Random) -> None:
    _, family, space, documents = random_space(rng)
    tally = Tally()
    compare(rng, Machine(family, space, FIGURES), tally, 60, rng.choice((1 << 18, 100)))
    assert tally.wrong == [], (space, documents)


def test_numbers_around_two_to_the_63_and_64_stay_exact() -> None:
    """numpy joins int64 and uint64 as floats; nothing here may."""
    from convcost.engine.boxes import BoxFunction

    def function(numbers: Any) -> Any:
        x, y = numbers
        if x % 3 == 0:
            return "third", [x * y + 1, x - y]
        if x % 3 == 1:
            return "first", [x, y * y * y]
        if type(x) is not int:
            raise ValueError  # no record: called one by one
        return "plain", [x * y, y]

    for first in (2**62 - 5, 2**31 - 9, 3):
        xs = np.arange(first, first + 9)
        ys = np.array([1, 2, 3, 4, 5, 2**21, 2**31])
        made = BoxFunction(function, 2)
        filled = made.run([xs, ys])
        for i, x in enumerate(xs.tolist()):
            for j, y in enumerate(ys.tolist()):
                label, results = function([x, y])
                assert made.labels[int(np.asarray(filled.labels)[i, j])] == label
                assert [np.asarray(one.values)[i, j] for one in filled.columns] == results


@pytest.mark.parametrize("is_quiet", [True, False])
def test_an_error_made_of_that_of_a_type_may_be_due_to_the_tracing(is_quiet: bool) -> None:
    """Whether or not it says what it was made of."""
    with pytest.raises(ConvcostError) as caught:
        try:
            raise TypeError
        except TypeError as error:
            raise ConvcostError("no") from (None if is_quiet else error)
    assert _comes_from_a_type(caught.value)
    assert not _comes_from_a_type(ConvcostError("no"))
