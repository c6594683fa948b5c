"""Sizes that are worked out by our own rules: windows, values between sizes, stale statements.

Sizes of windows are those that onnxruntime makes: compared on random settings where it is
installed, else with sizes that it made (version 1.32).
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper
from onnx_models import (
    FLOAT,
    INT,
    figures,
    model,
    node,
    numbers,
    one,
    read,
    refused,
    trained,
    value,
    weight,
)

from convcost.results import CountResult

# Windows


@pytest.mark.parametrize("opset", [10, 12, 19, 22])
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_ceil_mode_leaves_out_a_window_that_starts_in_the_padding(
    tmp_path: Path, kind: str, opset: int
) -> None:
    """5 positions, window 2, stride 4, one of padding: ceil((5 + 2 - 2) / 4) + 1 = 3, of which
    the last would start at 8, behind the input's end at 5 + 1."""
    settings: dict[str, Any] = {
        "kernel_shape": [2, 2],
        "strides": [4, 4],
        "pads": [1] * 4,
        "ceil_mode": 1,
    }
    result = one(tmp_path, kind, dims=(1, 4, 5, 5), opset=opset, **settings)
    assert result.output == (2, 2, 4)
    assert result.element_ops == 2 * 2 * 4 * 2 * 2


def test_ceil_mode_keeps_a_window_that_starts_inside(tmp_path: Path) -> None:
    result = one(
        tmp_path, "MaxPool", dims=(1, 4, 6, 6), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1
    )
    assert result.output == (3, 3, 4)


def transposed(tmp_path: Path, **settings: Any) -> CountResult:
    return one(
        tmp_path, "ConvTranspose", ["x", "w"], [weight("w", 4, 6, 3, 3)], (1, 4, 5, 7), **settings
    )


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("extra", [0, 1])
def test_a_transposed_convolution_with_automatic_padding_makes_stride_times_its_input(
    tmp_path: Path, auto: str, extra: int
) -> None:
    result = transposed(tmp_path, strides=[2, 2], auto_pad=auto, output_padding=[extra] * 2)
    assert result.output == (2 * 5, 2 * 7, 6)
    assert result.macs == 5 * 7 * 4 * 6 * 3 * 3


def test_a_short_kernel_cannot_be_cropped_below_nothing(tmp_path: Path) -> None:
    """Stride 4 and a kernel of 3: (5 - 1) * 4 + 3 positions are all there are."""
    result = transposed(tmp_path, strides=[4, 4], auto_pad="SAME_UPPER")
    assert result.output == (4 * 4 + 3, 6 * 4 + 3, 6)


def test_a_transposed_convolution_with_output_padding(tmp_path: Path) -> None:
    result = transposed(tmp_path, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])
    assert result.output == (4 * 2 + 3 - 2 + 1, 6 * 2 + 3 - 2 + 1, 6)


def test_a_computed_kernel_has_no_parameters(tmp_path: Path) -> None:
    for kind, dims in (("Conv", (6, 4, 3, 3)), ("ConvTranspose", (4, 6, 3, 3))):
        made = node(kind, "x w", "y", "it")
        proto = model([made], inputs=[value("w", dims)])
        positions = 6 * 6 if kind == "Conv" else 8 * 8
        result = read(proto, tmp_path)
        assert figures(result) == (0, positions * 4 * 6 * 3 * 3, 0)
        str(result)
        result.to_dict()


def test_a_convolution_whose_first_axis_is_no_batch(tmp_path: Path) -> None:
    """Three frames stand in the first axis, two samples elsewhere."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("Conv", "t w", "y"),
    ]
    proto = model(nodes, [weight("w", 5, 2, 3)], ("batch", 3, 10))
    assert read(proto, tmp_path, batch=2).macs == 3 * 8 * 5 * 2 * 3


def random_window(chance: random.Random) -> tuple[str, list[int], dict[str, Any]]:
    """A kind, the sizes of its input, and its settings."""
    kind = chance.choice(["MaxPool", "AveragePool", "ConvTranspose", "Conv"])
    kernel = [chance.randint(1, 4) for _ in range(2)]
    settings: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": [chance.randint(1, 4) for _ in range(2)],
        "dilations": [chance.randint(1, 2) for _ in range(2)],
    }
    if chance.random() < 0.4:
        settings["auto_pad"] = chance.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    else:
        settings["pads"] = [chance.randrange(min(kernel)) for _ in range(4)]
    if "Pool" in kind:
        settings["ceil_mode"] = chance.randrange(2)
        if "auto_pad" in settings:
            del settings["dilations"]  # which the runtime forgets when it pads a pool
    if kind == "ConvTranspose":
        most = min(*settings["strides"], *settings["dilations"])
        settings["output_padding"] = [chance.randrange(most) for _ in range(2)]
    return kind, [1, 4, *(chance.randint(4, 12) for _ in range(2))], settings


def test_windows_are_those_of_onnxruntime(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    numpy = pytest.importorskip("numpy")
    chance = random.Random(11)
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    compared = 0
    for _ in range(150):
        kind, dims, settings = random_window(chance)
        weights, reads = [], "x"
        if kind.startswith("Conv"):
            weights, reads = [trained("w", 4, 4, *settings["kernel_shape"])], "x w"
        opset = 22 if kind == "AveragePool" else chance.choice((12, 18, 22))
        proto = model([node(kind, reads, "y", **settings)], weights, dims, opset=opset)
        try:
            session = runtime.InferenceSession(proto.SerializeToString(), options)
            made = session.run(None, {"x": numpy.zeros(dims, numpy.float32)})[0]
        except Exception:  # settings that the runtime refuses
            continue
        assert read(proto, tmp_path).output == (*made.shape[2:], made.shape[1]), (kind, settings)
        compared += 1
    assert compared > 100


# Values between sizes


@pytest.mark.parametrize("opset", [9, 11, 12, 13, 21])
def test_sizes_are_followed_in_each_operator_set(tmp_path: Path, opset: int) -> None:
    """Exporters put two sizes together with Unsqueeze, whose axes moved to an input in 13."""
    settings: dict[str, Any] = {"axes": [0]} if opset < 13 else {}
    axis = "" if opset < 13 else " axis"
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s two", "h"),
        node("Gather", "s three", "w"),
        node("Mul", "h w", "area"),
        node("Unsqueeze", f"area{axis}", "a", **settings),
        node("Concat", "minus a", "to", axis=0),
        node("Reshape", "x to", "r"),
        node("MatMul", "r m", "y"),
    ]
    scalars = [helper.make_tensor(n, INT, (), [v]) for n, v in (("two", 2), ("three", 3))]
    weights = [*scalars, numbers("minus", -1), numbers("axis", 0), trained("m", 8 * 6, 5)]
    proto = model(nodes, weights, ("n", 4, "h", "w"), opset=opset)
    result = read(proto, tmp_path, inputs={"": (8, 6, 4)})
    assert (result.is_complete, result.macs) == (True, 4 * 8 * 6 * 5)


@pytest.mark.parametrize(
    ("kind", "numbers_", "size"),
    [("Div", (-7, 2), 3), ("Mod", (7, 4), 3), ("Max", (2, 3), 3), ("Pow", (3, 1), 3)],
)
def test_whole_numbers_are_divided_towards_zero_and_so_on(
    tmp_path: Path, kind: str, numbers_: tuple[int, int], size: int
) -> None:
    nodes = [
        node(kind, "a b", "c"),
        node("Abs", "c", "size"),
        node("Concat", "one size", "to", axis=0),
        node("Expand", "x to", "y"),
    ]
    weights = [numbers("a", numbers_[0]), numbers("b", numbers_[1]), numbers("one", 4)]
    assert read(model(nodes, weights, (4, 1)), tmp_path).output == (4, size)


def test_the_rare_operation_between_sizes_is_computed_too(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("CumSum", "s zero", "c"),
        node("Gather", "c last", "n"),
        node("Concat", "one n", "to", axis=0),
        node("Reshape", "x to", "y"),
    ]
    weights = [
        helper.make_tensor("zero", INT, (), [0]),
        numbers("last", 1),
        numbers("one", 1),
    ]
    assert read(model(nodes, weights, (2, 2)), tmp_path).output == (2 + 2,)


def test_a_type_taken_from_data_does_not_hide_a_size(tmp_path: Path) -> None:
    """PyTorch's exporter casts numbers like a tensor; how many values there are is known too."""
    nodes = [
        node("Size", "x", "size"),
        node("CastLike", "size x", "f"),
        node("Cast", "f", "i", to=INT),
        node("Unsqueeze", "i axis", "n"),
        node("Reshape", "x n", "y"),
    ]
    assert read(model(nodes, [numbers("axis", 0)]), tmp_path).output == (4 * 8 * 8,)


def test_frames_and_frequencies_of_a_signal(tmp_path: Path) -> None:
    """1000 samples, frames of 64 every 10, of which half the frequencies are kept."""
    window = [trained("window", 64), helper.make_tensor("step", INT, (), [10])]
    proto = model([node("STFT", "x step window", "y")], window, (1, 1000, 1))
    made = read(proto, tmp_path).counted.rows[0].node.output
    assert sorted(made) == [2, 64 // 2 + 1, (1000 - 64) // 10 + 1]


# What the file states


def stale(**more: Any) -> onnx.ModelProto:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "y")]
    return model(nodes, [weight("w", 5, 4, 3, 3)], value_info=[value("c", (1, 5, 7, 9))], **more)


def test_what_a_file_states_wrongly_is_overruled_and_told(tmp_path: Path) -> None:
    """onnxruntime warns and runs."""
    result = read(stale(), tmp_path)
    assert (result.macs, result.output) == (6 * 6 * 5 * 4 * 9, (6, 6, 5))
    assert result.notes == (
        "the file states other sizes than its operations make: c (1x5x7x9, counted 1x5x6x6)",
    )


def test_stated_sizes_help_where_nothing_else_is_known(tmp_path: Path) -> None:
    nodes = [node("Mine", "x", "c", domain="my"), node("Conv", "c w", "y")]
    stated = [value("c", ("n", 4, 10, "width"))]
    proto = model(nodes, [weight("w", 5, 4, 3, 3)], ("n", 4, 8, "width"), value_info=stated)
    result = read(proto, tmp_path, inputs={"": (8, 12, 4)})
    assert result.macs == 8 * 10 * 5 * 4 * 9


def test_stated_sizes_do_not_help_where_the_user_overrules_the_file(tmp_path: Path) -> None:
    nodes = [node("Mine", "x", "c", domain="my"), node("Relu", "c", "y")]
    proto = model(nodes, value_info=[value("c", (1, 4, 8, 8))])
    result = read(proto, tmp_path, inputs={"": (16, 16, 4)})
    assert [row.type for row in result.counted.uncounted] == ["my::Mine", "Relu"]


def test_a_later_operation_fixes_sizes_again(tmp_path: Path) -> None:
    nodes = [
        node("Mine", "x", "c", domain="my"),
        node("Reshape", "c to", "r"),
        node("Gemm", "r w", "y"),
    ]
    result = read(model(nodes, [numbers("to", 1, 256), trained("w", 256, 10)]), tmp_path)
    assert [row.type for row in result.counted.uncounted] == ["my::Mine"]
    assert result.macs == 256 * 10


# What does not fit


def test_impossible_broadcasts_and_products_are_errors(tmp_path: Path) -> None:
    cases = {
        "sum: Add does not fit what it reads (1x4x8x8, 3x8)": (
            node("Add", "x w", "y", "sum"),
            3,
            8,
        ),
        "fc: MatMul does not fit what it reads (1x4x8x8, 7x5)": (
            node("MatMul", "x w", "y", "fc"),
            7,
            5,
        ),
    }
    for message, (made, *dims) in cases.items():
        assert refused(model([made], [weight("w", *dims)]), tmp_path) == [
            message,
            "  model.onnx",
            "  the file is broken, or its sizes do not go with the input that was given",
        ]


def test_a_fixed_reshape_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    nodes = [node("Reshape", "x to", "y", "flat")]
    for sizes in ((1, 255), (-1, 3), (-1, -1), (0, 0, 0, 0, 0)):
        proto = model(nodes, [numbers("to", *sizes)])
        assert refused(proto, tmp_path)[0] == (
            f"flat: Reshape does not fit what it reads (1x4x8x8, {len(sizes)})"
        )


def test_a_state_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    weights = [weight("w", 1, 32, 7), weight("r", 1, 32, 8)]
    proto = model([node("LSTM", "x w r", "y", "cell", hidden_size=8)], weights, (5, 1, 6))
    assert refused(proto, tmp_path)[0] == (
        "cell: LSTM does not fit what it reads (5x1x6, 1x32x7, 1x32x8)"
    )


def test_float_of_a_constant_becomes_a_size(tmp_path: Path) -> None:
    scales = helper.make_tensor("scales", FLOAT, (4,), [1, 1, 1.5, 2.25])
    result = one(tmp_path, "Resize", ["x", "", "scales"], [scales])
    assert result.output == (8 * 3 // 2, 8 * 9 // 4, 4)
