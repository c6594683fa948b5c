"""Printed figures traced to their convention: ``data/papers.json``, row by row.

What the rows say of a figure that differs from the exact count (``reproduced_by``) must be among
the explanations; the rows' networks are those of ``test_papers.py``.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from test_papers import BLOCKS, PAPERS, PLAIN, ROWS, designs, title

from convcost.api import count, load
from convcost.errors import ConvcostError
from convcost.language.building import Subject
from convcost.language.library import Library
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY
from convcost.quantities import parse_printed
from convcost.studies.reconciling import Reconciled, readings, reconcile
from convcost.studies.steps import macs_steps, params_steps

__all__ = ["designs"]  # the fixture

TRUNCATED, AS_PRINTED = "truncated, not rounded", "as printed"
NO_FC = "without the classifier (convolution layers only)"

MEANING: dict[str, tuple[str, str]] = {
    # How a note begins: the step that it names, and how the digits are read.
    "convolution layers only, FC not counted": (NO_FC, AS_PRINTED),
    "convolution layers only (15,346,630,656), three": (NO_FC, "rounded to 3 significant figures"),
    "printed value is truncated": ("", TRUNCATED),
    "weights only: biases and BN parameters not counted, and truncated": (
        "weights only (no biases, no norms)",
        TRUNCATED,
    ),
    "weights only": ("weights only (no biases, no norms)", AS_PRINTED),
    "twice the mult-adds": ("2 per MAC", "rounded to two significant figures"),
    "rounded to two significant figures": ("", "rounded to two significant figures"),
    "MACs of the 1000-class model": ("with 1000 classes", AS_PRINTED),
    "first layer has 16 channels, not 8 (minimum depth 16), truncated": (
        "with 16 channels in the first layer",
        TRUNCATED,
    ),
    "first layer has 16 channels": ("with 16 channels in the first layer", AS_PRINTED),
    "BN counted as 3 values": (
        "norms with 3 values per channel (shift and running statistics)",
        AS_PRINTED,
    ),
    "(7+7) x 3 x 64": ("(7+7) in place of 7x7 in the first layer", AS_PRINTED),
    "7x7 stem counted as the table does": (
        "(7+7) in place of 7x7 in the first layer",
        AS_PRINTED,
    ),
    "K = 1024": ("", "K = 1024"),
    "one add per shortcut": ("one add per value of a sum (shortcuts)", AS_PRINTED),
}

ELSEWHERE = ("sum of the params column",)
"""Arithmetic on other printed figures."""

EXPLAINED = [
    (row, field, how["how"])
    for row, entry in enumerate(PAPERS)
    for field, how in entry.get("reproduced_by", {}).items()
    if how and row in ROWS and not how["how"].startswith(ELSEWHERE)
]


def subject_of(library: Library, row: int) -> Subject:
    """The network of a row, built as its paper has it."""
    what = ROWS[row]
    if isinstance(what, tuple):
        (made,) = load(*what)
        return made
    switches = WEIGHTS_ONLY if row in BLOCKS else EVERYTHING._replace(norm=row not in PLAIN)
    return load(what, switches=switches, library=library)[0]


def traced(library: Library, row: int, field: str) -> Reconciled:
    printed = parse_printed(PAPERS[row]["published"][field])
    switches = None if row in BLOCKS else EVERYTHING._replace(norm=row not in PLAIN)
    return reconcile(library, subject_of(library, row), printed, field, switches=switches)


@pytest.mark.parametrize(
    ("row", "field", "how"), EXPLAINED, ids=[f"{title(r)}, {f}" for r, f, _ in EXPLAINED]
)
def test_what_explains_a_published_figure_is_named(
    designs: Library, row: int, field: str, how: str
) -> None:
    step, reading = next(meant for start, meant in MEANING.items() if how.startswith(start))
    found = traced(designs, row, field)
    steps = (step,) if step else ()
    assert (steps, reading) in [(one.steps, one.reading) for one in found.matches]


EXACT = [
    (row, field)
    for row, entry in enumerate(PAPERS)
    for field, printed in entry["published"].items()
    if row in ROWS
    and field in ("macs", "params")
    and entry.get("rounds_by_field", {}).get(field, entry["rounds_to_published"])
    and "2x" not in entry["unit_in_paper"]
    and not printed.startswith("~")
]


@pytest.mark.parametrize(("row", "field"), EXACT[::7])
def test_a_figure_that_is_right_needs_no_step(designs: Library, row: int, field: str) -> None:
    found = traced(designs, row, field)
    assert found.matches[0].steps == ()
    assert found.matches[0].is_exact
    assert found.matches[0].value == PAPERS[row]["exact"][field]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("4.12G", 4_115_000_000, 4_125_000_000),
        ("25.6M", 25_550_000, 25_650_000),
        ("3.8x10^9", 3_750_000_000, 3_850_000_000),
        ("~0.22B", 215_000_000, 225_000_000),
        ("4.1e9", 4_050_000_000, 4_150_000_000),
        ("568,740,352", Fraction(568_740_351) + Fraction(1, 2), 568_740_352 + Fraction(1, 2)),
        ("300 M", 299_500_000, 300_500_000),
        ("0.72 GFLOPs", 715_000_000, 725_000_000),
        ("300 MMACs", 299_500_000, 300_500_000),
    ],
)
def test_digits_mean_what_rounds_to_them(text: str, low: Any, high: Any) -> None:
    plain = readings(parse_printed(text))[0]
    assert (plain.low, plain.high) == (low, high)
    assert plain.holds(-(-low // 1))


@pytest.mark.parametrize("text", ["", "many", "4.1.2G", "-3M", "4.12X", "0", "1G2", "9" * 70])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        parse_printed(text)
    assert "figure" in caught.value.message or "is nothing" in caught.value.message


def test_steps_stand_together_where_one_does_not_do(invoke: Run) -> None:
    """YOLO9000 gives VGG-16 30.69 Bn: its convolutions, with 2 operations per MAC."""
    result = invoke("reconcile", "vgg16", "--reported", "30.69B", "--json")
    (one,) = json.loads(result.out)["results"]
    first = one["explanations"][0]
    assert set(first["steps"]) == {NO_FC, "2 per MAC"}
    assert (first["value"], first["exact"]) == (2 * 15_346_630_656, True)


def test_nothing_that_gives_a_figure_is_said_plainly(invoke: Run) -> None:
    result = invoke("reconcile", "vgg16", "--reported", "23.456G")
    assert (result.code, result.err) == (0, "")
    assert "none of these gives 23.456G: the nearest are shown" in result.out
    (one,) = json.loads(invoke("reconcile", "vgg16", "--reported", "23.456G", "--json").out)[
        "results"
    ]
    assert (one["explained"], one["explanations"]) == (False, [])
    assert one["nearest"]
    assert not any(near["exact"] for near in one["nearest"])
    away = [abs(near["value"] - 23_456_000_000) for near in one["nearest"]]
    assert away == sorted(away)
    assert len({near["value"] for near in one["nearest"]}) > 1
    steps = [step for near in one["nearest"] for step in near["steps"]]
    assert not any(step.startswith("at ") for step in steps)  # of another network nothing is near


def test_a_figure_of_few_digits_is_rounded_to_them(invoke: Run) -> None:
    """4,089,184,256 to one digit; the zeros were not counted."""
    result = invoke("reconcile", "resnet50", "--reported", "4000M", "--json")
    (one,) = json.loads(result.out)["results"]
    first = one["explanations"][0]
    assert (first["value"], first["reading"]) == (
        4_089_184_256,
        "rounded to one significant figure",
    )


@pytest.mark.parametrize(
    ("name", "end", "is_in"),
    [
        ("as printed", 4_000_500_000, True),
        ("rounded to one significant figure", 4_500_000_000, True),
        ("truncated, not rounded", 4_001_000_000, False),
    ],
)
def test_the_upper_end_is_rounded_to_a_figure_and_not_truncated_to_it(
    name: str, end: int, is_in: bool
) -> None:
    (reading,) = [one for one in readings(parse_printed("4000M")) if one.name == name]
    assert reading.high == end
    assert (reading.holds(end), reading.holds(end - 1)) == (is_in, True)


def test_another_tools_convention_is_named(invoke: Run) -> None:
    """The 4.12 GMac of many tables: ptflops as it was before it counted functions."""
    result = invoke("reconcile", "resnet50", "--reported", "4.12G", "--json")
    (one,) = json.loads(result.out)["results"]
    first = one["explanations"][0]
    assert (first["tool"], first["value"]) == ("ptflops_modules", 4_121_925_096)
    assert (one["low"], one["high"]) == (4_115_000_000, 4_125_000_000)


def test_the_paper_of_resnet_strides_in_the_1x1(invoke: Run) -> None:
    result = invoke("reconcile", "resnet50", "--reported", "3.86G", "--json")
    (one,) = json.loads(result.out)["results"]
    assert one["explanations"][0]["steps"] == ["stride_in_1x1 = true"]


def test_another_resolution_is_named(invoke: Run) -> None:
    """Four times the work at 448 x 448, but for the classifier: 16.35 G."""
    result = invoke("reconcile", "resnet50", "--reported", "16.35G", "--json")
    (one,) = json.loads(result.out)["results"]
    assert one["explanations"][0] == {
        "steps": ["at 448x448"],
        "value": 4 * (4_089_184_256 - 2_048_000) + 2_048_000,
        "tool": None,
        "reading": "as printed",
        "exact": True,
    }


def test_the_resolution_of_cifar_is_one_of_them(invoke: Run) -> None:
    """A 49th of the work at 32 x 32, but for the classifier (Krizhevsky 2009 has such images)."""
    result = invoke("reconcile", "resnet50", "--reported", "85.46M", "--json")
    (one,) = json.loads(result.out)["results"]
    first = one["explanations"][0]
    macs = (4_089_184_256 - 2_048_000) // 7**2 + 2_048_000
    assert (first["steps"], first["value"]) == (["at 32x32"], macs)


def test_folded_batch_norms_are_put_back(invoke: Run) -> None:
    """Each folded norm leaves one number a channel of its two: 26,560 in ResNet-50."""
    pytest.importorskip("onnx")
    path = Path(__file__).parent / "data" / "onnx" / "resnet50.onnx"
    result = invoke("reconcile", str(path), "--params", "25,557,032", "--json")
    (one,) = json.loads(result.out)["results"]
    assert one["counted"] == 25_557_032 - 26_560
    assert one["explanations"][0]["steps"] == ["batch norms kept, not folded"]
    assert one["explanations"][0]["exact"]


def test_a_figure_is_needed(invoke: Run) -> None:
    result = invoke("reconcile", "resnet50")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: there is no figure to trace\n"
        "  add --reported 4.12G for MACs or FLOPs, or --params 25.6M\n"
    )


def test_a_figure_that_cannot_be_read_is_shown(invoke: Run) -> None:
    result = invoke("reconcile", "resnet50", "--reported", "lots")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: 'lots' is not a printed figure\n"
        "  --reported lots\n"
        "  write it as the paper does: 4.12G, 25.6M, 3.8x10^9 or 568,740,352\n"
    )


BLOCK = "conv 3x3 4 bias=true p1, batch_norm, activation, max_pool 2, flatten, linear 5 bias=true"


def test_steps_of_macs_are_what_the_layers_do() -> None:
    counted = count("8x8x3", BLOCK).counted
    values, biases = 8 * 8 * 4, 8 * 8 * 4 + 5
    norm_relu_pool = 2 * values + values + 4 * 4 * 4 * 4
    assert {step.name: step.change for step in macs_steps(counted)} == {
        "biases": biases,
        "normalisation, 2 per value": 2 * values,
        "normalisation, 1 per value": values,
        "all element operations": biases + norm_relu_pool,
        NO_FC: -64 * 5,
    }


def test_steps_of_params_are_what_is_learned() -> None:
    counted = count("8x8x3", BLOCK).counted
    assert {step.name: step.change for step in params_steps(counted)} == {
        "weights only (no biases, no norms)": -(4 + 5) - 2 * 4,
        "without biases": -(4 + 5),
        "without normalisation": -2 * 4,
        "norms with 3 values per channel (shift and running statistics)": 4,
        "norms with their running statistics": 2 * 4,
        "batch norms folded (a bias in place of each norm)": -4,
        "without the classifier": -(64 * 5 + 5),
    }


def test_what_is_doubled_are_macs_alone() -> None:
    """2 per MAC and one for each bias, as calflops counts a convolution."""
    (subject,) = load("8x8x3", "conv 3x3 4 bias=true p1")
    macs, biases = 8 * 8 * 4 * 27, 8 * 8 * 4
    printed = parse_printed(str(2 * macs + biases))
    found = reconcile(Library(), subject, printed, "macs", tools=[])
    assert [(one.steps, one.value) for one in found.matches] == [
        (("biases", "2 per MAC"), 2 * macs + biases)
    ]


def test_the_figure_may_stand_behind_the_network(invoke: Run) -> None:
    behind = invoke("reconcile", "resnet50", "4.12G")
    assert behind == invoke("reconcile", "resnet50", "--reported", "4.12G")
    assert behind.code == 0
    assert invoke("reconcile", "resnet50", "4.12G", "--reported", "4G").err.startswith(
        "error: 4.12G is not a network, a design or a file\n"
    )
