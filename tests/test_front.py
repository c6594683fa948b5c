"""Pareto fronts against the definition, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.studies import front as fronts
from convcost.studies.front import front, not_beaten, too_long

Rows = list[tuple[Any, ...]]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Rows of one to four objectives, with many equal values; sometimes beyond int64."""
    width = draw(st.integers(1, 4))
    value = st.integers(-3, 3) if draw(st.booleans()) else st.integers(-(2**70), 2**70)
    return draw(st.lists(st.tuples(*[value] * width), min_size=1, max_size=30))


def beats(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def columns(rows: Rows) -> list[Any]:
    return [
        np.array(column, dtype=np.int64 if all(abs(v) < 2**62 for v in column) else object)
        for column in zip(*rows, strict=True)
    ]


@given(tables())
def test_a_row_is_on_the_front_where_no_other_beats_it(rows: Rows) -> None:
    expected = [not any(beats(other, row) for other in rows) for row in rows]
    assert front(columns(rows)).tolist() == expected


@given(tables(), st.integers(0, 30))
def test_the_front_of_a_union_is_the_front_of_the_fronts(rows: Rows, cut: int) -> None:
    first, rest = rows[:cut], rows[cut:]
    if not first or not rest:
        return
    known = [row for row, on in zip(first, front(columns(first)), strict=True) if on]
    new = [row for row, on in zip(rest, front(columns(rest)), strict=True) if on]
    together = known + new
    last = [row for row, on in zip(together, front(columns(together)), strict=True) if on]
    everything = [row for row, on in zip(rows, front(columns(rows)), strict=True) if on]
    assert sorted(last) == sorted(everything)


@given(tables(), st.integers(1, 30))
def test_the_sieve_drops_only_what_is_beaten(rows: Rows, cut: int) -> None:
    first, rest = rows[:cut], rows[cut:]
    if not rest:
        return
    known = [row for row, on in zip(first, front(columns(first)), strict=True) if on]
    left = not_beaten(columns(rest), columns(known))
    for row, stays in zip(rest, left, strict=True):
        beaten = any(beats(other, row) for other in known)
        assert stays or beaten
        if len(row) == 2:
            assert stays != beaten


@pytest.mark.parametrize("rows", [10, 11])
def test_a_front_of_four_objectives_has_room_for_a_tenth(
    monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """With more than three objectives each row of the front is a pass over all that are left."""
    monkeypatch.setattr(fronts, "MAX_FRONT", 10 * 10)
    rising = np.arange(rows)
    table = [rising, -rising, 0 * rising, 0 * rising]
    if rows <= 10:
        assert front(table).all()
    else:
        with pytest.raises(ConvcostError) as caught:
            front(table)
        assert str(caught.value) == str(too_long(10))
