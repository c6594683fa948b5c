"""The Python API: what it takes, what it gives, and how results show themselves."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import pytest

import convcost
from convcost import ConvcostError, LayerSpec, SpecError, compare, count, load
from convcost.language.running import EVERYTHING, Switches

CONV = 3 * 3 * 256 * 64


def test_the_examples_of_the_package_run() -> None:
    failed, tried = doctest.testmod(convcost)
    assert (failed, tried > 0) == (0, True)


def test_every_public_name_is_there() -> None:
    for name in convcost.__all__:
        assert getattr(convcost, name) is not None
        assert name in dir(convcost)
    with pytest.raises(AttributeError):
        convcost.no_such_name  # noqa: B018


@pytest.mark.parametrize(
    "what",
    [
        ("56x56x256", "conv 3x3 64"),
        ("conv 3x3 64", "56x56x256"),
        ({"type": "conv", "input": "56x56x256", "kernel": 3, "out": 64},),
        ({"type": "conv", "input": [56, 56, 256], "kernel_size": [3, 3], "out_channels": 64},),
        ({"input": (56, 56, 256), "kernel_size": "3x3", "out_channels": 64},),
        (LayerSpec(type="conv", input=(56, 56, 256), kernel_size=3, out_channels=64),),
    ],
)
def test_one_layer_is_counted_however_it_is_given(what: tuple[Any, ...]) -> None:
    result = count(*what)
    assert (result.params, result.macs, result.element_ops) == (CONV, 56 * 56 * CONV, 0)
    assert (result.input, result.output) == ((56, 56, 256), (56, 56, 64))
    assert result.is_complete


@pytest.mark.parametrize("input", ["56x56x256", (56, 56, 256), [56, 56, 256]])
def test_an_input_may_be_text_or_numbers(input: str | list[int]) -> None:
    assert count("conv 3x3 64", input=input).params == CONV
    assert compare(input, kernel_size=3, out_channels=64)["standard"].params == CONV


def test_a_design_by_name_takes_arguments() -> None:
    result = count("bottleneck", input="56x56x256", arguments={"reduction": 2})
    assert result.params == 256 * 128 + 3 * 3 * 128 * 128 + 128 * 256


def test_switches_turn_on_what_stands_in_the_file() -> None:
    bare = count("56x56x256", "separable 3x3 64")
    full = count("56x56x256", "separable 3x3 64", switches=EVERYTHING)
    norm = count("56x56x256", "separable 3x3 64", switches=Switches(norm=True))
    assert full.macs == norm.macs == bare.macs
    assert norm.params == full.params == bare.params + 2 * 256 + 2 * 64
    values = 56 * 56 * (256 + 64)
    assert bare.element_ops == 0
    assert norm.element_ops == 2 * values
    assert full.element_ops == 2 * values + values


def test_a_layer_brings_its_norm_and_activation_where_it_is_written_out() -> None:
    result = count("8x8x4", "conv 3x3 8 norm=batch_norm activation=relu")
    assert [row.name for row in result.counted.rows] == ["conv", "conv.norm", "conv.relu"]
    assert result.params == 3 * 3 * 4 * 8 + 2 * 8
    assert result.element_ops == 2 * 8 * 8 * 8 + 8 * 8 * 8


def test_load_gives_what_count_takes(tmp_path: Path) -> None:
    path = tmp_path / "specs.json"
    specs = [{"type": "1x1", "input": "8x8x4", "out": out} for out in (2, 3)]
    path.write_text(json.dumps(specs))
    assert [count(subject).params for subject in load(path)] == [4 * 2, 4 * 3]
    assert [count(subject).macs for subject in load(str(path), batch=5)] == [
        5 * 8 * 8 * 4 * 2,
        5 * 8 * 8 * 4 * 3,
    ]


def test_load_raises_at_the_first_mistake(tmp_path: Path) -> None:
    path = tmp_path / "specs.jsonl"
    path.write_text('{"type": "1x1", "input": "8x8x4", "out": 2}\n{"out": 0}\n')
    with pytest.raises(SpecError) as caught:
        load(path)
    assert str(caught.value) == f"out_channels must be at least 1, not 0\n  {path}:2: out"


def test_a_comparison_is_addressed_by_name_and_iterated_in_order() -> None:
    result = compare("56x56x256", kernel_size=3, out_channels=64)
    assert [entry.name for entry in result] == ["standard", "pointwise", "separable", "bottleneck"]
    assert len(result) == 4
    assert result["pointwise"].params == 256 * 64
    with pytest.raises(KeyError):
        result["seperable"]


def test_designs_and_settings_may_be_chosen() -> None:
    result = compare(
        "56x56x256", designs=["separable", "standard"], kernel_size=5, out_channels=64, stride=2
    )
    assert [entry.name for entry in result] == ["separable", "standard"]
    assert result["standard"].macs == 28 * 28 * 5 * 5 * 256 * 64
    assert result.comparison.baseline == "separable"


def test_layers_that_are_written_out_are_compared() -> None:
    result = compare("56x56x256", "conv 3x3 64", "conv 1x3 64, conv 3x1 64")
    assert result["conv 1x3 64, conv 3x1 64"].params == 3 * 256 * 64 + 3 * 64 * 64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            count,
            "there is nothing to count\n"
            '  try: convcost count 56x56x256 "conv 3x3 64", or a file, or - for stdin',
        ),
        (
            lambda: count("8x8x4", "1x1 8", "1x1 4"),
            "count takes one thing to count, not 2\n"
            "  count_all gives a list, compare sets them side by side",
        ),
        (
            lambda: count({"type": "conv", "input": "8x8x4", "kernel": 3, "out": 8, "groups": 3}),
            "groups=3 does not divide 4 input channels\n  try 1, 2 or 4",
        ),
        (
            lambda: count({"type": "conv", "input": "8x8x4", "kernel": 3.5, "out": 8}),
            "kernel_size must be a whole number, not 3.5",
        ),
        (
            lambda: count("1x1 8", input=(8, 8, 0)),
            "input must be at least 1, not 0",
        ),
        (
            lambda: count("1x1 8", input="8x8x"),
            "'8x8x' is not a shape\n  write sizes joined by x, channels last: 56x56x256",
        ),
        (
            lambda: compare("8x8x4", kernel_size=3, out_channels=8, redaction=2),
            "none of these designs has a parameter redaction\n  did you mean reduction?",
        ),
        (
            lambda: compare("8x8x4", "1x1 8", kernel_size=3),
            "kernel_size is not for layers that are written out\n"
            "  write it into the layer, or use --design",
        ),
        (
            lambda: compare("8x8x4", kernel_size=3, out_channels=8, baseline="seperable"),
            "the baseline seperable is not among the designs\n  did you mean separable?",
        ),
        (
            lambda: count("8x8x4", "1x1 8").render("xml"),
            "xml is not a format\n  known: table, json, jsonl, csv, markdown, latex, svg or html",
        ),
    ],
)
def test_an_error_says_what_is_wrong(call: object, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        call()  # type: ignore[operator]
    assert str(caught.value) == message


def test_a_data_frame_needs_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from convcost.reports import frames

    monkeypatch.setattr(frames, "find_spec", lambda name: None)
    with pytest.raises(ConvcostError) as caught:
        count("8x8x4", "1x1 8").to_dataframe()
    assert str(caught.value) == (
        "a data frame needs the package pandas or polars\n  install it with: pip install pandas"
    )


def test_a_result_prints_as_its_table() -> None:
    counted, compared = count("8x8x4", "1x1 8"), compare("8x8x4", kernel_size=3, out_channels=8)
    assert str(counted) == counted.render("table").rstrip("\n")
    assert str(compared) == compared.render("table").rstrip("\n")
    assert str(counted).splitlines()[0] == "1x1 8 on 8x8x4"
    assert str(compared).splitlines()[0] == "8x8x4 -> 8x8x8, kernel 3x3"


def test_a_result_shows_in_a_notebook_as_html() -> None:
    from xml.etree import ElementTree

    result = count("8x8x4", 'conv 3x3 8 name="<&>"')
    page = ElementTree.fromstring(f"<div>{result._repr_html_().replace('<br>', '<br/>')}</div>")
    cells = [[cell.text for cell in row] for row in page.iter("tr")]
    assert cells[0][0] == "layer"
    assert str(3 * 3 * 4 * 8) in cells[1]
    assert "total" in cells[-1]
    caption = page.find("./table/caption")
    assert caption is not None
    assert caption.text == "<&> on 8x8x4"


def test_results_are_plain_numbers_for_programs() -> None:
    compared = compare("8x8x4", kernel_size=3, out_channels=8)
    assert json.loads(json.dumps(compared.to_dict())) == json.loads(compared.render("json"))
    result = count("8x8x4", "1x1 8")
    assert result.to_dict()["results"][0]["layers"][0]["params"] == 4 * 8
    assert type(result.params) is type(result.macs) is int


def test_two_specs_that_are_spelt_differently_are_equal() -> None:
    one = LayerSpec.model_validate({"type": "conv", "kernel": "3x3", "out": 8, "input": "8x8x4"})
    other = LayerSpec(type="conv", kernel_size=(3, 3), out_channels=8, input=(8, 8, 4))
    assert one == other


@pytest.mark.parametrize("made", [5, {"of": ["conv 3x3 8"]}])
def test_a_function_that_gives_no_layers_is_refused(made: Any) -> None:
    def network() -> Any:
        return made

    with pytest.raises(ConvcostError) as caught:
        convcost.count("8x8x4", network)
    assert str(caught.value).splitlines()[0] == f"network returned {type(made).__name__}"


def test_a_function_gives_layers_as_a_list_or_in_a_mapping() -> None:
    def listed() -> Any:
        return ["conv 3x3 8"]

    def mapped() -> Any:
        return {"layers": ["conv 3x3 8"]}

    for network in (listed, mapped):
        assert convcost.count("8x8x4", network).params == 3 * 3 * 4 * 8
