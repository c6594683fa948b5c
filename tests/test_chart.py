"""Charts for papers: the numbers of a result as bars, in a file that text programs can read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Run, refusal

from convcost import compare, count
from convcost.errors import ConvcostError
from convcost.reports import plotting
from convcost.reports.charts import Axis, Bars, Dots, Scatter, Series, Tag, shortened

COMPARE = ("compare", "56x56x256", "--kernel", "3", "--out", "64")
drawn = pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")


def texts(svg: str) -> list[str]:
    """Every text of a picture, in order."""
    space = "{http://www.w3.org/2000/svg}"
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{space}text")]


@drawn
def test_a_comparison_is_a_bar_for_each_design_and_figure(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    compare("56x56x256", kernel_size=3, out_channels=64).chart(path)
    found = texts(path.read_text("utf-8"))
    assert {"standard", "pointwise", "separable", "bottleneck"} <= set(found)
    # 56*56 * 3*3 * 256 * 64 = 462 M and 3*3 * 256 * 64 = 147 K; what an axis shows has its name.
    assert {"462 M", "147 K", "51.4 M", "16.4 K", "MACs", "parameters"} <= set(found)
    assert "56x56x256 -> 56x56x64, kernel 3x3" in found


def test_a_chart_of_a_network_is_by_stage_and_leaves_nothing_out() -> None:
    result = count("resnet50")
    drawn_of = result.report().chart
    assert drawn_of is not None
    shown = drawn_of()
    assert isinstance(shown, Bars)
    assert shown.labels == (*("conv1", "conv1.norm", "layer1", "layer2", "layer3", "layer4"), "fc")
    macs, params = shown.series
    assert sum(macs.values) == result.macs
    assert sum(params.values) == result.params


def test_a_chart_of_a_short_chain_is_by_layer() -> None:
    drawn_of = count("8x8x4", "conv 3x3 6, relu, conv 1x1 8", batch=2).report().chart
    assert drawn_of is not None
    shown = drawn_of()
    assert isinstance(shown, Bars)
    assert shown.labels == ("conv1", "conv3")
    assert shown.series[0] == (
        "MACs for a batch of 2",
        (2 * 8 * 8 * 3 * 3 * 4 * 6, 2 * 8 * 8 * 6 * 8),
    )


@drawn
@pytest.mark.parametrize(("ending", "start"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_the_ending_says_which_kind_of_file(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"chart.{ending}"
    count("8x8x4", "conv 3x3 6").chart(path)
    assert path.read_bytes().startswith(start)


@drawn
def test_the_same_numbers_make_the_same_file() -> None:
    reports = [count("8x8x4", "conv 3x3 6, conv 1x1 8").report()]
    assert plotting.chart(reports, "x.svg") == plotting.chart(reports, "x.svg")


@drawn
def test_a_chart_stands_beside_the_answer(invoke: Run, tmp_path: Path) -> None:
    answer = invoke(*COMPARE, "--get", "separable.macs")
    assert invoke(*COMPARE, "--get", "separable.macs", "--chart", "c.svg") == answer
    root = ElementTree.fromstring((tmp_path / "c.svg").read_text("utf-8"))
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(7.16 * 72)


def test_a_file_of_another_kind_is_refused(invoke: Run) -> None:
    assert invoke(*COMPARE, "--chart", "c.xls") == refusal(
        "error: the ending of c.xls stands for no chart", "  use .svg, .pdf or .png"
    )


def test_without_matplotlib_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConvcostError) as caught:
        plotting.check_chart("c.svg")
    assert str(caught.value) == (
        "--chart needs the package matplotlib\n  install it with: pip install 'convcost[chart]'"
    )


@drawn
def test_a_stream_has_no_chart(invoke: Run) -> None:
    assert invoke("count", "lenet5", "--format", "jsonl", "--chart", "c.svg") == refusal(
        "error: a stream has no chart", "  --chart c.svg", "  use --format json"
    )


# -- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inches"), [("one", 3.5), ("two", 7.16), ("89mm", 89 / 25.4), ("5.5in", 5.5)]
)
def test_a_chart_is_as_wide_as_columns_or_as_asked(text: str, inches: float) -> None:
    assert plotting.chart_width(text) == pytest.approx(inches)


@pytest.mark.parametrize("text", ["three", "1mm", "90", "900mm", "-5in", "nanin", ""])
def test_other_widths_are_refused(text: str) -> None:
    with pytest.raises(ConvcostError, match="is not the width of a chart"):
        plotting.chart_width(text)


def test_a_width_without_a_chart_is_refused(invoke: Run) -> None:
    for command in (COMPARE, ("count", "lenet5")):
        assert invoke(*command, "--chart-width", "one") == refusal(
            "error: --chart-width is for a chart in a file",
            "  --chart-width one",
            "  --chart FILE draws one",
        )


@drawn
def test_a_comparison_in_a_tools_numbers_is_drawn_in_them(invoke: Run, tmp_path: Path) -> None:
    invoke(*COMPARE, "--convention", "torch_flopcounter", "--chart", "c.svg")
    found = texts((tmp_path / "c.svg").read_text("utf-8"))
    # PyTorch's counter has two FLOPs for each of 56*56 * 3*3 * 256 * 64 MACs.
    assert {"FLOPs", "925 M"} <= set(found)
    assert "462 M" not in found


def test_a_count_in_a_tools_numbers_has_no_chart(invoke: Run) -> None:
    assert invoke("count", "lenet5", "--convention", "fvcore", "--chart", "c.svg") == refusal(
        "error: a chart has MACs, not what another tool says",
        "  --convention fvcore",
        "  leave out --chart or --convention",
    )


@drawn
def test_a_place_that_cannot_be_written_is_refused_before_anything_else(
    invoke: Run, tmp_path: Path
) -> None:
    assert invoke(*COMPARE, "--chart", "nowhere/c.svg") == refusal(
        "error: cannot write nowhere/c.svg: no such file or directory"
    )
    assert [*tmp_path.iterdir()] == []


@drawn
def test_what_fails_later_leaves_no_file(invoke: Run, tmp_path: Path) -> None:
    assert invoke("count", "8x8x4", "conv 3x3 g3", "--chart", "c.svg").code == 2
    assert [*tmp_path.iterdir()] == []


def test_many_bars_are_folded_and_nothing_is_lost() -> None:
    values = tuple(range(100))
    bars = Bars("x", tuple(map(str, values)), (Series("MACs", values), Series("p", values[::-1])))
    folded = plotting.folded(bars)
    assert len(folded.labels) == plotting.MOST_BARS
    assert folded.labels[:2] == ("61", "62")
    assert folded.labels[-1] == "+ 61 smaller ones"
    assert [sum(one.values) for one in folded.series] == [sum(values)] * 2
    assert folded.series[0].values[-1] == sum(range(61))


def test_a_long_name_keeps_both_ends() -> None:
    assert shortened("layer1.0.conv2", 20) == "layer1.0.conv2"
    assert shortened("abcdefghij", 5) == "ab\u2026ij"
    assert len(shortened("x" * 99, 12)) == 12


@drawn
def test_too_much_for_a_page_is_refused() -> None:
    report = count("8x8x4", "conv 3x3 6").report()
    with pytest.raises(ConvcostError) as caught:
        plotting.chart([report] * 200, "x.png")
    assert caught.value.message == "200 charts are too many for one page"


@drawn
def test_where_there_are_no_bars_there_is_nothing_to_draw() -> None:
    report = count("8x8x4", "conv 3x3 6").report()._replace(chart=lambda: Bars("x", (), ()))
    with pytest.raises(ConvcostError) as caught:
        plotting.chart([report], "x.svg")
    assert caught.value.message == "there is nothing to draw here"


@drawn
def test_a_pdf_has_its_fonts_as_outlines_of_truetype(tmp_path: Path) -> None:
    compare("8x8x4", kernel_size=3, out_channels=6).save(tmp_path / "c.pdf")
    made = (tmp_path / "c.pdf").read_bytes()
    assert made.count(b"/FontFile2") == 2  # plain and bold
    assert b"/Type3" not in made


@drawn
def test_a_png_has_three_hundred_dots_an_inch(tmp_path: Path) -> None:
    compare("8x8x4", kernel_size=3, out_channels=6).chart(tmp_path / "c.png", width="one")
    made = (tmp_path / "c.png").read_bytes()
    at = made.index(b"pHYs") + 4
    assert struct.unpack(">IIB", made[at : at + 9]) == (11811, 11811, 1)  # a metre: 300 / 0.0254
    assert struct.unpack(">I", made[16:20]) == (round(3.5 * 300),)


@pytest.fixture
def page_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The figures that are saved, with everything that stands on them."""
    from matplotlib.figure import Figure

    made: list[Any] = []
    save = Figure.savefig

    def watched(self: Any, *arguments: Any, **options: Any) -> None:
        made.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", watched)
    yield made


def words_on(figure: Any) -> list[Any]:
    """Every text that shows something."""
    from matplotlib.text import Text

    figure.draw_without_rendering()  # it was saved at another resolution
    return [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]


HOSTILE = ("$x^{2", "\\frac{a}{b}$", "a" * 300, "\u202eevil", "</text><script>")
SCATTER = Scatter(
    "$hostile$ " + "long " * 60,
    Axis("MACs"),
    Axis("peak", "bytes"),
    (
        Dots("candidates", [10.0**n for n in range(3, 9)], [2.0**n for n in range(10, 22, 2)]),
        Dots("front", [1e3, 1e4, 1e5, 1e6, 2e6], [2e3, 5e3, 1e4, 1e5, 1.1e5], "first", (), "post"),
    ),
    tuple(
        Tag(name, 10.0 ** (3 + n), [2e3, 5e3, 1e4, 1e5, 1.1e5][n]) for n, name in enumerate(HOSTILE)
    ),
    notes=("word " * 60,),
)
BARS = Bars("x", (*HOSTILE, "layer1.0.conv2"), (Series("MACs", (1, 10**9, 5, 0, 3, 10**8)),) * 2)


@drawn
@pytest.mark.parametrize("width", ["one", "two"])
@pytest.mark.parametrize("chart", [SCATTER, BARS], ids=["dots", "bars"])
def test_every_text_is_legible_and_on_the_page(page_of: list[Any], chart: Any, width: str) -> None:
    plotting.page([chart], "x.png", width)
    (figure,) = page_of
    assert all(7 <= text.get_fontsize() <= 9 for text in words_on(figure))
    drawn_on, (inches, high) = figure.get_tightbbox(), figure.get_size_inches()
    assert (drawn_on.x0 > -0.01, drawn_on.y0 > -0.01) == (True, True)
    assert (drawn_on.x1 < inches + 0.01, drawn_on.y1 < high + 0.01) == (True, True)


@drawn
@pytest.mark.parametrize("width", ["one", "two"])
def test_names_of_dots_do_not_lie_over_each_other(page_of: list[Any], width: str) -> None:
    close = tuple(Tag(f"name {n}", 1e5 * (1 + n / 50), 1e4 * (1 + n / 50)) for n in range(30))
    plotting.page([SCATTER._replace(tags=close)], "x.svg", width)
    from matplotlib.text import Annotation

    page_of[0].draw_without_rendering()
    boxes = [one.get_window_extent() for one in page_of[0].findobj(Annotation)]
    assert 1 < len(boxes) <= 8
    for at, box in enumerate(boxes):
        assert not any(map(box.overlaps, boxes[at + 1 :]))


@drawn
def test_a_name_in_a_chart_is_text_and_nothing_else() -> None:
    found = texts(plotting.page([BARS], "x.svg").decode())
    assert "$x^{2" in found
    assert "\\frac{a}{b}$" in found
    assert "\\u202eevil" in found
    assert "</text><script>" in found


@drawn
def test_many_dots_are_an_image_and_its_text_stays_text() -> None:
    many = Dots("many", [float(n) for n in range(1, 5000)], [float(n) for n in range(1, 5000)])
    made = plotting.page([SCATTER._replace(dots=(many,), tags=())], "x.svg").decode()
    assert len(made) < 300_000
    assert "<image" in made
    assert "many" in texts(made)
