"""Charts for papers: what ``charts`` describes as SVG, PDF or PNG, through matplotlib.

Owns pages: widths, type, files. A chart is as wide as one or two columns of a journal, with type
of 7 and 8 points. Text is text in the file, fonts are in a PDF, and the same numbers make the
same file. Bars are drawn here, dots in ``scattering``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError, MissingExtraError, shorten
from convcost.quantities import format_human
from convcost.reports.charts import Bars, Chart, shortened
from convcost.reports.escaping import visible
from convcost.reports.report import Report
from convcost.reports.theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

ENDINGS = (".svg", ".pdf", ".png")
WIDTHS = {"one": 3.5, "two": 7.16}
"""Inches of one column and of two, as IEEE journals have them; others differ by little."""

LEAST_WIDTH, MOST_WIDTH, MOST_HEIGHT = 2.0, 20.0, 60.0
NARROW = 5.0
"""A chart of less inches has one figure below the other in place of beside it."""

ROW, FRAME = 0.17, 0.5
"""Inches for one bar, and for the axis of its panel."""

LETTER = 0.062
"""Inches that a character takes, a little more than it does on average."""

BOLD = 0.072
"""The same of a title."""

MOST_BARS = 40
"""A chart of more bars is folded: nobody reads a hundred."""

STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "convcost",
    "pdf.fonttype": 42,
    "text.parse_math": False,  # a dollar in a name is a dollar
}

EASTERN = ("Noto Sans CJK SC", "WenQuanYi Zen Hei", "Source Han Sans SC", "PingFang SC", "SimHei")
"""Fonts with Chinese characters, for names that have some; of these the first that is there."""

_LENGTH = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)(in|cm|mm)", re.ASCII)
_PER_INCH = {"in": 1.0, "cm": 2.54, "mm": 25.4}


def chart_width(text: str) -> float:
    """``one``, ``two``, ``89mm``, ``5.5in`` -> inches. Raises ConvcostError."""
    if text in WIDTHS:
        return WIDTHS[text]
    match = _LENGTH.fullmatch(text.strip())
    inches = float(match.group(1)) / _PER_INCH[match.group(2)] if match else 0.0
    if not LEAST_WIDTH <= inches <= MOST_WIDTH:
        raise ConvcostError(
            f"{shorten(text, 40)} is not the width of a chart",
            hint="one (3.5in) or two (7.16in) columns, or a length such as 89mm, 5.5in",
        )
    return inches


def check_chart(path: str, width: str = "two") -> None:
    """Refuse a file that no chart can be written to, before anything is worked out.

    Raises ConvcostError.
    """
    from importlib.util import find_spec

    from convcost.reports.writing import check_writable

    chart_width(width)
    if not path.lower().endswith(ENDINGS):
        raise ConvcostError(
            f"the ending of {shorten(path)} stands for no chart", hint="use .svg, .pdf or .png"
        )
    if find_spec("matplotlib") is None:
        raise MissingExtraError("--chart", "matplotlib", "chart")
    check_writable(path)


def chart(reports: Sequence[Report], path: str, width: str = "two") -> bytes:
    """What each report has to draw, one below the other, in the form of a file.

    Raises ConvcostError.
    """
    return page([report.chart() for report in reports if report.chart], path, width)


def page(charts: Sequence[Chart], path: str, width: str = "two") -> bytes:
    """Charts one below the other, in the form of a file.

    Raises ConvcostError where there is nothing to draw, or too much for one page.
    """
    check_chart(path, width)
    from convcost.reports import scattering

    inches = chart_width(width)
    charts = [one for one in charts if not isinstance(one, Bars) or one.labels]
    if not charts:
        raise ConvcostError(
            "there is nothing to draw here", hint="compare, count and sweep have charts"
        )
    charts = [folded(one) if isinstance(one, Bars) else one for one in charts]
    heights = [
        _height(one, inches) if isinstance(one, Bars) else scattering.height(one, inches)
        for one in charts
    ]
    if sum(heights) > MOST_HEIGHT:
        raise ConvcostError(
            f"{len(charts)} charts are too many for one page", hint="ask for less at a time"
        )
    with _style(charts):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(inches, sum(heights)), layout="constrained")
        parts = figure.subfigures(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
        later = []
        for part, one in zip(parts, charts, strict=True):
            title = shortened(visible(one.title), int((inches - 0.2) / BOLD))
            part.suptitle(title, x=0.01, ha="left", fontsize=8, fontweight="bold")
            if isinstance(one, Bars):
                _bars(part, one, inches)
            else:
                later.append(scattering.draw(part, one, inches))
        figure.draw_without_rendering()  # places are known after this
        for place_tags in later:
            place_tags()
        return _saved(figure, path)


@contextmanager
def _style(charts: Sequence[Chart]) -> Iterator[None]:
    """Our style alone, whatever this machine's own settings are, and nothing said on the way."""
    import logging
    import warnings

    import matplotlib

    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            if not all(map(str.isascii, _names(charts))):
                matplotlib.rcParams["font.family"] = _families()
            yield
    finally:
        logger.setLevel(level)


def _names(charts: Sequence[Chart]) -> Iterator[str]:
    for one in charts:
        yield one.title
        yield from one.labels if isinstance(one, Bars) else (tag.text for tag in one.tags)


def _families() -> list[str]:
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    return [*STYLE["font.family"], *[name for name in EASTERN if name in there][:1]]


def _saved(figure: Figure, path: str) -> bytes:
    """The file. No date and no version, so that the same numbers make the same file."""
    out = BytesIO()
    form = Path(path).suffix[1:].lower()
    empty: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }
    figure.savefig(out, format=form, dpi=300, metadata=empty[form])
    return out.getvalue()


def folded(bars: Bars) -> Bars:
    """The largest bars in their order, and one for all the others; the sum stays."""
    if len(bars.labels) <= MOST_BARS:
        return bars
    ranks = bars.series[0].values
    order = sorted(range(len(ranks)), key=lambda at: ranks[at], reverse=True)
    kept = sorted(order[: MOST_BARS - 1])
    rest = order[MOST_BARS - 1 :]
    series = (
        one._replace(values=(*(one.values[at] for at in kept), sum(one.values[at] for at in rest)))
        for one in bars.series
    )
    labels = (*(bars.labels[at] for at in kept), f"+ {len(rest)} smaller ones")
    return bars._replace(labels=labels, series=tuple(series))


def _height(bars: Bars, inches: float) -> float:
    panel = FRAME + ROW * max(len(bars.labels), 2)
    panels = len(bars.series) if inches < NARROW else 1
    return 0.25 + panel * panels + 0.15 * len(note_lines(bars.note, inches))


def _bars(part: SubFigure, bars: Bars, inches: float) -> None:
    """A figure beside the other, or below it; names at the left of each row."""
    narrow = inches < NARROW
    count = len(bars.series)
    grid = part.subplots(*((count, 1) if narrow else (1, count)), squeeze=False)
    most = int(inches * 0.36 / LETTER) if narrow else int(inches * 0.24 / LETTER)
    names = [shortened(visible(label), most) for label in bars.labels]
    for at, (axes, series) in enumerate(zip(grid.flat, bars.series, strict=True)):
        _panel(axes, series.title, series.values, names, with_names=narrow or at == 0)
        for drawn in axes.patches:
            drawn.set_facecolor(color("first" if at % 2 == 0 else "second"))
    write_notes(part, note_lines(bars.note, inches))


def _panel(
    axes: Axes, title: str, values: Sequence[int], names: Sequence[str], with_names: bool
) -> None:
    """The bars of one figure, each with its number."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    places = range(len(values))
    bars = axes.barh(places, values, height=0.7)
    texts = [format_human(value) if value else "" for value in values]
    axes.bar_label(bars, labels=texts, padding=2, fontsize=7)
    axes.set_yticks(places, names if with_names else [""] * len(values))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_xlim(0, max(max(values, default=0) * 1.25, 1))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.set_xlabel(title)


def tick(value: float) -> str:
    """The number at a tick: ``1.5 G``, ``2 G``."""
    number, _, unit = format_human(round(value)).partition(" ")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()


def color(look: str) -> str:
    """The colour of what stands out, and of what does not."""
    return {"first": LIGHT.colors[5], "second": LIGHT.colors[4], "dim": LIGHT.dim}[look]


def note_lines(note: str, inches: float) -> list[str]:
    """A sentence below a chart, in lines as wide as it is."""
    from textwrap import wrap

    return wrap(note, int((inches - 0.2) / (LETTER * 0.9)))


def write_notes(part: SubFigure, lines: Sequence[str]) -> None:
    """Small text at the foot of a chart."""
    if lines:
        part.supxlabel(
            "\n".join(lines), x=0.01, ha="left", fontsize=7, color=LIGHT.dim, linespacing=1.3
        )
