"""Tables as they are really printed: whole, at two widths, and in plain ASCII."""

from __future__ import annotations

from fractions import Fraction

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

from convcost import check, compare, count
from convcost.quantities import format_count
from convcost.reports.count import CountView
from convcost.reports.report import Column, Look, Report
from convcost.reports.terminal import LEAST_BAR, MOST_BAR, draw_bar, render
from convcost.reports.theme import THEME

REPORT = Report("r", (), (), None, "", (), dict)
"""To be filled."""

COMPARE = ("compare", "56x56x256", "--kernel", "3", "--out", "64")

AT_80 = """\
56x56x256 -> 56x56x64, kernel 3x3
design       params         MACs  MACs change                     sees  mixes
────────────────────────────────────────────────────────────────────────────────
standard    147,456  462,422,016     baseline  █████████████████   3x3  both
pointwise    16,384   51,380,224  9.00x fewer  █▉                  1x1  channels
separable    18,688   58,605,568  7.89x fewer  ██▏                 3x3  both
bottleneck    7,424   23,281,664  19.9x fewer  ▉                   3x3  both
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
bottleneck: 19.9x fewer MACs than standard, sees as much (3x3), mixes both
"""

AT_40 = """\
56x56x256 -> 56x56x64, kernel 3x3
design       params         MACs  sees
──────────────────────────────────────
standard    147,456  462,422,016   3x3
pointwise    16,384   51,380,224   1x1
separable    18,688   58,605,568   3x3
bottleneck    7,424   23,281,664   3x3
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output
  value; mixes: what it combines
bottleneck: 19.9x fewer MACs than
  standard, sees as much (3x3), mixes
  both
"""

AT_120 = """\
56x56x256 -> 56x56x64, kernel 3x3
design       params  params change         MACs  MACs change                                            sees  mixes
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
standard    147,456       baseline  462,422,016     baseline  ████████████████████████████████████████   3x3  both
pointwise    16,384    9.00x fewer   51,380,224  9.00x fewer  ████▌                                      1x1  channels
separable    18,688    7.89x fewer   58,605,568  7.89x fewer  █████▏                                     3x3  both
bottleneck    7,424    19.9x fewer   23,281,664  19.9x fewer  ██                                         3x3  both
standard: one dense convolution: every output channel reads every input channel
pointwise: a 1x1 convolution: mixes the channels of each pixel, sees no neighbours
separable: a depthwise convolution for space, then a 1x1 for channels
bottleneck: reduce with a 1x1, convolve in few channels, expand with a 1x1, add the input
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
bottleneck: 19.9x fewer MACs than standard, sees as much (3x3), mixes both
"""  # noqa: E501

ASCII = """\
56x56x256 -> 56x56x64, kernel 3x3
design       params         MACs  MACs change                     sees  mixes
--------------------------------------------------------------------------------
standard    147,456  462,422,016     baseline  #################   3x3  both
pointwise    16,384   51,380,224  9.00x fewer  ##                  1x1  channels
separable    18,688   58,605,568  7.89x fewer  ##                  3x3  both
bottleneck    7,424   23,281,664  19.9x fewer  #                   3x3  both
1 MAC = 1 multiply + 1 add; batch 1
sees: input positions behind one output value; mixes: what it combines
bottleneck: 19.9x fewer MACs than standard, sees as much (3x3), mixes both
"""

COUNT_AT_80 = """\
separable 3x3 64, max_pool 2x2 on 56x56x256
layer        type       kernel       output  params        MACs  share
────────────────────────────────────────────────────────────────────────────────
separable    separable             56x56x64  18,688  58,605,568  100.0 % ███████
  depthwise  conv       3x3 g256  56x56x256   2,304   7,225,344   12.3 % ▉
  pointwise  conv       1x1        56x56x64  16,384  51,380,224   87.7 % ██████▏
max_pool     max_pool   2x2 s2     28x28x64       0           0
────────────────────────────────────────────────────────────────────────────────
total                              28x28x64  18,688  58,605,568
"""

STAGES_AT_80 = """\
resnet50 on 224x224x3
layer       type                 output      params           MACs  share
────────────────────────────────────────────────────────────────────────────────
conv1       conv             112x112x64       9,408    118,013,952   2.9 % ▍
conv1.norm  batch_norm       112x112x64         128              0
conv1.relu  activation       112x112x64           0              0
maxpool     max_pool           56x56x64           0              0
layer1      3 x bottleneck    56x56x256     215,808    667,942,912  16.3 % ██▎
layer2      4 x bottleneck    28x28x512   1,219,584  1,027,604,480  25.1 % ███▌
layer3      6 x bottleneck   14x14x1024   7,098,368  1,464,336,384  35.8 % █████
layer4      3 x bottleneck     7x7x2048  14,964,736    809,238,528  19.8 % ██▊
avgpool     global_avg_pool        2048           0              0
fc          linear                 1000   2,049,000      2,048,000   0.1 % ▏
────────────────────────────────────────────────────────────────────────────────
total                              1000  25,557,032  4,089,184,256
174 layers: 54 with MACs, 120 element-wise
MACs: 51.8 % conv 1x1, 45.2 % conv 3x3, 2.9 % conv 7x7
1 MAC = 1 multiply + 1 add; batch 1; --verbose shows all 174 layers, memory
"""


def test_a_comparison_at_80_columns(invoke: Run) -> None:
    assert invoke(*COMPARE, COLUMNS="80") == (0, AT_80, "")


def test_a_narrow_terminal_drops_columns(invoke: Run) -> None:
    assert invoke(*COMPARE, COLUMNS="40") == (0, AT_40, "")


def test_a_wide_terminal_has_more_columns_longer_bars_and_sentences(invoke: Run) -> None:
    assert invoke(*COMPARE, COLUMNS="120") == (0, AT_120, "")


def test_verbose_shows_the_sentences_at_any_width(invoke: Run) -> None:
    shown = invoke(*COMPARE, "--verbose").out.splitlines()
    assert [line for line in shown if line not in AT_80.splitlines()] == [
        "standard: one dense convolution: every output channel reads every input channel",
        "pointwise: a 1x1 convolution: mixes the channels of each pixel, sees no",
        "  neighbours",
        "separable: a depthwise convolution for space, then a 1x1 for channels",
        "bottleneck: reduce with a 1x1, convolve in few channels, expand with a 1x1, add",
        "  the input",
    ]


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


def test_a_terminal_shows_stages_and_three_lines_and_says_how_to_see_all() -> None:
    report = count("resnet50").report(CountView(brief=True))
    assert render([report], Look(brief=True)) == STAGES_AT_80


def test_what_must_not_be_missed_is_on_a_terminal_too() -> None:
    from convcost.engine.counting import count as count_graph
    from convcost.engine.graph import Graph, Node
    from convcost.engine.operations.foreign import Foreign
    from convcost.results import CountResult

    odd = Node("odd", Foreign("Odd", "unknown"), (0,), (8, 8, 4))
    counted = count_graph(Graph(((8, 8, 4),), (odd,), (1,), {}))
    report = CountResult("net", counted, ("stride",), ("a remark",)).report(CountView(brief=True))
    lines = render([report], Look(brief=True)).splitlines()
    assert "1 layer: 1 not counted: 1 x Odd" in lines
    assert lines[-2:] == ["this design has no use for stride", "a remark"]


def test_the_widths_of_the_examples_are_what_they_say() -> None:
    for text, width in ((AT_40, 40), (AT_80, 80), (AT_120, 120), (STAGES_AT_80, 80)):
        assert width - 3 < max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [20, 40, 60, 72, 80, 100, 120, 200])
def test_numbers_are_never_cut(width: int) -> None:
    comparison = compare("56x56x256", kernel_size=3, out_channels=64)
    text = render([comparison.report()], Look(width=width))
    for entry in comparison:
        line = next(line for line in text.splitlines() if line.startswith(entry.name))
        assert format_count(entry.counted.params) in line.split()
        assert format_count(entry.counted.macs) in line.split()
    network = count("224x224x3", "conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 256 x3")
    words = render([network.report()], Look(width=width)).split()
    assert format_count(network.params) in words
    assert format_count(network.macs) in words


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
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
widths = st.integers(LEAST_BAR, MOST_BAR)


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


def test_colour_has_meaning() -> None:
    lines = render(
        [compare("56x56x256", kernel_size=3, out_channels=64).report()], Look(color=True)
    ).splitlines()
    dim, green = "\x1b[2m", "\x1b[32m"
    assert lines[3].startswith(f"{dim}standard")
    assert f"{green}9.00x fewer\x1b[0m" in lines[4]
    wider = compare("8x8x4", "conv 3x3 4", "conv 5x5 4").report()
    assert "\x1b[33m 2.78x more\x1b[0m" in render([wider], Look(color=True))
    rows = render([count("8x8x4", "conv 3x3 4, relu").report()], Look(color=True)).splitlines()
    assert any(row.startswith(f"{dim}relu") for row in rows)


def test_every_style_of_the_theme_is_one_of_the_sixteen_colours() -> None:
    # 30 to 37 without black (30) and white (37): these two vanish on one of the backgrounds.
    allowed = {"1", "2", *map(str, range(31, 37))}
    assert all(set(codes.split(";")) <= allowed for codes in THEME.values())


@pytest.mark.parametrize(
    ("answer", "what", "settings"),
    [
        ("standard: none of the others has fewer MACs", ["standard", "bottleneck"], (4, 64)),
        (
            "pointwise: 9.00x fewer MACs than standard, sees 1x1 where standard sees 3x3, "
            "mixes channels only",
            ["standard", "pointwise"],
            (256, 64),
        ),
        # 9 = 3 x 3: what mixes less costs less, and what does as much comes first all the same.
        (
            "separable: 7.89x fewer MACs than standard, sees as much (3x3), mixes both",
            ["standard", "pointwise", "separable"],
            (256, 64),
        ),
    ],
)
def test_a_comparison_ends_with_its_answer(
    answer: str, what: list[str], settings: tuple[int, int]
) -> None:
    channels, out = settings
    result = compare((56, 56, channels), designs=what, kernel_size=3, out_channels=out)
    assert result.render(width=200).splitlines()[-1] == answer


def test_no_answer_where_nothing_can_stand_in_for_the_baseline() -> None:
    result = compare("56x56x3", "conv 3x3 1", "conv 3x3 64")
    assert result.render().splitlines()[-1] == (
        "outputs differ in shape: these designs cannot stand in for each other"
    )


def test_chinese_text_is_aligned_by_cells() -> None:
    report = Report(
        title="",
        columns=(Column("a", "设计"), Column("b", "n", format_count, align="right")),
        rows=(("标准卷积", 12), ("1x1", 3)),
        total=None,
        caption="",
        notes=(),
        document=dict,
    )
    assert render([report], Look()).splitlines()[1:] == [
        "设计       n",
        "────────────",
        "标准卷积  12",
        "1x1        3",
        "",
    ]


def test_columns_that_belong_together_come_and_go_together() -> None:
    columns = (
        Column("a", "a"),
        Column("before", "before", align="right", rank=1),
        Column("after", "after", align="right", pair=True),
    )
    report = REPORT._replace(columns=columns, rows=(("x", "1" * 10, "2" * 10),))
    for width in range(20, 40):
        head = render([report], Look(width=width)).splitlines()[1].split()
        assert head in (["a"], ["a", "before", "after"])
        assert (head == ["a"]) == (width < 1 + 2 + 10 + 2 + 10)


def test_sentences_that_are_needed_stand_in_the_table_where_they_fit_else_below_it() -> None:
    columns = (Column("tool", "tool"), Column("why", "because", prose=True, needed=True))
    report = REPORT._replace(columns=columns, rows=(("x", "one two three"), ("y", "four")))
    assert render([report], Look(width=40)).splitlines()[1].split() == ["tool", "because"]
    narrow = render([report], Look(width=15)).splitlines()
    assert narrow[1] == "tool"
    assert narrow[3:8] == ["x", "y", "x: one two", "  three", "y: four"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_page_is_wider_than_the_terminal(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (
        ("formula", "separable"),
        ("formula", "bottleneck"),
        ("conventions", "resnet50"),
        ("swap", "mobilenet_v2", "--to", "separable"),
        ("compare", "56x56x256", "-k", "3", "-o", "64"),
        ("designs", "fire"),
    ):
        # What is to be copied stays on its line.
        lines = [line for line in invoke(*command).out.splitlines() if line[:8] != "convcost"]
        longest = max(lines, key=len)
        assert len(longest) <= width, (command, longest)


def test_what_breaks_a_limit_has_a_colour_and_what_holds_another() -> None:
    report = check("lenet5", max={"macs": 1, "params": "1G"}).report()
    shown = render([report], Look(color=True))
    assert f"\x1b[{THEME['error']}mbroken" in shown
    assert f"\x1b[{THEME['fewer']}mholds" in shown
