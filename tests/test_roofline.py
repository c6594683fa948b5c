"""Rooflines: MACs for each byte that a layer moves, and which layers a device's memory limits."""

from __future__ import annotations

from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost import count
from convcost.errors import ConvcostError, SpecError
from convcost.reports.roofline import format_seconds, roofline_note, roofline_scatter
from convcost.studies.roofline import Device, parse_device, roofline

drawn = pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")

CHAIN = count("16x16x8", "conv 3x3 8, relu, depthwise 3x3, global_avg_pool, linear 10")
MAP, WEIGHT = 16 * 16 * 8, 3 * 3 * 8
CONV = Fraction(16 * 16 * 8 * WEIGHT, 4 * (MAP + WEIGHT * 8 + MAP))
DEPTHWISE = Fraction(16 * 16 * 8 * 9, 4 * (MAP + WEIGHT + MAP))
LINEAR = Fraction(8 * 10, 4 * (8 + 8 * 10 + 10))
"""MACs over bytes at float32: each input, weight and output once."""


def test_intensity_is_macs_over_the_bytes_of_inputs_weights_and_outputs() -> None:
    found = roofline(CHAIN.measured())
    assert [spot.intensity for spot in found.spots] == [CONV, DEPTHWISE, LINEAR]
    assert (found.without, found.unknown) == (2, 0)


def test_a_layer_is_memory_bound_below_the_ridge_and_not_at_it() -> None:
    found = roofline(CHAIN.measured())
    at_conv = Device(CONV.numerator, CONV.denominator)
    assert at_conv.ridge == CONV
    assert [spot.name for spot in found.memory_bound(at_conv)] == ["depthwise.conv", "linear"]
    assert found.memory_bound(Device(1, 10**6)) == ()


def test_the_least_time_is_that_of_the_slower_of_both() -> None:
    device = Device(1000, 500)
    conv, depthwise, linear = roofline(CHAIN.measured()).spots
    assert device.ridge == 2 < CONV
    assert conv.seconds(device) == Fraction(16 * 16 * 8 * WEIGHT, 1000)
    assert depthwise.seconds(device) == Fraction(4 * (MAP + WEIGHT + MAP), 500)
    assert linear.seconds(device) == Fraction(4 * (8 + 8 * 10 + 10), 500)


def test_dots_stand_under_the_roof() -> None:
    found = roofline(CHAIN.measured())
    device = Device(1000, 500)
    picture = roofline_scatter("x", found, "float32", device)
    memory, compute = picture.dots
    assert memory.up == [float(DEPTHWISE * 500), float(LINEAR * 500)]
    assert compute.up == [1000.0]
    (roof,) = picture.lines
    assert roof.across[1] == 2
    assert roof.up[1:] == (1000, 1000)
    assert memory.name.startswith("memory-bound: 2 layers, ")


def test_without_a_device_a_dot_stands_at_its_macs() -> None:
    picture = roofline_scatter("x", roofline(CHAIN.measured()), "float32", None)
    (dots,) = picture.dots
    assert dots.up == [16 * 16 * 8 * WEIGHT, 16 * 16 * 8 * 9, 8 * 10]
    assert [tag.text for tag in picture.tags] == ["conv", "depthwise.conv", "linear"]
    assert "2 layers without MACs are not shown." in picture.notes


def test_the_note_names_what_the_memory_limits() -> None:
    found, device = roofline(CHAIN.measured()), Device(1000, 500)
    whole = sum((spot.seconds(device) for spot in found.spots), Fraction(0))
    bound = whole - Fraction(16 * 16 * 8 * WEIGHT, 1000)
    assert roofline_note("x", found, device) == (
        "x at 1.00 K MACs/s and 500 B/s: 2 of 3 layers with MACs are memory-bound (below 2 MACs/B)"
        f", {float(bound / whole) * 100:.1f} % of the least time of {float(whole):.3g} s: "
        "depthwise.conv, linear"
    )


def test_a_network_without_macs_has_none() -> None:
    with pytest.raises(ConvcostError, match="no layer has MACs"):
        roofline(count("8x8x4", "relu").measured())


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("4T,25.6G", Device(4 * 10**12, 25_600_000_000)),
        ("100, 3", Device(100, 3)),
        ("1.5G,1GiB", Device(1_500_000_000, 2**30)),
        ("4T,25.6GB/s", Device(4 * 10**12, 25_600_000_000)),
    ],
)
def test_a_device_is_a_peak_and_a_bandwidth(text: str, device: Device) -> None:
    assert parse_device(text, "--roofline") == device


@pytest.mark.parametrize(
    "text", ["4T", "4T,", ",3", "4T,0", "0,4", "a,b", "1,2,3", "-1,3", "nan,3"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_device(text, "--roofline")
    assert caught.value.hint == "MACs a second, bytes a second: 4T,25.6G"


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (Fraction(5, 2), "2.5 s"),
        (Fraction(1, 3), "333 ms"),
        (Fraction(2, 10**6), "2 \u03bcs"),
        (Fraction(1, 10**8), "10 ns"),
    ],
)
def test_times_are_told_in_three_digits(time: Fraction, text: str) -> None:
    assert format_seconds(time) == text


# -- the command line ------------------------------------------------------------------------------


@drawn
def test_the_option_stands_alone_or_with_a_device_anywhere(invoke: Run, tmp_path: Path) -> None:
    lines = ("16x16x8", "conv 3x3 8")
    assert invoke("count", *lines, "--chart", "a.svg", "--roofline", "--get", "macs").out == (
        f"{16 * 16 * 8 * 9 * 8}\n"
    )
    assert invoke("count", "--chart", "b.svg", "--roofline", *lines, "--get", "macs").err == ""
    ended = invoke("count", *lines, "--get", "macs", "--chart", "c.svg", "--roofline", "1M,1G")
    assert ended.err == (
        "note: conv 3x3 8 at 1.00 M MACs/s and 1.00 GB/s: no layer is memory-bound "
        f"(below 0.001 MACs/B); least time {16 * 16 * 8 * 9 * 8 / 10**6 * 1000:.3g} ms\n"
    )
    plain, roof = ((tmp_path / name).read_text("utf-8") for name in ("a.svg", "c.svg"))
    assert (tmp_path / "b.svg").read_text("utf-8") == plain
    assert "MACs for each byte moved (MACs/B)" in plain
    assert "attainable MACs/s" in roof


def test_a_roofline_is_drawn_and_nothing_else(invoke: Run) -> None:
    assert invoke("count", "lenet5", "--roofline", "4T,25.6G") == refusal(
        "error: --roofline is a kind of chart", "  --roofline 4T,25.6G", "  add --chart FILE"
    )
    assert invoke("count", "lenet5", "--chart", "c.svg", "--roofline", "4T").err.startswith(
        "error: 4T is not a peak and a bandwidth\n"
    )


@drawn
def test_from_python(tmp_path: Path) -> None:
    CHAIN.roofline(tmp_path / "r.pdf", "4T,25.6G", width="one")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_what_has_no_weights_moves_its_input_and_its_output() -> None:
    measured = count("16x16x8", "relu").measured()
    assert measured.moved(0) == 4 * (MAP + MAP)
