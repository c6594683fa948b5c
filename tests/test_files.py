"""Spec files: every form in which specs may be stored, and the line of every mistake."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost import count, load
from convcost.errors import SpecError
from convcost.sources.files import Item, read_specs
from convcost.sources.found import Problem

CONV = {"type": "conv", "input": [8, 8, 4], "kernel_size": 3, "out_channels": 16}
POOL = {"type": "max_pool", "input": [8, 8, 4], "kernel_size": 2}

ONE = json.dumps(CONV)
TWO = json.dumps(POOL)

TOML_ONE = """
type = "conv"
input = "8x8x4"
kernel = 3
out = 16
"""
TOML_TWO = """
[[specs]]
type = "conv"
input = [8, 8, 4]
kernel_size = 3
out_channels = 16

[[specs]]
type = "max_pool"
input = [8, 8, 4]
kernel_size = 2
"""

TWO_SPECS = {
    "an array": ("a.json", f"[{ONE}, {TWO}]"),
    "an indented array": ("a.json", json.dumps([CONV, POOL], indent=2)),
    "an array after blank lines": ("a.json", f"\n\n  \n[{ONE},\n{TWO}]\n"),
    "an object with specs": ("a.json", f'{{"specs": [{ONE}, {TWO}]}}'),
    "an indented object with specs": ("a.json", json.dumps({"specs": [CONV, POOL]}, indent=1)),
    "one object a line": ("a.jsonl", f"{ONE}\n{TWO}\n"),
    "one object a line, called json": ("a.json", f"{ONE}\n{TWO}\n"),
    "no end of the last line": ("a.jsonl", f"{ONE}\n{TWO}"),
    "blank lines between": ("a.jsonl", f"\n{ONE}\n\n   \n{TWO}\n\n"),
    "CRLF": ("a.jsonl", f"{ONE}\r\n{TWO}\r\n"),
    "an array with CRLF": ("a.json", f"[\r\n{ONE},\r\n{TWO}\r\n]\r\n"),
    "ndjson": ("a.ndjson", f"{ONE}\n{TWO}\n"),
    "a byte order mark": ("a.json", f"\ufeff[{ONE}, {TWO}]"),
    "a byte order mark before lines": ("a.jsonl", f"\ufeff{ONE}\n{TWO}\n"),
    "TOML": ("a.toml", TOML_TWO),
    "TOML with a byte order mark and CRLF": ("a.toml", "\ufeff" + TOML_TWO.replace("\n", "\r\n")),
}

ONE_SPEC = {
    "an object": ("a.json", ONE),
    "an indented object": ("a.json", json.dumps(CONV, indent=4)),
    "short spellings": ("a.json", '{"type":"conv","input":"8x8x4","kernel":3,"out":16}'),
    "one line": ("a.jsonl", ONE + "\n"),
    "an array of one": ("a.json", f"[{ONE}]"),
    "TOML": ("a.toml", TOML_ONE),
}


def specs_of(name: str, text: str) -> list[dict[str, object]]:
    return [
        {"type": item.spec.type, "input": [*item.spec.input], **item.spec.settings()}
        for item in read_specs(io.BytesIO(text.encode()), name)
        if isinstance(item, Item) and item.spec is not None and item.spec.input is not None
    ]


@pytest.mark.parametrize("form", TWO_SPECS)
def test_two_specs_are_read_in_order(form: str) -> None:
    assert specs_of(*TWO_SPECS[form]) == [CONV, POOL]


@pytest.mark.parametrize("form", ONE_SPEC)
def test_one_spec_is_read(form: str) -> None:
    assert specs_of(*ONE_SPEC[form]) == [CONV]


@pytest.mark.parametrize(
    "form", [form for form in TWO_SPECS if not TWO_SPECS[form][0].endswith(".toml")]
)
def test_standard_input_tells_the_form_by_itself(invoke: Run, form: str) -> None:
    result = invoke("count", "-", "--get", "output", stdin=TWO_SPECS[form][1])
    assert result == (0, "8x8x16\n4x4x4\n", "")


def test_a_network_in_json_is_one_subject(invoke: Run, tmp_path: Path) -> None:
    network = {
        "input": [8, 8, 4],
        "layers": [{"type": "max_pool", "kernel_size": 2}, {"type": "flatten"}],
    }
    for text in (json.dumps(network), json.dumps(network, indent=2)):
        (tmp_path / "net.json").write_text(text)
        assert invoke("count", "net.json", "--get", "output") == (0, f"{4 * 4 * 4}\n", "")


def test_networks_and_layers_share_a_file(invoke: Run) -> None:
    network = (
        '{"input": [8, 8, 4], "layers": [{"type": "conv", "kernel_size": 1, "out_channels": 2}]}'
    )
    result = invoke("count", "-", "--get", "params", stdin=f"{ONE}\n{network}\n{TWO}\n")
    assert result == (0, f"{3 * 3 * 4 * 16}\n{4 * 2}\n0\n", "")


def test_an_input_option_fills_in_for_specs_without_one(invoke: Run) -> None:
    lines = '{"type":"1x1","out":8}\n{"type":"1x1","out":8,"input":"2x2x2"}\n'
    result = invoke("count", "-", "--input", "4x4x4", "--get", "params", stdin=lines)
    assert result == (0, f"{4 * 8}\n{2 * 8}\n", "")


def test_lines_are_read_as_they_come_and_nothing_waits_for_the_end() -> None:
    waits: list[int] = []
    done: list[int] = []

    class Pipe(io.RawIOBase):
        """A writer that sends one line at a time and waits for its answer."""

        def read1(self, size: int) -> bytes:
            assert len(done) == len(waits) - 1, "an earlier line was held back"
            return (ONE + "\n").encode() if len(waits) <= 3 else b""

    for _item in read_specs(Pipe(), "stdin", before_wait=lambda: waits.append(1)):  # type: ignore[arg-type]
        done.append(1)
    assert len(done) == 3


# --- Where a mistake is ----------------------------------------------------------------------

GOOD = [ONE] * 6
BAD = '{"type": "conv", "input": [8, 8, 4], "kernel_size": 3, "out_channels": 0}'
MESSAGE = "out_channels must be at least 1, not 0"


def problems(name: str, text: str) -> Iterator[Problem]:
    for item in read_specs(io.BytesIO(text.encode()), name):
        if isinstance(item, Problem):
            yield item


def test_a_mistake_in_jsonl_has_its_line() -> None:
    (problem,) = problems("specs.jsonl", "\n".join([*GOOD, BAD, ONE]))
    assert problem.line == 7
    assert str(problem.error) == f"{MESSAGE}\n  specs.jsonl:7: out_channels"


def test_blank_lines_count_as_lines() -> None:
    (problem,) = problems("specs.jsonl", "\n".join([ONE, "", "", ONE, "", "", BAD]))
    assert problem.line == 7


def test_a_mistake_in_an_array_of_lines_has_its_line() -> None:
    (problem,) = problems("specs.json", "[" + ",\n".join([*GOOD, BAD, ONE]) + "]")
    assert str(problem.error) == f"{MESSAGE}\n  specs.json:7: [6].out_channels"


def test_a_mistake_in_an_indented_array_has_the_line_of_its_field() -> None:
    text = json.dumps([CONV, json.loads(BAD)], indent=2)
    (problem,) = problems("specs.json", text)
    line = text.splitlines().index('    "out_channels": 0') + 1
    assert problem.line == line
    assert str(problem.error) == f"{MESSAGE}\n  specs.json:{line}: [1].out_channels"


def test_a_mistake_in_an_object_with_specs_has_its_path() -> None:
    text = json.dumps({"specs": [CONV, json.loads(BAD)]}, indent=2)
    (problem,) = problems("specs.json", text)
    line = text.splitlines().index('      "out_channels": 0') + 1
    assert str(problem.error) == f"{MESSAGE}\n  specs.json:{line}: specs[1].out_channels"


def test_a_mistake_in_an_indented_object_has_its_line() -> None:
    (problem,) = problems("spec.json", json.dumps(json.loads(BAD), indent=2))
    assert str(problem.error) == f"{MESSAGE}\n  spec.json:9: out_channels"


def test_a_mistake_in_toml_has_its_path() -> None:
    text = TOML_TWO + '\n[[specs]]\ntype = "conv"\ninput = [8, 8, 4]\nout_channels = 0\n'
    (problem,) = problems("specs.toml", text)
    assert str(problem.error) == f"{MESSAGE}\n  specs.toml: specs[2].out_channels"


def test_a_mistake_that_only_building_finds_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "specs.jsonl"
    path.write_text(
        "\n".join([*GOOD, '{"type":"conv","input":[8,8,4],"kernel":3,"out":4,"groups":3}'])
    )
    with pytest.raises(SpecError) as caught:
        load(path)
    assert str(caught.value) == (
        f"groups=3 does not divide 4 input channels\n  {path}:7: groups\n  try 1, 2 or 4"
    )


def test_a_mistake_in_a_layer_of_a_network_has_its_path(invoke: Run, tmp_path: Path) -> None:
    layers = [{"type": "conv", "kernel_size": 3, "out_channels": 8}, {"type": "identity"}]
    bad = {"type": "conv", "kernel_size": 3, "out_channels": 8, "groups": 3}
    (tmp_path / "net.json").write_text(json.dumps({"input": [8, 8, 4], "layers": [*layers, bad]}))
    assert invoke("count", "net.json") == refusal(
        "error: groups=3 does not divide 8 input channels",
        "  net.json:1: layers[2].groups",
        "  try 1, 2, 4 or 8",
    )


def test_what_is_wrong_with_a_spec_does_not_stop_the_reader() -> None:
    items = list(read_specs(io.BytesIO("\n".join([ONE, BAD, "{", "[]", "3", TWO]).encode()), "s"))
    assert [isinstance(item, Problem) for item in items] == [False, True, True, True, True, False]


def test_a_zero_in_a_written_shape_does_not_stop_the_reader() -> None:
    zero = '{"type": "conv", "input": "8x0x4", "kernel_size": 3, "out_channels": 8}'
    first, second = read_specs(io.BytesIO(f"{zero}\n{ONE}\n".encode()), "s.jsonl")
    assert isinstance(first, Problem)
    assert str(first.error) == "input: 0 is not a size\n  s.jsonl:1: input\n  sizes start at 1"
    assert isinstance(second, Item)


def test_layers_of_a_network_take_the_short_spellings_too(tmp_path: Path) -> None:
    short = tmp_path / "short.json"
    short.write_text('{"input": "8x8x4", "layers": [{"type": "conv", "kernel": 3, "out": 8}]}')
    full = tmp_path / "full.json"
    full.write_text(
        '{"input": "8x8x4", "layers": [{"type": "conv", "kernel_size": 3, "out_channels": 8}]}'
    )
    assert count(str(short)).params == 3 * 3 * 4 * 8
    assert count(str(full)).params == 3 * 3 * 4 * 8


def test_a_field_of_a_layer_given_in_both_spellings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    path.write_text(
        '{"input": "8x8x4", "layers": [{"type": "conv", "kernel_size": 3, "kernel": 3, "out": 8}]}'
    )
    with pytest.raises(SpecError) as caught:
        count(str(path))
    assert str(caught.value) == (f"kernel_size is given twice\n  {path}:1: layers[0].kernel")
