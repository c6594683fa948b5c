"""198 convolutions of torchvision's models, exactly as PyTorch itself gives and counts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from convcost import count

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "layers.jsonl").read_text("utf-8").splitlines()
]


def test_there_are_198_cases() -> None:
    assert len(CASES) == 198


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["from"])
def test_a_real_layer_is_exact(case: dict[str, Any]) -> None:
    result = count(case["spec"])
    assert {
        "output": list(result.output),
        "macs": result.macs,
        "params": result.params,
    } == case["expect"]


def test_the_stream_gives_all_of_them_in_order(run: Run) -> None:
    lines = "".join(json.dumps(case["spec"]) + "\n" for case in CASES)
    result = run("count", "-", "--format", "jsonl", stdin=lines)
    assert (result.code, result.err) == (0, "")
    answers = [json.loads(line) for line in result.out.splitlines()]
    kept = [{key: answer[key] for key in ("output", "macs", "params")} for answer in answers]
    assert kept == [case["expect"] for case in CASES]


def test_layers_of_a_json_array_add_up_to_the_sum_of_the_array(invoke: Run) -> None:
    specs = json.dumps([case["spec"] for case in CASES])
    result = invoke("count", "-", "--get", "macs", stdin=specs)
    assert sum(map(int, result.out.split())) == sum(case["expect"]["macs"] for case in CASES)


@pytest.mark.parametrize("case", CASES[::20], ids=lambda case: case["from"])
def test_the_standard_design_is_the_same_convolution(case: dict[str, Any]) -> None:
    result = count({**case["spec"], "type": "standard"})
    assert (result.macs, result.params) == (case["expect"]["macs"], case["expect"]["params"])
