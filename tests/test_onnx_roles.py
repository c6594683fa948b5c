"""Each role of the ONNX vocabulary, by a product."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from conftest import PACKAGE_HOME
from onnx import TensorProto, helper
from onnx_models import (
    FLOAT,
    INT,
    INT8,
    Dims,
    constant,
    figures,
    model,
    node,
    numbers,
    one,
    read,
    rows,
    trained,
    value,
    weight,
)

from convcost.sources.onnx.vocabulary import NOT_KNOWN, VOCABULARY


def test_every_operation_of_opset_22_stands_in_one_list() -> None:
    lists = (set(VOCABULARY), set(NOT_KNOWN))
    schemas = onnx.defs.get_all_schemas_with_history()
    names = {s.name for s in schemas if s.domain == "" and s.since_version <= 28}
    for name in sorted(names):
        assert sum(name in known for known in lists) == 1, name
    assert len(set.union(*lists)) == sum(map(len, lists))


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_docs_name_what_is_not_known(name: str) -> None:
    assert f"`{name}`" in (PACKAGE_HOME / "docs" / "importing.md").read_text()


def test_conv(tmp_path: Path) -> None:
    weights = [weight("w", 6, 2, 3, 3), weight("b", 6)]
    result = one(tmp_path, "Conv", ["x", "w", "b"], weights, group=2, pads=[1] * 4)
    assert figures(result) == (6 * 2 * 9 + 6, 8 * 8 * 6 * 2 * 9, 8 * 8 * 6)
    assert result.output == (8, 8, 6)


@pytest.mark.parametrize(
    ("dims", "kernel", "positions"),
    [((1, 4, 9), (3,), 7), ((1, 4, 9, 8), (3, 1), 7 * 8), ((1, 4, 5, 6, 7), (2, 3, 1), 4 * 4 * 7)],
)
def test_conv_in_each_dimension(
    tmp_path: Path, dims: Dims, kernel: tuple[int, ...], positions: int
) -> None:
    result = one(tmp_path, "Conv", ["x", "w"], [weight("w", 5, 4, *kernel)], dims)
    assert result.macs == positions * 5 * 4 * prod(kernel)


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
def test_conv_with_automatic_padding(tmp_path: Path, auto: str) -> None:
    result = one(
        tmp_path, "Conv", ["x", "w"], [weight("w", 5, 4, 3, 3)], auto_pad=auto, strides=[2, 2]
    )
    assert (result.output, result.macs) == ((4, 4, 5), 4 * 4 * 5 * 4 * 9)


def test_conv_on_frames_that_stand_in_the_batch_axis(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "to"], ["r"]),
        helper.make_node("Conv", ["r", "w"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[2, 2]),
    ]
    weights = [numbers("to", -1, 4, 8, 8), weight("w", 5, 4, 3, 3)]
    result = read(model(nodes, weights, (1, 3, 4, 8, 8)), tmp_path)
    assert result.params == 5 * 4 * 9
    assert result.macs == 3 * 6 * 6 * 5 * 4 * 9
    assert result.element_ops == 3 * 5 * 5 * 5 * 2 * 2
    result.to_dict()
    twice = read(model(nodes, weights, ("n", 3, 4, 8, 8)), tmp_path, batch=2)
    assert (twice.params, twice.macs) == (result.params, 2 * result.macs)


def test_conv_transpose(tmp_path: Path) -> None:
    weights = [weight("w", 4, 6, 2, 2), weight("b", 6)]
    result = one(tmp_path, "ConvTranspose", ["x", "w", "b"], weights, strides=[2, 2])
    assert result.output == (16, 16, 6)
    assert figures(result) == (4 * 6 * 4 + 6, 8 * 8 * 4 * 6 * 4, 16 * 16 * 6)


def test_conv_transpose_to_a_stated_size(tmp_path: Path) -> None:
    result = one(
        tmp_path, "ConvTranspose", ["x", "w"], [weight("w", 4, 6, 3, 3)],
        strides=[2, 2], output_shape=[16, 16],
    )  # fmt: skip
    assert (result.output, result.macs) == ((16, 16, 6), 8 * 8 * 4 * 6 * 9)


def test_gemm(tmp_path: Path) -> None:
    weights = [weight("w", 10, 32), weight("b", 10)]
    result = one(tmp_path, "Gemm", ["x", "w", "b"], weights, (1, 32), transB=1)
    assert figures(result) == (32 * 10 + 10, 32 * 10, 10)
    assert result.counted.rows[0].type == "linear"


def test_gemm_of_a_turned_input_sums_over_its_first_axis(tmp_path: Path) -> None:
    result = one(tmp_path, "Gemm", ["x", "w"], [weight("w", 32, 10)], (32, 5), transA=1)
    assert figures(result) == (32 * 10, 5 * 32 * 10, 0)


def test_matmul_with_a_weight_is_linear(tmp_path: Path) -> None:
    result = one(tmp_path, "MatMul", ["x", "w"], [weight("w", 32, 10)], (1, 7, 32))
    assert figures(result) == (32 * 10, 7 * 32 * 10, 0)
    assert result.counted.rows[0].type == "linear"


def test_matmul_of_two_computed_tensors_is_no_layer(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    result = read(model(nodes, dims=(1, 3, 5, 16)), tmp_path)
    assert figures(result) == (0, 3 * 5 * 16 * 5, 0)
    assert result.counted.rows[1].type == "matmul"


def test_transposed_weight_is_still_the_weight(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    result = read(model(nodes, [weight("w", 10, 32)], (1, 32)), tmp_path)
    assert (figures(result), len(result.counted.rows)) == ((320, 32 * 10, 0), 1)


def test_einsum(tmp_path: Path) -> None:
    result = one(
        tmp_path, "Einsum", ["x", "w"], [weight("w", 4, 16, 3)], (1, 5, 4, 16),
        equation="bthd,hde->bthe",
    )  # fmt: skip
    assert figures(result) == (4 * 16 * 3, 5 * 4 * 16 * 3, 0)
    nodes = [helper.make_node("Einsum", ["x", "x"], ["y"], equation="...ij,...kj->...ik")]
    assert read(model(nodes, dims=(1, 3, 5, 16)), tmp_path).macs == 3 * 5 * 16 * 5


def test_quantised_conv_counts_its_weights_only(tmp_path: Path) -> None:
    scales = [helper.make_tensor(n, FLOAT, (), [1.0]) for n in ("xs", "ws", "ys")]
    zeros = [helper.make_tensor(n, TensorProto.INT8, (), [0]) for n in ("xz", "wz", "yz")]
    weights = [weight("w", 6, 4, 3, 3, kind=TensorProto.INT8), weight("b", 6, kind=6)]
    reads = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"]
    node = helper.make_node("QLinearConv", reads, ["y"])
    proto = model([node], [*scales, *zeros, *weights], kind=TensorProto.INT8)
    result = read(proto, tmp_path)
    assert figures(result) == (6 * 4 * 9 + 6, 6 * 6 * 6 * 4 * 9, 6 * 6 * 6)


def test_norm_has_no_running_statistics(tmp_path: Path) -> None:
    weights = [weight(name, 4) for name in ("scale", "shift", "mean", "var")]
    reads = ["x", "scale", "shift", "mean", "var"]
    result = one(tmp_path, "BatchNormalization", reads, weights)
    assert figures(result) == (2 * 4, 0, 2 * 4 * 8 * 8)


def test_pool(tmp_path: Path) -> None:
    result = one(tmp_path, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    assert (result.output, figures(result)) == ((4, 4, 4), (0, 0, 4 * 4 * 4 * 9))


def test_global_pool(tmp_path: Path) -> None:
    assert figures(one(tmp_path, "GlobalAveragePool")) == (0, 0, 4 * 8 * 8)


def test_activation_and_its_slopes(tmp_path: Path) -> None:
    assert figures(one(tmp_path, "HardSwish")) == (0, 0, 4 * 8 * 8)
    slopes = [weight("slope", 4, 1, 1)]
    assert figures(one(tmp_path, "PRelu", ["x", "slope"], slopes)) == (4, 0, 4 * 8 * 8)


def test_elementwise_and_layer_scale(tmp_path: Path) -> None:
    scale = [weight("gamma", 4, 1, 1)]
    assert figures(one(tmp_path, "Mul", ["x", "gamma"], scale)) == (4, 0, 4 * 8 * 8)
    number = [helper.make_tensor("two", FLOAT, (), [2.0])]
    assert figures(one(tmp_path, "Mul", ["x", "two"], number)) == (0, 0, 4 * 8 * 8)


def test_reduce(tmp_path: Path) -> None:
    assert figures(one(tmp_path, "ReduceMean")) == (0, 0, 4 * 8 * 8)


@pytest.mark.parametrize(("mode", "reads"), [("nearest", 0), ("linear", 4), ("cubic", 16)])
def test_resize(tmp_path: Path, mode: str, reads: int) -> None:
    scales = helper.make_tensor("scales", FLOAT, (4,), [1, 1, 2, 2])
    result = one(tmp_path, "Resize", ["x", "", "scales"], [scales], mode=mode)
    assert (result.output, figures(result)) == ((16, 16, 4), (0, 0, reads * 4 * 16 * 16))


def test_the_region_that_a_resize_reads_is_not_learned(tmp_path: Path) -> None:
    weights = [trained("region", 8), helper.make_tensor("scales", FLOAT, (4,), [1, 1, 2, 2])]
    result = one(tmp_path, "Resize", ["x", "region", "scales"], weights, mode="nearest",
                 coordinate_transformation_mode="tf_crop_and_resize")  # fmt: skip
    assert figures(result) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["INT32", "INT64", "UINT32", "UINT64"])
def test_sums_of_sizes_and_indexes_are_free(tmp_path: Path, kind: str) -> None:
    made = one(tmp_path, "Add", ["x", "x"], type_=getattr(onnx.TensorProto, kind))
    assert figures(made) == (0, 0, 0)


def test_embedding_is_free_and_learned(tmp_path: Path) -> None:
    node = helper.make_node("Gather", ["table", "x"], ["y"])
    result = read(model([node], [weight("table", 100, 16)], (1, 7), kind=INT), tmp_path)
    assert figures(result) == (100 * 16, 0, 0)


def test_plumbing_is_free(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Concat", ["n", "rest"], ["to"], axis=0),
        helper.make_node("Reshape", ["x", "to"], ["r"]),
        helper.make_node("Split", ["r"], ["a", "y"], axis=1, num_outputs=2),
        helper.make_node("Relu", ["a"], ["unused"]),
    ]
    weights = [numbers("zero", 0), numbers("rest", 8, 32)]
    result = read(model(nodes, weights, ("n", 4, 8, 8)), tmp_path)
    assert figures(result) == (0, 0, 4 * 32)
    assert result.is_complete
    assert [row.type for row in result.counted.rows if row.kind == "free"] == [
        *("Shape", "gather", "concat", "Reshape", "Split", "Split"),
    ]


def test_sizes_that_the_package_does_not_follow_are_computed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Cast", ["s"], ["f"], to=FLOAT),
        helper.make_node("Div", ["f", "two"], ["half"]),
        helper.make_node("Floor", ["half"], ["floored"]),
        helper.make_node("Cast", ["floored"], ["sizes"], to=INT),
        helper.make_node("Slice", ["x", "starts", "sizes", "axes"], ["part"]),
        helper.make_node("Conv", ["part", "w"], ["y"]),
    ]
    two = helper.make_tensor("two", FLOAT, (4,), [1, 1, 2, 2])
    weights = [two, numbers("starts", 0, 0, 0, 0), numbers("axes", 0, 1, 2, 3)]
    result = read(model(nodes, [*weights, weight("w", 5, 4, 3, 3)]), tmp_path)
    assert (result.is_complete, result.macs) == (True, 2 * 2 * 5 * 4 * 9)


def test_class_token_that_is_moved_in_is_learned(tmp_path: Path) -> None:
    node = helper.make_node("Concat", ["token", "x"], ["y"], axis=1)
    result = read(model([node], [weight("token", 1, 1, 16)], (1, 5, 16)), tmp_path)
    assert figures(result) == (16, 0, 0)


# Recurrent layers: T steps, B samples, C inputs, H values of state

T, B, C, H = 7, 3, 5, 4


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("kind", "gates", "ops"), [("LSTM", 4, 9), ("GRU", 3, 8), ("RNN", 1, 1)])
def test_recurrent(tmp_path: Path, kind: str, gates: int, ops: int, directions: int) -> None:
    weights = [
        trained("w", directions, gates * H, C),
        trained("r", directions, gates * H, H),
        trained("b", directions, 2 * gates * H),
    ]
    settings = {"direction": "bidirectional"} if directions == 2 else {}
    made = node(kind, "x w r b", "y", "it", hidden_size=H, **settings)
    result = read(model([made], weights, (T, "batch", C)), tmp_path, batch=B)
    learned = directions * gates * H * (C + H)
    biases = directions * 2 * gates * H
    assert figures(result) == (
        learned + biases,
        T * B * learned,
        T * B * (biases + directions * ops * H),
    )
    assert rows(result)["it"].type == kind.lower()


def test_recurrent_with_samples_first(tmp_path: Path) -> None:
    weights = [trained("w", 1, 4 * H, C), trained("r", 1, 4 * H, H)]
    made = node("LSTM", "x w r", "y", hidden_size=H, layout=1)
    result = read(model([made], weights, ("batch", T, C)), tmp_path, batch=B)
    assert result.macs == B * T * 4 * H * (C + H)


def test_peepholes_are_element_operations(tmp_path: Path) -> None:
    weights = [
        *(trained("w", 1, 4 * H, C), trained("r", 1, 4 * H, H), trained("p", 1, 3 * H)),
    ]
    made = node("LSTM", "x w r - - - - p", "y", hidden_size=H)
    result = read(model([made], weights, (T, 1, C)), tmp_path)
    assert result.params == 4 * H * (C + H) + 3 * H
    assert result.element_ops == T * (3 * H + 9 * H)


def test_the_reset_gate_after_the_product_is_one_sum_more(tmp_path: Path) -> None:
    weights = [trained("w", 1, 3 * H, C), trained("r", 1, 3 * H, H)]
    made = node("GRU", "x w r", "y", hidden_size=H, linear_before_reset=1)
    assert read(model([made], weights, (T, 1, C)), tmp_path).element_ops == T * 9 * H


def test_what_follows_a_recurrent_layer_is_counted(tmp_path: Path) -> None:
    nodes = [
        node("LSTM", "x w r", "h - c", hidden_size=H),
        node("Squeeze", "h axis", "s"),
        node("MatMul", "s m", "y"),
    ]
    weights = [
        *(trained("w", 1, 4 * H, C), trained("r", 1, 4 * H, H)),
        *(numbers("axis", 1), trained("m", H, 10)),
    ]
    assert read(model(nodes, weights, (T, 1, C)), tmp_path).macs == (
        T * 4 * H * (C + H) + T * H * 10
    )


# Attention


def test_attention_of_four_axes(tmp_path: Path) -> None:
    """Two heads, 5 queries, 7 keys of 8, values of 6."""
    proto = model(
        [node("Attention", "x k v", "y", "it")],
        dims=(3, 2, 5, 8),
        opset=23,
        inputs=[value("k", (3, 2, 7, 8)), value("v", (3, 2, 7, 6))],
    )
    scores = 3 * 2 * 5 * 7
    assert figures(read(proto, tmp_path)) == (0, scores * (8 + 6), 2 * scores)


def test_attention_of_three_axes_with_a_mask_and_a_past(tmp_path: Path) -> None:
    """Four heads that share the keys of two; 3 keys are known from before."""
    inputs = [
        *(value("k", (1, 7, 2 * 8)), value("v", (1, 7, 2 * 6)), value("m", (5, 10))),
        *(value("pk", (1, 2, 3, 8)), value("pv", (1, 2, 3, 6))),
    ]
    made = node("Attention", "x k v m pk pv", "y pk2 pv2", q_num_heads=4, kv_num_heads=2)
    proto = model([made], dims=(1, 5, 4 * 8), opset=23, inputs=inputs)
    scores = 4 * 5 * (7 + 3)
    assert figures(read(proto, tmp_path)) == (0, scores * (8 + 6), 3 * scores)


def test_linear_attention(tmp_path: Path) -> None:
    """Two heads, 5 steps, keys of 8, values of 6: k v^T is added, and q reads, at each step."""
    inputs = [value("k", (1, 5, 2 * 8)), value("v", (1, 5, 2 * 6))]
    made = node(
        "LinearAttention", "x k v", "y", q_num_heads=2, kv_num_heads=2, update_rule="linear"
    )
    proto = model([made], dims=(1, 5, 2 * 8), opset=27, inputs=inputs)
    if onnx.defs.onnx_opset_version() < 27:
        pytest.skip("the package knows no LinearAttention")
    assert figures(read(proto, tmp_path)) == (0, 5 * 2 * 8 * 6 * 2, 5 * 2 * 6)


@pytest.mark.parametrize(
    ("rule", "products", "others"),
    [("gated", 2, 8 * 6), ("delta", 3, 2 * 6), ("gated_delta", 3, 8 * 6 + 2 * 6)],
)
def test_rules_of_linear_attention(tmp_path: Path, rule: str, products: int, others: int) -> None:
    """A delta looks up what the state holds; a gate multiplies all of the state."""
    if onnx.defs.onnx_opset_version() < 27:
        pytest.skip("the package knows no LinearAttention")
    inputs = [
        *(value("k", (1, 5, 2 * 8)), value("v", (1, 5, 2 * 6))),
        *(value("decay", (1, 5, 2)), value("beta", (1, 5, 2))),
    ]
    reads = "x k v - decay beta"
    made = node("LinearAttention", reads, "y", q_num_heads=2, kv_num_heads=2, update_rule=rule)
    proto = model([made], dims=(1, 5, 2 * 8), opset=27, inputs=inputs)
    each = 5 * 2
    assert figures(read(proto, tmp_path)) == (
        0,
        each * 8 * 6 * products,
        each * (others + 6),
    )


def test_causal_convolution_with_state(tmp_path: Path) -> None:
    if onnx.defs.onnx_opset_version() < 27:
        pytest.skip("the package knows no CausalConvWithState")
    made = node("CausalConvWithState", "x w b", "y s", activation="silu")
    proto = model([made], [trained("w", 6, 1, 4), trained("b", 6)], (1, 6, 10), opset=27)
    assert figures(read(proto, tmp_path)) == (6 * 4 + 6, 6 * 10 * 4, 2 * 6 * 10)


# Reading between positions


def test_deformable_convolution(tmp_path: Path) -> None:
    """4 neighbours are blended at each tap, and one mask multiplied."""
    inputs = [value("o", (1, 2 * 9, 6, 6)), value("m", (1, 9, 6, 6))]
    weights = [trained("w", 5, 4, 3, 3), trained("b", 5)]
    proto = model([node("DeformConv", "x w o b m", "y")], weights, inputs=inputs)
    assert figures(read(proto, tmp_path)) == (
        5 * 4 * 9 + 5,
        6 * 6 * 5 * 4 * 9,
        6 * 6 * 4 * 9 * (4 + 1) + 6 * 6 * 5,
    )


@pytest.mark.parametrize(("mode", "reads"), [("nearest", 0), ("linear", 4), ("cubic", 16)])
def test_grid_sample(tmp_path: Path, mode: str, reads: int) -> None:
    proto = model([node("GridSample", "x g", "y", mode=mode)], inputs=[value("g", (1, 5, 6, 2))])
    assert figures(read(proto, tmp_path)) == (0, 0, reads * 4 * 5 * 6)


def test_affine_grid(tmp_path: Path) -> None:
    made = node("AffineGrid", "x size", "y")
    proto = model([made], [numbers("size", 1, 4, 5, 6)], (1, 2, 3))
    assert figures(read(proto, tmp_path)) == (0, 5 * 6 * 2 * 3, 0)


def test_regions_are_blended_samples(tmp_path: Path) -> None:
    inputs = [value("rois", (10, 4)), value("at", (10,), INT)]
    settings: dict[str, Any] = {"output_height": 7, "output_width": 7, "sampling_ratio": 2}
    proto = model([node("RoiAlign", "x rois at", "y", **settings)], inputs=inputs)
    assert figures(read(proto, tmp_path)) == (0, 0, 10 * 4 * 7 * 7 * 2 * 2 * 4)
    del settings["sampling_ratio"]  # then it depends on the size of the region
    proto = model([node("RoiAlign", "x rois at", "y", **settings)], inputs=inputs)
    assert not read(proto, tmp_path).is_complete


def test_overlapping_windows_are_added(tmp_path: Path) -> None:
    weights = [numbers("image", 5, 5), numbers("block", 1, 5)]
    result = one(tmp_path, "Col2Im", ["x", "image", "block"], weights, (1, 5, 5))
    assert figures(result) == (0, 0, 5 * 5)


# Selection, losses


def test_selection_looks_at_each_value_once(tmp_path: Path) -> None:
    result = one(tmp_path, "TopK", ["x", "k"], [numbers("k", 3)], (1, 100), makes=["y", "at"])
    assert (figures(result), result.output) == ((0, 0, 100), (3,))
    proto = model([node("NonMaxSuppression", "x scores", "y")], dims=(1, 50, 4),
                  inputs=[value("scores", (1, 3, 50))])  # fmt: skip
    result = read(proto, tmp_path)
    assert (result.is_complete, figures(result)) == (True, (0, 0, 3 * 50))


def test_what_comes_after_a_number_of_boxes_that_nobody_knows_is_not_guessed(
    tmp_path: Path,
) -> None:
    nodes = [node("NonMaxSuppression", "x scores", "n"), node("Cast", "n", "f", to=FLOAT),
             node("MatMul", "f w", "y", "head")]  # fmt: skip
    proto = model(nodes, [trained("w", 3, 2)], (1, 50, 4), inputs=[value("scores", (1, 3, 50))])
    result = read(proto, tmp_path)
    assert [row.name for row in result.counted.uncounted] == ["head"]
    assert result.notes == ("not counted: MatMul (sizes that are not known)",)


def test_losses_visit_each_score(tmp_path: Path) -> None:
    target = [value("t", (4,), INT)]
    for kind, times in (("NegativeLogLikelihoodLoss", 1), ("SoftmaxCrossEntropyLoss", 2)):
        result = one(tmp_path, kind, ["x", "t"], (), (4, 10), inputs=target)
        assert figures(result) == (0, 0, times * 4 * 10)


# Whole numbers and quantised values


def test_arithmetic_on_whole_numbers_is_free_and_on_quantised_values_is_not(
    tmp_path: Path,
) -> None:
    nodes = [node("Add", "x x", "a"), node("Neg", "a", "y")]
    assert figures(read(model(nodes, kind=INT), tmp_path)) == (0, 0, 0)
    result = one(tmp_path, "MaxPool", type_=INT8, kernel_shape=[2, 2])
    assert result.element_ops == 7 * 7 * 4 * 2 * 2
    scales = [helper.make_tensor("s", FLOAT, (), [1.0])]
    assert one(tmp_path, "QuantizeLinear", ["x", "s"], scales).element_ops == 4 * 8 * 8


def test_a_comparison_of_computed_values_is_an_operation(tmp_path: Path) -> None:
    nodes = [
        constant("half", helper.make_tensor("", FLOAT, (), [0.5])),
        node("Greater", "x half", "y"),
    ]
    assert figures(read(model(nodes), tmp_path)) == (0, 0, 4 * 8 * 8)
