"""``fit``: the widths that papers found, the rules that give them, and what a plateau is.

Facts are in ``data/fit.json``; each case says which paper and which code they are from.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, refusal

FACTS: dict[str, Any] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "data" / "fit.json").read_text())
}


def answer(invoke: Run, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = invoke("fit", *arguments, "--format", "json")
    assert (result.code, result.err) == (code, "")
    document: dict[str, Any] = json.loads(result.out)
    assert document["schema"] == "convcost.fit/1"
    return document


RES2NET = [
    (check["ask"], check["target"], scale, width)
    for check in FACTS["res2net50-equal-cost"]["fit_checks"]
    for scale, width in check["answer"].items()
]


@pytest.mark.parametrize(("ask", "target", "scale", "width"), RES2NET)
def test_res2nets_widths_are_found_again(
    invoke: Run, ask: str, target: int, scale: str, width: int
) -> None:
    goal = {
        "nearest params": ["--near", f"params={target}"],
        "nearest macs": ["--near", f"macs={target}"],
        "largest, macs <= ": ["--max", f"macs={target}"],
    }[ask]
    found = answer(invoke, "res2net50", "--set", f"scale={scale}", "--vary", "width=8..64", *goal)
    assert found["best"]["arguments"] == {"width": width}
    assert found["cheaper"]["arguments"] == {"width": width - 1}
    assert found["dearer"]["arguments"] == {"width": width + 1}
    assert found["candidates"] == 64 - 8 + 1
    assert found["command"] == f"convcost count res2net50 --set scale={scale} --set width={width}"


@pytest.mark.parametrize("point", FACTS["res2net50-equal-cost"]["points"][:6])
def test_a_sweep_has_the_figures_of_res2nets_points(invoke: Run, point: dict[str, Any]) -> None:
    """MACs and parameters of timm, and its neighbours by width."""
    width, scale = point["width"], point["scale"]
    wanted = {**{int(w): m for w, m in point["neighbours_macs"].items()}, width: point["macs"]}
    result = invoke(
        *("sweep", "res2net50", "--set", f"scale={scale}", "--format", "jsonl"),
        *("--vary", f"width={width - 2}..{width + 2}"),
    )
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert {row["width"]: row["macs"] for row in rows} == wanted
    assert [row["params"] for row in rows if row["width"] == width] == [point["params"]]


@pytest.mark.parametrize("check", FACTS["resnext50-equal-block"]["fit_checks"])
@pytest.mark.parametrize("cardinality", [1, 2, 4, 8, 32])
def test_resnexts_widths_are_found_again(
    invoke: Run, check: dict[str, Any], cardinality: int
) -> None:
    """Table 2 of the paper: one block on 256 channels with 256*64 + 3*3*64*64 + 64*256 weights."""
    target = 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    assert check["target"] == target
    option = "--near" if check["ask"].startswith("nearest") else "--max"
    found = answer(
        invoke,
        *("56x56x256", "resnext out_channels=256", "--set", f"cardinality={cardinality}"),
        *("--vary", "width=1..64", option, f"params={target}"),
    )
    assert found["best"]["arguments"] == {"width": check["answer"][str(cardinality)]}


def test_wide_resnets_largest_width_for_each_depth(invoke: Run) -> None:
    facts = FACTS["wide-resnet"]
    most = next(p["params"] for p in facts["points"] if (p["depth"], p["k"]) == (28, 10))
    for depth, rule in facts["by_rule"].items():
        found = answer(
            invoke,
            *("wide_resnet", "--set", f"depth={depth}", "--vary", "k=1..16"),
            *("--max", f"params={most}"),
        )
        assert found["best"]["arguments"] == {"k": rule["largest_k_params_le_28_10"]}


@pytest.mark.parametrize("check", FACTS["mobilenet-v1-grid"]["fit_checks"])
def test_mobilenets_grid_under_a_limit(invoke: Run, check: dict[str, Any]) -> None:
    found = answer(
        invoke,
        *("mobilenet_v1", "--vary", "width=0.25,0.5,0.75,1", "--set"),
        *(f"input={check['resolution']}", "--max", f"macs={check['limit_macs']}"),
    )
    assert found["best"]["arguments"] == {"width": check["largest_width_of_grid"]}


@pytest.mark.parametrize("device", ["GPU", "ARM"])
@pytest.mark.parametrize("ratio", [1, 2, 6, 12])
def test_shufflenets_channel_pairs_are_the_largest_with_equal_macs(
    invoke: Run, device: str, ratio: int
) -> None:
    """Guideline G1, table 1: c2 = ratio * c1 at no more MACs than 128x128 (32x32 on ARM)."""
    facts = FACTS["shufflenet-v2-G1"]
    channels = facts["published"][device]["1"][0]
    found = answer(
        invoke,
        *("56x56", "1x1", "--vary", "in=1..256", "--set", f"out={ratio}*in"),
        *("--max", f"macs={56 * 56 * channels * channels}"),
    )
    assert found["best"]["arguments"] == {"in": facts["published"][device][str(ratio)][0]}


@pytest.mark.parametrize("name", ["0.5x", "1x", "1.5x", "2x"])
def test_shufflenets_widths_are_the_largest_that_print_their_complexity(
    invoke: Run, name: str
) -> None:
    """Table 5 prints 41, 146, 299 and 591 M: the largest even width that still prints it."""
    facts = FACTS["shufflenet-v2-width"]
    point = next(p for p in facts["points"] if p["name"] == name)
    below = point["printed_mflops"] * 10**6 + 499_999
    found = answer(
        invoke,
        *("shufflenet_v2", "--vary", "stage2_channels=24..320:2"),
        *("--set", f"head_channels={point['conv5']}", "--max", f"macs={below}"),
    )
    width = found["best"]["arguments"]["stage2_channels"]
    assert width == facts["by_rule"][name]["largest_prints_at_most"]


def rows_of(invoke: Run, *arguments: str) -> list[dict[str, Any]]:
    result = invoke("sweep", *arguments, "--format", "jsonl")
    assert (result.code, result.err) == (0, "")
    return [json.loads(line) for line in result.out.splitlines()]


SEARCH = {
    "MobileNetV2 MACs over width 0.10..2.00 step 0.01": ("mobilenet_v2", "width=0.1..2:0.01"),
    "MobileNetV2 MACs over resolution 96..256": ("mobilenet_v2", "input=96..256"),
    "RegNetX (d 22, w0 24, wa 24.48) MACs over wm 1.50..3.00 step 0.01": (
        "regnet",
        "w_m=1.5..3:0.01",
    ),
    "RegNetX MACs over w0 8..256 step 8": ("regnet", "w_0=8..256:8"),
}


@pytest.mark.parametrize("what", SEARCH)
def test_cost_has_plateaus_and_falls_in_places(invoke: Run, what: str) -> None:
    fact = next(p for p in FACTS["shape-of-the-search"]["points"] if p["what"] == what)
    subject, axis = SEARCH[what]
    macs = [row["macs"] for row in rows_of(invoke, subject, "--vary", axis)]
    falls = sum(later < earlier for earlier, later in pairwise(macs))
    assert (len(macs), len(set(macs)), falls) == (
        fact["values"],
        fact["distinct"],
        fact["decreases"],
    )


def test_the_answer_names_the_interval_without_a_change(invoke: Run) -> None:
    """Channels are multiples of 8, so several widths are one network."""
    found = answer(
        invoke, "mobilenet_v2", "--vary", "width=0.1..1:0.01", "--max", "macs=mobilenet_v1"
    )
    least, largest = found["same"]["width"]
    assert found["best"]["arguments"]["width"] == least
    rows = {
        row["width"]: row["macs"]
        for row in rows_of(invoke, "mobilenet_v2", "--vary", "width=0.1..1:0.01")
    }
    inside = [macs for width, macs in rows.items() if least <= width <= largest]
    assert set(inside) == {found["best"]["macs"]}
    outside = [macs for width, macs in rows.items() if not least <= width <= largest]
    assert found["best"]["macs"] not in outside


def test_the_neighbour_alone_may_have_the_same_cost(invoke: Run) -> None:
    """Channels are multiples of 8: 0.505 of 96, which are 48.48, are 48, as half of them."""
    found = answer(invoke, "mobilenet_v2", "--vary", "width=0.5,0.505", "--max", "macs=1G")
    assert found["same"] == {"width": [0.5, 0.505]}


def test_nothing_feasible_exits_with_1_and_the_least_infeasible(invoke: Run) -> None:
    found = answer(
        invoke,
        *("56x56x16", "conv", "--set", "kernel=3", "--vary", "out=8..64:8", "--max", "params=100"),
        code=1,
    )
    assert found["best"] is found["cheaper"] is found["dearer"] is found["command"] is None
    assert found["same"] == {}
    assert found["nearest_infeasible"] == {
        "arguments": {"out": 8},
        "params": 3 * 3 * 16 * 8,
        "macs": 56 * 56 * 3 * 3 * 16 * 8,
    }


def test_limits_together_and_the_objective(invoke: Run) -> None:
    """Weights of 3*3*16*out bytes at int8; the peak holds the input and the output."""
    arguments = ("8x8x16", "conv", "--set", "kernel=3", "--vary", "out=1..200", "--dtype", "int8")
    limits = ("--max", f"peak={8 * 8 * (16 + 100)}", "--max", f"weights={3 * 3 * 16 * 150}")
    largest = answer(invoke, *arguments, *limits)
    assert largest["best"]["arguments"] == {"out": 100}
    assert largest["rule"] == "largest weights with peak <= 7,424 and weights <= 21,600"
    assert largest["dearer"]["arguments"] == {"out": 101}
    smallest = answer(invoke, *arguments, *limits, "--minimize", "macs")
    assert smallest["best"]["arguments"] == {"out": 1}
    assert smallest["cheaper"] is None


def test_what_is_next_on_the_better_side_breaks_a_limit(invoke: Run) -> None:
    """1x1 kernels on 40x40 have fewer parameters, and more MACs, than 3x3 kernels on 13x13."""
    found = answer(
        invoke,
        *("conv out=8", "--set", "in=4", "--vary", "kernel=1,3", "--set", "input=40//kernel"),
        *("--max", "macs=50000", "--minimize", "params"),
    )
    assert (40 * 40 * 4 * 8, 13 * 13 * 9 * 4 * 8) == (51_200, 48_672)
    assert found["best"]["arguments"] == {"kernel": 3}
    assert found["cheaper"] == {"arguments": {"kernel": 1}, "params": 4 * 8, "macs": 51_200}
    assert found["dearer"] is None


def test_the_table_says_the_rule_the_distance_and_the_command(invoke: Run) -> None:
    result = invoke("fit", "8x8x4", "conv", "--set", "kernel=1", "--vary", "out=1..9", "--near",
                    "params=18")  # fmt: skip
    assert result.out == (
        "conv: nearest params to 18\n"
        "         out  params   MACs\n"
        "───────────────────────────\n"
        "cheaper    3      12    768\n"
        "best       4      16  1,024\n"
        "dearer     5      20  1,280\n"
        "9 candidates, all of them counted\n"
        "params -2 (-11.11 %) from 18\n"
        "convcost count 8x8x4 'conv kernel_size=1 4'\n"
    )


def test_the_command_counts_the_winner(invoke: Run) -> None:
    import shlex

    for arguments in (
        ("mobilenet_v2", "--vary", "width=0.2..1:0.1", "--vary", "input=48..224:16"),
        ("56x56", "separable 3x3", "--vary", "in=8..64:8", "--set", "out=2*in"),
        ("56x56x64", "--vary", "design=standard,separable", "--set", "kernel=3", "--set", "out=8"),
    ):
        found = answer(invoke, *arguments, "--max", "macs=20M")
        command = shlex.split(found["command"])
        counted = invoke(*command[1:], "--get", "macs,params")
        assert counted.code == 0
        assert counted.out == f"{found['best']['macs']}\t{found['best']['params']}\n"


REFUSED = {
    "nothing says what is best": (
        ["resnet50", "--vary", "input=64..224"],
        (
            "error: nothing says which candidate is best",
            "  --near params=resnet50, or --max macs=300M, or --minimize params",
        ),
    ),
    "nothing varies": (
        ["resnet50", "--near", "params=1M"],
        ("error: nothing varies", "  --vary out=16..512:16"),
    ),
    "a figure that is none": (
        ["resnet50", "--vary", "input=64..224", "--near", "parms=1M"],
        ("error: parms is not a figure", "  --near parms=1M", "  did you mean params?"),
    ),
    "an unknown network": (
        ["resnet50", "--vary", "input=64..224", "--near", "params=resnet51"],
        (
            "error: resnet51 is not a layer type or design",
            "  --near params=resnet51",
            "  did you mean resnet50?",
        ),
    ),
    "two rules": (
        ["resnet50", "--vary", "input=64..99", "--near", "macs=1G", "--minimize", "macs"],
        ("error: --near and --maximize or --minimize: one of them decides",),
    ),
}


@pytest.mark.parametrize("bar", REFUSED)
def test_what_is_no_wish_is_refused(invoke: Run, bar: str) -> None:
    arguments, lines = REFUSED[bar]
    assert invoke("fit", *arguments) == refusal(*lines)
