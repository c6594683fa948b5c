"""A sweep as dots: every candidate dim, the front above them, names of a few.

Knows what the dots mean; how they are drawn is ``scattering``'s business.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from convcost.engine.figures import FIGURES
from convcost.errors import ConvcostError
from convcost.reports.charts import Axis, Dots, Scatter, Tag, is_wide
from convcost.reports.sweep import shown
from convcost.studies.cloud import Cloud
from convcost.studies.keeping import Objective
from convcost.studies.views import Row

FULL_NAMES = {"params": "parameters"}


def sweep_scatter(name: str, axes: Sequence[str], cloud: Cloud, candidates: int) -> Scatter:
    """The picture of a sweep. Raises ConvcostError where no candidate has both figures."""
    if not cloud.count:
        wanted = f"{cloud.across.name} and {cloud.up.name}"
        raise ConvcostError(f"no candidate has both {wanted}, so there is nothing to draw")
    front = cloud.front
    across, up = cloud.points
    is_sample = len(across) < cloud.count
    every = f"{len(across):,} of {cloud.count:,} candidates" if is_sample else "candidates"
    dots = [Dots(every, across, up)]
    notes = []
    if is_sample:
        notes.append("A sample of the candidates is drawn, by lot; the front is of all of them.")
    if front is None:
        notes.append("More candidates beat each other nowhere than a front has room for.")
    else:
        dots.append(_front_dots(cloud, front))
        if len(axes):
            notes.append(f"Labels: {', '.join(axes)}.")
    title = f"{name}: {cloud.count:,} of {candidates:,} candidates"
    if cloud.count == candidates:
        title = f"{name}: {candidates:,} candidates"
    return Scatter(
        title,
        axis_of(cloud.across.name),
        axis_of(cloud.up.name),
        tuple(dots),
        tuple(_tag(axes, row, cloud) for row in _spread(front or [], cloud.across.name)),
        notes=tuple(notes),
    )


def axis_of(name: str) -> Axis:
    """A figure by its title and unit; an axis of the space or a joined column by its name."""
    figure = FIGURES.get(name)
    if figure is None:
        return Axis(name, "plain")
    if figure.unit == "bytes":
        return Axis(name, "bytes")
    title = FULL_NAMES.get(name, figure.title)
    return Axis(title, "count" if figure.unit == "count" else "plain")


def _front_dots(cloud: Cloud, front: Sequence[Row]) -> Dots:
    """The front; its steps keep the height of a candidate where less across is better."""
    words = f"front: {_wish(cloud.across)}, {_wish(cloud.up)}"
    return Dots(
        words,
        [float(row[cloud.across.name]) for row in front],
        [float(row[cloud.up.name]) for row in front],
        look="first",
        stairs="pre" if cloud.across.largest else "post",
    )


def _wish(one: Objective) -> str:
    axis = axis_of(one.name)
    less = "fewer" if axis.scale == "count" else "less"
    return f"{'more' if one.largest else less} {axis.title}"


def _spread(front: Sequence[Row], across: str) -> list[Row]:
    """Both ends of a front, what is nearest to its middle, to the middles of the parts, ..."""
    if not front:
        return []
    places = [float(row[across]) for row in front]
    if is_wide(places):
        places = [math.log(place) for place in places]
    low, high = places[0], places[-1]
    order: dict[int, None] = {}
    for parts in (1, 2, 4, 8, 16):
        for step in range(parts + 1):
            aim = low + (high - low) * step / parts
            at = bisect_left(places, aim)
            near = [one for one in (at - 1, at) if 0 <= one < len(places)]
            order[min(near, key=lambda one: abs(places[one] - aim))] = None
    return [front[at] for at in order]


def _tag(axes: Sequence[str], row: Row, cloud: Cloud) -> Tag:
    values: list[Any] = [row[name] for name in axes]
    places = [float(row[one.name]) for one in (cloud.across, cloud.up)]
    return Tag(", ".join(map(shown, values)), *places)
