"""Records on columns: bounds that hold, guards as masks, steps that never wrap."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.engine.columns import _BOUNDS, Column, Table, _decided, column
from convcost.engine.replaying import compile_record
from convcost.engine.tracing import NotTraceableError, Trace

APPLY: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
COMPARE: dict[str, Any] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
sizes = st.integers(-12, 12) | st.integers(-(2**40), 2**40) | st.integers(-(2**70), 2**70)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[Column, int]:
    """Bounds, and a number within them."""
    low, high = sorted((draw(sizes), draw(sizes)))
    return Column(0, low, high), draw(st.integers(low, high) | st.sampled_from((low, high)))


@given(st.sampled_from(sorted(APPLY)), ranges(), ranges())
@settings(max_examples=400)
def test_the_bounds_of_a_step_hold(
    operator: str, left: tuple[Column, int], right: tuple[Column, int]
) -> None:
    (left_bounds, a), (right_bounds, b) = left, right
    if operator in ("//", "%") and (b == 0 or right_bounds.low == right_bounds.high == 0):
        return
    low, high = _BOUNDS[operator](left_bounds, right_bounds)
    assert low <= APPLY[operator](a, b) <= high


@given(st.sampled_from(sorted(COMPARE)), ranges(), ranges())
@settings(max_examples=400)
def test_what_the_bounds_decide_is_so(
    operator: str, left: tuple[Column, int], right: tuple[Column, int]
) -> None:
    decided = _decided(operator, left[0], right[0])
    if decided is not None:
        assert decided == COMPARE[operator](left[1], right[1])


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
def test_the_bounds_of_small_steps_are_as_tight_as_their_corners(
    a: int, b: int, c: int, d: int
) -> None:
    left, right = Column(0, min(a, b), max(a, b)), Column(0, min(c, d), max(c, d))
    for operator in ("+", "-", "*"):
        made = [APPLY[operator](x, y) for x in range(left.low, left.high + 1)
                for y in range(right.low, right.high + 1)]  # fmt: skip
        assert _BOUNDS[operator](left, right) == (min(made), max(made))


programs = st.lists(
    st.tuples(
        st.sampled_from(("+", "-", "*", "//", "%", "swap", "<", "==")),
        st.integers(-7, 7) | st.sampled_from((10**6, 2**31 - 1)),
    ),
    max_size=9,
)
values = st.lists(st.integers(-9, 9) | st.sampled_from((2**31 - 1, 2**62)), min_size=1, max_size=6)


def run(program: list[tuple[str, int]], x: Any, y: Any) -> list[Any]:
    """A random straight line with two branches."""
    for operator, constant in program:
        if operator == "swap":
            x, y = y, x + constant
        elif operator == "<":
            x = x if x < y else x - constant
        elif operator == "==":
            y = y * 2 if y == constant else y
        elif operator in ("//", "%") and constant % 2:
            x = APPLY[operator](x, y)
        else:
            x = APPLY[operator](x, constant)
    return [x, y]


@given(programs, values, values, st.booleans(), st.data())
@settings(max_examples=300)
def test_a_record_on_columns_is_the_record_on_each_row(
    program: list[tuple[str, int]], xs: list[int], ys: list[int], narrowing: bool, data: Any
) -> None:
    trace = Trace()
    first = data.draw(st.sampled_from(xs)), data.draw(st.sampled_from(ys))
    try:
        record = trace.record(run(program, *map(trace.input, first)))
    except (ZeroDivisionError, NotTraceableError):
        return
    replay, table = compile_record(record), Table(record, narrowing=narrowing)
    axes = [np.array(sorted(set(axis)), dtype=np.int64) for axis in (xs, ys)]
    if narrowing:
        for number in (0, 1):
            mask = table.narrow(number, axes[number])
            if mask is not None:
                axes[number] = axes[number][mask]
    assert first[0] in axes[0]
    assert first[1] in axes[1]
    box = (len(axes[0]), len(axes[1]))
    columns = [column(axes[0].reshape(-1, 1)), column(axes[1].reshape(1, -1))]
    outcome = table.run(columns)
    holds = np.broadcast_to(outcome.holds, box)
    for i, x in enumerate(axes[0].tolist()):
        for j, y in enumerate(axes[1].tolist()):
            expected = replay(x, y)
            assert (expected is not None) == bool(holds[i, j])
            if expected is None:
                continue
            assert list(expected) == run(program, x, y)
            made = [np.broadcast_to(one.values, box)[i, j] for one in outcome.results]
            assert [int(value) for value in made] == list(expected)
            for one, value in zip(outcome.results, expected, strict=True):
                assert one.low <= value <= one.high
