"""Which layers run as one and what is written in place: by hand, and against published figures.

Papers: ResNet-50's 7.2 MB is MCUNet's table 1 (Lin et al. 2020), with the sum that its authors
gave (mit-han-lab/tinyml, issue 8); MobileNetV2's 1372 kB is figure 1 of MCUNetV2 (Lin et al.
2021). ``data/mcu.json`` has the rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcost.api import count
from convcost.engine.dtypes import parse_types
from convcost.engine.figures import FIGURES, Measured
from convcost.engine.graph import Graph, GraphBuilder
from convcost.engine.memory.fusion import steps
from convcost.engine.memory.liveness import DEFAULT_RULE, Memory, Rule, memory
from convcost.engine.memory.sizes import bit_operations, weight_bytes
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.elementwise import (
    Activation,
    Add,
    BatchNorm,
    LayerNorm,
    Mul,
    Scale,
)
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.operations.linear import Linear
from convcost.engine.operations.pooling import GlobalAvgPool, MaxPool
from convcost.engine.operations.reshaping import Flatten
from convcost.errors import ConvcostError
from convcost.quantities import Amount

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "mcu.json").read_text())
PUBLISHED = {row["model"]: row for row in FACTS["published"]}
INT8 = parse_types("int8")
UNFUSED = Rule(fused=False)


def shipped(*words: str, **options: Any) -> Graph:
    return count(*words, **options).counted.graph


def held(graph: Graph, rule: Rule = DEFAULT_RULE) -> Memory:
    return memory(graph, 1, INT8, rule)


# Published figures


def test_resnet50_is_what_mcunet_says() -> None:
    # The input of a block's last 1x1, its output, and the residual.
    found = memory(shipped("resnet50"))
    assert found.peak == 4 * 56 * 56 * (64 + 256 + 256)
    assert found.peak == PUBLISHED["resnet50 at 224, float32"]["activations_bytes"]


def test_mobilenet_v2_with_depthwise_in_place_is_what_mcunet_v2_says() -> None:
    row = PUBLISHED["mobilenet_v2 1.0 at 224, int8"]
    found = held(shipped("mobilenet_v2"), Rule(in_place=("depthwise",)))
    assert found.peak == 112 * 112 * (16 + 96) == 1372 * 1024 == row["activations_bytes"]
    assert found.peak_at == "stage2.0.expand"


def test_mobilenet_v2_without_it_holds_both_sides_of_the_depthwise() -> None:
    row = PUBLISHED["mobilenet_v2 1.0 at 224, int8"]
    found = held(shipped("mobilenet_v2"))
    assert found.peak == 112 * 112 * 96 + 56 * 56 * 96 == 1470 * 1024 == row["live_bytes"]


@pytest.mark.parametrize(
    ("size", "width", "model"),
    [
        (96, 0.25, "mobilenet_v1 0.25 at 96, int8"),
        (224, 0.25, "mobilenet_v1 0.25 at 224, int8"),
        (224, 1.0, "mobilenet_v1 1.0 at 224, int8"),
    ],
)
def test_mobilenet_v1_holds_both_sides_of_its_first_1x1(
    size: int, width: float, model: str
) -> None:
    found = memory(shipped("mobilenet_v1", input=f"{size}x{size}x3", width=width), 1, INT8)
    half, narrow = size // 2, int(32 * width)
    assert found.peak == half * half * (narrow + 2 * narrow) == PUBLISHED[model]["live_bytes"]
    assert found.peak_at == "stage1.pointwise"


def test_unfused_is_the_count_of_every_tensor() -> None:
    # Each norm and ReLU6 has a tensor of its own: in and out of the widest one.
    assert held(shipped("mobilenet_v2"), UNFUSED).peak == 2 * 112 * 112 * 96


# Chains, built by hand on 8 x 8 positions


def conv(channels: int, groups: int = 1, kernel: int = 1, stride: int = 1) -> Conv:
    sizes = ((stride, stride), ((kernel // 2, kernel // 2),) * 2, (1, 1))
    return Conv((kernel, kernel), channels, *sizes, groups)


def wired(*rows: tuple[str, Operation, tuple[str, ...]], give: tuple[str, ...] = ()) -> Graph:
    """A graph on an 8x8x4 ``input``: rows of name, operation and what it reads."""
    builder = GraphBuilder((8, 8, 4))
    tensors = {"input": 0}
    for name, operation, reads in rows:
        tensors[name] = builder.add(name, operation, tuple(tensors[read] for read in reads))
    return builder.finish(*(tensors[name] for name in give or (rows[-1][0],)))


def chained(*operations: Operation) -> Graph:
    """Each reads what the one before it makes."""
    names = ["input", *(f"{number} {one.type}" for number, one in enumerate(operations))]
    return wired(
        *(
            (name, one, (names[n],))
            for n, (name, one) in enumerate(zip(names[1:], operations, strict=True))
        )
    )


def groups(graph: Graph, *, fused: bool = True) -> list[list[str]]:
    return [
        [graph.nodes[index].operation.type for index in step.members]
        for step in steps(graph, fused=fused)
    ]


RELU, GELU = Activation("relu"), Activation("gelu")


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ((conv(8), BatchNorm(), RELU), [["conv", "batch_norm", "activation"]]),
        ((conv(8), GELU), [["conv", "activation"]]),
        ((conv(8), Scale(), GELU), [["conv", "scale", "activation"]]),
        ((Linear(8), BatchNorm()), [["linear", "batch_norm"]]),
        ((conv(8), BatchNorm(), Scale()), [["conv", "batch_norm", "scale"]]),
        ((conv(8), BatchNorm(), Foreign("add", "elements")), [["conv", "batch_norm"], ["add"]]),
        ((conv(8), RELU, BatchNorm()), [["conv", "activation"], ["batch_norm"]]),
        ((conv(8), RELU, GELU), [["conv", "activation"], ["activation"]]),
        ((conv(8), LayerNorm(), RELU), [["conv"], ["layer_norm"], ["activation"]]),
        ((BatchNorm(), RELU, conv(8)), [["batch_norm"], ["activation"], ["conv"]]),
        ((conv(8), Activation("softmax")), [["conv"], ["activation"]]),
        ((conv(8), Foreign("add", "elements"), RELU), [["conv", "add", "activation"]]),
    ],
)
def test_what_runs_as_one_layer(
    operations: tuple[Operation, ...], expected: list[list[str]]
) -> None:
    graph = chained(*operations)
    assert groups(graph) == expected
    assert all(len(step) == 1 for step in groups(graph, fused=False))
    assert held(graph).peak <= held(graph, UNFUSED).peak


@pytest.mark.parametrize("names", [("BatchNorm", "Relu"), ("batch_norm", "hardswish")])
def test_an_imported_operation_is_known_by_its_type(names: tuple[str, str]) -> None:
    norm, activation = (Foreign(name, "elements") for name in ("batch_norm", names[1]))
    imported = Imported(conv(4), params=0)
    bias = Foreign("add", "elements", params=4)
    assert groups(chained(imported, bias, norm, activation)) == [
        ["conv", "add", "batch_norm", names[1]]
    ]


def test_what_is_read_by_two_is_not_fused() -> None:
    rows = (("conv", conv(4), ("input",)), ("relu", RELU, ("conv",)))
    assert groups(wired(*rows, ("add", Add(), ("relu", "input")))) == [
        ["conv", "activation"],
        ["add"],
    ]
    assert groups(wired(*rows, ("add", Add(), ("relu", "conv")))) == [
        ["conv"],
        ["activation"],
        ["add"],
    ]


def test_of_what_follows_a_sum_only_the_activation_belongs_to_it() -> None:
    add = ("add", Add(), ("input", "input"))
    assert groups(wired(add, ("relu", RELU, ("add",)))) == [["add", "activation"]]
    assert groups(wired(add, ("norm", BatchNorm(), ("add",)))) == [["add"], ["batch_norm"]]


SILU = (
    ("conv", conv(8), ("input",)),
    ("sigmoid", Foreign("Sigmoid", "elements"), ("conv",)),
    ("mul", Mul(), ("conv", "sigmoid")),
    ("last", conv(2), ("mul",)),
)


def test_a_tensor_times_an_activation_of_it_is_one_activation() -> None:
    assert groups(wired(*SILU)) == [["conv", "Sigmoid", "mul"], ["conv"]]
    swapped = (*SILU[:2], ("mul", Mul(), ("sigmoid", "conv")), SILU[3])
    assert groups(wired(*swapped)) == groups(wired(*SILU))
    assert held(wired(*SILU)).live == (*[64 * (4 + 8)] * 3, 64 * (8 + 2))
    lone = (("sigmoid", Activation("sigmoid"), ("input",)), ("mul", Mul(), ("input", "sigmoid")))
    assert groups(wired(*lone)) == [["activation", "mul"]]
    assert held(wired(*lone)).peak == 64 * 4


@pytest.mark.parametrize(
    "rows",
    [
        (*SILU[:3], ("other", GlobalAvgPool(), ("conv",))),  # the convolution is read again
        (*SILU[:3], ("other", GlobalAvgPool(), ("sigmoid",))),  # the activation is read again
        (*SILU[:2], ("mul", Mul(), ("sigmoid", "sigmoid"))),  # the square of an activation
        (*SILU[:2], ("mul", Add(), ("conv", "sigmoid"))),  # a sum with one
    ],
)
def test_what_is_no_activation_of_its_own(
    rows: tuple[tuple[str, Operation, tuple[str, ...]], ...],
) -> None:
    assert all("mul" not in step or len(step) == 1 for step in groups(wired(*rows))[:1])
    assert groups(wired(*rows))[0] in (["conv"], ["conv", "Sigmoid"])


def test_what_is_given_back_is_not_fused() -> None:
    rows = (("conv", conv(4), ("input",)), ("relu", RELU, ("conv",)))
    assert groups(wired(*rows, give=("relu", "conv"))) == [["conv"], ["activation"]]


# In place


SKIP = (
    ("wide", conv(16), ("input",)),
    ("back", conv(4), ("wide",)),
    ("add", Add(), ("back", "input")),
    ("last", conv(1), ("add",)),
)


def test_a_sum_is_written_over_its_first_input() -> None:
    # wide 4 + 16, back 4 + 16 + 4, add: the input and the branch, last 4 + 1: per position
    graph = wired(*SKIP)
    assert held(graph).live == tuple(64 * n for n in (4 + 16, 4 + 16 + 4, 4 + 4, 4 + 1))
    assert held(graph, UNFUSED).live == tuple(64 * n for n in (20, 24, 4 + 4 + 4, 5))


def test_without_fusion_a_sum_needs_room_even_beside_a_depthwise_in_place() -> None:
    rule = Rule(fused=False, in_place=("depthwise",))
    assert held(wired(*SKIP), rule).live == held(wired(*SKIP), UNFUSED).live
    assert held(chained(conv(4, groups=4)), rule).live == (64 * 4,)


def test_a_planner_that_writes_nothing_in_place_has_more_alive() -> None:
    tflm = held(wired(*SKIP), Rule(planner="tflm"))
    assert tflm.live == held(wired(*SKIP), UNFUSED).live


def test_a_sum_needs_room_where_its_first_input_lives_on() -> None:
    rows = (*SKIP[:3], ("last", Add(), ("add", "back")))
    assert held(wired(*rows)).live[2] == 64 * (4 + 4 + 4)
    swapped = (*SKIP[:2], ("add", Add(), ("input", "back")), ("last", Add(), ("add", "back")))
    assert held(wired(*swapped)).live[2] == 64 * (4 + 4)


def test_a_gate_is_written_over_the_map_whichever_comes_first() -> None:
    rows = (
        ("map", conv(4), ("input",)),
        ("pool", GlobalAvgPool(), ("map",)),
        ("gate", Linear(4), ("pool",)),
    )
    for reads in (("map", "gate"), ("gate", "map")):
        assert held(wired(*rows, ("mul", Mul(), reads))).live[3] == 64 * 4 + 4


def test_a_lone_norm_and_activation_are_written_over_their_input() -> None:
    found = held(chained(BatchNorm(), RELU, LayerNorm(), Activation("softmax")))
    assert found.live == (64 * 4,) * 4
    assert found.peak_tensors == 1


def test_what_is_given_back_is_not_written_over() -> None:
    rows = (("conv", conv(4), ("input",)), ("relu", RELU, ("conv",)))
    assert held(wired(*rows, give=("relu", "conv"))).live == (64 * 8, 64 * 8)


def test_a_depthwise_convolution_is_written_over_its_input_on_request() -> None:
    depthwise = ("depthwise", conv(4, groups=4, kernel=3, stride=2), ("input",))
    small = 4 * 4 * 4
    assert held(wired(depthwise)).peak == 64 * 4 + small
    assert held(wired(depthwise), Rule(in_place=("depthwise",))).peak == 64 * 4
    # Not where another layer still reads the input.
    later = (*(depthwise,), ("pool", GlobalAvgPool(), ("input",)))
    assert held(wired(*later), Rule(in_place=("depthwise",))).live[0] == 64 * 4 + small


@pytest.mark.parametrize("operation", [conv(8, groups=4), conv(4, groups=2), conv(4)])
def test_no_other_convolution_is_written_over_its_input(operation: Conv) -> None:
    graph = chained(operation)
    assert held(graph, Rule(in_place=("depthwise",))) == held(graph)


def test_a_branch_is_added_onto_the_residual_on_request() -> None:
    # back writes its 4 channels onto the input's, which add then has already.
    found = held(wired(*SKIP), Rule(in_place=("residual",)))
    assert found.live == tuple(64 * n for n in (4 + 16, 4 + 16, 4, 4 + 1))
    assert found.outputs == held(wired(*SKIP)).outputs


@pytest.mark.parametrize(
    "rows",
    [
        # An activation has to see the branch alone.
        (*SKIP[:2], ("relu", RELU, ("back",)), ("add", Add(), ("relu", "input"))),
        # The branch is read again.
        (*SKIP[:3], ("pool", GlobalAvgPool(), ("back",))),
        # The residual is read again.
        (*SKIP[:3], ("again", Add(), ("add", "input"))),
        # The residual is made after the branch.
        (
            ("branch", conv(4), ("input",)),
            ("late", MaxPool((1, 1), (1, 1), ((0, 0),) * 2, (1, 1)), ("input",)),
            ("add", Add(), ("branch", "late")),
        ),
    ],
)
def test_a_branch_that_cannot_be_added_onto_the_residual(
    rows: tuple[tuple[str, Operation, tuple[str, ...]], ...],
) -> None:
    graph = wired(*rows)
    assert held(graph, Rule(in_place=("residual",))) == held(graph)


def test_a_branch_that_is_given_back_is_not_added_onto_the_residual() -> None:
    graph = wired(*SKIP, give=("last", "back"))
    assert held(graph, Rule(in_place=("residual",))) == held(graph)


def test_no_rule_but_residual_changes_resnet50_s_peak_below_the_published() -> None:
    # The first sum of stage 2 is then the widest: its input, the branch at 28 x 28, the residual.
    found = memory(shipped("resnet50"), rule=Rule(in_place=("residual",)))
    assert found.peak == 4 * (56 * 56 * 256 + 56 * 56 * 128 + 28 * 28 * 128)


def test_largest_and_outputs_do_not_know_of_places() -> None:
    fused = held(wired(*SKIP))
    assert fused.largest == held(wired(*SKIP), UNFUSED).largest == 64 * (4 + 16)
    assert fused.outputs == 64 * (16 + 4 + 4 + 1)
    assert held(wired(("add", Add(), ("input", "input")))).largest == 64 * (4 + 4)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            Rule(in_place=("depthwize",)),
            "depthwize is nothing that is written in place\n  did you mean depthwise?",
        ),
        (Rule(planner="tflmm"), "tflmm is not a planner\n  did you mean tflm?"),
    ],
)
def test_an_unknown_rule_is_refused(rule: Rule, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        memory(chained(conv(8)), rule=rule)
    assert str(caught.value) == message


# Types


def test_values_smaller_than_a_byte_are_packed_tensor_by_tensor() -> None:
    graph = GraphBuilder((3, 3, 1))
    graph.add("conv", conv(3), (0,))
    found = memory(graph.finish(1), 1, parse_types("int2"))
    # 9 values of 2 bits are 3 bytes, 27 are 7; the 3 weights are one byte.
    assert (found.live, found.weights) == ((3 + 7,), 1)


def test_weights_of_a_layer_that_is_not_known_are_not_guessed() -> None:
    assert held(chained(conv(2), Foreign("Mystery", "unknown", params=9))).weights == 4 * 2


def test_the_bias_is_a_tensor_of_its_own() -> None:
    linear = chained(Linear(3, bias=True))
    assert memory(linear, 1, parse_types("int1")).weights == 2 + 1  # 12 bits and 3 bits


def test_activations_grow_with_the_batch_and_weights_do_not() -> None:
    graph = chained(conv(8, kernel=3))
    one, four = (memory(graph, batch, INT8) for batch in (1, 4))
    assert (four.peak, four.largest, four.outputs) == (4 * one.peak, 4 * one.largest, 4 * 64 * 8)
    assert one.weights == four.weights == 3 * 3 * 4 * 8


def test_weights_and_activations_have_types_of_their_own() -> None:
    found = memory(chained(conv(8)), 1, parse_types("weights=int4,activations=int16"))
    assert (found.weights, found.peak) == (4 * 8 // 2, 2 * 64 * (4 + 8))


def test_types_that_a_file_states_rule() -> None:
    graph = chained(conv(8), conv(2))._replace(
        bits=(8, 16, 8), weight_bits=(4, 2), weight_bytes=(100, 7)
    )
    found = memory(graph, 1, parse_types("float32"))
    assert found.live == (64 * 4 + 64 * 8 * 2, 64 * 8 * 2 + 64 * 2)
    assert found.weights == 100 + 7
    float32 = parse_types("float32")
    assert [bit_operations(graph, index, 10, float32) for index in (0, 1)] == [
        10 * 4 * 8,
        10 * 2 * 16,
    ]
    assert weight_bytes(graph, 1, 16, float32) == 7


def test_bit_operations_are_macs_by_the_bits_of_both_factors() -> None:
    types = parse_types("weights=int4,activations=int8")
    rows = wired(
        ("conv", conv(4), ("input",)),
        ("product", Foreign("matmul", "macs", macs=5), ("conv", "input")),
        ("relu", RELU, ("product",)),
    )
    assert bit_operations(rows, 0, 64 * 4 * 4, types) == 64 * 4 * 4 * 4 * 8
    assert bit_operations(rows, 1, 5, types) == 5 * 8 * 8  # no weight in it
    mixed = rows._replace(bits=(2, 16, 8, 8))
    assert bit_operations(mixed, 1, 5, types) == 5 * 16 * 2
    assert bit_operations(rows, 2, 0, types) == 0


# Integers in a model of floats, and files of a runtime

QDQ = (
    ("read", Foreign("DequantizeLinear", "elements"), ("input",)),
    ("conv", conv(8), ("read",)),
    ("relu", RELU, ("conv",)),
    ("round", Foreign("QuantizeLinear", "elements"), ("relu",)),
    ("again", Foreign("DequantizeLinear", "elements"), ("round",)),
    ("pool", GlobalAvgPool(), ("again",)),
    ("last", Foreign("QuantizeLinear", "elements"), ("pool",)),
)
QDQ_BITS = (8, 32, 32, 32, 8, 32, 32, 8)


def test_a_quantised_model_is_counted_with_its_integers() -> None:
    graph = wired(*QDQ)._replace(bits=QDQ_BITS)
    # What is read and written is 8 bits wide: the floats between exist in the file only.
    conv_live, pool_live = 64 * (4 + 8), 64 * 8 + 8
    assert held(graph).live == (64 * 4, *[conv_live] * 3, 64 * 8, pool_live, pool_live)
    assert groups(graph)[1] == ["conv", "activation", "QuantizeLinear"]
    assert bit_operations(graph, 1, 10, INT8) == 10 * 8 * 8
    assert held(graph, UNFUSED).peak == 2 * 64 * 8 * 4
    assert held(graph, UNFUSED).live[0] == 64 * 4 + 64 * 4 * 4


def test_rounding_belongs_to_what_computes_and_to_it_once() -> None:
    up, down = (Foreign(f"{word}Linear", "elements") for word in ("Dequantize", "Quantize"))
    assert groups(chained(up, down)) == [["DequantizeLinear"], ["QuantizeLinear"]]
    assert groups(chained(Flatten(), down)) == [["flatten"], ["QuantizeLinear"]]
    assert groups(chained(conv(8), down, down)) == [["conv", "QuantizeLinear"], ["QuantizeLinear"]]


def test_a_runtime_s_file_runs_as_it_stands_there() -> None:
    graph = wired(*QDQ)._replace(bits=QDQ_BITS, is_compiled=True)
    assert all(len(step) == 1 for step in groups(graph))
    # Each operator has a buffer, from the 8 bits of the input to the 32 of its floats.
    assert held(graph, Rule(planner="tflm")).live[0] == 64 * 4 + 64 * 4 * 4
    assert bit_operations(graph, 1, 10, INT8) == 10 * 8 * 32


# Running statistics


def test_batch_norm_alone_has_running_statistics() -> None:
    assert BatchNorm().buffers(((8, 8, 5),), (8, 8, 5)) == 2 * 5
    assert LayerNorm().buffers(((8, 8, 5),), (8, 8, 5)) == 0
    assert Imported(BatchNorm(), params=0, copies=3).buffers(((3, 8, 8, 5),), (3, 8, 8, 5)) == 10


def test_an_imported_batch_norm_has_as_many_statistics_as_parameters() -> None:
    shape = (8, 8, 3)
    for foreign, buffers in (
        (Foreign("batch_norm", "elements", params=2 * 3), 2 * 3),
        (Foreign("batch_norm", "elements", params=2 * 3, statistics=0), 0),
        (Foreign("batch_norm", "elements", statistics=2 * 3), 2 * 3),
        (Foreign("layer_norm", "elements", params=2 * 3), 0),
    ):
        assert foreign.buffers((shape,), shape) == buffers


KERAS = {
    "kws ds-cnn int8": (
        "49x10x1",
        [("conv", [10, 4], 64, 2, 1), *[("conv", 3, 64, 1, 64), ("conv", 1, 64, 1, 1)] * 4],
        12,
    ),
    "vww mobilenet_v1 0.25@96 int8": (
        "96x96x3",
        [
            ("conv", 3, 8, 2, 1),
            *(
                layer
                for narrow, wide, stride in [
                    *((8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)),
                    *((64, 128, 2), *[(128, 128, 1)] * 5, (128, 256, 2), (256, 256, 1)),
                ]
                for layer in (("conv", 3, narrow, stride, narrow), ("conv", 1, wide, 1, 1))
            ),
        ],
        2,
    ),
    "ad fc-autoencoder int8": (
        "640",
        [("linear", 0, channels, 0, 0) for channels in (*[128] * 4, 8, *[128] * 4)],
        640,
    ),
}
"""Layers of the Keras models of MLPerf Tiny: type, kernel, channels, stride, groups, each with a
bias and a batch norm; then the classes of the last fully connected layer."""


@pytest.mark.parametrize("name", ["kws", "ic", "vww", "ad"])
def test_params_and_buffers_are_what_keras_counts(name: str) -> None:
    of = Measured(count(f"mlperf_tiny_{name}").counted)
    totals = [FIGURES[key].total(of) for key in ("params", "buffers")]
    keras = next(m for m in FACTS["models"] if m["model"].startswith(f"{name} "))
    assert (
        sum(total.value for total in totals if isinstance(total, Amount))
        == keras["keras_total_params"]
    )


def test_mobilenet_v1_of_keras_has_biases_beside_its_norms() -> None:
    """The same total from another shipped network, whose convolutions carry no bias."""
    counted = count("mobilenet_v1", input="96x96x3", width=0.25, classes=2).counted
    norms = [row for row in counted.rows if row.type == "batch_norm"]
    buffers = sum(row.node.operation.buffers(row.inputs, row.node.output) for row in norms)
    biases = sum(row.node.output[-1] for row in norms)
    assert counted.params + buffers + biases == 221_794
