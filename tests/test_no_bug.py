"""Exit 3 is for bugs: what a user, a file, a terminal or a machine can do wrong is exit 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost.cli import app
from convcost.language.primitives import PRIMITIVES

SPEC = '{"type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}\n'
NEEDED = {
    **{"kernel_size": 1, "out_channels": 8, "output_size": 1, "groups": 2, "padding": 1},
    "shape": [-1],
}


@pytest.mark.parametrize("end", ["\n", "\n\n", "\r\n", " \n \n", ""])
def test_a_truncated_document(invoke: Run, end: str) -> None:
    Path("a.json").write_text('{"input": "8x8x4",\n' + end)
    result = invoke("count", "a.json")
    assert result.code == 2
    assert result.err.startswith("error: not valid JSON: expecting property name enclosed")


def test_standard_input_is_read_once(invoke: Run) -> None:
    expected = refusal("error: standard input is read once", "  -", "  name it once")
    assert invoke("count", "-", "-", stdin=SPEC) == expected


ONE_INPUT = [name for name in PRIMITIVES if name not in ("add", "mul", "concat", "matmul", "crop")]


@pytest.mark.parametrize("kind", [*ONE_INPUT, "bottleneck", "separable", "squeeze_excitation"])
def test_a_layer_that_reads_one_is_not_given_four(invoke: Run, kind: str) -> None:
    fields: dict[str, object] = {
        name: NEEDED[name] for name in getattr(PRIMITIVES.get(kind), "required", ())
    }
    if kind in ("bottleneck", "separable"):
        fields = {"kernel_size": 3, "out_channels": 8}
    layers: list[dict[str, object]] = [{"type": "identity", "name": name} for name in "abcd"]
    layers.append({"type": kind, "from": ["a", "b", "c", "d"], **fields})
    Path("a.json").write_text(json.dumps({"input": "8x8x4", "layers": layers}))
    result = invoke("count", "a.json")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[1] == "  a.json:1: layers[4].from"


@pytest.mark.parametrize("setting", ["reduction=0", "out_channels=0", "kernel_size=0"])
@pytest.mark.parametrize("design", ["bottleneck", "ghost", "separable"])
def test_a_formula_with_a_zero(invoke: Run, design: str, setting: str) -> None:
    assert invoke("formula", design, "--set", setting).code in (0, 2)


def test_division_by_zero_is_said(invoke: Run) -> None:
    assert invoke("formula", "bottleneck", "--set", "reduction=0") == refusal(
        "error: bottleneck has no single formula: division by zero",
        "  it decides by the numbers themselves; fix the parameter with --set",
    )


@pytest.mark.parametrize("factors", [2, 3, 18])
def test_long_decimals_multiplied(invoke: Run, factors: int) -> None:
    value = "*".join(["0.123456789123456789"] * factors)
    layer = {"type": "conv", "kernel_size": 1, "out_channels": f"ceil({value})"}
    Path("a.json").write_text(json.dumps({"input": "8x8x4", "layers": [layer]}))
    # Rounded up at once, so that no fraction leaves the expression: one channel.
    assert invoke("count", "a.json", "--get", "params") == (0, f"{4 * 1}\n", "")


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (MemoryError(), "error: there is not enough memory for this\n"),
        (OSError(5, "Input/output error"), "error: cannot read or write: input/output error\n"),
    ],
)
def test_what_the_machine_lacks(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, problem: Exception, message: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise problem

    monkeypatch.setattr(app, "app", fail)
    assert invoke("count", "alexnet") == (2, "", message)


def test_a_bug_says_so_and_shows_itself_on_request(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise LookupError("gone")

    monkeypatch.setattr(app, "app", fail)
    first = invoke("count", "alexnet")
    assert first.code == 3
    assert first.err.startswith("error: a bug in convcost ")
    shown = invoke("count", "alexnet", CONVCOST_DEBUG="1")
    assert shown.code == 3
    assert shown.err.startswith("Traceback (most recent call last):\n")
    assert shown.err.endswith("LookupError: gone\n")
