"""Widths that papers chose, found again by counting every candidate of the shipped networks.

The published choices, and the counts beside them, stand in the papers named; the widths of RegNet
along a line were counted by a script of its own on the authors' rule. Nothing here is a search:
cost is not monotone, so every candidate is counted.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from convcost.api import count
from convcost.errors import ConvcostError

RESNET50 = 25_557_032
"""Parameters of torchvision's ResNet-50."""


def params(name: str, **given: Any) -> int:
    made: int = count(name, **given).params
    return made


def macs(name: str, **given: Any) -> int:
    made: int = count(name, **given).macs
    return made


@pytest.mark.parametrize(("scale", "width"), [(2, 48), (4, 26), (8, 14)])
def test_res2net_took_the_width_nearest_in_parameters_to_resnet50(scale: int, width: int) -> None:
    # Gao et al. 2019, table 3: 48w x 2s, 26w x 4s, 14w x 8s at the cost of ResNet-50.
    made = {w: params("res2net50", scale=scale, width=w) for w in range(8, 65)}
    assert min(made, key=lambda w: abs(made[w] - RESNET50)) == width


@pytest.mark.parametrize(
    ("cardinality", "width"), [(1, 64), (2, 40), (4, 24), (8, 14), (32, 4), (64, 2)]
)
def test_resnext_took_the_width_nearest_to_a_bottleneck(cardinality: int, width: int) -> None:
    # Xie et al. 2016, table 2: about 70 k parameters for each cardinality; 64 is not in the table.
    bottleneck = 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256

    def weights(d: int) -> int:
        return params("resnext", input="56x56x256", cardinality=cardinality, width=d)

    made = {d: weights(d) for d in range(1, 65)}
    assert min(made, key=lambda d: abs(made[d] - bottleneck)) == width


@pytest.mark.parametrize(("cardinality", "width"), [(1, 64), (2, 40), (4, 24), (8, 14)])
def test_a_resnext_is_called_by_its_cardinality_or_its_groups(cardinality: int, width: int) -> None:
    by_paper = macs("resnext50", cardinality=cardinality, width=width)
    assert by_paper == macs("resnext50", groups=cardinality, base_width=width)


def test_wide_resnet_28_10_is_the_widest_of_its_size_at_its_depth() -> None:
    # Zagoruyko & Komodakis 2016, table 4: 36.5 M parameters.
    limit = params("wide_resnet", depth=28, k=10)
    widest = {
        depth: max(k for k in range(1, 16) if params("wide_resnet", depth=depth, k=k) <= limit)
        for depth in (16, 22, 28, 34, 40)
    }
    assert widest == {16: 14, 22: 11, 28: 10, 34: 8, 40: 8}


def test_regnet_does_not_grow_evenly_with_its_rule() -> None:
    # Plateaus, and steps down: widths are rounded to 8 and to whole groups of 16.
    steps = [macs("regnet", w_m=Fraction(hundredths, 100)) for hundredths in range(150, 301)]
    assert len(set(steps)) == 104
    assert sum(after < before for before, after in pairwise(steps)) == 17
    starts = [macs("regnet", w_0=w) for w in range(8, 257, 8)]
    assert len(set(starts)) == 31
    assert sum(after < before for before, after in pairwise(starts)) == 2


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("res2net50", {"scale": 9}, "res2net_block: scale goes from 1 to 8"),
        ("res2net50", {"scale": 0}, "res2net_block: scale goes from 1 to 8"),
        ("regnet", {"w_m": Fraction(11, 10)}, "regnet: these give more than ten stages"),
        ("regnet", {"rounding": "odd"}, "regnet: rounding is even or torchvision"),
        ("regnet", {"w_m": 1}, "regnet: w_a is above 0 and w_m above 1"),
        (
            "resnext50",
            {"groups": 8, "cardinality": 4},
            "resnext50: groups is the cardinality: give one of the two",
        ),
        (
            "resnext50",
            {"base_width": 8, "width": 16},
            "resnext50: base_width is the width: give one of the two",
        ),
    ],
)
def test_what_a_network_cannot_be_is_refused(name: str, given: Any, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        macs(name, **given)
    assert caught.value.message == message
