"""A lower bound is one everywhere: no format, value, ratio or limit takes it for the number."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import onnx
import pytest
from conftest import Run
from onnx import TensorProto, helper

KNOWN = 3 * 3 * 3 * 8
MACS = 8 * 8 * KNOWN


@pytest.fixture
def partial(tmp_path: Path) -> str:
    """A model with one convolution that is known and one operation that is not."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.0] * KNOWN)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Mystery", ["y"], ["z"], name="riddle", domain="some.where"),
    ]
    graph = helper.make_graph(
        nodes,
        "partial",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 8, 8, 8])],
        [weights],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("some.where", 1)]
    path = tmp_path / "partial.onnx"
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), str(path))
    return "partial.onnx"


def test_the_table_marks_its_totals(invoke: Run, partial: str) -> None:
    total = next(
        line for line in invoke("count", partial).out.splitlines() if line.startswith("total")
    )
    assert f">= {KNOWN}" in total
    assert f">= {MACS:,}" in total


def test_short_numbers_keep_the_mark(invoke: Run, partial: str) -> None:
    out = invoke("count", partial, "--human").out
    total = next(line for line in out.splitlines() if line.startswith("total"))
    assert ">= 13.8 K" in total  # 8 x 8 x 216 = 13,824


def test_a_bare_value_is_no_number(invoke: Run, partial: str) -> None:
    """A script that computes with it fails instead of going on with too little."""
    assert invoke("count", partial, "--get", "params,macs").out == f">={KNOWN}\t>={MACS}\n"


def test_a_comparison_has_no_ratio_of_a_bound(invoke: Run, partial: str) -> None:
    out = invoke("compare", partial, "squeezenet1_1", "--json").out
    first, second = json.loads(out)["comparisons"][0]["designs"]
    assert (first["status"], second["status"]) == ("partial", "complete")
    assert (first["macs_ratio"], second["macs_ratio"]) == (None, None)
    rows = csv.DictReader(io.StringIO(invoke("compare", partial, "squeezenet1_1", "--csv").out))
    assert next(iter(rows))["macs"] == f">={MACS}"


def test_a_swap_keeps_the_mark(invoke: Run, partial: str) -> None:
    out = invoke("swap", partial, "--from", "conv", "--to", "separable").out
    total = next(line for line in out.splitlines() if line.startswith("whole network"))
    assert total.count(">=") == 4
    assert "fewer" not in total


def test_a_limit_that_is_broken_already_is_broken(invoke: Run, partial: str) -> None:
    done = invoke("count", partial, "--get", "macs", "--max-macs", "10K")
    assert done.code == 1
    assert f"has >= {MACS:,} MACs, more than 10,000" in done.err


def test_a_limit_that_is_not_reached_yet_is_not_known(invoke: Run, partial: str) -> None:
    words = ("count", partial, "--get", "macs", "--max-macs", "1G")
    done = invoke(*words)
    assert done.code == 0
    assert done.err.splitlines()[-1] == (
        f"limit unknown: partial has >= {MACS:,} MACs, and 1,000,000,000 are allowed"
    )


def test_a_limit_that_is_not_known_is_not_kept_by_a_strict_run(invoke: Run, partial: str) -> None:
    done = invoke("count", partial, "--get", "macs", "--max-macs", "1G", "--strict")
    assert (done.code, done.out) == (1, f">={MACS}\n")
    assert "limit unknown: partial has" in done.err


def test_a_strict_run_refuses_a_bound(invoke: Run, partial: str) -> None:
    assert invoke("count", partial, "--strict").code == 2
    assert invoke("compare", partial, "squeezenet1_1", "--strict").code == 2
    assert invoke("swap", partial, "--from", "conv", "--to", "separable", "--strict").code == 2


def test_a_limit_holds_in_a_stream_too(invoke: Run) -> None:
    spec = '{"type": "conv", "input": "8x8x3", "kernel": 3, "out": 8}\n'
    words = ("count", "-", "--format", "jsonl", "--max-macs")
    assert invoke(*words, str(MACS), stdin=spec * 2).code == 0
    done = invoke(*words, str(MACS - 1), stdin=spec * 2)
    assert (done.code, len(done.out.splitlines())) == (1, 2)
    assert done.err == f"limit: conv has {MACS:,} MACs, more than {MACS - 1:,}\n" * 2
