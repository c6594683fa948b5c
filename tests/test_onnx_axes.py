"""What the weights of an ONNX graph tell of its inputs: which axis holds channels, and what sizes
they ask for; and the settings of windows that are no settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import helper
from onnx_models import (
    INT8,
    figures,
    lone,
    microsoft,
    model,
    node,
    numbers,
    one,
    read,
    refused,
    rows,
    trained,
    value,
    weight,
)

from convcost.sources.onnx.axes import channel_axis, reached_inputs, wanted_sizes
from convcost.sources.onnx.settings import (
    conv_settings,
    einsum_macs,
    pads_of,
    pool_settings,
    sizes_of,
)


def wanted(made: Any, weights: Any, rank: int) -> dict[int, int]:
    nodes = made if isinstance(made, list) else [made]
    return wanted_sizes(model(nodes, weights, (None,) * rank).graph, "x", rank)


# Sizes that weights ask for


def test_a_kernel_asks_for_its_channels() -> None:
    assert wanted(node("Conv", "x w", "y"), [trained("w", 6, 4, 3, 3)], 4) == {1: 4}
    assert wanted(node("Conv", "x w", "y", group=2), [trained("w", 6, 4, 3)], 3) == {1: 4 * 2}
    assert wanted(microsoft("FusedConv", "x w", "y"), [trained("w", 6, 4, 3)], 3) == {1: 4}
    assert wanted(node("Conv", "x w", "y"), [trained("w", 6, 4, 3)], 1) == {}
    assert wanted(node("Conv", "x w", "y"), [trained("w", 6)], 3) == {}


def test_a_matrix_asks_for_its_rows() -> None:
    assert wanted(node("MatMul", "x w", "y"), [trained("w", 4, 6)], 3) == {2: 4}
    assert wanted(node("MatMul", "x w", "y"), [trained("w", 5, 4, 6)], 3) == {2: 4}
    assert wanted(node("MatMul", "x w", "y"), [trained("w", 4)], 3) == {}
    assert wanted(node("Gemm", "x w", "y"), [trained("w", 4, 6)], 2) == {1: 4}
    assert wanted(node("Gemm", "x w", "y", transB=1), [trained("w", 4, 6)], 2) == {1: 6}
    assert wanted(node("Gemm", "x w", "y"), [trained("w", 4)], 2) == {}


def test_a_recurrent_layer_asks_for_its_features() -> None:
    held = [trained("w", 1, 12, 5), trained("r", 1, 12, 3)]
    for kind in ("LSTM", "GRU", "RNN"):
        assert wanted(node(kind, "x w r", "y"), held, 3) == {2: 5}
    turned = [weight("w", 1, 5, 12, kind=INT8)]
    assert wanted(microsoft("DynamicQuantizeLSTM", "x w", "y"), turned, 3) == {2: 5}


def test_a_norm_asks_for_its_channels() -> None:
    held = [trained(name, 4) for name in "sbmv"]
    assert wanted(node("BatchNormalization", "x s b m v", "y"), held, 4) == {1: 4}
    assert wanted(node("BatchNormalization", "x s b m v", "y"), held, 1) == {}


def test_a_sum_asks_for_what_does_not_stretch() -> None:
    for kind in ("Add", "Sub", "Mul", "Div", "LayerNormalization"):
        assert wanted(node(kind, "x w", "y"), [trained("w", 3, 1, 5)], 4) == {1: 3, 3: 5}
    assert wanted(node("Add", "x w", "y"), [trained("w", 3, 2, 5)], 2) == {0: 2, 1: 5}
    assert wanted(node("Add", "x w", "y"), [lone("w", 3)], 2) == {}
    assert wanted(node("Pow", "x w", "y"), [trained("w", 5)], 2) == {}
    assert wanted(node("Add", "x w", "y"), [trained("w", 5)], 0) == {}


def test_a_weight_may_be_a_constant() -> None:
    nodes = [node("Constant", "", "w", value=trained("w", 4, 6)), node("MatMul", "x w", "y")]
    assert wanted(nodes, (), 2) == {1: 4}


def test_axes_are_followed_through_what_turns_and_adds_them() -> None:
    held = [trained("w", 6, 4, 3, 3)]
    turn = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "y")]
    assert wanted(turn, held, 4) == {3: 4}
    back = [node("Transpose", "x", "t"), node("MatMul", "t m", "y")]
    assert wanted(back, [trained("m", 4, 6)], 2) == {0: 4}
    added = [node("Unsqueeze", "x axes", "t"), node("Conv", "t w", "y")]
    assert wanted(added, [*held, numbers("axes", 0)], 3) == {0: 4}
    assert wanted(added, [*held, numbers("axes", 1)], 3) == {}
    assert wanted(added, [*held, numbers("axes", -1)], 3) == {1: 4}
    old = [node("Unsqueeze", "x", "t", axes=[0]), node("Conv", "t w", "y")]
    assert wanted(old, held, 3) == {0: 4}
    nowhere = [node("Unsqueeze", "x where", "t"), node("Conv", "t w", "y")]
    assert wanted(nowhere, held, 3) == {}
    broken = [node("Transpose", "x", "t", perm=[0, 0, 1, 2]), node("Conv", "t w", "y")]
    assert wanted(broken, held, 4) == {}


def test_the_first_that_asks_is_heard() -> None:
    nodes = [node("Add", "x a", "t"), node("MatMul", "t b", "y")]
    assert wanted(nodes, [trained("a", 5), trained("b", 4, 6)], 2) == {1: 5}


# Where channels stand


def axis(made: Any, rank: int) -> int | None:
    nodes = made if isinstance(made, list) else [made]
    return channel_axis(model(nodes, (), (None,) * rank).graph, "x", rank)


def test_what_mixes_channels_first_says_where_they_are() -> None:
    assert axis(node("Conv", "x w", "y"), 4) == 1
    assert axis(microsoft("FusedConv", "x w", "y"), 4) == 1
    assert axis(node("Conv", "x w", "y"), 1) is None
    assert axis(node("MatMul", "x w", "y"), 3) == 2
    assert axis(microsoft("NhwcMaxPool", "x", "y"), 4) == 3
    assert axis(node("Sqrt", "x", "y"), 4) is None
    assert axis([node("Relu", "x", "t"), node("MatMul", "t w", "y")], 3) == 2
    turned = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "y")]
    assert axis(turned, 4) == 3
    for place, found in ((1, None), (0, 0)):
        added = [node("Unsqueeze", "x", "t", axes=[place]), node("Conv", "t w", "y")]
        assert axis(added, 3) == found
    added = [node("Unsqueeze", "x", "t", axes=[-1]), node("MatMul", "t w", "y")]
    assert axis(added, 3) is None


def test_inputs_that_an_output_depends_on() -> None:
    inner = helper.make_graph([node("Identity", "z", "t")], "g", [], [])
    nodes = [
        node("Relu", "x", "a"),
        helper.make_node("If", ["q"], ["y"], then_branch=inner, else_branch=inner),
        node("Relu", "b", "unused"),
    ]
    graph = model(nodes).graph
    assert reached_inputs(graph, ["x", "q", "z", "b"]) == ["q", "z"]


# Settings of windows


def test_settings_that_are_none() -> None:
    good: dict[str, Any] = {"strides": [2, 1], "group": 2}
    made = conv_settings(good, (1, 4, 8, 8), (6, 2, 3, 3), 6)
    assert (made.stride, made.dilation, made.groups) == ((2, 1), (1, 1), 2)
    for attributes in (
        {"strides": [2]},
        {"strides": [0, 1]},
        {"strides": [2**31, 1]},
        {"strides": 2},
        {"strides": [1.5, 1]},
        {"dilations": [1, 1, 1]},
        {"group": 0},
        {"group": -1},
        {"group": 2**31},
        {"group": 1.0},
        {"pads": [1, 1]},
        {"pads": [0, 0, 0, 2**31]},
        {"pads": 1},
    ):
        with pytest.raises(ValueError):
            conv_settings(attributes, (1, 4, 8, 8), (6, 2, 3, 3), 6)
    conv_settings({"group": 2**31 - 1, "strides": [2**31 - 1] * 2}, (1, 4, 8, 8), (6, 2, 3, 3), 6)
    for shape, weight_, outputs in (
        ((1, 4, 8), (6, 2, 3, 3), 6),
        ((1, 4), (6, 2), 6),
        ((1, 4, 8, 8, 8, 8), (6, 2, 3, 3, 3, 3), 6),
        ((1, 4, 8, 8), (6, 2, 3, 3), 0),
    ):
        with pytest.raises(ValueError):
            conv_settings({}, shape, weight_, outputs)
    conv_settings({}, (1, 4, 8, 8, 8), (6, 4, 3, 3, 3), 1)


def test_padding_is_stated_or_automatic() -> None:
    def pads(**attributes: Any) -> Any:
        return pads_of(attributes, (8, 9), (3, 2), (1, 1), (1, 1))

    assert pads() == ((0, 0), (0, 0))
    assert pads(pads=[1, 2, 3, 4]) == ((1, 3), (2, 4))
    assert pads(auto_pad=b"VALID", pads=[1, 2, 3, 4]) == ((0, 0), (0, 0))
    assert pads(auto_pad=b"SAME_UPPER") == ((1, 1), (0, 1))
    assert pads(auto_pad=b"SAME_LOWER") == ((1, 1), (1, 0))


def test_cropping_leads_to_the_output_of_a_transposed_convolution() -> None:
    """(8 - 1) * 2 + 4 = 18 positions, of which 13 stay: 5 go, the odd one before or after."""

    def crop(**attributes: Any) -> Any:
        given = {"strides": [2], **attributes}
        return conv_settings(given, (1, 4, 8), (4, 6, 4), 6, made=(1, 6, 13)).pads

    assert crop(pads=[2, 3]) == ((2, 3),)
    assert crop(auto_pad=b"VALID", pads=[2, 3]) == ((0, 0),)
    assert crop(auto_pad=b"SAME_UPPER") == ((2, 3),)
    assert crop(auto_pad=b"SAME_LOWER") == ((3, 2),)
    assert crop(output_shape=[13], pads=[9, 9]) == ((3, 2),)


def test_a_pool_needs_a_kernel_and_has_three_axes_at_most() -> None:
    kernel = {"kernel_shape": [2, 2]}
    assert pool_settings("MaxPool", kernel, (1, 4, 8, 8)) is not None
    assert pool_settings("MaxPool", {"kernel_shape": [2] * 3}, (1, 4, 8, 8, 8)) is not None
    assert pool_settings("MaxPool", {"kernel_shape": [2] * 4}, (1, 4, 8, 8, 8, 8)) is None
    assert pool_settings("MaxPool", {"kernel_shape": [2]}, (1, 4, 8)) is not None
    for attributes, shape in (({}, (1, 4, 8, 8)), ({"kernel_shape": []}, (1, 4))):
        with pytest.raises(ValueError):
            pool_settings("MaxPool", attributes, shape)
    assert sizes_of({}, "strides", 2, 1) == (1, 1)
    assert sizes_of({"output_padding": [0, 1]}, "output_padding", 2, 0) == (0, 1)


def test_a_sum_over_letters_multiplies_each_combination() -> None:
    assert einsum_macs(b"ij,jk->ik", [(2, 3), (3, 5)]) == 2 * 3 * 5
    assert einsum_macs(b"bij, bjk", [(7, 2, 3), (7, 3, 5)]) == 7 * 2 * 3 * 5
    assert einsum_macs(b"...ij,...jk->...ik", [(4, 7, 2, 3), (7, 3, 5)]) == 4 * 7 * 2 * 3 * 5
    assert einsum_macs(b"i...,i->...", [(2, 3, 5), (2,)]) == 2 * 3 * 5
    assert einsum_macs(b"ii->i", [(3, 3)]) == 3
    assert einsum_macs(b"bi,bj->ij", [(1, 2), (7, 3)]) == 7 * 2 * 3
    for equation, shapes in ((b"ij,jk", [(2, 3)]), (b"ij", [(2,)]), (b"i", [(2, 3)])):
        with pytest.raises(ValueError):
            einsum_macs(equation, shapes)


# Layers


def test_a_run_of_no_values_has_no_work(tmp_path: Path) -> None:
    held = [trained("w", 6, 4, 3, 3), trained("b", 6)]
    result = one(tmp_path, "Conv", ["x", "w", "b"], held, (0, 4, 8, 8))
    assert figures(result) == (6 * 4 * 9 + 6, 0, 0)


def test_a_pool_of_four_axes_visits_each_value_of_its_windows(tmp_path: Path) -> None:
    result = one(tmp_path, "MaxPool", dims=(1, 2, 4, 4, 4, 4), kernel_shape=[2, 2, 2, 2])
    assert result.element_ops == 2 * 3**4 * 2**4


def test_a_norm_of_groups_with_channels_last(tmp_path: Path) -> None:
    held = [trained("g", 4), trained("b", 4)]
    proto = model([microsoft("GroupNorm", "x g b", "y", groups=2)], held, (1, 8, 8, 4))
    assert figures(read(proto, tmp_path)) == (2 * 4, 0, 2 * 8 * 8 * 4)


def test_a_table_of_few_bits_counts_its_numbers(tmp_path: Path) -> None:
    """Two numbers of 4 bits in a byte: 10 rows of 16 bytes are 10 of 32 numbers."""
    made = microsoft("GatherBlockQuantized", "t x s", "y", bits=4, block_size=16)
    held = [weight("t", 10, 16, kind=2), trained("s", 10, 2)]
    result = read(model([made], held, (5,), kind=7), tmp_path)
    assert figures(result) == (10 * 32, 0, 0)


def test_kernels_of_other_channels_are_an_error(tmp_path: Path) -> None:
    proto = model([node("Conv", "x w", "y")], [trained("w", 6, 3, 3, 3)])
    assert refused(proto, tmp_path)[0] == "y: Conv does not fit what it reads (1x4x8x8, 6x3x3x3)"
    proto = model([node("ConvTranspose", "x w", "y")], [trained("w", 3, 6, 3, 3)])
    assert refused(proto, tmp_path)[0] == (
        "y: ConvTranspose does not fit what it reads (1x4x8x8, 3x6x3x3)"
    )


def test_a_sum_of_two_and_its_norm_with_and_without_a_bias(tmp_path: Path) -> None:
    held = [trained(name, 4) for name in "gbc"]
    for kind, reads, each, params in (
        ("SkipLayerNormalization", "x z g b", 3, 8),
        ("SkipLayerNormalization", "x z g b c", 4, 12),
        ("SkipSimplifiedLayerNormalization", "x z g", 3, 4),
        ("SkipSimplifiedLayerNormalization", "x z g b", 4, 8),
    ):
        nodes = [node("Neg", "x", "z"), microsoft(kind, reads, "y", "it")]
        result = read(model(nodes, held, (2, 5, 4)), tmp_path)
        row = rows(result)["it"]
        assert (row.cost.params, row.cost.element_ops) == (params, each * 2 * 5 * 4)


# Layouts


@pytest.mark.parametrize(
    ("dims", "order", "shape"),
    [
        ((1, 4, 8, 9), [0, 2, 3, 1], (8, 9, 4)),  # to channels last: the map stays what it was
        ((1, 8, 9, 4), [0, 3, 1, 2], (8, 9, 4)),  # and back
        ((1, 4, 8, 9), [0, 1, 3, 2], (9, 8, 4)),  # height for width
    ],
)
def test_a_transpose_turns_axes_and_not_the_map(
    tmp_path: Path, dims: tuple[int, ...], order: list[int], shape: tuple[int, ...]
) -> None:
    nodes = [node("Transpose", "x", "t", perm=order), node("Relu", "t", "y", "it")]
    row = rows(read(model(nodes, (), dims), tmp_path))["it"]
    assert row.node.output == shape


def test_three_long_shapes_are_cut_in_an_error(tmp_path: Path) -> None:
    """90 characters, dots included."""
    dims = [(1, 10**9, 10**9, 10**9 + extra) for extra in range(3)]
    inputs = [value(f"x{at}", dims[at]) for at in (1, 2)]
    proto = model([node("Sum", "x x1 x2", "y")], (), dims[0], inputs=inputs)
    listed = ", ".join("x".join(map(str, sizes)) for sizes in dims)
    assert len(listed) > 90
    assert refused(proto, tmp_path)[0] == (f"y: Sum does not fit what it reads ({listed[:87]}...)")
