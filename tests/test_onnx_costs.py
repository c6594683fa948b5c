"""Costs of the rarer ONNX operations: masks, biases and pasts of attention, models of tables, and
the learned numbers of what stays closed. Products stand where numbers come from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper
from onnx_models import (
    FLOAT,
    INT8,
    figures,
    lone,
    microsoft,
    model,
    node,
    numbers,
    one,
    raw,
    read,
    refused,
    trained,
    unknown,
    value,
    weight,
)

from convcost.results import CountResult
from convcost.sources.layout import has_channels_last

B, S, L, HEADS, SIZE = 2, 5, 7, 4, 8
D = HEADS * SIZE
SCORES = B * HEADS * S * L


def counted(tmp_path: Path, made: Any, dims: Any, inputs: Any = (), weights: Any = ()) -> Any:
    return read(model([made], weights, dims, inputs=inputs), tmp_path)


# Attention of projected tensors


def many(tmp_path: Path, reads: str, inputs: Any, weights: Any = (), dims: Any = (B, S, D)) -> Any:
    made = microsoft("MultiHeadAttention", reads, "y", num_heads=HEADS)
    return figures(counted(tmp_path, made, dims, inputs, weights))


K, V = value("k", (B, L, D)), value("v", (B, L, 2 * D))


def test_every_score_is_scaled_and_goes_through_a_softmax(tmp_path: Path) -> None:
    assert many(tmp_path, "x k v", [K, V]) == (0, SCORES * (SIZE + 2 * SIZE), 2 * SCORES)


def test_a_bias_is_added_to_every_query(tmp_path: Path) -> None:
    width = D + D + 2 * D
    made = many(tmp_path, "x k v b", [K, V], [trained("b", width)])
    assert made == (width, SCORES * 3 * SIZE, 2 * SCORES + B * S * width)


@pytest.mark.parametrize(
    ("reads", "extra"), [("x k v - m", 1), ("x k v - - p", 1), ("x k v - m p", 2)]
)
def test_a_mask_and_a_position_are_added_to_every_score(
    tmp_path: Path, reads: str, extra: int
) -> None:
    inputs = [K, V]
    inputs += [value("m", (B, S, L))] * ("m" in reads)
    inputs += [value("p", (1, HEADS, S, L))] * ("p" in reads)
    assert many(tmp_path, reads, inputs) == (0, SCORES * 3 * SIZE, (2 + extra) * SCORES)


def test_keys_of_the_past_are_scored_too(tmp_path: Path) -> None:
    past = [value("pk", (B, HEADS, 3, SIZE)), value("pv", (B, HEADS, 3, 2 * SIZE))]
    scores = B * HEADS * S * (L + 3)
    assert many(tmp_path, "x k v - - - pk pv", [K, V, *past]) == (0, scores * 3 * SIZE, 2 * scores)


def test_packed_keys_and_values(tmp_path: Path) -> None:
    inputs = [value("kv", (B, L, HEADS, 2, SIZE))]
    assert many(tmp_path, "x kv", inputs) == (0, SCORES * 2 * SIZE, 2 * SCORES)


def test_packed_queries_keys_and_values(tmp_path: Path) -> None:
    scores = B * HEADS * S * S
    made = many(tmp_path, "x", (), dims=(B, S, HEADS, 3, SIZE))
    assert made == (0, scores * 2 * SIZE, 2 * scores)


def test_keys_and_values_by_head(tmp_path: Path) -> None:
    inputs = [value("k", (B, HEADS, L, SIZE)), value("v", (B, HEADS, L, 3))]
    assert many(tmp_path, "x k v", inputs) == (0, SCORES * (SIZE + 3), 2 * SCORES)


def test_rotary_positions_are_three_operations_for_each_value_of_queries_and_keys(
    tmp_path: Path,
) -> None:
    """4 heads of queries and 2 of keys, each of 8: two products and a sum."""
    made = microsoft(
        "GroupQueryAttention", "x k v - - - - c s", "y", num_heads=4, kv_num_heads=2, do_rotary=1
    )
    inputs = [value("k", (B, S, 16)), value("v", (B, S, 16))]
    tables = [trained("c", 5, 4), trained("s", 5, 4)]
    scores = B * 4 * S * S
    result = counted(tmp_path, made, (B, S, D), inputs, tables)
    assert result.macs == scores * 2 * SIZE
    assert result.element_ops == 2 * scores + 3 * B * S * (4 + 2) * SIZE


# Attention with its projection inside


def projected(tmp_path: Path, kind: str, reads: str, *more: Any, **attributes: Any) -> CountResult:
    made = microsoft(kind, reads, "y", num_heads=HEADS, **attributes)
    found: CountResult = counted(tmp_path, made, (B, S, D), *more)
    return found


def test_a_projection_without_a_bias(tmp_path: Path) -> None:
    scores = B * HEADS * S * S
    result = projected(tmp_path, "Attention", "x w", (), [trained("w", D, 3 * D)])
    assert figures(result) == (3 * D * D, B * S * D * 3 * D + scores * 2 * SIZE, 2 * scores)


def test_a_projection_to_sizes_that_differ(tmp_path: Path) -> None:
    scores, value_size = B * HEADS * S * S, 2
    width = D + D + HEADS * value_size
    result = projected(
        tmp_path, "Attention", "x w b", (), [trained("w", D, width), trained("b", width)],
        qkv_hidden_sizes=[D, D, HEADS * value_size],
    )  # fmt: skip
    assert figures(result) == (
        D * width + width,
        B * S * D * width + scores * (SIZE + value_size),
        2 * scores + B * S * width,
    )


@pytest.mark.parametrize(
    ("reads", "extra"), [("x w - m", 1), ("x w - - - p", 1), ("x w - m - p", 2)]
)
def test_a_mask_and_a_position_beside_a_projection(tmp_path: Path, reads: str, extra: int) -> None:
    inputs = [value("m", (B, S), TensorProto.INT32)] * ("m" in reads)
    inputs += [value("p", (B, HEADS, S, S))] * ("p" in reads)
    result = projected(tmp_path, "Attention", reads, inputs, [trained("w", D, 3 * D)])
    assert result.element_ops == (2 + extra) * B * HEADS * S * S


def test_a_past_beside_a_projection_of_bytes(tmp_path: Path) -> None:
    """Of QAttention, the past stands ninth and the mask sixth."""
    made = microsoft("QAttention", "x w b xs ws m - - past", "y present", num_heads=HEADS)
    inputs = [value("m", (B, S), TensorProto.INT32), value("past", (2, B, HEADS, 3, SIZE))]
    weights = [
        *(weight("w", D, 3 * D, kind=INT8), trained("b", 3 * D)),
        *(lone("xs", 0.1), lone("ws", 0.1)),
    ]
    result = read(model([made], weights, (B, S, D), inputs=inputs, kind=INT8), tmp_path)
    scores = B * HEADS * S * (S + 3)
    assert result.macs == B * S * D * 3 * D + scores * 2 * SIZE
    assert result.element_ops == 3 * scores + B * S * 3 * D


# Models of tables


def test_a_linear_model_of_a_table(tmp_path: Path) -> None:
    """6 rows of 5 features, 3 scores."""
    made = helper.make_node(
        "LinearRegressor", ["x"], ["y"], name="it", domain="ai.onnx.ml",
        coefficients=[0.5] * 15, intercepts=[0.1, 0.2, 0.3], targets=3,
    )  # fmt: skip
    graph = helper.make_graph(
        [made], "g", [value("x", (6, 5))], [helper.make_empty_tensor_value_info("y")]
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    result = read(helper.make_model(graph, opset_imports=opsets, ir_version=10), tmp_path)
    assert figures(result) == (15 + 3, 6 * 15, 6 * 3)


# Losses, means and choices


@pytest.mark.parametrize(
    ("kind", "times"), [("NegativeLogLikelihoodLoss", 1), ("SoftmaxCrossEntropyLoss", 2)]
)
def test_a_loss_visits_each_score_twice_where_its_softmax_is_inside(
    tmp_path: Path, kind: str, times: int
) -> None:
    target = value("t", (3,), TensorProto.INT64)
    made = node(kind, "x t", "y", reduction="mean")
    result = counted(tmp_path, made, (3, 10), [target])
    assert result.element_ops == times * 3 * 10


# Learned numbers of what stays closed


def test_numbers_of_closed_branches_are_floats_and_more_than_one(tmp_path: Path) -> None:
    """Whole numbers are sizes, and a lone number is an epsilon."""

    def branch(name: str, *stored: Any) -> Any:
        nodes = [node("Constant", "", f"{name}{at}", value=one_) for at, one_ in enumerate(stored)]
        nodes += [node("Identity", "x", f"{name}y")]
        out = [helper.make_tensor_value_info(f"{name}y", FLOAT, None)]
        return helper.make_graph(nodes, name, [], out, [trained(f"{name}w", 6)])

    then = branch("then", trained("a", 5), lone("b", 0.5), numbers("c", 1, 2, 3))
    other = branch("else", trained("d", 1, 1), trained("e", 2))
    made = helper.make_node("If", ["q"], ["y"], then_branch=then, else_branch=other)
    proto = model([made], (), (1, 4), inputs=[value("q", (1,), TensorProto.BOOL)])
    result = read(proto, tmp_path)
    assert not result.is_complete
    assert result.params == (6 + 5) + (6 + 2)


# Where channels stand


@pytest.mark.parametrize(
    ("dims", "is_last"),
    [
        ((1, 224, 224, 3), True),
        ((1, 224, 224, 4), True),
        ((1, 224, 224, 5), False),
        ((1, 3, 224, 224), False),
        ((1, 3, 224, 3), False),
        ((1, 4, 224, 4), False),
        ((1, 5, 224, 4), True),
        ((1, 224, 224, 0), False),
        ((1, 0, 224, 1), True),
        ((224, 224, 3), False),
    ],
)
def test_few_last_channels_are_colours_unless_there_are_as_few_in_front(
    dims: tuple[int, ...], is_last: bool
) -> None:
    assert has_channels_last(dims) is is_last


def test_a_deformable_convolution_with_a_mask_and_a_bias(tmp_path: Path) -> None:
    """Each tap of each input channel is blended of 4, and the mask is one more."""
    weights = [trained("w", 6, 4, 3, 3), trained("b", 6)]
    inputs = [value("o", (2, 2 * 9, 6, 6)), value("m", (2, 9, 6, 6))]
    result = one(tmp_path, "DeformConv", ["x", "w", "o", "b", "m"], weights, (2, 4, 8, 8),
                 inputs=inputs, kernel_shape=[3, 3])  # fmt: skip
    positions = 2 * 6 * 6
    assert figures(result) == (
        6 * 4 * 9 + 6,
        positions * 6 * 4 * 9,
        positions * 4 * 9 * (4 + 1) + positions * 6,
    )
    result = one(tmp_path, "DeformConv", ["x", "w", "o"], weights[:1], (2, 4, 8, 8),
                 inputs=inputs[:1], kernel_shape=[3, 3])  # fmt: skip
    assert figures(result) == (6 * 4 * 9, positions * 6 * 4 * 9, positions * 4 * 9 * 4)
    result = one(tmp_path, "DeformConv", ["x", "w", "o", "b"], weights, (2, 4, 8, 8),
                 inputs=inputs[:1], kernel_shape=[3, 3])  # fmt: skip
    assert figures(result) == (
        6 * 4 * 9 + 6,
        positions * 6 * 4 * 9,
        positions * 4 * 9 * 4 + positions * 6,
    )


@pytest.mark.parametrize(("dims", "flattens"), [((1, 4, 8), False), ((1, 4, 8, 8), True)])
def test_a_mean_over_a_map_sees_every_position(
    tmp_path: Path, dims: tuple[int, ...], flattens: bool
) -> None:
    """One over the features of a sequence does not look at other steps."""
    result = one(tmp_path, "ReduceMean", ["x", "a"], [numbers("a", -1)], dims)
    (row,) = result.counted.rows
    assert row.node.operation.flattens is flattens


# Nodes without a name, and runs of one step


def test_a_cycle_of_nodes_without_names_is_told_by_what_they_make(tmp_path: Path) -> None:
    nodes = [node("Add", "x b", "a"), node("Relu", "a", "b")]
    assert refused(model(nodes, output="b"), tmp_path)[0] == (
        "b reads what is made from its own output"
    )


def scanned(tmp_path: Path, dims: Any, *, opset: int = 22, **attributes: Any) -> CountResult:
    """A state of 4 numbers that is multiplied once for each slice of 3."""
    body = helper.make_graph(
        [node("MatMul", "h w", "h2"), node("Identity", "s", "o")],
        "body",
        [value("h", (1, 4)), value("s", (3,))],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in ("h2", "o")],
        [trained("w", 4, 4)],
    )
    given = {"num_scan_inputs": 1, **attributes}
    scan = node("Scan", "h0 x", "last y", "scan", body=body, **given)
    proto = model([scan], [trained("h0", 1, 4)], dims, opset=opset)
    return read(proto, tmp_path, inputs={"": raw(*dims)})


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_a_scan_runs_once_a_step(tmp_path: Path, steps: int) -> None:
    result = scanned(tmp_path, (steps, 3))
    kept = (steps, 3)[steps == 1 :]  # a first axis of one is a sample
    assert (result.macs, result.output) == (steps * 4 * 4, kept)
    turned = scanned(tmp_path, (3, steps), scan_input_axes=[1], scan_output_axes=[1])
    assert (turned.macs, turned.output) == (steps * 4 * 4, (3, steps))


@pytest.mark.parametrize(
    ("steps", "attributes"),
    [
        (1001, {}),
        (2, {"opset": 8}),
        (2, {"num_scan_inputs": 0}),
        (2, {"num_scan_inputs": 3}),
        (2, {"scan_input_axes": [0, 0]}),
    ],
)
def test_a_scan_that_cannot_be_written_out_is_unknown(
    tmp_path: Path, steps: int, attributes: dict[str, Any]
) -> None:
    assert unknown(scanned(tmp_path, (steps, 3), **attributes)) == ["Scan"]


def test_factors_of_an_enlargement_are_no_parameters(tmp_path: Path) -> None:
    factors = helper.make_tensor("f", FLOAT, (4,), [1, 1, 2, 3])
    for reads in (["x", "f"], ["x", "", "f"]):
        kind, opset = ("Upsample", 9) if len(reads) == 2 else ("Resize", 22)
        result = one(tmp_path, kind, reads, [factors], opset=opset, mode="linear")
        assert (result.params, result.output) == (0, (8 * 2, 8 * 3, 4))
