"""What a sweep and a fit are refused for: one sentence that names the option."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Run

from convcost.studies.front import front, not_beaten

SPACE = ["8x8x4", "conv 3x3 8", "--vary", "out=8,16"]
FIT = ["56x56x64", "conv 3x3", "--vary", "out=8..16"]

REFUSED: dict[str, tuple[list[str], list[str]]] = {
    "two shapes": (
        ["sweep", "8x8x4", "8x8x5", "conv 3x3 8", "--vary", "out=8"],
        ["error: the input shape is given twice", "  8x8x5"],
    ),
    "two subjects": (
        ["sweep", "8x8x4", "bottleneck", "separable", "--vary", "out=8"],
        [
            "error: bottleneck and separable: one subject is varied",
            "  several designs are an axis: --vary design=bottleneck,separable",
        ],
    ),
    "an axis without its option": (
        ["sweep", "8x8x4", "bottleneck", "out=8"],
        [
            "error: bottleneck and out=8: one subject is varied",
            "  an axis is an option: --vary out=8",
        ],
    ),
    "a setting without a value": (
        ["sweep", *SPACE, "--set", "stride="],
        [
            "error: a parameter is set as NAME=VALUE",
            "  --set stride=",
            "  --set scale=4",
        ],
    ),
    "a setting without an equals sign": (
        ["sweep", *SPACE, "--set", "stride"],
        [
            "error: a parameter is set as NAME=VALUE",
            "  --set stride",
            "  --set scale=4",
        ],
    ),
    "a setting twice": (
        ["sweep", *SPACE, "--set", "stride=2", "--set", "stride=1"],
        ["error: stride is given twice", "  --set stride=1"],
    ),
    "a setting twice by its long name": (
        [
            "sweep",
            "8x8x4",
            "conv",
            "--vary",
            "out=8",
            "--set",
            "kernel=3",
            "--set",
            "kernel_size=1",
        ],
        ["error: kernel_size is given twice", "  --set kernel_size=1"],
    ),
    "a layer of what has none": (
        ["sweep", "8x8x4", "conv 3x3 8", "--vary", "a.out=8"],
        ["error: the one candidate cannot be built: conv has no layers to set a.out of"],
    ),
    "no figure to sort by": (
        ["sweep", *SPACE, "--sort=-"],
        ["error: '-' is not a figure"],
    ),
    "a target without a number": (
        ["fit", *FIT, "--near", "macs="],
        ["error: --near is FIGURE=NUMBER or FIGURE=NETWORK", "  --near macs="],
    ),
    "a target without a figure": (
        ["fit", *FIT, "--near", "mcas=9"],
        ["error: mcas is not a figure", "  --near mcas=9", "  did you mean macs?"],
    ),
    "a target of a ratio": (
        ["fit", *FIT, "--near", "intensity=9"],
        ["error: intensity is not a whole number", "  --near intensity=9"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_one_sentence_that_names_the_option(invoke: Run, case: str) -> None:
    words, expected = REFUSED[case]
    done = invoke(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[: len(expected)] == expected


def points(*rows: tuple[int, ...]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]


def plain_front(rows: list[tuple[int, ...]]) -> list[bool]:
    """By the definition: no other is at least as good in all, and better in one."""
    return [
        not any(
            all(a <= b for a, b in zip(other, row, strict=True)) and other != row for other in rows
        )
        for row in rows
    ]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_the_front_is_what_nothing_beats(objectives: int, seed: int) -> None:
    from random import Random

    chance = Random(seed)
    rows = [tuple(chance.randint(0, 6) for _ in range(objectives)) for _ in range(60)]
    columns = points(*rows)
    mask = front(columns)
    assert mask.tolist() == plain_front(rows)
    known = [column[mask] for column in columns]
    sieve = not_beaten(columns, known)
    assert all(stays for stays, best in zip(sieve.tolist(), mask.tolist(), strict=True) if best)
    if objectives == 2:
        assert sieve.tolist() == plain_front(rows)


def test_the_front_of_nothing_is_empty() -> None:
    empty = [np.zeros(0, dtype=np.int64)] * 2
    assert front(empty).tolist() == []
    assert not_beaten(points((1, 2), (3, 4)), empty).tolist() == [True, True]
