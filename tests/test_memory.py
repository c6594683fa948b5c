"""Activation memory: what is alive when, derived by hand, and four figures by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run

from convcost.api import count
from convcost.engine.dtypes import data_type
from convcost.engine.memory.execution import execution
from convcost.engine.memory.liveness import IN_PLACE, Memory, Rule, memory
from convcost.engine.shapes import product
from convcost.errors import ConvcostError
from convcost.language.library import PACKAGE

NETWORKS = sorted(path.stem for path in (PACKAGE / "networks").glob("*.toml"))

SKIP = """\
kind = "network"
input = "8x8x4"
layers = [
    { name = "wide", type = "conv", kernel_size = 1, out_channels = 16 },
    { name = "narrow", type = "conv", kernel_size = 1, out_channels = 2 },
    { name = "back", type = "conv", kernel_size = 1, out_channels = 4 },
    { name = "add", type = "add", from = ["back", "input"] },
    { name = "last", type = "conv", kernel_size = 1, out_channels = 1 },
]
"""


def held(*words: str) -> Memory:
    return memory(count(*words).counted.graph)


@pytest.fixture
def skip(tmp_path: Path) -> str:
    path = tmp_path / "skip.toml"
    path.write_text(SKIP)
    return str(path)


def test_peak_of_a_skip_by_hand(skip: str) -> None:
    # wide:   input 4 + own 16 = 20      narrow: input 4 + wide 16 + own 2 = 22, the peak
    # back:   input 4 + narrow 2 + 4 = 10      add: input 4 + back 4, written over = 8
    # last:   add 4 + own 1 = 5, all times 8 * 8 positions of 4 bytes
    layer = 4 * 8 * 8
    assert held(skip) == Memory(
        peak=layer * (4 + 16 + 2),
        peak_at="narrow",
        peak_tensors=3,
        largest=layer * (4 + 16),
        largest_at="wide",
        outputs=layer * (16 + 2 + 4 + 4 + 1),
        weights=4 * (4 * 16 + 16 * 2 + 2 * 4 + 4 * 1),
        live=tuple(layer * values for values in (20, 22, 10, 8, 5)),
    )


def test_without_the_skip_the_input_is_let_go() -> None:
    found = held("8x8x4", "conv 1x1 16, conv 1x1 2")
    assert found.peak == 4 * 8 * 8 * (4 + 16)
    assert (found.peak_at, found.peak_tensors) == ("conv1", 2)


def test_flatten_and_identity_are_no_new_tensors() -> None:
    plain = held("4x4x3", "conv 3x3 8, conv 3x3 8")
    named = held("4x4x3", "conv 3x3 8, identity, conv 3x3 8, flatten")
    assert named.outputs == plain.outputs == 4 * 2 * 4 * 4 * 8
    assert (named.peak, named.largest) == (plain.peak, plain.largest) == (4 * 2 * 4 * 4 * 8,) * 2


def test_a_result_that_is_read_twice_lives_until_the_second_reading() -> None:
    # The block's own input is still needed by add, which writes over the branch.
    found = held("8x8x6", "bottleneck 3x3 6 mid_channels=2")
    reduce, spatial, expand, add = (6 + 2, 6 + 2 + 2, 6 + 2 + 6, 6 + 6)
    assert found.peak == 4 * 8 * 8 * max(reduce, spatial, expand, add)
    assert (found.peak_at, found.peak_tensors) == ("expand", 3)


@pytest.mark.parametrize("name", NETWORKS)
def test_bounds_that_hold_for_every_graph(name: str) -> None:
    counted = count(name).counted
    unfused = memory(counted.graph, rule=Rule(fused=False))
    fused = memory(counted.graph)
    tighter = memory(counted.graph, rule=Rule(in_place=IN_PLACE))
    first = 4 * product(counted.input)
    assert unfused.largest <= unfused.peak <= unfused.outputs + first
    assert tighter.peak <= fused.peak <= unfused.peak
    assert max(fused.live) == fused.peak
    assert fused.peak <= memory(counted.graph, rule=Rule(planner="tflm")).peak


def lines(invoke: Run, *words: str) -> list[str]:
    out = invoke("count", *words).out.splitlines()
    start = next(i for i, line in enumerate(out) if line.startswith("memory at "))
    return out[start:]


def test_four_figures_by_name_and_no_total(invoke: Run) -> None:
    weights = 3 * 3 * 64 * 64 * 4
    inner = 56 * 56 * 64 * 4
    assert lines(invoke, "56x56x64", "conv 3x3 64, conv 3x3 64") == [
        "memory at float32, without allocator, workspace, im2col and framework:",
        f"  weights                   {2 * weights // 1024} KiB",
        f"  peak live activations    {2 * inner / 1024**2:.2f} MiB  at conv1: 2 tensors live",
        f"  largest input + output   {2 * inner / 1024**2:.2f} MiB  at conv1",
        f"  sum of all outputs       {2 * inner / 1024**2:.2f} MiB",
    ]


@pytest.mark.parametrize(
    ("dtype", "size"), [("float16", 2), ("bfloat16", 2), ("int8", 1), ("float8", 1)]
)
def test_bytes_scale_with_the_data_type(invoke: Run, dtype: str, size: int) -> None:
    words = ["64x64x16", "conv 3x3 16", "--dtype", dtype]
    found = lines(invoke, *words)
    assert found[0].startswith(f"memory at {data_type(dtype).name}, ")
    assert f"{2 * 64 * 64 * 16 * size // 1024} KiB" in found[2]
    columns = ["--columns", "input_bytes,output_bytes,weights", "-f", "csv"]
    row = invoke("count", *words, *columns).out.splitlines()[1].split(",")
    assert list(map(int, row[-3:])) == [
        64 * 64 * 16 * size,
        64 * 64 * 16 * size,
        3 * 3 * 16 * 16 * size,
    ]


def test_activations_scale_with_the_batch_and_weights_do_not(invoke: Run) -> None:
    one = lines(invoke, "64x64x16", "conv 3x3 16")
    eight = lines(invoke, "64x64x16", "conv 3x3 16", "--batch", "8")
    assert one[1] == eight[1]
    assert f"{2 * 64 * 64 * 16 * 4 // 1024} KiB" in one[2]
    assert f"{8 * 2 * 64 * 64 * 16 * 4 / 1024**2:.2f} MiB" in eight[2]


def test_intensity_is_macs_by_bytes_moved(invoke: Run) -> None:
    out = invoke("count", "8x8x4", "conv 3x3 8", "--columns", "intensity", "-f", "csv").out
    moved = 4 * (8 * 8 * 4 + 8 * 8 * 8 + 3 * 3 * 4 * 8)
    assert float(out.splitlines()[1].split(",")[-1]) == 8 * 8 * 3 * 3 * 4 * 8 / moved


def test_unknown_data_type_is_refused(invoke: Run) -> None:
    result = invoke("count", "8x8x4", "conv 3x3 8", "--dtype", "float7")
    assert (result.code, result.out) == (2, "")
    assert "float7" in result.err.splitlines()[0]
    with pytest.raises(ConvcostError, match="float7 is not a data type"):
        from convcost.reports.count import CountView

        count("8x8x4", "conv 3x3 8").report(CountView(execution=execution("float7")))
