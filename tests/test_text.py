"""The one-line spelling: what it accepts, how specs are written in it, and every error whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import layer_specs

from convcost import count
from convcost.errors import ConvcostError, SpecError
from convcost.language.layers import LayerSpec
from convcost.sources.text import format_layer, parse

SAME_LAYER = [
    ("conv 3x3 64", {"kernel_size": (3, 3), "out_channels": 64}),
    ("conv 64 3x3", {"kernel_size": (3, 3), "out_channels": 64}),
    ("  conv\t3x3   64 ", {"kernel_size": (3, 3), "out_channels": 64}),
    ("conv 3 64", {"kernel_size": 3, "out_channels": 64}),
    ("conv kernel=3 64", {"kernel_size": 3, "out_channels": 64}),
    ("conv kernel_size=3x3 out=64", {"kernel_size": (3, 3), "out_channels": 64}),
    ("conv kernel_size=[3,3] out_channels=64", {"kernel_size": (3, 3), "out_channels": 64}),
    ("conv 64", {"out_channels": 64}),
    ("conv 7x1 64 s2", {"kernel_size": (7, 1), "out_channels": 64, "stride": 2}),
    ("conv s2 64 7x1", {"kernel_size": (7, 1), "out_channels": 64, "stride": 2}),
    ("conv 3x3 8 stride=2x1", {"kernel_size": (3, 3), "out_channels": 8, "stride": (2, 1)}),
    ("conv 3x3 8 s2x1", {"kernel_size": (3, 3), "out_channels": 8, "stride": (2, 1)}),
    ("conv 3x3 8 p1", {"kernel_size": (3, 3), "out_channels": 8, "padding": 1}),
    ("conv 3x3 8 p1x0", {"kernel_size": (3, 3), "out_channels": 8, "padding": (1, 0)}),
    (
        "conv 3x3 8 p0:1x2:3",
        {"kernel_size": (3, 3), "out_channels": 8, "padding": ((0, 1), (2, 3))},
    ),
    (
        "conv 3x3 8 padding=[[0,1],[2,3]]",
        {"kernel_size": (3, 3), "out_channels": 8, "padding": ((0, 1), (2, 3))},
    ),
    (
        "conv 3x3 8 padding=[[0, 1], [2, 3]]",
        {"kernel_size": (3, 3), "out_channels": 8, "padding": ((0, 1), (2, 3))},
    ),
    (
        "conv 3x3 8 p1x2:3",
        {"kernel_size": (3, 3), "out_channels": 8, "padding": ((1, 1), (2, 3))},
    ),
    ("conv 3x3 8 same", {"kernel_size": (3, 3), "out_channels": 8, "padding": "same"}),
    ("conv 3x3 8 padding=valid", {"kernel_size": (3, 3), "out_channels": 8, "padding": "valid"}),
    ("conv 3x3 8 valid", {"kernel_size": (3, 3), "out_channels": 8, "padding": "valid"}),
    ("conv 3x3 8 d2", {"kernel_size": (3, 3), "out_channels": 8, "dilation": 2}),
    ("conv 3x3 8 g4", {"kernel_size": (3, 3), "out_channels": 8, "groups": 4}),
    ("conv 3x3 8 bias=true", {"kernel_size": (3, 3), "out_channels": 8, "bias": True}),
    ("conv 3x3 8 x3", {"kernel_size": (3, 3), "out_channels": 8, "repeat": 3}),
    ("conv 3x3 8 repeat=3", {"kernel_size": (3, 3), "out_channels": 8, "repeat": 3}),
    ("conv 3x3 8 name=stem", {"kernel_size": (3, 3), "out_channels": 8, "name": "stem"}),
    (
        'conv 3x3 8 name="the \\"stem\\", of it"',
        {"kernel_size": (3, 3), "out_channels": 8, "name": 'the "stem", of it'},
    ),
    (
        "conv 3x3 8 norm=batch_norm",
        {"kernel_size": (3, 3), "out_channels": 8, "norm": "batch_norm"},
    ),
]


@pytest.mark.parametrize(("text", "fields"), SAME_LAYER)
def test_a_layer_means_its_fields(text: str, fields: dict[str, Any]) -> None:
    (layer,) = parse(text)
    assert layer.spec == LayerSpec.model_validate({"type": "conv", **fields})


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("max_pool 3", {"kernel_size": 3}),
        ("max_pool 3x3 s2", {"kernel_size": (3, 3), "stride": 2}),
        ("linear 1000", {"out_channels": 1000}),
        ("1x1 64", {"out_channels": 64}),
        (
            "bottleneck 3x3 64 reduction=2",
            {"kernel_size": (3, 3), "out_channels": 64, "reduction": 2},
        ),
        ("mbconv 3x3 64 ratio=0.25", {"kernel_size": (3, 3), "out_channels": 64, "ratio": 0.25}),
        ("a_block shift=-1", {"shift": -1}),
        ("a_block projection=false", {"projection": False}),
        ("a_block widths=[1,2,3]", {"widths": [1, 2, 3]}),
        ('a_block word="true"', {"word": "true"}),
    ],
)
def test_numbers_and_words_mean_what_the_type_makes_of_them(
    text: str, fields: dict[str, Any]
) -> None:
    (layer,) = parse(text)
    assert layer.spec == LayerSpec.model_validate({"type": text.split(maxsplit=1)[0], **fields})


def test_commas_separate_layers() -> None:
    layers = parse("conv 7x7 64 s2,max_pool 3x3 s2 , bottleneck 3x3 64 x3")
    assert [layer.spec.type for layer in layers] == ["conv", "max_pool", "bottleneck"]
    assert [layer.spec.repeat for layer in layers] == [None, None, 3]


def test_a_layer_knows_where_its_words_stand() -> None:
    text = "conv 3x3 64, conv 1x3 64 g2"
    origin = parse(text)[1].origin
    assert text[slice(*origin.span)] == "conv 1x3 64 g2"
    assert {field: text[slice(*span)] for field, span in origin.fields.items()} == {
        "type": "conv",
        "kernel_size": "1x3",
        "out_channels": "64",
        "groups": "g2",
    }


@given(layer_specs())
def test_a_spec_survives_being_written_and_read(spec: LayerSpec) -> None:
    (layer,) = parse(format_layer(spec))
    assert layer.spec == spec
    assert layer.spec.__pydantic_extra__ == spec.__pydantic_extra__


@given(st.lists(layer_specs(), min_size=2, max_size=4))
def test_layers_survive_being_written_on_one_line(specs: list[LayerSpec]) -> None:
    layers = parse(", ".join(map(format_layer, specs)))
    assert [layer.spec for layer in layers] == specs


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"type": "conv", "kernel_size": [3, 3], "out_channels": 64, "stride": 2},
            "conv 3x3 64 s2",
        ),
        ({"type": "conv", "kernel": "3x1", "out": 8, "padding": [1, 0]}, "conv 3x1 8 p1x0"),
        ({"type": "conv", "kernel": 3, "out": 8}, "conv kernel_size=3 8"),
        ({"type": "conv", "padding": [[0, 1], [2, 3]]}, "conv p0:1x2:3"),
        ({"type": "conv", "padding": "same"}, "conv same"),
        ({"type": "conv", "padding": "causal"}, 'conv padding="causal"'),
        ({"type": "max_pool", "kernel_size": [2, 2]}, "max_pool 2x2"),
        ({"type": "conv", "groups": 4, "bias": True, "repeat": 3}, "conv g4 bias=true x3"),
        ({"type": "bottleneck", "out": 64, "reduction": 2}, "bottleneck 64 reduction=2"),
        ({"type": "conv", "name": "a b"}, 'conv name="a b"'),
    ],
)
def test_a_spec_is_written_in_its_shortest_spelling(fields: dict[str, Any], text: str) -> None:
    assert format_layer(LayerSpec.model_validate(fields)) == text


def test_a_type_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(ConvcostError) as caught:
        format_layer(LayerSpec(type="my block"))
    assert str(caught.value) == "'my block' cannot be written on one line"


EXPECTED = "expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value"
VALUES = "expected true, false, a number, sizes (3x1), a word or a quoted text"

# The second line of each error is the text that is counted, on 56x56x256.
ERRORS = [
    """
a layer is missing here
  ,
  ^
  such as conv 3x3 64
""",
    """
a layer is missing here
  conv 3x3 64,
              ^
  such as conv 3x3 64
""",
    """
a layer is missing here
  conv 3x3 64, , conv 3x3 64
               ^
  such as conv 3x3 64
""",
    """
@@ is not a layer type
  @@ 3x3
  ^^
  a layer starts with its type: conv, 1x1, separable, max_pool, ...
""",
    """
cnv is not a layer type or design
  cnv 3x3 64
  ^^^
  did you mean conv?
""",
    """
sepparable is not a layer type or design
  conv 3x3 64, sepparable 3x3 64
               ^^^^^^^^^^
  did you mean separable?
""",
    """
conv needs kernel_size
  conv
  ^^^^
  such as kernel_size=3
""",
    """
conv needs out_channels
  conv 3x3
  ^^^^^^^^
  such as out_channels=64
""",
    f"""
one number too many
  conv 3x3 64 64
              ^^
  {EXPECTED}
""",
    """
one number too many
  max_pool 3 3
             ^
  write max_pool 3x3 s3
""",
    f"""
gr3 is not understood
  conv 3x3 64 gr3
              ^^^
  {EXPECTED}
""",
    f"""
p-1 is not understood
  conv 3x3 64 p-1
              ^^^
  {EXPECTED}
""",
    f"""
3.5 is not understood
  conv 3.5 64
       ^^^
  {EXPECTED}
""",
    f"""
1e3 is not understood
  conv 3x3 1e3
           ^^^
  {EXPECTED}
""",
    """
stride is given twice
  conv 3x3 64 s2 stride=3
                 ^^^^^^^^
""",
    """
kernel_size is given twice
  conv 3x3 64 kernel=3
              ^^^^^^^^
""",
    """
padding is given twice
  conv 3x3 64 valid p1
                    ^^
""",
    """
stride must be at least 1, not 0
  conv 3x3 64 s0
              ^^
""",
    """
kernel_size must be at least 1, not 0
  conv 0x3 64
       ^^^
""",
    """
out_channels must be at most 2147483647, not 99999999999
  conv 3x3 99999999999
           ^^^^^^^^^^^
""",
    """
repeat must be at least 1, not 0
  conv 3x3 64 x0
              ^^
""",
    """
repeat must be at most 10000
  conv 3x3 64 x20001
              ^^^^^^
""",
    """
kernel_size has 3 sizes, the input has 2 spatial axes
  conv 3x3x3 64
       ^^^^^
""",
    """
dilation has 3 sizes, the input has 2 spatial axes
  conv 3x3 64 d2x2x2
              ^^^^^^
""",
    """
groups=3 does not divide 256 input channels
  conv 3x3 64 g3
              ^^
  try g1, g2, g4, g8, g16, g32 or g64
""",
    """
groups=32 does not divide 48 output channels
  conv 3x3 48 g32
              ^^^
  try g1, g2, g4, g8 or g16
""",
    """
groups=5 does not divide 64 input channels
  conv 3x3 64, conv 3x3 32 g5
                           ^^
  try g1, g2, g4, g8, g16 or g32
""",
    """
a kernel of 60x60 is larger than the padded input of 56x56
  conv 60x60 64 valid
       ^^^^^
  use padding=same, more padding or a smaller kernel
""",
    """
a kernel of 7x7 (dilated: 61x61) is larger than the padded input of 58x60
  conv 7x7 64 d10 p1x2
       ^^^
  use padding=same, more padding or a smaller kernel
""",
    """
padding must be same, valid, causal or numbers, not 'sme'
  conv 3x3 64 padding=sme
              ^^^^^^^^^^^
""",
    """
padding in pairs needs [before, after] for each of 2 spatial axes
  conv 3x3 64 padding=[[0,1]]
              ^^^^^^^^^^^^^^^
  padding may be same, valid, causal, a number, one for each axis, or before:after pairs
""",
    """
bias must be true or false, not 3
  conv 3x3 64 bias=3
              ^^^^^^
""",
    """
bias must be true or false, not 'yes'
  conv 3x3 64 bias=yes
              ^^^^^^^^
""",
    f"""
stride has no value
  conv 3x3 64 stride=
                     ^
  {VALUES}
""",
    f"""
@ is not a value
  conv 3x3 64 stride=@
                     ^
  {VALUES}
""",
    """
conv has no field strid
  conv 3x3 64 strid=2
              ^^^^^^^
  did you mean stride?
""",
    """
linear has no field kernel_size
  linear 3x3 10
         ^^^
  known: out_channels, bias, norm or activation
""",
    """
bottleneck has no parameter reducton
  bottleneck 3x3 64 reducton=2
                    ^^^^^^^^^^
  did you mean reduction?
""",
    """
norm='foo' is not known
  conv 3x3 64 norm=foo
              ^^^^^^^^
  known: batch_norm, layer_norm, group_norm or instance_norm
""",
    """
type cannot be set here
  conv 3x3 64 type=conv
              ^^^^^^^^^
""",
    """
input cannot be set here
  conv 3x3 64 input=8x8x8
              ^^^^^^^^^^^
""",
    """
split stands only inside a design
  split parts=2
  ^^^^^
""",
]


@pytest.mark.parametrize("expected", ERRORS, ids=lambda text: text.strip().splitlines()[0])
def test_an_error_points_at_the_word_to_blame(expected: str) -> None:
    text = expected.splitlines()[2].removeprefix("  ")
    with pytest.raises(SpecError) as caught:
        count("56x56x256", text)
    assert str(caught.value) == expected.strip("\n")


def test_a_long_line_is_cut_around_the_caret() -> None:
    text = ", ".join(["conv 3x3 64"] * 10 + ["conv 3x3 64 g7"] + ["conv 3x3 64"] * 10)
    with pytest.raises(SpecError) as caught:
        count("56x56x256", text)
    assert str(caught.value) == (
        "groups=7 does not divide 64 input channels\n"
        "  ...onv 3x3 64, conv 3x3 64 g7, conv 3x3 64, conv 3x3 64, conv 3x3 64, conv ...\n"
        "                             ^^\n"
        "  try g1, g2, g4, g8, g16, g32 or g64"
    )


def test_an_unclosed_quote_is_named() -> None:
    with pytest.raises(SpecError) as caught:
        parse('conv 3x3 64 name="the stem')
    assert str(caught.value) == (
        '"the stem is not a value\n'
        '  conv 3x3 64 name="the stem\n'
        "                   ^^^^^^^^^\n"
        f"  {VALUES}"
    )


@pytest.mark.parametrize("room", [80, 81])
def test_sizes_in_a_text_have_room_for_80_characters(room: int) -> None:
    text = "3x3".ljust(room)
    if room > 80:
        with pytest.raises(ValidationError):
            LayerSpec.model_validate({"type": "conv", "kernel_size": text})
    else:
        assert LayerSpec.model_validate({"type": "conv", "kernel_size": text}).kernel_size == (3, 3)
