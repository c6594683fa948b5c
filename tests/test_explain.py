"""Explanations: every number derived in words, and the factors multiply out."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, refusal

from convcost.language.library import PACKAGE, Library

DESIGNS = sorted(path.stem for path in (PACKAGE / "designs").glob("*.toml"))


def command(name: str) -> list[str]:
    """``explain`` of a design with those of the usual options that it has."""
    design = Library().find(name)
    options = {"kernel_size": ["-k", "3"], "out_channels": ["-o", "64"]}
    given = [word for key, words in options.items() if design.accepts(key) for word in words]
    return ["explain", name, "56x56x256", *given]


def test_separable_on_the_blackboard(invoke: Run) -> None:
    assert invoke("explain", "separable", "56x56x256", "-k", "3", "-o", "64").out == (
        """\
separable on 56x56x256
a depthwise convolution for space, then a 1x1 for channels

depthwise: conv 3x3, 256 groups, 56x56x256 -> 56x56x256
  one kernel        3 x 3 x 1 = 9 weights
                    (it spans 1 channel: 256 input channels / 256 groups)
  kernels           256, one for each output channel
  parameters        256 x 9 = 2,304
  one output value  9 multiply-accumulates
  output values     56 x 56 x 256 = 802,816
  MACs              802,816 x 9 = 7,225,344

pointwise: conv 1x1, 56x56x256 -> 56x56x64
  one kernel        1 x 1 x 256 = 256 weights
                    (it spans all 256 input channels, and their products are
                    summed)
  kernels           64, one for each output channel
  parameters        64 x 256 = 16,384
  one output value  256 multiply-accumulates
  output values     56 x 56 x 64 = 200,704
  MACs              200,704 x 256 = 51,380,224

together
  parameters        2,304 + 16,384 = 18,688
  MACs              7,225,344 + 51,380,224 = 58,605,568

against standard
  parameters        18,688 / 147,456 = 0.1267
    layer by layer  1/64 + 1/9 = 0.1267
    closed form     1/out_channels + 1/K^2 = 0.1267
  MACs              58,605,568 / 462,422,016 = 0.1267
    layer by layer  1/64 + 1/9 = 0.1267
    closed form     1/out_channels + 1/K^2 = 0.1267

1 MAC = 1 multiply + 1 add; batch 1
"""
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_fits_80_columns(invoke: Run, name: str) -> None:
    result = invoke(*command(name))
    assert result.code == 0, result.err
    assert max(map(len, result.out.splitlines())) <= 80
    assert not [line for line in result.out.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("options", [[], ["--bias"], ["--batch", "3"]], ids=" ".join)
@pytest.mark.parametrize("name", DESIGNS)
def test_products_multiply_out(invoke: Run, name: str, options: list[str]) -> None:
    document = json.loads(invoke(*command(name), *options, "--format", "json").out)
    for layer in document["layers"]:
        assert_adds_up(layer, document["batch"], bias="--bias" in options)
    layers = document["layers"]
    assert sum(layer["params"] for layer in layers) == document["params"]
    assert sum(layer["macs"] for layer in layers) == document["macs"]


def assert_adds_up(layer: dict[str, Any], batch: int, *, bias: bool) -> None:
    if layer["kernels"] is None:
        assert layer["macs"] == 0
        return
    weights = prod(layer["kernel_size"] or [1]) * layer["channels_seen"]
    assert layer["kernel_weights"] == layer["macs_per_value"] == weights
    biases = layer["output"][-1] if bias else 0
    assert layer["params"] - layer["kernels"] * weights in {0, biases}
    values = batch * prod(layer["positions"]) * layer["kernels"]
    assert layer["macs"] == values * layer["macs_per_value"]


def test_json_document(invoke: Run) -> None:
    out = invoke("explain", "separable", "56x56x256", "-k", "3", "-o", "64", "-f", "json").out
    document = json.loads(out)
    assert document["schema"] == "convcost.explain/1"
    assert document["versus"] == {
        "design": "standard",
        "params": 3 * 3 * 256 * 64,
        "macs": 56 * 56 * 3 * 3 * 256 * 64,
        "params_ratio": pytest.approx(1 / 64 + 1 / 9),
        "macs_ratio": pytest.approx(1 / 64 + 1 / 9),
        "params_closed_form": "1/out_channels + 1/K^2",
        "macs_closed_form": "1/out_channels + 1/K^2",
    }
    assert document["layers"][0]["channels_seen"] == 256 // 256
    assert document["layers"][1]["macs"] == 56 * 56 * 64 * 256


def test_bottleneck_dearer_than_standard_at_narrow_widths_is_remarked(invoke: Run) -> None:
    out = invoke("explain", "bottleneck", "56x56x4", "-k", "3", "-o", "256").out
    middle = 256 // 4
    own = 4 * middle + 3 * 3 * middle * middle + middle * 256
    share = 3 * 3 * middle * middle * 100 // own
    assert f"{56 * 56 * own:,} / {56 * 56 * 3 * 3 * 4 * 256:,} = 5.8056" in out
    assert (
        "note: bottleneck costs more than standard here: through the channels 4 -> 64 ->\n"
        f"  64 -> 256, {share} % of the MACs are in spatial\n"
        "note: what it saves needs wide inputs; this input is narrow\n"
    ) in out


def test_bottleneck_cheaper_than_standard_is_not_remarked(invoke: Run) -> None:
    assert "note:" not in invoke("explain", "bottleneck", "56x56x256", "-k", "3", "-o", "256").out


def test_stride_that_halves_the_map_is_remarked(invoke: Run) -> None:
    out = invoke("explain", "standard", "56x56x64", "-k", "3", "-o", "128", "-s", "2").out
    assert (
        "  note: stride 2 halves the map on each axis: it keeps 1 of 4 positions, about\n"
        "    1/4 of the MACs of stride 1\n"
    ) in out
    assert "never reach" not in out
    assert f"MACs              {28 * 28 * 128:,} x {3 * 3 * 64} = " in out


def test_1x1_with_stride_is_remarked(invoke: Run) -> None:
    out = invoke("explain", "pointwise", "56x56x64", "-o", "128", "-s", "2").out
    assert (
        "  note: a 1x1 with stride 2 reads 1 of 4 positions; the others never reach the\n"
        "    output\n"
    ) in out


def test_stride_of_1_and_stride_on_one_axis(invoke: Run) -> None:
    assert "stride" not in invoke("explain", "standard", "8x8x4", "-k", "3", "-o", "4").out
    out = invoke("explain", "standard", "8x8x4", "-k", "3", "-o", "4", "-s", "2x1").out
    assert "stride 2x1 keeps 1 of 2 positions" in out
    assert "halves" not in out


def test_pointwise_is_blind_to_neighbours(invoke: Run) -> None:
    out = invoke("explain", "pointwise", "56x56x64", "-k", "3", "-o", "128").out
    assert "note: it sees one position at a time: cheap, but blind to the neighbours\n" in out


def test_biases_are_added_after_the_weights(invoke: Run) -> None:
    out = invoke("explain", "standard", "8x8x4", "-k", "3", "-o", "16", "--bias").out
    assert (
        f"  parameters        16 x {3 * 3 * 4} = {16 * 3 * 3 * 4}\n"
        f"                    {16 * 3 * 3 * 4} + 16 biases = {16 * 3 * 3 * 4 + 16}\n"
    ) in out


def test_transposed_counts_input_values(invoke: Run) -> None:
    out = invoke("explain", "transposed", "28x28x1024", "-k", "2", "-o", "512", "-s", "2").out
    assert "(each input value is spread over 512 output channels)" in out
    assert f"  input values      28 x 28 x 1,024 = {28 * 28 * 1024:,}\n" in out
    assert f"  MACs              {28 * 28 * 1024:,} x {2 * 2 * 512:,} = " in out


def test_a_one_line_spec_and_its_groups(invoke: Run) -> None:
    out = invoke("explain", "56x56x256", "conv 3x3 64 g4").out
    assert "(it spans 64 channels: 256 input channels / 4 groups)" in out


def test_what_groups_save_shows_against_the_dense_layer(invoke: Run) -> None:
    out = invoke("explain", "grouped", "56x56x256", "-k", "3", "-o", "64", "-g", "4").out
    assert f"{3 * 3 * 64 * 64:,} / {3 * 3 * 256 * 64:,} = 0.2500" in out
    assert "closed form     1/4 = 0.2500" in out


def test_closed_form_is_not_shown_where_it_is_another_number(invoke: Run) -> None:
    out = invoke("explain", "shufflenet_v2_unit", "28x28x116", "-k", "3", "-o", "116").out
    assert f"{2 * 58 * 58 + 3 * 3 * 58:,} / {3 * 3 * 116 * 116:,} = 0.0599" in out
    assert "closed form" not in out


def test_another_baseline(invoke: Run) -> None:
    out = invoke(
        "explain", "separable", "56x56x256", "-k", "3", "-o", "64", "--versus", "pointwise"
    ).out
    assert f"against pointwise\n  parameters        18,688 / {256 * 64:,} = 1.1406\n" in out


def test_an_own_file_is_explained_by_option_and_by_word(invoke: Run, tmp_path: Any) -> None:
    (tmp_path / "own.toml").write_text(
        'summary = "one 5x5"\n[[layers]]\ntype = "conv"\nkernel_size = 5\nout_channels = 8\n'
    )
    wanted = f"  MACs              {8 * 8 * 8:,} x {5 * 5 * 4} = {8 * 8 * 8 * 5 * 5 * 4:,}\n"
    assert wanted in invoke("explain", "8x8x4", "-D", "own.toml").out
    assert wanted in invoke("explain", "8x8x4", "./own.toml").out


def test_other_formats_show_the_same_totals(invoke: Run) -> None:
    base = ["explain", "separable", "56x56x256", "-k", "3", "-o", "64", "--format"]
    params, macs = 3 * 3 * 256 + 256 * 64, 56 * 56 * (3 * 3 * 256 + 256 * 64)
    assert f"{params:,}" in invoke(*base, "markdown").out
    assert f"{macs:,}" in invoke(*base, "markdown").out
    assert str(56 * 56 * 256 * 64) in invoke(*base, "csv").out


def test_two_things_at_once_are_refused(invoke: Run) -> None:
    assert invoke("explain", "56x56x256", "conv 3x3 64", "conv 1x1 64") == refusal(
        "error: explain takes one thing, not 2", "  conv 3x3 64, conv 1x1 64"
    )


def test_a_product_of_a_foreign_model_is_told_as_it_is(invoke: Run) -> None:
    """A Gemm is no layer of the engine: its factors are not known, its MACs are."""
    model = Path(__file__).parent / "data" / "onnx" / "resnet50.onnx"
    done = invoke("explain", str(model))
    assert done.code == 0
    assert (
        "/fc/Gemm: linear, 2048 -> 1000\n"
        f"  parameters        {2048 * 1000 + 1000:,}\n"
        f"  MACs              {2048 * 1000:,}, from the sizes in the model's file\n"
        f"  element ops       {1000:,}, none of them a MAC\n"
    ) in done.out


@pytest.mark.parametrize(
    ("shape", "layer", "lines"),
    [
        # padding=3 in PyTorch is 3 on both sides; same puts 2 before and 3 after.
        ("224x224x3", "conv 7x7 64 s2 p3", ["floor((224 + 3 + 3 - 7) / 2) + 1 = 112"]),
        ("224x224x3", "conv 7x7 64 s2", ["floor((224 + 2 + 3 - 7) / 2) + 1 = 112"]),
        # A kernel of 3 with dilation 2 reaches 2 * (3 - 1) + 1 = 5.
        (
            "56x57x8",
            "conv 3x3 8 valid d2",
            ["floor((56 - 5) / 1) + 1 = 52", "floor((57 - 5) / 1) + 1 = 53"],
        ),
        ("16000x1", "conv 80 8 s4 valid", ["floor((16000 - 80) / 4) + 1 = 3981"]),
        ("56x56x8", "conv 3x3 8", []),
    ],
)
def test_the_size_of_the_output_is_derived_where_it_changes(
    invoke: Run, shape: str, layer: str, lines: list[str]
) -> None:
    out = invoke("explain", shape, layer).out
    assert [line[20:] for line in out.splitlines() if "floor(" in line] == lines
