"""``convcost count`` with memory options: each is used or refused, in every format."""

from __future__ import annotations

import json

import pytest
from conftest import Run, refusal

from convcost.api import count
from convcost.engine.figures import Measured
from convcost.engine.memory.execution import execution
from convcost.errors import ConvcostError
from convcost.reports.documents import memory_document
from convcost.reports.notes import memory_lines

TWO = ("8x8x3", "conv 3x3 6, conv 3x3 5")


@pytest.mark.parametrize(
    ("options", "peak"),
    [
        ("", 112 * 112 * 96 + 56 * 56 * 96),
        ("--unfused", 2 * 112 * 112 * 96),
        ("--in-place depthwise", 112 * 112 * (16 + 96)),
        ("--in-place depthwise --in-place residual", 112 * 112 * (16 + 96)),
        ("--in-place depthwise,residual --patches 4x4", 28 * 28 * (32 + 192)),
        ("--in-place depthwise,residual --patches 4x4 --until stage3.0", 28 * 28 * (32 + 192)),
        ("--in-place depthwise --patches 4x4 --until stage3.0", 28 * 28 * (32 + 192 + 32)),
        ("--planner tflm", 112 * 112 * 96 + 56 * 56 * 96),
    ],
)
def test_the_peak_of_mobilenet_v2_under_each_option(invoke: Run, options: str, peak: int) -> None:
    done = invoke("count", "mobilenet_v2", "--dtype", "int8", "--get", "peak", *options.split())
    assert (done.code, done.out, done.err) == (0, f"{peak}\n", "")


def test_the_arena_of_visual_wake_words(invoke: Run) -> None:
    words = ["mlperf_tiny_vww", "--dtype", "i8", "--planner", "tflm", "--get", "peak"]
    done = invoke("count", *words)
    assert done.out == "73728\n"


def test_weights_and_bops_at_types_of_their_own(invoke: Run) -> None:
    words = ["--dtype", "weights=int4,activations=int8", "--get", "weights,bops,peak"]
    done = invoke("count", "8x8x4", "conv 1x1 16", *words)
    macs = 8 * 8 * 4 * 16
    assert done.out == f"{4 * 16 // 2}\t{macs * 4 * 8}\t{8 * 8 * (4 + 16)}\n"


def test_live_bytes_stand_beside_each_layer(invoke: Run) -> None:
    done = invoke("count", *TWO, "--dtype", "int8", "--columns", "live,bops", "-f", "csv")
    rows = [line.split(",")[-3:] for line in done.out.splitlines()]
    assert rows == [
        ["layer", "live", "bops"],
        ["conv1", f"{8 * 8 * (3 + 6)}", f"{8 * 8 * 9 * 3 * 6 * 64}"],
        ["conv2", f"{8 * 8 * (6 + 5)}", f"{8 * 8 * 9 * 6 * 5 * 64}"],
    ]


def test_weights_of_a_group_are_those_of_its_layers(invoke: Run) -> None:
    # 7 and 9 weights of 4 bits are 4 and 5 bytes, not the 8 of 16 weights.
    words = ["2x2x1", "conv 1x1 7, conv 1x1 1 groups=1", "--dtype", "weights=int4"]
    columns = ["--columns", "weights", "-n", "1", "-f", "csv"]
    rows = invoke("count", *words, *columns).out.splitlines()
    assert [row.rpartition(",")[2] for row in rows[1:]] == ["4", "4"]


# In words and as JSON


def test_what_is_unusual_stands_above_the_figures(invoke: Run) -> None:
    words = ["--dtype", "int8", "--in-place", "depthwise,residual", "--unfused"]
    out = invoke("count", *TWO, *words).out
    head = " ".join(out[out.index("memory at") :].split("weights ")[0].split())
    assert head == (
        "memory at int8, unfused, depthwise and residual in place, without allocator, "
        "workspace, im2col and framework:"
    )


def test_the_plan_is_a_picture_for_people_and_offsets_for_programs(invoke: Run) -> None:
    words = ["--dtype", "int8", "--planner", "tflm"]
    table = invoke("count", *TWO, *words).out
    assert "as TensorFlow Lite Micro plans it" in table
    assert f"\n  {'arena':<22}  {'704 B':>9}  at conv2: 2 tensors live\n" in table
    assert "conv 3x3 6, conv 3x3 5: an arena of 704 bytes\n" in table
    memory = json.loads(invoke("count", *TWO, *words, "--json").out)["results"][0]["memory"]
    assert memory["rule"] == {"fused": True, "in_place": [], "planner": "tflm"}
    assert memory["plan"] == {
        "planner": "tflm",
        "alignment": 16,
        "arena": 8 * 8 * (6 + 5),
        "steps": ["conv1", "conv2"],
        "buffers": [
            {"name": "input", "bytes": 192, "size": 192, "offset": 384, "first": 0, "last": 1},
            {"name": "conv1", "bytes": 384, "size": 384, "offset": 0, "first": 1, "last": 2},
            {"name": "conv2", "bytes": 320, "size": 320, "offset": 384, "first": 2, "last": 2},
        ],
    }


@pytest.mark.parametrize(
    ("dtype", "words"),
    [("float32", "the file's own types,"), ("int4", "the file's own types (not int4),")],
)
def test_a_file_s_own_types_are_named_as_such(dtype: str, words: str) -> None:
    counted = count(*TWO).counted
    own = counted.graph._replace(bits=(8, 8, 16), weight_bits=(8, 8), weight_bytes=(1, 2))
    of = Measured(counted._replace(graph=own), execution(dtype))
    assert memory_lines(of)[0].startswith(f"memory at {words} without allocator")
    document = memory_document(of)
    assert (document["dtype"], document["weights"]) == ("file", 1 + 2)
    assert document["peak"] == 8 * 8 * (6 + 2 * 5)


def test_patches_stand_below_the_figures(invoke: Run) -> None:
    words = ["--dtype", "int8", "--patches", "2x2", "--until", "conv2"]
    out = invoke("count", *TWO, *words).out
    in_patches = 8 * 8 * 5 + 6 * 6 * 3 + 5 * 5 * 6
    assert f"\n  peak live activations   {f'{in_patches} B':>9}  at conv1\n" in out
    assert "\nin 2x2 patches of 8x8x5 up to conv2:\n" in out


def test_patches_are_part_of_the_document(invoke: Run) -> None:
    words = ["--dtype", "int8", "--patches", "2x2", "--until", "conv2"]
    memory = json.loads(invoke("count", *TWO, *words, "--json").out)["results"][0]["memory"]
    in_patches = 8 * 8 * 5 + 6 * 6 * 3 + 5 * 5 * 6
    extra = (4 * 5 * 5 - 8 * 8) * 3 * 3 * 3 * 6
    assert (memory["peak"], memory["peak_at"], memory["peak_tensors"]) == (
        in_patches,
        "conv1",
        None,
    )
    assert memory["patches"] == {
        "rows": 2,
        "cols": 2,
        "until": "conv2",
        "map": [8, 8, 5],
        "patch": [6, 6, 3],
        "peak": in_patches,
        "peak_at": "conv1",
        "peak_in_patches": in_patches,
        "peak_after": 0,
        "peak_whole": 8 * 8 * (6 + 5),
        "macs": 8 * 8 * 9 * (3 * 6 + 6 * 5) + extra,
        "extra_macs": extra,
    }


def test_a_limit_on_the_peak_is_one_on_what_was_asked(invoke: Run) -> None:
    words = ["count", "mobilenet_v2", "--dtype", "int8", "--max-peak", "1372KiB", "--get", "macs"]
    assert invoke(*words).code == 1
    assert invoke(*words, "--in-place", "depthwise").code == 0


# Refusals


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            "--dtype int7",
            [
                "int7 is not a data type",
                "  --dtype int7",
                "  try int64, int32, int16, int8, int4, int2 or int1",
            ],
        ),
        (
            "--in-place depthwize",
            [
                "depthwize is nothing that is written in place",
                "  --in-place depthwize",
                "  did you mean depthwise?",
            ],
        ),
        (
            "--planner tflite",
            ["tflite is not a planner", "  --planner tflite", "  did you mean tflm?"],
        ),
        (
            "--planner tflm --in-place residual",
            [
                "TensorFlow Lite Micro writes nothing in place",
                "  --in-place residual, --planner tflm",
                "  leave out the planner, or what is written in place",
            ],
        ),
        (
            "--planner tflm --patches 2x2",
            [
                "patches have no plan in an arena",
                "  --planner tflm, --patches 2x2",
                "  leave out the planner, or the patches",
            ],
        ),
        (
            "--patches 4",
            ["4 is no number of patches", "  --patches 4", "  write rows x columns: 4x4"],
        ),
        (
            "--until conv1",
            ["there are no patches to end", "  --until conv1", "  say how many: 4x4"],
        ),
        (
            "--patches 2x2 --until conv3",
            ["there is no layer conv3", "  did you mean conv2?"],
        ),
        (
            "--dtype int8 --csv",
            [
                "--dtype changes nothing in csv",
                "  --dtype int8",
                "  it is for figures such as bops, bytes, input_bytes, intensity, largest, live, "
                "output_bytes, outputs, peak or weights",
            ],
        ),
        (
            "--unfused -f jsonl",
            [
                "--unfused changes nothing in jsonl",
                "  --unfused",
                "  it is for figures such as largest, live, outputs or peak",
            ],
        ),
    ],
)
def test_what_cannot_be_used_is_refused(invoke: Run, options: str, lines: list[str]) -> None:
    found = invoke("count", *TWO, *options.split())
    assert found == refusal(f"error: {lines[0]}", *lines[1:])


def test_an_execution_in_words_for_the_python_api() -> None:
    how = execution("int8", in_place=["depthwise", "residual"], patches=(4, 4), until="stage3.0")
    measured = count("mobilenet_v2").measured(how)
    assert measured.patches is not None
    assert measured.patches.peak == 28 * 28 * (32 + 192)
    with pytest.raises(ConvcostError, match="no planner was asked for"):
        count("mobilenet_v2").plan(how)
