"""Real exports to the last digit, and other questions asked of imported networks.

The truths of ``data/onnx/truth.json`` are PyTorch's own; nothing there was counted by convcost.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Run
from onnx_models import FOLDER

from convcost.api import count_subject
from convcost.reports.formats import FORMATS
from convcost.sources.onnx.file import read_onnx

TRUTH: dict[str, dict[str, Any]] = json.loads((FOLDER / "truth.json").read_text())


@pytest.mark.parametrize("name", TRUTH)
def test_real_export_has_the_macs_of_pytorch(name: str) -> None:
    truth = TRUTH[name]
    result = count_subject(read_onnx(FOLDER / f"{name}.onnx"))
    assert result.is_complete
    assert result.macs == truth["total_macs"]
    macs = {"conv": 0, "linear": 0, "depthwise": 0}
    layers = {"conv": 0, "linear": 0}
    for row in result.counted.rows:
        if row.type in layers and row.cost is not None:
            macs[row.type] += row.cost.macs
            layers[row.type] += 1
            groups = getattr(row.node.operation, "groups", 1)
            if row.type == "conv" and 1 < groups == row.inputs[0][-1]:
                macs["depthwise"] += row.cost.macs
    assert macs["conv"] == truth["conv_macs"]
    assert macs["linear"] == truth["linear_macs"]
    assert macs["depthwise"] == truth["depthwise_macs"]
    assert layers == {"conv": truth["conv_layers"], "linear": truth["linear_layers"]}


FOLDED = {
    "resnet50": (53, 53120 // 2),
    "shufflenet_v2_x1_0_folded": (56, 8090),
    "densenet121": (59, 64 + 58 * 128),
    "mobilenet_v2_bn": (0, 0),
    "squeezenet1_1": (0, 0),
}
"""Convolutions that hold a batch norm, and their output channels: what a norm adds to a bias."""


@pytest.mark.parametrize("name", TRUTH)
def test_real_export_has_the_parameters_of_pytorch_less_what_was_folded(name: str) -> None:
    result = count_subject(read_onnx(FOLDER / f"{name}.onnx"))
    layers, channels = FOLDED[name]
    assert result.params == TRUTH[name]["params"] - channels
    expected = (
        f"batch norms are folded into {layers} convolutions: with norms of their own there are "
        f"{channels:,} more parameters",
    )
    assert result.notes == (expected if layers else ())


def test_batch_scales_a_file_that_is_written_for_one() -> None:
    single = count_subject(read_onnx(FOLDER / "resnet50.onnx"))
    eight = count_subject(read_onnx(FOLDER / "resnet50.onnx", batch=8))
    assert (eight.params, eight.macs) == (single.params, 8 * single.macs)
    assert eight.element_ops == 8 * single.element_ops


def test_another_input_size_is_followed_through_the_graph() -> None:
    small = count_subject(read_onnx(FOLDER / "squeezenet1_1.onnx", inputs={"": (64, 64, 3)}))
    assert small.input == (64, 64, 3)
    first = small.counted.rows[0]
    assert first.cost is not None
    assert first.cost.macs == 31 * 31 * 64 * 3 * 3 * 3


# Other questions


def test_swap_works_on_an_imported_network(invoke: Run) -> None:
    path = str(FOLDER / "resnet50.onnx")
    done = invoke("swap", path, "--from", "standard", "--to", "separable", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["before"]["macs"] == TRUTH["resnet50"]["total_macs"]
    stem = document["changes"][0]["after"]
    assert stem[0]["macs"] == 112 * 112 * 3 * 7 * 7
    assert document["after"]["macs"] < document["before"]["macs"]


def test_compare_works_on_imported_networks(invoke: Run) -> None:
    paths = [str(FOLDER / f"{name}.onnx") for name in ("resnet50", "mobilenet_v2_bn")]
    done = invoke("compare", *paths, "--format", "json")
    assert (done.code, done.err) == (0, "")
    designs = json.loads(done.out)["comparisons"][0]["designs"]
    assert [design["macs"] for design in designs] == [
        TRUTH["resnet50"]["total_macs"],
        TRUTH["mobilenet_v2_bn"]["total_macs"],
    ]


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "csv"])
def test_every_format(invoke: Run, form: str) -> None:
    done = invoke("count", str(FOLDER / "squeezenet1_1.onnx"), "--format", form)
    assert (done.code, done.err) == (0, "")
    assert "349151936" in done.out.replace(",", "")


def test_memory_and_receptive_field_of_the_shipped_network_agree(invoke: Run) -> None:
    options = ("--format", "json")
    theirs = json.loads(invoke("count", str(FOLDER / "resnet50.onnx"), *options).out)["results"][0]
    ours = json.loads(invoke("count", "resnet50", *options).out)["results"][0]
    fields = [
        [tuple(layer["receptive_field"]) for layer in result["layers"] if layer["type"] == "conv"]
        for result in (theirs, ours)
    ]
    assert sorted(fields[0]) == sorted(fields[1])
    assert theirs["memory"]["largest"] == ours["memory"]["largest"]
