"""Dots over two axes: logarithmic where values span decades, names where there is room.

Draws one ``Scatter`` into its part of a page of ``plotting``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from convcost.reports.charts import Axis, Dots, Line, Scatter, is_wide, shortened
from convcost.reports.escaping import visible
from convcost.reports.plotting import LETTER, NARROW, color, note_lines, tick, write_notes
from convcost.reports.theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

MOST_SHAPES = 2_000
"""More dots are an image in the file: thousands of shapes make a file that nobody can open."""

LEAST_AREA, MOST_AREA = 4.0, 60.0
MARKS = {"first": "o", "second": "s", "dim": "o"}
"""Kinds differ in form as well as in colour."""

TAGS = 8
"""The most names in a chart."""


def height(chart: Scatter, inches: float) -> float:
    """Inches: a little flatter than wide, and room for legend and notes."""
    lines = len(_legend_rows(chart, inches)) + len(_notes(chart, inches))
    return min(max(inches * 0.52, 2.3), 4.2) + 0.35 + 0.16 * lines


def draw(part: SubFigure, chart: Scatter, inches: float) -> Callable[[], None]:
    """Draw it; what is returned writes the names, once places are known."""
    axes = part.subplots()
    parts = _parts(chart)
    _scale(axes, 0, chart.across, [*chain.from_iterable(one.across for one in parts)])
    _scale(axes, 1, chart.up, [*chain.from_iterable(one.up for one in parts)])
    for line in chart.lines:
        axes.plot(line.across, line.up, color=LIGHT.text, linewidth=0.9, label=line.name, zorder=2)
    for number, dots in enumerate(chart.dots):
        _dots(axes, dots, number + 3)
    columns = 1 if inches < NARROW else max(_per_row(chart, inches), 1)
    if any(one.name for one in parts):
        legend = axes.legend(
            **{"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "ncols": columns},
            **{"frameon": False, "borderpad": 0.1, "handletextpad": 0.4, "columnspacing": 1.2},
        )
        for handle in legend.legend_handles:
            if handle is not None:
                handle.set_alpha(1.0)
    write_notes(part, _notes(chart, inches))
    most = int(inches * 0.3 / LETTER)
    return lambda: _write_tags(axes, chart, most)


def _parts(chart: Scatter) -> list[Dots | Line]:
    """All that has places, in the order of the legend."""
    return [*chart.dots, *chart.lines]


def _notes(chart: Scatter, inches: float) -> list[str]:
    return [line for note in chart.notes for line in note_lines(note, inches)]


def _legend_rows(chart: Scatter, inches: float) -> list[int]:
    names = [one.name for one in _parts(chart) if one.name]
    per_row = 1 if inches < NARROW else max(_per_row(chart, inches), 1)
    return [*range(math.ceil(len(names) / per_row))]


def _per_row(chart: Scatter, inches: float) -> int:
    """How many names of a legend stand beside each other."""
    names = [one.name for one in _parts(chart) if one.name]
    longest = max(map(len, names), default=1)
    return min(int((inches - 0.5) / (longest * LETTER * 0.9 + 0.4)), len(names))


def _scale(axes: Axes, which: int, axis: Axis, values: Sequence[float]) -> None:
    """Title with unit, ticks and limits of one axis."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    one = (axes.xaxis, axes.yaxis)[which]
    limits = (axes.set_xlim, axes.set_ylim)[which]
    low, high = min(values), max(values)
    title = visible(axis.title)
    wide = is_wide(values)
    scale = 1.0
    if axis.scale == "bytes":
        scale, unit = _byte_unit(math.sqrt(low * high) if wide else high)
        title = f"{title} ({unit})"
    if wide:
        (axes.set_xscale, axes.set_yscale)[which]("log")
        margin = (high / low) ** 0.06
        limits(low / margin, high * margin)
        places = _decades(low / margin / scale, high * margin / scale)
    else:
        margin = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
        limits(low - margin, high + margin)
        places = _even((low - margin) / scale, (high + margin) / scale, axis.scale == "count")
    one.set_major_locator(FixedLocator([place * scale for place in places]))
    one.set_minor_locator(NullLocator())

    def words(value: float, _: object) -> str:
        return tick(value) if axis.scale == "count" else f"{value / scale:,.6g}"

    one.set_major_formatter(FuncFormatter(words))
    one.set_label_text(title)
    axes.grid(visible=True, axis=("x", "y")[which], color=LIGHT.border, linewidth=0.4, zorder=0)


def _byte_unit(value: float) -> tuple[float, str]:
    """The largest unit in which a number of bytes is at least 1."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(int(math.log2(value) // 10), len(units) - 1) if value >= 1 else 0
    return float(1024**power), units[power]


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten where these are few, else powers only."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in steps]
        inside = [place for place in found if low <= place <= high]
        if len(inside) <= 7:
            return inside
    return inside[:: math.ceil(len(inside) / 7)]


def _even(low: float, high: float, whole: bool) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    places = MaxNLocator(5, integer=whole).tick_values(low, high)
    return [float(place) for place in places if low <= place <= high]


def _dots(axes: Axes, dots: Dots, order: int) -> None:
    if not len(dots.across):
        return
    stands_out, is_few = dots.look != "dim", len(dots.across) <= MOST_SHAPES
    if dots.stairs and len(dots.across) > 1:
        steps: Any = f"steps-{dots.stairs}"
        line = axes.plot(dots.across, dots.up, drawstyle=steps, linewidth=1.0, zorder=order)
        line[0].set_color(color(dots.look))
    areas: Any = 14.0 if stands_out else 5.0
    if dots.sizes:
        areas = [max(MOST_AREA * size, LEAST_AREA) for size in dots.sizes]
    axes.scatter(
        *(dots.across, dots.up),
        s=areas,
        c=color(dots.look),
        marker=MARKS[dots.look],
        alpha=0.75 if dots.sizes else 1.0 if stands_out else 0.45 if is_few else 0.15,
        linewidths=0,
        label=dots.name,
        zorder=order,
        rasterized=not is_few,
    )


def _write_tags(axes: Axes, chart: Scatter, most: int) -> None:
    """Names beside their dots, none over another, over what stands out, or outside."""
    canvas: Any = axes.figure.canvas
    renderer = canvas.get_renderer() if hasattr(canvas, "get_renderer") else None
    inside = axes.get_window_extent(renderer)
    marks = _marks(axes, chart)

    def placed(across: str, up: str) -> Any:
        return {"ha": across, "va": up, "fontsize": 7, "zorder": 10}

    taken: list[Any] = []
    for tag in chart.tags:
        if len(taken) == TAGS:
            break
        for offset, across, up in _sides():
            text = axes.annotate(
                shortened(visible(tag.text), most),
                (tag.across, tag.up),
                xytext=offset,
                textcoords="offset points",
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.4},
                **placed(across, up),
            )
            box = text.get_window_extent(renderer)
            if _is_within(box, inside) and not _is_over(box, taken, marks):
                taken.append(box)
                break
            text.remove()


def _marks(axes: Axes, chart: Scatter) -> list[tuple[float, float]]:
    """Places of the page that names leave free: dots that stand out, and lines."""
    marks: dict[tuple[int, int], None] = {}
    step = axes.figure.dpi / 72 * 2
    for one in _parts(chart):
        stairs = one.stairs if isinstance(one, Dots) else ""
        if not len(one.across) or (isinstance(one, Dots) and one.look == "dim"):
            continue
        points = axes.transData.transform(list(zip(one.across, one.up, strict=True))).tolist()
        for x, y in points:
            marks[round(x / step), round(y / step)] = None
        for start, end in _segments(points, stairs) if stairs or isinstance(one, Line) else ():
            parts = int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / step) + 1
            for at in range(parts):
                x = start[0] + (end[0] - start[0]) * at / parts
                y = start[1] + (end[1] - start[1]) * at / parts
                marks[round(x / step), round(y / step)] = None
    return [(x * step, y * step) for x, y in marks]


def _segments(points: Sequence[Any], stairs: str) -> Iterable[tuple[Any, Any]]:
    """The straight pieces of a line, or of the steps between dots."""
    path = list(points[:1])
    for one, other in pairwise(points):
        corner = [other[0], one[1]] if stairs == "post" else [one[0], other[1]]
        path += [corner, other] if stairs else [other]
    return pairwise(path)


def _is_over(box: Any, taken: Sequence[Any], marks: Sequence[tuple[float, float]]) -> bool:
    """Whether a name would lie over another one, or over a mark."""
    if any(map(box.overlaps, taken)):
        return True
    return any(box.x0 - 3 < x < box.x1 + 3 and box.y0 - 3 < y < box.y1 + 3 for x, y in marks)


def _sides() -> Iterable[tuple[tuple[float, float], str, str]]:
    """Where a name may stand about its dot, the best place first."""
    for distance in (4.0, 9.0):
        slant = distance * 0.75
        yield (slant, -slant), "left", "top"
        yield (slant, slant), "left", "bottom"
        yield (-slant, slant), "right", "bottom"
        yield (-slant, -slant), "right", "top"
        yield (0, distance), "center", "bottom"
        yield (0, -distance), "center", "top"
        yield (distance, 0), "left", "center"
        yield (-distance, 0), "right", "center"


def _is_within(box: Any, other: Any) -> bool:
    return bool(
        box.x0 >= other.x0 and box.x1 <= other.x1 and box.y0 >= other.y0 and box.y1 <= other.y1
    )
