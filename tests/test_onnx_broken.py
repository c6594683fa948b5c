"""Broken files and absurd sizes: one error, and never the end of the process."""

from __future__ import annotations

import random
import tracemalloc
from itertools import pairwise
from pathlib import Path

import onnx
import pytest
from onnx import helper
from onnx_models import FOLDER, model, numbers, read, refused, value, weight

from convcost.errors import ConvcostError
from convcost.language.reading import read_model_file
from convcost.quantities import UNKNOWN_SHAPE
from convcost.sources.onnx.loading import MAX_BYTES


def test_broken_files(tmp_path: Path) -> None:
    whole = (FOLDER / "squeezenet1_1.onnx").read_bytes()
    for data, sentence in {
        b"": "the file is empty",
        b"layers = 3\n": "not an ONNX model, or a truncated one",
        whole[: len(whole) // 2]: "not an ONNX model, or a truncated one",
        b"\x08\x07": "the model has no nodes",
    }.items():
        assert refused(data, tmp_path)[:2] == [sentence, "  model.onnx"]


def test_nodes_out_of_order_are_sorted(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["c"], ["y"]),
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 4),
    ]
    result = read(model(nodes, [weight("w", 5, 4, 3, 3)]), tmp_path)
    assert result.macs == 8 * 8 * 5 * 4 * 9
    assert [row.type for row in result.counted.rows] == ["conv", "Relu"]
    assert result.notes == ("the nodes of the file are out of order: 1 moved",)


def test_what_nothing_makes_is_an_error(tmp_path: Path) -> None:
    add = helper.make_node("Add", ["x", "b"], ["y"], name="one")
    assert refused(model([add]), tmp_path)[0] == "one reads b, which nothing makes"


def test_cycles_and_wrong_order(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    ]
    assert refused(model(nodes, output="b"), tmp_path)[0] == (
        "two reads what is made from its own output"
    )
    twice = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
    assert refused(model(twice), tmp_path)[0] == "y is made twice"
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


def test_more_axes_than_a_tensor_has_take_no_memory(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["n"], ["to"]),
        helper.make_node("Reshape", ["x", "to"], ["y"]),
    ]
    result = read(model(nodes, [numbers("n", 2**31 - 1)]), tmp_path)
    assert result.counted.output == UNKNOWN_SHAPE


def test_a_scan_of_more_inputs_than_it_has_is_not_opened(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Relu", ["a"], ["b"])], "body", [value("a", (4,))], [value("b", (4,))]
    )
    node = helper.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=2**40)
    assert read(model([node]), tmp_path).counted.uncounted


@pytest.mark.parametrize("kind", [onnx.TensorProto.COMPLEX64, onnx.TensorProto.FLOAT])
def test_sizes_that_are_no_whole_numbers_are_not_known(tmp_path: Path, kind: int) -> None:
    sizes = helper.make_tensor("to", kind, (2,), [4, 64])
    node = helper.make_node("Reshape", ["x", "to"], ["y"])
    assert read(model([node], [sizes]), tmp_path).counted.output == UNKNOWN_SHAPE


def test_a_batch_is_not_led_through_a_node_that_is_broken(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"], name="flat"),
        helper.make_node("MatMul", ["f"], ["y"], name="broken"),
    ]
    for batch in (None, 4):
        result = read(model(nodes, dims=(2, 4, 8, 8)), tmp_path, batch=batch)
        assert [row.name for row in result.counted.uncounted] == ["broken"]


def test_a_file_is_read_in_a_piece_of_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"x" * 5_000_000)
    tracemalloc.start()
    assert read_model_file(path, MAX_BYTES) == b"x" * 5_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 5_000_000
    path.write_bytes(b"12345678")
    assert len(read_model_file(path, 4)) > 4  # so that who asks sees that there is more


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
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 5))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            result = read(bytes(data), tmp_path)
        except ConvcostError:
            continue
        result.to_dict()
        str(result)
