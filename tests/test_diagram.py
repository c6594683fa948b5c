"""Drawings: boxes, branches and skips as lanes; a lane for each tensor that is still needed."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from conftest import Run, refusal

from convcost.engine.graph import Graph
from convcost.errors import ConvcostError
from convcost.language.building import build_network
from convcost.language.library import PACKAGE, Library
from convcost.reports.catalogue import catalogue_report
from convcost.reports.diagram import describe, draw_graph, draw_spans
from convcost.reports.drawings import dot, mermaid
from convcost.reports.report import Look
from convcost.sources.text import build_text
from convcost.studies.census import shares
from convcost.studies.checking import example_subject

DESIGNS = sorted(path.stem for path in (PACKAGE / "designs").glob("*.toml"))


def graphs(name: str) -> list[Graph]:
    """All examples of a design."""
    library = Library()
    design = library.find(name)
    return [example_subject(library, design, example).graph for example in design.examples]


def test_bottleneck_and_its_page(invoke: Run) -> None:
    assert invoke("designs", "bottleneck").out == (
        """\
bottleneck (residual)
reduce with a 1x1, convolve in few channels, expand with a 1x1, add the input

source: He et al. 2015, Deep Residual Learning, section 4.1, figure 5 right,
  arXiv:1512.03385

parameters
  kernel_size    3
  out_channels   in_channels
  stride         1
  padding        same
  dilation       1
  reduction      4                   how much narrower the middle is
  mid_channels   max(1, out_channels // reduction)
                 channels in the middle
  stride_in_1x1  false               stride in the first 1x1, as in the paper
  projection     false               a 1x1 convolution on the shortcut

●    input 56x56x256
├─╮
● │  [reduce: conv 1x1] 56x56x64   23.5 %
● │  [spatial: conv 3x3] 56x56x64  52.9 %
● │  [expand: conv 1x1] 56x56x256  23.5 %
├─╯
●    [add] 56x56x256

convcost compare 56x56x256 -k 3 -o 256 --design standard --design bottleneck
"""
    )


def test_a_share_of_the_macs_stands_at_each_node_that_has_one() -> None:
    graph = build_text(Library(), "bottleneck 3x3 256", (56, 56, 256)).graph
    each = [256 * 64, 3 * 3 * 64 * 64, 64 * 256, 0]
    assert shares(graph) == [Fraction(macs, sum(each)) for macs in each]


def test_each_branch_has_its_colour() -> None:
    graph = build_text(Library(), "bottleneck 3x3 256", (56, 56, 256)).graph
    branch = draw_spans(graph)[1]
    assert [span for span in branch if span[0].strip()] == [
        ("├", "lane0"),
        ("─", "lane1"),
        ("╮", "lane1"),
    ]


def test_a_drawing_for_graphviz(invoke: Run) -> None:
    # 3*3 * 512 to 512 * 512 is 9 to 512: 1.7 % and 98.3 %.
    assert invoke("designs", "separable", "--format", "dot").out == (
        """\
digraph "separable" {
  node [shape=box, fontname=sans];
  t0 [label="input\\n14x14x512", shape=ellipse];
  t1 [label="depthwise\\nconv 3x3 g512\\n1.7 % of the MACs\\n14x14x512"];
  t2 [label="pointwise\\nconv 1x1\\n98.3 % of the MACs\\n14x14x512"];
  t0 -> t1 [label="14x14x512"];
  t1 -> t2 [label="14x14x512"];
}
"""
    )


def test_a_drawing_for_markdown(invoke: Run) -> None:
    lines = invoke("designs", "bottleneck", "-f", "mermaid").out.splitlines()
    assert lines[:4] == ["---", 'title: "bottleneck"', "---", "flowchart TD"]
    assert '  t4["add<br>56x56x256"]' in lines
    assert lines[-2:] == ["  t3 -->|56x56x256| t4", "  t0 -->|56x56x256| t4"]


def test_names_in_drawings_are_escaped() -> None:
    graph = build_text(Library(), "conv 3x3 4", (8, 8, 4)).graph
    hostile = graph._replace(nodes=(graph.nodes[0]._replace(name='a"]<b>\\'),))
    assert '"a\\"]<b>\\\\\\nconv 3x3' in dot("x", hostile)
    assert "a#34;#93;#60;b#62;#92;<br>conv 3x3" in mermaid("x", hostile)


def test_one_design_is_drawn_at_a_time(invoke: Run) -> None:
    assert invoke("designs", "resnet", "-f", "dot") == refusal(
        "error: one design is drawn at a time", "  resnet", "  convcost designs mbconv -f dot"
    )


def test_the_catalogue_has_groups_and_a_table_of_networks(invoke: Run) -> None:
    blocks, networks = invoke("designs").out.split("\nnetworks\n")
    assert "\nresidual\n" in blocks
    assert "\n  bottleneck           reduce with a 1x1, convolve in few channels" in blocks
    assert "resnet50            2015  224x224x3   25,557,032    4,089,184,256\n" in networks


def test_the_catalogue_is_filtered_by_a_part_of_names_or_a_family(invoke: Run) -> None:
    def names(word: str) -> set[str]:
        return {d["name"] for d in json.loads(invoke("designs", word, "--json").out)["designs"]}

    assert names("resnet1") == {*("resnet18", "resnet101", "resnet152", "wide_resnet101")}
    assert {"ghost", "pconv", "mobilenet_v3_block"} <= names("mobile")


def test_a_terminal_has_one_line_for_each_design_and_a_pipe_the_whole_sentence() -> None:
    library = Library()
    report = catalogue_report(library, [library.find("separable"), library.find("bottleneck")])
    brief = report.own["table"](Look(width=60, brief=True)).splitlines()
    assert brief[1] == "  separable   a depthwise convolution for space, then a 1x1\u2026"
    assert max(map(len, brief)) <= 60
    assert "expand with a 1x1, add the input" in report.own["table"](Look(width=60))


def test_fire_branches_and_joins() -> None:
    library = Library()
    arguments = {"squeeze_channels": 16, "expand1_channels": 64, "expand3_channels": 64}
    subject = build_network(library, library.find("fire"), input=(55, 55, 96), arguments=arguments)
    assert draw_graph(subject.graph) == [
        "●    input 55x55x96",
        "●    [squeeze: conv 1x1] 55x55x16",
        "├─╮",
        "● │  [expand1: conv 1x1] 55x55x64",
        "│ ●  [expand3: conv 3x3] 55x55x64",
        "├─╯",
        "●    [concat] 55x55x128",
    ]


def test_a_gate_comes_back_to_the_left_lane() -> None:
    subject = build_text(Library(), "squeeze_excitation", (7, 7, 2048))
    assert draw_graph(subject.graph, unicode=False) == [
        "*    input 7x7x2048",
        "|-.",
        "* |  [pool: global_avg_pool] 2048",
        "* |  [reduce: linear] 128",
        "* |  [expand: linear] 2048",
        "|-'",
        "*    [scale: mul] 7x7x2048",
    ]


def alive_after(graph: Graph, tensor: int) -> int:
    """How many tensors are still needed once ``tensor`` is made, itself among them."""
    first = len(graph.inputs)
    later = {t for node in graph.nodes[tensor - first + 1 :] for t in node.inputs}
    made = set(range(tensor + 1))
    return len({tensor} | (made & (later | set(graph.outputs))))


@pytest.mark.parametrize("name", DESIGNS)
def test_no_lane_is_lost(name: str) -> None:
    for graph in graphs(name):
        lines = [line for line in draw_graph(graph) if "●" in line]
        assert len(lines) == 1 + len(graph.nodes)
        for at, line in enumerate(lines):
            marks = line[: line.index("[" if at else "input")]
            assert marks.count("●") == 1
            assert marks.count("●") + marks.count("│") == alive_after(graph, at), line


@pytest.mark.parametrize("name", DESIGNS)
def test_every_layer_stands_once_and_in_order(name: str) -> None:
    for graph in graphs(name):
        texts = [line[line.index("[") :] for line in draw_graph(graph) if "[" in line]
        assert texts == [describe(node) for node in graph.nodes]


@pytest.mark.parametrize("name", DESIGNS)
def test_the_drawing_ends_in_the_left_lane(name: str) -> None:
    for graph in graphs(name):
        assert draw_graph(graph)[-1].startswith("● ")


@pytest.mark.parametrize("name", DESIGNS)
def test_every_page_fits_and_its_command_works(invoke: Run, name: str) -> None:
    page = invoke("designs", name).out.splitlines()
    command = page[-1].split()
    assert command[0] == "convcost"
    assert max(map(len, page[:-1])) <= 80
    assert invoke(*command[1:]).code == 0


def test_ascii_has_the_same_lanes() -> None:
    for name in ("inception", "mbconv", "shufflenet_v2_unit"):
        for graph in graphs(name):
            plain = draw_graph(graph, unicode=False)
            assert all(line.isascii() for line in plain)
            assert [len(line) for line in plain] == [len(line) for line in draw_graph(graph)]


def test_a_result_that_nobody_reads_ends() -> None:
    library = Library()
    subject = build_network(library, library.find("pconv"), input=(8, 8, 16))
    nodes = subject.graph.nodes[:-1]
    # Without its concat, the untouched part is made for nobody.
    cut = Graph(subject.graph.inputs, nodes, (2,), {})
    assert draw_graph(cut) == [
        "●    input 8x8x16",
        "├─╮",
        "● │  [part: slice 0:4] 8x8x4",
        "● │  [conv 3x3] 8x8x4",
        "│ ●  [rest: slice 4:16] 8x8x12",
    ]


def test_unknown_design_is_refused() -> None:
    with pytest.raises(ConvcostError, match="bottlneck is not a layer type or design"):
        Library().find("bottlneck")
