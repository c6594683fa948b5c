"""What the values of a stored tensor look like, and sizes that are tried for a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import INT, lone, model, node, numbers, read, refused, trained, value

from convcost.sources.onnx.traits import ABSENT, GRID, UNIFORM, trait

TYPES = (np.float16, np.float32, np.float64)


def of(values: Any, kind: Any = np.float32) -> str | None:
    return trait(onnx, numpy_helper.from_array(np.array(values, dtype=kind)))


@pytest.mark.parametrize("kind", TYPES)
def test_values_that_are_all_the_same(kind: Any) -> None:
    assert of([1, 1], kind) == UNIFORM
    assert of([[0.3] * 4] * 5, kind) == UNIFORM
    assert of([1, 1, 1, 2], kind) is None
    assert of([2, 1, 1, 1], kind) is None
    assert of([1], kind) is None
    assert of([[1, 1], [1, 1]], np.int64) is None


def test_a_large_tensor_is_looked_at_to_its_end() -> None:
    large = np.ones(2**18 + 2, dtype=np.float32)
    assert of(large) == UNIFORM
    large[-1] = 2
    assert of(large) is None


@pytest.mark.parametrize("kind", TYPES)
def test_whole_and_half_numbers_from_nothing_up(kind: Any) -> None:
    assert of([0, 0.5, 1], kind) == GRID
    assert of([8, 16, 32], kind) == GRID
    assert of([0, 1], kind) is None
    assert of([0, 1, 0, 1], kind) is None
    assert of([-1, 0, 1], kind) is None
    assert of([0, 0.25, 1], kind) is None
    assert of([*range(20), 0.3], kind) is None


def test_values_as_a_list_of_numbers() -> None:
    for kind, filled in ((1, "float_data"), (11, "double_data")):
        tensor = TensorProto(name="t", dims=[3], data_type=kind)
        assert trait(onnx, tensor) == ABSENT
        getattr(tensor, filled).extend([7, 7, 7])
        assert trait(onnx, tensor) == UNIFORM
        getattr(tensor, filled).append(7)
        assert trait(onnx, tensor) == ABSENT


def test_values_that_are_stored_elsewhere_or_are_cut_off() -> None:
    tensor = numpy_helper.from_array(np.ones(3, dtype=np.float32))
    assert trait(onnx, tensor) == UNIFORM
    tensor.raw_data = tensor.raw_data[:-1]
    assert trait(onnx, tensor) == ABSENT
    tensor.external_data.add(key="location", value="elsewhere")
    assert trait(onnx, tensor) == ABSENT


# Sizes that are tried


def only(size: int, rank: int) -> Any:
    """A graph that takes one size only: a fixed reshape of the map or of the sequence."""
    if rank == 4:
        nodes = [node("Relu", "x", "r"), node("Reshape", "r to", "y")]
        return model(nodes, [numbers("to", 3 * size * size)], (1, 3, "h", "w"))
    nodes = [node("MatMul", "x w", "m"), node("Reshape", "m to", "y")]
    return model(nodes, [trained("w", 5, 2), numbers("to", 2 * size)], (1, "t", 5))


@pytest.mark.parametrize("size", [224, 48, 256, 320, 512, 640, 32])
def test_the_usual_sides_of_images_are_tried(tmp_path: Path, size: int) -> None:
    """ImageNet, lines of text, detectors, CIFAR."""
    hint = refused(only(size, 4), tmp_path)[-1]
    assert f"--input x={size}x{size}x3" in hint


BANDS = [100, 40, 80, 81, 88, 96, 105, 113, 120, 144, 229, 257]


@pytest.mark.parametrize("size", [128, 64, 512, 1024, 16_000, *BANDS])
def test_the_usual_lengths_are_tried(tmp_path: Path, size: int) -> None:
    """Texts, a second of sound, bands of its spectrum."""
    hint = refused(only(size, 3), tmp_path)[-1]
    assert f"--input x={size}x5" in hint


def test_a_size_that_nobody_tries_gets_no_hint(tmp_path: Path) -> None:
    assert not any("--input x=33" in line for line in refused(only(33, 4), tmp_path))


@pytest.mark.parametrize("times", [2, 4, 8, 16, 32, 64])
def test_an_input_that_was_too_small_is_doubled_until_it_does(tmp_path: Path, times: int) -> None:
    kernel = 3 * times
    proto = model([node("MaxPool", "x", "y", kernel_shape=[kernel] * 2)], (), (1, 3, "h", "w"))
    hint = refused(proto, tmp_path, inputs={"x": (3, 3, 3)})[-1]
    assert hint == f"  try --input x={kernel}x{kernel}x3"


def test_an_input_that_is_far_too_small_gets_no_hint(tmp_path: Path) -> None:
    proto = model([node("MaxPool", "x", "y", kernel_shape=[3 * 65] * 2)], (), (1, 3, "h", "w"))
    assert not any("try" in line for line in refused(proto, tmp_path, inputs={"x": (3, 3, 3)}))


# Axes that a search for the largest mixes


@pytest.mark.parametrize(
    ("attributes", "is_batch"), [({}, False), ({"axis": 0}, False), ({"axis": 1}, True)]
)
def test_the_largest_is_looked_for_along_the_first_axis(
    tmp_path: Path, attributes: dict[str, Any], is_batch: bool
) -> None:
    nodes = [
        node("MatMul", "x w", "m"),
        node("ArgMax", "m", "a", **attributes),
        node("Cast", "a", "y", to=1),
    ]
    proto = model(nodes, [trained("w", 16, 10)], ("rows", 16))
    if is_batch:
        assert read(proto, tmp_path, batch=8).macs == 8 * 16 * 10
    else:
        assert refused(proto, tmp_path, batch=8)[0] == "the input x has free dimensions: rows"


@pytest.mark.parametrize(("attributes", "is_batch"), [({}, True), ({"axis": 0}, False)])
def test_a_softmax_works_along_the_last_axis(
    tmp_path: Path, attributes: dict[str, Any], is_batch: bool
) -> None:
    nodes = [node("MatMul", "x w", "m"), node("Softmax", "m", "y", **attributes)]
    proto = model(nodes, [trained("w", 16, 10)], ("rows", 16))
    if is_batch:
        assert read(proto, tmp_path, batch=8).macs == 8 * 16 * 10
    else:
        assert refused(proto, tmp_path, batch=8)[0] == "the input x has free dimensions: rows"


def test_a_lone_value_has_no_size_to_try(tmp_path: Path) -> None:
    made = helper.make_tensor_value_info("n", INT, ())
    proto = model([node("Relu", "x", "y")], [lone("l", 1)], (1, 4), inputs=[made])
    assert read(proto, tmp_path).element_ops == 4


def test_the_hint_leaves_the_batch_out_where_nothing_mixes_the_first_axis(tmp_path: Path) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 5, 2)], (None, None, 5))
    assert refused(proto, tmp_path)[-1].endswith(": --input x=128x5")


def test_an_image_is_turned_where_nothing_tells_and_a_sequence_is_not(tmp_path: Path) -> None:
    """Of four axes the channels come first, as most files have them."""
    image = model([node("Sqrt", "x", "y")], (), ("b", None, None, None))
    assert read(image, tmp_path, inputs={"": (10, 12, 16)}).output == (10, 12, 16)
    (row,) = read(image, tmp_path, inputs={"": (10, 12, 16)}).counted.rows
    assert row.inputs == ((10, 12, 16),)
    fixed = model([node("Sqrt", "x", "y")], (), ("b", 16, 16, 16))
    assert read(fixed, tmp_path, inputs={"": (16, 16, 16)}).output == (16, 16, 16)


@pytest.mark.parametrize(("inputs", "more"), [(4, ""), (5, " (and 1 more)"), (6, " (and 2 more)")])
def test_a_hint_names_four_inputs(tmp_path: Path, inputs: int, more: str) -> None:
    names = ["x", *(f"x{number}" for number in range(1, inputs))]
    others = [value(name, ("n", None, 4)) for name in names[1:]]
    proto = model([node("Sum", " ".join(names), "y")], (), ("n", None, 4), inputs=others)
    shown = " ".join(f"--input {name}=128x4" for name in names[:4])
    assert refused(proto, tmp_path)[-1] == (
        f"  give shapes, channels last and without batch: {shown}{more}"
    )


def test_sizes_that_fit_tell_where_channels_are_and_else_the_graph(tmp_path: Path) -> None:
    def output(made: Any, dims: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        return read(model([made], [trained("w", 16, 3)], dims), tmp_path, inputs={"": shape}).output

    root, matrix = node("Sqrt", "x", "y"), node("MatMul", "x w", "y")
    assert output(root, ("b", 16, 10), (10, 16)) == (10, 16)
    assert output(root, ("b", 16, 10, 12), (10, 12, 16)) == (10, 12, 16)
    assert output(matrix, ("b", 16, 5, 16), (16, 5, 16)) == (16, 5, 3)


@pytest.mark.parametrize("name", [None, "rows", "unk__7"])
def test_a_free_first_axis_is_one_sample_unless_more_are_asked_for(
    tmp_path: Path, name: str | None
) -> None:
    proto = model([node("MatMul", "x w", "y")], [trained("w", 16, 10)], (name, 5, 16))
    result = read(proto, tmp_path)
    assert (result.batch, result.macs, result.input) == (1, 5 * 16 * 10, (5, 16))
    assert read(proto, tmp_path, batch=3).macs == 3 * 5 * 16 * 10
