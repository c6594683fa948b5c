"""The picture of a sweep: every candidate or an honest sample, the front exactly, a few names."""

from __future__ import annotations

from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Run, refusal

import convcost
from convcost.errors import ConvcostError
from convcost.reports.clouds import sweep_scatter
from convcost.studies import cloud as clouds
from convcost.studies.cloud import Cloud, drawn_figures
from convcost.studies.keeping import Objective, Rows
from convcost.studies.sweep import Wish

drawn = pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")

ACCURACY = """width,input,top1
1,224,70.9\n1,192,70.0\n1,160,68.0\n1,128,65.2
0.75,224,68.4\n0.75,192,67.2\n0.75,160,65.3\n0.75,128,62.1
0.5,224,63.3\n0.5,192,61.7\n0.5,160,59.1\n0.5,128,56.3
0.25,224,49.8\n0.25,192,47.7\n0.25,160,45.5\n0.25,128,41.5
"""
"""MobileNetV1 as its authors publish it in tensorflow/models: slim/nets/mobilenet_v1.md."""

MOBILENETS = ("mobilenet_v1", "--vary", "width=0.25,0.5,0.75,1", "--vary", "input=128..224:32")


def beaten(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """Whether ``other`` is nowhere worse and somewhere better; less is better."""
    return all(b <= a for a, b in zip(one, other, strict=True)) and one != other


@pytest.mark.parametrize("largest", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("seed", range(5))
def test_the_front_is_what_no_other_beats_each_place_once(
    seed: int, largest: tuple[bool, bool]
) -> None:
    random = Random(seed)
    rows: list[dict[str, Any]] = [
        {"x": random.randrange(6), "y": Fraction(random.randrange(12), 2)} for _ in range(200)
    ]
    made = Cloud(Objective("x", largest[0]), Objective("y", largest[1]))
    for start in range(0, 200, 37):
        made.add(Rows(rows[start : start + 37]))
    signs = [-1 if large else 1 for large in largest]
    ranks = {(signs[0] * row["x"], signs[1] * row["y"]) for row in rows}
    front = {one for one in ranks if not any(beaten(one, other) for other in ranks)}
    found = made.front
    assert found is not None
    assert {(signs[0] * row["x"], signs[1] * row["y"]) for row in found} == front
    assert len(found) == len(front)
    assert made.count == 200


def test_up_to_the_most_every_candidate_is_there_and_of_more_a_sample() -> None:
    rows: list[dict[str, Any]] = [{"x": n, "y": n * n} for n in range(100)]
    whole, some = (Cloud(Objective("x"), Objective("y"), most) for most in (100, 10))
    for made in (whole, some):
        for start in range(0, 100, 7):
            made.add(Rows(rows[start : start + 7]))
    assert sorted(zip(*whole.points, strict=True)) == [(n, n * n) for n in range(100)]
    sample = [*zip(*some.points, strict=True)]
    assert len(set(sample)) == 10
    assert all(y == x * x for x, y in sample)
    assert some.count == 100
    again = Cloud(Objective("x"), Objective("y"), 10)
    for start in range(0, 100, 7):
        again.add(Rows(rows[start : start + 7]))
    assert again.points == some.points


def test_in_a_sample_late_candidates_are_as_likely_as_early_ones() -> None:
    made = Cloud(Objective("x"), Objective("y"), 1_000)
    for start in range(0, 100_000, 10_000):
        made.add(Rows([{"x": n, "y": 0} for n in range(start, start + 10_000)]))
    late = sum(x >= 50_000 for x in made.points[0])
    assert 400 < late < 600  # 500 of 1,000, with a standard deviation of 16


def test_what_has_no_number_is_left_out() -> None:
    made = Cloud(Objective("x"), Objective("y"))
    made.add(Rows([{"x": 1, "y": None}, {"x": 2, "y": "word"}, {"x": 3, "y": 4}]))
    assert (made.count, made.points) == (1, ([3.0], [4.0]))


def test_a_front_of_too_many_is_no_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "MAX_FRONT", 50)
    made = Cloud(Objective("x"), Objective("y"))
    made.add(Rows([{"x": n, "y": -n} for n in range(51)]))
    assert made.front is None
    assert "More candidates" in sweep_scatter("x", ["x"], made, 51).notes[0]


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ConvcostError) as caught:
        sweep_scatter("x", ["x"], Cloud(Objective("macs"), Objective("top1")), 3)
    assert caught.value.message == (
        "no candidate has both macs and top1, so there is nothing to draw"
    )


@pytest.mark.parametrize(
    ("wish", "shown", "axes"),
    [
        ({}, (), ("macs", "params")),
        ({"sort": Objective("macs")}, (), ("macs", "params")),
        ({"sort": Objective("params", True)}, (), ("macs", "-params")),
        ({"sort": Objective("peak")}, (), ("macs", "peak")),
        ({}, ("peak",), ("macs", "peak")),
        ({"pareto": (Objective("params"), Objective("top1", True))}, (), ("params", "-top1")),
        ({"pareto": (Objective("macs"),), "sort": Objective("peak")}, (), ("macs", "peak")),
        ({"pareto": tuple(map(Objective, ("peak", "macs", "params")))}, (), ("peak", "macs")),
    ],
)
def test_the_figures_of_the_question_are_the_axes(
    wish: dict[str, Any], shown: tuple[str, ...], axes: tuple[str, str]
) -> None:
    found = drawn_figures(Wish(("params", "macs"), **wish), shown)
    assert tuple("-" * one.largest + one.name for one in found) == axes


# -- the command line and Python -------------------------------------------------------------------


def texts(path: Path) -> list[str]:
    root = ElementTree.fromstring(path.read_text("utf-8"))
    return ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]


@drawn
def test_fourteen_of_sixteen_mobilenets_are_on_the_front(tmp_path: Path) -> None:
    (tmp_path / "accuracy.csv").write_text(ACCURACY, "utf-8")
    result = convcost.sweep(
        "mobilenet_v1",
        vary={"width": "0.25,0.5,0.75,1", "input": range(128, 225, 32)},
        pareto="macs,-top1",
        join=tmp_path / "accuracy.csv",
    )
    drawing = result.report().chart
    assert drawing is not None
    every, front = drawing().dots  # type: ignore[union-attr]
    assert (len(every.across), len(front.across)) == (16, 14)
    assert front.name == "front: fewer MACs, more top1"
    result.save(tmp_path / "front.svg")
    result.chart(tmp_path / "chart.svg", width="one")
    found = texts(tmp_path / "chart.svg")
    assert {"mobilenet_v1: 16 candidates", "MACs", "top1", "Labels: width, input."} <= set(found)
    assert {"0.5, 128", "1, 224"} <= set(found)


@drawn
def test_a_chart_in_a_file_stands_beside_every_format(invoke: Run, tmp_path: Path) -> None:
    for form in ("table", "json", "csv", "jsonl", "markdown", "latex", "html"):
        plain = invoke("sweep", *MOBILENETS, "--format", form)
        beside = invoke("sweep", *MOBILENETS, "--format", form, "--chart", f"{form}.svg")
        assert beside == plain
    charts = {path.read_text("utf-8") for path in tmp_path.glob("*.svg")}
    assert len(charts) == 1


def test_without_a_file_the_chart_is_text_below_the_table(invoke: Run) -> None:
    for words in (("--chart",), ("--chart", "-"), ("--chart=-",)):
        assert "\u2022" in invoke("sweep", *MOBILENETS, "--pareto", "macs,-params", *words).out
    between = invoke("sweep", *MOBILENETS, "--chart", "--pareto", "macs,-params")
    assert "\u2022" in between.out
    assert invoke("sweep", *MOBILENETS, "--json", "--chart") == refusal(
        "error: a chart of text stands below a table",
        "  --chart",
        "  --chart FILE draws one beside any format",
    )


@drawn
def test_more_candidates_than_can_be_drawn_are_told(invoke: Run, tmp_path: Path) -> None:
    space = ("8x8", "conv 1x1", "--vary", "in=1..300", "--vary", "out=1..300")
    assert invoke("sweep", *space, "-n", "1", "--chart", "c.svg").code == 0
    found = texts(tmp_path / "c.svg")
    assert "20,000 of 90,000 candidates" in found
    assert "A sample of the candidates is drawn, by lot; the front is of all of them." in found


def test_a_chart_that_cannot_be_is_refused_before_the_space_is_walked(invoke: Run) -> None:
    huge = ("8x8", "conv 1x1", "--vary", "in=1..1000000", "--vary", "out=1..1000000")
    assert invoke("sweep", *huge, "--chart", "c.xls") == refusal(
        "error: the ending of c.xls stands for no chart", "  use .svg, .pdf or .png"
    )
    assert invoke("sweep", *huge, "--chart", "nowhere/c.svg") == refusal(
        "error: cannot write nowhere/c.svg: no such file or directory"
    )


def test_a_sweep_from_python_has_rows_and_a_table() -> None:
    result = convcost.sweep(
        "8x8x4", "conv 3x3", vary={"out": [8, 16]}, columns=["peak"], sort="-macs"
    )
    assert [(row["out"], row["macs"]) for row in result] == [
        (o, 8 * 8 * 9 * 4 * o) for o in (16, 8)
    ]
    assert (len(result), result.candidates) == (2, 2)
    assert result.to_dict()["schema"] == "convcost.sweep/1"
    assert str(result).splitlines()[0] == "8x8x4 conv 3x3: 2 candidates"
    assert "<table>" in result._repr_html_()
    tied = convcost.sweep("8x8", "conv 3x3", vary=["in=2,4"], settings={"out": "2*in"})
    assert [row["params"] for row in tied.rows] == [9 * 2 * 4, 9 * 4 * 8]


def test_axes_from_python_are_named() -> None:
    with pytest.raises(ConvcostError) as caught:
        convcost.sweep("8x8x4", "conv 3x3", vary="out=8,16")
    assert caught.value.message == "vary takes several axes"
