"""What TFLite operators cost beside their products: activations, biases, weights that came before,
and what is refused because it does not fit together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tflite
from tflite_models import Builder

from convcost.api import count_subject
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import Foreign
from convcost.errors import ConvcostError
from convcost.language.expressions import compile_expression
from convcost.results import CountResult
from convcost.sources.tflite import file
from convcost.sources.tflite.file import read_tflite

RELU, FUTURE = 1, 17
ONE: dict[str, Any] = {"StrideH": 1, "StrideW": 1}


def read(model: bytes, tmp_path: Path, **options: Any) -> CountResult:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    return count_subject(read_tflite(path, **options))


def refused(model: bytes, tmp_path: Path, **options: Any) -> list[str]:
    with pytest.raises(ConvcostError) as caught:
        read(model, tmp_path, **options)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def figures(result: CountResult) -> tuple[int, int, int]:
    return (result.params, result.macs, result.element_ops)


def misfit(kind: str, *shapes: str) -> str:
    return f"y: {kind} does not fit what it reads ({', '.join(shapes)})"


# What does not fit together


def test_a_bias_has_a_number_for_each_channel(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 8, 8, 6)
    b.operator("CONV_2D", [x, b.weight("w", 6, 3, 3, 4), b.weight("b", 5)], [y], **ONE)
    assert refused(b.build([x], [y]), tmp_path)[0] == misfit("CONV_2D", "1x8x8x4", "6x3x3x4", "5")
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 6)
    b.operator("FULLY_CONNECTED", [x, b.weight("w", 6, 4), b.weight("b", 5)], [y])
    assert refused(b.build([x], [y]), tmp_path)[0] == misfit("FULLY_CONNECTED", "1x4", "6x4", "5")


def test_a_recurrent_layer_has_a_matrix(tmp_path: Path) -> None:
    """One whose matrices are all computed is none that can be counted."""
    b = Builder()
    x, y = b.tensor("x", 1, 5), b.tensor("y", 1, 3)
    w, r, h = b.tensor("w", 3, 5), b.tensor("r", 3, 3), b.tensor("h", 1, 3, is_state=True)
    b.operator("RNN", [x, w, r, b.weight("b", 3), h], [y])
    assert refused(b.build([x, w, r], [y]), tmp_path)[0].startswith("y: RNN does not fit")


# The cost of what is not known


def custom(size: int = 5) -> bytes:
    b = Builder()
    x, y = b.tensor("x", 1, 8), b.tensor("y", 1, size)
    b.operator("MyOp", [x, b.weight("w", 3)], [y], custom=True)
    return b.build([x], [y])


def test_a_cost_knows_what_goes_in_what_comes_out_and_what_is_learned(tmp_path: Path) -> None:
    costs = {"MyOp": compile_expression("100*params + 10*input + out")}
    result = read(custom(), tmp_path, costs=costs)
    assert figures(result) == (3, 100 * 3 + 10 * 8 + 5, 0)


@pytest.mark.parametrize(("cost", "value"), [("out / 2", "5/2"), ("0 - out", "-5")])
def test_a_cost_is_a_whole_number(tmp_path: Path, cost: str, value: str) -> None:
    lines = refused(custom(), tmp_path, costs={"MyOp": compile_expression(cost)})
    assert lines == [f"the cost of MyOp must be a whole number, not {value}"]


def test_no_cost_is_a_cost(tmp_path: Path) -> None:
    result = read(custom(), tmp_path, costs={"MyOp": compile_expression("0")})
    assert (result.is_complete, result.macs) == (True, 0)


def test_a_cost_of_what_has_no_size(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8), b.tensor("y", 1, 5, signature=(-1, 5))
    b.operator("MyOp", [x], [y], custom=True)
    assert refused(b.build([x], [y]), tmp_path, costs={"MyOp": compile_expression("out")}) == [
        "the size of what y makes is not known",
        "  model.tflite",
        "  so --cost MyOp cannot be worked out from it",
    ]


# What runs inside an operator


def test_an_activation_of_a_later_schema_is_one(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 6)
    b.operator("FULLY_CONNECTED", [x, b.weight("w", 6, 4)], [y], FusedActivationFunction=FUTURE)
    assert figures(read(b.build([x], [y]), tmp_path)) == (6 * 4, 6 * 4, 6)


def test_a_product_of_computed_tensors_has_no_activation_and_no_parameters(tmp_path: Path) -> None:
    b = Builder()
    x, w, y = b.tensor("x", 2, 4, 5), b.tensor("w", 2, 5, 6), b.tensor("y", 2, 4, 6)
    b.operator("BATCH_MATMUL", [x, w], [y], AdjX=0)
    result = read(b.build([x, w], [y]), tmp_path)
    assert figures(result) == (0, 2 * 4 * 5 * 6, 0)
    assert [row.type for row in result.counted.rows] == ["matmul"]


def test_an_svdf_adds_a_bias_and_activates_what_it_makes(tmp_path: Path) -> None:
    """12 filters of rank 3 on 5 features, a memory of 7."""
    b = Builder()
    x, y = b.tensor("x", 1, 5), b.tensor("y", 1, 4)
    state = b.tensor("state", 1, 12 * 7, is_state=True)
    held = [b.weight("f", 12, 5), b.weight("t", 12, 7), b.weight("b", 4)]
    b.operator("SVDF", [x, *held, state], [y], Rank=3, FusedActivationFunction=RELU)
    assert figures(read(b.build([x], [y]), tmp_path)) == (
        12 * 5 + 12 * 7 + 4,
        12 * 5 + 12 * 7,
        4 + 4,
    )


def test_a_pool_activates_what_it_makes(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 4), b.tensor("y", 1, 4, 4, 4)
    b.operator(
        "MAX_POOL_2D", [x], [y], FilterHeight=2, FilterWidth=2, StrideH=2, StrideW=2,
        FusedActivationFunction=RELU,
    )  # fmt: skip
    assert figures(read(b.build([x], [y]), tmp_path)) == (0, 0, 4 * 4 * 4 * (2 * 2 + 1))


def test_slopes_are_learned_and_a_sum_of_many_adds_all_but_one(tmp_path: Path) -> None:
    b = Builder()
    x, y, z = (b.tensor(name, 1, 8, 8, 4) for name in "xyz")
    b.operator("PRELU", [x, b.weight("slopes", 1, 1, 4)], [y])
    b.operator("ADD_N", [x, y, x, y], [z])
    values = 8 * 8 * 4
    assert figures(read(b.build([x], [z]), tmp_path)) == (4, 0, values + 3 * values)


# Layers in both directions


@pytest.mark.parametrize(("kind", "units"), [("RNN", 3), ("BIDIRECTIONAL_SEQUENCE_RNN", 3 + 2)])
def test_a_layer_has_the_state_of_each_of_its_directions(
    tmp_path: Path, kind: str, units: int
) -> None:
    b = Builder()
    x = b.tensor("x", 1, 7, 5) if units > 3 else b.tensor("x", 1, 5)
    inputs = [x]
    for name, size in (("f", 3), ("b", 2))[: 1 + (units > 3)]:
        inputs += [b.weight(f"{name}w", size, 5), b.weight(f"{name}r", size, size)]
        inputs += [b.weight(f"{name}b", size), b.tensor(f"{name}h", 1, size, is_state=True)]
    y = b.tensor("y", 1, 7, units) if units > 3 else b.tensor("y", 1, units)
    options: dict[str, Any] = {"MergeOutputs": 1} if units > 3 else {}
    b.operator(kind, inputs, [y], **options)
    steps = 7 if units > 3 else 1
    matrices = 3 * 5 + 3 * 3 + (2 * 5 + 2 * 2) * (units > 3)
    assert figures(read(b.build([x], [y]), tmp_path)) == (
        matrices + units,
        steps * matrices,
        steps * (units + units),
    )


# The file


def relu(*, number: int = 1, dims: Sequence[int] = (1, 4)) -> bytes:
    b = Builder()
    x = b.tensor("x", *dims)
    made = x
    for at in range(number):
        after = b.tensor(f"y{at}", *dims)
        b.operator("RELU", [made], [after])
        made = after
    return b.build([x], [made])


def test_a_file_may_be_as_large_as_flatbuffers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = relu()
    monkeypatch.setattr(file, "MAX_BYTES", len(model))
    assert read(model, tmp_path).element_ops == 4
    monkeypatch.setattr(file, "MAX_BYTES", len(model) - 1)
    assert refused(model, tmp_path) == [
        "the file is larger than FlatBuffers allow (2 GiB)",
        "  model.tflite",
    ]


def test_a_model_has_operators_and_no_more_than_a_graph_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "MAX_NODES", 3)
    assert read(relu(number=3), tmp_path).element_ops == 3 * 4
    assert refused(relu(number=4), tmp_path) == [
        "the model has more than 3 operators",
        "  model.tflite",
    ]
    b = Builder()
    x = b.tensor("x", 1, 4)
    assert refused(b.build([x], [x]), tmp_path) == [
        "the model has no operators",
        "  model.tflite",
    ]


def test_an_input_or_output_of_the_model_is_a_tensor(tmp_path: Path) -> None:
    for inputs, outputs in (([-1], [1]), ([0], [-1])):
        b = Builder()
        x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
        b.operator("RELU", [x], [y])
        assert refused(b.build(inputs, outputs), tmp_path) == [
            "an input or output of the model is missing",
            "  model.tflite",
        ]


def test_a_tensor_of_no_values_is_one(tmp_path: Path) -> None:
    """A range from 5 to 5: what reads it does nothing."""
    b = Builder()
    x, y = b.tensor("x", 1, 4), b.tensor("y", 1, 4)
    none = b.tensor("none", 0, type="INT32")
    b.operator("RANGE", [b.sizes(5, dims=()), b.sizes(5, dims=()), b.sizes(1, dims=())], [none])
    b.operator("RELU", [x], [y])
    assert figures(read(b.build([x], [y]), tmp_path)) == (0, 0, 4)


def test_a_size_beyond_that_of_any_framework_is_refused(tmp_path: Path) -> None:
    b = Builder()
    x, y = b.tensor("x", 1, 2**16), b.tensor("y", 1, 1)
    b.operator("TILE", [x, b.sizes(1, 2**15)], [y])
    assert refused(b.build([x], [y]), tmp_path)[0] == misfit("TILE", f"1x{2**16}", "2")


def test_a_list_of_options_may_be_no_list(tmp_path: Path) -> None:
    """Without options, a squeeze drops every axis of 1."""
    b = Builder()
    x, y = b.tensor("x", 1, 3, 1, 7), b.tensor("y", 3, 7)
    b.operator("SQUEEZE", [x], [y])
    b.operator("RELU", [y], [b.tensor("z", 3, 7)])
    assert read(b.build([x], [2]), tmp_path).element_ops == 3 * 7


# Norms that a converter folded


def test_the_first_tensor_of_a_file_has_a_name_too(tmp_path: Path) -> None:
    b = Builder()
    y = b.tensor("a/BatchNorm;a/Conv2D", 1, 8, 8, 6)
    x = b.tensor("x", 1, 8, 8, 4)
    b.operator("CONV_2D", [x, b.weight("w", 6, 1, 1, 4), b.weight("c", 6)], [y], **ONE)
    assert read(b.build([x], [y]), tmp_path).notes == (
        "batch norms are folded into 1 convolution: with norms of their own there are "
        f"{6} more parameters",
    )


# What is computed before anybody asks


@pytest.mark.parametrize("computed", ["filter", "input", "neither"])
def test_a_convolution_of_the_engine_has_a_stored_filter_and_a_computed_input(
    tmp_path: Path, computed: str
) -> None:
    """Any other has its work as a number, since its weights or its input are no layer's."""
    b = Builder()
    x, z, y = (b.tensor(name, 1, 8, 8, 4) for name in "xzy")
    w = b.tensor("w", 4, 1, 1, 4) if computed == "filter" else b.weight("w", 4, 1, 1, 4)
    held = b.weight("held", 1, 8, 8, 4) if computed == "input" else x
    b.operator("CONV_2D", [held, w], [z], **ONE)
    b.operator("ADD", [x, z], [y])
    result = read(b.build([x, w] if computed == "filter" else [x], [y]), tmp_path)
    operation = result.counted.rows[0].node.operation
    assert result.macs == 8 * 8 * 4 * 4
    assert isinstance(operation, Conv) is (computed == "neither")
    assert isinstance(operation, Foreign) is (computed != "neither")


class Behind(Builder):
    """Values behind the FlatBuffer, as in files near 2 GiB; ``at`` is where they begin."""

    at = 2

    def _write_buffer(self, fb: Any, data: bytes) -> int:
        tflite.BufferStart(fb)
        if data:
            tflite.BufferAddOffset(fb, self.at)
            tflite.BufferAddSize(fb, len(data))
        return int(tflite.BufferEnd(fb))


def test_values_behind_the_tables_are_weights_too(tmp_path: Path) -> None:
    """Source: the comment on ``Buffer.offset`` in TensorFlow's schema.fbs."""
    b = Behind()
    x, w, y = b.tensor("x", 1, 5), b.weight("w", 7, 5), b.tensor("y", 1, 7)
    b.operator("FULLY_CONNECTED", [x, w, -1], [y])
    b.at = len(b.build([x], [y]))
    result = read(b.build([x], [y]) + bytes(4 * 7 * 5), tmp_path)
    assert figures(result) == (7 * 5, 7 * 5, 0)
    [message, *_] = refused(b.build([x], [y]), tmp_path)  # nothing behind the tables
    assert message == "not a TFLite model, or a truncated one"
