"""Random layers and specs for the property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from convcost.language.fields import LETTERS, SPELLINGS
from convcost.language.layers import LayerSpec

LARGEST_SIDE = {1: 9, 2: 6, 3: 3}
"""Of a random map, so that a window can be slid over it by hand in a moment."""

Layer = dict[str, Any]


@st.composite
def maps(draw: st.DrawFn, *, most_channels: int = 6) -> tuple[int, ...]:
    """An input shape with one to three spatial axes."""
    axes = draw(st.sampled_from((1, 2, 2, 3)))
    sides = st.integers(1, LARGEST_SIDE[axes])
    return (*[draw(sides) for _ in range(axes)], draw(st.integers(1, most_channels)))


@st.composite
def windows(draw: st.DrawFn, axes: int) -> Layer:
    """Kernel, stride, dilation and padding, per axis; the window may be too large."""

    def each(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(least, most)) for _ in range(axes))

    uneven = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * axes)
    return {
        "kernel_size": each(1, 3 if axes < 3 else 2),
        "stride": each(1, 3),
        "dilation": each(1, 2),
        "padding": draw(st.sampled_from(("same", "valid")) | uneven),
    }


@st.composite
def grouped_channels(draw: st.DrawFn) -> tuple[int, int, int]:
    """(input channels, output channels, groups) that go together."""
    groups = draw(st.integers(1, 3))
    return groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3)), groups


# Names hold whatever a user may put there: quotes, backslashes, commas, brackets, other scripts.
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
words = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word not in LayerSpec.model_fields and word not in {*SPELLINGS, *LETTERS}
)
sizes = st.integers(1, 2**31 - 1)
pads = st.integers(0, 2**31 - 1)


def one_or_each(size: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """One size for all axes, or one for each of one to three."""
    return size | st.lists(size, min_size=1, max_size=3).map(tuple)


paddings = (
    st.sampled_from(("same", "valid"))
    | one_or_each(pads)
    | st.lists(st.tuples(pads, pads), min_size=1, max_size=3).map(tuple)
)
scalars = (
    st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: "e" not in repr(x))
    | names
    | st.sampled_from(("true", "false", "3", "3x1", "1.5", "[1]", "]", "a, b", "same", ""))
)
lists = st.lists(scalars, min_size=1, max_size=3)
extra_values = scalars | lists | st.lists(scalars | lists, min_size=1, max_size=3)
types = st.sampled_from(
    ("conv", "linear", "max_pool", "1x1", "separable", "standard", "my-block.2")
)


@st.composite
def layer_specs(draw: st.DrawFn) -> LayerSpec:
    """Any LayerSpec without an input, as a user may write it; it need not make sense."""
    optional = {
        "kernel_size": one_or_each(sizes),
        "out_channels": sizes,
        "stride": one_or_each(sizes),
        "padding": paddings,
        "dilation": one_or_each(sizes),
        "groups": sizes,
        "bias": st.booleans(),
        "batch": sizes,
        "name": names,
        "repeat": sizes,
    }
    fields = draw(st.fixed_dictionaries({"type": types}, optional=optional))
    extras = draw(st.dictionaries(words, extra_values, max_size=3))
    return LayerSpec.model_validate({**fields, **extras})
