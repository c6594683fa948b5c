"""Shares by kind of layer: what a network's cost is made of."""

from __future__ import annotations

import pytest
from conftest import Run

from convcost.api import count
from convcost.engine.counting import Count
from convcost.language.library import PACKAGE
from convcost.studies.inventory import Share, shares

NETWORKS = sorted(path.stem for path in (PACKAGE / "networks").glob("*.toml"))


def by_kind(counted: Count) -> dict[str, Share]:
    return {share.kind: share for share in shares(counted)}


@pytest.mark.parametrize("name", NETWORKS)
def test_shares_add_up_to_the_total(name: str) -> None:
    counted = count(name).counted
    found = shares(counted)
    assert sum(share.macs for share in found) == counted.macs
    assert sum(share.params for share in found) == counted.params
    assert len({share.kind for share in found}) == len(found)


def test_mobilenet_is_what_its_paper_says() -> None:
    """MobileNets, table 2: 94.86 % of the mult-adds and 74.59 % of the parameters in 1x1."""
    counted = count("mobilenet_v1").counted
    found = by_kind(counted)
    assert round(found["conv 1x1"].macs / counted.macs * 100, 2) == 94.86
    # The paper's parameters are without batch norms.
    weights = counted.params - found["batch_norm"].params - 1000
    assert round(found["conv 1x1"].params / weights * 100, 1) == 74.6
    # 3.06 % in depthwise 3x3, 1.19 % in the first 3x3 (digits swapped: 1.91), 0.18 % in the rest.
    assert round(found["depthwise 3x3"].macs / counted.macs * 100, 2) == 3.06
    assert round(found["conv 3x3"].macs / counted.macs * 100, 2) == 1.91
    assert round(found["linear"].macs / counted.macs * 100, 2) == 0.18


def test_the_most_expensive_kind_comes_first() -> None:
    macs = [share.macs for share in shares(count("resnet50").counted)]
    assert macs == sorted(macs, reverse=True)


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("conv 3x3 8", "conv 3x3"),
        ("conv 1x3 8", "conv 1x3"),
        ("conv 3x3 8 g4", "depthwise 3x3"),
        ("conv 3x3 8 g2", "grouped 3x3"),
        ("linear 8", "linear"),
        ("conv_transpose 2x2 8", "conv_transpose"),
        ("batch_norm", "batch_norm"),
    ],
)
def test_kind_of_a_layer(spec: str, kind: str) -> None:
    (row,) = count("8x8x4", spec).counted.rows
    assert row.family == kind


def test_layers_without_macs_and_parameters_have_no_share() -> None:
    counted = count("8x8x4", "conv 3x3 8, max_pool 2x2, activation, flatten").counted
    assert shares(counted) == [Share("conv 3x3", 1, 3 * 3 * 4 * 8, 8 * 8 * 3 * 3 * 4 * 8)]


def test_lines_below_a_count(invoke: Run) -> None:
    out = invoke("count", "mobilenet_v1").out
    assert (
        "MACs: 94.9 % conv 1x1, 3.1 % depthwise 3x3, 1.9 % conv 3x3, 0.2 % linear\n"
        "params: 74.2 % conv 1x1, 24.2 % linear, 1.1 % depthwise 3x3, 0.5 % batch_norm\n"
    ) in out
