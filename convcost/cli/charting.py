"""What commands with a chart share: its options checked before anything is worked out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from convcost.cli.tokens import BARE
from convcost.errors import SpecError

if TYPE_CHECKING:
    from convcost.reports.charts import Chart
    from convcost.reports.count import CountView
    from convcost.reports.report import Report
    from convcost.results import CountResult
    from convcost.studies.roofline import Device

AS_TEXT = BARE
"""The file of a chart that is drawn in the terminal."""


def check_charting(chart: str | None, width: str | None, convention: str | None = None) -> str:
    """The width of a chart, once file and width are known to be possible. Raises ConvcostError."""
    if chart is None or chart == AS_TEXT:
        if width is not None:
            raise SpecError(
                "--chart-width is for a chart in a file",
                place=f"--chart-width {width}",
                hint="--chart FILE draws one",
            )
        return ""
    if convention is not None:
        raise SpecError(
            "a chart has MACs, not what another tool says",
            place=f"--convention {convention}",
            hint="leave out --chart or --convention",
        )
    from convcost.reports.plotting import check_chart

    check_chart(chart, width or "two")
    return width or "two"


def charts_of(reports: Iterable[Report]) -> list[Chart]:
    """What each report has to draw."""
    return [report.chart() for report in reports if report.chart is not None]


def write_charts(charts: Sequence[Chart], path: str, width: str) -> None:
    """Charts in a file of their own, whole or not at all."""
    from convcost.reports.plotting import page
    from convcost.reports.writing import write_whole

    write_whole(path, page(charts, path, width))


class Drawing(NamedTuple):
    """The chart of a count: bars, or a roofline with or without a device."""

    path: str
    width: str
    is_roofline: bool
    device: Device | None

    @classmethod
    def asked(
        cls,
        chart: str | None,
        width: str | None,
        convention: str | None,
        form: str,
        roofline: str | None,
    ) -> Drawing:
        """What the options ask for. Raises ConvcostError."""
        from convcost.studies.roofline import parse_device

        place = "--roofline" if roofline in (None, BARE) else f"--roofline {roofline}"
        given = width or "two"
        if chart is None:
            if roofline is None:
                check_charting(chart, width)
            raise SpecError("--roofline is a kind of chart", place=place, hint="add --chart FILE")
        check_charting(chart, width, convention)
        if form == "jsonl":
            hint = "use --format json"
            raise SpecError("a stream has no chart", place=f"--chart {chart}", hint=hint)
        device = None if roofline in (None, BARE) else parse_device(str(roofline), place)
        return cls(chart, given, roofline is not None, device)

    def draw(self, results: Sequence[CountResult], view: CountView) -> None:
        """Write the chart; which layers a memory limits is told on standard error, too."""
        if not self.is_roofline:
            reports = [result.report(view) for result in results]
            write_charts(charts_of(reports), self.path, self.width)
            return
        of = view.execution
        charts: list[Chart] = [result.roofline_of(self.device, of) for result in results]
        write_charts(charts, self.path, self.width)
        if self.device is None:
            return
        from convcost.cli.output import print_notes
        from convcost.reports.roofline import roofline_note
        from convcost.studies.roofline import roofline

        for result in results:
            found = roofline(result.measured(of))
            print_notes([roofline_note(result.name, found, self.device)])
