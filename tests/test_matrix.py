"""An option that is given is used or refused, whatever the command and whatever it is about.

Every cell of command x source x option runs twice, without and with the option. Either the
second run says something else, or it is refused with the option (or its field) named. The
cells in which there is nothing to switch stand in ``NOTHING_THERE``, each with its reason.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run

ONNX = Path(__file__).parent / "data" / "onnx" / "squeezenet1_1.onnx"

NETWORK = """
input = "16x16x3"
parameters.width = 8
layers = [
    { type = "conv", kernel_size = 3, out_channels = "width", bias = true, norm = "batch_norm" },
    { type = "activation" },
    { type = "global_avg_pool" },
    { type = "linear", out_channels = 10 },
]
"""

SPECS = {
    "spec": {"type": "separable", "input": [16, 16, 8], "kernel_size": 3, "out_channels": 8},
    "open": {"type": "separable", "input": [16, 16, 8]},
}

SOURCES = {
    "text": ["16x16x8", "conv 3x3 8"],
    "design": ["16x16x8", "-D", "inverted_residual", "-o", "8", "-k", "3"],
    "network": ["mobilenet_v1"],
    "spec": ["spec.json"],
    "toml": ["net.toml"],
    "onnx": [str(ONNX)],
}

OPTIONS = {
    "kernel_size": ["--kernel", "5"],
    "out_channels": ["--out", "16"],
    "stride": ["--stride", "2"],
    "padding": ["--padding", "valid"],
    "dilation": ["--dilation", "2"],
    "groups": ["--groups", "2"],
    "parameter": ["--set", "expansion=2"],
    "nonsense": ["--set", "nonsense=2"],
    "bias on": ["--bias"],
    "bias off": ["--no-bias"],
    "norm on": ["--norm"],
    "norm off": ["--no-norm"],
    "activation on": ["--activation"],
    "activation off": ["--no-activation"],
    "batch": ["--batch", "2"],
    "layout": ["--layout", "chw"],
    "input": ["--input", "32x32x8"],
    "input by name": ["--input", "x=32x32x8"],
    "cost": ["--cost", "Foo=3"],
    "device": ["--device", "cpu"],
    "dtype": ["--dtype", "int8"],
    "columns": ["--columns", "params"],
    "largest": ["-n", "1"],
    "depth": ["--depth", "0"],
    "human": ["--human"],
    "limit": ["--max-macs", "1"],
    "csv": ["--csv"],
    "latex": ["--format", "latex"],
    "get": ["--get", "params"],
    "output": ["--output", "out.txt"],
    "layers": ["--layers"],
    "baseline": ["--baseline", "pointwise"],
    "versus": ["--versus", "pointwise"],
    "design": ["--design", "depthwise"],
}

OF_COMMAND = {
    "count": {*OPTIONS} - {"baseline", "versus"},
    "compare": {*OPTIONS} - {"dtype", "columns", "largest", "depth", "limit", "layers", "versus"},
    "explain": {*OPTIONS}
    - {"dtype", "columns", "largest", "depth", "limit", "layers", "human", "baseline"},
    "swap": {
        *("bias on", "bias off", "norm on", "norm off", "activation on", "activation off"),
        *("batch", "layout", "input", "input by name", "cost", "device"),
        *("csv", "latex", "get", "output", "parameter", "nonsense"),
    },
}
ELSEWHERE = {"columns", "largest", "depth", "limit", "layers", "human", "baseline", "versus"}
OF_COMMAND |= {"check": {*OPTIONS} - ELSEWHERE, "diff": {*OPTIONS} - ELSEWHERE}
"""The options that a command has."""

LIMITS = ["--max", "macs=1T,params=1T,element_ops=1T,peak=1TiB"]

NOTHING_THERE = {
    ("text", "bias off"): "the layer has no bias",
    ("text", "norm on"): "the layer has no norm",
    ("text", "norm off"): "the layer has no norm",
    ("text", "activation on"): "the layer has no activation",
    ("text", "activation off"): "the layer has no activation",
    ("design", "bias off"): "a design has none unless asked",
    ("design", "norm off"): "a design is counted by its weights",
    ("design", "activation off"): "a design is counted by its weights",
    ("spec", "bias off"): "a design has none unless asked",
    ("spec", "norm off"): "a design is counted by its weights",
    ("spec", "activation off"): "a design is counted by its weights",
    ("network", "bias on"): "a network is counted with all that stands in its file",
    ("network", "norm on"): "a network is counted with all that stands in its file",
    ("network", "activation on"): "a network is counted with all that stands in its file",
    ("toml", "bias on"): "a file with an input is counted with all that stands in it",
    ("toml", "norm on"): "a file with an input is counted with all that stands in it",
    ("toml", "activation on"): "a file with an input is counted with all that stands in it",
}

NOTHING_THERE |= {
    **{(source, "largest"): "one or two layers" for source in ("text", "spec")},
    **{(source, "depth"): "no groups" for source in ("text", "design", "spec", "toml", "onnx")},
}

TABLE_ONLY = {"csv", "latex", "get", "human", "columns", "largest", "depth", "layers", "output"}

CELLS = [
    (command, source, option)
    for command, options in OF_COMMAND.items()
    for source in SOURCES
    for option in OPTIONS
    if option in options and (source, option) not in NOTHING_THERE
]


def words(command: str, source: str) -> list[str]:
    if command == "swap":
        extra = ["--from", "conv", "--to", "standard"]
        return [command, *(w for w in SOURCES[source]), *extra]
    if command == "check":
        return [command, *SOURCES[source], *LIMITS]
    if command == "diff":
        extra = ["-D", "standard"] if source == "design" else SOURCES[source][-1:]
        return [command, *SOURCES[source], *extra]
    return [command, *SOURCES[source]]


@pytest.mark.parametrize(("command", "source", "option"), CELLS, ids=lambda word: word)
def test_no_option_is_dropped(invoke: Run, command: str, source: str, option: str) -> None:
    Path("net.toml").write_text(NETWORK)
    for name, spec in SPECS.items():
        Path(f"{name}.json").write_text(json.dumps(spec))
    if command == "swap" and source in ("design", "spec"):
        pytest.skip("swap takes a network or layers")
    given = OPTIONS[option]
    if option == "input" and source in ("text", "design"):
        pytest.skip("its input is given already, and twice is refused elsewhere")
    if source == "design" and given[0] in ("--kernel", "--out"):
        pytest.skip("given already")
    if command == "check" and option == "dilation":
        pytest.skip("with padding that keeps the map, no figure depends on it")
    plain = invoke(*words(command, source))
    asked = invoke(*words(command, source), *given)
    assert plain.code == 0, plain.err
    if asked.code == 2:
        named = {given[0], option, *given[1:], given[-1].partition("=")[0]}
        assert any(word in asked.err for word in named), asked.err
        return
    if (asked.out, asked.err) == (plain.out, plain.err) and option not in TABLE_ONLY:
        # Element operations stand in the document, not in every table.
        plain = invoke(*words(command, source), "--json")
        asked = invoke(*words(command, source), "--json", *given)
    changed = (asked.code, asked.out, asked.err) != (plain.code, plain.out, plain.err)
    assert changed or Path("out.txt").exists(), f"{given} changed nothing and was not refused"
