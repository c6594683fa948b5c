"""What is given is used, or refused, or said to change nothing: what newcomers gave in vain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Result, Run, refusal

from convcost.engine.shapes import product

AS_IT_IS = "a model is counted as it is: only --input and --batch change it"


@pytest.fixture
def model(tmp_path: Path) -> str:
    """One convolution as an ONNX file."""
    pytest.importorskip("onnx")
    from onnx import helper
    from onnx_models import model as made
    from onnx_models import save, weight

    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    return str(save(made(nodes, [weight("w", 4, 4, 3, 3)]), tmp_path))


@pytest.fixture
def quantised(tmp_path: Path) -> str:
    """One convolution of an int8 TFLite file: 3x3 kernels from 3 to 8 channels."""
    pytest.importorskip("tflite")
    from tflite_models import Builder

    b = Builder()
    x, y = b.tensor("x", 1, 8, 8, 3, type="INT8"), b.tensor("y", 1, 8, 8, 8, type="INT8")
    weights = [b.weight("w", 8, 3, 3, 3, type="INT8"), b.weight("b", 8, type="INT32")]
    b.operator("CONV_2D", [x, *weights], [y], StrideH=1, StrideW=1, Padding=0)
    path = tmp_path / "net.tflite"
    path.write_bytes(b.build([x], [y]))
    return str(path)


# --- One of several subjects ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--classes", "10"), "classes"),
        (("--width", "0.5"), "width"),
        (("--no-bias",), "bias"),
        (("--no-norm",), "norm"),
    ],
)
@pytest.mark.parametrize("command", ["count", "compare", "conventions"])
def test_a_model_beside_others_refuses_what_does_not_reach_it(
    invoke: Run, model: str, command: str, options: tuple[str, ...], part: str
) -> None:
    place = " ".join(options)
    assert invoke(command, "mobilenet_v1", model, *options) == refusal(
        f"error: {part} is not for an ONNX file", f"  {place}", f"  {AS_IT_IS}"
    )


def test_a_limit_is_not_judged_on_another_model(invoke: Run, model: str) -> None:
    words = ("check", "mobilenet_v1", model, "--width", "0.5", "--max", "params=10M")
    assert invoke(*words).err.startswith("error: width is not for an ONNX file\n")


# --- Batch and what frames a layer ---------------------------------------------------------


@pytest.mark.parametrize("command", ["count", "compare", "explain"])
def test_a_batch_may_be_set(invoke: Run, command: str) -> None:
    words = ("8x8x4", "conv 3x3 8", "--json")
    assert invoke(command, *words, "--set", "batch=2") == invoke(command, *words, "--batch", "2")


@pytest.mark.parametrize("options", [("--batch", "1", "--set", "batch=2")])
def test_a_batch_is_given_once(invoke: Run, options: tuple[str, ...]) -> None:
    twice = refusal("error: batch is given twice", "  leave one of them out")
    assert invoke("count", "lenet5", *options) == twice
    assert invoke("sweep", "mobilenet_v2", "--vary", "width=0.5,1", *options) == twice


@pytest.mark.parametrize(
    ("axis", "option"), [("batch=1,2", "--batch=3"), ("input=96,128", "--input=224x224x3")]
)
def test_an_axis_is_not_given_beside_it(invoke: Run, axis: str, option: str) -> None:
    name = axis.partition("=")[0]
    assert invoke("sweep", "mobilenet_v2", "--vary", axis, option) == refusal(
        f"error: {name} is given twice", "  vary it, or set it"
    )


@pytest.mark.parametrize("pair", ["name=x", "type=conv", "repeat=3", "input=8x8x4"])
def test_what_frames_a_layer_is_no_setting(invoke: Run, pair: str) -> None:
    name = pair.partition("=")[0]
    assert invoke("count", "lenet5", "--set", pair) == refusal(
        f"error: {name} is no setting of a layer",
        f"  --set {pair}",
        "  it is an option or a word of its own, such as --input 56x56x256 or --batch 8",
    )


def test_a_batch_of_one_side_is_no_setting(invoke: Run) -> None:
    result = invoke("diff", "lenet5", "lenet5", "--set:b", "batch=2")
    assert result.err.startswith("error: batch is no setting of a layer\n  --set:b batch=2\n")


# --- Switches, types and costs -------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (
            ("8x8x4", "conv 3x3 8", "--norm"),
            "--norm changes nothing: conv 3x3 8 has no norms (conv 3x3 64, bn has one)",
        ),
        (
            ("8x8x4", "conv 3x3 8", "--activation"),
            "--activation changes nothing: conv 3x3 8 has none (conv 3x3 64, relu has one)",
        ),
        (
            ("mobilenet_v2", "--bias"),
            "--bias changes nothing: mobilenet_v2 says itself which layers have one",
        ),
    ],
)
def test_a_switch_that_changes_nothing_is_said(
    invoke: Run, words: tuple[str, ...], note: str
) -> None:
    without = invoke("count", *words[:-1], "--get", "params").out
    assert invoke("count", *words, "--get", "params") == Result(0, without, f"note: {note}\n")


@pytest.mark.parametrize(
    "words", [("8x8x4", "conv 3x3 8, bn, relu", "--norm"), ("8x8x4", "conv 3x3 8", "--bias")]
)
def test_a_switch_that_means_something_is_quiet(invoke: Run, words: tuple[str, ...]) -> None:
    assert invoke("count", *words, "--get", "params").err == ""


def test_types_that_stand_in_a_file_are_not_asked_for(invoke: Run, quantised: str) -> None:
    assert invoke("count", quantised, "--dtype", "float32") == refusal(
        "error: --dtype changes nothing here: the types stand in the file",
        "  --dtype float32",
        "  leave it out",
    )


def test_other_channels_are_no_other_size_of_a_model(invoke: Run, quantised: str) -> None:
    larger = invoke("count", quantised, "--input", "16x16x3", "--get", "macs")
    assert larger == Result(0, f"{product((16, 16, 8, 3, 3, 3))}\n", "")
    first, *_ = invoke("count", quantised, "--input", "3x16x6").err.splitlines()
    assert first == "error: y: CONV_2D does not fit what it reads (1x3x16x6, 8x3x3x3, 8)"


def test_a_cost_of_what_is_counted_anyway_is_refused(invoke: Run, model: str) -> None:
    assert invoke("count", model, "--cost", "Relu=2*out") == refusal(
        "error: Relu is counted without it", "  --cost Relu", "  leave it out"
    )


# --- Symbols, widths, files ----------------------------------------------------------------


def test_a_setting_of_layers_in_general_is_for_both_designs_of_a_formula(invoke: Run) -> None:
    set_ = invoke("formula", "separable", "--set", "stride=2")
    assert set_ == invoke("formula", "separable", "--stride", "2")
    assert "MACs / standard    1/Cout + 1/K^2\n" in set_.out
    assert invoke("formula", "separable", "--set", "stride=2", "--stride", "2") == refusal(
        "error: stride is given twice", "  leave one of them out"
    )


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"])
def test_a_network_has_a_width_above_zero(invoke: Run, name: str) -> None:
    assert invoke("count", name, "--width", "0") == refusal(f"error: {name}: width must be above 0")


def test_networks_in_lines_are_not_compared_with_specs(invoke: Run, tmp_path: Path) -> None:
    spec = '{"type": "conv", "input": "8x8x4", "kernel": 3, "out": 8}'
    network = '{"input": "8x8x4", "layers": ["conv 3x3 8"]}'
    path = tmp_path / "mixed.jsonl"
    path.write_text(f"{spec}\n{network}\n")
    result = invoke("compare", str(path))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: networks are not compared with designs\n")


def test_diff_reads_a_saved_count_or_specs_from_standard_input(invoke: Run) -> None:
    saved = invoke("count", "resnet18", "--json").out
    plain = invoke("diff", "resnet18", "resnet34")
    assert invoke("diff", "-", "resnet34", stdin=saved) == plain
    spec = '{"type": "conv", "input": "8x8x4", "kernel": 3, "out": 8, "name": "mine"}'
    assert invoke("diff", "-", "-", stdin=spec) == refusal(
        "error: standard input is one thing, not two", "  - -"
    )
    assert invoke("diff", "lenet5", "-", stdin=spec).out.startswith("lenet5 -> mine\n")


def test_layers_of_a_stream_are_called_as_they_are_alone(invoke: Run) -> None:
    kernel: dict[str, object] = {"kernel": 1, "out": 4}
    layers: list[dict[str, object]] = [
        {"type": "relu"},
        {"type": "activation", "function": "silu"},
        {"type": "activation", "function": "tanh"},
        {"type": "Conv2d", **kernel},
        {"type": "conv", **kernel},
        {"type": "Conv2d", **kernel},
    ]
    lines = [json.dumps({"input": "8x8x4", **layer}) for layer in layers]
    alone = [json.loads(invoke("count", "-", "--json", stdin=line).out) for line in lines]
    out = invoke("count", "-", "--format", "jsonl", stdin="\n".join(lines)).out
    names = [json.loads(line)["name"] for line in out.splitlines()]
    assert names == [one["results"][0]["name"] for one in alone]
    assert names == ["relu", "silu", "tanh", "conv", "conv", "conv"]
