"""``sweep``: axes, ties, conditions, fronts, orders, joined tables, and what cannot be built."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, environment, refusal

from convcost import count
from convcost.errors import SpecError
from convcost.reports.schemas import schema
from convcost.studies.space import Axis, axis_of, make_space, parse_axis

FACTS: dict[str, Any] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "data" / "fit.json").read_text())
}


def rows(invoke: Run, *arguments: str, err: str = "") -> list[dict[str, Any]]:
    result = invoke("sweep", *arguments, "--format", "jsonl")
    assert (result.code, result.err) == (0, err)
    return [json.loads(line) for line in result.out.splitlines()]


def document(invoke: Run, *arguments: str) -> dict[str, Any]:
    result = invoke("sweep", *arguments, "--format", "json")
    assert result.code == 0
    made: dict[str, Any] = json.loads(result.out)
    return made


# --- Axes ------------------------------------------------------------------------------------

AXES: dict[str, list[Any]] = {
    "kernel=3": [3],
    "kernel=3,5,7": [3, 5, 7],
    "out=8..11": [8, 9, 10, 11],
    "out=16..64:16": [16, 32, 48, 64],
    "out=16..65:16": [16, 32, 48, 64],
    "groups=1..64:x2": [1, 2, 4, 8, 16, 32, 64],
    "groups=1..20:x3": [1, 3, 9],
    "width=0.1..0.5:0.1": [Fraction(n, 10) for n in (1, 2, 3, 4, 5)],
    "width=0.5..2:0.5": [Fraction(1, 2), 1, Fraction(3, 2), 2],
    "width=0.25,0.5,0.75,1": [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1],
    "width=1..3:x1.5": [1, Fraction(3, 2), Fraction(9, 4)],
    "kernel=1,3..7:2,11": [1, 3, 5, 7, 11],
    "kernel=3,3,5,3": [3, 5],
    "kernel=3,3x1,1x3": [3, (3, 1), (1, 3)],
    "design=separable,bottleneck": ["separable", "bottleneck"],
    "design=./mine.toml": ["./mine.toml"],
    "projection=true,false": [True, False],
    "stage3.groups=1,2,4": [1, 2, 4],
    "depth=-2..2": [-2, -1, 0, 1, 2],
}


@pytest.mark.parametrize("text", AXES)
def test_an_axis_has_its_values_exactly_and_in_order(text: str) -> None:
    axis = parse_axis(text)
    assert axis.name == text.partition("=")[0]
    assert list(axis.values) == AXES[text]
    assert [type(value) for value in axis.values] == [type(value) for value in AXES[text]]


def test_a_range_of_whole_numbers_takes_no_memory() -> None:
    axis = parse_axis("out=1..1000000000")
    assert len(axis.values) == 10**9
    assert make_space(["in=1..1000", "out=1..1000000"]).size == 10**9


def test_numbers_of_python_are_exact_too() -> None:
    assert axis_of("width", [0.1, 0.2, 1.0, 2]) == Axis(
        "width", [Fraction(1, 10), Fraction(1, 5), 1, 2]
    )
    assert axis_of("in", range(3)).values == range(3)


BAD_AXES = {
    "out": ("an axis is NAME=VALUES", "--vary out"),
    "out=": ("a value is missing", "--vary out="),
    "out=1,,2": ("a value is missing", "--vary out=1,,2"),
    "out=9..1": ("9..1 is empty: 9 is above 1", "--vary out=9..1"),
    "out=1..9:0": ("1..9:0 has a step of 0", "--vary out=1..9:0"),
    "out=1..9:x1": ("1..9:x1 does not grow", "--vary out=1..9:x1"),
    "out=0..9:x2": ("0..9:x2 does not grow", "--vary out=0..9:x2"),
    "out=1..x": ("'x' in 1..x is no number", "--vary out=1..x"),
    "width=0.2..1": ("0.2..1 needs a step", "--vary width=0.2..1"),
    "width=0..1:0.0000001": ("0..1:0.0000001 has 10,000,001 values", "--vary width=0..1:0.0000001"),
    "in=1..9999999999999999": ("9999999999999999 is too large", "--vary in=1..9999999999999999"),
    "in=9223372036854775808": (
        "9223372036854775808 is too large",
        "--vary in=9223372036854775808",
    ),
    "a b=1": ("'a b' is not the name of a parameter", "--vary a b=1"),
}


@pytest.mark.parametrize("text", BAD_AXES)
def test_an_axis_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_axis(text)
    assert (caught.value.message, caught.value.place) == BAD_AXES[text]


# --- Candidates ------------------------------------------------------------------------------


def test_a_row_a_candidate_with_its_axes_and_figures(invoke: Run) -> None:
    made = document(invoke, "56x56", "separable 3x3", "--vary", "in=16,32", "--vary", "out=8..24:8")
    assert list(made) == ["schema", "axes", "candidates", "unbuildable", "rows"]
    assert made["schema"] == "convcost.sweep/1"
    assert made["axes"] == {"in": [16, 32], "out": [8, 16, 24]}
    assert (made["candidates"], made["unbuildable"]) == (6, 0)
    assert made["rows"] == [
        {
            "in": c,
            "out": o,
            "params": 3 * 3 * c + c * o,
            "macs": 56 * 56 * (3 * 3 * c + c * o),
        }
        for c in (16, 32)
        for o in (8, 16, 24)
    ]


def test_documents_follow_the_schema(invoke: Run) -> None:
    import jsonschema

    made = document(invoke, "mobilenet_v1", "--vary", "width=0.25,1", "--vary", "input=128,224")
    jsonschema.validate(made, schema("sweep"))
    fitted = json.loads(
        invoke("fit", "8x8x4", "conv 3x3", "--vary", "out=1..9", "--max", "macs=9K", "--json").out
    )
    jsonschema.validate(fitted, schema("fit"))
    nothing = json.loads(
        invoke("fit", "8x8x4", "conv 3x3", "--vary", "out=1..9", "--max", "macs=9", "--json").out
    )
    jsonschema.validate(nothing, schema("fit"))


def test_mobilenets_grid_is_the_papers(invoke: Run) -> None:
    wanted = {
        (p["width"], p["resolution"]): (p["macs"], p["params"])
        for p in FACTS["mobilenet-v1-grid"]["points"]
    }
    made = rows(
        invoke, "mobilenet_v1", "--vary", "width=0.25,0.5,0.75,1", "--vary", "input=128..224:32"
    )
    assert {(row["width"], row["input"]): (row["macs"], row["params"]) for row in made} == wanted


def test_designs_are_an_axis_files_of_the_users_too(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[parameters]\nkernel_size = 3\nout_channels = "in_channels"\n[[layers]]\ntype = "conv"\n'
        'kernel_size = "kernel_size"\nout_channels = "2 * out_channels"\n'
    )
    made = rows(
        invoke,
        *("8x8x4", "--vary", "design=standard,separable,./mine.toml"),
        *("--set", "kernel=3", "--set", "out=16"),
    )
    assert [(row["design"], row["params"]) for row in made] == [
        ("standard", 3 * 3 * 4 * 16),
        ("separable", 3 * 3 * 4 + 4 * 16),
        ("mine", 3 * 3 * 4 * 2 * 16),
    ]


def test_a_tie_hangs_on_the_axes(invoke: Run) -> None:
    made = rows(
        invoke, "56x56", "conv", "--vary", "in=16,32", "--set", "kernel=1", "--set", "out=6*in"
    )
    assert [row["params"] for row in made] == [16 * 6 * 16, 32 * 6 * 32]
    chained = rows(
        invoke,
        *("56x56", "conv 1x1", "--vary", "in=16,32", "--set", "out=2*in", "--set", "groups=out//8"),
    )
    assert [row["params"] for row in chained] == [16 * 32 // 4, 32 * 64 // 8]


def test_one_layer_of_a_network_or_a_chain_is_varied_by_its_name(invoke: Run) -> None:
    chain = rows(invoke, "8x8x4", "conv 3x3 8, conv 1x1 6", "--vary", "conv1.out=2,16")
    assert [row["params"] for row in chain] == [3 * 3 * 4 * n + n * 6 for n in (2, 16)]
    network = rows(invoke, "vgg11", "--vary", "conv1.kernel=3,5")
    assert network[1]["params"] - network[0]["params"] == (5 * 5 - 3 * 3) * 3 * 64


def test_the_batch_may_vary(invoke: Run) -> None:
    made = rows(invoke, "8x8x4", "conv 3x3 8", "--vary", "batch=1..3")
    assert [row["macs"] for row in made] == [n * 8 * 8 * 3 * 3 * 4 * 8 for n in (1, 2, 3)]


def test_what_cannot_be_built_is_left_out_counted_and_said(invoke: Run) -> None:
    arguments = ("56x56", "conv 3x3 12", "--vary", "in=12,18", "--vary", "groups=1..6")
    wanted = {(c, g) for c in (12, 18) for g in range(1, 7) if c % g == 12 % g == 0}
    said = f"{12 - len(wanted)} of 12 cannot be built: groups do not divide"
    made = rows(invoke, *arguments, err=f"note: {said}\n")
    assert {(row["in"], row["groups"]) for row in made} == wanted
    assert document(invoke, *arguments)["unbuildable"] == 12 - len(wanted)
    assert said in invoke("sweep", *arguments).out


def test_every_reason_is_said_with_its_first_case(invoke: Run) -> None:
    result = invoke(
        "sweep", "4x4x6", "conv out=6 valid", "--vary", "kernel=3..6", "--vary", "groups=1..4"
    )
    # 4 groups do not divide 6 channels, whatever the kernel; of the others two kernels are too
    # large.
    assert result.out.splitlines()[-2:] == [
        f"{2 * 3} of 16 cannot be built: a kernel of 5x5 is larger than the padded input of 4x4",
        f"{4 * 1} of 16 cannot be built: groups do not divide",
    ]


# --- Conditions, orders, fronts ----------------------------------------------------------------

GRID = ("56x56", "separable 3x3", "--vary", "in=16..512:16", "--vary", "out=16..512:16")


def all_of_grid() -> list[tuple[int, int, int, int]]:
    return [
        (c, o, 9 * c + c * o, 56 * 56 * (9 * c + c * o))
        for c in range(16, 513, 16)
        for o in range(16, 513, 16)
    ]


CONDITIONS: dict[str, Any] = {
    "macs <= 100M": lambda c, o, params, macs: macs <= 100_000_000,
    "macs <= 100M and params > 20K": lambda c, o, params, macs: macs <= 10**8 and params > 20_000,
    "in < out": lambda c, o, params, macs: c < o,
    "in == out or in == 16": lambda c, o, params, macs: c in (o, 16),
    "not (in_channels < out_channels)": lambda c, o, params, macs: c >= o,
    "params / in > 100.5": lambda c, o, params, macs: Fraction(params, c) > Fraction(201, 2),
    "(in if out > 256 else out) >= 128": lambda c, o, params, macs: (c if o > 256 else o) >= 128,
    "max(in, out) % 3 == 0": lambda c, o, params, macs: max(c, o) % 3 == 0,
    "weights <= 100KiB": lambda c, o, params, macs: 4 * params <= 100 * 1024,
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_over_figures_and_axes(invoke: Run, text: str) -> None:
    made = rows(invoke, *GRID, "--where", text)
    assert [(row["in"], row["out"], row["params"], row["macs"]) for row in made] == [
        one for one in all_of_grid() if CONDITIONS[text](*one)
    ]


def test_an_order_and_how_many(invoke: Run) -> None:
    made = rows(invoke, *GRID, "--sort", "-macs", "-n", "7")
    wanted = sorted(all_of_grid(), key=lambda one: -one[3])[:7]
    assert [(row["in"], row["out"], row["params"], row["macs"]) for row in made] == wanted


def test_a_front_has_what_nothing_beats(invoke: Run) -> None:
    made = rows(invoke, *GRID, "--set", "stride=1", "--pareto", "macs,-out", "--sort", "out")
    wanted = [
        one
        for one in all_of_grid()
        if not any(
            other[3] <= one[3] and other[1] >= one[1] and (other[3], other[1]) != (one[3], one[1])
            for other in all_of_grid()
        )
    ]
    assert [row["out"] for row in made] == sorted(one[1] for one in wanted)
    assert {row["in"] for row in made} == {16}


def test_the_front_of_mobilenets_accuracies(invoke: Run, tmp_path: Path) -> None:
    """14 of the paper's 16 models are on the front of MACs and accuracy."""
    points = FACTS["mobilenet-v1-grid"]["points"]
    lines = ["width,input,top1", *(f"{p['width']},{p['resolution']},{p['top1']}" for p in points)]
    (tmp_path / "accuracy.csv").write_text("\n".join(lines))
    made = rows(
        invoke,
        *("mobilenet_v1", "--vary", "width=0.25,0.5,0.75,1", "--vary", "input=128..224:32"),
        *("--join", "accuracy.csv", "--pareto", "macs,-top1", "--sort", "macs"),
    )
    wanted = [p for p in points if p["pareto_macs_min_top1_max"]]
    assert len(wanted) == 14
    assert [(row["macs"], row["top1"]) for row in made] == sorted(
        (p["macs"], p["top1"]) for p in wanted
    )


def test_candidates_without_a_row_in_the_table_are_said(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text("out,ms,board\n8,1.5,a\n16,2,b\n99,3,c\n")
    arguments = ("8x8x4", "conv 3x3", "--vary", "out=8,16,24", "--join", "measured.csv")
    made = rows(invoke, *arguments)
    assert [(row["out"], row["ms"], row["board"]) for row in made] == [
        (8, 1.5, "a"),
        (16, 2, "b"),
        (24, None, None),
    ]
    assert "1 candidates have no row in measured.csv" in invoke("sweep", *arguments).out
    ordered = rows(invoke, *arguments, "--sort", "-ms", "--where", "ms < 2.5")
    assert [row["out"] for row in ordered] == [16, 8]


def test_figures_are_those_of_count(invoke: Run) -> None:
    keys = "element_ops,weights,peak,largest,outputs,bytes,intensity,receptive_field,depth"
    made = rows(
        invoke,
        *("mobilenet_v2", "--vary", "input=96,160", "--columns", keys, "--dtype", "int8"),
    )
    for row in made:
        shape = f"{row['input']}x{row['input']}x3"
        counted = invoke(
            *("count", "mobilenet_v2", "--input", shape, "--dtype", "int8", "--get"),
            keys.replace("intensity,receptive_field,", ""),
        )
        wanted = [int(value) for value in counted.out.split()]
        names = keys.replace("intensity,receptive_field,", "").split(",")
        assert [row[name] for name in names] == wanted
        assert row["intensity"] == pytest.approx(row["macs"] / row["bytes"])


# --- Formats ---------------------------------------------------------------------------------


def test_csv_has_a_header_and_a_row_a_candidate(invoke: Run) -> None:
    result = invoke("sweep", "8x8x4", "conv 3x3", "--vary", "out=8,16", "--csv")
    table = list(csv.DictReader(io.StringIO(result.out)))
    assert table == [
        {"out": str(o), "params": str(9 * 4 * o), "macs": str(64 * 9 * 4 * o)} for o in (8, 16)
    ]


def test_a_file_is_whole_or_absent(invoke: Run, tmp_path: Path) -> None:
    arguments = ("sweep", "8x8x4", "conv 3x3", "--vary", "out=8..800")
    for name, form in (("a.csv", "csv"), ("a.jsonl", "jsonl"), ("a.json", "json")):
        result = invoke(*arguments, "--output", name)
        assert (result.code, result.out) == (0, "")
        assert (tmp_path / name).read_text() == invoke(*arguments, "--format", form).out
    assert invoke("sweep", "8x8x4", "conv 3x3 g3", "--vary", "out=8", "--output", "b.csv").code == 2
    assert not (tmp_path / "b.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.json", "a.jsonl"]


def test_a_table_shows_twenty_rows_and_says_how_many_more(invoke: Run) -> None:
    lines = invoke("sweep", "8x8x4", "conv 3x3", "--vary", "out=1..100").out.splitlines()
    assert lines[0] == "8x8x4 conv 3x3: 100 candidates"
    assert len(lines) == 3 + 20 + 2
    assert lines[-1] == "+ 80 more rows (-n 0 for all, --format jsonl to stream them)"
    everything = invoke("sweep", "8x8x4", "conv 3x3", "--vary", "out=1..100", "-n", "0").out
    assert len(everything.splitlines()) == 3 + 100 + 1


def test_a_chart_of_the_front(invoke: Run) -> None:
    result = invoke(
        *("sweep", "8x8", "conv 1x1", "--vary", "in=1,2,4", "--vary", "out=2,4,8"),
        *("--pareto", "macs,-out", "--chart"),
    )
    drawn = result.out.splitlines()[result.out.splitlines().index("") + 1 :]
    assert drawn[0] == "out"
    assert drawn[1] == "8 │" + " " * 75 + "•"
    assert drawn[14].startswith("2 │•")
    assert sum(line.count("•") for line in drawn) == 3
    assert drawn[15] == "  └" + "─" * 76
    assert drawn[16] == "   128" + "512".rjust(73)
    assert drawn[17].strip() == "MACs"


# --- Refusals --------------------------------------------------------------------------------

REFUSED = {
    "an unknown parameter": (
        ["56x56x16", "separable 3x3 8", "--vary", "reduktion=2,4"],
        ("error: none of 2 candidates can be built: separable has no parameter reduktion",),
    ),
    "nothing varies": (["resnet50"], ("error: nothing varies", "  --vary out=16..512:16")),
    "no channels": (
        ["56x56", "separable 3x3", "--vary", "out=8,16"],
        ("error: 56x56 has no channels", "  vary or set in, or write 56x56x256"),
    ),
    "channels twice": (
        ["56x56x16", "separable 3x3 8", "--vary", "in=8,16"],
        ("error: 56x56x16 has channels, and so has in", "  write 56x56"),
    ),
    "an axis twice": (
        ["56x56", "separable 3x3 8", "--vary", "in=8", "--vary", "in_channels=8"],
        ("error: in_channels is given twice", "  one axis or one setting each"),
    ),
    "varied and set": (
        ["56x56", "separable 3x3", "--vary", "in=8", "--set", "in=4", "--set", "out=4"],
        ("error: in_channels is given twice", "  vary it, or set it"),
    ),
    "an axis without its option": (
        ["mobilenet_v1", "width=0.25,0.5"],
        (
            "error: mobilenet_v1 and width=0.25,0.5: one subject is varied",
            "  an axis is an option: --vary width=0.25,0.5",
        ),
    ),
    "two subjects": (
        ["56x56x4", "separable", "standard", "--vary", "out=8"],
        (
            "error: separable and standard: one subject is varied",
            "  several designs are an axis: --vary design=separable,standard",
        ),
    ),
    "a layer that is not there": (
        ["vgg11", "--vary", "conv99.kernel=3,5"],
        ("error: none of 2 candidates can be built: vgg11 has no layer conv99",),
    ),
    "a condition over nothing known": (
        ["8x8x4", "conv 3x3", "--vary", "out=8", "--where", "mags < 3"],
        (
            "error: mags is not known here",
            "  --where",
            "  mags < 3",
            "  ^^^^",
            "  did you mean macs?",
        ),
    ),
    "a joined file that is not there": (
        ["8x8x4", "conv 3x3", "--vary", "out=8", "--join", "no.csv"],
        ("error: no such file: no.csv",),
    ),
    "a front that is none": (
        ["8x8x4", "conv 3x3", "--vary", "out=8", "--pareto", "speed"],
        ("error: speed is not a figure or an axis",),
    ),
}


@pytest.mark.parametrize("bar", REFUSED)
def test_what_is_no_space_is_refused(invoke: Run, bar: str) -> None:
    arguments, lines = REFUSED[bar]
    result = invoke("sweep", *arguments)
    assert result.code == 2
    assert result.out == ""
    shown = result.err.splitlines()[: len(lines)]
    assert shown == list(lines)
    if len(result.err.splitlines()) == len(lines):
        assert result == refusal(*lines)


def test_sizes_beyond_64_bits_stay_exact(invoke: Run) -> None:
    """2^31 - 1 channels in and out at 100,000 x 100,000 positions leave int64 by far."""
    big = 2**31 - 1
    made = rows(
        invoke, "100000x100000", "1x1", "--vary", f"in={big - 2}..{big}", "--set", f"out={big}"
    )
    assert [row["macs"] for row in made] == [10**10 * c * big for c in (big - 2, big - 1, big)]


def test_a_row_of_a_sweep_is_what_count_says() -> None:
    for c, o in ((16, 32), (512, 496)):
        counted = count(f"56x56x{c}", f"separable 3x3 {o}")
        assert (counted.params, counted.macs) == (9 * c + c * o, 56 * 56 * (9 * c + c * o))


LARGE = ("sweep", "separable", "--vary", "in=1..5000", "--vary", "out=1..5000")
FIXED = ("--set", "input=56", "--set", "kernel=3", "--format", "jsonl")


INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from convcost.cli.app import run
sys.exit(run(sys.argv[1:]))
"""
"""Interrupts count, also where the tests run with SIGINT ignored."""


def test_an_interrupt_leaves_whole_lines(tmp_path: Path) -> None:
    """25 million candidates; interrupted once some have come."""
    with (tmp_path / "rows.jsonl").open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *LARGE, *FIXED],
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        while (tmp_path / "rows.jsonl").stat().st_size < 1_000_000:
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, b"")
    text = (tmp_path / "rows.jsonl").read_bytes()
    assert text.endswith(b"}\n")
    for at, line in enumerate(text.splitlines()[-5:]):
        assert json.loads(line)["params"] > at


def test_a_closed_pipe_is_a_quiet_end() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "convcost", *LARGE, *FIXED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert json.loads(running.stdout.readline()) == {
        "in": 1,
        "out": 1,
        "params": 3 * 3 + 1,
        "macs": 56 * 56 * (3 * 3 + 1),
    }
    running.stdout.close()
    assert (running.wait(60), running.stderr.read()) == (141, b"")
    running.stderr.close()


def test_without_numpy_the_error_names_the_extra(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "numpy" else find(name)
    )
    assert invoke("sweep", "8x8x4", "conv 3x3", "--vary", "out=8") == refusal(
        "error: a sweep needs the package numpy",
        "  install it with: pip install 'convcost[sweep]'",
    )
