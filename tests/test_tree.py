"""Trees of layers: groups are the sums of what is below them, at every depth."""

from __future__ import annotations

import pytest

from convcost.api import count
from convcost.engine.cost import FREE, Cost
from convcost.engine.counting import Count
from convcost.language.library import PACKAGE
from convcost.reports.tree import Branch, branches

NETWORKS = sorted(path.stem for path in (PACKAGE / "networks").glob("*.toml"))


def tree(counted: Count, depth: int | None) -> list[Branch]:
    return branches(counted.rows, counted.graph.scopes, depth)


def total(lines: list[Branch]) -> Cost:
    """The sum of lines that are not opened further."""
    result = FREE
    for line in lines:
        if line.cost is not None and not line.is_open:
            result += line.cost
    return result


@pytest.mark.parametrize("depth", [0, 1, 2, 3, None])
@pytest.mark.parametrize("name", NETWORKS)
def test_folded_lines_add_up_to_the_total(name: str, depth: int | None) -> None:
    counted = count(name).counted
    lines = tree(counted, depth)
    assert total(lines) == counted.total
    assert sum(line.layers for line in lines if not line.is_open) == len(counted.rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_open_group_is_the_sum_of_its_lines(name: str) -> None:
    lines = tree(count(name).counted, None)
    for at, group in enumerate(lines):
        if not group.is_open:
            continue
        inside = []
        level = len(group.shown) - len(group.shown.lstrip())
        for line in lines[at + 1 :]:
            if len(line.shown) - len(line.shown.lstrip()) <= level:
                break
            inside.append(line)
        assert total(inside) == group.cost
        assert all(line.name.startswith(f"{group.name}.") for line in inside)


@pytest.mark.parametrize("name", NETWORKS)
def test_opened_to_the_end_every_layer_has_one_line(name: str) -> None:
    counted = count(name).counted
    rows = [line.row for line in tree(counted, None) if line.row is not None]
    assert rows == list(counted.rows)


def test_depth_0_shows_the_stages_of_resnet50() -> None:
    lines = tree(count("resnet50").counted, 0)
    assert [(line.shown, line.type) for line in lines] == [
        ("conv1", "conv"),
        ("conv1.norm", "batch_norm"),
        ("conv1.relu", "activation"),
        ("maxpool", "max_pool"),
        ("layer1", "3 x bottleneck"),
        ("layer2", "4 x bottleneck"),
        ("layer3", "6 x bottleneck"),
        ("layer4", "3 x bottleneck"),
        ("avgpool", "global_avg_pool"),
        ("fc", "linear"),
    ]


def test_a_group_shows_the_output_of_its_last_layer() -> None:
    lines = {line.name: line for line in tree(count("resnet50").counted, 1)}
    assert lines["layer2"].last.node.output == (28, 28, 512)
    assert lines["layer2.0"].last.node.output == (28, 28, 512)


def test_copies_of_a_single_layer_are_a_group() -> None:
    counted = count("8x8x4", "conv 3x3 4 x3").counted
    (group, *copies) = tree(counted, None)
    assert (group.name, group.layers, group.is_open) == ("conv", 3, True)
    assert [line.shown for line in copies] == ["  0", "  1", "  2"]
    assert group.cost is not None and group.cost.params == 3 * (3 * 3 * 4 * 4)


def test_a_chain_without_groups_is_flat() -> None:
    counted = count("8x8x4", "conv 3x3 4, conv 1x1 8").counted
    assert [line.shown for line in tree(counted, None)] == ["conv1", "conv2"]
