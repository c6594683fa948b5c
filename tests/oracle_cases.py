"""Random cases of what lays values out anew, of attention and of recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oracle
from hypothesis import strategies as st
from oracle import Answer, Shape
from strategies import grouped_channels, maps, windows

Case = tuple[Shape, list[dict[str, Any]], Answer | None]


@st.composite
def causal_conv(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    window = {**draw(windows(len(shape) - 1)), "padding": "causal"}
    pads = tuple(map(oracle.causal_pads, window["kernel_size"], window["dilation"]))
    answer = oracle.conv(shape, channels=2, groups=1, bias=False, **{**window, "padding": pads})
    return shape, [{"type": "conv", **window, "out_channels": 2}], answer


@st.composite
def deform_conv(draw: st.DrawFn) -> Case:
    """Its product is a convolution's; offsets come from a layer of their own."""
    shape = draw(maps())
    channels_in, channels, groups = draw(grouped_channels())
    shape = (*shape[:-1], channels_in)
    window = draw(windows(len(shape) - 1))
    bias = draw(st.booleans())
    answer = oracle.conv(shape, channels=channels, groups=groups, bias=bias, **window)
    offsets = {"type": "conv", "name": "offsets", **window, "out_channels": 2}
    own = {"out_channels": channels, "groups": groups, "bias": bias}
    layer = {"type": "deform_conv", "from": ["input", "offsets"], **window, **own}
    return shape, [offsets, layer], answer


@st.composite
def attention(draw: st.DrawFn) -> Case:
    heads = draw(st.integers(1, 3))
    shape = (*draw(maps())[:-1], heads * draw(st.integers(1, 2)))
    bias = draw(st.booleans())
    layer = {"type": "attention", "heads": heads, "bias": bias}
    return shape, [layer], oracle.attention(shape, heads, bias)


def recurrent(kind: str) -> Callable[[], st.SearchStrategy[Case]]:
    @st.composite
    def case(draw: st.DrawFn) -> Case:
        few = st.integers(1, 3)
        shape = (draw(st.integers(1, 5)), draw(st.integers(1, 4)))
        own: dict[str, Any] = {
            "layers": draw(few),
            "bidirectional": draw(st.booleans()),
            "bias": draw(st.booleans()),
        }
        hidden = draw(few)
        answer = oracle.recurrent(kind, shape, hidden, **own)
        return shape, [{"type": kind, "out_channels": hidden, **own}], answer

    return case


@st.composite
def matmul(draw: st.DrawFn) -> Case:
    """A map by a map of itself: rows and columns of a linear layer's outputs."""
    few = st.integers(1, 4)
    stack, rows, inner, columns = draw(st.lists(few, max_size=1)), draw(few), draw(few), draw(few)
    shape = (*stack, rows, inner)
    wide = {"type": "linear", "name": "wide", "from": "input", "out_channels": columns}
    turned: dict[str, Any] = {"type": "transpose", "name": "turned"}
    turned["order"] = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
    second = (*stack, rows, columns)
    if draw(st.booleans()):
        # inner x rows by rows x columns
        layers = [{**turned, "from": "input"}, wide]
        layer: dict[str, Any] = {"type": "matmul", "from": ["turned", "wide"]}
        first = (*stack, inner, rows)
    else:
        layers = [{**turned, "from": "input"}, wide, {**turned, "name": "back", "from": "wide"}]
        layer = {"type": "matmul", "from": ["turned", "back"], "transpose": True}
        first = (*stack, inner, rows)
    return shape, [*layers, layer], oracle.matmul(first, second)


@st.composite
def pixel_shuffle(draw: st.DrawFn) -> Case:
    spatial = draw(maps())[:-1]
    scale = tuple(draw(st.integers(1, 3)) for _ in spatial)
    block = len(oracle.offsets(scale))
    shape = (*spatial, block * draw(st.integers(1, 2)))
    layer = {"type": "pixel_shuffle", "scale": scale}
    return shape, [layer], Answer(oracle.pixel_shuffle(shape, scale), 0, 0, 0)


@st.composite
def space_to_depth(draw: st.DrawFn) -> Case:
    small = draw(maps())
    scale = tuple(draw(st.integers(1, 3)) for _ in small[:-1])
    shape = (*[len(range(0, s * r)) for s, r in zip(small, scale, strict=False)], small[-1])
    layer = {"type": "space_to_depth", "scale": scale}
    return shape, [layer], Answer(oracle.space_to_depth(shape, scale), 0, 0, 0)


@st.composite
def pad(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    side = st.integers(0, 3)
    pads = tuple((draw(side), draw(side)) for _ in shape[:-1])
    spatial = [
        len([*range(before), *range(size), *range(after)])
        for size, (before, after) in zip(shape, pads, strict=False)
    ]
    return shape, [{"type": "pad", "padding": pads}], Answer((*spatial, shape[-1]), 0, 0, 0)


@st.composite
def crop(draw: st.DrawFn) -> Case:
    """To a size, by what is cut, or to the size of another layer: the same part."""
    shape = draw(maps())
    size = tuple(draw(st.integers(1, side)) for side in shape[:-1])
    answer = Answer((*size, shape[-1]), 0, 0, 0)
    way = draw(st.sampled_from(("size", "cut", "layer")))
    if way == "size":
        return shape, [{"type": "crop", "output_size": size}], answer
    if way == "cut":
        cut = tuple((draw(st.integers(0, a - b)), a - b) for a, b in zip(shape, size, strict=False))
        pairs = tuple((first, whole - first) for first, whole in cut)
        return shape, [{"type": "crop", "padding": pairs}], answer
    small = {"type": "adaptive_avg_pool", "name": "small", "output_size": size}
    return shape, [small, {"type": "crop", "from": ["input", "small"]}], answer


@st.composite
def transpose(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    order = draw(st.permutations(range(len(shape))))
    made = [0] * len(shape)
    for place, axis in enumerate(order):
        made[place] = shape[axis]
    return shape, [{"type": "transpose", "order": order}], Answer(tuple(made), 0, 0, 0)


@st.composite
def reshape(draw: st.DrawFn) -> Case:
    """Two axes changed into one and split again, with or without a size left open."""
    shape = draw(maps())
    made = [oracle.values(shape[:-1]), shape[-1]]
    asked = list(made)
    if draw(st.booleans()):
        asked[draw(st.integers(0, 1))] = -1
    return shape, [{"type": "reshape", "shape": asked}], Answer(tuple(made), 0, 0, 0)


CASES: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "conv that is causal": causal_conv,
    "deform_conv": deform_conv,
    "attention": attention,
    "lstm": recurrent("lstm"),
    "gru": recurrent("gru"),
    "rnn": recurrent("rnn"),
    "matmul": matmul,
    "pixel_shuffle": pixel_shuffle,
    "space_to_depth": space_to_depth,
    "pad": pad,
    "crop": crop,
    "transpose": transpose,
    "reshape": reshape,
}
