"""Nothing that a user can write makes anything but a ConvcostError."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convcost import count
from convcost.errors import ConvcostError
from convcost.language.library import Library
from convcost.sources.asked import Asked
from convcost.sources.files import read_specs
from convcost.sources.found import Problem
from convcost.sources.specs import build_item
from convcost.sources.text import parse

LIBRARY = Library()

LINES = (
    "conv 3x3 64 s2 p1 d2 g4 bias=true x3",
    'conv 7x7 64 name="a, \\"b\\"" padding=[[0,1],[1,2]], max_pool 3x3 s2, linear 10',
    "bottleneck 3x3 64 reduction=2 projection=true, separable kernel=3x1 out=8 valid",
)
BLOCK = {"type": "bottleneck", "input": "8x8x4", "out": 8, "reduction": 2, "projection": True}
SPEC = {"type": "conv", "input": [8, 8, 4], "kernel_size": [3, 3], "out_channels": 8}
NETWORK: dict[str, Any] = {
    "input": "8x8x4",
    "parameters": {"width": {"default": "in_channels * 2"}},
    "layers": [
        {"type": "conv", "kernel_size": 3, "out_channels": "width", "name": "a", "repeat": 2},
        {"type": "add", "from": ["a", "a"], "when": "width > 1"},
        {"type": "bottleneck", "reduction": "ceil(width / 3)"},
    ],
    "output": "a",
}
TOML = """
input = "8x8x4"
[parameters]
width = { default = "in_channels * 2" }
[[layers]]
type = "conv"
kernel_size = [3, 3]
out_channels = "width"
repeat = 2
[[layers]]
type = "bottleneck"
reduction = "ceil(width / 3)"
[[examples]]
input = [8, 8, 4]
params = "3*3 * 4 * 8"
"""
DOCUMENTS = {
    "a.json": [json.dumps(SPEC, indent=1), json.dumps([SPEC, SPEC]), json.dumps(NETWORK)],
    "a.jsonl": [f"{json.dumps(SPEC)}\n{json.dumps(SPEC)}\n{json.dumps(NETWORK)}\n"],
    "a.toml": [TOML, '[[specs]]\ntype = "conv"\ninput = "8x8x4"\nkernel = 3\nout = 8\n'],
}
SPLICES = (
    *(
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"=",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"null", b"true", b"9" * 30, b"9" * 5000, b"0.5"),
    *(b"1e9999", b"1e999999999", b"1.5", b"0.1_5", b"inf", b"+7", b"0x1F"),
    *(b'"3x3"', b'"0x3"', b'"same"', b"[[]]", b"[1,2,3,4,5]", b"\\ud800", b"\\u0000", b'"\\ud800"'),
    *(
        b'"layers"',
        b'"type": "identity",',
        b'"repeat": 20000,',
        b'"x": {"y": 1, "y": 2},',
        b"[" * 200,
    ),
    *(b"x9", b"__import__('os')", b" // 0", b'"in_channels"', b'"network"', b"1979-05-27", b"'"),
)


def mutated(text: str, seed: int) -> bytes:
    """``text`` with a few cuts, copies and strange pieces at random places."""
    chance = random.Random(seed)
    data = text.encode()
    for _ in range(chance.randint(1, 3)):
        at, until = sorted(chance.choices(range(len(data) + 1), k=2))
        until = min(until, at + 12)
        piece = chance.choice(SPLICES)
        data = chance.choice(
            (
                data[:at] + data[until:],
                data[:at] + piece + data[at:],
                data[:at] + piece + data[until:],
            )
        )
    return data


def only_convcost_errors(action: Callable[[], object]) -> None:
    try:
        action()
    except ConvcostError as error:
        lines = error.lines()
        assert lines[0]
        assert all("\n" not in line and len(line) <= 800 for line in lines)
        assert all(char.isprintable() for line in lines for char in line)


def read_and_build(data: bytes, name: str) -> None:
    for item in read_specs(io.BytesIO(data), name):
        if isinstance(item, Problem):
            only_convcost_errors(lambda problem=item: _raise(problem.error))  # type: ignore[misc]
        else:
            only_convcost_errors(lambda item=item: build_item(LIBRARY, item, Asked()))  # type: ignore[misc]


def _raise(error: Exception) -> None:
    raise error


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_as_a_line(text: str) -> None:
    only_convcost_errors(lambda: parse(text))
    only_convcost_errors(lambda: count("8x8x4", text))


@given(st.sampled_from(LINES), st.integers(0, 2**32))
@settings(max_examples=400)
def test_a_line_with_mistakes(text: str, seed: int) -> None:
    line = mutated(text, seed).decode(errors="replace")
    only_convcost_errors(lambda: parse(line))
    only_convcost_errors(lambda: count("8x8x4", line, library=LIBRARY))


@given(st.binary(max_size=60), st.sampled_from(sorted(DOCUMENTS)))
@example(b'{"a":', "a.json")
@example(b'"a"', "a.json")
@example(b"nul", "a.jsonl")
@example(b"\xef\xbb\xbf", "a.json")
@example(b'{"input": "8x8x4", "kernel": "' + b"9" * 50 + b'"}', "a.jsonl")
def test_any_bytes_as_a_file(data: bytes, name: str) -> None:
    only_convcost_errors(lambda: read_and_build(data, name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_file_with_mistakes(name: str) -> None:
    @given(st.sampled_from(DOCUMENTS[name]), st.integers(0, 2**32))
    @settings(max_examples=400)
    def check(text: str, seed: int) -> None:
        data = mutated(text, seed)
        only_convcost_errors(lambda: read_and_build(data, name))

    check()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(("same", "3x3", "0x0", "conv", "in_channels", "", "8x8x4"))
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=6,
)
FIELDS = (
    *SPEC,
    *NETWORK,
    *BLOCK,
    "kernel",
    "out",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
)
FIELDS = (*FIELDS, "batch", "name", "repeat", "from", "when", "norm", "examples", "kind", "specs")


@given(
    st.sampled_from((SPEC, BLOCK, NETWORK)),
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3),
)
@settings(max_examples=400)
def test_values_of_any_kind_in_any_field(
    base: dict[str, object], changes: dict[str, object]
) -> None:
    data = json.dumps({**base, **changes}).encode()
    only_convcost_errors(lambda: read_and_build(data, "a.json"))


@given(
    st.sampled_from(
        ("type", "name", "from", "when", "repeat", "kernel_size", "out_channels", "norm", "bias")
    ),
    json_values,
)
@settings(max_examples=300)
def test_values_of_any_kind_in_a_layer_of_a_network(field: str, value: object) -> None:
    first, *rest = NETWORK["layers"]
    document = {**NETWORK, "layers": [{**first, field: value}, *rest]}
    only_convcost_errors(lambda: read_and_build(json.dumps(document).encode(), "a.json"))


@given(st.sampled_from(("reduction", "projection", "stride_in_1x1", "kernel_size")), json_values)
@example("reduction", float("nan"))
@example("reduction", float("inf"))
@example("reduction", 0)
@example("reduction", 1e300)
@settings(max_examples=200)
def test_values_of_any_kind_as_an_argument_of_a_design(name: str, value: object) -> None:
    only_convcost_errors(lambda: count({**BLOCK, name: value}, library=LIBRARY))
    network = {"input": "8x8x4", "layers": [{"type": "bottleneck", name: value}]}
    only_convcost_errors(lambda: read_and_build(json.dumps(network).encode(), "a.json"))
