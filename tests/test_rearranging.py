"""What the new layers refuse, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from convcost import count
from convcost.engine.receptive_field import receptive_fields
from convcost.errors import ConvcostError
from convcost.language.library import Library
from convcost.sources.specs import build_document

LIBRARY = Library()


@pytest.mark.parametrize(
    ("shape", "line", "message"),
    [
        ("8x8x6", "pixel_shuffle 2", "scale=2 needs a multiple of 4 channels, not 6"),
        ("8x7x4", "space_to_depth 2", "scale=2 does not divide 8x7"),
        ("8x8x4", "pad", "pad needs padding"),
        ("8x8x4", "pad same", "the padding of pad is numbers, not same"),
        ("8x8x4", "crop", "crop needs output_size, padding or a second layer, and one of them"),
        ("8x8x4", "crop 9x8", "9x8 is no part of 8x8"),
        ("8x8x4", "crop p4", "0x0 is no part of 8x8"),
        (
            "8x8x4",
            "crop 4 p2",
            "crop needs output_size, padding or a second layer, and one of them",
        ),
        (
            "8x8x4",
            "transpose order=[0,1]",
            "order must hold each axis of 8x8x4 once, 0 to 2",
        ),
        ("8x8x4", "reshape 5x5", "8x8x4 does not reshape to 5x5: it has 256 values"),
        ("8x8x4", "reshape shape=[-1,5]", "8x8x4 does not reshape to -1x5: it has 256 values"),
        ("8x8x4", "reshape shape=[-1,-1]", "8x8x4 does not reshape to -1x-1: it has 256 values"),
        ("8x8x4", "reshape shape=[0,256]", "0 is not a size"),
        ("8x8x4", "attention 3", "heads=3 does not divide 4 channels"),
        ("8x8x4", "lstm 3", "lstm needs a sequence, not 8x8x4"),
        ("8x4", "lstm 3 layers=101", "layers must be at most 100"),
        ("8x8x4", "group_norm 3", "groups=3 does not divide 4 channels"),
        ("8x8x4", "conv_transpose 3x3 4 causal", "a transposed convolution cannot be causal"),
        ("8x8x4", "dropout 1.5", "rate must be between 0 and 1, not 1.5"),
        ("8x8x4", "matmul", "matmul stands only inside a design"),
    ],
)
def test_what_does_not_fit_is_refused(shape: str, line: str, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        count(shape, line)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            {"type": "identity"},
            {"type": "identity"},
            "matmul: 6x4 and 6x4 do not fit: 4 columns and 6 rows",
        ),
        (
            {"type": "identity"},
            {"type": "flatten"},
            "matmul: 6x4 and 24 are no two matrices of one kind",
        ),
    ],
)
def test_matrices_that_do_not_fit_are_refused(first: Any, second: Any, message: str) -> None:
    layers = [
        {**first, "name": "a", "from": "input"},
        {**second, "name": "b", "from": "input"},
        {"type": "matmul", "from": ["a", "b"]},
    ]
    with pytest.raises(ConvcostError) as caught:
        build_document(LIBRARY, {"input": [6, 4], "layers": layers}, "net.json")
    assert caught.value.message == message


def test_a_deformable_convolution_says_what_is_apart() -> None:
    result = count("56x56x64", "deform_conv 3x3 64")
    assert result.macs == count("56x56x64", "conv 3x3 64").macs == 56 * 56 * 3 * 3 * 64 * 64
    assert result.document()["notes"] == [
        "deform_conv: reading between positions (4 values a tap) is not counted; "
        "the layer that makes its offsets stands beside it"
    ]


def test_positions_and_channels_change_places_and_back() -> None:
    result = count("8x6x4", "space_to_depth 2, pixel_shuffle 2")
    assert [row.node.output for row in result.counted.rows] == [(4, 3, 16), (8, 6, 4)]
    # A block of two, then half a step of two more, since finer values share a position.
    field = receptive_fields(result.counted.graph)[-1]
    assert field.is_bound
    assert field.size == (2 + 2 // 2, 2 + 2 // 2)


def test_a_recurrent_layer_and_an_attention_see_the_whole_sequence() -> None:
    for line in ("lstm 4", "attention 2"):
        size = receptive_fields(count("30x8", line).counted.graph)[-1].size
        assert size in ((30,), None)
