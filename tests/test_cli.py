"""The command line as scripts, pipes and people use it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, Run, environment, refusal

from convcost import __version__
from convcost.cli.app import COMMANDS, LazyGroup

CONV = ("count", "56x56x256", "conv 3x3 64")
COMPARE = ("compare", "56x56x256", "-k", "3", "-o", "64")
STANDARD = {"params": 3 * 3 * 256 * 64, "macs": 56 * 56 * 3 * 3 * 256 * 64}
SEPARABLE = 3 * 3 * 256 + 256 * 64
ONE = '{"type": "1x1", "input": "8x8x4", "out": 8}'
BAD = '{"type": "1x1", "input": "8x8x4", "out": 0}'


def shell(command: str, folder: Path, **env: str) -> Result:
    """A line of bash, in which ``convcost`` is this interpreter's."""
    program = f'convcost() {{ "{sys.executable}" -m convcost "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", program],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(**env),
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


# --- The figures that the first example prints -----------------------------------------------


def test_the_four_designs_cost_what_their_formulas_say(invoke: Run) -> None:
    result = invoke(*COMPARE, "--format", "json")
    (comparison,) = json.loads(result.out)["comparisons"]
    params = {design["design"]: design["params"] for design in comparison["designs"]}
    assert params == {
        "standard": 3 * 3 * 256 * 64,
        "pointwise": 256 * 64,
        "separable": 3 * 3 * 256 + 256 * 64,
        "bottleneck": 256 * 16 + 3 * 3 * 16 * 16 + 16 * 64,
    }
    for design in comparison["designs"]:
        assert design["macs"] == 56 * 56 * design["params"]
        assert design["output"] == [56, 56, 64]
        assert design["params_ratio"] == pytest.approx(design["params"] / params["standard"])
    sees = {design["design"]: design["receptive_field"] for design in comparison["designs"]}
    assert sees == {
        "standard": [3, 3],
        "pointwise": [1, 1],
        "separable": [3, 3],
        "bottleneck": [3, 3],
    }
    mixes = {design["design"]: design["mixes"] for design in comparison["designs"]}
    assert mixes["pointwise"] == "channels"
    assert mixes["standard"] == mixes["separable"] == "space and channels"


def test_options_reach_every_design(invoke: Run) -> None:
    result = invoke(*COMPARE, "-s", "2", "-b", "8", "--bias", "--format", "json")
    (comparison,) = json.loads(result.out)["comparisons"]
    standard, pointwise, separable, _ = comparison["designs"]
    assert (comparison["stride"], comparison["batch"]) == ([2, 2], 8)
    assert {tuple(design["output"]) for design in comparison["designs"]} == {(28, 28, 64)}
    assert standard["macs"] == 8 * 28 * 28 * 3 * 3 * 256 * 64
    assert standard["params"] == 3 * 3 * 256 * 64 + 64
    assert pointwise["params"] == 256 * 64 + 64
    assert separable["params"] == 3 * 3 * 256 + 256 + 256 * 64 + 64


def test_designs_layers_and_a_baseline_stand_side_by_side(invoke: Run) -> None:
    words = ["conv 3x3 64", "conv 1x3 64, conv 3x1 64", "bottleneck 3x3 64 reduction=2"]
    result = invoke("compare", "56x56x256", *words, "--baseline", words[1], "--format", "json")
    (comparison,) = json.loads(result.out)["comparisons"]
    assert comparison["baseline"] == words[1]
    assert [design["design"] for design in comparison["designs"]] == words
    factored = 3 * 256 * 64 + 3 * 64 * 64
    assert [design["params"] for design in comparison["designs"]] == [
        3 * 3 * 256 * 64,
        factored,
        256 * 32 + 3 * 3 * 32 * 32 + 32 * 64,
    ]
    assert [design["params_ratio"] for design in comparison["designs"]][1] == 1


def test_an_alias_is_printed_by_its_proper_name(invoke: Run) -> None:
    designs = ("-D", "1x1", "-D", "depthwise_separable")
    result = invoke(*COMPARE, *designs, "--baseline", "1x1", "--format", "json")
    (comparison,) = json.loads(result.out)["comparisons"]
    assert [design["design"] for design in comparison["designs"]] == ["pointwise", "separable"]
    assert comparison["baseline"] == "pointwise"


def test_one_and_three_spatial_axes(invoke: Run) -> None:
    one = invoke("count", "16000x1", "conv 80 128 s4", "--get", "macs")
    assert one.out == f"{4000 * 80 * 128}\n"
    three = invoke("count", "16x112x112x3", "conv 3x7x7 64 s1x2x2", "--get", "macs")
    assert three.out == f"{16 * 56 * 56 * 3 * 7 * 7 * 3 * 64}\n"


# --- --get -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("macs", STANDARD["macs"]),
        ("params", STANDARD["params"]),
        ("element_ops", 0),
        ("batch", 1),
        ("input", "56x56x256"),
        ("output", "56x56x64"),
        ("output.2", 64),
        ("name", "conv 3x3 64"),
        ("status", "complete"),
        ("layers.conv.kernel_size", "3x3"),
        ("layers.0.macs", STANDARD["macs"]),
        ("conv.bias", "false"),
        ("layers.conv.padding", "[[1,1],[1,1]]"),
    ],
)
def test_get_prints_one_bare_value(invoke: Run, path: str, value: object) -> None:
    assert invoke(*CONV, "--get", path) == (0, f"{value}\n", "")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("separable.macs", 56 * 56 * SEPARABLE),
        ("separable.macs_ratio", SEPARABLE / (3 * 3 * 256 * 64)),
        ("designs.separable.output", "56x56x64"),
        ("designs.0.design", "standard"),
        ("separable.layers.depthwise.params", 3 * 3 * 256),
        ("separable.depthwise.groups", 256),
        ("baseline", "standard"),
        ("pointwise.mixes", "channels"),
        ("standard.macs_ratio", 1),
    ],
)
def test_get_reaches_into_a_comparison(invoke: Run, path: str, value: object) -> None:
    assert invoke(*COMPARE, "--get", path) == (0, f"{value}\n", "")


def test_get_reaches_layers_whose_names_hold_dots(invoke: Run) -> None:
    result = invoke(
        "count", "56x56x256", "separable 3x3 64, 1x1 8", "--get", "separable.depthwise.macs"
    )
    assert result == (0, f"{56 * 56 * 3 * 3 * 256}\n", "")


def test_a_shell_can_compute_with_it(tmp_path: Path) -> None:
    command = 'x=$(convcost count 56x56x256 "conv 3x3 64" --get macs) && echo $((x / 1000000))'
    assert shell(command, tmp_path) == (0, f"{56 * 56 * 3 * 3 * 256 * 64 // 10**6}\n", "")


# --- Formats and pipes -----------------------------------------------------------------------


def test_json_passes_through_json_tool(tmp_path: Path) -> None:
    (tmp_path / "specs.json").write_text('[{"input": "56x56x256", "kernel": 3, "out": 64}]')
    command = "cat specs.json | convcost compare - --format json | python3 -m json.tool"
    result = shell(f"set -o pipefail; {command}", tmp_path)
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["schema"] == "convcost.compare/1"
    assert document["comparisons"][0]["designs"][0]["macs"] == STANDARD["macs"]


def test_jsonl_is_one_compact_object_a_line(invoke: Run) -> None:
    result = invoke("count", "8x8x4", "1x1 8", "1x1 4", "--format", "jsonl")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["params"] for line in lines] == [4 * 8, 4 * 4]
    assert not any("layers" in line for line in lines)
    with_layers = invoke("count", "8x8x4", "1x1 8", "--format", "jsonl", "--layers")
    assert json.loads(with_layers.out)["layers"][0]["params"] == 4 * 8


def test_csv_has_one_header_for_all_subjects(invoke: Run) -> None:
    result = invoke("count", "8x8x4", "1x1 8", "separable 3x3 8", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    layers = [row for row in rows if row["layer"] != "total"]
    assert [row["layer"] for row in layers] == ["conv", "depthwise", "pointwise"]
    assert [int(row["params"]) for row in layers] == [4 * 8, 3 * 3 * 4, 4 * 8]


def test_markdown_is_a_table_with_bold_totals(invoke: Run) -> None:
    result = invoke("count", "8x8x4", "1x1 8", "--format", "markdown")
    lines = result.out.splitlines()
    assert lines[0] == "**1x1 8 on 8x8x4**"
    assert lines[3].startswith("| --- |")
    assert "| **total** |" in lines[5]
    assert f"**{8 * 8 * 4 * 8:,}**" in lines[5]


def test_output_that_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    lines = (ONE + "\n") * 20_000
    (tmp_path / "specs.jsonl").write_text(lines)
    result = shell(
        "convcost count specs.jsonl --format jsonl | head -1; echo ${PIPESTATUS[0]} >&2", tmp_path
    )
    assert json.loads(result.out)["params"] == 4 * 8
    assert result.err == "141\n"


def test_head_of_a_table_ends_quietly(tmp_path: Path) -> None:
    result = shell("convcost compare 56x56x256 -k 3 -o 64 | head -1", tmp_path)
    assert result == (0, "56x56x256 -> 56x56x64, kernel 3x3\n", "")


def test_a_pipe_gets_no_colour_and_neither_does_no_color(run: Run) -> None:
    assert "\x1b" not in run(*COMPARE).out
    assert "\x1b" not in run(*COMPARE, FORCE_COLOR="1", NO_COLOR="1").out


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colour_unless_no_color_says_no(tmp_path: Path, no_color: str) -> None:
    import os
    import pty

    ours, theirs = pty.openpty()
    env = environment(TERM="xterm-256color", **({"NO_COLOR": no_color} if no_color else {}))
    child = subprocess.Popen(
        [sys.executable, "-m", "convcost", *COMPARE], stdout=theirs, cwd=tmp_path, env=env
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert child.wait(timeout=60) == 0
    assert b"462,422,016" in shown
    assert (b"\x1b[" in shown) == (not no_color)


def test_standard_input_closes_early_without_a_trace(tmp_path: Path) -> None:
    result = shell(f"echo '{ONE}' | convcost count - --get params", tmp_path)
    assert result == (0, f"{4 * 8}\n", "")


@pytest.mark.parametrize(
    ("command", "line", "path", "value"),
    [
        ("count", ONE, ("params",), 4 * 8),
        (
            "compare",
            '{"type": "conv", "input": "8x8x4", "kernel": 3, "out": 8}',
            ("designs", 0, "macs"),
            8 * 8 * 4 * 8 * 3 * 3,
        ),
    ],
)
def test_a_stream_answers_each_line_before_the_next_one_comes(
    tmp_path: Path, command: str, line: str, path: tuple[Any, ...], value: int
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "convcost", command, "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        for _ in range(3):
            child.stdin.write(f"{line}\n".encode())
            child.stdin.flush()
            assert reduce(getitem, path, json.loads(child.stdout.readline())) == value
        child.stdin.close()
    assert child.returncode == 0


# --- Exit codes ------------------------------------------------------------------------------


def test_a_limit_that_is_kept(invoke: Run) -> None:
    result = invoke(*CONV, "--get", "macs", "--max-macs", "463M", "--max-params", "147_456")
    assert result == (0, f"{STANDARD['macs']}\n", "")


def test_a_limit_that_is_not_kept_exits_1(invoke: Run) -> None:
    result = invoke(*CONV, "--get", "macs", "--max-macs", "462M", "--max-params", "100K")
    assert result == (
        1,
        f"{STANDARD['macs']}\n",
        "limit: conv 3x3 64 has 147,456 parameters, more than 100,000\n"
        "limit: conv 3x3 64 has 462,422,016 MACs, more than 462,000,000\n",
    )


def test_a_limit_at_the_exact_count_is_kept(invoke: Run) -> None:
    at, below = str(STANDARD["macs"]), str(STANDARD["macs"] - 1)
    assert invoke(*CONV, "--get", "macs", "--max-macs", at).code == 0
    assert invoke(*CONV, "--get", "macs", "--max-macs", below).code == 1


def test_a_stream_stops_at_a_bad_line_after_the_results_before_it(run: Run) -> None:
    result = run("count", "-", "--format", "jsonl", stdin=f"{ONE}\n{ONE}\n{BAD}\n{ONE}\n")
    assert result.code == 2
    assert [json.loads(line)["params"] for line in result.out.splitlines()] == [4 * 8, 4 * 8]
    assert result.err == "error: out_channels must be at least 1, not 0\n  stdin:3: out\n"


def test_a_stream_that_keeps_going_reports_in_place_and_exits_2(run: Run) -> None:
    lines = f"{ONE}\n{BAD}\n\nnot json\n{ONE}\n"
    result = run("count", "-", "--format", "jsonl", "--keep-going", stdin=lines)
    first, second, third, last = map(json.loads, result.out.splitlines())
    assert (result.code, result.err) == (2, "")
    assert first == last
    assert second == {"line": 2, "error": "out: out_channels must be at least 1, not 0"}
    assert third == {"line": 4, "error": "not valid JSON: expecting value"}


def test_a_stream_with_biases_keeps_a_bad_line_in_its_place_too(run: Run) -> None:
    lines = f"{ONE}\n{BAD}\n{ONE}\n"
    result = run("count", "-", "--format", "jsonl", "--keep-going", "--bias", stdin=lines)
    first, second, third = map(json.loads, result.out.splitlines())
    assert (result.code, result.err) == (2, "")
    assert first["params"] == third["params"] == 4 * 8 + 8
    assert second["line"] == 2


def test_values_that_keep_going_leave_the_line_of_a_bad_spec_empty(invoke: Run) -> None:
    result = invoke("count", "-", "--get", "params", "--keep-going", stdin=f"{ONE}\n{BAD}\n{ONE}\n")
    assert result == (
        2,
        f"{4 * 8}\n\n{4 * 8}\n",
        "error: out_channels must be at least 1, not 0\n  stdin:2: out\n",
    )


def test_a_comparison_that_keeps_going(invoke: Run) -> None:
    good = '{"input": "8x8x4", "kernel": 3, "out": 8}'
    bad = '{"input": "8x8x4", "kernel": 3, "out": 8, "groups": 3}'
    lines = f"{good}\n{bad}\n{good}\n"
    result = invoke("compare", "-", "--get", "standard.params", "--keep-going", stdin=lines)
    assert result == (
        2,
        f"{3 * 3 * 4 * 8}\n\n{3 * 3 * 4 * 8}\n",
        "error: groups=3 does not divide 4 input channels\n  stdin:2: groups\n  try 1, 2 or 4\n",
    )
    assert invoke("compare", "-", "--get", "standard.params", stdin=lines).code == 2


def test_strict_accepts_what_is_complete(invoke: Run) -> None:
    assert invoke(*CONV, "--strict", "--get", "status") == (0, "complete\n", "")


def test_interrupting_is_quiet(tmp_path: Path) -> None:
    import signal

    child = subprocess.Popen(
        [sys.executable, "-m", "convcost", "count", "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    with child:
        child.stdin.write(f"{ONE}\n".encode())
        child.stdin.flush()
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.wait(timeout=60)
        assert b"Traceback" not in child.stderr.read()
    assert child.returncode == 130


# --- Help and the rest -----------------------------------------------------------------------


def test_the_version(invoke: Run) -> None:
    assert invoke("--version") == (0, f"convcost {__version__}\n", "")


def test_help_lists_every_command(invoke: Run) -> None:
    result = invoke("--help")
    assert (result.code, result.err) == (0, "")
    assert "convcost compare 56x56x256 --kernel 3 --out 64" in result.out
    for command, line in COMMANDS.items():
        assert f"{command} " in result.out
        assert line in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_every_option_that_is_not_hidden(invoke: Run, command: str) -> None:
    parsed = LazyGroup().get_command(None, command)
    options = [
        param.opts[0]
        for param in parsed.params
        if param.param_type_name == "option" and not getattr(param, "hidden", False)
    ]
    shown = invoke(command, "--help").out
    assert [option for option in options if f"  {option}" not in shown] == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(invoke: Run, command: str, option: str) -> None:
    result = invoke(command, option)
    assert (result.code, result.err) == (0, "")
    assert f"Usage: convcost {command} " in result.out
    if command != "schema":
        assert "--format, -f FORMAT" in result.out
        assert f"convcost {command}" in result.out.split("Usage:", 1)[1].split("\n", 1)[1]


def test_no_arguments_show_the_help(run: Run) -> None:
    result = run()
    assert result.code in (0, 2)
    assert "Usage: convcost" in result.out + result.err
    assert "bug" not in result.out + result.err


def test_designs_are_listed_with_their_purpose(invoke: Run) -> None:
    result = invoke("designs", "--format", "json")
    found = {design["name"]: design for design in json.loads(result.out)["designs"]}
    assert {"standard", "pointwise", "separable", "bottleneck"} <= set(found)
    assert all(design["summary"] and design["source"] for design in found.values())


def test_one_design_is_shown_with_a_command_that_works(invoke: Run) -> None:
    result = invoke("designs", "bottleneck")
    assert result.code == 0
    assert result.out.startswith("bottleneck (residual)\n")
    assert "He et al. 2015" in result.out
    (command,) = (line for line in result.out.splitlines() if line.startswith("convcost "))
    assert invoke(*command.split()[1:]).code == 0


def test_a_users_own_designs_are_found(invoke: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "twice.toml").write_text(
        'summary = "two 1x1"\n[parameters]\nout_channels = {}\n'
        '[[layers]]\ntype = "1x1"\nout_channels = "out_channels"\nrepeat = 2\n'
    )
    words = ("count", "8x8x4", "twice 8", "--get", "params")
    expected = (0, f"{4 * 8 + 8 * 8}\n", "")
    assert invoke(*words, "--design-path", "mine") == expected
    assert invoke(*words, CONVCOST_DESIGNS=str(folder)) == expected


def test_a_design_in_a_file_is_compared_like_the_others(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "twice.toml").write_text(
        "[parameters]\nout_channels = {}\n"
        '[[layers]]\ntype = "1x1"\nout_channels = "out_channels"\nrepeat = 2\n'
    )
    result = invoke(*COMPARE, "-D", "standard", "-D", "twice.toml", "--get", "twice.params")
    assert result == (0, f"{256 * 64 + 64 * 64}\n", "")


def test_a_shipped_name_cannot_be_taken(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "separable.toml").write_text('[[layers]]\ntype = "identity"\n')
    assert invoke("designs", "--check", "separable.toml") == refusal(
        "error: separable is the name of a shipped design",
        "  separable.toml",
        "  choose another",
    )


def test_a_layer_may_be_typed_without_quotes(invoke: Run) -> None:
    assert invoke("count", "56x56x256", "conv", "3x3", "64", "--get", "params") == (
        0,
        f"{3 * 3 * 256 * 64}\n",
        "",
    )


def test_a_limit_is_spelt_as_any_command_spells_it(invoke: Run) -> None:
    macs = str(3 * 3 * 4 * 8 * 64)
    words = ("8x8x4", "conv 3x3 8", "--get", "macs")
    for limit in ("--max=macs=1k", "--max-macs=1k"):
        assert invoke("count", *words, limit).code == 1
    assert invoke("count", *words, "--max", f"macs={macs}").code == 0
    checked = invoke("check", "lenet5", "--max-params", "1", "--get", "checks.0.status")
    assert checked == invoke("check", "lenet5", "--max", "params=1", "--get", "checks.0.status")
    assert checked.code == 1
    assert invoke("check", "lenet5", "--max-speed", "1").err.startswith(
        "error: speed is not a figure\n  --max speed=1\n"
    )


def test_an_input_alone_is_for_the_spec_on_standard_input(invoke: Run) -> None:
    spec = '{"type": "conv", "kernel": 3, "out": 8}'
    macs = 3 * 3 * 256 * 8 * 28 * 28
    result = invoke("count", "--input", "28x28x256", "--get", "macs", stdin=spec)
    assert result == Result(0, f"{macs}\n", "")
    assert invoke("count", "--input", "28x28x256", stdin="") == refusal(
        "error: kernel_size is missing: standard needs it", "  add --kernel 3"
    )


def test_nothing_to_compare(invoke: Run) -> None:
    assert invoke("compare", stdin="") == refusal(
        "error: there is nothing to compare",
        "  try: convcost compare 56x56x256 --kernel 3 --out 64, or names, or a file",
    )


def test_a_table_in_a_file_whose_ending_says_something_else_is_noted(
    invoke: Run, tmp_path: Path
) -> None:
    path = tmp_path / "cost.unknown"
    result = invoke("count", "lenet5", "--output", str(path))
    note = f"note: the ending of {path} stands for no format: a table is written\n"
    assert (result.code, result.out, result.err) == (0, "", note)
    assert path.read_text().startswith("lenet5 on 32x32x1\n")
    assert invoke("count", "lenet5", "--output", str(tmp_path / "cost")).err == ""
