"""Shapes as they are typed and copied: batches, channels first, Keras' None, and typos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from convcost import count
from convcost.errors import ConvcostError

ONE = (
    "1x56x56x256 was read as one sample of 56x56x256; the batch goes to --batch, and a 3-D "
    "kernel has three sizes"
)
EIGHT = "8x56x56x256 was read as a batch of 8 samples of 56x56x256"
DEPTH = (
    "8x56x56x256 was read as depth 8, height 56, width 56, 256 channels; a batch is written "
    "56x56x256 with --batch 8"
)
SAMPLE = 56 * 56 * 3 * 3 * 256 * 64


def conv(shape: list[int], kernel: Any) -> str:
    fields = {"input": shape, "type": "conv", "kernel_size": kernel, "out_channels": 64}
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("shape", "kernel", "macs", "note"),
    [
        ([1, 56, 56, 256], 3, SAMPLE, ONE),
        ([1, 56, 56, 256], [3, 3], SAMPLE, ONE),
        ([8, 56, 56, 256], [3, 3], 8 * SAMPLE, EIGHT),
        # One number fits a map of three axes as well: that is what four sizes are.
        ([8, 56, 56, 256], 3, 8 * 3 * SAMPLE, DEPTH),
        ([8, 56, 56, 256], [3, 3, 3], 8 * 3 * SAMPLE, None),
        ([1, 56, 56, 256], [3, 3, 3], 3 * SAMPLE, None),
    ],
)
def test_every_door_reads_a_batch_alike(
    invoke: Run, shape: list[int], kernel: Any, macs: int, note: str | None
) -> None:
    sizes = "x".join(map(str, kernel)) if isinstance(kernel, list) else str(kernel)
    typed = "x".join(map(str, shape))
    doors = [
        invoke("count", typed, f"conv {sizes} 64", "--get", "macs"),
        invoke("count", typed, "conv", sizes, "64", "--get", "macs"),
        invoke("count", "standard", "-i", typed, "-k", sizes, "-o", "64", "--get", "macs"),
        invoke("count", "-", "--get", "macs", stdin=conv(shape, kernel)),
    ]
    said = f"note: {note}\n" if note else ""
    assert [(door.out, door.err) for door in doors] == [(f"{macs}\n", said)] * len(doors)


def test_a_batch_is_read_alike_on_every_line_of_a_stream(invoke: Run) -> None:
    lines = "\n".join([conv([1, 56, 56, 256], 3)] * 3)
    done = invoke("count", "-", "--format", "jsonl", stdin=lines)
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["macs"], one["notes"]) for one in found] == [(SAMPLE, [ONE])] * 3


@pytest.mark.parametrize("command", ["compare", "explain"])
def test_other_commands_say_it_too(invoke: Run, command: str) -> None:
    words = ["separable"] if command == "explain" else []
    done = invoke(command, *words, "1x56x56x256", "-k", "3", "-o", "64")
    assert f"note: {ONE}\n" in done.err


def test_a_batch_is_given_once(invoke: Run) -> None:
    done = invoke("count", "8x56x56x256", "conv 3x3 64", "--batch", "4")
    assert done.err == (
        "error: the batch is given twice\n  8x56x56x256, --batch 4\n"
        "  write the shape of one sample: 56x56x256\n"
    )


STEM = 112 * 112 * 7 * 7 * 3 * 64  # torch: Conv2d(3, 64, 7, 2, 3) on 224x224


@pytest.mark.parametrize(
    ("shape", "macs", "note"),
    [
        (
            "1,3,224,224",
            STEM,
            "1x3x224x224 was read as one sample of 224x224x3, channels first (in_channels=3)",
        ),
        (
            "8,3,224,224",
            8 * STEM,
            "8x3x224x224 was read as a batch of 8 samples of 224x224x3, channels first "
            "(in_channels=3)",
        ),
        (
            "3x224x224",
            STEM,
            "3x224x224 was read as one sample of 224x224x3, channels first (in_channels=3)",
        ),
        ("1x224x224x3", STEM, "1x224x224x3 was read as one sample of 224x224x3"),
        ("224x224x3", STEM, None),
    ],
)
def test_a_layer_that_says_its_channels_says_where_they_are(
    invoke: Run, shape: str, macs: int, note: str | None
) -> None:
    done = invoke("count", "nn.Conv2d(3,64,7,2,3)", "--input", shape, "--get", "macs")
    assert (done.out, done.err) == (f"{macs}\n", f"note: {note}\n" if note else "")


def test_the_batch_that_keras_does_not_know_is_none(invoke: Run) -> None:
    plain = invoke("count", "56x56x256", "conv 3x3 64", "--get", "macs")
    keras = "(None, 56, 56, 256)"
    assert plain.out == f"{SAMPLE}\n"
    assert invoke("count", keras, "conv 3x3 64", "--get", "macs") == plain
    assert invoke("count", "conv 3x3 64", "--input", keras, "--get", "macs") == plain
    spec = json.dumps({"input": keras, "type": "conv", "kernel": 3, "out": 64})
    assert invoke("count", "-", "--get", "macs", stdin=spec) == plain


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("56x56x256x", "a size is missing"),
        ("56xx256", "a size is missing"),
        ("56.5x56x256", "56.5 is not a whole number in digits"),
        ("56x56x1e3", "1e3 is not a whole number in digits"),
        ("56x-1x256", "-1 is below 1"),
    ],
)
def test_a_shape_with_a_typo_is_called_a_shape(invoke: Run, word: str, why: str) -> None:
    done = invoke("count", word, "conv 3x3 64")
    assert done.err == (
        f"error: {word} is not a shape: {why}\n"
        "  write sizes joined by x, channels last: 56x56x256\n"
    )


@pytest.mark.parametrize(
    ("word", "way"),
    [
        ("56x56x256 -> 56x56x64", "56x56x256 --out 64"),
        ("56x56x256->28x28x64", "56x56x256 --out 64 --stride 2"),
    ],
)
def test_an_output_is_not_given(invoke: Run, word: str, way: str) -> None:
    done = invoke("compare", word, "-k", "3")
    assert done.err.splitlines()[0] == "error: the output follows from the layers"
    assert done.err.splitlines()[-1] == f"  write the input and the channels: {way}"
    assert invoke("compare", *way.split(), "-k", "3").code == 0


def test_a_folder_is_called_one(invoke: Run) -> None:
    assert invoke("count", ".").err == "error: . is a folder, not a file\n"


def test_networks_may_be_joined_by_commas(invoke: Run) -> None:
    joined = invoke("compare", "resnet18,resnet34", "--format", "csv")
    assert joined == invoke("compare", "resnet18", "resnet34", "--format", "csv")
    assert joined.code == 0


@pytest.mark.parametrize(
    "kind",
    ["relu", "ReLU", "relu6", "softmax", "swish", "gelu", "hswish", "hard-swish", "prelu"],
)
def test_an_activation_may_be_a_type(kind: str) -> None:
    for spec in (
        {"input": "8x6x4", "type": kind},
        {"input": "8x6x4", "layers": [{"type": kind}]},
        {"input": "8x6x4", "layers": [kind]},
    ):
        result = count(spec)
        assert result.element_ops == 8 * 6 * 4
        assert (result.macs, result.params) == (0, 0)


def test_the_slopes_of_prelu_are_learned() -> None:
    assert count("8x6x4", "prelu slopes=1").params == 1
    assert count("8x6x4", "prelu slopes=channels").params == 4
    assert count({"input": "8x6x4", "type": "prelu", "slopes": "values"}).params == 8 * 6 * 4
    (note,) = count("8x6x4", "prelu").document()["notes"]
    assert note == "the slopes that prelu learns are not counted: slopes=1 for one, or channels"
    with pytest.raises(ConvcostError) as caught:
        count("8x6x4", "relu slopes=1")
    assert caught.value.message == "relu learns no slopes"


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", ["specs.jsonl", "spec.json"])
def test_a_shape_is_laid_out_once_whether_typed_or_in_a_file(
    invoke: Run, tmp_path: Path, name: str, own: bool
) -> None:
    spec: dict[str, Any] = {"type": "conv", "kernel_size": 3, "out_channels": 8}
    (tmp_path / name).write_text(json.dumps(spec | ({"input": [4, 10, 6]} if own else {})))
    words = (name,) if own else ("4x10x6", name)
    done = invoke("count", *words, "--layout", "chw", "--format", "jsonl")
    assert (done.code, done.err) == (0, "")
    made = json.loads(done.out)
    assert (made["input"], made["output"]) == ([10, 6, 4], [10, 6, 8])
    assert made["macs"] == 10 * 6 * 8 * 3 * 3 * 4
