"""What is not known: totals are lower bounds, and what comes after goes on where it can."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
from conftest import Run
from onnx import helper
from onnx_models import figures, model, read, save, value, weight

from convcost import count
from convcost.language.expressions import compile_expression


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


def test_a_cost_may_be_given_by_the_full_name(tmp_path: Path) -> None:
    costs = {"my::MyOp": compile_expression("out")}
    assert read(unknown_model(), tmp_path, costs=costs).macs == 8 * 8 * 4 * 4 * 9 + 4 * 8 * 8


def test_an_operation_that_calls_itself_a_convolution_is_none(tmp_path: Path) -> None:
    made = helper.make_node("conv", ["x"], ["y"], name="it")
    assert [row.type for row in read(model([made]), tmp_path).counted.uncounted] == ["::conv"]


def test_the_reason_is_told_where_there_is_one(tmp_path: Path) -> None:
    made = helper.make_node("Det", ["x"], ["y"])
    assert read(model([made]), tmp_path).notes == (
        "not counted: Det (an elimination has no fixed number of multiplications here)",
    )


def test_sizes_that_depend_on_values_are_not_known_and_memory_is_a_lower_bound(
    tmp_path: Path, invoke: Run
) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("NonZero", ["r"], ["found"], name="found"),
        helper.make_node("Transpose", ["found"], ["y"], name="rows", perm=[1, 0]),
    ]
    path = save(model(nodes), tmp_path)
    result = count(path)
    assert figures(result) == (0, 0, 2 * 4 * 8 * 8)  # NonZero looks at each value once, too
    assert not result.counted.uncounted
    assert result.notes == (
        "memory is a lower bound: sizes are not known of what found, rows makes",
    )
    assert invoke("count", str(path), "--get", "peak").out == f">={4 * 8 * 8 * 4 + 4}\n"
    document = json.loads(invoke("count", str(path), "--json").out)["results"][0]
    assert document["output"] is None
    assert [layer["output_bytes"] for layer in document["layers"]] == [4 * 8 * 8 * 4, None, None]
    rows = invoke("count", str(path)).out.splitlines()[4:6]
    assert [row.split()[:3] for row in rows] == [
        ["found", "NonZero", "?"],
        ["rows", "Transpose", "?"],
    ]
