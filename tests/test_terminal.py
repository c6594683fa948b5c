"""Tables as they are really printed: whole, at two widths, and in plain ASCII."""

from __future__ import annotations

from fractions import Fraction

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

from convcost import compare, count
from convcost.quantities import format_count
from convcost.reports.report import Column, Look, Report
from convcost.reports.terminal import BAR_WIDTHS, draw_bar, render

COMPARE = ("compare", "56x56x256", "--kernel", "3", "--out", "64")

AT_80 = """\
56x56x256, kernel 3x3, 64 out
design        output   params         MACs  MACs change          sees  mixes
───────────────────────────────────────────────────────────────────────────────
standard    56x56x64  147,456  462,422,016     baseline  ██████   3x3  both
pointwise   56x56x64   16,384   51,380,224  9.00x fewer  ▋        1x1  channels
separable   56x56x64   18,688   58,605,568  7.89x fewer  ▊        3x3  both
bottleneck  56x56x64    7,424   23,281,664  19.9x fewer  ▎        3x3  both
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
"""

AT_140 = """\
56x56x256, kernel 3x3, 64 out
design        output   params  params change         MACs  MACs change              sees  mixes     what it does
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
standard    56x56x64  147,456       baseline  462,422,016     baseline  ██████████   3x3  both      one dense convolution: every output
                                                                                                    channel reads every input channel
pointwise   56x56x64   16,384    9.00x fewer   51,380,224  9.00x fewer  █▏           1x1  channels  a 1x1 convolution: mixes the channels of
                                                                                                    each pixel, sees no neighbours
separable   56x56x64   18,688    7.89x fewer   58,605,568  7.89x fewer  █▎           3x3  both      a depthwise convolution for space, then
                                                                                                    a 1x1 for channels
bottleneck  56x56x64    7,424    19.9x fewer   23,281,664  19.9x fewer  ▌            3x3  both      reduce with a 1x1, convolve in few
                                                                                                    channels, expand with a 1x1, add the
                                                                                                    input
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
"""  # noqa: E501

ASCII = """\
56x56x256, kernel 3x3, 64 out
design        output   params         MACs  MACs change          sees  mixes
-------------------------------------------------------------------------------
standard    56x56x64  147,456  462,422,016     baseline  ######   3x3  both
pointwise   56x56x64   16,384   51,380,224  9.00x fewer  #        1x1  channels
separable   56x56x64   18,688   58,605,568  7.89x fewer  #        3x3  both
bottleneck  56x56x64    7,424   23,281,664  19.9x fewer  #        3x3  both
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
"""

COUNT_AT_80 = """\
separable 3x3 64, max_pool 2x2 on 56x56x256
layer        type       kernel       output  params        MACs  share
───────────────────────────────────────────────────────────────────────────
separable    separable             56x56x64  18,688  58,605,568  ██████████
  depthwise  conv       3x3 g256  56x56x256   2,304   7,225,344  █▎
  pointwise  conv       1x1        56x56x64  16,384  51,380,224  ████████▊
max_pool     max_pool   2x2 s2     28x28x64       0           0
───────────────────────────────────────────────────────────────────────────
total                              28x28x64  18,688  58,605,568
"""


def test_a_comparison_at_80_columns(invoke: Run) -> None:
    assert invoke(*COMPARE, COLUMNS="80") == (0, AT_80, "")


def test_a_comparison_at_140_columns(invoke: Run) -> None:
    assert invoke(*COMPARE, COLUMNS="140") == (0, AT_140, "")


def test_a_pipe_is_80_columns_wide(run: Run) -> None:
    assert run(*COMPARE, COLUMNS="") == (0, AT_80, "")


def test_an_ascii_terminal_gets_ascii(run: Run) -> None:
    assert run(*COMPARE, PYTHONIOENCODING="ascii") == (0, ASCII, "")


def test_a_count_at_80_columns(invoke: Run) -> None:
    result = invoke("count", "56x56x256", "separable 3x3 64, max_pool 2x2", COLUMNS="80")
    table, caption, rest = result.out.partition("1 MAC = 1 multiply + 1 add; batch 1\n")
    assert table == COUNT_AT_80
    assert caption
    assert rest.startswith("3 layers: 2 with MACs, 1 element-wise\n")


def test_the_widths_of_the_examples_are_what_they_say() -> None:
    assert max(map(len, AT_80.splitlines())) <= 80
    assert 130 < max(map(len, AT_140.splitlines())) <= 140


@pytest.mark.parametrize("width", [20, 40, 60, 72, 80, 100, 120, 200])
def test_numbers_are_never_cut(width: int) -> None:
    comparison = compare("56x56x256", kernel_size=3, out_channels=64)
    text = render([comparison.report()], Look(width=width))
    for entry in comparison:
        (line,) = (line for line in text.splitlines() if line.startswith(entry.name))
        assert format_count(entry.counted.params) in line.split()
        assert format_count(entry.counted.macs) in line.split()
    network = count("224x224x3", "conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 256 x3")
    words = render([network.report()], Look(width=width)).split()
    assert format_count(network.params) in words
    assert format_count(network.macs) in words


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_table_keeps_to_its_width(width: int) -> None:
    for result in (
        compare("56x56x256", kernel_size=3, out_channels=64),
        count("224x224x3", "conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 256 x3"),
    ):
        assert max(map(len, result.render(width=width).splitlines())) <= width


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=5), st.integers(1, 200))
def test_any_number_survives_any_width(numbers: list[int], width: int) -> None:
    report = Report(
        title="numbers",
        columns=(
            Column("n", "n", format_count, align="right"),
            Column("words", "words", rank=2, wrap=True),
            Column("bar", "", bar=True, rank=1),
        ),
        rows=tuple((n, "some words " * 9, Fraction(n, max(*numbers, 1))) for n in numbers),
        total=(sum(numbers), "", None),
        caption="",
        notes=(),
        document=dict,
    )
    words = render([report], Look(width=width)).split()
    assert all(format_count(n) in words for n in (*numbers, sum(numbers)))


shares = st.fractions(0, 1)
widths = st.sampled_from(BAR_WIDTHS)


@given(shares, widths, st.booleans())
def test_a_bar_is_empty_only_at_zero_and_never_too_long(
    share: Fraction, width: int, unicode: bool
) -> None:
    bar = draw_bar(share, width, unicode)
    assert (bar == "") == (share == 0)
    assert len(bar) <= width
    assert bar.isascii() or unicode


@given(shares, shares, widths, st.booleans())
def test_a_larger_share_never_has_a_shorter_bar(
    one: Fraction, other: Fraction, width: int, unicode: bool
) -> None:
    small, large = sorted((one, other))
    assert _eighths(draw_bar(small, width, unicode)) <= _eighths(draw_bar(large, width, unicode))


def _eighths(bar: str) -> int:
    return sum({"#": 8, "█": 8}.get(char, " ▏▎▍▌▋▊▉".find(char)) for char in bar)


@given(st.integers(0, 24 * 8))
def test_a_bar_is_exact_to_an_eighth(eighths: int) -> None:
    assert _eighths(draw_bar(Fraction(eighths, 24 * 8), 24)) == eighths


def test_colour_is_only_decoration() -> None:
    from rich.text import Text

    report = compare("56x56x256", kernel_size=3, out_channels=64).report()
    coloured = render([report], Look(width=80, color=True))
    assert "\x1b[" in coloured
    plain = "\n".join(line.rstrip() for line in Text.from_ansi(coloured).plain.splitlines())
    assert plain + "\n" == AT_80
