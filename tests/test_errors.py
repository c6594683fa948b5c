"""What bad input gets: exit code 2, one whole message, nothing on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run, environment, refusal

CONV = '"type": "conv", "input": "8x8x4"'
EXPECTED_HINT = "  expected JSON: an object or an array"
KERNEL_HINT = "  use padding=same, more padding or a smaller kernel"
INPUT_HINT = "  say what it is applied to, such as 56x56x256 (height, width, channels)"

# name of the bar: (name of the file, its content, the whole message)
FILES: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "truncated JSON": (
        "a.json",
        '{"type": "conv", "input": "8x8x4", "kernel": 3',
        (
            "error: not valid JSON: expecting ',' delimiter",
            "  a.json",
            '  {"type": "conv", "input": "8x8x4", "kernel": 3',
            "                                                ^",
        ),
    ),
    "truncated in the middle of a file": (
        "a.json",
        '[\n  {"type": "conv",\n   "input": "8x8x4"',
        (
            "error: not valid JSON: expecting ',' delimiter",
            "  a.json:3:20",
            '     "input": "8x8x4"',
            "                     ^",
        ),
    ),
    "malformed JSON": (
        "a.json",
        '[\n  {"type": "conv",\n   "kernel" 3}\n]',
        (
            "error: not valid JSON: expecting ':' delimiter",
            "  a.json:3:13",
            '     "kernel" 3}',
            "              ^",
        ),
    ),
    "something after the end": (
        "a.json",
        '{"type": "conv"} {"type": "conv"}',
        (
            "error: not valid JSON: extra data",
            "  a.json:1",
            '  {"type": "conv"} {"type": "conv"}',
            "                   ^",
        ),
    ),
    "malformed TOML": (
        "a.toml",
        'type = "conv"\nkernel = = 3\n',
        ("error: not valid TOML: invalid value", "  a.toml:2:10"),
    ),
    "truncated TOML": (
        "a.toml",
        'type = "conv"\nkernel = [3, ',
        ("error: not valid TOML: invalid value", "  a.toml:2"),
    ),
    "true for a size": (
        "a.json",
        f'{{{CONV}, "kernel": true, "out": 8}}',
        ("error: kernel_size must be a whole number, not true", "  a.json:1: kernel"),
    ),
    "3.5 for a size": (
        "a.json",
        f'{{{CONV}, "kernel": 3.5, "out": 8}}',
        ("error: kernel_size must be a whole number, not 3.5", "  a.json:1: kernel"),
    ),
    "NaN for a size": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": NaN}}',
        ("error: out_channels must be a whole number, not nan", "  a.json:1: out"),
    ),
    "1e3 for a size": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": 1e3}}',
        ("error: out_channels must be a whole number, not 1000.0", "  a.json:1: out"),
    ),
    "a text for a size": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": "3"}}',
        ("error: out_channels must be a whole number, not '3'", "  a.json:1: out"),
    ),
    "a word for a kernel": (
        "a.json",
        f'{{{CONV}, "kernel": "large", "out": 8}}',
        (
            "error: kernel_size must be a number or sizes such as 3x1, not 'large'",
            "  a.json:1: kernel",
        ),
    ),
    "a list in a list": (
        "a.json",
        f'{{{CONV}, "kernel": [[3]], "out": 8}}',
        ("error: kernel_size must be a whole number, not [3]", "  a.json:1: kernel"),
    ),
    "an object for a size": (
        "a.json",
        f'{{{CONV}, "kernel": {{}}, "out": 8}}',
        ("error: kernel_size must be a whole number, not {}", "  a.json:1: kernel"),
    ),
    "a number for a flag": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": 8, "bias": 1}}',
        ("error: bias must be true or false, not 1", "  a.json:1: bias"),
    ),
    "zero": (
        "a.json",
        f'{{{CONV}, "kernel": 0, "out": 8}}',
        ("error: kernel_size must be at least 1, not 0", "  a.json:1: kernel"),
    ),
    "a negative size": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": -8}}',
        ("error: out_channels must be at least 1, not -8", "  a.json:1: out"),
    ),
    "a negative padding": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": 8, "padding": -1}}',
        ("error: padding must be at least 0, not -1", "  a.json:1: padding"),
    ),
    "zero in a shape": (
        "a.json",
        '{"type": "conv", "input": [8, 0, 4], "kernel": 3, "out": 8}',
        ("error: input must be at least 1, not 0", "  a.json:1: input"),
    ),
    "zero in a written shape": (
        "a.json",
        '{"type": "conv", "input": "8x0x4", "kernel": 3, "out": 8}',
        ("error: input: 0 is not a size", "  a.json:1: input", "  sizes start at 1"),
    ),
    "too many axes": (
        "a.json",
        '{"type": "conv", "input": [8, 8, 8, 8, 4], "kernel": 3, "out": 8}',
        (
            "error: input has 5 axes: 1 to 3 spatial ones and the channels fit",
            "  a.json:1: input",
        ),
    ),
    "no input": (
        "a.json",
        '{"type": "conv", "kernel": 3, "out": 8}',
        ("error: input is missing", "  a.json:1: input", INPUT_HINT),
    ),
    "a kernel larger than the padded input": (
        "a.json",
        f'{{{CONV}, "kernel": 11, "out": 8, "padding": 1}}',
        (
            "error: a kernel of 11x11 is larger than the padded input of 10x10",
            "  a.json:1: kernel_size",
            KERNEL_HINT,
        ),
    ),
    "groups that do not divide": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": 8, "groups": 3}}',
        (
            "error: groups=3 does not divide 4 input channels",
            "  a.json:1: groups",
            "  try 1, 2 or 4",
        ),
    ),
    "an unknown type": (
        "a.json",
        '{"type": "seperable", "input": "8x8x4", "kernel": 3, "out": 8}',
        (
            "error: seperable is not a layer type or design",
            "  a.json:1: type",
            "  did you mean separable?",
        ),
    ),
    "an unknown field": (
        "a.json",
        f'{{{CONV}, "kernal": 3, "out": 8}}',
        ("error: conv has no field kernal", "  a.json:1: kernal", "  did you mean kernel_size?"),
    ),
    "an unknown parameter of a design": (
        "a.json",
        '{"type": "bottleneck", "input": "8x8x4", "kernel": 3, "redaction": 8}',
        (
            "error: bottleneck has no parameter redaction",
            "  a.json:1: redaction",
            "  did you mean reduction?",
        ),
    ),
    "a duplicate key": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "kernel": 5, "out": 8}}',
        ("error: the key kernel stands twice in one object", "  a.json:1"),
    ),
    "a duplicate key deep inside": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": 8, "extra": {{"a": 1, "a": 2}}}}',
        ("error: the key a stands twice in one object", "  a.json:1"),
    ),
    "a duplicate key in TOML": (
        "a.toml",
        "kernel = 3\nkernel = 5\n",
        ("error: not valid TOML: cannot overwrite a value", "  a.toml:2:11"),
    ),
    "2^31": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": {2**31}}}',
        (
            f"error: out_channels must be at most {2**31 - 1}, not {2**31}",
            "  a.json:1: out",
        ),
    ),
    "2^31 in a written shape": (
        "a.json",
        f'{{"type": "1x1", "input": "8x{2**31}x4", "out": 8}}',
        (
            f"error: input: {2**31} is too large",
            "  a.json:1: input",
            f"  sizes end at {2**31 - 1} (2^31 - 1)",
        ),
    ),
    "a number of 5,000 digits": (
        "a.json",
        f'{{{CONV}, "kernel": 3, "out": {"9" * 5000}}}',
        ("error: a number has too many digits", "  a.json:1"),
    ),
    "a number of 5,000 digits in TOML": (
        "a.toml",
        f"out = {'9' * 5000}\n",
        ("error: a number has too many digits", "  a.toml"),
    ),
    "an empty file": ("a.json", "", ("error: the input is empty", "  a.json", EXPECTED_HINT)),
    "only blank lines": (
        "a.jsonl",
        "\n  \r\n\n",
        ("error: the input is empty", "  a.jsonl", EXPECTED_HINT),
    ),
    "an empty array": (
        "a.json",
        "[]",
        ("error: the array is empty: there is no spec to read", "  a.json"),
    ),
    "empty specs": (
        "a.json",
        '{"specs": []}',
        ("error: the array is empty: there is no spec to read", "  a.json"),
    ),
    "something beside specs": (
        "a.json",
        '{"specs": [{}], "inputs": "8x8x4"}',
        ("error: inputs cannot stand beside specs", "  a.json"),
    ),
    "a number for a spec": (
        "a.json",
        "3",
        ("error: a spec is an object", "  a.json:1", '  such as {"input": "56x56x256", ...}'),
    ),
    "a list for a spec": (
        "a.json",
        "[\n[8, 8, 4]\n]",
        ("error: a spec is an object", "  a.json:2: [0]", '  such as {"input": "56x56x256", ...}'),
    ),
    "binary data": (
        "a.json",
        b"\x00\x01\x02\x7f",
        ("error: not valid JSON: expecting value", "  a.json", "  \ufffd\ufffd\ufffd\ufffd", "  ^"),
    ),
    "a picture": (
        "a.json",
        b"\x89PNG\r\n\x1a\n\0\0",
        ("error: not UTF-8 text", "  a.json:1"),
    ),
    "invalid UTF-8": (
        "a.json",
        b'{"type": "conv",\n "name": "\xe9"}',
        ("error: not UTF-8 text", "  a.json:2"),
    ),
    "invalid UTF-8 in TOML": (
        "a.toml",
        b'type = "conv"\nname = "\xe9"\n',
        ("error: not UTF-8 text", "  a.toml:2"),
    ),
    "deep nesting": ("a.json", "[" * 100_000, ("error: nested too deeply", "  a.json")),
    "deep nesting in TOML": (
        "a.toml",
        f"a = {'[' * 100_000}",
        ("error: nested too deeply", "  a.toml"),
    ),
    "no layers": (
        "a.json",
        '{"input": "8x8x4", "layers": []}',
        (
            "error: layers must not be empty",
            "  a.json:1: layers",
        ),
    ),
    "a layer that reads what is not there": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "add", "from": ["input", "conv1"]}]}',
        (
            "error: conv1 is not the name of an earlier layer",
            "  a.json:1: layers[0].from",
            "  known: input",
        ),
    ),
    "shapes that do not fit": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "max_pool", "kernel_size": 2},'
        ' {"type": "add", "from": ["input", "max_pool"]}]}',
        (
            "error: add: 8x8x4 and 4x4x4 differ in height and width",
            "  a.json:1: layers[1].from",
        ),
    ),
    "maps of two sizes side by side": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "max_pool", "kernel_size": [1, 2]},'
        ' {"type": "concat", "from": ["input", "max_pool"]}]}',
        ("error: concat: 8x8x4 and 8x4x4 differ in width", "  a.json:1: layers[1].from"),
    ),
    "maps of other widths and sizes side by side": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "conv", "kernel_size": 2, "out_channels": 5,'
        ' "stride": 2}, {"type": "concat", "from": ["input", "conv"]}]}',
        ("error: concat: 8x8x5 and 4x4x5 differ in height and width", "  a.json:1: layers[1].from"),
    ),
    "a sum of maps with other channels": (
        "a.json",
        '{"input": "4x8x4", "layers": [{"type": "1x1", "out_channels": 5, "name": "wide"},'
        ' {"type": "add", "from": ["input", "wide"]}]}',
        ("error: add: 4x8x4 and 4x8x5 differ in channels", "  a.json:1: layers[1].from"),
    ),
    "a sum of sequences of two lengths": (
        "a.json",
        '{"input": "8x4", "layers": [{"type": "max_pool", "kernel_size": 2},'
        ' {"type": "add", "from": ["input", "max_pool"]}]}',
        ("error: add: 8x4 and 4x4 differ in length", "  a.json:1: layers[1].from"),
    ),
    "a sum of volumes of two depths": (
        "a.json",
        '{"input": "8x8x8x4", "layers": [{"type": "max_pool", "kernel_size": [2, 1, 1]},'
        ' {"type": "add", "from": ["input", "max_pool"]}]}',
        ("error: add: 8x8x8x4 and 4x8x8x4 differ in depth", "  a.json:1: layers[1].from"),
    ),
    "a sum of a map and a vector": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "global_avg_pool"},'
        ' {"type": "add", "from": ["input", "global_avg_pool"]}]}',
        (
            "error: add: 8x8x4 and 4 differ in the number of axes",
            "  a.json:1: layers[1].from",
        ),
    ),
    "a gate for other channels": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "global_avg_pool"},'
        ' {"type": "linear", "out_channels": 5}, {"type": "mul", "from": ["input", "linear"]}]}',
        ("error: mul: 8x8x4 and 5 differ in the number of axes", "  a.json:1: layers[2].from"),
    ),
    "a gate for rows": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "max_pool", "kernel_size": [8, 1]},'
        ' {"type": "mul", "from": ["input", "max_pool"]}]}',
        ("error: mul: 8x8x4 and 1x8x4 differ in height", "  a.json:1: layers[1].from"),
    ),
    "a product of maps of two sizes": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "max_pool", "kernel_size": 2},'
        ' {"type": "mul", "from": ["input", "max_pool"]}]}',
        ("error: mul: 8x8x4 and 4x4x4 differ in height and width", "  a.json:1: layers[1].from"),
    ),
    "a slice outside": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "slice", "start": 2, "stop": 5}]}',
        ("error: slice 2:5 is not inside 4 channels", "  a.json:1: layers[0].stop"),
    ),
    "a slice of nothing": (
        "a.json",
        '{"input": "8x8x4", "layers": [{"type": "slice", "start": 2, "stop": 2}]}',
        ("error: slice 2:2 is not inside 4 channels", "  a.json:1: layers[0].stop"),
    ),
    "a shuffle of uneven groups": (
        "a.json",
        '{"input": "9x8x4", "layers": [{"type": "channel_shuffle", "groups": 3}]}',
        (
            "error: groups=3 does not divide 4 channels",
            "  a.json:1: layers[0].groups",
            "  try 1, 2 or 4",
        ),
    ),
    "a split into uneven parts": (
        "a.json",
        '{"input": "9x8x4", "layers": [{"type": "split", "parts": 3}]}',
        ("error: parts=3 does not divide 4 channels", "  a.json:1: layers[0].parts"),
    ),
    "a crop of everything": (
        "a.json",
        '{"type": "conv_transpose", "input": "2x2x4", "kernel": 3, "out": 8, "padding": 2}',
        (
            "error: padding crops the whole output: 0x0 is left",
            "  a.json:1: padding",
        ),
    ),
    "an expansion beyond the limit": (
        "a.toml",
        'input = "8x8x4"\n' + '[[layers]]\ntype = "identity"\nrepeat = 10000\n' * 3,
        ("error: more than 20,000 layers", "  a.toml:8: layers[2]", "  look at the repeats"),
    ),
    "a repeat beyond the limit": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "identity"\nrepeat = "100 * 101"\n',
        ("error: repeat must be at most 10000", "  a.toml:4: layers[0].repeat"),
    ),
    "an import in an expression": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "1x1"\nout_channels = "__import__(\'os\')"\n',
        (
            "error: __import__ is not a function here",
            "  a.toml:4: layers[0].out_channels",
            "  __import__('os')",
            "  ^^^^^^^^^^^^^^^^",
            "  known: ceil, floor, round_to, min, max",
        ),
    ),
    "an attribute in an expression": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "1x1"\nout_channels = "channels.real"\n',
        (
            "error: 'channels.real' is not arithmetic",
            "  a.toml:4: layers[0].out_channels",
            "  channels.real",
            "  ^^^^^^^^^^^^^",
            "  allowed: numbers, names, + - * / // %, comparisons, and/or/not, a if b else c and "
            "ceil, floor, round_to, min, max",
        ),
    ),
    "a huge power in an expression": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "1x1"\nout_channels = "10**10**10"\n',
        (
            "error: '10 ** 10 ** 10' uses an operator outside + - * / // %",
            "  a.toml:4: layers[0].out_channels",
            "  10**10**10",
            "  ^^^^^^^^^^",
        ),
    ),
    "an unknown name in an expression": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "1x1"\nname = "p"\nout_channels = "2 * chanels"\n',
        (
            "error: chanels is not known here",
            "  a.toml:5: layers[0].out_channels",
            "  2 * chanels",
            "      ^^^^^^^",
            "  did you mean channels?",
        ),
    ),
    "an expression that is not whole": (
        "a.toml",
        'input = "8x8x4"\n[[layers]]\ntype = "1x1"\nout_channels = "channels / 3"\n',
        (
            "error: out_channels must be a whole number, not 1.333333333",
            "  a.toml:4: layers[0].out_channels",
            "  in an expression use // or ceil(), floor(), round_to()",
        ),
    ),
}


@pytest.mark.parametrize("bar", FILES)
def test_a_file_is_refused_with_one_error(invoke: Run, tmp_path: Path, bar: str) -> None:
    name, content, message = FILES[bar]
    data = content.encode() if isinstance(content, str) else content
    (tmp_path / name).write_bytes(data)
    assert invoke("count", name) == refusal(*message)


@pytest.mark.parametrize("bar", [bar for bar in FILES if FILES[bar][0] == "a.json"])
def test_standard_input_is_refused_in_the_same_words(invoke: Run, bar: str) -> None:
    _, content, message = FILES[bar]
    expected = [line.replace("  a.json", "  stdin") for line in message]
    assert invoke("count", "-", "--format", "jsonl", stdin=content) == refusal(*expected)


def test_a_missing_file(invoke: Run) -> None:
    assert invoke("count", "nowhere.json") == refusal("error: no such file: nowhere.json")


def test_a_folder(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "specs.json").mkdir()
    assert invoke("count", "specs.json") == refusal("error: specs.json is a folder, not a file")


def test_a_file_name_that_no_system_takes(invoke: Run) -> None:
    name = "n" * 300 + ".json"
    assert invoke("count", name) == refusal(f"error: cannot read {'n' * 57}...: file name too long")


def test_a_design_that_contains_itself(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "snake.toml").write_text('[[layers]]\ntype = "snake"\n')
    assert invoke("count", "8x8x4", "snake", "--design-path", str(tmp_path)) == refusal(
        "error: designs are nested more than 12 deep",
        f"  {tmp_path}/snake.toml:1: layers[0]",
        "  does snake contain itself?",
    )


def test_designs_that_contain_each_other(invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "egg.toml").write_text('[[layers]]\ntype = "hen"\n')
    (tmp_path / "hen.toml").write_text('[[layers]]\ntype = "egg"\n')
    result = invoke("count", "8x8x4", "egg", "--design-path", str(tmp_path))
    assert result.code == 2
    assert result.err.startswith("error: designs are nested more than 12 deep\n")


def test_repeats_that_multiply(invoke: Run) -> None:
    line = "identity x10000, identity x10000, identity x10000"
    assert invoke("count", "8x8x4", line) == refusal(
        "error: more than 20,000 layers",
        f"  {line}",
        "                                    ^^^^^^^^^^^^^^^",
        "  look at the repeats",
    )


# (arguments, the whole message)
COMMANDS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "the beginning of several names": (
        ["count", "vgg"],
        (
            "error: vgg is not a network, a design or a file",
            "  did you mean vgg11, vgg13, vgg16 or vgg19?",
        ),
    ),
    "a field that others have": (
        ["count", "8x8x4", "1x1 8", "--get", "flops"],
        (
            "error: convcost counts MACs: one MAC is one multiply and one add, two FLOPs",
            "  --get flops",
            "  --get macs",
        ),
    ),
    "nothing to count": (
        ["count"],
        (
            "error: there is nothing to count",
            '  try: convcost count 56x56x256 "conv 3x3 64", or a file, or - for stdin',
        ),
    ),
    "a layer without an input": (
        ["count", "conv 3x3 64"],
        (
            "error: the input shape is missing",
            "  conv 3x3 64",
            "  ^^^^^^^^^^^",
            "  put it first: 56x56x256 (height, width, channels)",
        ),
    ),
    "two inputs": (
        ["count", "8x8x4", "9x9x4", "conv 3x3 8"],
        ("error: two input shapes", "  9x9x4", "  give one"),
    ),
    "an input given twice": (
        ["count", "8x8x4", "conv 3x3 8", "--input", "9x9x4"],
        ("error: the input shape is given twice", "  --input 9x9x4"),
    ),
    "a zero in the input": (
        ["count", "8x0x4", "conv 3x3 8"],
        ("error: 0 is not a size", "  8x0x4", "  ^^^^^", "  sizes start at 1"),
    ),
    "an input that is too large": (
        ["count", f"8x{2**31}x4", "conv 3x3 8"],
        (
            f"error: {2**31} is too large",
            f"  8x{2**31}x4",
            "  ^^^^^^^^^^^^^^",
            f"  sizes end at {2**31 - 1} (2^31 - 1)",
        ),
    ),
    "an input without spatial axes": (
        ["count", "8", "conv 3x3 8"],
        (
            "error: conv needs an input with 1 to 3 spatial axes, not 8",
            "  conv 3x3 8",
            "  ^^^^^^^^^^",
            "  write height x width x channels, such as 56x56x256",
        ),
    ),
    "an option of the wrong kind": (
        ["compare", "8x8x4", "--kernel", "3.5", "--out", "8"],
        ("error: kernel_size must be a whole number, not 3.5", "  --kernel 3.5"),
    ),
    "a word for a kernel": (
        ["compare", "8x8x4", "--kernel", "large", "--out", "8"],
        (
            "error: kernel_size must be a number or sizes such as 3x1, not 'large'",
            "  --kernel large",
        ),
    ),
    "zero for an option": (
        ["compare", "8x8x4", "-k", "3", "-o", "0"],
        ("error: out_channels must be at least 1, not 0", "  --out 0"),
    ),
    "something that is no value": (
        ["compare", "8x8x4", "-k", "3", "-o", "@"],
        (
            "error: '@' is not a value for out_channels",
            "  --out @",
            "  expected a number, sizes such as 3x1, or a word",
        ),
    ),
    "no kernel": (
        ["compare", "8x8x4", "--out", "8"],
        ("error: kernel_size is missing: standard needs it", "  add --kernel 3"),
    ),
    "no output channels": (
        ["compare", "8x8x4", "--kernel", "3"],
        ("error: out_channels is missing: standard needs it", "  add --out 64"),
    ),
    "groups that do not divide": (
        ["compare", "8x8x4", "-k", "3", "-o", "8", "-g", "3"],
        ("error: groups=3 does not divide 4 input channels", "  --groups 3", "  try 1, 2 or 4"),
    ),
    "a kernel that does not fit": (
        ["compare", "8x8x4", "-k", "9", "-o", "8", "-p", "valid"],
        (
            "error: a kernel of 9x9 is larger than the padded input of 8x8",
            "  --kernel 9",
            KERNEL_HINT,
        ),
    ),
    "an unknown design": (
        ["compare", "8x8x4", "-k", "3", "-o", "8", "-D", "seperable"],
        (
            "error: seperable is not a layer type or design",
            "  --design seperable",
            "  did you mean separable?",
        ),
    ),
    "a parameter that no design has": (
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--set", "redaction=2"],
        (
            "error: none of these designs has a parameter redaction",
            "  --set redaction=2",
            "  did you mean reduction?",
        ),
    ),
    "a parameter without a value": (
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--set", "reduction"],
        ("error: a parameter is set as NAME=VALUE", "  --set reduction", "  --set reduction=2"),
    ),
    "a baseline that is not there": (
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--baseline", "seperable"],
        ("error: the baseline seperable is not among the designs", "  did you mean separable?"),
    ),
    "a batch of none": (
        ["count", "8x8x4", "conv 3x3 8", "--batch", "0"],
        ("error: batch must be at least 1, not 0", "  --batch 0"),
    ),
    "an unknown format": (
        ["count", "8x8x4", "conv 3x3 8", "--format", "jsn"],
        ("error: jsn is not a format", "  --format jsn", "  did you mean json?"),
    ),
    "an unknown field": (
        ["count", "8x8x4", "conv 3x3 8", "--get", "layers.conv.mac"],
        ("error: there is no field mac", "  --get layers.conv.mac", "  did you mean macs?"),
    ),
    "a limit that is no number": (
        ["count", "8x8x4", "conv 3x3 8", "--max-macs", "many"],
        (
            "error: 'many' is not a count",
            "  --max-macs many",
            "  write it like 462422016, 300M or 1.5G",
        ),
    ),
    "a folder of designs that is not there": (
        ["count", "8x8x4", "conv 3x3 8", "--design-path", "nowhere"],
        ("error: nowhere is not a folder of designs",),
    ),
    "an option for layers that are written out": (
        ["count", "8x8x4", "conv 3x3 8", "--kernel", "3"],
        (
            "error: kernel_size is not for layers that are written out",
            "  --kernel 3",
            "  write it into the layer, or use --design",
        ),
    ),
    "an unknown schema": (
        ["schema", "specs"],
        ("error: there is no schema specs", "  did you mean spec?"),
    ),
    "an unknown command": (
        ["conut"],
        ("error: no such command: conut", "  did you mean count?"),
    ),
    "an unknown option": (
        ["count", "--kernal", "3"],
        ("error: no such option: --kernal", "  did you mean --kernel?"),
    ),
    "an option without its value": (
        ["compare", "8x8x4", "--kernel"],
        ("error: option '--kernel' requires an argument",),
    ),
}


@pytest.mark.parametrize("bar", COMMANDS)
def test_a_command_is_refused_with_one_error(invoke: Run, bar: str) -> None:
    arguments, message = COMMANDS[bar]
    assert invoke(*arguments) == refusal(*message)


LONG = "a" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        [LONG],
        ["count", LONG],
        ["count", "8x8x4", LONG],
        ["count", "8x8x4", "9" * 5000],
        ["count", "9" * 5000],
        ["count", "9x" * 2500],
        ["count", "a/" * 2500],
        ["count", "8x8x4", f"conv 3x3 {LONG}"],
        ["count", "8x8x4", f"conv 3x3 {'9' * 5000}"],
        ["count", "8x8x4", f"conv 3x3 8 {LONG}=3"],
        ["count", "8x8x4", "conv 3x3 8, " * 420],
        ["count", "8x8x4", f"conv 3x3 8 name={LONG}"],
        ["compare", "8x8x4", "-k", LONG, "-o", "8"],
        ["compare", "8x8x4", "-k", "9" * 5000, "-o", "8"],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "-p", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--design", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--set", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--set", f"{LONG}=1"],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--baseline", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--get", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--batch", LONG],
        ["compare", "8x8x4", "-k", "3", "-o", "8", "--format", LONG],
        ["compare", "-k", "3", "-o", "8", "--input", LONG],
        ["count", "8x8x4", "conv 3x3 8", "--max-macs", LONG],
        ["schema", LONG],
        ["designs", LONG],
    ],
    ids=lambda arguments: " ".join(word[:12] for word in arguments),
)
def test_an_argument_of_5000_characters_is_refused_in_a_few_lines(
    invoke: Run, arguments: list[str]
) -> None:
    result = invoke(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    assert result.err.count("\n") <= 5
    assert max(map(len, result.err.splitlines())) < 800


def test_control_characters_do_not_reach_the_terminal(invoke: Run) -> None:
    for word in ("conv \x1b[2J", "\x1b[31mred", "conv 3x3 8 name=\a"):
        assert "\x1b" not in invoke("count", "8x8x4", word).err
    assert "\x1b" not in invoke("count", "\x1b[31m.json").err


def test_a_closed_standard_input(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m convcost count - <&-'
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == refusal(
        "error: standard input is closed", "  pipe specs into it, or name a file"
    )


def test_an_empty_standard_input(run: Run) -> None:
    for form in ("table", "jsonl"):
        assert run("count", "-", "--format", form) == refusal(
            "error: the input is empty", "  stdin", EXPECTED_HINT
        )


def test_a_mistake_of_convcost_itself_asks_for_a_report(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convcost import __version__
    from convcost.cli import output

    def broken(*_: object) -> None:
        raise RuntimeError("it is broken")

    monkeypatch.setattr(output, "write_values", broken)
    assert invoke("count", "8x8x4", "conv 3x3 8", "--get", "macs") == (
        3,
        "",
        f"error: a bug in convcost {__version__}: RuntimeError: it is broken\n"
        "  run it again with CONVCOST_DEBUG=1 and report what it prints\n",
    )
    shown = invoke("count", "8x8x4", "conv 3x3 8", "--get", "macs", CONVCOST_DEBUG="1")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err.startswith("Traceback (most recent call last):\n")
    assert shown.err.endswith("RuntimeError: it is broken\n")


def test_json_is_never_printed_in_part(invoke: Run) -> None:
    specs = [
        {"type": "1x1", "input": "8x8x4", "out": 8},
        {"type": "1x1", "input": "8x8x4", "out": 0},
    ]
    result = invoke("count", "-", "--format", "json", stdin=json.dumps(specs))
    assert result == refusal("error: out_channels must be at least 1, not 0", "  stdin:1: [1].out")
