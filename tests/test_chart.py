"""Charts for papers: the numbers of a result as bars, in a file that text programs can read."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Run, refusal

from convcost import compare, count
from convcost.errors import ConvcostError
from convcost.reports import plotting

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
    bars = result.report().bars
    assert bars is not None
    shown = bars()
    assert shown.labels == (*("conv1", "conv1.norm", "layer1", "layer2", "layer3", "layer4"), "fc")
    macs, params = shown.series
    assert sum(macs.values) == result.macs
    assert sum(params.values) == result.params


def test_a_chart_of_a_short_chain_is_by_layer() -> None:
    bars = count("8x8x4", "conv 3x3 6, relu, conv 1x1 8", batch=2).report().bars
    assert bars is not None
    assert bars().labels == ("conv1", "conv3")
    assert bars().series[0] == (
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
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(6.9 * 72)


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
