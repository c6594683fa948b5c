"""Each class of Keras by its defaults, on one, two and three axes, as Keras' documentation has
them: valid padding, biases, pools of 2, and what is refused because it would be another layer.
"""

from __future__ import annotations

import pytest

from convcost import count
from convcost.errors import ConvcostError

SHAPES = {1: "9x4", 2: "9x8x4", 3: "9x8x7x4"}
SIZES = {1: (9,), 2: (9, 8), 3: (9, 8, 7)}
AXES = (1, 2, 3)


def output(line: str, axes: int = 2) -> tuple[tuple[int, ...], int]:
    result = count(SHAPES[axes], line)
    return result.output, result.params


def refused(line: str, axes: int = 2) -> str:
    with pytest.raises(ConvcostError) as caught:
        count(SHAPES[axes], line)
    return caught.value.message


def each(axes: int, change: object) -> tuple[int, ...]:
    assert callable(change)
    return tuple(change(size) for size in SIZES[axes])


@pytest.mark.parametrize("axes", AXES)
def test_defaults_of_windows(axes: int) -> None:
    kernel = 3**axes
    valid = each(axes, lambda size: size - 3 + 1)
    assert output(f"Conv{axes}D(6, 3)", axes) == ((*valid, 6), kernel * 4 * 6 + 6)
    assert output(f"Conv{axes}D(6, 3, groups=2)", axes) == ((*valid, 6), kernel * 2 * 6 + 6)
    assert output(f"Conv{axes}D(6, 3, use_bias=False)", axes) == ((*valid, 6), kernel * 4 * 6)
    assert output(f"DepthwiseConv{axes}D(3)", axes) == ((*valid, 4), kernel * 4 + 4)
    assert output(f"DepthwiseConv{axes}D(3, depth_multiplier=2)", axes) == (
        (*valid, 8),
        kernel * 8 + 8,
    )
    assert output(f"SeparableConv{axes}D(6, 3)", axes) == ((*valid, 6), kernel * 4 + 4 * 6 + 6)
    full = each(axes, lambda size: size + 3 - 1)
    assert output(f"Conv{axes}DTranspose(6, 3)", axes) == ((*full, 6), kernel * 4 * 6 + 6)


@pytest.mark.parametrize("axes", AXES)
def test_steps_and_spread_of_windows(axes: int) -> None:
    stepped = each(axes, lambda size: (size - 3) // 2 + 1)
    spread = each(axes, lambda size: size - 2 * (3 - 1))
    for name in ("Conv", "SeparableConv"):
        assert output(f"{name}{axes}D(6, 3, strides=2)", axes)[0] == (*stepped, 6)
        assert output(f"{name}{axes}D(6, 3, dilation_rate=2)", axes)[0] == (*spread, 6)
    assert output(f"DepthwiseConv{axes}D(3, strides=2)", axes)[0] == (*stepped, 4)
    assert output(f"DepthwiseConv{axes}D(3, dilation_rate=2)", axes)[0] == (*spread, 4)


@pytest.mark.parametrize("axes", AXES)
def test_a_stride_beyond_the_kernel_of_a_transposed_convolution_makes_room(axes: int) -> None:
    """(size - 1) * stride + max(kernel, stride)."""
    made = each(axes, lambda size: (size - 1) * 4 + max(3, 4))
    assert output(f"Conv{axes}DTranspose(6, 3, strides=4)", axes)[0] == (*made, 6)
    made = each(axes, lambda size: (size - 1) * 3 + max(3, 3))
    assert output(f"Conv{axes}DTranspose(6, 3, strides=3)", axes)[0] == (*made, 6)
    same = each(axes, lambda size: size * 4)
    assert output(f"Conv{axes}DTranspose(6, 3, strides=4, padding='same')", axes)[0] == (*same, 6)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("kind", ["MaxPooling", "MaxPool", "AveragePooling", "AvgPool"])
def test_pools_are_of_two_and_step_as_far(kind: str, axes: int) -> None:
    halves = each(axes, lambda size: size // 2)
    thirds = each(axes, lambda size: size // 3)
    steps = each(axes, lambda size: size - 2 + 1)
    assert output(f"{kind}{axes}D()", axes) == ((*halves, 4), 0)
    assert output(f"{kind}{axes}D(3)", axes) == ((*thirds, 4), 0)
    assert output(f"{kind}{axes}D(2, strides=1)", axes) == ((*steps, 4), 0)
    up = each(axes, lambda size: -(-size // 2))
    assert output(f"{kind}{axes}D(padding='same')", axes) == ((*up, 4), 0)


@pytest.mark.parametrize("axes", AXES)
def test_layers_without_a_window(axes: int) -> None:
    ones = (1,) * axes
    assert output(f"GlobalAveragePooling{axes}D()", axes) == ((4,), 0)
    assert output(f"GlobalAveragePooling{axes}D(keepdims=True)", axes) == ((*ones, 4), 0)
    padded = each(axes, lambda size: size + 2)
    assert output(f"ZeroPadding{axes}D()", axes) == ((*padded, 4), 0)
    assert output(f"ZeroPadding{axes}D(2)", axes)[0] == (*each(axes, lambda s: s + 4), 4)
    double = each(axes, lambda size: 2 * size)
    assert output(f"UpSampling{axes}D()", axes) == ((*double, 4), 0)
    assert output(f"SpatialDropout{axes}D(0.5)", axes) == ((*SIZES[axes], 4), 0)
    assert output("BatchNormalization()", axes) == ((*SIZES[axes], 4), 2 * 4)
    assert output("LayerNormalization()", axes) == ((*SIZES[axes], 4), 2 * 4)
    assert output("GroupNormalization(2)", axes) == ((*SIZES[axes], 4), 2 * 4)
    assert output("Activation('relu')", axes) == ((*SIZES[axes], 4), 0)
    for name in ("Input", "InputLayer"):
        assert output(f"{name}({SIZES[axes] + (4,)})", axes) == ((*SIZES[axes], 4), 0)


def test_groups_are_32_unless_they_are_told() -> None:
    assert count("8x8x64", "GroupNormalization()").params == 2 * 64
    with pytest.raises(ConvcostError) as caught:
        count("8x8x48", "GroupNormalization()")
    assert "32" in caught.value.message


def test_padding_differs_by_axis() -> None:
    assert output("ZeroPadding2D((1, 2))")[0] == (9 + 2 * 1, 8 + 2 * 2, 4)
    assert output("ZeroPadding3D((1, 2, 3))", 3)[0] == (9 + 2, 8 + 4, 7 + 6, 4)
    assert refused("ZeroPadding3D((1, 2))", 3) == "padding must have 3 sides, not 2"


@pytest.mark.parametrize("shape", ["(9, 8, 4)", "[9, 8, 4]", "(None, None, 4)"])
def test_a_stated_input_has_the_channels_that_come_in(shape: str) -> None:
    assert output(f"Conv2D(6, 1, input_shape={shape})")[1] == 4 * 6 + 6


@pytest.mark.parametrize(("shape", "shown"), [("()", "()"), ("(9, 8, None)", "(9, 8, None)")])
def test_a_stated_input_is_sizes(shape: str, shown: str) -> None:
    message = f"input_shape must be sizes, channels last, not {shown}"
    assert refused(f"Conv2D(6, 1, input_shape={shape})") == message


def test_a_stated_input_of_other_channels_is_refused() -> None:
    assert "in_channels" in refused("Conv2D(6, 1, input_shape=(9, 8, 5))")
    assert "in_channels" in refused("Input((9, 8, 5))")


@pytest.mark.parametrize(
    "line",
    [
        "BatchNormalization(axis=1)",
        "LayerNormalization(axis=1)",
        "Conv2D(6, 3, data_format='channels_first')",
    ],
)
def test_a_setting_that_makes_another_layer_is_refused(line: str) -> None:
    assert refused(line)


def test_an_activation_is_a_layer_of_its_own() -> None:
    plain = count("9x8x4", "Conv2D(6, 3)")
    active = count("9x8x4", "Conv2D(6, 3, activation='relu')")
    assert active.element_ops - plain.element_ops == 7 * 6 * 6
    depthwise = count("9x8x4", "DepthwiseConv2D(3, activation='relu')")
    bare = count("9x8x4", "DepthwiseConv2D(3)")
    assert depthwise.element_ops - bare.element_ops == 7 * 6 * 4


def test_an_activation_that_is_not_known_is_refused() -> None:
    assert refused("Dense(10, activation='nonsense')").startswith(
        "activation='nonsense' is not known here"
    )
