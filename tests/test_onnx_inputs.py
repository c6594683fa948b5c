"""Inputs and batch of an ONNX file: sizes from the user, or an error with a hint that works."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import helper
from onnx_models import (
    INT,
    constant,
    figures,
    model,
    node,
    numbers,
    raw,
    read,
    refused,
    trained,
    value,
    weight,
)

from convcost.errors import ConvcostError
from convcost.sources.onnx.inputs import FreeError
from convcost.sources.onnx.suggesting import free_dimensions
from convcost.sources.onnx.walking import Walk


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


def test_bad_inputs(tmp_path: Path) -> None:
    made = helper.make_node("Relu", ["x"], ["y"])
    free = model([made], dims=("n", 3, "height", None))
    assert refused(free, tmp_path) == [
        "the input x has free dimensions: height, 3",
        "  model.onnx",
        "  give its shape, channels last and without batch: --input x=224x224x3",
    ]
    assert refused(free, tmp_path, inputs={"images": (8, 8, 3)})[0] == (
        "the model has no input images"
    )
    assert refused(free, tmp_path, inputs={"x": (8, 3)}) == [
        "the input x has 4 dimensions, 8x3 gives 3 with the batch",
        "  model.onnx",
        "  all axes as they are: --input x=[1,1,1,1]",
    ]
    assert refused(free, tmp_path, inputs={"x": raw(1, 3, 8)}) == [
        "the input x has 4 dimensions, [1,3,8] gives 3",
        "  model.onnx",
    ]
    assert refused(model([made], dims=(1, 3, 2**31, 8)), tmp_path)[0] == (
        f"the input x has a dimension of {2**31}"
    )
    without = model([made])
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


# Raw shapes


def test_a_raw_shape_is_taken_as_it_is(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 81, 10)], ("frames", 81))
    result = read(proto, tmp_path, inputs={"x": raw(100, 81)})
    assert (result.macs, result.input, result.batch) == (100 * 81 * 10, (100, 81), 1)


def test_a_batch_of_a_raw_shape_is_more_of_the_same(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 81, 10)], ("frames", 81))
    once = read(proto, tmp_path, inputs={"x": raw(100, 81)})
    assert read(proto, tmp_path, inputs={"x": raw(100, 81)}, batch=8).macs == 8 * once.macs


def test_a_raw_shape_that_names_its_batch_has_one(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 81, 10)], ("batch", 81))
    assert read(proto, tmp_path, inputs={"x": raw(4, 81)}).batch == 4
    assert refused(proto, tmp_path, inputs={"x": raw(4, 81)}, batch=8) == [
        "the batch is 4 in x, not 8",
        "  model.onnx",
        "  leave --batch out where --input gives all axes",
    ]


def test_an_input_without_a_shape_needs_a_raw_one(tmp_path: Path) -> None:
    proto = model([node("Conv", "x w", "y")], [weight("w", 5, 4, 3, 3)], None)
    assert refused(proto, tmp_path) == [
        "the input x has no shape in the file",
        "  model.onnx",
        "  give all its axes: --input x=[1,3,224,224]",
    ]
    assert read(proto, tmp_path, inputs={"x": raw(1, 4, 8, 8)}).macs == 6 * 6 * 5 * 4 * 9


def test_a_free_length_is_given_as_a_length(tmp_path: Path) -> None:
    nodes = [
        node("Unsqueeze", "x axes", "u"),
        node("Conv", "u w", "y", strides=[10]),
    ]
    proto = model(nodes, [numbers("axes", 0, 1), trained("w", 8, 1, 40)], ("samples",))
    assert refused(proto, tmp_path) == [
        "the input x has free dimensions: samples",
        "  model.onnx",
        "  give its shape, with all axes: --input x=[128]",
    ]
    for shape in ((16_000,), raw(16_000)):
        assert read(proto, tmp_path, inputs={"x": shape}).macs == 1597 * 8 * 40


def test_lengths_follow_the_batch(tmp_path: Path) -> None:
    nodes = [node("LSTM", "x w r - lengths", "y", hidden_size=8)]
    weights = [weight("w", 1, 32, 6), weight("r", 1, 32, 8)]
    lengths = value("lengths", ("batch",), 6)
    proto = model(nodes, weights, (5, "batch", 6), inputs=[lengths])
    assert read(proto, tmp_path, batch=3).macs == 3 * 5 * (32 * 6 + 32 * 8)


def test_a_size_below_zero_is_a_free_one(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 784, 10)], (-1, 784))
    assert read(proto, tmp_path, batch=2).macs == 2 * 784 * 10
    proto = model([node("Relu", "x", "y")], dims=(1, 3, -1, 8))
    assert refused(proto, tmp_path)[0] == "the input x has free dimensions: 2"


def test_an_empty_cache_has_no_values(tmp_path: Path) -> None:
    nodes = [
        node("Concat", "past x", "k", axis=2),
        node("Transpose", "k", "t", perm=[0, 1, 3, 2]),
        node("MatMul", "x t", "y"),
    ]
    proto = model(nodes, dims=(1, 2, 5, 16), inputs=[value("past", (1, 2, 0, 16))])
    assert figures(read(proto, tmp_path)) == (0, 2 * 5 * 16 * 5, 0)
    proto = model(nodes, dims=(1, 2, 5, 16), inputs=[value("past", (1, 2, "length", 16))])
    result = read(proto, tmp_path, inputs={"past": raw(1, 2, 0, 16)})
    assert figures(result) == (0, 2 * 5 * 16 * 5, 0)


def test_two_inputs_that_give_one_name_two_sizes_are_an_error(tmp_path: Path) -> None:
    proto = model(
        [node("Add", "x z", "y")],
        dims=("batch", "seq", 16),
        inputs=[value("z", ("batch", "seq", 16))],
    )
    given = {"x": (5, 16), "z": (7, 16)}
    assert refused(proto, tmp_path, inputs=given) == [
        "seq is 5 in x and 7 in z",
        "  model.onnx",
        "  one name stands for one size",
    ]


# The batch


def tokens(dims: tuple[int | str | None, ...]) -> onnx.ModelProto:
    """Attention over the first axis: every row looks at all rows."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("MatMul", "x t", "scores"),
        node("Softmax", "scores", "p"),
        node("MatMul", "p x", "y"),
    ]
    return model(nodes, dims=dims)


@pytest.mark.parametrize("name", [None, "tokens", "unk__7"])
def test_a_first_axis_that_is_mixed_is_no_batch(tmp_path: Path, name: str | None) -> None:
    assert refused(tokens((name, 16)), tmp_path, batch=8) == [
        f"the input x has free dimensions: {name or 0}",
        "  model.onnx",
        "  give its shape, with all axes: --input x=[1,16]",
    ]
    assert read(tokens((name, 16)), tmp_path, inputs={"x": raw(8, 16)}).macs == 2 * 8 * 16 * 8


def test_rows_of_a_fixed_size_that_are_mixed_are_no_batch(tmp_path: Path) -> None:
    result = read(tokens((8, 16)), tmp_path)
    assert (result.batch, result.macs) == (1, 2 * 8 * 16 * 8)
    assert read(tokens((8, 16)), tmp_path, batch=3).macs == 3 * result.macs


@pytest.mark.parametrize("name", [None, "rows", "unk__7"])
def test_a_first_axis_that_nothing_mixes_is_a_batch(tmp_path: Path, name: str | None) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 16, 10)], (name, 16))
    result = read(proto, tmp_path, batch=8)
    assert (result.batch, result.macs) == (8, 8 * 16 * 10)


def test_a_fixed_first_axis_that_nothing_mixes_is_a_batch(tmp_path: Path) -> None:
    proto = model([node("Conv", "x w", "y")], [weight("w", 5, 4, 3, 3)], (6, 4, 8, 8))
    result = read(proto, tmp_path)
    assert (result.batch, result.macs, result.input) == (6, 6 * 6 * 6 * 5 * 4 * 9, (8, 8, 4))
    assert read(proto, tmp_path, batch=2).macs == 2 * 6 * 6 * 5 * 4 * 9


def test_frames_that_windows_slide_over_are_no_batch(tmp_path: Path) -> None:
    nodes = [
        node("Unsqueeze", "x axes", "u"),
        node("Conv", "u w", "y"),
    ]
    proto = model(nodes, [numbers("axes", 0, 1), trained("w", 5, 1, 3, 3)], (None, 81))
    assert refused(proto, tmp_path) == [
        "the input x has free dimensions: 0",
        "  model.onnx",
        "  give its shape, with all axes: --input x=[100,81]",
    ]
    assert read(proto, tmp_path, inputs={"": raw(100, 81)}).macs == 98 * 79 * 5 * 9


def test_frames_that_a_padded_window_slides_over_are_no_batch(tmp_path: Path) -> None:
    """No frame is lost, and work grows as it would with a batch."""
    nodes = [
        node("Unsqueeze", "x axes", "u"),
        node("Conv", "u w", "y", pads=[1, 0, 1, 0]),
    ]
    proto = model(nodes, [numbers("axes", 0, 1), trained("w", 5, 1, 3, 1)], (None, 81))
    assert refused(proto, tmp_path, batch=4)[0] == ("the input x has free dimensions: 0")


def test_rows_that_meet_each_other_in_a_product_are_no_batch(tmp_path: Path) -> None:
    """(x x^T) x has a row for each row, and each looks at all."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("MatMul", "x t", "s"),
        node("MatMul", "s x", "y"),
    ]
    assert refused(model(nodes, dims=(None, 16)), tmp_path)[0] == (
        "the input x has free dimensions: 0"
    )


def test_rows_that_a_matrix_sums_are_no_batch(tmp_path: Path) -> None:
    nodes = [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "t x", "y")]
    assert refused(model(nodes, dims=(None, 16)), tmp_path)[0] == (
        "the input x has free dimensions: 0"
    )


def test_the_batch_of_a_state_is_the_axis_that_is_named_so(tmp_path: Path) -> None:
    nodes = [node("LSTM", "x w r - - state cell", "y", hidden_size=8)]
    weights = [weight("w", 1, 32, 6), weight("r", 1, 32, 8)]
    states = [value("state", (1, "batch", 8)), value("cell", (1, "batch", 8))]
    proto = model(nodes, weights, ("time", "batch", 6), inputs=states)
    result = read(proto, tmp_path, inputs={"x": raw(5, 3, 6)})
    assert (result.batch, result.macs) == (3, 3 * 5 * (32 * 6 + 32 * 8))
    again = read(proto, tmp_path, inputs={"x": (5, 6)}, batch=3)
    assert (again.batch, again.macs) == (3, result.macs)


def test_a_state_of_two_layers_is_no_batch_of_two(tmp_path: Path) -> None:
    """A state stands first, with two layers in its first axis."""
    nodes = [
        node("Gather", "x zero", "first", axis=0),
        node("MatMul", "first w", "h"),
        node("Add", "h z", "y"),
    ]
    weights = [numbers("zero", 0), trained("w", 16, 16)]
    proto = model(nodes, weights, (2, 1, 16), inputs=[value("z", (1, 16))])
    assert read(proto, tmp_path).batch == 1
    assert read(proto, tmp_path, batch=4).macs == 4 * 16 * 16


def test_only_a_misfit_is_counted_for_one_and_scaled(tmp_path: Path) -> None:
    """A batch of one is written into the graph; another error stays an error."""
    nodes = [node("Reshape", "x to", "r"), node("MatMul", "r w", "y")]
    proto = model(nodes, [numbers("to", 1, 256), trained("w", 256, 10)], ("n", 4, 8, 8))
    assert read(proto, tmp_path, batch=4).macs == 4 * 256 * 10
    absurd = model([node("Expand", "x to", "y")], [numbers("to", 1, 4, 2**40, 8)], ("n", 4, 1, 8))
    assert refused(absurd, tmp_path, batch=4)[0] == f"y has a dimension of {2**40}"


# Which axis holds channels


@pytest.mark.parametrize(
    ("kind", "first"), [("MatMul", (10, 16)), ("Conv", (16, 10)), ("LayerNormalization", (10, 16))]
)
def test_three_axes_are_turned_only_where_channels_come_first(
    tmp_path: Path, kind: str, first: tuple[int, int]
) -> None:
    dims = {"MatMul": (16, 5), "Conv": (5, 16, 3), "LayerNormalization": (16,)}[kind]
    proto = model([node(kind, "x w", "y")], [weight("w", *dims)], ("b", "t", "c"))
    result = read(proto, tmp_path, inputs={"": (10, 16)})
    macs = {"MatMul": 10 * 16 * 5, "Conv": 8 * 5 * 16 * 3, "LayerNormalization": 0}
    assert (result.macs, result.input) == (macs[kind], (10, 16))


def test_channels_are_found_behind_a_transpose(tmp_path: Path) -> None:
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Conv", "t w", "y")]
    proto = model(nodes, [weight("w", 5, 16, 3)], ("b", "t", "c"))
    assert read(proto, tmp_path, inputs={"": (10, 16)}).macs == 8 * 5 * 16 * 3


# Hints that work


def hinted(proto: onnx.ModelProto, tmp_path: Path) -> list[str]:
    return refused(proto, tmp_path)[2].split(": ", 1)[1].split()


def test_the_hint_has_the_sizes_that_weights_ask_for(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 266, 3)], ("n", "t", "features"))
    assert hinted(proto, tmp_path) == ["--input", "x=128x266"]
    assert read(proto, tmp_path, inputs={"x": (128, 266)}).macs == 128 * 266 * 3


def test_the_hint_has_a_size_that_the_graph_takes(tmp_path: Path) -> None:
    """Recognisers of text are made for lines of a fixed height."""
    nodes = [
        node("Conv", "x w", "c", strides=[8, 8]),
        node("Squeeze", "c axis", "s"),
        node("Relu", "s", "y"),
    ]
    weights = [weight("w", 16, 3, 48, 8), numbers("axis", 2)]
    proto = model(nodes, weights, ("n", 3, "height", "width"))
    assert hinted(proto, tmp_path) == ["--input", "x=48x48x3"]
    assert read(proto, tmp_path, inputs={"x": (48, 48, 3)}).macs == 6 * 16 * 3 * 48 * 8


def test_the_hint_names_all_inputs_that_need_a_shape(tmp_path: Path) -> None:
    nodes = [
        constant("table", trained("", 10, 16)),
        node("Gather", "table x", "e"),
        node("Gather", "table z", "f"),
        node("Add", "e f", "y"),
    ]
    proto = model(nodes, (), ("b", "seq"), inputs=[value("z", ("b", "seq"), INT)], kind=INT)
    assert hinted(proto, tmp_path) == ["--input", "x=128", "--input", "z=128"]


def test_the_hint_goes_with_what_was_given(tmp_path: Path) -> None:
    inputs = [value("z", ("b", "seq", "width"))]
    proto = model([node("Concat", "x z", "y", axis=2)], dims=("b", "seq", 16), inputs=inputs)
    assert refused(proto, tmp_path, inputs={"x": (7, 16)})[2].endswith("--input z=7x128")


# Windows that are larger than what they slide over


def test_an_input_that_is_smaller_than_a_window(tmp_path: Path) -> None:
    proto = model([node("Conv", "x w", "y")], [weight("w", 5, 4, 5, 5)], (1, 4, 3, 3))
    assert refused(proto, tmp_path) == [
        "the input x (3x3x4) is smaller than the 5x5 window of y",
        "  model.onnx",
        "  try --input x=6x6x4",
    ]


def test_an_input_that_is_too_small_for_a_later_window(tmp_path: Path) -> None:
    nodes = [
        node("MaxPool", "x", "p", kernel_shape=[4, 4], strides=[4, 4]),
        node("Conv", "p w", "y", "deep"),
    ]
    proto = model(nodes, [weight("w", 5, 4, 3, 3)], (1, 4, "h", "w"))
    assert refused(proto, tmp_path, inputs={"": (8, 8, 4)}) == [
        "the input x (8x8x4) is too small: the 3x3 window of deep slides over 2x2",
        "  model.onnx",
        "  try --input x=16x16x4",
    ]
    assert read(proto, tmp_path, inputs={"": (16, 16, 4)}).macs == 2 * 2 * 5 * 4 * 9


def test_a_small_input_before_a_slice_does_not_end_the_process(tmp_path: Path) -> None:
    """The package's own inference of the whole model does."""
    nodes = [
        node("Conv", "x w", "c"),
        node("Slice", "c zero end axes", "y"),
    ]
    weights = [
        weight("w", 5, 4, 5, 5),
        *[numbers(name, a, a) for name, a in (("zero", 0), ("end", 2))],
        numbers("axes", 2, 3),
    ]
    assert refused(model(nodes, weights, (1, 4, 3, 3)), tmp_path)[0] == (
        "the input x (3x3x4) is smaller than the 5x5 window of c"
    )


@pytest.mark.parametrize(("nodes", "tries"), [(1500, 2 * 7), (1501, 4)])
def test_a_large_graph_is_tried_four_times(nodes: int, tries: int) -> None:
    """Else in the seven sizes of images, and with each of two sizes in front."""
    proto = model([node("Relu", "x", "y")] * nodes, (), ("n", 3, "height", "width"))
    walked = []

    def walk(dims: object) -> Walk:
        walked.append(dims)
        raise ConvcostError("it does not fit")

    problem = FreeError("no shape")
    assert free_dimensions(walk, proto, ["x"], problem) is problem
    assert len(walked) == tries


def test_the_hint_has_channels_last_where_the_graph_has_them_so(tmp_path: Path) -> None:
    nodes = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "y")]
    proto = model(nodes, [weight("w", 5, 6, 3, 3)], ("n", "h", "w", "c"))
    assert hinted(proto, tmp_path) == ["--input", "x=224x224x6"]
    result = read(proto, tmp_path, inputs={"x": (224, 224, 6)})
    assert result.macs == 222 * 222 * 5 * 6 * 9
