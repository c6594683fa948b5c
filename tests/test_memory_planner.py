"""The arena of TensorFlow Lite Micro, against heads measured on real files, and its layout.

``data/mcu.json`` has seven files as their operators, what the interpreter of tflite-micro
measured of each, and figures that other tools published.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.api import count
from convcost.engine.dtypes import parse_types
from convcost.engine.graph import Graph, Node
from convcost.engine.memory.liveness import Memory, Rule, memory
from convcost.engine.memory.planner import ALIGNMENT, Need, Plan, place
from convcost.engine.operations.foreign import Foreign
from convcost.errors import ConvcostError
from convcost.reports import csv, terminal
from convcost.reports.memory_plan import plan_document, plan_report

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "mcu.json").read_text())
INT8 = parse_types("int8")
TFLM = Rule(planner="tflm")


def graph_of(model: dict[str, Any]) -> Graph:
    """The operators of a file as a graph of values that nobody counts."""
    nodes = [
        Node(f"{number} {name}", Foreign(name, "free", renames=name == "RESHAPE"), *rest)
        for number, (name, *rest) in enumerate(
            (name, tuple(reads), tuple(made)) for name, reads, made in model["layers"]
        )
    ]
    return Graph((tuple(model["input"]),), tuple(nodes), (len(nodes),), {})


def shipped(name: str) -> Graph:
    """A network of MLPerf Tiny as convcost ships it: ``kws``, ``ic``, ``vww`` or ``ad``."""
    return count(f"mlperf_tiny_{name}").counted.graph


@pytest.mark.parametrize("model", FACTS["models"], ids=lambda model: model["model"])
def test_the_arena_is_the_head_that_was_measured(model: dict[str, Any]) -> None:
    assert memory(graph_of(model), 1, INT8, TFLM).peak == model["head"], model["source"]


@pytest.mark.parametrize("model", FACTS["models"], ids=lambda model: model["model"])
def test_bytes_alive_in_the_file_are_those_of_an_independent_count(model: dict[str, Any]) -> None:
    found = memory(graph_of(model), 1, INT8)
    assert (found.peak, found.largest) == (model["live"], model["largest"])


@pytest.mark.parametrize("name", ["kws", "ic", "vww", "ad"])
def test_a_network_of_ours_has_the_plan_of_the_file_that_was_made_from_it(name: str) -> None:
    model = next(m for m in FACTS["models"] if m["model"].startswith(f"{name} "))
    assert memory(shipped(name), 1, INT8, TFLM).peak == model["head"]
    assert memory(shipped(name), 1, INT8).peak == model["live"]


def test_visual_wake_words_has_a_gap_that_nothing_fits() -> None:
    # Alive are the input and the output of the first 1x1.
    assert memory(shipped("vww"), 1, INT8).peak == 48 * 48 * 8 + 48 * 48 * 16
    assert memory(shipped("vww"), 1, INT8, TFLM).peak == 73_728


# The layout, by hand


def needs(*rows: tuple[int, int, int]) -> list[Need]:
    return [Need(f"b{number}", *row) for number, row in enumerate(rows)]


def offsets(*rows: tuple[int, int, int]) -> list[int]:
    return [buffer.offset for buffer in place(needs(*rows))]


def test_the_largest_is_placed_first() -> None:
    assert offsets((16, 0, 1), (64, 1, 2), (32, 2, 3)) == [64, 0, 64]


def test_of_two_equals_the_later_one_is_placed_first() -> None:
    assert offsets((32, 0, 1), (32, 1, 2)) == [32, 0]


def test_sizes_are_rounded_up_to_sixteen_bytes() -> None:
    (one, other) = place(needs((17, 0, 0), (1, 0, 0)))
    assert [(b.bytes, b.size, b.offset) for b in (one, other)] == [(17, 32, 0), (1, 16, 32)]
    assert Plan((one, other), ()).arena == 32 + 16


def test_the_lowest_gap_that_fits_is_taken() -> None:
    # 64 at 0 until step 1 leaves room from step 2 on for 48 of the later buffer, not for 80.
    assert offsets((96, 0, 1), (80, 1, 3), (48, 2, 3), (32, 3, 3)) == [0, 96, 0, 48]


def test_buffers_of_other_times_do_not_take_room() -> None:
    assert offsets((64, 0, 0), (48, 1, 1), (32, 2, 2)) == [0, 0, 0]


def test_what_needs_no_bytes_has_no_buffer() -> None:
    assert place(needs((0, 0, 9))) == ()
    assert Plan((), ()).arena == 0


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 8), st.integers(0, 5)), max_size=14))
def test_buffers_of_one_time_never_share_a_byte(rows: list[tuple[int, int, int]]) -> None:
    placed = place(needs(*((size, first, first + more) for size, first, more in rows)))
    for index, one in enumerate(placed):
        assert one.offset % ALIGNMENT == one.size % ALIGNMENT == 0
        for other in placed[:index]:
            if one.first <= other.last and other.first <= one.last:
                assert one.end <= other.offset or other.end <= one.offset
    alive = [sum(b.size for b in placed if b.first <= t <= b.last) for t in range(14)]
    assert max(alive) <= Plan(placed, ()).arena <= sum(b.size for b in placed)


# What the planner sees of a graph


def plan_of(*words: str) -> Plan:
    plan = memory(count(*words).counted.graph, 1, INT8, TFLM).plan
    assert plan is not None
    return plan


def test_a_reshape_is_an_operator_that_copies_and_an_identity_is_none() -> None:
    flat = plan_of("4x4x8", "conv 1x1 8, flatten, linear 4")
    assert [(b.name, b.bytes, b.first, b.last) for b in flat.buffers] == [
        ("input", 4 * 4 * 8, 0, 1),
        ("conv", 4 * 4 * 8, 1, 2),
        ("flatten", 4 * 4 * 8, 2, 3),
        ("linear", 4, 3, 3),
    ]
    named = plan_of("4x4x8", "conv 1x1 8, identity, linear 4")
    assert [b.name for b in named.buffers] == ["input", "conv", "linear"]


def test_a_sum_is_written_beside_its_inputs() -> None:
    plan = plan_of("8x8x4", "bottleneck 3x3 4 mid_channels=4")
    assert [b.name for b in plan.at(4)] != []
    assert len(plan.at(4)) == 3  # the residual, the branch and the sum


def test_only_relu_is_part_of_an_operator() -> None:
    chain = "conv 3x3 8 norm=batch_norm activation={}"
    found = [
        memory(count("8x8x4", chain.format(name)).counted.graph, 1, INT8, TFLM)
        for name in ("relu", "relu6", "hard_swish")
    ]
    assert [len(one.plan.buffers) for one in found if one.plan] == [2, 2, 3]


def test_nothing_is_in_place_there() -> None:
    with pytest.raises(ConvcostError) as caught:
        memory(shipped("vww"), 1, INT8, Rule(in_place=("depthwise",), planner="tflm"))
    assert str(caught.value) == (
        "TensorFlow Lite Micro writes nothing in place\n"
        "  leave out the planner, or what is written in place"
    )


def test_figures_of_the_file_s_own_types_rule() -> None:
    model = FACTS["models"][3]  # the autoencoder: 640 and 128 values are the most alive
    graph = graph_of(model)
    sixteen = graph._replace(bits=(16,) * (1 + len(graph.nodes)))
    assert memory(sixteen, 1, INT8, TFLM).peak == 2 * (640 + 128)


# The picture


def small() -> Memory:
    graph = count("4x4x4", "conv 1x1 8, conv 1x1 4, conv 1x1 2").counted.graph
    return memory(graph, 1, INT8, TFLM)


PICTURE = """\
tiny: an arena of 192 bytes
layer  bytes  offset     arena
─────────────────────────────────────
input     64     128  a  ........aaaa
conv1    128       0  b  bbbbbbbbaaaa
conv2     64     128  c  bbbbbbbbcccc
conv3     32       0  d  dd......cccc
from offset 0 at the left, 192 B wide; . is free
1.00x the 192 bytes that are alive at once
without the tail of the arena: tensor structs, quantisation, scratch of kernels
"""


def test_offsets_by_time_as_a_picture() -> None:
    # Bytes alive: 4*4*4 + 4*4*8 while conv1 runs; 16 characters of 16 bytes each.
    found = small()
    assert found.plan is not None
    report = plan_report("tiny", found.plan, max(found.live), width=12)
    assert terminal.render([report]) == PICTURE


def test_a_buffer_too_small_to_be_drawn_has_one_character() -> None:
    wide = Plan(place([Need("big", 1600, 0, 0), Need("small", 1, 0, 0)]), ())
    report = plan_report("x", wide, 1601, width=10)
    assert [row[-1] for row in report.rows] == ["aaaaaaaaab", "aaaaaaaaab"]


def test_programs_get_the_buffers() -> None:
    found = small()
    assert found.plan is not None
    report = plan_report("tiny", found.plan, max(found.live))
    lines = csv.render([report]).splitlines()
    assert lines[2] == "tiny: an arena of 192 bytes,conv1,128,0,b,b@0+128 a@128+64"
    assert plan_document(found.plan) == {
        "planner": "tflm",
        "alignment": 16,
        "arena": 192,
        "steps": ["conv1", "conv2", "conv3"],
        "buffers": [
            {"name": name, "bytes": size, "size": size, "offset": offset, "first": a, "last": b}
            for name, size, offset, a, b in [
                ("input", 64, 128, 0, 1),
                ("conv1", 128, 0, 1, 2),
                ("conv2", 64, 128, 2, 3),
                ("conv3", 32, 0, 3, 3),
            ]
        ],
    }
