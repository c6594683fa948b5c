"""TFLite files: what each operator costs, whose numbers are parameters, of which type values are.

Models are built by ``tflite_models``; expected values are products. The networks at the end are
rebuilt from their papers and compared with figures of the real files.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import pytest
import tflite
from conftest import PACKAGE_HOME
from tflite_models import Builder

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.language.building import Subject
from convcost.language.expressions import compile_expression
from convcost.results import CountResult
from convcost.sources.tflite.file import read_tflite
from convcost.sources.tflite.operators import NOT_KNOWN, VOCABULARY

FACTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "tflite" / "facts.json").read_text()
)
SAME, VALID = 0, 1
RELU, RELU6 = 1, 3


def subject(model: bytes, tmp_path: Path, **options: Any) -> Subject:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    return read_tflite(path, **options)


def read(model: bytes, tmp_path: Path, **options: Any) -> CountResult:
    return count_subject(subject(model, tmp_path, **options))


def figures(result: CountResult) -> tuple[int, int, int]:
    return (result.params, result.macs, result.element_ops)


def one(
    tmp_path: Path,
    kind: str,
    dims: Sequence[int] = (1, 8, 8, 4),
    weights: Sequence[Sequence[int]] = (),
    made: Sequence[int] = (1, 8, 8, 4),
    **options: Any,
) -> CountResult:
    """A model of one operator that reads ``x``, then weights of these sizes."""
    b = Builder()
    x, y = b.tensor("x", *dims), b.tensor("y", *made)
    held = [b.weight(f"w{i}", *sizes) for i, sizes in enumerate(weights)]
    b.operator(kind, [x, *held], [y], **options)
    return read(b.build([x], [y]), tmp_path)


# Convolutions


def test_a_convolution_has_its_filters_in_the_order_ohwi(tmp_path: Path) -> None:
    result = one(
        tmp_path, "CONV_2D", (1, 8, 10, 4), [(6, 3, 5, 4), (6,)], (1, 4, 5, 6),
        Padding=SAME, StrideH=2, StrideW=2, DilationHFactor=1, DilationWFactor=1,
    )  # fmt: skip
    weights = 6 * 3 * 5 * 4
    assert figures(result) == (weights + 6, 4 * 5 * weights, 4 * 5 * 6)
    (row,) = result.counted.rows
    operation: Any = row.node.operation
    assert row.type == "conv"
    assert (operation.kernel_size, operation.stride, operation.groups) == ((3, 5), (2, 2), 1)
    assert (row.inputs, row.node.output) == (((8, 10, 4),), (4, 5, 6))


def test_strides_and_dilations_are_height_then_width(tmp_path: Path) -> None:
    result = one(
        tmp_path, "CONV_2D", (1, 20, 30, 2), [(3, 3, 3, 2)], (1, 14, 9, 3),
        Padding=VALID, StrideH=1, StrideW=3, DilationHFactor=3, DilationWFactor=2,
    )  # fmt: skip
    assert figures(result) == (3 * 3 * 3 * 2, 14 * 9 * 3 * 3 * 3 * 2, 0)


def test_fewer_channels_in_the_filter_mean_groups(tmp_path: Path) -> None:
    result = one(
        tmp_path, "CONV_2D", (1, 8, 8, 12), [(6, 3, 3, 4)], (1, 8, 8, 6), StrideH=1, StrideW=1
    )
    (row,) = result.counted.rows
    assert row.node.operation.groups == 3  # type: ignore[attr-defined]
    assert result.macs == 8 * 8 * 6 * 3 * 3 * 4


def test_a_depthwise_convolution_multiplies_channels(tmp_path: Path) -> None:
    result = one(
        tmp_path, "DEPTHWISE_CONV_2D", (1, 9, 9, 4), [(1, 3, 3, 8), (8,)], (1, 7, 7, 8),
        Padding=VALID, StrideH=1, StrideW=1, DepthMultiplier=2,
    )  # fmt: skip
    assert figures(result) == (3 * 3 * 8 + 8, 7 * 7 * 3 * 3 * 8, 7 * 7 * 8)
    (row,) = result.counted.rows
    assert row.node.operation.groups == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize("activation", [RELU, RELU6, 2, 4, 5])
def test_a_fused_activation_is_one_element_operation_for_each_value(
    tmp_path: Path, activation: int
) -> None:
    weights = [(6, 1, 1, 4), (6,)]
    result = one(
        tmp_path, "CONV_2D", (1, 8, 8, 4), weights, (1, 8, 8, 6),
        StrideH=1, StrideW=1, FusedActivationFunction=activation,
    )  # fmt: skip
    values = 8 * 8 * 6
    assert figures(result) == (6 * 4 + 6, 8 * 8 * 6 * 4, values + values)
    assert [row.type for row in result.counted.rows] == ["conv"]


def test_a_convolution_in_three_dimensions(tmp_path: Path) -> None:
    result = one(
        tmp_path, "CONV_3D", (1, 6, 8, 10, 2), [(3, 3, 5, 2, 7)], (1, 2, 3, 3, 7),
        Padding=VALID, StrideD=2, StrideH=2, StrideW=2,
        DilationDFactor=1, DilationHFactor=1, DilationWFactor=1,
    )  # fmt: skip
    assert figures(result) == (3 * 3 * 5 * 2 * 7, 2 * 3 * 3 * 3 * 3 * 5 * 2 * 7, 0)


TRANSPOSED = {
    "same": (SAME, 2, (8, 8), (16, 16), 3),
    "valid": (VALID, 2, (8, 8), (17, 17), 3),
    "same, smaller than input times stride": (SAME, 2, (4, 4), (7, 7), 3),
    "valid, a stride above the kernel": (VALID, 3, (4, 4), (12, 12), 2),
}


@pytest.mark.parametrize("case", TRANSPOSED)
def test_a_transposed_convolution_works_on_each_input_position(tmp_path: Path, case: str) -> None:
    padding, stride, size, made, kernel = TRANSPOSED[case]
    b = Builder()
    x, y = b.tensor("x", 1, *size, 4), b.tensor("y", 1, *made, 6)
    shape = b.sizes(1, *made, 6)
    weight, bias = b.weight("w", 6, kernel, kernel, 4), b.weight("b", 6)
    b.operator(
        "TRANSPOSE_CONV", [shape, weight, x, bias], [y],
        Padding=padding, StrideH=stride, StrideW=stride,
    )  # fmt: skip
    result = read(b.build([x], [y]), tmp_path)
    weights = 6 * kernel * kernel * 4
    assert figures(result) == (weights + 6, prod(size) * weights, prod(made) * 6)
    (row,) = result.counted.rows
    assert (row.type, row.inputs, row.node.output) == (
        "conv_transpose",
        ((*size, 4),),
        (*made, 6),
    )


def test_the_size_of_a_transposed_convolution_may_be_computed(tmp_path: Path) -> None:
    """Keras writes SHAPE, STRIDED_SLICE, MUL and PACK before it."""
    b = Builder()
    x, y = b.tensor("x", 1, 5, 5, 4), b.tensor("y", 1, 1, 1, 6, signature=(-1, -1, -1, 6))
    shape, samples, size = (b.tensor(n, *d, type="INT32") for n, d in
                            (("shape", (4,)), ("samples", ()), ("size", (4,))))  # fmt: skip
    b.operator("SHAPE", [x], [shape])
    cut = [b.sizes(0), b.sizes(1), b.sizes(1)]
    b.operator("STRIDED_SLICE", [shape, *cut], [samples], ShrinkAxisMask=1)
    high, wide, deep = (b.sizes(value, dims=()) for value in (10, 10, 6))
    b.operator("PACK", [samples, high, wide, deep], [size], ValuesCount=4, Axis=0)
    b.operator("TRANSPOSE_CONV", [size, b.weight("w", 6, 2, 2, 4), x], [y], StrideH=2, StrideW=2)
    result = read(b.build([x], [y]), tmp_path)
    assert result.counted.output == (10, 10, 6)
    assert figures(result) == (6 * 2 * 2 * 4, 5 * 5 * 6 * 2 * 2 * 4, 0)
    assert [row.kind for row in result.counted.rows] == ["free", "free", "free", "macs"]


def test_frames_in_the_first_axis_are_slices(tmp_path: Path) -> None:
    """Dilation as older converters write it: blocks of the map lie in the batch axis."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 6)
    blocks, made = b.tensor("blocks", 4, 6, 6, 4), b.tensor("made", 4, 4, 4, 6)
    pads, crops = b.sizes(2, 2, 2, 2, dims=(2, 2)), b.sizes(0, 0, 0, 0, dims=(2, 2))
    b.operator("SPACE_TO_BATCH_ND", [x, b.sizes(2, 2), pads], [blocks])
    b.operator(
        "CONV_2D", [blocks, b.weight("w", 6, 3, 3, 4), b.weight("b", 6)], [made],
        Padding=VALID, StrideH=1, StrideW=1, FusedActivationFunction=RELU,
    )  # fmt: skip
    b.operator("BATCH_TO_SPACE_ND", [made, b.sizes(2, 2), crops], [y])
    result = read(b.build([x], [y]), tmp_path)
    weights = 6 * 3 * 3 * 4
    assert figures(result) == (weights + 6, 8 * 8 * weights, 8 * 8 * 6 + 8 * 8 * 6)
    assert result.counted.rows[1].node.output == (4, 4, 4, 6)


def test_a_filter_that_is_computed_has_work_and_no_parameters(tmp_path: Path) -> None:
    b = Builder()
    x, w = b.tensor("x", 2, 8, 8, 4), b.tensor("w", 6, 3, 3, 4)
    y = b.tensor("y", 2, 8, 8, 6)
    b.operator("CONV_2D", [x, w], [y], StrideH=1, StrideW=1, FusedActivationFunction=RELU)
    result = read(b.build([x, w], [y]), tmp_path)
    assert figures(result) == (0, 2 * 8 * 8 * 6 * 3 * 3 * 4, 2 * 8 * 8 * 6)
    assert result.counted.rows[0].inputs == ((2, 8, 8, 4), (6, 3, 3, 4))


def test_groups_that_do_not_divide_are_an_error(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 12), b.tensor("y", 1, 8, 8, 5)
    b.operator("CONV_2D", [x, b.weight("w", 5, 3, 3, 4)], [y], StrideH=1, StrideW=1)
    assert refused(b.build([x], [y]), tmp_path)[0] == (
        "y: CONV_2D does not fit what it reads (1x8x8x12, 5x3x3x4)"
    )


# Products


def test_a_fully_connected_layer_lays_its_input_flat(tmp_path: Path) -> None:
    result = one(
        tmp_path, "FULLY_CONNECTED", (2, 7, 7, 4), [(10, 7 * 7 * 4), (10,)], (2, 10),
        FusedActivationFunction=RELU,
    )  # fmt: skip
    assert result.counted.batch == 2
    assert figures(result) == (10 * 196 + 10, 2 * 10 * 196, 2 * 10 * 2)
    assert [row.type for row in result.counted.rows] == ["linear"]


def test_a_fully_connected_layer_may_keep_its_axes(tmp_path: Path) -> None:
    result = one(tmp_path, "FULLY_CONNECTED", (1, 9, 4), [(10, 4)], (1, 9, 10), KeepNumDims=1)
    assert figures(result) == (10 * 4, 9 * 10 * 4, 0)
    assert result.notes == ()
    result = one(tmp_path, "FULLY_CONNECTED", (1, 9, 4), [(10, 4)], (9, 10), KeepNumDims=0)
    assert (result.counted.output, result.notes) == ((9, 10), ())


@pytest.mark.parametrize(("turned", "second"), [(0, (5, 7)), (1, (7, 5))])
def test_a_batched_product_of_two_tensors(
    tmp_path: Path, turned: int, second: tuple[int, int]
) -> None:
    b = Builder()
    x, w = b.tensor("x", 1, 3, 6, 5), b.tensor("w", 1, 1, *second)
    y = b.tensor("y", 1, 3, 6, 7)
    b.operator("BATCH_MATMUL", [x, w], [y], AdjY=turned)
    result = read(b.build([x, w], [y]), tmp_path)
    assert figures(result) == (0, 3 * 6 * 7 * 5, 0)
    assert [row.type for row in result.counted.rows] == ["matmul"]


def test_a_product_with_a_weight_is_linear(tmp_path: Path) -> None:
    result = one(tmp_path, "BATCH_MATMUL", (1, 6, 5), [(5, 7)], (1, 6, 7), AdjX=0)
    assert [row.type for row in result.counted.rows] == ["linear"]
    assert figures(result) == (5 * 7, 6 * 7 * 5, 0)


# Recurrent layers


def lstm(tmp_path: Path, kind: str, *, peepholes: bool = False, projection: int = 0) -> CountResult:
    steps, size, units = 7, 5, 3
    out = projection or units
    b = Builder()
    x = b.tensor("x", 1, steps, size) if kind != "LSTM" else b.tensor("x", 1, size)
    inputs = [x]
    inputs += [b.weight(f"in{i}", units, size) for i in range(4)]
    inputs += [b.weight(f"again{i}", units, out) for i in range(4)]
    inputs += [b.weight(f"peep{i}", units) if peepholes else -1 for i in range(3)]
    inputs += [b.weight(f"bias{i}", units) for i in range(4)]
    inputs += [b.weight("project", projection, units) if projection else -1, -1]
    inputs += [b.tensor("h", 1, out, is_state=True), b.tensor("c", 1, units, is_state=True)]
    y = b.tensor("y", 1, steps, out) if kind != "LSTM" else b.tensor("y", 1, out)
    b.operator(kind, inputs, [y], FusedActivationFunction=4, TimeMajor=0) if kind != "LSTM" else (
        b.operator(kind, inputs, [y], FusedActivationFunction=4)
    )
    return read(b.build([x], [y]), tmp_path)


def test_an_lstm_multiplies_every_matrix_once_a_step(tmp_path: Path) -> None:
    result = lstm(tmp_path, "UNIDIRECTIONAL_SEQUENCE_LSTM")
    matrices, biases = 4 * 3 * 5 + 4 * 3 * 3, 4 * 3
    gates = 9 * 3  # five functions, three products and a sum for each value of the state
    assert figures(result) == (matrices + biases, 7 * matrices, 7 * (biases + gates))
    assert result.counted.output == (7, 3)
    assert result.notes == (
        "6 values in 2 state tensors are kept from run to run, and are in no figure of memory",
    )


def test_peepholes_are_element_operations_and_projections_are_products(tmp_path: Path) -> None:
    result = lstm(tmp_path, "UNIDIRECTIONAL_SEQUENCE_LSTM", peepholes=True, projection=2)
    matrices, vectors = 4 * 3 * 5 + 4 * 3 * 2 + 2 * 3, 4 * 3 + 3 * 3
    assert figures(result) == (matrices + vectors, 7 * matrices, 7 * (vectors + 9 * 3))


def test_a_single_step_of_an_lstm(tmp_path: Path) -> None:
    result = lstm(tmp_path, "LSTM")
    matrices = 4 * 3 * 5 + 4 * 3 * 3
    assert figures(result) == (matrices + 4 * 3, matrices, 4 * 3 + 9 * 3)


def test_a_basic_lstm_has_one_matrix_for_all_gates(tmp_path: Path) -> None:
    b = Builder()
    x, before = b.tensor("x", 2, 5), b.tensor("before", 2, 3)
    weight, bias, state = b.weight("w", 4 * 3, 5 + 3), b.weight("b", 4 * 3), b.tensor("c", 2, 3)
    made = [b.tensor(n, 2, size) for n, size in (("y", 3), ("c2", 3), ("xy", 8), ("gates", 12))]
    b.operator("LSTM", [x, before, weight, bias, state], made, KernelType=1)
    read_back = subject(b.build([x, before, state], made[:2]), tmp_path)
    assert figures(count_subject(read_back)) == (12 * 8 + 12, 2 * 12 * 8, 2 * (12 + 9 * 3))
    assert read_back.graph.weight_bytes == (4 * (12 * 8 + 12), 0, 0, 0)
    assert read_back.graph.nodes[0].operation.channel_mixing((2, 5)) == 5  # not the 3 of before


def test_a_recurrent_layer_in_both_directions(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 7, 5), b.tensor("y", 1, 7, 3 + 2)
    inputs = [x]
    for name, units in (("fw", 3), ("bw", 2)):
        inputs += [b.weight(f"{name}w", units, 5), b.weight(f"{name}r", units, units)]
        inputs += [b.weight(f"{name}b", units), b.tensor(f"{name}h", 1, units, is_state=True)]
    b.operator("BIDIRECTIONAL_SEQUENCE_RNN", [*inputs, -1, -1, -1], [y], MergeOutputs=1)
    result = read(b.build([x], [y]), tmp_path)
    matrices = 3 * 5 + 3 * 3 + 2 * 5 + 2 * 2
    assert figures(result) == (matrices + 5, 7 * matrices, 7 * (5 + 3 + 2))
    assert result.counted.output == (7, 5)


def test_an_svdf_filters_features_then_time(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 40), b.tensor("y", 1, 8)
    features, time = b.weight("f", 16, 40), b.weight("t", 16, 9)
    state = b.tensor("state", 1, 16 * 9, is_state=True)
    b.operator(
        "SVDF", [x, features, time, b.weight("b", 8), state], [y],
        Rank=2, FusedActivationFunction=RELU,
    )  # fmt: skip
    result = read(b.build([x], [y]), tmp_path)
    assert figures(result) == (16 * 40 + 16 * 9 + 8, 16 * 40 + 16 * 9, 8 + 8)


def test_variables_are_states(tmp_path: Path) -> None:
    """A streaming layer keeps its last frames: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE."""
    b = Builder()
    x, y = b.tensor("x", 1, 1, 40), b.tensor("y", 1, 3, 40)
    handle, before = b.tensor("handle", type="INT32", rank_known=True), b.tensor("old", 1, 2, 40)
    kept = b.tensor("kept", 1, 2, 40)
    b.operator("VAR_HANDLE", [], [handle])
    b.operator("READ_VARIABLE", [handle], [before])
    b.operator("CONCATENATION", [before, x], [y], Axis=1)
    b.operator("SLICE", [y, b.sizes(0, 1, 0), b.sizes(-1, -1, -1)], [kept])
    b.operator("ASSIGN_VARIABLE", [handle, kept], [])
    result = read(b.build([x], [y]), tmp_path)
    assert (result.is_complete, figures(result)) == (True, (0, 0, 0))
    assert result.notes == (
        "80 values in 1 state tensor are kept from run to run, and are in no figure of memory",
    )


# Subgraphs


def loop(steps: int | None, *, given: bool = False, inner: str = "TANH") -> bytes:
    """A cell of a user's own over time: h = tanh(x[t] W + h R + b) for each of ``steps``.

    Converters write such cells as a WHILE. ``steps`` of None: as many as an input says;
    ``given``: the weights are handed to the loop, as tensors that it hands on.
    """
    size, units = 5, 3
    b = Builder()
    x, h0 = b.tensor("x", 7, size), b.tensor("h0", 1, units, stored=True)
    limit = b.tensor("n", type="INT32") if steps is None else b.sizes(steps, dims=())
    outer = [b.weight("w", units, size), b.weight("r", units, units)] if given else []
    start = b.sizes(0, dims=())
    inputs = [start, limit, x, h0, *outer]
    outputs = [b.tensor(f"out{i}", *d, type=t) for i, (d, t) in enumerate(
        [((), "INT32"), ((), "INT32"), ((7, size), "FLOAT32"), ((1, units), "FLOAT32")]
        + [((units, size), "FLOAT32"), ((units, units), "FLOAT32")] * given
    )]  # fmt: skip
    b.operator("WHILE", inputs, outputs, CondSubgraphIndex=1, BodySubgraphIndex=2)

    def arguments(graph: Builder) -> list[int]:
        parts = [graph.tensor("t", type="INT32", rank_known=True)]
        parts += [graph.tensor("n", type="INT32", rank_known=True)]
        parts += [graph.tensor("x", 7, size), graph.tensor("h", 1, units)]
        extra = [graph.tensor("w", units, size), graph.tensor("r", units, units)] if given else []
        return [*parts, *extra]

    cond = Builder("cond", within=b)
    t, n, *rest = arguments(cond)
    goes_on = cond.tensor("goes on", type="BOOL")
    cond.operator("LESS", [t, n], [goes_on])
    cond.ends = ([t, n, *rest], [goes_on])
    body = Builder("body", within=b)
    t, n, xs, h, *rest = arguments(body)
    later, row = body.tensor("t+1", type="INT32"), body.tensor("row", 1, size)
    body.operator("ADD", [t, body.sizes(1, dims=())], [later], PotScaleInt16=0)
    body.operator("GATHER", [xs, t], [row], Axis=0)
    w, r = rest if given else (body.weight("w", units, size), body.weight("r", units, units))
    a, c, d, e = (body.tensor(name, 1, units) for name in "acde")
    flat = body.tensor("flat", 1, size)
    body.operator("RESHAPE", [row, body.sizes(1, size)], [flat])
    body.operator("FULLY_CONNECTED", [flat, w, body.weight("b", units)], [a])
    body.operator("FULLY_CONNECTED", [h, r], [c])
    body.operator("ADD", [a, c], [d], PotScaleInt16=0)
    body.operator(inner, [d], [e], custom=inner == "MyCell")
    body.ends = ([t, n, xs, h, *rest], [later, n, xs, e, *rest])
    return b.build([x, limit] if steps is None else [x], [outputs[3]])


@pytest.mark.parametrize("given", [False, True])
def test_a_loop_that_counts_runs_its_body_so_often(tmp_path: Path, given: bool) -> None:
    made = subject(loop(7, given=given), tmp_path)
    result = count_subject(made)
    weights = 3 * 5 + 3 * 3
    each = 1 + 3 + 3 + 3  # the counter, the biases, the sum, the function
    conditions = 8  # once before each round, and once at the end
    assert [row.type for row in result.counted.rows] == ["WHILE"]
    assert figures(result) == (weights + 3, 7 * weights, 7 * each + conditions)
    assert made.graph.weight_bytes == (4 * (weights + 3),)
    assert result.notes == ()


def test_a_loop_whose_state_grows_is_unknown(tmp_path: Path) -> None:
    b = Builder()
    x, start, limit = b.tensor("x", 1, 4), b.sizes(0, dims=()), b.sizes(3, dims=())
    made = [b.tensor("t", type="INT32"), b.tensor("n", type="INT32"), b.tensor("y", 8, 4)]
    b.operator("WHILE", [start, limit, x], made, CondSubgraphIndex=1, BodySubgraphIndex=2)
    for name in ("cond", "body"):
        graph = Builder(name, within=b)
        t, n = graph.tensor("t", type="INT32"), graph.tensor("n", type="INT32")
        h = graph.tensor("h", 1, 4)
        if name == "cond":
            more = graph.tensor("more", type="BOOL")
            graph.operator("LESS", [t, n], [more])
            graph.ends = ([t, n, h], [more])
        else:
            later, twice = graph.tensor("t+1", type="INT32"), graph.tensor("twice", 2, 4)
            graph.operator("ADD", [t, graph.sizes(1, dims=())], [later], PotScaleInt16=0)
            graph.operator("CONCATENATION", [h, h], [twice], Axis=0)
            graph.ends = ([t, n, h], [later, n, twice])
    assert not read(b.build([x], made[2:]), tmp_path).is_complete


def test_a_loop_that_never_runs_costs_its_condition(tmp_path: Path) -> None:
    assert figures(read(loop(0), tmp_path)) == (3 * 5 + 3 * 3 + 3, 0, 1)


def test_a_loop_that_depends_on_data_is_unknown(tmp_path: Path) -> None:
    for model in (loop(None), loop(7, inner="MyCell"), loop(20_000)):
        result = read(model, tmp_path)
        assert [(row.type, row.kind) for row in result.counted.rows] == [("WHILE", "unknown")]
        assert result.notes == (
            "WHILE is not counted: how often its subgraph runs, or what that costs, is not known",
        )


@pytest.mark.parametrize(
    ("kind", "option"),
    [("CALL", "Subgraph"), ("STABLEHLO_COMPOSITE", "DecompositionSubgraphIndex")],
)
def test_a_subgraph_that_is_called_runs_once(tmp_path: Path, kind: str, option: str) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 6)
    called: dict[str, Any] = {option: 1}
    b.operator(kind, [x], [y], **called)
    inner = Builder("inner", within=b)
    u, v = inner.tensor("u", 1, 8, 8, 4), inner.tensor("v", 1, 8, 8, 6)
    weight = inner.weight("w", 6, 3, 3, 4)
    inner.operator("CONV_2D", [u, weight], [v], StrideH=1, StrideW=1)
    inner.ends = ([u], [v])
    result = read(b.build([x], [y]), tmp_path)
    assert figures(result) == (6 * 3 * 3 * 4, 8 * 8 * 6 * 3 * 3 * 4, 0)


def test_a_subgraph_that_calls_itself_is_unknown(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
    b.operator("CALL", [x], [y], Subgraph=1)
    inner = Builder("inner", within=b)
    u, v = inner.tensor("u", 1, 4), inner.tensor("v", 1, 4)
    inner.operator("CALL", [u], [v], Subgraph=1)
    inner.ends = ([u], [v])
    assert not read(b.build([x], [y]), tmp_path).is_complete


# Element operations


@pytest.mark.parametrize(
    ("kind", "type"), [("AVERAGE_POOL_2D", "avg_pool"), ("MAX_POOL_2D", "max_pool")]
)
def test_a_pool_visits_each_value_of_its_windows(tmp_path: Path, kind: str, type: str) -> None:
    result = one(
        tmp_path, kind, (1, 9, 8, 4), (), (1, 4, 2, 4),
        Padding=VALID, FilterHeight=3, FilterWidth=4, StrideH=2, StrideW=4,
    )  # fmt: skip
    assert figures(result) == (0, 0, 4 * 2 * 4 * 3 * 4)
    assert [row.type for row in result.counted.rows] == [type]


ELEMENTWISE = {
    **dict.fromkeys(("RELU", "LOGISTIC", "TANH", "HARD_SWISH", "SOFTMAX", "QUANTIZE"), 1),
    **dict.fromkeys(("ABS", "EXP", "RSQRT", "GELU"), 1),
    **dict.fromkeys(("L2_NORMALIZATION", "LOCAL_RESPONSE_NORMALIZATION"), 2),
}


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_element_operations_of_one_tensor(tmp_path: Path, kind: str) -> None:
    assert figures(one(tmp_path, kind)) == (0, 0, ELEMENTWISE[kind] * 8 * 8 * 4)


def test_two_tensors_are_combined_value_by_value(tmp_path: Path) -> None:
    b = Builder()
    x, gate, y = b.tensor("x", 1, 8, 8, 4), b.tensor("gate", 1, 1, 1, 4), b.tensor("y", 1, 8, 8, 4)
    b.operator("MUL", [x, gate], [y], FusedActivationFunction=RELU)
    result = read(b.build([x, gate], [y]), tmp_path)
    assert figures(result) == (0, 0, 8 * 8 * 4 * 2)
    assert [row.type for row in result.counted.rows] == ["mul"]


def test_several_tensors_are_added_one_by_one(tmp_path: Path) -> None:
    b = Builder()
    parts, y = [b.tensor(name, 1, 7) for name in "abc"], b.tensor("y", 1, 7)
    b.operator("ADD_N", parts, [y])
    assert figures(read(b.build(parts, [y]), tmp_path)) == (0, 0, 2 * 7)


def test_a_mean_visits_its_input(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 4)
    b.operator("MEAN", [x, b.sizes(1, 2)], [y], KeepDims=0)
    result = read(b.build([x], [y]), tmp_path)
    assert figures(result) == (0, 0, 8 * 8 * 4)
    assert result.counted.output == (4,)


def test_enlarging_costs_what_it_blends(tmp_path: Path) -> None:
    for kind, each in (("RESIZE_BILINEAR", 4), ("RESIZE_NEAREST_NEIGHBOR", 0)):
        b = Builder()
        x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 16, 12, 4)
        b.operator(kind, [x, b.sizes(16, 12)], [y])
        assert figures(read(b.build([x], [y]), tmp_path)) == (0, 0, each * 16 * 12 * 4)


def test_arithmetic_on_sizes_is_free_and_on_data_it_is_not(tmp_path: Path) -> None:
    b = Builder()
    x = b.tensor("x", 1, 6, type="INT32")
    shape, double = b.tensor("shape", 2, type="INT32"), b.tensor("double", 2, type="INT32")
    y = b.tensor("y", 1, 6, type="INT32")
    b.operator("SHAPE", [x], [shape])
    b.operator("ADD", [shape, shape], [double], PotScaleInt16=0)
    b.operator("ADD", [x, x], [y], PotScaleInt16=0)
    result = read(b.build([x], [y, double]), tmp_path)
    assert [row.kind for row in result.counted.rows] == ["free", "free", "elements"]
    assert result.element_ops == 6


# Parameters


def test_whole_constants_are_no_parameters(tmp_path: Path) -> None:
    b = Builder()
    x, y, z = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 256), b.tensor("z", 1, 258)
    b.operator("RESHAPE", [x, b.sizes(-1, 256)], [y])
    b.operator("PAD", [y, b.sizes(0, 0, 1, 1, dims=(2, 2))], [z])
    assert figures(read(b.build([x], [z]), tmp_path)) == (0, 0, 0)


def test_constants_of_arithmetic_count_where_they_look_learned(tmp_path: Path) -> None:
    """A factor for each channel does; a lone number and a list of whole numbers do not."""
    b = Builder()
    x = b.tensor("x", 1, 8, 8, 4)
    made = [b.tensor(f"y{i}", 1, 8, 8, 4) for i in range(4)]
    held = [
        b.weight("scale", 4),
        b.weight("lone", 1),
        b.weight("whole", 4, type="INT32"),
        b.weight("quantised", 4, type="INT8", scale=True),
    ]
    source = x
    for weight, y in zip(held, made, strict=True):
        source = b.operator("MUL", [source, weight], [y], FusedActivationFunction=0)
    result = read(b.build([x], [source]), tmp_path)
    assert result.params == 4 + 4
    assert result.notes == (
        "8 of the parameters are constants of ADD, MUL and the like; those that were not learned "
        "count too",
    )


def test_a_weight_that_is_moved_in_is_learned(tmp_path: Path) -> None:
    """A class token stands before the other tokens."""
    b = Builder()
    x, y = b.tensor("x", 1, 9, 16), b.tensor("y", 1, 10, 16)
    b.operator("CONCATENATION", [b.weight("token", 1, 1, 16), x], [y], Axis=1)
    assert figures(read(b.build([x], [y]), tmp_path)) == (16, 0, 0)


def test_folded_norms_are_told_from_the_names_that_a_converter_leaves(tmp_path: Path) -> None:
    """A convolution of its own bias keeps one of three numbers a channel, else one of two."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("a/BatchNorm;a/Conv2D", 1, 8, 8, 6)
    z = b.tensor("b/batch_normalization/Fused;b/BiasAdd;b/Conv2D", 1, 8, 8, 5)
    steps: dict[str, Any] = {"StrideH": 1, "StrideW": 1}
    b.operator("CONV_2D", [x, b.weight("w", 6, 1, 1, 4), b.weight("c", 6)], [y], **steps)
    b.operator("CONV_2D", [y, b.weight("v", 5, 1, 1, 6), b.weight("d", 5)], [z], **steps)
    assert read(b.build([x], [z]), tmp_path).notes == (
        "batch norms are folded into 2 convolutions: with norms of their own there are "
        f"{6 + 2 * 5} more parameters",
    )


def test_each_buffer_counts_once(tmp_path: Path) -> None:
    """A converter keeps equal values once: two layers of zero biases share them."""
    b = Builder()
    x, y, z = (b.tensor(name, 1, 4) for name in "xyz")
    bias = b.weight("bias", 4)
    other = b.tensor("other", 4, same_buffer_as=bias)
    b.operator("FULLY_CONNECTED", [x, b.weight("w", 4, 4), bias], [y])
    b.operator("FULLY_CONNECTED", [y, b.weight("v", 4, 4), other], [z])
    result = read(b.build([x], [z]), tmp_path)
    assert result.params == 2 * 4 * 4 + 4


def test_a_layer_whose_weights_came_before_is_named(tmp_path: Path) -> None:
    b = Builder()
    x, y, z = (b.tensor(name, 1, 4) for name in "xyz")
    weight = b.weight("w", 4, 4)
    b.operator("FULLY_CONNECTED", [x, weight], [y])
    b.operator("FULLY_CONNECTED", [y, weight], [z])
    result = read(b.build([x], [z]), tmp_path)
    assert figures(result) == (4 * 4, 2 * 4 * 4, 0)
    assert result.notes == ("weights counted at an earlier layer: z",)


def test_what_is_computed_from_weights_stands_for_them(tmp_path: Path) -> None:
    """Half-precision files widen each weight before its layer."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 6)
    narrow, wide = b.weight("n", 6, 3, 3, 4, type="FLOAT16"), b.tensor("w", 6, 3, 3, 4)
    b.operator("DEQUANTIZE", [narrow], [wide])
    b.operator("CONV_2D", [x, wide], [y], StrideH=1, StrideW=1)
    made = subject(b.build([x], [y]), tmp_path)
    assert [row.type for row in count_subject(made).counted.rows] == ["conv"]
    assert count_subject(made).params == 6 * 3 * 3 * 4
    assert made.graph.weight_bytes == (2 * 6 * 3 * 3 * 4,)


def test_a_table_is_learned_and_its_look_up_is_free(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 9, type="INT32"), b.tensor("y", 1, 9, 16)
    b.operator("GATHER", [b.weight("table", 100, 16), x], [y], Axis=0)
    result = read(b.build([x], [y]), tmp_path)
    assert figures(result) == (100 * 16, 0, 0)
    assert result.counted.output == (9, 16)


# Types


def test_the_graph_states_the_type_of_every_value(tmp_path: Path) -> None:
    """int8 maps and weights, int32 biases, a result in floating point."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4, type="INT8"), b.tensor("y", 1, 8, 8, 6, type="INT8")
    z = b.tensor("z", 1, 8, 8, 6)
    weight, bias = b.weight("w", 6, 3, 3, 4, type="INT8"), b.weight("b", 6, type="INT32")
    b.operator("CONV_2D", [x, weight, bias], [y], StrideH=1, StrideW=1)
    b.operator("DEQUANTIZE", [y], [z])
    graph = subject(b.build([x], [z]), tmp_path).graph
    assert graph.bits == (8, 8, 32)
    assert graph.weight_bits == (8, 32)
    assert graph.weight_bytes == (6 * 3 * 3 * 4 + 4 * 6, 0)


def test_weights_of_four_bits_are_packed(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 5), b.tensor("y", 1, 3)
    packed = b.weight("w", 8, type="INT8")  # 3 * 5 values in 8 bytes
    weight = b.tensor("w4", 3, 5, type="INT4", same_buffer_as=packed)
    b.operator("FULLY_CONNECTED", [x, weight], [y])
    made = subject(b.build([x], [y]), tmp_path)
    assert count_subject(made).params == 3 * 5
    assert (made.graph.weight_bits, made.graph.weight_bytes) == ((4,), (8,))


def test_sparse_weights_count_all_values_and_the_bytes_that_are_stored(tmp_path: Path) -> None:
    b = Builder()
    x, y, dense = b.tensor("x", 1, 8), b.tensor("y", 1, 4), b.tensor("dense", 4, 8)
    kept = b.weight("kept", 6, type="INT8")  # the values that are not zero
    sparse = b.tensor("w", 4, 8, type="INT8", same_buffer_as=kept, is_sparse=True, scale=True)
    b.operator("DENSIFY", [sparse], [dense])
    b.operator("FULLY_CONNECTED", [x, dense], [y])
    made = subject(b.build([x], [y]), tmp_path)
    assert figures(count_subject(made)) == (4 * 8, 4 * 8, 0)
    assert made.graph.weight_bytes == (6,)


def test_a_type_without_a_size_leaves_the_types_unstated(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4, type="STRING")
    b.operator("CAST", [x], [y])
    assert subject(b.build([x], [y]), tmp_path).graph.bits is None


def test_only_reshapes_name_the_same_values(tmp_path: Path) -> None:
    b = Builder()
    x, y, z = b.tensor("x", 1, 2, 6), b.tensor("y", 1, 12), b.tensor("z", 12, 1)
    b.operator("RESHAPE", [x, b.sizes(1, 12)], [y])
    b.operator("TRANSPOSE", [y, b.sizes(1, 0)], [z])
    nodes = subject(b.build([x], [z]), tmp_path).graph.nodes
    assert [node.operation.renames for node in nodes] == [True, False]


# The vocabulary


def test_every_operator_of_the_schema_is_known_or_has_a_reason() -> None:
    names = {name for name in vars(tflite.BuiltinOperator) if not name.startswith("_")}
    assert names - {"CUSTOM"} == {*VOCABULARY, *NOT_KNOWN}
    assert not {*VOCABULARY} & {*NOT_KNOWN}


def test_the_page_names_what_is_not_known_and_why() -> None:
    text = (PACKAGE_HOME / "docs" / "tflite.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    named = {
        name.strip("` "): reason.strip()
        for _, names, reason, _ in (line.split("|") for line in lines if line.count("|") == 3)
        for name in names.split(",")
    }
    assert named == NOT_KNOWN


@pytest.mark.parametrize("kind", NOT_KNOWN)
def test_what_is_not_known_is_a_row_with_its_reason(tmp_path: Path, kind: str) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 4)
    b.operator(kind, [x, b.sizes(4, dims=())], [y])
    result = read(b.build([x], [y]), tmp_path)
    assert [(row.type, row.kind) for row in result.counted.rows] == [(kind, "unknown")]
    assert result.notes == (f"{kind} is not counted: {NOT_KNOWN[kind]}",)


def custom(name: str = "MyOp", dims: Sequence[int] = (1, 8, 8, 6)) -> bytes:
    """A convolution, a custom operator, and another convolution."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 6)
    made, z = b.tensor("made", *dims), b.tensor("z", 1, 8, 8, 2)
    b.operator("CONV_2D", [x, b.weight("w", 6, 1, 1, 4)], [y], StrideH=1, StrideW=1)
    b.operator(name, [y], [made], custom=True)
    b.operator("CONV_2D", [made, b.weight("v", 2, 1, 1, 6)], [z], StrideH=1, StrideW=1)
    return b.build([x], [z])


def test_a_custom_operator_is_unknown_under_its_own_name(tmp_path: Path) -> None:
    result = read(custom(), tmp_path)
    assert [row.type for row in result.counted.uncounted] == ["MyOp"]
    assert result.macs == 8 * 8 * 6 * 4 + 8 * 8 * 2 * 6
    assert result.notes == ("MyOp is not counted: it is a custom operator",)


def test_a_custom_operator_cannot_pass_for_a_builtin_one(tmp_path: Path) -> None:
    result = read(custom("CONV_2D"), tmp_path)
    assert [row.type for row in result.counted.uncounted] == ["custom::CONV_2D"]
    result = read(custom("conv"), tmp_path)
    assert [row.type for row in result.counted.uncounted] == ["custom::conv"]


def test_the_cost_of_a_custom_operator_can_be_given(tmp_path: Path) -> None:
    costs = {"MyOp": compile_expression("2*out + input")}
    result = read(custom(), tmp_path, costs=costs)
    assert result.is_complete
    assert result.macs == 8 * 8 * 6 * 4 + 8 * 8 * 2 * 6 + 3 * 8 * 8 * 6


def test_what_stands_after_an_unknown_size_is_unknown(tmp_path: Path) -> None:
    b = Builder()
    x, found = b.tensor("x", 1, 9), b.tensor("found", 1, 2, type="INT64", signature=(-1, 2))
    wide, y = b.tensor("wide", 1, 2, signature=(-1, 2)), b.tensor("y", 1, 3, signature=(-1, 3))
    b.operator("WHERE", [x], [found])
    b.operator("CAST", [found], [wide])
    b.operator("FULLY_CONNECTED", [wide, b.weight("w", 3, 2)], [y])
    result = read(b.build([x], [y]), tmp_path)
    assert [row.kind for row in result.counted.rows] == ["unknown", "free", "unknown"]


# Real networks


def live_bytes(made: Subject) -> int:
    """The most bytes that are alive at one operator: what it reads, makes, and later ones need."""
    graph, bits = made.graph, made.graph.bits or ()
    first = len(graph.inputs)
    last = dict.fromkeys(graph.outputs, len(graph.nodes))
    for at, node in enumerate(graph.nodes):
        last.update({tensor: max(at, last.get(tensor, 0)) for tensor in node.inputs})
    sums = [
        sum(prod(graph.shape(t)) * bits[t] // 8 for t in last if t - first <= at <= last[t])
        for at in range(len(graph.nodes))
    ]
    return max(sums)


def mobilenet(width: int, size: int, classes: int, colours: int) -> tuple[Builder, int, int]:
    """MobileNetV1 with int8 maps, ``width`` channels after the first layer (Howard et al. 2017,
    table 1), as converters write it: biases and activations fused.
    """
    b = Builder()
    source = start = b.tensor("x", 1, size, size, colours, type="INT8")
    channels = colours

    def layer(kind: str, out: int, stride: int, weight: Sequence[int]) -> int:
        y = b.tensor("y", 1, size, size, out, type="INT8")
        held = [b.weight("w", *weight, type="INT8"), b.weight("b", out, type="INT32")]
        options: dict[str, Any] = {"StrideH": stride, "StrideW": stride}
        options["FusedActivationFunction"] = RELU6
        return b.operator(kind, [source, *held], [y], **options)

    size = -(-size // 2)
    source, channels = layer("CONV_2D", width, 2, (width, 3, 3, colours)), width
    for stride, times in [
        (1, 2),
        (2, 2),
        (1, 1),
        (2, 2),
        (1, 1),
        (2, 2),
        *[(1, 1)] * 5,
        (2, 2),
        (1, 1),
    ]:
        size = -(-size // stride)
        source = layer("DEPTHWISE_CONV_2D", channels, stride, (1, 3, 3, channels))
        out = channels * times
        source = layer("CONV_2D", out, 1, (out, 1, 1, channels))
        channels = out
    pooled = b.tensor("pooled", 1, 1, 1, channels, type="INT8")
    b.operator(
        "AVERAGE_POOL_2D", [source], [pooled],
        Padding=VALID, FilterHeight=size, FilterWidth=size, StrideH=size, StrideW=size,
    )  # fmt: skip
    flat, y = b.tensor("flat", 1, channels, type="INT8"), b.tensor("y", 1, classes, type="INT8")
    scores = b.tensor("scores", 1, classes, type="INT8")
    b.operator("RESHAPE", [pooled, b.sizes(-1, channels)], [flat])
    held = [b.weight("w", classes, channels, type="INT8"), b.weight("b", classes, type="INT32")]
    b.operator("FULLY_CONNECTED", [flat, *held], [y])
    b.operator("SOFTMAX", [y], [scores])
    return b, start, scores


def autoencoder() -> tuple[Builder, int, int]:
    """The anomaly detector of MLPerf Tiny: ten fully connected layers."""
    b = Builder()
    source = start = b.tensor("x", 1, 640, type="INT8")
    before = 640
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128, 640):
        y = b.tensor("y", 1, units, type="INT8")
        held = [b.weight("w", units, before, type="INT8"), b.weight("b", units, type="INT32")]
        source = b.operator("FULLY_CONNECTED", [source, *held], [y], FusedActivationFunction=RELU)
        before = units
    return b, start, source


REBUILT = {
    "vww mobilenet_v1 0.25@96 int8": lambda: mobilenet(8, 96, 2, 3),
    "ad fc-autoencoder int8": autoencoder,
}


@pytest.mark.parametrize("name", REBUILT)
def test_a_network_has_the_figures_of_the_real_file(tmp_path: Path, name: str) -> None:
    fact = FACTS[name]
    b, start, end = REBUILT[name]()
    made = subject(b.build([start], [end]), tmp_path)
    result = count_subject(made)
    assert (result.macs, result.params) == (fact["macs"], fact["params"])
    assert len(result.counted.rows) == fact["operators"]
    assert live_bytes(made) == fact["peak_live_bytes"]
    assert sum(made.graph.weight_bytes or ()) == fact["weights"] + 4 * fact["biases"]


def test_the_types_of_an_int8_network_give_its_memory(tmp_path: Path) -> None:
    """The keyword spotter of MLPerf Tiny, layer by layer; figures are those of the real file."""
    fact = FACTS["kws ds-cnn int8"]
    b = Builder()
    source = start = b.tensor("x", 1, 49, 10, 1, type="INT8")

    def layer(kind: str, made: Sequence[int], weight: Sequence[int], **options: Any) -> int:
        y = b.tensor(f"{kind}{len(b._tensors)}", *made, type="INT8")
        held = [b.weight("w", *weight, type="INT8"), b.weight("b", made[-1], type="INT32")]
        return b.operator(kind, [source, *held], [y], FusedActivationFunction=RELU, **options)

    steps = {"StrideH": 1, "StrideW": 1}
    source = layer("CONV_2D", (1, 25, 5, 64), (64, 10, 4, 1), StrideH=2, StrideW=2)
    for _ in range(4):
        source = layer("DEPTHWISE_CONV_2D", (1, 25, 5, 64), (1, 3, 3, 64), **steps)
        source = layer("CONV_2D", (1, 25, 5, 64), (64, 1, 1, 64), **steps)
    pooled, flat = b.tensor("p", 1, 1, 1, 64, type="INT8"), b.tensor("f", 1, 64, type="INT8")
    b.operator(
        "AVERAGE_POOL_2D", [source], [pooled],
        Padding=VALID, FilterHeight=25, FilterWidth=5, StrideH=25, StrideW=5,
    )  # fmt: skip
    b.operator("RESHAPE", [pooled, b.sizes(-1, 64)], [flat])
    source = flat
    logits = b.tensor("logits", 1, 12, type="INT8")
    held = [b.weight("w", 12, 64, type="INT8"), b.weight("b", 12, type="INT32")]
    b.operator("FULLY_CONNECTED", [flat, *held], [logits])
    result_tensor = b.tensor("y", 1, 12, type="INT8")
    b.operator("SOFTMAX", [logits], [result_tensor])
    made = subject(b.build([start], [result_tensor]), tmp_path)
    result = count_subject(made)
    assert (result.macs, result.params) == (fact["macs"], fact["params"])
    assert len(result.counted.rows) == fact["operators"]
    assert set(made.graph.bits or ()) == {8}
    assert live_bytes(made) == fact["peak_live_bytes"]
    assert sum(made.graph.weight_bytes or ()) == fact["weights"] + 4 * fact["biases"]


# Sizes and samples


def network(
    first: int = 1,
    size: int = 8,
    *,
    signature: Sequence[int] | None = None,
    flat: Sequence[int] = (-1, 6),
    kind: str = "MEAN",
) -> bytes:
    """A convolution with padding, a mean over positions, a fully connected layer."""
    b = Builder()
    x = b.tensor("image", first, size, size, 4, signature=signature)
    y, pooled = b.tensor("conv", first, size, size, 6), b.tensor("pooled", first, 1, 1, 6)
    held, z = b.tensor("flat", first, 6), b.tensor("logits", first, 3)
    b.operator("CONV_2D", [x, b.weight("w", 6, 3, 3, 4)], [y], StrideH=1, StrideW=1)
    if kind == "MEAN":
        b.operator("MEAN", [y, b.sizes(1, 2)], [pooled], KeepDims=1)
    else:
        b.operator(kind, [y], [pooled], Padding=VALID, FilterHeight=8, FilterWidth=8, StrideH=1,
                   StrideW=1)  # fmt: skip
    b.operator("RESHAPE", [pooled, b.sizes(*flat)], [held])
    b.operator("FULLY_CONNECTED", [held, b.weight("v", 3, 6)], [z])
    return b.build([x], [z])


def macs(samples: int, size: int) -> int:
    return samples * (size * size * 6 * 3 * 3 * 4 + 6 * 3)


def test_a_file_is_counted_for_the_samples_that_it_is_written_for(tmp_path: Path) -> None:
    result = read(network(5), tmp_path)
    assert (result.counted.batch, result.macs) == (5, macs(5, 8))
    assert result.counted.input == (8, 8, 4)


@pytest.mark.parametrize("own", [1, 2])
def test_work_is_linear_in_the_batch(tmp_path: Path, own: int) -> None:
    result = read(network(own, flat=(own, 6)), tmp_path, batch=6)
    assert (result.counted.batch, result.macs, result.params) == (
        6,
        macs(6, 8),
        6 * 3 * 3 * 4 + 3 * 6,
    )
    assert result.element_ops == 6 * 8 * 8 * 6


def test_an_open_first_axis_is_one_sample(tmp_path: Path) -> None:
    result = read(network(signature=(-1, 8, 8, 4)), tmp_path)
    assert (result.counted.batch, result.macs, result.notes) == (1, macs(1, 8), ())


def test_other_sizes_are_worked_out_anew(tmp_path: Path) -> None:
    for given in ({"": (12, 12, 4)}, {"image": (12, 12, 4)}):
        result = read(network(), tmp_path, inputs=given)
        assert (result.macs, result.counted.input, result.notes) == (macs(1, 12), (12, 12, 4), ())


CUTS: dict[str, tuple[Any, Any, Any, dict[str, Any], list[slice]]] = {
    "a range": ((1, 2), (3, 9), (1, 3), {}, [slice(1, 3), slice(2, 9, 3)]),
    "from the end": ((-3, 9), (-1, 0), (1, -2), {}, [slice(-3, -1), slice(9, 0, -2)]),
    "no bounds": ((2, 2), (1, 1), (1, -1), {"BeginMask": 3, "EndMask": 3}, [slice(None)] * 2),
    "one index": ((2, 1), (3, 5), (1, 1), {"ShrinkAxisMask": 1}, [slice(1, 5)]),
    "lengths": ((1, 2), (3, 4), (1, 1), {"Offset": 1}, [slice(1, 4), slice(2, 6)]),
}


@pytest.mark.parametrize("case", CUTS)
def test_a_strided_slice_keeps_what_a_slice_of_python_keeps(tmp_path: Path, case: str) -> None:
    begin, end, stride, masks, slices = CUTS[case]
    b = Builder()
    x, y = b.tensor("x", 5, 10), b.tensor("y", 1)
    b.operator("STRIDED_SLICE", [x, b.sizes(*begin), b.sizes(*end), b.sizes(*stride)], [y], **masks)
    sizes = (5, 10)[-len(slices) :]
    expected = tuple(len(range(n)[cut]) for n, cut in zip(sizes, slices, strict=True))
    assert read(b.build([x], [y]), tmp_path).counted.output == expected


def test_a_strided_slice_knows_dots_and_new_axes(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 2, 5, 6, 10), b.tensor("y", 1)
    bounds = [b.sizes(0, 0, 3), b.sizes(0, 0, 7), b.sizes(1, 1, 2)]
    b.operator("STRIDED_SLICE", [x, *bounds], [y], EllipsisMask=1, NewAxisMask=2)
    made = read(b.build([x], [y]), tmp_path).counted.output
    assert made == (2, 5, 6, 1, len(range(3, 7, 2)))  # x[..., None, 3:7:2]


ARITHMETIC = {
    "ADD": 7 + 2,
    "SUB": 7 - 2,
    "MUL": 7 * 2,
    "FLOOR_DIV": 7 // 2,
    "FLOOR_MOD": 7 % 2,
    "DIV": 3,
    "MAXIMUM": 7,
    "MINIMUM": 2,
}


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_sizes_are_computed_as_a_file_computes_them(tmp_path: Path, kind: str) -> None:
    b = Builder()
    x, shape = b.tensor("x", 1, 7, 4), b.tensor("s", 3, type="INT32")
    one_size, made = b.tensor("7", type="INT32"), b.tensor("size", type="INT32")
    y = b.tensor("y", 1, signature=(-1,))
    b.operator("SHAPE", [x], [shape])
    cut = [b.sizes(1), b.sizes(2), b.sizes(1)]
    b.operator("STRIDED_SLICE", [shape, *cut], [one_size], ShrinkAxisMask=1)
    b.operator(kind, [one_size, b.sizes(2, dims=())], [made])
    packed = b.tensor("packed", 1, type="INT32")
    b.operator("PACK", [made], [packed], ValuesCount=1, Axis=0)
    b.operator("FILL", [packed, b.weight("zero")], [y])
    assert read(b.build([x], [y, shape]), tmp_path).counted.output == (ARITHMETIC[kind],)


def test_division_of_whole_numbers_rounds_towards_zero(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 24), b.tensor("y", 3, 8)
    less, more, size = (b.tensor(n, 1, type="INT32") for n in ("-3", "3", "size"))
    b.operator("DIV", [b.sizes(-7), b.sizes(2)], [less])
    b.operator("MUL", [less, b.sizes(-1)], [more])
    b.operator("CONCATENATION", [more, b.sizes(8)], [size], Axis=0)
    b.operator("RESHAPE", [x, size], [y])
    assert read(b.build([x], [y]), tmp_path).counted.output == (3, 8)


def test_a_shape_with_all_axes_gives_the_samples_too(tmp_path: Path) -> None:
    result = read(network(), tmp_path, inputs={"": (3, 12, 12, 4)})
    assert (result.counted.batch, result.macs) == (3, macs(3, 12))


def test_what_runs_overrules_what_the_file_states(tmp_path: Path) -> None:
    """An interpreter works sizes out anew; a stale one in the file is not what it does."""
    b = Builder()
    x, y, z = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 1, 1, 4), b.tensor("z", 1, 8, 8, 4)
    b.operator("RELU", [x], [y])
    b.operator("RELU", [y], [z])
    result = read(b.build([x], [z]), tmp_path)
    assert result.element_ops == 2 * 8 * 8 * 4
    assert result.notes == (
        "the file states other sizes for 1 tensor than follow from the inputs, which are counted",
    )


def test_a_second_signature_is_named(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
    b.operator("RELU", [x], [y])
    for name in ("train", "restore"):
        other = Builder(name, within=b)
        u, v = other.tensor("u", 1, 4), other.tensor("v", 1, 4)
        other.operator("RELU", [u], [v])
        other.ends = ([u], [v])
    result = read(b.build([x], [y]), tmp_path)
    assert figures(result) == (0, 0, 4)
    assert result.notes == ("subgraphs that are not counted: train, restore",)


def test_old_files_have_one_byte_for_an_operator(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
    b.operator("LOGISTIC", [x], [y])
    assert figures(read(b.build([x], [y], old_codes=True), tmp_path)) == (0, 0, 4)


def test_an_operator_is_called_after_what_it_makes(tmp_path: Path) -> None:
    """A converter joins the names of what it fused; the first one stays, and is used once."""
    b = Builder()
    x, y, z = b.tensor("x", 1, 4), b.tensor("net/Relu;net/add", 1, 4), b.tensor("", 1, 4)
    w = b.tensor("net/Relu;net/mul", 1, 4)
    b.operator("RELU", [x], [y])
    b.operator("TANH", [y], [z])
    b.operator("RELU", [z], [w])
    rows = read(b.build([x], [w]), tmp_path).counted.rows
    assert [row.name for row in rows] == ["net/Relu", "TANH_1", "net/Relu_2"]


def test_further_outputs_are_rows_of_their_own(tmp_path: Path) -> None:
    """Also those that nothing reads: an interpreter gives them memory all the same."""
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 6), b.tensor("y", 1, 8, 8, 2)
    parts = [b.tensor(f"part{i}", 1, 8, 8, 2) for i in range(3)]
    b.operator("SPLIT", [b.sizes(3, dims=()), x], parts, NumSplits=3)
    b.operator("ADD", [parts[0], parts[2]], [y], PotScaleInt16=0)
    rows = read(b.build([x], [y]), tmp_path).counted.rows
    assert [(row.name, row.type, row.node.output) for row in rows] == [
        ("part0", "SPLIT", (8, 8, 2)),
        ("part0.1", "SPLIT", (8, 8, 2)),
        ("part0.2", "SPLIT", (8, 8, 2)),
        ("y", "add", (8, 8, 2)),
    ]


# Bad files


def refused(model: bytes, tmp_path: Path, **options: Any) -> list[str]:
    """The lines of the error, with the folder left out."""
    with pytest.raises(ConvcostError) as caught:
        subject(model, tmp_path, **options)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def test_what_is_no_tflite_file_says_so(tmp_path: Path) -> None:
    assert refused(b"", tmp_path) == ["the file is empty", "  model.tflite"]
    assert refused(b"version https://git-lfs.github.com/spec/v1", tmp_path) == [
        "not a TFLite model",
        "  model.tflite",
        "  it is a pointer of Git LFS: git lfs pull brings the file",
    ]
    assert refused(b"\x08\x07\x12\x05onnx!", tmp_path) == [
        "not a TFLite model",
        "  model.tflite",
        "  a .tflite file has the letters TFL3 at its fifth byte",
    ]


def test_every_truncation_is_one_error(tmp_path: Path) -> None:
    model = network()
    for length in range(8, len(model), 7):
        lines = refused(model[:length], tmp_path)
        assert lines[0] == "not a TFLite model, or a truncated one"


def test_damaged_files_are_errors_or_counts_and_never_anything_else(tmp_path: Path) -> None:
    model, random = network(), Random(11)
    for _ in range(300):
        damaged = bytearray(model)
        for _ in range(random.choice((1, 2, 8))):
            damaged[random.randrange(8, len(damaged))] = random.choice((0, 1, 127, 128, 255))
        with contextlib.suppress(ConvcostError):
            read(bytes(damaged), tmp_path)


def test_another_version_of_the_schema_is_refused(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
    b.operator("RELU", [x], [y])
    assert refused(b.build([x], [y], version=4), tmp_path) == [
        "the model has version 4 of the TFLite schema",
        "  model.tflite",
        "  version 3 is known",
    ]


def test_sizes_that_a_graph_does_not_allow_are_an_error(tmp_path: Path) -> None:
    assert refused(network(flat=(1, 6)), tmp_path, inputs={"": (2, 12, 12, 4)}) == [
        "flat: RESHAPE does not fit what it reads (2x1x1x6, 2)",
        "  model.tflite",
        "  the file is broken, or its sizes do not go with the input that was given",
    ]
    assert refused(network(kind="AVERAGE_POOL_2D"), tmp_path, inputs={"": (6, 6, 4)})[0] == (
        "pooled: AVERAGE_POOL_2D does not fit what it reads (1x6x6x6)"
    )


def test_free_sizes_have_to_be_given(tmp_path: Path) -> None:
    model = network(size=1, signature=(-1, -1, -1, 4))
    assert refused(model, tmp_path) == [
        "the input image has free dimensions: 1, 2",
        "  model.tflite",
        "  give its shape, channels last and without batch: --input image=224x224x3",
    ]
    assert read(model, tmp_path, inputs={"": (10, 10, 4)}).macs == macs(1, 10)


def test_an_input_of_one_axis_takes_one_number(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("samples", 1, signature=(-1,)), b.tensor("y", 1, signature=(-1,))
    b.operator("ABS", [x], [y])
    model = b.build([x], [y])
    assert refused(model, tmp_path) == [
        "the input samples has free dimensions: 0",
        "  model.tflite",
        "  give its shape, channels last and without batch: --input samples=128",
    ]
    assert read(model, tmp_path, inputs={"": (16000,)}).element_ops == 16000


def test_an_input_of_another_name_or_rank_is_an_error(tmp_path: Path) -> None:
    assert refused(network(), tmp_path, inputs={"imgae": (8, 8, 4)}) == [
        "the model has no input imgae",
        "  model.tflite",
        "  did you mean image?",
    ]
    assert refused(network(), tmp_path, inputs={"": (8, 4)}) == [
        "the input image has 4 dimensions, 8x4 gives 3 with the batch",
        "  model.tflite",
    ]


def test_a_batch_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    """The first axis of what goes in is not that of what comes out: 49 frames, or one image?"""
    b = Builder()
    x, y = b.tensor("frames", 49, 40), b.tensor("y", 40)
    b.operator("SUM", [x, b.sizes(0)], [y], KeepDims=0)
    model = b.build([x], [y])
    assert read(model, tmp_path).element_ops == 49 * 40
    assert refused(model, tmp_path, batch=2) == [
        "which axis holds the batch cannot be told: the inputs and outputs do not agree in the "
        "first one",
        "  model.tflite",
        "  without --batch it is counted as written: 49x40 -> 40",
    ]


def test_work_that_does_not_grow_with_the_batch_is_refused_where_it_shows(tmp_path: Path) -> None:
    """The sum over two samples has one set of values, however many samples there are."""
    b = Builder()
    x, total, e, y = (b.tensor(n, d, 3) for n, d in (("x", 2), ("t", 1), ("e", 1), ("y", 2)))
    b.operator("SUM", [x, b.sizes(0)], [total], KeepDims=1)
    b.operator("EXP", [total], [e])
    b.operator("ADD", [x, e], [y], PotScaleInt16=0)
    assert refused(b.build([x], [y]), tmp_path, batch=3) == [
        "e cannot be counted for a batch of 3",
        "  the file is written for a batch of 2",
    ]


def test_a_graph_out_of_order_is_an_error(tmp_path: Path) -> None:
    b = Builder()
    x, y, z = (b.tensor(name, 1, 4) for name in "xyz")
    b.operator("RELU", [y], [z])
    b.operator("TANH", [x], [y])
    assert refused(b.build([x], [z]), tmp_path) == [
        "z reads y before it is made",
        "  model.tflite",
        "  the graph is not in order, or has a cycle",
    ]


def test_what_nothing_makes_cannot_be_read(tmp_path: Path) -> None:
    b = Builder()
    x, lost, y = (b.tensor(name, 1, 4) for name in ("x", "lost", "y"))
    b.operator("ADD", [x, lost], [y], PotScaleInt16=0)
    assert refused(b.build([x], [y]), tmp_path) == [
        "y reads lost, which nothing makes",
        "  model.tflite",
        "  its values may be kept outside of the file",
    ]


def test_a_weight_has_the_bytes_of_its_sizes(tmp_path: Path) -> None:
    b = Builder()
    x, y, few = b.tensor("x", 1, 4), b.tensor("y", 1, 3), b.weight("few", 10)
    weight = b.tensor("w", 3, 4, same_buffer_as=few)
    b.operator("FULLY_CONNECTED", [x, weight], [y])
    assert refused(b.build([x], [y]), tmp_path) == [
        f"w has {4 * 10} bytes for {4 * 3 * 4}",
        "  model.tflite",
        "  the file is broken",
    ]


def test_options_of_another_operator_are_an_error(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 4)
    b.operator("MAX_POOL_2D", [x], [y], table="SoftmaxOptions", Beta=1)
    assert refused(b.build([x], [y]), tmp_path) == [
        "the options of MAX_POOL_2D cannot be read",
        "  model.tflite",
        "  the file is broken",
    ]


def test_an_output_that_depends_on_no_input_is_an_error(tmp_path: Path) -> None:
    b = Builder()
    x, y, lone = b.tensor("x", 1, 4), b.tensor("y", 1, 4), b.weight("lone", 1, 4)
    b.operator("RELU", [x], [y])
    assert refused(b.build([x], [lone]), tmp_path) == [
        "no output depends on an input",
        "  model.tflite",
    ]


def test_a_convolution_that_does_not_fit_its_input_is_an_error(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 5), b.tensor("y", 1, 8, 8, 6)
    b.operator("CONV_2D", [x, b.weight("w", 6, 3, 3, 4)], [y], StrideH=1, StrideW=1)
    assert refused(b.build([x], [y]), tmp_path) == [
        "y: CONV_2D does not fit what it reads (1x8x8x5, 6x3x3x4)",
        "  model.tflite",
        "  the file is broken, or its sizes do not go with the input that was given",
    ]
