"""Branches and loops: opened where sizes decide their course, else one unknown row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import (
    BOOL,
    INT,
    constant,
    figures,
    lone,
    model,
    node,
    numbers,
    raw,
    read,
    refused,
    rows,
    trained,
    unknown,
    value,
)


def body(nodes: list[Any], inputs: list[Any], outputs: list[str], weights: Any = ()) -> Any:
    made = [helper.make_empty_tensor_value_info(name) for name in outputs]
    return helper.make_graph(nodes, "body", inputs, made, list(weights))


def either(condition: str = "c") -> onnx.NodeProto:
    """A convolution of 3x3, else one of 1x1."""
    wide = body([node("Conv", "x w", "o", "wide", pads=[1] * 4)], [], ["o"],
                [trained("w", 4, 4, 3, 3)])  # fmt: skip
    thin = body([node("Conv", "x w", "o", "thin")], [], ["o"], [trained("w", 4, 4, 1, 1)])
    return node("If", condition, "y", "either", then_branch=wide, else_branch=thin)


# If


@pytest.mark.parametrize(("size", "kernel"), [(8, 9), (9, 1)])
def test_a_condition_that_follows_from_sizes(tmp_path: Path, size: int, kernel: int) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s two", "h"),
        node("Equal", "h eight", "c"),
        either(),
    ]
    weights = [lone("two", 2, INT), lone("eight", 8, INT)]
    result = read(model(nodes, weights, (1, 4, "h", "w")), tmp_path, inputs={"": (size, size, 4)})
    assert figures(result) == (4 * 4 * kernel, size * size * 4 * 4 * kernel, 0)
    assert result.is_complete


def test_a_constant_condition(tmp_path: Path) -> None:
    true = helper.make_tensor("", BOOL, (), [True])
    result = read(model([constant("c", true), either()]), tmp_path)
    assert rows(result)["either/wide"].cost.macs == 8 * 8 * 4 * 4 * 9


def test_a_condition_that_depends_on_data_is_unknown(tmp_path: Path) -> None:
    proto = model(
        [
            either(),
        ],
        inputs=[value("c", (), BOOL)],
    )
    result = read(proto, tmp_path)
    assert unknown(result) == ["If"]
    assert result.params == 4 * 4 * 9 + 4 * 4
    assert result.notes == ("not counted: If (what it does depends on the data)",)


def test_what_comes_after_an_unknown_branch_goes_on_where_both_make_one_size(
    tmp_path: Path,
) -> None:
    last = either()
    last.output[0] = "o"
    nodes = [last, node("Conv", "o v", "y")]
    proto = model(nodes, [trained("v", 5, 4, 3, 3)], inputs=[value("c", (), BOOL)])
    result = read(proto, tmp_path)
    assert unknown(result) == ["If"]
    assert result.macs == 6 * 6 * 5 * 4 * 9


def test_branches_in_branches(tmp_path: Path) -> None:
    """The inner one reads what the outer one made."""
    inner = node(
        "If", "c", "o",
        then_branch=body([node("Conv", "a w", "i")], [], ["i"]),
        else_branch=body([node("Relu", "a", "i")], [], ["i"]),
    )  # fmt: skip
    outer = node(
        "If", "c", "y",
        then_branch=body([node("Relu", "x", "a"), inner], [], ["o"]),
        else_branch=body([node("Relu", "x", "a")], [], ["a"]),
    )  # fmt: skip
    proto = model([constant("c", helper.make_tensor("", BOOL, (), [True])), outer],
                  [trained("w", 5, 4, 3, 3)])  # fmt: skip
    assert figures(read(proto, tmp_path)) == (5 * 4 * 9, 6 * 6 * 5 * 4 * 9, 4 * 8 * 8)


# Loop


def loop(trips: str, *, grows: bool = False) -> onnx.NodeProto:
    """A product by a square matrix at each turn; where it grows, what it has is doubled."""
    inputs = [value("i", (), INT), value("k", (), BOOL), value("a", None)]
    nodes = [node("Identity", "k", "k2"), node("MatMul", "a w", "b", "step")]
    if grows:
        nodes.append(node("Concat", "b b", "d", axis=0))
    carried = "d" if grows else "b"
    turn = body(nodes, inputs, ["k2", carried, "b"], [trained("w", 16, 16)])
    return node("Loop", f"{trips} - x", "y all", "repeat", body=turn)


def test_a_known_number_of_turns(tmp_path: Path) -> None:
    proto = model([loop("n")], [lone("n", 5, INT)], (3, 16), outputs=[
        helper.make_empty_tensor_value_info(name) for name in ("y", "all")
    ])  # fmt: skip
    result = read(proto, tmp_path)
    assert figures(result) == (16 * 16, 5 * 3 * 16 * 16, 0)
    assert rows(result)["repeat.4/step"].cost.params == 0
    assert rows(result)["all"].node.output == (5, 3, 16)


def test_a_weight_in_a_constant_node_of_a_body_counts_once(tmp_path: Path) -> None:
    inputs = [value("i", (), INT), value("k", (), BOOL), value("a", None)]
    nodes = [
        constant("w", trained("", 16, 16)),
        node("MatMul", "a w", "b"),
        node("Identity", "k", "k2"),
    ]
    made = node("Loop", "n - x", "y", body=body(nodes, inputs, ["k2", "b"]))
    proto = model([made], [lone("n", 5, INT)], (1, 16))
    assert figures(read(proto, tmp_path)) == (16 * 16, 5 * 16 * 16, 0)


def test_turns_that_grow(tmp_path: Path) -> None:
    result = read(model([loop("n", grows=True)], [lone("n", 3, INT)], (2, 16)), tmp_path,
                  inputs={"": raw(2, 16)})  # fmt: skip
    assert result.macs == (2 + 4 + 8) * 16 * 16
    assert result.output == (16, 16)


def test_as_many_turns_as_there_are_steps(tmp_path: Path) -> None:
    nodes = [node("Shape", "x", "s"), node("Gather", "s zero", "n"), loop("n")]
    proto = model(nodes, [lone("zero", 0, INT)], ("steps", 16))
    assert read(proto, tmp_path, inputs={"": raw(4, 16)}).macs == 4 * 4 * 16 * 16


def test_turns_that_depend_on_data_are_unknown(tmp_path: Path) -> None:
    proto = model([loop("n")], dims=(3, 16), inputs=[value("n", (), INT)])
    result = read(proto, tmp_path)
    assert (unknown(result), result.params) == (["Loop"], 16 * 16)


def test_endless_turns_are_unknown(tmp_path: Path) -> None:
    proto = model([loop("n")], [lone("n", 2**62, INT)], (3, 16))
    assert unknown(read(proto, tmp_path)) == ["Loop"]
    inputs = [value("i", (), INT), value("k", (), BOOL), value("a", None)]
    turn = body([node("Identity", "k", "k2"), node("Relu", "a", "b")], inputs, ["k2", "b"])
    true = helper.make_tensor("", BOOL, (), [True])
    proto = model([constant("c", true), node("Loop", "- c x", "y", body=turn)], dims=(3, 16))
    assert unknown(read(proto, tmp_path)) == ["Loop"]


def test_loops_in_loops_do_not_hang(tmp_path: Path) -> None:
    inner = node(
        "Loop", "n - a", "b",
        body=body([node("Relu", "p", "q"), node("Identity", "k", "k2")],
                  [value("i", (), INT), value("k", (), BOOL), value("p", None)], ["k2", "q"]),
    )  # fmt: skip
    outer = body(
        [inner, node("Identity", "c", "c2")],
        [value("j", (), INT), value("c", (), BOOL), value("a", None)],
        ["c2", "b"],
    )
    proto = model([node("Loop", "n - x", "y", body=outer)], [lone("n", 900, INT)], (3, 16))
    assert unknown(read(proto, tmp_path)) == ["Loop"]


# Scan


def test_a_scan_is_its_body_at_each_step(tmp_path: Path) -> None:
    inputs = [value("h", (1, 16)), value("step", (8,))]
    nodes = [
        node("MatMul", "step w", "a"),
        node("MatMul", "h r", "b"),
        node("Add", "a b", "h2"),
        node("Identity", "h2", "o"),
    ]
    turn = body(nodes, inputs, ["h2", "o"], [trained("w", 8, 16), trained("r", 16, 16)])
    scan = node("Scan", "h0 x", "last y", "scan", body=turn, num_scan_inputs=1)
    proto = model([scan], [trained("h0", 1, 16)], (6, 8))
    result = read(proto, tmp_path, inputs={"": raw(6, 8)})
    assert result.macs == 6 * (8 * 16 + 16 * 16)
    assert result.params == 8 * 16 + 16 * 16 + 16  # the state that it starts with is learned
    assert result.output == (6, 1, 16)


@pytest.mark.parametrize("version", [8, 9])
def test_a_scan_has_no_axis_of_samples_from_operator_set_9_on(tmp_path: Path, version: int) -> None:
    """ONNX's changelog of operators: ``Scan`` of 8 has one in front of the steps."""
    turn = body(
        [node("MatMul", "step w", "h2"), node("Identity", "h2", "o")],
        [value("h", (16,)), value("step", (8,))],
        ["h2", "o"],
        [trained("w", 8, 16)],
    )
    scan = node("Scan", "h0 x", "last y", "scan", body=turn, num_scan_inputs=1)
    if version < 9:
        scan.input.insert(0, "")  # the lengths of the samples, which may be left out
    proto = model([scan], [trained("h0", 16)], (6, 8), opset=version)
    result = read(proto, tmp_path, inputs={"": raw(6, 8)})
    assert result.macs == (6 * 8 * 16 if version >= 9 else 0)
    assert unknown(result) == ([] if version >= 9 else ["Scan"])


# Broken ones


def test_a_branch_without_a_body_is_an_error(tmp_path: Path) -> None:
    true = helper.make_tensor("", BOOL, (), [True])
    proto = model([constant("c", true), node("If", "c", "y", "either")])
    assert refused(proto, tmp_path)[0].startswith("either: If does not fit what it reads")


def test_weights_in_branches_are_dropped(tmp_path: Path) -> None:
    """Nobody reads their values: a file of one large matrix in a branch needs no second copy."""
    from convcost.sources.onnx.loading import load

    large = helper.make_tensor("w", TensorProto.FLOAT, (100, 100), b"\0" * 40_000, raw=True)
    true = helper.make_tensor("", BOOL, (), [True])
    branch = body([constant("v", large), node("MatMul", "x v", "m"), node("MatMul", "m w", "o")],
                  [], ["o"], [large])  # fmt: skip
    nodes = [constant("c", true), node("If", "c", "y", then_branch=branch, else_branch=branch)]
    path = tmp_path / "model.onnx"
    path.write_bytes(model(nodes, [numbers("unused", 1)], (1, 100)).SerializeToString())
    assert path.stat().st_size > 4 * 40_000
    assert load(path).model.ByteSize() < 2_000
    assert read(path.read_bytes(), tmp_path).macs == 2 * 100 * 100
