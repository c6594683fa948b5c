"""Every primitive agrees with the sliding-window oracle on random small inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oracle
import oracle_cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Answer, Shape
from strategies import grouped_channels, maps, windows

from convcost.engine.counting import count
from convcost.errors import ConvcostError
from convcost.language.library import Library
from convcost.language.primitives import ACTIVATIONS, PRIMITIVES
from convcost.sources.specs import build_document

Case = tuple[Shape, list[dict[str, Any]], Answer | None]

LIBRARY = Library()


def counted(shape: Shape, layers: list[dict[str, Any]]) -> Answer | None:
    """What convcost says of the last layer of a network; None where it refuses."""
    document = {
        "input": list(shape),
        "layers": [
            {key: _as_json(value) for key, value in layer.items() if value is not None}
            for layer in layers
        ],
    }
    try:
        graph = build_document(LIBRARY, document, "network.json").graph
    except ConvcostError as error:
        assert "larger than the padded input" in error.message or "crops" in error.message
        return None
    last = count(graph).rows[-1]
    assert last.cost is not None
    return Answer(last.node.output, *last.cost)


def _as_json(value: Any) -> Any:
    return [_as_json(part) for part in value] if isinstance(value, tuple) else value


@st.composite
def conv(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    channels_in, channels, groups = draw(grouped_channels())
    shape = (*shape[:-1], channels_in)
    window = draw(windows(len(shape) - 1))
    bias = draw(st.booleans())
    answer = oracle.conv(shape, channels=channels, groups=groups, bias=bias, **window)
    layer = {"type": "conv", **window, "out_channels": channels, "groups": groups, "bias": bias}
    return shape, [layer], answer


@st.composite
def conv_transpose(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    channels_in, channels, groups = draw(grouped_channels())
    shape = (*shape[:-1], channels_in)
    window = draw(windows(len(shape) - 1))
    extra = tuple(draw(st.integers(0, stride - 1)) for stride in window["stride"])
    own: dict[str, Any] = {"groups": groups, "bias": draw(st.booleans())}
    own["output_padding"] = extra
    answer = oracle.conv_transpose(shape, channels=channels, **window, **own)
    return shape, [{"type": "conv_transpose", **window, "out_channels": channels, **own}], answer


def pool(kind: str) -> Callable[[], st.SearchStrategy[Case]]:
    @st.composite
    def case(draw: st.DrawFn) -> Case:
        shape = draw(maps())
        window = draw(windows(len(shape) - 1))
        ceil_mode = draw(st.booleans())
        answer = oracle.pool(shape, ceil_mode=ceil_mode, **window)
        return shape, [{"type": kind, **window, "ceil_mode": ceil_mode}], answer

    return case


@st.composite
def adaptive_avg_pool(draw: st.DrawFn, kind: str = "adaptive_avg_pool") -> Case:
    shape = draw(maps())
    size = tuple(draw(st.integers(1, 7)) for _ in shape[:-1])
    layer = {"type": kind, "output_size": size}
    return shape, [layer], oracle.adaptive_pool(shape, size)


@st.composite
def global_avg_pool(draw: st.DrawFn, kind: str = "global_avg_pool") -> Case:
    shape = draw(maps())
    answer = Answer(shape[-1:], 0, 0, oracle.values(shape))
    return shape, [{"type": kind}], answer


@st.composite
def linear(draw: st.DrawFn) -> Case:
    shape = draw(maps())[draw(st.integers(0, 1)) :]
    channels, bias = draw(st.integers(1, 6)), draw(st.booleans())
    layer = {"type": "linear", "out_channels": channels, "bias": bias}
    return shape, [layer], oracle.linear(shape, channels, bias)


def per_value(kind: str, params: int, ops: int) -> Callable[[], st.SearchStrategy[Case]]:
    """A layer with ``params`` numbers per channel and ``ops`` operations per value."""

    @st.composite
    def case(draw: st.DrawFn) -> Case:
        shape = draw(maps())
        layer: dict[str, Any] = {"type": kind}
        if kind == "activation":
            layer["function"] = draw(st.sampled_from(ACTIVATIONS))
        answer = Answer(shape, params * shape[-1], 0, ops * oracle.values(shape))
        return shape, [layer], answer

    return case


def join(kind: str) -> Callable[[], st.SearchStrategy[Case]]:
    """Two to four copies of the input added or multiplied: one operation per further copy."""

    @st.composite
    def case(draw: st.DrawFn) -> Case:
        shape = draw(maps())
        copies = draw(st.integers(2, 4))
        ops = sum(oracle.values(shape) for _ in range(copies - 1))
        layer = {"type": kind, "from": ["input"] * copies}
        return shape, [layer], Answer(shape, 0, 0, ops)

    return case


@st.composite
def gate(draw: st.DrawFn) -> Case:
    """A map times one value per channel: one multiplication per value of the map."""
    shape = draw(maps())
    pools: list[dict[str, Any]] = [{"type": "global_avg_pool"}]
    # A map of one position gates as well; what is not larger cannot be told from the input.
    if shape[0] > 1:
        pools.append({"type": "adaptive_avg_pool", "output_size": 1})
    gating = [{**draw(st.sampled_from(pools)), "name": "gate"}]
    answer = Answer(shape, 0, 0, oracle.values(shape))
    order = draw(st.permutations(["input", "gate"]))
    return shape, [*gating, {"type": "mul", "from": order}], answer


@st.composite
def concat(draw: st.DrawFn) -> Case:
    """Maps of different widths side by side: every channel of every one is there."""
    shape = draw(maps())
    widths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    branches: list[dict[str, Any]] = [
        {"type": "conv", "name": f"branch{n}", "from": "input", "kernel_size": 1, "out_channels": w}
        for n, w in enumerate(widths)
    ]
    names = ["input", *(str(branch["name"]) for branch in branches)]
    channels = len([c for width in (shape[-1], *widths) for c in range(width)])
    layer = {"type": "concat", "from": names}
    return shape, [*branches, layer], Answer((*shape[:-1], channels), 0, 0, 0)


@st.composite
def slice_(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    start = draw(st.integers(0, shape[-1] - 1))
    stop = draw(st.integers(start + 1, shape[-1]))
    layer = {"type": "slice", "start": start, "stop": stop}
    kept = len(range(shape[-1])[start:stop])
    return shape, [layer], Answer((*shape[:-1], kept), 0, 0, 0)


@st.composite
def split(draw: st.DrawFn) -> Case:
    """The parts of a split, put together again, are the input."""
    parts, each = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    shape = (*draw(maps())[:-1], parts * each)
    names = [f"cut.{part}" for part in range(draw(st.integers(2, parts)))]
    layers: list[dict[str, Any]] = [{"type": "split", "name": "cut", "parts": parts}]
    layers.append({"type": "concat", "from": names})
    return shape, layers, Answer((*shape[:-1], sum(each for _ in names)), 0, 0, 0)


@st.composite
def channel_shuffle(draw: st.DrawFn) -> Case:
    groups, each = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (*draw(maps())[:-1], groups * each)
    return shape, [{"type": "channel_shuffle", "groups": groups}], Answer(shape, 0, 0, 0)


@st.composite
def upsample(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    scale = tuple(draw(st.integers(1, 3)) for _ in shape[:-1])
    mode = draw(st.sampled_from(("nearest", "bilinear")))
    spatial = [
        len([copy for _ in range(side) for copy in range(factor)])
        for side, factor in zip(shape[:-1], scale, strict=True)
    ]
    output = (*spatial, shape[-1])
    neighbours = len(oracle.offsets([2] * len(scale))) if mode == "bilinear" else 0
    answer = Answer(output, 0, 0, neighbours * oracle.values(output))
    return shape, [{"type": "upsample", "scale": scale, "mode": mode}], answer


@st.composite
def flatten(draw: st.DrawFn) -> Case:
    shape = draw(maps())
    return shape, [{"type": "flatten"}], Answer((oracle.values(shape),), 0, 0, 0)


CASES: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "linear": linear,
    "max_pool": pool("max_pool"),
    "avg_pool": pool("avg_pool"),
    "adaptive_avg_pool": adaptive_avg_pool,
    "adaptive_max_pool": lambda: adaptive_avg_pool("adaptive_max_pool"),
    "global_avg_pool": global_avg_pool,
    "global_max_pool": lambda: global_avg_pool("global_max_pool"),
    "batch_norm": per_value("batch_norm", params=2, ops=2),
    "layer_norm": per_value("layer_norm", params=2, ops=2),
    "group_norm": per_value("group_norm", params=2, ops=2),
    "instance_norm": per_value("instance_norm", params=2, ops=2),
    "scale": per_value("scale", params=1, ops=1),
    "activation": per_value("activation", params=0, ops=1),
    "add": join("add"),
    "mul": join("mul"),
    "mul by a vector": gate,
    "concat": concat,
    "slice": slice_,
    "split": split,
    "channel_shuffle": channel_shuffle,
    "upsample": upsample,
    "flatten": flatten,
    "dropout": per_value("dropout", params=0, ops=0),
    "identity": per_value("identity", params=0, ops=0),
    **oracle_cases.CASES,
}


def test_every_primitive_has_an_oracle() -> None:
    assert {name.partition(" ")[0] for name in CASES} == set(PRIMITIVES)


@pytest.mark.parametrize("name", CASES)
def test_the_engine_counts_what_the_oracle_counts(name: str) -> None:
    # The layers with windows have most to get wrong, the others little to vary.
    tries = 150 if name in ("conv", "conv_transpose", "max_pool") else 60

    @settings(max_examples=tries)
    @given(CASES[name]())
    def agrees(case: Case) -> None:
        shape, layers, answer = case
        assert counted(shape, layers) == answer

    agrees()


def test_the_oracle_itself_knows_a_case_worked_out_by_hand() -> None:
    # A 2x2 kernel on a 3x3 map stands at 2 * 2 places; 3 input and 2 output channels.
    answer = oracle.conv((3, 3, 3), (2, 2), 2, (1, 1), "valid", (1, 1), 1, True)
    assert answer == Answer((2, 2, 2), 2 * 2 * 3 * 2 + 2, 2 * 2 * 2 * 2 * 3 * 2, 2 * 2 * 2)


def test_the_oracle_pads_like_same_in_tensorflow() -> None:
    # Six pixels, three taps, every second place: one pixel of padding, and it comes after.
    assert oracle.same_pads(6, kernel=3, stride=2, dilation=1) == (0, 1)
    assert oracle.same_pads(7, kernel=3, stride=2, dilation=1) == (1, 1)


@given(shape=maps(), data=st.data())
@settings(max_examples=60)
def test_same_padding_in_json_is_the_padding_that_the_oracle_finds(
    shape: Shape, data: st.DataObject
) -> None:
    from convcost import count as count_layer

    window = data.draw(windows(len(shape) - 1)) | {"padding": "same"}
    spec = {"type": "conv", "input": shape, "out_channels": 1, **window}
    layer = count_layer(spec).document()["layers"][0]
    pads = oracle.resolve_pads(
        "same", shape[:-1], window["kernel_size"], window["stride"], window["dilation"]
    )
    assert layer["padding"] == pads


def test_a_transposed_convolution_with_same_crops_what_its_window_reaches_too_far() -> None:
    # Input * stride is left of (input - 1) * stride + reach: reach - stride is cut off, and an
    # odd rest loses the extra one after, as in a convolution.
    from convcost import count as count_layer

    def crop(kernel: int, stride: int, dilation: int = 1, extra: int = 0) -> list[int]:
        layer = {"type": "conv_transpose", "input": "5x3", "out": 2, "kernel": kernel}
        settings = {
            "stride": stride,
            "dilation": dilation,
            "output_padding": extra,
            "padding": "same",
        }
        document = count_layer({**layer, **settings}).document()
        assert document["output"] == (5 * stride, 2)
        ((before, after),) = document["layers"][0]["padding"]
        canvas = max(i * stride + tap * dilation for i in range(5) for tap in range(kernel)) + 1
        assert canvas + extra - before - after == 5 * stride
        return [before, after]

    assert crop(kernel=4, stride=2) == [1, 1]
    assert crop(kernel=5, stride=2) == [1, 2]
    assert crop(kernel=3, stride=2, dilation=3) == [2, 3]
    assert crop(kernel=3, stride=2, extra=1) == [1, 1]


def test_a_value_depends_on_the_channels_of_its_group() -> None:
    def mixes(shape: str, layer: str) -> str:
        from convcost import compare

        (entry,) = compare(shape, layer)
        return entry.mixing

    assert mixes("8x8x4", "conv 3x3 4 g4") == "space"
    assert mixes("8x8x4", "conv 3x3 4 g2") == "space and channels"
    assert mixes("8x1x4", "conv 1x1 4") == "channels"
    assert mixes("1x8x4", "conv 1x1 4 g4") == "nothing"
    assert mixes("8x1x4", "linear 4") == "channels"
    assert mixes("8x8x1", "linear 4") == "nothing"
    assert mixes("8x8x4", "conv_transpose 3x3 4 g4") == "space"
    assert mixes("8x1x4", "conv_transpose 1x1 4") == "channels"
    assert mixes("8x8x4", "channel_shuffle groups=2") == "channels"
    assert mixes("8x8x4", "max_pool 2x2") == "space"


def test_a_blended_value_in_three_dimensions_has_eight_neighbours() -> None:
    from convcost import count as count_layer

    result = count_layer("2x3x4x5", "upsample scale=2 mode=bilinear")
    assert result.output == (2 * 2, 2 * 3, 2 * 4, 5)
    assert result.element_ops == 4 * 6 * 8 * 5 * 2**3


def test_what_an_enlarged_map_sees() -> None:
    from convcost import compare

    def sees(layer: str) -> tuple[int, ...] | None:
        (entry,) = compare("9x9x4", layer)
        return entry.receptive_field

    # Of a kernel on a map with stride - 1 gaps between its values, at most every stride-th tap
    # meets a value.
    assert sees("conv_transpose 3x3 4 s2") == (2, 2)
    assert sees("conv_transpose 4x4 4 s2") == (2, 2)
    assert sees("conv_transpose 5x5 4 s2") == (3, 3)
    assert sees("upsample scale=2") == (1, 1)
    assert sees("upsample scale=2 mode=bilinear") == (2, 2)
    assert sees("upsample scale=3 mode=bilinear") == (2, 2)


def test_an_adaptive_pool_takes_no_time_whatever_size_is_asked_for() -> None:
    from convcost.engine.operations.pooling import visited

    # By the definition: window i holds floor(i * in / out) up to ceil((i + 1) * in / out).
    for size in range(1, 25):
        for out in range(1, 25):
            windows = [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]
            assert visited(size, out) == sum(end - start for start, end in windows)
    assert visited(2**31 - 1, 2**30) == 2**31 - 1 + 2**30 - 1
    with pytest.raises(ConvcostError) as caught:
        build_document(
            LIBRARY,
            {
                "input": [8, 8, 4],
                "layers": [{"type": "adaptive_avg_pool", "output_size": 2**31 - 1}],
            },
            "network.json",
        )
    assert caught.value.message == f"output_size must be at most {2**20}, not {2**31 - 1}"
