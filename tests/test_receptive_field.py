"""Receptive fields: published values, and an oracle that follows positions one by one."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st

from convcost.api import count
from convcost.engine.counting import Count
from convcost.engine.receptive_field import ReceptiveField, receptive_fields


def fields(counted: Count) -> dict[str, ReceptiveField]:
    """The receptive field behind each layer's output, by name."""
    found = receptive_fields(counted.graph)[len(counted.graph.inputs) :]
    return {node.name: field for node, field in zip(counted.graph.nodes, found, strict=True)}


def square(size: int, step: int) -> ReceptiveField:
    return ReceptiveField((Fraction(size),) * 2, (Fraction(step),) * 2)


PUBLISHED = [
    ("vgg16", {}, "pool5", 212, 32),
    ("resnet50", {"stride_in_1x1": True}, "layer4.2.spatial", 483, 32),
    ("resnet101", {"stride_in_1x1": True}, "layer4.2.spatial", 1027, 32),
    ("resnet152", {"stride_in_1x1": True}, "layer4.2.spatial", 1507, 32),
    ("mobilenet_v1", {}, "stage5.1.pointwise", 315, 32),
]


@pytest.mark.parametrize(("network", "arguments", "layer", "size", "step"), PUBLISHED)
def test_published_value(
    network: str, arguments: dict[str, bool], layer: str, size: int, step: int
) -> None:
    """Araujo et al. 2019, Computing Receptive Fields of CNNs, table 1."""
    found = fields(count(network, arguments=arguments).counted)
    assert found[layer] == square(size, step)


def test_alexnet() -> None:
    """Araujo et al. 2019, table 1, alexnet_v2: 195, stride 32."""
    counted = count(
        "227x227x3",
        "conv 11x11 64 s4 valid, max_pool 3x3 s2 valid, conv 5x5 192, max_pool 3x3 s2 valid, "
        "conv 3x3 384, conv 3x3 384, conv 3x3 256, max_pool 3x3 s2 valid name=pool5",
    ).counted
    assert fields(counted)["pool5"] == square(195, 32)


def test_vgg_stage_by_stage() -> None:
    found = fields(count("vgg16").counted)
    # Each 3x3 adds 2 steps, each 2x2 pool 1 step and doubles it.
    size, step = 1, 1
    for stage, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        size += convolutions * 2 * step
        last = [name for name in found if name.startswith(f"conv{stage}")][-1]
        assert found[last] == square(size, step)
        size, step = size + step, 2 * step
        assert found[f"pool{stage}"] == square(size, step)


def test_an_adaptive_pool_that_keeps_the_size_widens_nothing() -> None:
    assert fields(count("vgg16").counted)["avgpool"] == square(212, 32)
    halved = fields(count("8x8x4", "adaptive_avg_pool 4, conv 3x3 4").counted)
    assert halved["adaptive_avg_pool"] == square(2, 2)
    assert halved["conv"] == square(2 + 2 * 2, 2)


@given(st.integers(1, 40), st.integers(1, 40))
def test_an_adaptive_pool_sees_its_widest_window(size: int, out: int) -> None:
    """PyTorch's start and end of window i: floor(i * size / out), ceil((i + 1) * size / out)."""
    windows = [range(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]
    found = fields(count(f"{size}x1x2", f"adaptive_avg_pool {out}x1").counted)["adaptive_avg_pool"]
    assert found.size == (max(map(len, windows)), 1)
    assert found.step == (Fraction(size, out), Fraction(1))


class Slide(NamedTuple):
    """A convolution on one axis."""

    kernel: int
    stride: int
    dilation: int


def positions(layers: list[Slide], output: int) -> set[int]:
    """All input positions behind one output, on an axis without ends: followed one by one."""
    seen = {output}
    for layer in reversed(layers):
        seen = {
            at * layer.stride + tap * layer.dilation for at in seen for tap in range(layer.kernel)
        }
    return seen


slides = st.builds(Slide, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3))


@given(st.lists(slides, min_size=1, max_size=4), st.lists(slides, min_size=1, max_size=4))
def test_chains_agree_with_the_oracle(rows: list[Slide], columns: list[Slide]) -> None:
    pairs = list(zip(rows, columns, strict=False))
    text = ", ".join(
        f"conv {a.kernel}x{b.kernel} 2 s{a.stride}x{b.stride} dilation={a.dilation}x{b.dilation}"
        for a, b in pairs
    )
    counted = count("64x64x2", text).counted
    field = receptive_fields(counted.graph)[-1]
    for axis in range(2):
        layers = [pair[axis] for pair in pairs]
        here, next_one = positions(layers, 7), positions(layers, 8)
        assert field.size is not None
        assert field.size[axis] == max(here) - min(here) + 1
        assert field.step[axis] == min(next_one) - min(here)


def test_branches_take_the_largest() -> None:
    found = fields(count("28x28x192", "inception").counted)
    assert found["concat"] == square(5, 1)
    assert found["b1"] == square(1, 1)


def test_everything_is_seen_after_a_global_pool_and_a_flatten() -> None:
    assert fields(count("vgg16").counted)["fc8"].size is None
    found = fields(count("8x8x4", "conv 3x3 4, global_avg_pool, linear 2").counted)
    assert found["conv"] == square(3, 1)
    assert found["global_avg_pool"].size is None
    assert found["linear"].size is None
    assert fields(count("8x8x4", "conv 3x3 4, flatten").counted)["flatten"].size is None


def test_squeeze_and_excitation_sees_everything() -> None:
    assert receptive_fields(count("28x28x64", "mbconv").counted.graph)[-1].size is None


def test_channels_do_not_widen() -> None:
    assert fields(count("8x8x4", "conv 1x1 8, batch_norm, activation").counted)[
        "activation"
    ] == square(1, 1)


def test_enlarging_makes_steps_finer_and_the_size_an_upper_bound() -> None:
    # Two neighbours of the enlarged map may come from one position: 3 of them span at most 2,
    # and 2 of them may come from two positions.
    found = fields(count("8x8x4", "upsample, conv 3x3 4").counted)
    half = Fraction(1, 2)
    assert (found["upsample"].size, found["upsample"].step) == ((1, 1), (half, half))
    assert (found["conv"].size, found["conv"].step) == ((2, 2), (half, half))
    assert found["conv"].is_bound
    assert fields(count("8x8x4", "upsample, conv 2x2 4").counted)["conv"].size == (2, 2)
    twice = fields(count("8x8x4", "max_pool 2x2, conv_transpose 2x2 4 s2").counted)
    assert twice["max_pool"] == square(2, 2)
    assert twice["conv_transpose"].is_bound
    size = twice["conv_transpose"].size
    assert size is not None
    assert all(axis >= 2 for axis in size)


def test_column_of_a_count(invoke: Run) -> None:
    out = invoke("count", "8x8x4", "conv 1x3 4, conv 3x1 4", "--columns", "receptive_field").out
    rows = [line.split() for line in out.splitlines()]
    assert ["conv1", "1x3"] in rows
    assert ["conv2", "3x3"] in rows
