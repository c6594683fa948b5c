"""Which numbers of an ONNX file are parameters, and where they count."""

from __future__ import annotations

from pathlib import Path

from onnx import helper
from onnx_models import model, read, weight


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
