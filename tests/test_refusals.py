"""What design files and comparisons are refused for, where no other page says it."""

from __future__ import annotations

import io
from fractions import Fraction
from math import isnan
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost import count
from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.language.arguments import argument
from convcost.language.makers import MAX_RECURRENT, spatial_axes
from convcost.language.toml import parse_toml
from convcost.language.values import axes, whole
from convcost.sources import files
from convcost.sources.words import check_file
from convcost.studies import keeping
from convcost.studies.keeping import All, Best, Front, Objective, Rows


@pytest.mark.parametrize(
    ("words", "place", "what"),
    [
        (["bottleneck", "--out", "8"], "bottleneck", "designs"),
        (["conv 3x3 8"], "conv 3x3 8", "layers"),
    ],
)
def test_networks_are_compared_with_networks(
    invoke: Run, words: list[str], place: str, what: str
) -> None:
    assert invoke("compare", "56x56x8", "alexnet", *words) == refusal(
        f"error: networks are not compared with {what}",
        f"  {place}",
        "  name networks only, or designs only",
    )


def test_two_layers_of_a_design_have_two_names(invoke: Run, tmp_path: Path) -> None:
    layer = '[[layers]]\ntype = "relu"\nname = "a"\n'
    (tmp_path / "twice.toml").write_text(layer * 2)
    done = invoke("count", "8x8x4", "./twice.toml")
    assert (done.code, done.out) == (2, "")
    assert "two layers are called a" in done.err


def test_a_decimal_of_a_file_has_forty_characters_at_most() -> None:
    text = "0." + "1" * 38
    assert parse_toml(f"a = {text}", "a.toml") == {"a": Fraction(text)}
    assert isnan(parse_toml(f"a = {text}1", "a.toml")["a"])
    assert parse_toml("a = 1_0.5_0", "a.toml") == {"a": Fraction(21, 2)}
    assert isnan(parse_toml("a = 1e3", "a.toml")["a"])


def rows(number: int) -> Rows:
    return Rows([{"macs": at, "params": -at} for at in range(number)])


def test_so_many_rows_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MAX_ROWS", 3)
    macs = Objective("macs")
    for keeper in (Best(macs, None), All(None)):
        keeper.add(rows(3))
        assert [row["macs"] for row in keeper.finished(None, None)[0]] == [0, 1, 2]
    for keeper in (Best(macs, None), All(None)):
        with pytest.raises(SpecError) as caught:
            keeper.add(rows(4))
        assert caught.value.message == "more than 3 rows"
    for keeper in (Best(macs, 2), All(2)):
        keeper.add(rows(9))
        kept, number = keeper.finished(2, None)
        assert ([row["macs"] for row in kept], number) == ([0, 1], 9)


def test_a_front_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer MACs are more parameters: nothing beats anything."""
    objectives = [Objective("macs"), Objective("params")]
    monkeypatch.setattr(keeping, "MAX_FRONT", 3)
    front = Front(objectives)
    front.add(rows(3))
    assert len(front.finished(None, None)[0]) == 3
    with pytest.raises(SpecError):
        Front(objectives).add(rows(4))


def test_a_document_may_be_as_long_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first line does not open and close a brace: it is read to its end."""
    text = b'{\n"type": "relu",\n"input": "8x8x4"\n}'
    monkeypatch.setattr(files, "MAX_DOCUMENT", len(text))
    assert len(list(files.read_specs(io.BytesIO(text), "a.json"))) == 1
    monkeypatch.setattr(files, "MAX_DOCUMENT", len(text) - 1)
    with pytest.raises(SpecError) as caught:
        list(files.read_specs(io.BytesIO(text), "a.json"))
    assert caught.value.message == f"the document is longer than {len(text) - 1} bytes"


def test_bare_sizes_behind_a_shape_are_a_kernel_and_channels(invoke: Run) -> None:
    def macs(*words: str) -> str:
        return invoke("count", "8x6x4", "conv", *words, "--get", "macs").out

    assert macs("3", "5") == f"{8 * 6 * 3 * 3 * 4 * 5}\n"
    assert macs("3x1", "5") == f"{8 * 6 * 3 * 4 * 5}\n"
    assert macs("1x3", "5") == f"{8 * 6 * 3 * 4 * 5}\n"


def test_many_names_are_cut_where_one_is_meant(invoke: Run) -> None:
    names = ["efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "alexnet"]
    listed = ", ".join(names)
    assert len(listed) > 72
    assert invoke("explain", *names) == refusal(
        "error: explain takes one thing, not 5", f"  {listed[:69]}..."
    )


def test_sizes_of_axes_as_a_number_a_text_or_a_list() -> None:
    for value in (3, "3", [3, 3], (3, 3), "3x3"):
        assert axes(value, 2, "kernel_size") == (3, 3)
    assert axes("3x1", 2, "kernel_size") == (3, 1)
    assert axes("0x1", 2, "padding", least=0) == (0, 1)
    for value, number, message in (
        ("3x1", 3, "kernel_size has 2 sizes, the input has 3 spatial axes"),
        ([3], 2, "kernel_size has 1 sizes, the input has 2 spatial axes"),
        ([3, 3], 1, "kernel_size has 2 sizes, the input has 1 spatial axis"),
        ("0", 2, "kernel_size must be at least 1, not 0"),
        ("9" * 30, 2, "kernel_size must be at most 2147483647, not 2147483648"),
    ):
        with pytest.raises(OperationError) as caught:
            axes(value, number, "kernel_size")
        assert caught.value.message == message


def test_a_recurrent_layer_has_so_many_layers_at_most() -> None:
    most = MAX_RECURRENT
    assert count("5x4", f"lstm 4 layers={most}").params == most * 4 * 4 * (4 + 4)
    with pytest.raises(ConvcostError) as caught:
        count("5x4", f"lstm 4 layers={most + 1}")
    assert caught.value.message == f"layers must be at most {most}"


def test_windows_slide_over_three_axes_at_most() -> None:
    assert spatial_axes("conv", (8, 4)) == 1
    assert spatial_axes("conv", (8, 8, 8, 4)) == 3
    for shape in ((4,), (8, 8, 8, 8, 4)):
        with pytest.raises(OperationError) as caught:
            spatial_axes("conv", shape)
        assert caught.value.message.startswith("conv needs an input with 1 to 3 spatial axes")


@pytest.mark.parametrize("name", ["kernel_size", "stride"])
def test_a_size_of_an_axis_is_at_least_1(name: str) -> None:
    with pytest.raises(OperationError) as caught:
        argument(name, [0, 1])
    assert caught.value.message == f"{name} must be at least 1, not 0"


def test_a_list_that_is_not_of_axes_may_hold_0() -> None:
    assert argument("widths", [0, 1]) == (0, 1)


def test_a_text_of_one_size_stands_for_all_axes() -> None:
    assert axes("3", 2, "kernel_size") == (3, 3)
    assert axes("3x5", 2, "kernel_size") == (3, 5)


def test_a_fraction_that_is_whole_is_a_whole_number() -> None:
    assert whole(Fraction(6, 2), "width") == 3
    with pytest.raises(OperationError) as caught:
        whole(Fraction(3, 2), "width")
    assert caught.value.message == "width must be a whole number, not 1.5"


@pytest.mark.parametrize(("word", "what", "hint"), [
    ("net.pb", "a TensorFlow graph", "convert it to ONNX with tf2onnx, or to .tflite"),
])  # fmt: skip
def test_a_file_of_another_kind_is_named(word: str, what: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_file(word)
    assert (caught.value.message, caught.value.hint) == (f"{word} is {what}", hint)
