"""What-if swaps: matching layers are replaced, and nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, refusal

from convcost.api import count
from convcost.engine.memory.liveness import memory
from convcost.errors import ConvcostError
from convcost.language.building import Subject, build_network
from convcost.language.library import PACKAGE, Library
from convcost.sources.text import build_text
from convcost.studies.swapping import KINDS, Swap, swap

CONVOLUTIONS = 'type = "conv"'
NETWORKS = sorted(
    path.stem
    for path in (PACKAGE / "networks").glob("*.toml")
    if CONVOLUTIONS in path.read_text(encoding="utf-8")
)


def network(name: str) -> Subject:
    library = Library()
    return build_network(library, library.find(name))


def swapped(name: str, source: str, target: str, **options: Any) -> Swap:
    return swap(Library(), network(name), source, target, **options)


def chain(text: str, source: str, target: str, **options: Any) -> Swap:
    return swap(Library(), build_text(Library(), text, (56, 56, 16)), source, target, **options)


def test_one_layer_becomes_the_design_with_its_numbers() -> None:
    done = chain("conv 3x3 32 s2, conv 1x1 64", "standard", "separable")
    assert done.before.macs == 28 * 28 * (3 * 3 * 16 * 32 + 32 * 64)
    assert done.after.macs == 28 * 28 * (3 * 3 * 16 + 16 * 32 + 32 * 64)
    assert done.after.params == 3 * 3 * 16 + 16 * 32 + 32 * 64
    assert [row.name for row in done.after.rows] == [
        "conv1.depthwise",
        "conv1.pointwise",
        "conv2",
    ]


def test_standard_mobilenet_becomes_mobilenet() -> None:
    """MobileNets, table 4: 4866 M mult-adds with full convolutions, 569 M as separable ones."""
    text = (PACKAGE / "networks" / "mobilenet_v1.toml").read_text()
    full = text.replace('type = "separable"', 'type = "standard"')
    assert full != text
    library = Library()
    from convcost.language.compiling import compile_design
    from convcost.language.toml import checked_design, parse_toml

    design = compile_design(checked_design(parse_toml(full, "full.toml"), "full.toml"), "full")
    subject = build_network(library, design)
    done = swap(library, subject, "standard", "separable", where="in_channels > 3")
    # The paper's 4866 leaves the classifier out.
    assert (done.before.macs - 1024 * 1000) // 10**6 == 4866
    assert done.after.macs == count("mobilenet_v1").macs
    assert round(done.after.macs / 10**6) == 569
    assert len(done.changes) == 13


def test_resnet50_with_separable_3x3() -> None:
    done = swapped("resnet50", "standard", "separable", where="kernel_size == 3")
    assert len(done.changes) == 3 + 4 + 6 + 3
    first, *others = [change for change in done.changes if change.name.startswith("layer2.")]
    assert macs(first.before) == 28 * 28 * 3 * 3 * 128 * 128
    # Its stride is 2: the depthwise half already works on the small map.
    assert macs(first.after) == 28 * 28 * (3 * 3 * 128 + 128 * 128)
    assert [macs(change.after) for change in others] == [macs(first.after)] * 3


def macs(rows: Any) -> int:
    return sum(row.cost.macs for row in rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_that_do_not_match_keep_their_cost(name: str) -> None:
    before = count(name).counted
    matching = {row.name for row in before.rows if KINDS["standard"](row)}
    done = swapped(name, "standard", "separable")
    assert {change.name for change in done.changes} == matching
    replaced = {row.node.name for change in done.changes for row in change.after}
    kept = {row.name: row.cost for row in done.after.rows if row.name not in replaced}
    assert kept == {row.name: row.cost for row in before.rows if row.name not in matching}


@pytest.mark.parametrize("name", NETWORKS)
def test_output_stride_and_all_shapes_stay(name: str) -> None:
    done = swapped(name, "standard", "separable")
    assert done.after.output == done.before.output
    for change in done.changes:
        assert change.after[-1].node.output == change.before[-1].node.output
        assert change.after[0].inputs == change.before[0].inputs


@pytest.mark.parametrize("name", NETWORKS)
def test_swapping_standard_for_standard_changes_nothing(name: str) -> None:
    done = swapped(name, "standard", "standard")
    assert (done.after.params, done.after.macs) == (done.before.params, done.before.macs)
    assert memory(done.after.graph).peak == memory(done.before.graph).peak


BLOCKS = [
    ("resnet50", "bottleneck", "inverted_residual"),
    ("resnet18", "resnet_basic", "bottleneck"),
    ("shufflenet_v2", "shufflenet_v2_unit", "separable"),
    ("efficientnet_b0", "mbconv", "fused_mbconv"),
    ("mobilenet_v1", "separable", "standard"),
    ("googlenet", "inception", "fire"),
    ("densenet121", "dense_transition", "separable"),
]


@pytest.mark.parametrize(("name", "source", "target"), BLOCKS)
def test_whole_blocks_keep_shapes_and_everything_around_them(
    name: str, source: str, target: str
) -> None:
    done = swapped(name, source, target)
    blocks = [prefix for prefix, design in done.before.graph.scopes.items() if design == source]
    assert [change.name for change in done.changes] == blocks
    assert done.after.output == done.before.output
    for change in done.changes:
        assert change.after[-1].node.output == change.before[-1].node.output
    outside = macs(done.before.rows) - sum(macs(change.before) for change in done.changes)
    assert macs(done.after.rows) - sum(macs(change.after) for change in done.changes) == outside


def test_a_block_with_a_strided_shortcut_steps_once() -> None:
    # Both branches of layer2.0 have stride 2: together they do not make 4.
    done = swapped("resnet50", "bottleneck", "standard", where="stride == 2")
    assert [change.name for change in done.changes] == ["layer2.0", "layer3.0", "layer4.0"]
    assert macs(done.changes[0].after) == 28 * 28 * 3 * 3 * 256 * 512


def test_biases_stay_where_they_were() -> None:
    done = chain("conv 3x3 32 bias=true", "standard", "standard")
    assert done.after.params == done.before.params == 3 * 3 * 16 * 32 + 32


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("conv", ["full", "point", "deep", "some"]),
        ("standard", ["full"]),
        ("pointwise", ["point"]),
        ("depthwise", ["deep"]),
        ("grouped", ["some"]),
        ("linear", ["dense"]),
    ],
)
def test_what_each_kind_matches(source: str, names: list[str]) -> None:
    counted = count(
        "8x8x16",
        "conv 3x3 32 name=full, conv 1x1 16 name=point, conv 3x3 16 g16 name=deep, "
        "conv 3x3 16 g4 name=some, linear 4 name=dense",
    ).counted
    assert [row.name for row in counted.rows if KINDS[source](row)] == names


@pytest.mark.parametrize(
    ("where", "layers"),
    [
        ("kernel_size == 7", 1),
        ("stride == 2", 1 + 3),
        ("in_channels == out_channels and in_channels >= 512", 3),
        ("height == 28 and width == 28", 3 + 1),
        ("params > 3 * 3 * 256 * 256", 3),
        ("macs == 56*56 * 3*3 * 64*64", 3 + 13),
        ("groups == 1 and dilation == 1", 17),
    ],
)
def test_where_knows_the_fields_of_a_layer(where: str, layers: int) -> None:
    # In ResNet-50 each 3x3 with its input costs the same, 56 * 56 * 3 * 3 * 64 * 64.
    assert len(swapped("resnet50", "standard", "separable", where=where).changes) == layers


def test_arguments_go_to_the_new_design() -> None:
    done = chain("conv 3x3 32", "standard", "low_rank", arguments={"rank": 5})
    assert done.after.params == 3 * 3 * 16 * 5 + 5 * 32


SWAP = ("swap", "resnet50", "--from", "standard")


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["--to", "separable", "--where", "kernel == 3"],
            [
                "error: kernel is not known here",
                "  --where",
                "  kernel == 3",
                "  ^^^^^^",
                "  did you mean kernel_size?",
            ],
        ),
        (
            ["--to", "separable", "--where", "kernel_size = 3"],
            [
                "error: 'kernel_size = 3' is not an expression",
                "  --where",
                "  kernel_size = 3",
                "              ^",
            ],
        ),
        (
            ["--to", "separable", "--where", "__import__('os')"],
            [
                "error: __import__ is not a function here",
                "  --where",
                "  __import__('os')",
                "  ^^^^^^^^^^^^^^^^",
                "  known: ceil, floor, round_to, min, max",
            ],
        ),
        (
            ["--to", "separable", "--where", "kernel_size == 9"],
            [
                "error: resnet50 has no standard for which kernel_size == 9",
                "  it has conv, standard, pointwise, linear or bottleneck",
            ],
        ),
        (
            ["--to", "depthwise"],
            [
                "error: depthwise in place of conv1 gives 112x112x3, not 112x112x64",
                "  choose layers with --where, or another design",
            ],
        ),
        (["--to", "conv"], ["error: conv is a layer type, not a design"]),
        (
            ["--to", "low_rank", "--set", "rnk=3"],
            [
                "error: low_rank cannot stand in for conv1: low_rank has no parameter rnk",
                "  did you mean rank?",
            ],
        ),
    ],
)
def test_errors_are_whole(invoke: Run, words: list[str], lines: list[str]) -> None:
    assert invoke(*SWAP, *words) == refusal(*lines)


def test_nothing_to_replace_is_an_error() -> None:
    with pytest.raises(ConvcostError) as raised:
        swapped("vgg16", "depthwise", "standard")
    assert str(raised.value) == "vgg16 has no depthwise\n  it has conv, standard or linear"


def test_table_and_its_notes(invoke: Run) -> None:
    out = invoke("swap", "56x56x16", "conv 3x3 32 s2, conv 1x1 64").out
    before, after = 28 * 28 * (3 * 3 * 16 * 32 + 32 * 64), 28 * 28 * (3 * 3 * 16 + 512 + 2048)
    lines = out.splitlines()
    assert lines[0].endswith(": standard -> separable, 1 replaced")
    (total,) = [line for line in lines if line.startswith("whole network")]
    assert f"{before:,}" in total
    assert f"{after:,}" in total
    assert max(map(len, lines)) <= 80


def test_document_and_single_values(invoke: Run) -> None:
    document = json.loads(invoke(*SWAP, "--to", "separable", "-f", "json").out)
    done = swapped("resnet50", "standard", "separable")
    assert document["schema"] == "convcost.swap/1"
    assert (document["from"], document["to"]) == ("standard", "separable")
    assert document["before"]["macs"] == done.before.macs
    assert document["after"]["macs"] == done.after.macs
    assert document["macs_ratio"] == pytest.approx(done.after.macs / done.before.macs)
    assert [change["layer"] for change in document["changes"]] == [c.name for c in done.changes]
    assert invoke(*SWAP, "--to", "separable", "--get", "after.macs").out == f"{done.after.macs}\n"


def test_own_networks_and_own_designs(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(
        'kind = "network"\ninput = "8x8x4"\n'
        '[[layers]]\ntype = "conv"\nkernel_size = 3\nout_channels = 6\n'
    )
    (tmp_path / "flat.toml").write_text(
        "parameters = { kernel_size = 3, out_channels = {} }\n"
        '[[layers]]\ntype = "conv"\nkernel_size = [1, "kernel_size"]\n'
        'out_channels = "out_channels"\n'
    )
    result = invoke("swap", "net.toml", "--to", "./flat.toml", "--get", "after.params")
    assert result == (0, f"{1 * 3 * 4 * 6}\n", "")
