"""Pareto fronts: what no other candidate beats in everything. Smaller is better.

A row is beaten by another that is nowhere larger and somewhere smaller; equal rows do not beat
each other. The front of a union is the front of the fronts, so a front can be kept box by box.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from convcost.engine.columns import Array
from convcost.errors import SpecError

MAX_FRONT = 100_000
"""The longest front; figures that do not compete would keep the whole space."""


def too_long(most: int) -> SpecError:
    """The error for a front that is no answer."""
    return SpecError(
        f"more than {most:,} candidates beat each other nowhere",
        place="--pareto",
        hint="name figures that compete (macs,-receptive_field), or narrow the axes",
    )


def front(columns: Sequence[Array]) -> Array:
    """Which rows are on the front, as a mask. One column an objective, all of one length."""
    import numpy as np

    if len(columns[0]) == 0:
        return np.zeros(0, dtype=bool)
    if len(columns) == 1:
        return columns[0] == columns[0].min()
    if len(columns) == 2:
        return _two(*columns)
    return _three(*columns) if len(columns) == 3 else _many(columns)


def _two(first: Array, second: Array) -> Array:
    """Sorted by the first objective, a row is on the front where the second reaches a new low."""
    import numpy as np

    order = np.lexsort((second, first))
    a, b = first[order], second[order]
    start = np.searchsorted(a, a, side="left")  # the first row of those with the same a
    lowest = np.minimum.accumulate(b)
    before = lowest[np.maximum(start - 1, 0)]
    kept = (b == b[start]) & ((start == 0) | (before > b))
    mask = np.zeros(len(a), dtype=bool)
    mask[order] = kept
    return mask


def _three(first: Array, second: Array, third: Array) -> Array:
    """By rising first objective; the other two of what came before make a staircase.

    ``steps`` rise, ``lows`` fall: the least third objective at a second one of at most that.
    """
    import numpy as np

    order = np.lexsort((third, second, first))
    points = list(zip(*[c[order].tolist() for c in (first, second, third)], strict=True))
    mask = np.zeros(len(points), dtype=bool)
    steps: list[Any] = []
    lows: list[Any] = []
    before, kept = None, False
    for place, point in zip(order.tolist(), points, strict=True):
        if point != before:
            _, x, y = before = point
            at = bisect_right(steps, x)
            kept = at == 0 or lows[at - 1] > y
            if kept:
                start = bisect_left(steps, x)
                end = start
                while end < len(lows) and lows[end] >= y:
                    end += 1
                steps[start:end], lows[start:end] = [x], [y]
        mask[place] = kept
    return mask


def _many(columns: Sequence[Array]) -> Array:
    """The least row by all objectives in turn is on the front; drop what it beats; again."""
    import numpy as np

    left = np.lexsort(tuple(columns)[::-1])
    mask = np.zeros(len(left), dtype=bool)
    found = 0
    while len(left):
        found += 1
        if found > MAX_FRONT // 10:
            raise too_long(MAX_FRONT // 10)
        values = [column[left] for column in columns]
        no_better = np.ones(len(left), dtype=bool)
        equal = np.ones(len(left), dtype=bool)
        for value in values:
            no_better &= value >= value[0]
            equal &= value == value[0]
        mask[left[equal]] = True
        left = left[~no_better]
    return mask


def not_beaten(columns: Sequence[Array], known: Sequence[Array], most: int = 64) -> Array:
    """Which rows none of ``known`` beats; with more than two objectives some may be missed.

    A cheap sieve before ``front``; ``known`` is a front.
    """
    import numpy as np

    left = np.arange(len(columns[0]))
    if len(known[0]) == 0:
        return left >= 0
    if len(columns) == 2:
        # Most rows fall to a few strong ones; only the others are compared with all.
        left = _sift(columns, known, left, 8)
        left = left[~_beaten_of_two([column[left] for column in columns], known)]
    else:
        left = _sift(columns, known, left, most)
    mask = np.zeros(len(columns[0]), dtype=bool)
    mask[left] = True
    return mask


def _sift(columns: Sequence[Array], known: Sequence[Array], left: Array, most: int) -> Array:
    """The places in ``left`` that none of ``most`` known rows beats."""
    import numpy as np

    count = len(known[0])
    for place in dict.fromkeys(int(at) for at in np.linspace(0, count - 1, min(most, count))):
        no_better = np.ones(len(left), dtype=bool)
        worse = np.zeros(len(left), dtype=bool)
        for column, front_column in zip(columns, known, strict=True):
            values = column[left]
            no_better &= values >= front_column[place]
            worse |= values > front_column[place]
        left = left[~(no_better & worse)]
    return left


def _beaten_of_two(columns: Sequence[Array], known: Sequence[Array]) -> Array:
    """Which rows of two objectives a front beats, exactly."""
    import numpy as np

    order = np.lexsort((known[1], known[0]))
    a, b = known[0][order], known[1][order]
    once = np.concatenate(([True], a[1:] != a[:-1]))
    a, b = a[once], b[once]  # a rises, b falls
    at = np.searchsorted(a, columns[0], side="right") - 1
    near, low = a[np.maximum(at, 0)], b[np.maximum(at, 0)]
    beaten = (low < columns[1]) | ((low == columns[1]) & (near < columns[0]))
    return (at >= 0) & beaten
