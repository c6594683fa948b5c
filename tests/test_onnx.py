"""ONNX files: real exports to the last digit, every role by a product, bad files by one error.

The truths of ``data/onnx/truth.json`` are PyTorch's own; nothing there was counted by convcost.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from conftest import PACKAGE_HOME, Run
from onnx import TensorProto, helper

from convcost.api import CountResult, count_subject
from convcost.errors import ConvcostError
from convcost.language.expressions import compile_expression
from convcost.reports.formats import FORMATS
from convcost.sources.onnx.file import read_onnx
from convcost.sources.onnx.vocabulary import NOT_KNOWN, VOCABULARY

FOLDER = Path(__file__).parent / "data" / "onnx"
TRUTH: dict[str, dict[str, Any]] = json.loads((FOLDER / "truth.json").read_text())
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64

Dims = Sequence[int | str | None]


def value(name: str, dims: Dims, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, dims)


def weight(name: str, *dims: int, kind: int = FLOAT) -> onnx.TensorProto:
    """An initialiser of zeros; a large one without its data, as if it were stored elsewhere."""
    size = prod(dims)
    if size > 64:
        return TensorProto(name=name, dims=dims, data_type=kind)
    return helper.make_tensor(name, kind, dims, [0] * size)


def numbers(name: str, *values: int) -> onnx.TensorProto:
    return helper.make_tensor(name, INT, (len(values),), values)


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[onnx.TensorProto] = (),
    dims: Dims = (1, 4, 8, 8),
    *,
    opset: int = 22,
    output: str = "y",
    kind: int = FLOAT,
    **more: Any,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [value("x", dims, kind), *more.pop("inputs", ())],
        [helper.make_empty_tensor_value_info(output)],
        list(weights),
        value_info=more.pop("value_info", ()),
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("my", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)


def read(proto: onnx.ModelProto | bytes, tmp_path: Path, **options: Any) -> CountResult:
    path = tmp_path / "model.onnx"
    path.write_bytes(proto if isinstance(proto, bytes) else proto.SerializeToString())
    return count_subject(read_onnx(path, **options))


def one(
    tmp_path: Path,
    kind: str,
    reads: Sequence[str] = ("x",),
    weights: Sequence[onnx.TensorProto] = (),
    dims: Dims = (1, 4, 8, 8),
    **attributes: Any,
) -> CountResult:
    """A model of one node."""
    node = helper.make_node(kind, list(reads), ["y"], name="it", **attributes)
    return read(model([node], weights, dims), tmp_path)


def figures(result: CountResult) -> tuple[int, int, int]:
    return (result.params, result.macs, result.element_ops)


# Real exports


@pytest.mark.parametrize("name", TRUTH)
def test_real_export_has_the_macs_of_pytorch(name: str) -> None:
    truth = TRUTH[name]
    result = count_subject(read_onnx(FOLDER / f"{name}.onnx"))
    assert result.is_complete
    assert result.macs == truth["total_macs"]
    macs = {"conv": 0, "linear": 0, "depthwise": 0}
    layers = {"conv": 0, "linear": 0}
    for row in result.counted.rows:
        if row.type in layers and row.cost is not None:
            macs[row.type] += row.cost.macs
            layers[row.type] += 1
            groups = getattr(row.node.operation, "groups", 1)
            if row.type == "conv" and 1 < groups == row.inputs[0][-1]:
                macs["depthwise"] += row.cost.macs
    assert macs["conv"] == truth["conv_macs"]
    assert macs["linear"] == truth["linear_macs"]
    assert macs["depthwise"] == truth["depthwise_macs"]
    assert layers == {"conv": truth["conv_layers"], "linear": truth["linear_layers"]}


FOLDED = {
    "resnet50": (53, 53120 // 2),
    "shufflenet_v2_x1_0_folded": (56, 8090),
    "densenet121": (59, 64 + 58 * 128),
    "mobilenet_v2_bn": (0, 0),
    "squeezenet1_1": (0, 0),
}
"""Convolutions that hold a batch norm, and their output channels: what a norm adds to a bias."""


@pytest.mark.parametrize("name", TRUTH)
def test_real_export_has_the_parameters_of_pytorch_less_what_was_folded(name: str) -> None:
    result = count_subject(read_onnx(FOLDER / f"{name}.onnx"))
    layers, channels = FOLDED[name]
    assert result.params == TRUTH[name]["params"] - channels
    expected = (
        f"batch norms are folded into {layers} convolutions: with norms of their own there are "
        f"{channels:,} more parameters",
    )
    assert result.notes == (expected if layers else ())


def test_batch_scales_a_file_that_is_written_for_one() -> None:
    single = count_subject(read_onnx(FOLDER / "resnet50.onnx"))
    eight = count_subject(read_onnx(FOLDER / "resnet50.onnx", batch=8))
    assert (eight.params, eight.macs) == (single.params, 8 * single.macs)
    assert eight.element_ops == 8 * single.element_ops


def test_another_input_size_is_followed_through_the_graph() -> None:
    small = count_subject(read_onnx(FOLDER / "squeezenet1_1.onnx", inputs={"": (64, 64, 3)}))
    assert small.input == (64, 64, 3)
    first = small.counted.rows[0]
    assert first.cost is not None
    assert first.cost.macs == 31 * 31 * 64 * 3 * 3 * 3


# The vocabulary


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


# One case for each role


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


# Parameters by tensor


def test_shared_weights_count_once_and_are_marked(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="first", pads=[1] * 4),
        helper.make_node("Conv", ["c", "w"], ["y"], name="second", pads=[1] * 4),
    ]
    result = read(model(nodes, [weight("w", 4, 4, 3, 3)]), tmp_path)
    assert (result.params, result.macs) == (4 * 4 * 9, 2 * 8 * 8 * 4 * 4 * 9)
    assert result.notes == ("weights counted at an earlier layer: second",)


def test_equal_parameters_that_an_exporter_merged_count_each(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Identity", ["a.weight"], ["b.weight"]),
        helper.make_node("Conv", ["x", "a.weight"], ["c"], pads=[1] * 4),
        helper.make_node("Conv", ["c", "b.weight"], ["y"], pads=[1] * 4),
    ]
    result = read(model(nodes, [weight("a.weight", 4, 4, 3, 3)]), tmp_path)
    assert result.params == 2 * 4 * 4 * 9
    assert result.notes == (
        "1 parameter tensors are kept once with equal ones (Identity): each is counted, 144 in all",
    )


def test_unused_initialiser_is_no_parameter(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    assert read(model([node], [weight("left over", 100, 100)]), tmp_path).params == 0


# What is not known


def unknown_model() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1] * 4),
        helper.make_node("MyOp", ["c"], ["m"], name="mine", domain="my"),
        helper.make_node("Relu", ["m"], ["y"], name="relu"),
    ]
    stated = [value("m", ("n", 4, 8, 8))]
    return model(nodes, [weight("w", 4, 4, 3, 3)], ("n", 4, 8, 8), value_info=stated)


def test_unknown_operation_makes_totals_lower_bounds(tmp_path: Path, invoke: Run) -> None:
    (tmp_path / "model.onnx").write_bytes(unknown_model().SerializeToString())
    done = invoke("count", "model.onnx")
    assert done.code == 0
    assert ">= 9,216" in done.out
    assert "3 layers: 1 with MACs, 1 element-wise, 1 not counted: 1 x my::MyOp" in done.out
    document = json.loads(invoke("count", "model.onnx", "--format", "json").out)["results"][0]
    assert document["status"] == "partial"
    assert document["uncounted"] == [{"name": "mine", "type": "my::MyOp"}]
    strict = invoke("count", "model.onnx", "--strict")
    assert (strict.code, strict.out) == (2, "")


def test_cost_makes_an_unknown_operation_known(tmp_path: Path) -> None:
    costs = {"MyOp": compile_expression("2*out + input")}
    result = read(unknown_model(), tmp_path, costs=costs, batch=2)
    assert result.is_complete
    assert result.macs == 2 * (8 * 8 * 4 * 4 * 9 + 3 * 4 * 8 * 8)


def test_operation_after_an_unknown_size_is_not_guessed(tmp_path: Path) -> None:
    proto = unknown_model()
    del proto.graph.value_info[:]
    result = read(proto, tmp_path)
    assert [row.name for row in result.counted.uncounted] == ["mine", "relu"]


# Inputs


def test_names_that_stand_for_one_size_get_it_everywhere(tmp_path: Path) -> None:
    node = helper.make_node("MatMul", ["x", "z"], ["y"])
    proto = model([node], dims=("n", "seq", 16), inputs=[value("z", ("n", 16, "seq"))])
    result = read(proto, tmp_path, inputs={"x": (5, 16)}, batch=3)
    assert result.macs == 3 * 5 * 16 * 5


def test_image_with_its_channels_last(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["y"]),
    ]
    proto = model(nodes, [weight("w", 5, 3, 3, 3)], ("n", "h", "w", 3))
    result = read(proto, tmp_path, inputs={"": (10, 12, 3)})
    assert (result.input, result.macs) == ((10, 12, 3), 8 * 10 * 5 * 3 * 9)


def refused(proto: onnx.ModelProto | bytes, tmp_path: Path, **options: Any) -> list[str]:
    with pytest.raises(ConvcostError) as caught:
        read(proto, tmp_path, **options)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def test_bad_inputs(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    free = model([node], dims=("n", 3, "height", None))
    assert refused(free, tmp_path) == [
        "the input x has free dimensions: height, 3",
        "  model.onnx",
        "  give its shape, channels last and without batch: --input x=224x224x3",
    ]
    assert refused(free, tmp_path, inputs={"images": (8, 8, 3)})[0] == (
        "the model has no input images"
    )
    assert refused(free, tmp_path, inputs={"x": (8, 3)})[0] == (
        "the input x has 4 dimensions, 8x3 gives 3 with the batch"
    )
    for size in (0, -1, 2**31):
        assert refused(model([node], dims=(1, 3, size, 8)), tmp_path)[0] == (
            f"the input x has a dimension of {size}"
        )
    without = model([node])
    without.graph.input[0].type.tensor_type.ClearField("shape")
    assert refused(without, tmp_path)[0] == "the input x has no shape"
    del without.graph.input[:]
    assert refused(without, tmp_path)[0] == "the model has no input"


def test_input_that_the_graph_was_not_written_for(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "to"], ["r"], name="flat"),
        helper.make_node("Gemm", ["r", "w"], ["y"]),
    ]
    proto = model(nodes, [numbers("to", 1, 256), weight("w", 256, 10)])
    assert read(proto, tmp_path).macs == 256 * 10
    assert refused(proto, tmp_path, inputs={"": (4, 4, 4)}) == [
        "flat: Reshape does not fit what it reads (1x4x4x4, 2)",
        "  model.onnx",
        "  the file is broken, or its sizes do not go with the input that was given",
    ]


def test_batch_of_one_that_is_written_into_the_graph(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "to"], ["r"]),
        helper.make_node("Gemm", ["r", "w"], ["y"]),
    ]
    proto = model(nodes, [numbers("to", 1, 256), weight("w", 256, 10)], ("n", 4, 8, 8))
    assert read(proto, tmp_path, batch=4).macs == 4 * 256 * 10


# Broken files


def test_broken_files(tmp_path: Path) -> None:
    whole = (FOLDER / "squeezenet1_1.onnx").read_bytes()
    for data, sentence in {
        b"": "the file is empty",
        b"layers = 3\n": "not an ONNX model, or a truncated one",
        whole[: len(whole) // 2]: "not an ONNX model, or a truncated one",
        b"\x08\x07": "the model has no nodes",
    }.items():
        assert refused(data, tmp_path)[:2] == [sentence, "  model.onnx"]


def test_cycles_and_wrong_order(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    ]
    assert refused(model(nodes, output="b"), tmp_path)[0] == (
        "two reads what is made from its own output"
    )
    twice = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
    assert refused(model(twice), tmp_path)[0] in ("y is made twice", "shapes cannot be inferred")
    lost = model([helper.make_node("Relu", ["x"], ["y"])], output="z")
    assert refused(lost, tmp_path)[0] == "nothing makes the output z"


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    conv = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    proto = model([conv], [weight("w", 6, 5, 3, 3)], value_info=[value("y", (1, 6, 6, 6))])
    assert "conv: Conv does not fit" in refused(proto, tmp_path)[0]
    gemm = helper.make_node("Gemm", ["x", "w"], ["y"], name="fc")
    proto = model([gemm], [weight("w", 31, 10)], (1, 32))
    assert "fc: Gemm does not fit" in refused(proto, tmp_path)[0] or (
        refused(proto, tmp_path)[0] == "shapes cannot be inferred"
    )


def test_absurd_sizes_in_the_middle(tmp_path: Path) -> None:
    node = helper.make_node("Expand", ["x", "to"], ["y"])
    proto = model([node], [numbers("to", 1, 4, 2**40, 8)], (1, 4, 1, 8))
    assert refused(proto, tmp_path)[0] == f"y has a dimension of {2**40}"


def test_too_many_nodes(tmp_path: Path) -> None:
    names = ["x", *(f"t{i}" for i in range(20_000)), "y"]
    nodes = [helper.make_node("Relu", [a], [b]) for a, b in pairwise(names)]
    assert refused(model(nodes), tmp_path)[0] == "the model has more than 20,000 nodes"


def function(name: str, *calls: str) -> onnx.FunctionProto:
    names = ["a", *(f"t{i}" for i in range(len(calls) - 1)), "b"]
    nodes = [
        helper.make_node(kind, [names[i]], [names[i + 1]], domain="my" if kind[0] == "F" else "")
        for i, kind in enumerate(calls)
    ]
    opsets = [helper.make_opsetid("", 22), helper.make_opsetid("my", 1)]
    return helper.make_function("my", name, ["a"], ["b"], nodes, opsets)


def test_functions_are_opened(tmp_path: Path) -> None:
    functions = [function("F", "G", "Relu"), function("F2", "F", "F")]
    functions[0].node[0].op_type = "Relu"
    call = helper.make_node("F2", ["x"], ["y"], domain="my")
    assert read(model([call], functions=functions), tmp_path).element_ops == 4 * 4 * 8 * 8


def test_functions_that_call_themselves_or_explode(tmp_path: Path) -> None:
    call = helper.make_node("F0", ["x"], ["y"], domain="my")
    loop = [function("F0", "F1"), function("F1", "F0")]
    assert refused(model([call], functions=loop), tmp_path)[0] == "the function F0 calls itself"
    many = [
        *(function(f"F{i}", f"F{i + 1}", f"F{i + 1}") for i in range(40)),
        function("F40", "Relu"),
    ]
    assert refused(model([call], functions=many), tmp_path)[0] == (
        "the model has more than 20,000 nodes"
    )


def field(number: int, payload: bytes) -> bytes:
    """One length-delimited protobuf field."""
    size, rest = b"", len(payload)
    while rest > 127:
        size += bytes([rest % 128 + 128])
        rest //= 128
    return bytes([number * 8 + 2]) + size + bytes([rest]) + payload


@pytest.mark.parametrize("depth", [100, 10_000])
def test_deep_subgraphs(tmp_path: Path, depth: int) -> None:
    graph = b""
    for _ in range(depth):
        graph = field(1, field(5, field(6, graph)))  # node { attribute { g } }
    assert refused(field(7, graph), tmp_path)[0] == "not an ONNX model, or a truncated one"


def test_branches_are_not_known(tmp_path: Path) -> None:
    nodes = [
        helper.make_node(
            "If",
            ["c"],
            ["y"],
            name="either",
            then_branch=helper.make_graph(
                [helper.make_node("Relu", ["x"], ["o"])], "g", [], [value("o", (1, 4, 8, 8))]
            ),
            else_branch=helper.make_graph(
                [helper.make_node("Neg", ["x"], ["o"])], "g", [], [value("o", (1, 4, 8, 8))]
            ),
        )
    ]
    proto = model(nodes, inputs=[value("c", (), TensorProto.BOOL)])
    assert [row.type for row in read(proto, tmp_path).counted.uncounted] == ["If"]


def test_flipped_bytes_never_break_convcost(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", strides=[2, 2], pads=[1] * 4),
        helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2]),
        helper.make_node("Shape", ["p"], ["s"]),
        helper.make_node("Reshape", ["p", "to"], ["r"]),
        helper.make_node("Gemm", ["r", "f"], ["y"], transB=1),
    ]
    weights = [weight("w", 6, 4, 3, 3), weight("b", 6), numbers("to", 0, -1), weight("f", 9, 24)]
    whole = model(nodes, weights, ("n", 4, 8, 8)).SerializeToString()
    chance = random.Random(6)
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 5))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            result = read(bytes(data), tmp_path)
        except ConvcostError:
            continue
        result.to_dict()
        str(result)


# Other questions


def test_swap_works_on_an_imported_network(invoke: Run) -> None:
    path = str(FOLDER / "resnet50.onnx")
    done = invoke("swap", path, "--from", "standard", "--to", "separable", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["before"]["macs"] == TRUTH["resnet50"]["total_macs"]
    stem = document["changes"][0]["after"]
    assert stem[0]["macs"] == 112 * 112 * 3 * 7 * 7
    assert document["after"]["macs"] < document["before"]["macs"]


def test_compare_works_on_imported_networks(invoke: Run) -> None:
    paths = [str(FOLDER / f"{name}.onnx") for name in ("resnet50", "mobilenet_v2_bn")]
    done = invoke("compare", *paths, "--format", "json")
    assert (done.code, done.err) == (0, "")
    designs = json.loads(done.out)["comparisons"][0]["designs"]
    assert [design["macs"] for design in designs] == [
        TRUTH["resnet50"]["total_macs"],
        TRUTH["mobilenet_v2_bn"]["total_macs"],
    ]


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "csv"])
def test_every_format(invoke: Run, form: str) -> None:
    done = invoke("count", str(FOLDER / "squeezenet1_1.onnx"), "--format", form)
    assert (done.code, done.err) == (0, "")
    assert "349151936" in done.out.replace(",", "")


def test_memory_and_receptive_field_of_the_shipped_network_agree(invoke: Run) -> None:
    options = ("--format", "json")
    theirs = json.loads(invoke("count", str(FOLDER / "resnet50.onnx"), *options).out)["results"][0]
    ours = json.loads(invoke("count", "resnet50", *options).out)["results"][0]
    fields = [
        [tuple(layer["receptive_field"]) for layer in result["layers"] if layer["type"] == "conv"]
        for result in (theirs, ours)
    ]
    assert sorted(fields[0]) == sorted(fields[1])
    assert theirs["memory"]["largest"] == ours["memory"]["largest"]
