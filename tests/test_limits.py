"""Work and memory grow with the input, not with a number in it; each limit is named in its error.

The times, of the processor, are generous: what they catch takes minutes, or never ends.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from conftest import Run, refusal

from convcost import count
from convcost.engine.graph import MAX_NODES, MAX_STEPS, GraphBuilder
from convcost.errors import ConvcostError
from convcost.language.library import Library
from convcost.language.reading import MAX_DOCUMENT, MAX_TOML
from convcost.sources.asked import Asked
from convcost.sources.files import MAX_LINE, read_specs
from convcost.sources.found import Problem
from convcost.sources.locating import Lines, line_of
from convcost.sources.specs import build_item

IDENTITY = '[[layers]]\ntype = "identity"\n'
MIB = 2**20


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


def errors(data: bytes | str, name: str) -> list[ConvcostError]:
    """What is wrong with each spec of a document."""
    library, found = Library(), []
    content = data.encode() if isinstance(data, str) else data
    for item in read_specs(io.BytesIO(content), name):
        try:
            if isinstance(item, Problem):
                raise item.error
            build_item(library, item, Asked())
        except ConvcostError as error:
            found.append(error)
    return found


def only_error(data: bytes | str, name: str) -> str:
    with pytest.raises(ConvcostError) as caught:
        raise errors(data, name)[0]
    return "\n".join(caught.value.lines())


def network(*layers: object, **fields: object) -> str:
    return json.dumps({"input": "8x8x4", **fields, "layers": list(layers)})


# --- Work ------------------------------------------------------------------------------------


def test_fifteen_thousand_layers_without_a_name() -> None:
    with within(10):
        assert errors('input = "8x8x4"\n' + IDENTITY * 15_000, "a.toml") == []


def test_fifteen_thousand_layers_with_names() -> None:
    layers = "".join(f'{IDENTITY}name = "n{i}"\n' for i in range(15_000))
    with within(10):
        assert errors('input = "8x8x4"\n' + layers, "a.toml") == []


def test_thirty_thousand_parameters_are_too_many() -> None:
    lines = "".join(f"p{i} = 1\n" for i in range(30_000))
    with within(10):
        assert only_error(f'input = "8x8x4"\n[parameters]\n{lines}{IDENTITY}', "a.toml") == (
            "more than 20,000 entries\n  a.toml: parameters"
        )


def test_layers_beyond_the_limit_are_refused_before_they_are_read() -> None:
    with within(10):
        assert only_error(network(*[[]] * 1_000_000), "a.json") == (
            "more than 20,000 entries\n  a.json:1: layers"
        )


def test_a_thousand_errors_in_one_document_are_found_in_one_walk() -> None:
    bad = {"type": "conv", "input": "8x8x4", "kernel": 0, "out": 1}
    with within(10):
        found = errors(json.dumps([bad] * 8000, indent=1), "a.json")
    places = [error.lines()[1] for error in found]
    # Six lines a spec: its braces and four fields; the kernel is the third of them.
    assert places == [f"  a.json:{2 + 6 * i + 3}: [{i}].kernel" for i in range(8000)]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_key_that_stands_twice_among_many(name: str) -> None:
    fields = ",".join(f'"k{i}": 1' for i in range(100_000))
    with within(10):
        message = only_error(f'{{{fields}, "k99999": 2}}', name)
    assert message.splitlines()[0] == "the key k99999 stands twice in one object"


def test_unknown_types_cost_a_look_up_each() -> None:
    lines = "".join(f'{{"input": "8x8x4", "type": "cnv{i}"}}\n' for i in range(2000))
    with within(20):
        assert len(errors(lines, "a.jsonl")) == 2000


def test_repeats_of_layers_that_make_no_node_end() -> None:
    layer = {"type": "batch_norm", "repeat": 10_000}
    block = {"kind": "design", "layers": [layer] * 1000}
    with within(10):
        assert only_error(json.dumps({**block, "input": "8x8x4"}), "a.json").startswith(
            f"more than {MAX_NODES:,} layers"
        )


def test_nested_repeats_of_layers_that_are_switched_off_end(tmp_path: Path) -> None:
    (tmp_path / "nothing.toml").write_text(
        '[[layers]]\ntype = "batch_norm"\nrepeat = 10_000\n[[layers]]\ntype = "identity"\n'
        'when = "channels < 0"\n'
    )
    library = Library([tmp_path])
    with within(20), pytest.raises(ConvcostError) as caught:
        count("8x8x4", "nothing x10000", library=library)
    assert caught.value.message == f"more than {MAX_STEPS:,} steps to build this"
    assert caught.value.hint == "look at the repeats"


def test_the_last_step_that_is_allowed_is_allowed() -> None:
    builder = GraphBuilder((8, 8, 4))
    for _ in range(MAX_STEPS):
        builder.step()
    with pytest.raises(ConvcostError):
        builder.step()


def test_fractions_do_not_grow_without_bound() -> None:
    squares = "".join(f'p{i} = "p{i - 1} * p{i - 1}"\n' for i in range(1, 40))
    text = f'input = "8x8x4"\n[parameters]\np0 = 0.123456789\n{squares}{IDENTITY}'
    with within(5):
        assert only_error(text, "a.toml") == (
            "the result has too many decimals\n  a.toml: parameters.p2\n  p1 * p1\n  ^^^^^^^\n"
            "  fractions end at a denominator of 2^63; round it with floor or ceil"
        )


def test_sizes_do_not_grow_without_bound() -> None:
    layer = {"type": "upsample", "scale": 2**31 - 1, "repeat": 10_000}
    with within(5):
        assert only_error(network(layer), "a.json").startswith(
            "upsample makes a size beyond 2^63\n  a.json:1: layers[0]"
        )


def test_the_largest_adaptive_pool_is_a_formula_and_no_loop() -> None:
    size = 2**20
    with within(5):
        result = count("7x7x3", f"adaptive_avg_pool {size}x{size}")
    # Windows of one axis: in + out - gcd(in, out) visits.
    assert result.element_ops == (7 + size - 1) ** 2 * 3


# --- Memory ----------------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A stream that never ends, and counts what was taken of it."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "read without a bound"
        part = (self.piece * (size // len(self.piece) + 1))[:size]
        self.taken += len(part)
        assert self.taken < 4 * MAX_DOCUMENT, "read without end"
        return part


@pytest.mark.parametrize(
    ("piece", "name", "message"),
    [
        (b"x", "a.jsonl", f"a line is longer than {MAX_LINE:,} bytes"),
        (b"[\n", "a.json", f"the document is longer than {MAX_DOCUMENT:,} bytes"),
        (b"x", "a.json", f"a line is longer than {MAX_LINE:,} bytes"),
        (b"# x\n", "a.toml", f"the document is longer than {MAX_TOML:,} bytes"),
    ],
)
def test_what_does_not_end_is_refused(piece: bytes, name: str, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        list(read_specs(Endless(piece), name))  # type: ignore[arg-type]
    assert caught.value.message == message


def test_blank_lines_before_the_first_spec_are_counted_and_not_kept() -> None:
    found = errors(b"\n" * 100_000 + b'[\n{"kernel": 0}]', "a.json")
    assert found[0].lines()[1] == "  a.json:100002: [0].kernel"


@pytest.mark.parametrize("dotted", ["{} = 1", "[{}]", "[[{}]]", "x = {{ {} = 1 }}"])
@pytest.mark.parametrize(("part", "dot"), [("a", "."), ('"a b"', " . "), ("'.'", ".")])
def test_dotted_keys_have_a_limit(dotted: str, part: str, dot: str) -> None:
    line = dotted.format(dot.join([part] * 20_000))
    with within(5):
        assert only_error(f"\n{line}\n", "a.toml") == "a key has more than 16 names\n  a.toml:2"


def test_dots_in_texts_and_numbers_are_no_keys() -> None:
    text = f'summary = "{"a." * 100}"\nsource = \'{"b." * 100}\'\ninput = "8x8x4"\n{IDENTITY}'
    assert errors(text, "a.toml") == []
    # Numbers with a decimal point are separated by commas.
    assert errors(text + f"[parameters]\nx = [{'0.5, ' * 100}]\n", "a.toml") == []


@pytest.mark.parametrize("name", ["a.json", "a.toml", "a.jsonl"])
def test_a_device_is_not_read(invoke: Run, name: str) -> None:
    Path(name).symlink_to("/dev/zero")
    assert invoke("count", name) == refusal(f"error: {name} is a device, not a file")


def test_a_folder_on_standard_input_is_said(tmp_path: Path) -> None:
    class Folder(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    with pytest.raises(ConvcostError) as caught:
        list(read_specs(Folder(), "stdin"))  # type: ignore[arg-type]
    assert caught.value.message == "cannot read stdin: is a directory"


def test_a_pipe_in_the_place_of_a_file_is_read(run: Run) -> None:
    import os
    import threading

    fifo = Path("/tmp") / f"convcost-{os.getpid()}.jsonl"
    os.mkfifo(fifo)
    try:
        spec = '{"type": "conv", "input": "8x8x4", "kernel": 1, "out": 8}\n'
        writer = threading.Thread(target=fifo.write_text, args=(spec,))
        writer.start()
        assert run("count", str(fifo), "--get", "params") == (0, f"{4 * 8}\n", "")
        writer.join()
    finally:
        fifo.unlink()


# --- Lines of errors -------------------------------------------------------------------------


def test_lines_are_found_in_any_order() -> None:
    text = '{"specs": [\n{"a": 1,\n"b": [1,\n2]},\n[5,\n6]\n]}'
    lines = Lines(text, ("specs",))
    for keys, line in [((0, "b", 1), 4), ((1, 1), 6), ((0, "a"), 2), ((1,), 5), ((7,), 1), ((), 1)]:
        assert lines.of(keys) == line, keys
        assert line_of(text, ("specs", *keys)) == line, keys


# --- The table of limits ---------------------------------------------------------------------

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
ROW = re.compile(r"^\| [^|]+ \| ([\d,]+) \| `([^`]+)\.py` `([A-Z_]+)` \|", re.MULTILINE)
STATED = ROW.findall(PAGE.read_text("utf-8"))


@pytest.mark.parametrize(("value", "module", "name"), STATED, ids=lambda word: word)
def test_the_documentation_states_the_limit_of_the_code(value: str, module: str, name: str) -> None:
    code = import_module(f"convcost.{module.replace('/', '.')}")
    assert getattr(code, name) == int(value.replace(",", ""))


def test_the_table_of_limits_is_read() -> None:
    assert len(STATED) > 20
