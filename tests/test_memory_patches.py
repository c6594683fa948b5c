"""Patch-based inference: exact pieces, by hand, by plain loops, and MCUNetV2's own figures.

Lin et al. 2021, MCUNetV2 (arXiv:2110.15352): figure 1 has MobileNetV2 at 1372 kB layer by layer
and 172 kB in 4x4 patches, with input patches of 75 x 75.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.api import count
from convcost.engine.dtypes import parse_types
from convcost.engine.graph import Graph, GraphBuilder
from convcost.engine.memory.liveness import Rule, memory
from convcost.engine.memory.patches import patches
from convcost.engine.memory.regions import boxes, cut_evenly
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.elementwise import (
    Activation,
    BatchNorm,
    GroupNorm,
    LayerNorm,
    Mul,
)
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.operations.linear import Linear
from convcost.engine.operations.pooling import AdaptiveAvgPool, MaxPool
from convcost.engine.operations.reshaping import Flatten, Upsample
from convcost.engine.windows import SAME, Padding
from convcost.errors import ConvcostError
from convcost.reports.patching import patch_lines, patches_document

INT8 = parse_types("int8")
MCUNET_V2 = Rule(in_place=("depthwise", "residual"))


def graph(*words: str, **options: Any) -> Graph:
    return count(*words, **options).counted.graph


# By hand: two 3x3 convolutions of 8 x 8 positions in 2 x 2 patches

TWO = "conv 3x3 6, conv 3x3 5"


def test_two_convolutions_in_four_patches_by_hand() -> None:
    # A patch of 4 x 4 reads 5 x 5 of the map before it (one border is padding) and 6 x 6 of the
    # input. Each layer in turn, beside the whole map: reads + makes; the patch needs no room.
    found = patches(graph("8x8x3", TWO), 2, 2, "conv2", types=INT8)
    whole = 8 * 8 * 5
    assert found.live == (whole + 6 * 6 * 3 + 5 * 5 * 6, whole + 5 * 5 * 6)
    assert (found.map, found.patch) == ((8, 8, 5), (6, 6, 3))
    assert (found.peak, found.peak_at) == (found.live[0], "conv1")
    first, second = 3 * 3 * 3 * 6, 3 * 3 * 6 * 5
    assert found.extra_macs == (4 * 5 * 5 - 8 * 8) * first
    assert found.macs == 4 * 5 * 5 * first + 8 * 8 * second


def test_what_follows_reads_the_whole_map() -> None:
    found = patches(graph("8x8x3", f"{TWO}, conv 3x3 7"), 2, 2, "conv2", types=INT8)
    assert found.peak_after == found.live[2] == 8 * 8 * (5 + 7)
    assert found.peak == max(found.peak_in_patches, found.peak_after)
    assert found.peak_whole == memory(graph("8x8x3", f"{TWO}, conv 3x3 7"), 1, INT8).peak


def test_one_patch_is_the_whole_map() -> None:
    found = patches(graph("8x8x3", TWO), 1, 1, "conv2", types=INT8)
    assert found.extra_macs == 0
    assert found.patch == (8, 8, 3)
    assert found.peak_after == 0


def test_patches_of_a_map_that_does_not_divide() -> None:
    # 7 = 3 + 3 + 1 rows and 7 = 4 + 3 columns.
    assert cut_evenly(7, 3) == [(0, 3), (3, 6), (6, 7)]
    assert cut_evenly(7, 2) == [(0, 4), (4, 7)]
    found = patches(graph("7x7x1", "conv 1x1 1, conv 3x3 1"), 3, 2, "conv2", types=INT8)
    rows, cols = (4, 5, 2), (5, 4)
    assert found.extra_macs == sum(rows) * sum(cols) - 7 * 7


def test_the_work_of_a_batch_is_that_of_each_sample() -> None:
    one, four = (patches(graph("8x8x3", TWO), 2, 2, "conv2", batch=n) for n in (1, 4))
    assert (four.extra_macs, four.macs) == (4 * one.extra_macs, 4 * one.macs)
    assert (four.peak, four.live[0]) == (4 * one.peak, 4 * one.live[0])


def test_a_skip_inside_the_patches_is_held_as_wide_as_its_widest_reader() -> None:
    # The block's input is read 6 x 6 by the 3x3 behind the 1x1, and 4 x 4 of it by the sum.
    block = graph("12x12x4", "bottleneck 3x3 4 mid_channels=2")
    middle = ((4, 8), (4, 8))
    found = boxes(block, (0, 1, 2, 3), 4, middle)
    assert found[0] == found[1] == ((3, 9), (3, 9))
    assert found[2] == found[3] == middle


# By plain loops


def positions(size: int, layers: list[tuple[int, int, int, int]]) -> list[list[set[int]]]:
    """For each layer and output position of one axis: the positions of the input that it sees."""
    seen = [{position} for position in range(size)]
    all_seen = []
    for kernel, stride, padding, dilation in layers:
        reach = dilation * (kernel - 1) + 1
        made = []
        start = -padding
        while start + reach <= len(seen) + padding:
            taps = [start + tap * dilation for tap in range(kernel)]
            inside = [tap for tap in taps if 0 <= tap < len(seen)]
            made.append(set(inside))
            start += stride
        all_seen.append(made)
        seen = [set() for _ in made]
    return all_seen


LAYER = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))


@given(st.integers(9, 24), st.lists(LAYER, min_size=1, max_size=4), st.integers(0, 99))
def test_boxes_are_the_hull_of_all_that_is_read(
    size: int, layers: list[tuple[int, int, int, int]], pick: int
) -> None:
    builder = GraphBuilder((size, 4, 1))
    for number, (kernel, stride, padding, dilation) in enumerate(layers):
        settings = ((stride, 1), ((padding, padding), (0, 0)), (dilation, 1))
        try:
            builder.add(f"{number}", Conv((kernel, 1), 1, *settings), (number,))
        except ConvcostError:
            return
    graph = builder.finish(len(layers))
    seen = positions(size, layers)
    start = pick % len(seen[-1])
    stop = min(start + 1 + pick % 4, len(seen[-1]))
    found = boxes(graph, tuple(range(len(layers))), len(layers), ((start, stop), (0, 4)))
    wanted = set(range(start, stop))
    for tensor in reversed(range(len(layers))):
        wanted = set().union(*(seen[tensor][position] for position in wanted))
        if wanted:
            # Positions between two that are read come along: a box has no holes.
            wanted = set(range(min(wanted), max(wanted) + 1))
            assert found[tensor][0] == (min(wanted), max(wanted) + 1)
        else:
            assert found[tensor][0][0] == found[tensor][0][1]


@pytest.mark.parametrize("padding", [SAME, ((1, 1), (1, 1))])
def test_same_padding_is_followed_too(padding: Padding) -> None:
    builder = GraphBuilder((8, 8, 1))
    builder.add("conv", Conv((3, 3), 1, (2, 2), padding, (1, 1)), (0,))
    found = boxes(builder.finish(1), (0,), 1, ((0, 2), (2, 4)))
    # ``same`` pads 0 before and 1 after; one on each side starts one position earlier.
    shift = 0 if padding is SAME else 1
    assert found[0] == ((0, 5 - shift), (4 - shift, 9 - shift if shift else 8))


def one(*operations: Operation) -> Graph:
    """Operations on 8 x 8 x 4, each reading what the one before it makes."""
    builder = GraphBuilder((8, 8, 4))
    for number, operation in enumerate(operations):
        builder.add(f"{number}", operation, (number,))
    return builder.finish(len(operations))


def test_an_enlarged_map_reads_the_positions_that_were_copied() -> None:
    found = boxes(one(Upsample((3, 2))), (0,), 1, ((1, 7), (3, 4)))
    assert found[0] == ((0, 3), (1, 2))


@pytest.mark.parametrize(
    "operation",
    [
        Foreign("linear", "macs", params=16, macs=8 * 8 * 16),
        Foreign("layer_norm", "elements"),
        Foreign("Softmax", "elements"),
        Foreign("Transpose", "free"),
        Imported(MaxPool((2,), (1,), ((0, 1),), (1,)), 0, copies=8),
        Upsample((2, 2), "bilinear"),
        Flatten(),
        GroupNorm(),
    ],
)
def test_what_may_need_more_than_a_patch_is_refused(operation: Operation) -> None:
    graph = one(operation)
    box = tuple((0, 1) for _ in graph.output[:-1])
    with pytest.raises(ConvcostError, match="cannot run in patches"):
        boxes(graph, (0,), 1, box)


def test_a_gate_of_one_position_is_no_part_of_a_patch() -> None:
    builder = GraphBuilder((8, 8, 4))
    pool = builder.add("pool", AdaptiveAvgPool((1, 1)), (0,))
    gate = builder.add("gate", Mul(), (0, pool))
    with pytest.raises(ConvcostError, match="gate \\(mul\\) cannot run in patches"):
        boxes(builder.finish(gate), (0, 1), gate, ((0, 4), (0, 4)))


@pytest.mark.parametrize(
    "operation",
    [BatchNorm(), LayerNorm(), Activation("softmax"), Linear(4), Foreign("Relu", "elements")],
)
def test_what_works_position_by_position_reads_its_own(operation: Operation) -> None:
    assert boxes(one(operation), (0,), 1, ((1, 3), (2, 8)))[0] == ((1, 3), (2, 8))


# MobileNetV2


def axis(spans: list[tuple[int, int]], stride: int, size: int) -> list[tuple[int, int]]:
    """What the patches of one axis read through a 3-wide window with one of padding."""
    return [
        (max(stride * start - 1, 0), min(stride * (stop - 1) + 2, size)) for start, stop in spans
    ]


def work(spans: list[tuple[int, int]]) -> int:
    """Positions that all patches compute, on both axes."""
    return sum(stop - start for start, stop in spans) ** 2


def test_mobilenet_v2_in_4x4_patches_is_what_mcunet_v2_says() -> None:
    found = patches(graph("mobilenet_v2"), 4, 4, "stage3.0", types=INT8, rule=MCUNET_V2)
    assert found.peak_whole == 1372 * 1024
    assert found.peak == found.peak_after == 28 * 28 * (32 + 192)
    assert round(found.peak / 1024) == 172
    assert found.patch == (75, 75, 3)
    assert (found.until, found.map) == ("stage3.0.project", (28, 28, 32))


def test_mobilenet_v2_computes_again_where_patches_overlap() -> None:
    at28 = cut_evenly(28, 4)
    at56 = axis(at28, 2, 56)  # what the depthwise of stage3.0 reads
    inner = axis(at56, 1, 56)  # stage2.1
    at112 = axis(inner, 2, 112)  # stage2.0
    stem = axis(at112, 1, 112)  # stage1
    again = sum(
        (work(spans) - size * size) * macs
        for spans, size, macs in [
            (stem, 112, 3 * 3 * 3 * 32),
            (at112, 112, 3 * 3 * 32 + 32 * 16 + 16 * 96),
            (inner, 56, 3 * 3 * 96 + 96 * 24 + 24 * 144),
            (at56, 56, 3 * 3 * 144 + 144 * 24 + 24 * 144),
        ]
    )
    found = patches(graph("mobilenet_v2"), 4, 4, "stage3.0", types=INT8)
    assert found.extra_macs == again


def test_without_a_layer_the_lowest_peak_is_found() -> None:
    found = patches(graph("mobilenet_v2"), 4, 4, types=INT8, rule=MCUNET_V2)
    assert (found.until, found.peak) == ("stage3.0.project", 28 * 28 * (32 + 192))


def test_of_equal_peaks_the_one_with_the_fewest_macs_is_taken() -> None:
    # The last layer needs the most wherever the patches end.
    found = patches(
        graph("8x8x3", "conv 1x1 4, conv 3x3 4, group_norm, conv 3x3 9"), 2, 2, types=INT8
    )
    later = patches(
        graph("8x8x3", "conv 1x1 4, conv 3x3 4, group_norm, conv 3x3 9"), 2, 2, "conv2", types=INT8
    )
    assert (found.until, found.extra_macs) == ("conv1", 0)
    assert found.peak == later.peak == 8 * 8 * (4 + 9)
    assert later.extra_macs > 0


def test_types_that_a_file_states_rule_on_both_sides_of_the_cut() -> None:
    three = graph("8x8x3", f"{TWO}, conv 3x3 7")._replace(
        bits=(8, 8, 16, 4), weight_bits=(8, 8, 8), weight_bytes=(1, 1, 1)
    )
    found = patches(three, 2, 2, "conv2")
    assert found.peak_after == 8 * 8 * 5 * 2 + 8 * 8 * 7 // 2
    assert found.live[0] == 8 * 8 * 5 * 2 + 6 * 6 * 3 + 5 * 5 * 6


def test_a_block_s_name_stands_for_its_last_layer() -> None:
    network = graph("mobilenet_v2")
    by_block, by_norm = (
        patches(network, 4, 4, name, types=INT8) for name in ("stage3.0", "stage3.0.project.norm")
    )
    assert by_block == by_norm


def test_a_block_of_a_foreign_model_may_be_named_by_its_path() -> None:
    network = graph("8x8x3", TWO)
    foreign = network._replace(
        nodes=tuple(node._replace(name=f"/net/{node.name}/Conv") for node in network.nodes)
    )
    assert patches(foreign, 2, 2, "/net/conv2").until == "/net/conv2/Conv"


# Refusals


@pytest.mark.parametrize(
    ("words", "arguments", "message"),
    [
        (
            ("8x8x3", TWO),
            (2, 2, "conv9"),
            "there is no layer conv9\n  did you mean conv2?",
        ),
        (("8x8x3", TWO), (0, 2, None), "0x2 is no number of patches\n  such as 3x3"),
        (
            ("8x8x3", TWO),
            (9, 2, "conv2"),
            "a map of 8x8x5 cannot be cut in 9x2 patches\n  it is what conv2 makes",
        ),
        (
            ("64x3", "conv 3 8"),
            (2, 2, None),
            "patches need one input of height x width x channels",
        ),
        (
            ("8x8x4", "bottleneck 3x3 4 mid_channels=2, conv 3x3 4"),
            (2, 2, "bottleneck.spatial"),
            "what bottleneck.spatial makes is not all that later layers read\n"
            "  the next layer of which it is: bottleneck.add",
        ),
        (
            ("8x8x4", "squeeze_excitation reduction=2, conv 3x3 4"),
            (2, 2, "conv"),
            "squeeze_excitation.scale (mul) cannot run in patches\n"
            "  it may need more of its input than one patch; end the patches before it",
        ),
        (
            ("8x8x4", "global_avg_pool, linear 3"),
            (2, 2, None),
            "no layer of this network can run in 2x2 patches",
        ),
    ],
)
def test_what_cannot_run_in_patches_is_refused(
    words: tuple[str, ...], arguments: tuple[int, int, str | None], message: str
) -> None:
    with pytest.raises(ConvcostError) as caught:
        patches(graph(*words), *arguments)
    assert str(caught.value) == message


def test_a_planner_has_no_patches() -> None:
    with pytest.raises(ConvcostError) as caught:
        patches(graph("8x8x3", TWO), 2, 2, "conv2", rule=Rule(planner="tflm"))
    assert str(caught.value) == (
        "patches have no plan in an arena\n  leave out the planner, or the patches"
    )


# In words


def test_patches_in_words_and_for_programs() -> None:
    found = patches(graph("8x8x3", TWO), 2, 2, "conv2", types=INT8)
    first, second = 3 * 3 * 3 * 6, 3 * 3 * 6 * 5
    assert patch_lines(found) == [
        "in 2x2 patches of 8x8x5 up to conv2:",
        f"  peak in patches             {8 * 8 * 5 + 6 * 6 * 3 + 5 * 5 * 6} B",
        "  peak after them               0 B",
        f"  peak without patches        {8 * 8 * 11} B",
        "  largest input patch         6x6x3",
        f"  MACs computed again         {36 * first:,}  "
        f"{100 * 36 * first / (64 * (first + second)):.1f} % of {64 * (first + second):,}",
    ]
    document = patches_document(found)
    assert document["extra_macs"] == 36 * first
    assert "live" not in document
