"""Rules that hold for every input: sums, batches, grouping, formats, and replays of streams."""

from __future__ import annotations

import csv
import io
import json
import re
from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grouped_channels, maps, windows

from convcost import count
from convcost.engine.counting import count as count_graph
from convcost.errors import ConvcostError
from convcost.language.building import build_spec
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Switches
from convcost.studies.streaming import StreamCounter, Totals

LIBRARY = Library()
DESIGNS = [name for name in LIBRARY.names() if LIBRARY.find(name).kind == "design"]


@st.composite
def chains(draw: st.DrawFn) -> str:
    """A line of one to four layers that fit any map."""
    layer = st.sampled_from(
        (
            "conv 3x3 8",
            "conv 1x1 4 bias=true",
            "separable 3x3 8 s2",
            "bottleneck 3x3 8",
            "bottleneck 3x3 8 reduction=2 projection=true s2",
            "max_pool 2x2 same",
            "conv 3x3 8 norm=batch_norm activation=relu x2",
            "identity",
        )
    )
    return ", ".join(draw(st.lists(layer, min_size=1, max_size=4)))


@st.composite
def images(draw: st.DrawFn) -> tuple[int, int, int]:
    side = st.integers(1, 40)
    return draw(side), draw(side), draw(st.integers(1, 32))


@given(images(), chains(), st.integers(1, 4))
def test_layers_sum_to_the_total(shape: tuple[int, ...], text: str, batch: int) -> None:
    document = count(shape_text(shape), text, batch=batch).document()
    for field in ("params", "macs", "element_ops"):
        assert document[field] == sum(layer[field] for layer in document["layers"])


@given(images(), chains())
def test_each_layer_reads_what_the_one_before_it_makes(shape: tuple[int, ...], text: str) -> None:
    result = count(shape_text(shape), text)
    graph = result.counted.graph
    assert result.input == shape
    assert result.output == graph.shape(graph.outputs[0])
    assert all(
        row.inputs == tuple(map(graph.shape, row.node.inputs)) for row in result.counted.rows
    )


@given(images(), chains(), st.integers(1, 1000))
def test_macs_are_linear_in_the_batch_and_params_do_not_change(
    shape: tuple[int, ...], text: str, batch: int
) -> None:
    one, many = count(shape_text(shape), text), count(shape_text(shape), text, batch=batch)
    assert many.params == one.params
    assert many.macs == batch * one.macs
    assert many.element_ops == batch * one.element_ops
    assert many.output == one.output


def shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


@given(maps(), grouped_channels(), st.data())
def test_a_grouped_convolution_costs_dense_divided_by_groups(
    shape: tuple[int, ...], channels: tuple[int, int, int], data: st.DataObject
) -> None:
    channels_in, channels_out, groups = channels
    window = data.draw(windows(len(shape) - 1)) | {"padding": "same"}
    spec = {"type": "conv", "input": (*shape[:-1], channels_in), "out": channels_out, **window}
    dense, grouped = count(spec), count({**spec, "groups": groups})
    assert groups * grouped.params == dense.params
    assert groups * grouped.macs == dense.macs
    assert grouped.output == dense.output


@given(maps(), st.integers(1, 8), st.data())
def test_separable_is_depthwise_plus_pointwise(
    shape: tuple[int, ...], channels: int, data: st.DataObject
) -> None:
    window = data.draw(windows(len(shape) - 1)) | {"padding": "same"}
    in_channels = shape[-1]
    depthwise = count(
        {"type": "conv", "input": shape, "out": in_channels, "groups": in_channels, **window}
    )
    # A stride for each axis says that a map of depth 1 is no batch of one sample.
    ones = {"stride": (1,) * (len(shape) - 1)}
    pointwise = count({"type": "pointwise", "input": depthwise.output, "out": channels, **ones})
    separable = count({"type": "separable", "input": shape, "out": channels, **window})
    assert separable.params == depthwise.params + pointwise.params
    assert separable.macs == depthwise.macs + pointwise.macs
    assert separable.output == pointwise.output


@given(st.integers(1, 5000), st.integers(1, 5000), st.booleans(), st.integers(1, 3))
def test_a_1x1_on_a_1x1_map_is_a_fully_connected_layer(
    channels_in: int, channels_out: int, bias: bool, axes: int
) -> None:
    settings = {"out_channels": channels_out, "bias": bias}
    conv = count({"type": "conv", "kernel": 1, "input": [*(1,) * axes, channels_in], **settings})
    linear = count({"type": "linear", "input": [channels_in], **settings})
    assert conv.params == linear.params == channels_in * channels_out + bias * channels_out
    assert conv.macs == linear.macs == channels_in * channels_out


@given(images(), st.integers(1, 64))
def test_a_1x1_is_the_same_fully_connected_layer_at_each_pixel(
    shape: tuple[int, ...], channels: int
) -> None:
    pointwise = count({"type": "1x1", "input": shape, "out": channels})
    linear = count({"type": "linear", "input": shape, "out": channels})
    assert pointwise.params == linear.params
    assert pointwise.macs == linear.macs == prod(shape[:-1]) * linear.params
    assert pointwise.output == linear.output


@given(images(), st.integers(1, 64), st.integers(1, 8), st.integers(1, 3))
def test_a_bottleneck_has_the_cost_of_its_three_convolutions(
    shape: tuple[int, ...], channels: int, reduction: int, stride: int
) -> None:
    middle = max(1, channels // reduction)
    written_out = f"1x1 {middle}, conv 3x3 {middle} s{stride}, 1x1 {channels}"
    design = f"bottleneck 3x3 {channels} s{stride} reduction={reduction}"
    three, block = count(shape_text(shape), written_out), count(shape_text(shape), design)
    assert (block.params, block.macs, block.output) == (three.params, three.macs, three.output)


@given(images(), chains(), st.integers(1, 3))
@settings(max_examples=30)
def test_every_format_shows_the_same_totals(shape: tuple[int, ...], text: str, batch: int) -> None:
    result = count(shape_text(shape), text, batch=batch)
    totals = [result.params, result.macs]
    assert [json.loads(result.render("json"))["results"][0][key] for key in ("params", "macs")] == (
        totals
    )
    assert [json.loads(result.render("jsonl"))[key] for key in ("params", "macs")] == totals
    rows = list(csv.DictReader(io.StringIO(result.render("csv"))))
    assert [sum(int(row[key]) for row in rows) for key in ("params", "macs")] == totals
    in_bold = re.findall(r"\*\*([0-9,]+)\*\*", result.render("markdown"))
    assert [int(number.replace(",", "")) for number in in_bold[:2]] == totals
    for drawn in (result.render("table"), result.render("table", width=200)):
        (line,) = (line for line in drawn.splitlines() if line.startswith("total "))
        numbers = [int(n.replace(",", "")) for n in re.findall(r"(?<!\S)[0-9,]+(?!\S)", line)]
        assert numbers[:2] == totals


# --- The replay of streams -------------------------------------------------------------------

NUMBERS = st.integers(1, 9) | st.integers(1, 200) | st.sampled_from((2**31 - 1, 1, 2, 4, 8, 64))


@st.composite
def runs_of_one_kind(draw: st.DrawFn) -> list[LayerSpec]:
    """Specs of one type with the same fields and other numbers, as streams hold them."""
    kind = draw(st.sampled_from([*PRIMITIVES, *DESIGNS, "1x1", "no_such_type"]))
    axes = draw(st.integers(0, 3))
    fields: dict[str, st.SearchStrategy[Any]] = {}
    one_or_each = NUMBERS if draw(st.booleans()) else st.tuples(*[NUMBERS] * max(axes, 1))
    pads = st.integers(0, 5)
    optional = {
        "kernel_size": st.integers(1, 9) if draw(st.booleans()) else one_or_each,
        "out_channels": NUMBERS,
        "stride": st.integers(1, 4),
        "padding": draw(
            st.sampled_from(
                (st.sampled_from(("same", "valid")), pads, st.tuples(*[st.tuples(pads, pads)] * 2))
            )
        ),
        "dilation": st.integers(1, 3),
        "groups": NUMBERS,
        "bias": st.booleans(),
        "batch": st.integers(1, 9),
        "name": st.just("a name"),
        "reduction": NUMBERS,
        "expansion": st.integers(1, 6),
        "ratio": st.sampled_from((0.25, 0.5, 1.5)),
        "ceil_mode": st.booleans(),
        "output_size": NUMBERS,
        "output_padding": st.integers(0, 3),
        "projection": st.booleans(),
        "scale": st.integers(1, 4),
        "norm": st.just("batch_norm"),
    }
    likely = (
        ["kernel_size", "out_channels"]
        if kind in DESIGNS
        else [*PRIMITIVES[kind].required]
        if kind in PRIMITIVES
        else []
    )
    for name, strategy in optional.items():
        if name in likely or draw(st.integers(0, 7)) == 0:
            fields[name] = strategy
    shape = st.tuples(*[st.integers(1, 40)] * axes, NUMBERS)
    one = st.fixed_dictionaries({"type": st.just(kind), "input": shape, **fields})
    return [LayerSpec.model_validate(raw) for raw in draw(st.lists(one, min_size=2, max_size=5))]


def ordinary(spec: LayerSpec, batch: int | None, switches: Switches) -> Totals | None:
    """The totals by the ordinary build and count; None where they raise."""
    try:
        subject = build_spec(LIBRARY, spec, batch=batch, switches=switches)
    except ConvcostError:
        return None
    counted = count_graph(subject.graph, subject.batch)
    return Totals(
        counted.input,
        counted.output,
        counted.batch,
        counted.params,
        counted.macs,
        counted.element_ops,
        subject.unused,
    )


@given(
    runs_of_one_kind(),
    st.none() | st.integers(1, 5),
    st.sampled_from((WEIGHTS_ONLY, EVERYTHING, Switches(norm=True))),
)
@settings(max_examples=500)
def test_a_replay_gives_the_ordinary_totals_or_nothing(
    specs: list[LayerSpec], batch: int | None, switches: Switches
) -> None:
    counter = StreamCounter(LIBRARY, switches)
    for spec in [*specs, *specs]:
        replayed = counter.totals(spec, None, batch)
        if replayed is not None:
            assert replayed == ordinary(spec, batch, switches)


REPLAYED: dict[str, dict[str, Any]] = {
    "conv": {"kernel_size": 3, "out_channels": 8, "padding": [[0, 1], [1, 2]]},
    "conv_transpose": {"kernel_size": 3, "out_channels": 8, "stride": 2},
    "linear": {"out_channels": 10},
    "max_pool": {"kernel_size": [3, 3], "stride": [2, 2]},
    "avg_pool": {"kernel_size": 2},
    "standard": {"kernel_size": 3, "out_channels": 8, "groups": 2},
    "1x1": {"out_channels": 8, "stride": 2},
    "separable": {"kernel_size": 3, "out_channels": 8},
    "bottleneck": {"kernel_size": 3, "out_channels": 8, "reduction": 2},
}


@pytest.mark.parametrize("kind", REPLAYED)
def test_a_second_spec_of_a_kind_is_answered_by_replay(kind: str) -> None:
    first = LayerSpec.model_validate({"type": kind, "input": [16, 16, 4], **REPLAYED[kind]})
    second = first.model_copy(update={"input": (20, 18, 6)})
    counter = StreamCounter(LIBRARY)
    assert counter.totals(first, None, None) is None
    assert counter.totals(second, None, 3) == ordinary(second, 3, WEIGHTS_ONLY)
    assert counter.totals(second, None, 3) is not None


def test_a_replay_declines_what_the_ordinary_way_refuses() -> None:
    def grouped(groups: int) -> LayerSpec:
        raw = {"type": "conv", "input": "8x8x12", "kernel": 3, "out": 12, "groups": groups}
        return LayerSpec.model_validate(raw)

    counter = StreamCounter(LIBRARY)
    counter.totals(grouped(2), None, None)
    assert counter.totals(grouped(3), None, None) is not None
    assert counter.totals(grouped(5), None, None) is None
