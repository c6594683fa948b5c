"""A long word of the user's is cut where an error shows it: 40 characters of a name, 60 of an
argument, 72 of a place, so that an error stays a few lines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from onnx_models import model, node, save, trained, value
from tflite_models import Builder

LONG = "w" * 90
CONV = "conv 3x3 8"
CHECK = '[[check]]\nname = "a"\nmodel = "alexnet"\n'

COMMANDS: dict[str, tuple[list[str], int]] = {
    "a layer": (["count", "8x8x4", f"{LONG} 3x3 8"], 40),
    "a word behind a layer": (["count", "8x8x4", f"{CONV} {LONG}"], 40),
    "a network": (["count", LONG], 40),
    "a call": (["count", "8x8x4", f"{LONG}(3)"], 40),
    "an argument of a call": (["count", "8x8x4", f"Conv2d(4, 8, 3, {LONG}=1)"], 40),
    "a size": (["count", f"{'9' * 200}x8x4", CONV], 24),
    "a convention": (["count", "alexnet", "--convention", LONG], 40),
    "a schema": (["schema", LONG], 40),
    "an axis": (["sweep", "8x8x4", CONV, "--vary", LONG], 60),
    "the name of an axis": (["sweep", "8x8x4", CONV, "--vary", f"{LONG}!=3"], 40),
    "an end of a range": (["sweep", "8x8x4", CONV, "--vary", f"out={LONG}..3"], 20),
    "a setting of a sweep": (["sweep", "8x8x4", CONV, "--vary", "out=3", "--set", LONG], 60),
    "a check": (["check", LONG], 40),
    "one of three things": (["diff", "alexnet", LONG, "lenet5"], 40),
}


def cut(text: str, width: int) -> bool:
    """Whether the long word is shown to ``width`` characters, dots included, and never longer."""
    shown = "w" if "w" * 5 in text else "9"
    return (
        shown * (width - 3) + "..." in text
        and shown * (width - 2) not in text.split("...", maxsplit=1)[0]
    )


@pytest.mark.parametrize("case", COMMANDS)
def test_a_long_word_is_cut(invoke: Run, tmp_path: Path, case: str) -> None:
    words, width = COMMANDS[case]
    (tmp_path / "convcost.toml").write_text(CHECK + "max = { macs = 9 }\n")
    done = invoke(*words)
    assert (done.code, done.out) == (2, "")
    assert any(cut(line, width) for line in done.err.splitlines()), done.err


FILES: dict[str, tuple[str, str, int]] = {
    "a key of a spec that stands twice": (
        "a.json", f'{{"{LONG}": 1, "{LONG}": 2}}', 40,
    ),
    "a key beside specs": ("a.json", json.dumps({LONG: 1, "specs": []}), 40),
    "a figure of a check": ("convcost.toml", f"{CHECK}max = {{ {LONG} = 3 }}\n", 40),
    "a percentage": ("convcost.toml", f'{CHECK}max_increase = {{ macs = "{LONG}%" }}\n', 40),
    "patches": ("convcost.toml", f'{CHECK}max.macs = 9\npatches = "{LONG}"\n', 40),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_long_word_of_a_file_is_cut(invoke: Run, tmp_path: Path, case: str) -> None:
    name, text, width = FILES[case]
    (tmp_path / name).write_text(text)
    done = invoke("check") if name == "convcost.toml" else invoke("count", name)
    assert (done.code, done.out) == (2, "")
    assert cut(done.err.splitlines()[0], width), done.err


def relu(name: str = "x", made: str = "y") -> Any:
    return node("Relu", name, made)


ONNX: dict[str, tuple[Any, list[str], int]] = {
    "an output that nothing makes": (model([relu()], output=LONG), [], 40),
    "an input that nothing makes": (model([node("Relu", LONG, "y")]), [], 40),
    "an output that is made twice": (model([relu(made=LONG)] * 2, output=LONG), [], 40),
    "an input that is not there": (model([relu()]), ["--input", f"{LONG}=8x8x4"], 40),
    "an operation that is not there": (model([relu()]), ["--cost", f"{LONG}=3"], 40),
    "a node that does not fit": (
        model([node("Conv", "x w", LONG)], [trained("w", 6, 3, 3, 3)], output=LONG), [], 60,
    ),
    "an operation that does not fit in": (
        model([node("Conv", "x w", "y", LONG)], [trained("w", 6, 3, 3, 3)]), [], 60,
    ),
    "an input with free sizes": (
        model([relu(LONG)], inputs=[value(LONG, (None, None, None))], output="y"), [], 40,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ONNX)
def test_a_long_name_in_an_onnx_file_is_cut(invoke: Run, tmp_path: Path, case: str) -> None:
    proto, words, width = ONNX[case]
    save(proto, tmp_path)
    done = invoke("count", "model.onnx", *words)
    assert (done.code, done.out) == (2, "")
    assert any(cut(line, width) for line in done.err.splitlines()), done.err


def tflite(case: str) -> bytes:
    b = Builder()
    x, long = b.tensor("x", 1, 8, 8, 4), b.tensor(LONG, 1, 8, 8, 4)
    if case == "misfit":
        b.operator("CONV_2D", [x, b.weight("w", 6, 3, 3, 3)], [long], StrideH=1, StrideW=1)
    elif case == "late":
        y = b.tensor("y", 1, 8, 8, 4)
        b.operator("RELU", [long], [y])
        b.operator("RELU", [x], [long])
        return b.build([x], [y])
    elif case == "twice":
        b.operator("RELU", [x], [long])
        b.operator("RELU", [x], [long])
    else:
        b.operator("RELU", [x], [long])
    return b.build([x], [long])


@pytest.mark.parametrize(
    ("case", "words", "width"),
    [
        ("misfit", [], 60),
        ("late", [], 40),
        ("twice", [], 40),
        ("input", ["--input", f"{LONG}=8x8x4"], 40),
    ],
)
def test_a_long_name_in_a_tflite_file_is_cut(
    invoke: Run, tmp_path: Path, case: str, words: list[str], width: int
) -> None:
    (tmp_path / "model.tflite").write_bytes(tflite(case))
    done = invoke("count", "model.tflite", *words)
    assert (done.code, done.out) == (2, "")
    assert any(cut(line, width) for line in done.err.splitlines()), done.err


def test_a_long_name_in_a_hint_is_cut(invoke: Run, tmp_path: Path) -> None:
    save(model([relu(LONG)], inputs=[value(LONG, ("n", None, 4))], output="y"), tmp_path)
    done = invoke("count", "model.onnx")
    assert "w" * 38 not in done.err
    assert f" --input {'w' * 37}...=" in done.err.splitlines()[-1]
