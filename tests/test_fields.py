"""One table of fields and one of names: every way in reads the same words as the same thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convcost.engine.counting import count
from convcost.errors import ConvcostError, OperationError
from convcost.language.building import build_spec
from convcost.language.fields import FIELDS, LETTERS, SETTINGS, SPELLINGS, spellings_of
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.names import proper_name
from convcost.language.toml import parse_toml
from convcost.language.words import option_value
from convcost.quantities import parse_shape
from convcost.sources.files import read_specs
from convcost.sources.found import Problem
from convcost.sources.specs import build_document
from convcost.sources.text import build_text

LIBRARY = Library()
INPUT = (56, 56, 256)

SIZES = ["3x5", "3X5", "3\u00d75", "3 x 5", "3,5", "3, 5", "(3, 5)", "[3, 5]", "3*5"]
"""Every spelling of one pair of sizes."""


def by_json(raw: dict[str, Any]) -> LayerSpec:
    """A spec as a JSON file gives it."""
    import io

    (item,) = read_specs(io.BytesIO(json.dumps(raw).encode()), "a.json")
    if isinstance(item, Problem):
        raise item.error
    assert item.spec is not None
    return item.spec


def params(spec: LayerSpec) -> int:
    return count(build_spec(LIBRARY, spec, input=INPUT).graph).params


@pytest.mark.parametrize("text", SIZES)
@pytest.mark.parametrize("field", ["kernel_size", "stride", "dilation"])
def test_sizes_are_one_grammar(text: str, field: str) -> None:
    assert getattr(by_json({"type": "conv", field: text}), field) == (3, 5)
    assert tuple(option_value(field, text, "--kernel")) == (3, 5)
    if text != "3*5":  # an expression of a design file, and there it is 15
        layer = f'[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = 1\n{field} = "{text}"'
        layer = layer.replace("kernel_size = 1\n", "") if field == "kernel_size" else layer
        document = {"input": "56x56x256", **parse_toml(layer, "net.toml")}
        row = count(build_document(LIBRARY, document, "net.toml").graph).rows[0]
        assert row.settings[field] == (3, 5)


@pytest.mark.parametrize(
    "text",
    [
        *("56x56x256", "56,56,256", "(56, 56, 256)", "[56, 56, 256]", "56X56X256"),
        *("56\u00d756\u00d7256", "56*56*256", "56 x 56 x 256", " 56x56x256 ", "(56,56,256,)"),
    ],
)
def test_a_shape_is_one_grammar(text: str) -> None:
    assert parse_shape(text) == INPUT
    assert by_json({"input": text}).input == INPUT
    assert by_json({"input_shape": text}).input == INPUT


@pytest.mark.parametrize(
    ("text", "pads"),
    [
        ("same", "same"),
        ("SAME", "same"),
        ("valid", "valid"),
        ("causal", "causal"),
        ("1", 1),
        ("1x0", (1, 0)),
        ("(1, 0)", (1, 0)),
        ("0:1x2:3", ((0, 1), (2, 3))),
        ("7:0", ((7, 0),)),
    ],
)
def test_padding_is_one_grammar(text: str, pads: Any) -> None:
    assert by_json({"padding": text}).padding == pads
    axes = len(pads) if isinstance(pads, tuple) else 2
    layer = {"type": "conv", "kernel_size": 3, "out_channels": 4}
    shape = [9] * axes + [2]
    made = [
        build_document(LIBRARY, {"input": shape, "layers": [{**layer, **given}]}, "a.toml")
        for given in ({"padding": text}, {"pad": _lists(pads)})
    ]
    assert made[0].graph == made[1].graph
    if isinstance(pads, tuple) and isinstance(pads[0], tuple):
        assert by_json({"padding": [list(pair) for pair in pads]}).padding == pads


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("field", FIELDS)
def test_every_spelling_of_a_field_is_read_everywhere(field: str) -> None:
    value = {"shape": "8x8x4", "flag": True, "text": "conv"}.get(FIELDS[field].check, 2)
    for word in spellings_of(field):
        assert by_json({word: value}) == by_json({field: value})
        if field in SETTINGS:
            layer: dict[str, Any] = {"kernel_size": 3, "out_channels": 4, field: value}
            alone = {key: old for key, old in layer.items() if key != field} | {word: value}
            documents = [
                {"input": "8x8x4", "layers": [{"type": "conv", **given}]}
                for given in (layer, alone)
            ]
            one, other = (build_document(LIBRARY, given, "a.toml").graph for given in documents)
            assert one == other


def test_no_spelling_and_no_letter_means_two_things() -> None:
    words = [word for field in FIELDS for word in spellings_of(field)]
    assert len(words) == len(set(words))
    assert len(LETTERS) == sum(1 for field in FIELDS.values() if field.letter)


@pytest.mark.parametrize("kind", ["conv", "separable"])
@pytest.mark.parametrize(
    ("word", "field"), [("kernel", "kernel_size"), ("filters", "out_channels")]
)
def test_a_field_given_twice_is_refused_in_one_wording(kind: str, word: str, field: str) -> None:
    layer = {"type": kind, "kernel_size": 3, "out_channels": 4, word: 5}
    with pytest.raises(ConvcostError) as by_spec:
        build_spec(LIBRARY, LayerSpec.model_validate(layer), input=INPUT)
    with pytest.raises(ConvcostError) as by_file:
        build_document(LIBRARY, {"input": "8x8x4", "layers": [layer]}, "net.toml")
    assert by_spec.value.message == by_file.value.message == f"{field} is given twice"


def test_a_design_may_use_a_spelling_for_a_parameter_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        "parameters.filters = 4\n"
        '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "filters"\n'
    )
    library = Library((tmp_path,))
    for text in ("mine filters=8", "mine out=8", "mine 8"):
        assert build_text(library, text, INPUT).graph.output == (56, 56, 8)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kernel_size", "3x3x3", "kernel_size has 3 sizes, the input has 2 spatial axes"),
        ("kernel_size", [3], "kernel_size has 1 sizes, the input has 2 spatial axes"),
        ("stride", [2, 2, 2], "stride has 3 sizes, the input has 2 spatial axes"),
        ("dilation", [2], "dilation has 1 sizes, the input has 2 spatial axes"),
        ("padding", [1], "padding has 1 sizes, the input has 2 spatial axes"),
        ("padding", [1, 1, 1], "padding has 3 sizes, the input has 2 spatial axes"),
        (
            "padding",
            [[1, 1]],
            "padding in pairs needs [before, after] for each of 2 spatial axes",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["conv", "standard", "max_pool"])
def test_a_setting_per_axis_has_one_size_for_each(
    kind: str, field: str, value: Any, message: str
) -> None:
    layer = {"type": kind, "kernel_size": 3, field: value}
    layer |= {} if kind == "max_pool" else {"out_channels": 4}
    with pytest.raises(ConvcostError) as caught:
        params(by_json(layer))
    assert caught.value.message == message
    with pytest.raises(ConvcostError) as caught:
        build_document(LIBRARY, {"input": "56x56x256", "layers": [layer]}, "net.toml")
    assert caught.value.message == message


def test_a_padding_of_five_gets_a_sentence() -> None:
    with pytest.raises(ConvcostError) as caught:
        by_json({"type": "conv", "padding": [1, 2, 3, 4, 5]})
    assert caught.value.message == "padding has 5 sizes, and an input has 1 to 3 spatial axes"
    assert caught.value.hint == (
        "padding may be same, valid, causal, a number, one for each axis, or before:after pairs"
    )


@pytest.mark.parametrize(
    ("word", "proper"),
    [
        ("mobilenetv2", "mobilenet_v2"),
        ("ResNet-50", "resnet50"),
        ("resnet_50", "resnet50"),
        ("VGG16", "vgg16"),
        ("SqueezeNet1_1", "squeezenet1_1"),
        ("Conv2D", "conv"),
        ("dw", "depthwise"),
        ("depthwise_conv", "depthwise"),
        ("DepthwiseConv2D", "depthwise"),
        ("depthwise-separable", "separable"),
        ("SeparableConv2D", "separable"),
        ("dsconv", "separable"),
        ("MaxPooling2D", "max_pool"),
        ("bn", "batch_norm"),
        ("GAP", "global_avg_pool"),
        ("global_average_pooling", "global_avg_pool"),
        ("fc", "linear"),
        ("Dense", "linear"),
        ("pw", "pointwise"),
        ("1x1", "pointwise"),
        ("MBConv", "mbconv"),
        ("conv", "conv"),
        ("what", None),
    ],
)
def test_a_name_may_be_written_as_people_write_it(word: str, proper: str | None) -> None:
    from convcost.language.primitives import PRIMITIVES

    assert proper_name(word, [*PRIMITIVES, *LIBRARY.names()]) == proper
    assert LIBRARY.proper(word) == (proper or word)


def test_another_name_is_accepted_wherever_a_type_stands_and_never_printed() -> None:
    one = build_text(LIBRARY, "dw 3x3", INPUT)
    other = build_spec(LIBRARY, by_json({"conv_type": "DW-Conv", "kernel": 3}), input=INPUT)
    layer = {"type": "DepthwiseConv2D", "kernel_size": 3}
    third = build_document(LIBRARY, {"input": "56x56x256", "layers": [layer]}, "net.toml")
    for subject in (one, other, third):
        assert count(subject.graph).params == 3 * 3 * 256
    assert other.name == other.design == "depthwise"
    assert [node.name for node in third.graph.nodes] == ["depthwise.conv"]
    assert third.graph.scopes == {"depthwise": "depthwise"}


def test_a_design_of_the_user_comes_before_another_name(tmp_path: Path) -> None:
    (tmp_path / "dw.toml").write_text('[[layers]]\ntype = "1x1"\nout_channels = 8\n')
    library = Library((tmp_path,))
    assert library.find("dw").name == "dw"
    assert library.find("dwconv").name == "depthwise"


def test_a_layer_type_is_no_design() -> None:
    with pytest.raises(OperationError) as caught:
        LIBRARY.find("conv")
    assert caught.value.message == "conv is a layer type, not a design"
    assert caught.value.hint == "standard is the design of one conv"


def test_a_name_that_nobody_knows_is_not_answered_with_everything() -> None:
    with pytest.raises(OperationError) as caught:
        LIBRARY.find("vit_b_16")
    assert caught.value.message == "vit_b_16 is not a layer type or design"
    assert caught.value.hint == (
        "layers: conv, 1x1, depthwise, separable, bottleneck, max_pool, linear, relu, ... "
        "(convcost designs lists more)"
    )
    with pytest.raises(OperationError) as caught:
        LIBRARY.find("resnet5")
    assert caught.value.hint == "did you mean resnet50?"


def test_spellings_stay_out_of_what_is_written() -> None:
    spec = by_json({"conv_type": "conv", "filters": 4, "kernel": 3})
    assert set(spec.settings()).isdisjoint(SPELLINGS)
