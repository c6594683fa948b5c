"""Rows as other tools see them: layers that a file spells in several operations are one layer, and
each quantity that a rule may name is that of the layer.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from onnx_models import lone, model, node, numbers, read, save, trained, value

from convcost import count
from convcost.api import count_subject
from convcost.engine.counting import Count
from convcost.language.building import build_network
from convcost.language.library import Library
from convcost.sources.onnx.file import read_onnx
from convcost.studies.events import QUANTITIES, Event, events, spelling
from convcost.studies.steps import STEPS, variants


def found(
    tmp_path: Path, nodes: Any, weights: Any = (), dims: Any = (1, 4, 8, 8), **more: Any
) -> list[Event]:
    return list(events(read(model(nodes, weights, dims, **more), tmp_path).counted))


def kinds(tmp_path: Path, nodes: Any, weights: Any = (), dims: Any = (1, 4, 8, 8)) -> list[str]:
    return [event.kind for event in found(tmp_path, nodes, weights, dims)]


# Spelt in several operations


def test_a_value_times_its_sigmoid_is_a_silu(tmp_path: Path) -> None:
    silu = [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")]
    assert kinds(tmp_path, silu) == ["silu", "mul"]
    gate = [node("Neg", "x", "n"), node("Sigmoid", "x", "s"), node("Mul", "n s", "y")]
    assert kinds(tmp_path, gate)[1] == "sigmoid"
    assert kinds(tmp_path, [node("Sigmoid", "x", "y")]) == ["sigmoid"]
    hard = [node("HardSigmoid", "x", "s"), node("Mul", "s x", "y")]
    assert kinds(tmp_path, hard) == ["hard_swish", "mul"]


def test_a_clip_is_a_relu6_unless_a_number_was_added_before(tmp_path: Path) -> None:
    bounds = [lone("low", 0), lone("high", 6)]
    assert kinds(tmp_path, [node("Clip", "x low high", "y")], bounds) == ["relu6"]
    shifted = [node("Add", "x three", "t"), node("Clip", "t low high", "y")]
    assert kinds(tmp_path, shifted, [*bounds, lone("three", 3)])[-1] == "hard_sigmoid"
    summed = [node("Neg", "x", "n"), node("Add", "x n", "t"), node("Clip", "t low high", "y")]
    assert kinds(tmp_path, summed, bounds)[-1] == "relu6"


def test_an_error_function_is_a_gelu(tmp_path: Path) -> None:
    assert kinds(tmp_path, [node("Erf", "x", "y")]) == ["gelu"]


def test_a_mean_over_the_map_that_keeps_its_axes_is_a_global_pool(tmp_path: Path) -> None:
    both, one_axis = [numbers("axes", 2, 3)], [numbers("axes", 3)]
    mean = [node("ReduceMean", "x axes", "y")]
    assert kinds(tmp_path, mean, both) == ["global_avg_pool"]
    assert kinds(tmp_path, mean, one_axis) == ["mean"]
    dropped = [node("ReduceMean", "x axes", "y", keepdims=0)]
    assert kinds(tmp_path, dropped, both) == ["mean"]


def test_enlarging_by_copies_or_by_blending(tmp_path: Path) -> None:
    for mode, kind in (("nearest", "upsample_nearest"), ("linear", "upsample_bilinear")):
        made = [node("Resize", "x - s", "y", mode=mode)]
        scales = [trained("s", 4)]
        scales[0].float_data[:] = [1, 1, 2, 2]
        # Another part of a layer that is spelt in several operations makes the file looked at.
        made += [node("Erf", "y", "z")]
        assert kinds(tmp_path, made, scales)[0] == kind


def test_a_pool_of_one_position_is_what_is_left_of_an_adaptive_one(tmp_path: Path) -> None:
    for size, kind in ((1, "adaptive_avg_pool"), (2, "avg_pool")):
        made = [node("AveragePool", "x", "y", kernel_shape=[size, size])]
        assert kinds(tmp_path, made) == [kind]


# A bias in a row of its own


def linear(tmp_path: Path, *after: Any, weights: Any = ()) -> list[Event]:
    nodes = [node("MatMul", "x w", "m"), *after]
    return found(tmp_path, nodes, [trained("w", 4, 6), *weights], (3, 4))


def test_a_learned_sum_behind_a_matrix_is_its_bias(tmp_path: Path) -> None:
    first, _ = linear(tmp_path, node("Add", "m b", "y"), weights=[trained("b", 6)])
    assert (first.kind, first.more_bias, first.bias) == ("linear", 3 * 6, 3 * 6)
    assert first.batch == 3
    assert QUANTITIES["params"](first) == 4 * 6 + 6


def test_any_other_operation_behind_a_matrix_is_none(tmp_path: Path) -> None:
    scaled, _ = linear(tmp_path, node("Mul", "m b", "y"), weights=[trained("b", 6)])
    table, _ = linear(tmp_path, node("Add", "m b", "y"), weights=[trained("b", 3, 6)])
    twice = linear(
        tmp_path, node("Add", "m b", "t"), node("Mul", "m t", "y"), weights=[trained("b", 6)]
    )
    for first in (scaled, table, twice[0]):
        assert (first.more_bias, first.bias) == (0, 0)
        assert QUANTITIES["params"](first) == 4 * 6


# Quantities


def event(line: str, shape: str = "8x6x4", batch: int = 1) -> Event:
    result = count(shape, line, batch=batch)
    return events(result.counted)[0]


def test_quantities_of_a_convolution() -> None:
    made = event("conv 3x2 6 g2 bias", batch=5)
    positions = 8 * 6
    assert {name: of(made) for name, of in QUANTITIES.items()} == {
        "macs": 5 * positions * 6 * 3 * 2 * 2,
        "bias": 5 * positions * 6,
        "input": 5 * 8 * 6 * 4,
        "output": 5 * positions * 6,
        "channels": 6,
        "batch": 5,
        "params": 6 * 3 * 2 * 2 + 6,
        "positions": positions,
        "fan_in": 3 * 2 * 2,
        "fan_out": 6 // 2 * 3 * 2,
        "window": 3 * 2,
    }


def test_quantities_of_layers_without_groups_or_windows() -> None:
    made = event("linear 10 bias", "4")
    assert QUANTITIES["fan_in"](made) == 4
    assert QUANTITIES["fan_out"](made) == 10
    assert QUANTITIES["window"](made) == 1
    assert QUANTITIES["bias"](made) == 10
    assert QUANTITIES["bias"](event("max_pool 2")) == 0
    assert QUANTITIES["params"](event("batch_norm")) == 2 * 4


def test_an_instance_norm_runs_with_its_batch_in_the_channels() -> None:
    made = event("instance_norm", batch=5)
    assert QUANTITIES["input"](made) == 5 * 8 * 6 * 4
    wide = made._replace(row=made.row._replace(inputs=((8, 6, 5 * 4),)))
    assert QUANTITIES["input"](wide) == 5 * 8 * 6 * 4


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LogSoftmax", "log_softmax"),
        ("RESIZE_BILINEAR", spelling("resize_bilinear")),
        ("com.x::QConv", "com.x::QConv"),
        ("relu", "relu"),
    ],
)
def test_names_of_other_formats_in_small_letters(name: str, kind: str) -> None:
    assert spelling(name) == kind


# Traits


def traits(line: str, shape: str = "8x6x4") -> tuple[str, ...]:
    return event(line, shape).traits


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("conv 3x3 6 same", ("same",)),
        ("conv 1x1 6 same", ("pointwise",)),
        ("conv 2x2 6 same", ("word",)),
        ("conv 3x2 6 same", ("word",)),
        ("conv 3x3 6 p1", ()),
        ("conv 3x3 6 same s2", ()),
        ("conv_transpose 3x3 6 g2", ("grouped",)),
        ("conv_transpose 3x3 6", ()),
        ("batch_norm", ()),
        ("max_pool 2", ()),
        ("upsample 2", ("2d",)),
        ("global_avg_pool", ("2d",)),
    ],
)
def test_what_is_looked_up_behind_the_kind(line: str, expected: tuple[str, ...]) -> None:
    assert traits(line) == expected


def test_axes_are_counted_without_the_channels() -> None:
    assert traits("global_avg_pool", "8x4") == ("1d",)
    assert traits("global_avg_pool", "8x7x6x4") == ("3d",)


# Steps to another figure


def named(counted: Count, figure: str, change: int) -> list[str]:
    return [step.name for step in STEPS[figure](counted, False) if step.change == change]


def test_each_change_stands_once_and_changes_something() -> None:
    counted = count(
        "32x32x3", "conv 3x3 8, batch_norm, relu, conv 3x3 16 bias, flatten, linear 10"
    ).counted
    for figure in STEPS:
        changes = [step.change for step in STEPS[figure](counted, False)]
        assert len(set(changes)) == len(changes)
        assert 0 not in changes


def test_a_network_without_the_layers_behind_its_last_convolution() -> None:
    counted = count("8x8x3", "conv 3x3 8, flatten, linear 10").counted
    assert named(counted, "macs", -8 * 8 * 8 * 10)
    assert named(counted, "params", -8 * 8 * 8 * 10)


# The network built otherwise


def test_a_subject_that_is_not_its_design_is_not_built_otherwise() -> None:
    library = Library()
    own = build_network(library, library.find("alexnet"))
    other = build_network(library, library.find("lenet5"))
    assert len(list(variants(library, own, None))) > 1
    changed = own._replace(graph=other.graph)
    assert [variant.name for variant in variants(library, changed, None)] == [""]


def test_a_primitive_or_an_unknown_design_is_not_built_otherwise() -> None:
    library = Library()
    own = build_network(library, library.find("alexnet"))
    for design in (None, "conv", "nowhere"):
        changed = own._replace(design=design)
        assert [variant.name for variant in variants(library, changed, None)] == [""]


def test_another_resolution_keeps_the_parameters_and_the_own_one_is_left_out() -> None:
    library = Library()
    own = build_network(library, library.find("mobilenet_v2"))
    made = {variant.name: variant.counted for variant in variants(library, own, None)}
    assert "at 224x224" not in made
    for side in (96, 128, 160, 192, 256):
        assert made[f"at {side}x{side}"].params == made[""].params
        assert made[f"at {side}x{side}"].input == (side, side, 3)


PUBLISHED = [
    *(32, 64, 96, 112, 128, 160, 192, 224, 227, 240, 256, 260, 280, 288, 299, 300, 320, 331),
    *(352, 380, 384, 416, 448, 456, 480, 512, 528, 600, 608, 640),
]
"""Sides of images for which papers and model cards print figures."""


@pytest.mark.parametrize("side", PUBLISHED)
def test_figures_are_printed_for_many_sides(side: int) -> None:
    library = Library()
    own = build_network(library, library.find("mobilenet_v2"), input=(100, 100, 3))
    assert f"at {side}x{side}" in {variant.name for variant in variants(library, own, None)}


def test_figures_are_printed_for_other_widths_classes_and_first_layers() -> None:
    """A guess is as far-fetched as it is rare: an own number of classes more than ImageNet's."""
    library = Library()
    own = build_network(library, library.find("mobilenet_v2"))
    made = {variant.name: variant.cost for variant in variants(library, own, None)}
    widths = ("0.25", "0.35", "0.5", "0.75", "1.25", "1.3", "1.4", "1.5", "2")
    assert {name for name in made if name.startswith("width")} == {f"width = {w}" for w in widths}
    assert made["width = 0.5"] == Fraction(3, 2)
    classes = {name: cost for name, cost in made.items() if "class" in name}
    assert classes == {
        "without a classifier": 1,
        **{f"with {number} classes": 2 for number in (10, 100, 1001, 21841)},
    }
    assert made["at 192x192"] == Fraction(3, 2)


def test_a_file_is_no_design(tmp_path: Path) -> None:
    path = save(model([node("Relu", "x", "y")]), tmp_path)
    subject = read_onnx(path)
    assert count_subject(subject).macs == 0
    assert [variant.name for variant in variants(Library(), subject, None)] == [""]


def test_an_input_that_nobody_reads_has_no_event(tmp_path: Path) -> None:
    made = found(tmp_path, [node("Relu", "x", "y")], inputs=[value("z", (1, 4))])
    assert [event.kind for event in made] == ["relu"]
