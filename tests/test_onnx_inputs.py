"""Inputs and batch of an ONNX file: sizes from the user, or an error with a hint that works."""

from __future__ import annotations

from pathlib import Path

from onnx import helper
from onnx_models import model, numbers, read, refused, value, weight


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
