"""Charts for papers: bars of a report, as SVG, PDF or PNG, through matplotlib.

A chart is as wide as two columns of a journal, 6.9 inches, with type of 7 and 8 points. Text is
text in the file, and the same numbers make the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError, MissingExtraError, shorten
from convcost.quantities import format_human
from convcost.reports.report import Bars, Report
from convcost.reports.theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".svg", ".pdf", ".png")
WIDTH = 6.9
ROW, FRAME = 0.19, 0.75
"""Inches for one bar, and for the title and the axis of its panel."""

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "convcost",
    "pdf.fonttype": 42,
}


def check_chart(path: str) -> None:
    """Refuse a file that no chart can be written to. Raises ConvcostError."""
    from importlib.util import find_spec

    if not path.lower().endswith(ENDINGS):
        raise ConvcostError(
            f"the ending of {shorten(path)} stands for no chart", hint="use .svg, .pdf or .png"
        )
    if find_spec("matplotlib") is None:
        raise MissingExtraError("--chart", "matplotlib", "chart")


def chart(reports: Sequence[Report], path: str) -> bytes:
    """The bars of each report that has some, one panel below the other, in the form of a file.

    Raises ConvcostError where there is nothing to draw.
    """
    check_chart(path)
    import matplotlib
    from matplotlib.figure import Figure

    panels = [bars for report in reports for bars in [report.bars and report.bars()] if bars]
    if not panels:
        raise ConvcostError("there is nothing to draw here", hint="compare and count have charts")
    heights = [FRAME + ROW * max(len(panel.labels), 2) for panel in panels]
    figures = max(len(panel.series) for panel in panels)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        axes = figure.subplots(len(panels), figures, squeeze=False, height_ratios=heights)
        for row, panel in zip(axes, panels, strict=True):
            _panel(row, panel)
        out = BytesIO()
        form = Path(path).suffix[1:].lower()
        # No date and no version, so that the same numbers make the same file.
        empty: dict[str, dict[str, Any]] = {
            "svg": {"Date": None, "Creator": None},
            "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
            "png": {"Software": None},
        }
        figure.savefig(out, format=form, dpi=300, metadata=empty[form])
    return out.getvalue()


def _panel(row: Sequence[Axes], panel: Bars) -> None:
    """One report: a figure beside the other, the names at the left of the first."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    colors = (LIGHT.colors[5], LIGHT.colors[4])
    places = range(len(panel.labels))
    for at, (axes, series) in enumerate(zip(row, panel.series, strict=False)):
        bars = axes.barh(places, series.values, color=colors[at % 2], height=0.7)
        texts = [format_human(value) if value else "" for value in series.values]
        axes.bar_label(bars, labels=texts, padding=2, fontsize=7)
        axes.set_yticks(places, panel.labels if at == 0 else [""] * len(panel.labels))
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.margins(x=0.18)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_human(round(value))))
        axes.set_xlabel(series.title)
    row[0].set_title(panel.title, loc="left", fontweight="bold")
    for axes in row[len(panel.series) :]:
        axes.set_axis_off()
