"""Where the checks of a file stand, and what is said of one that is wrong: always its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from convcost.errors import SpecError
from convcost.studies.budget_file import Budget, load


def budget(tmp_path: Path, text: str, name: str = "convcost.toml") -> Budget:
    path = tmp_path / name
    path.write_text(text)
    return load(path)


def refused(tmp_path: Path, text: str, name: str = "convcost.toml") -> list[str]:
    with pytest.raises(SpecError) as caught:
        budget(tmp_path, text, name)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def test_a_limit_stands_at_the_line_of_its_key(tmp_path: Path) -> None:
    """The first line of a check counts, and the last of the check before does not."""
    text = """[[check]]
max = { macs = 9 }
name = "a"
model = "alexnet"
warn = { params = 7 }
[[check]]
name = "b"
model = "alexnet"

  [check.warn]
params = 7
[[check]]
name = "c"
model = "alexnet"
max.macs = 5
"""
    first, second, third = budget(tmp_path, text).checks
    assert [(limit.kind, limit.line) for limit in first.limits] == [("max", 2), ("warn", 5)]
    assert [(limit.kind, limit.line) for limit in second.limits] == [("warn", 10)]
    assert [check.line for check in (first, second, third)] == [1, 6, 12]
    # A dotted key is no table of its own: the head of the check stands for it.
    assert [(limit.kind, limit.line) for limit in third.limits] == [("max", 12)]


def test_a_key_of_the_next_check_is_not_found_in_this_one(tmp_path: Path) -> None:
    text = """[[check]]
name = "a"
model = "alexnet"
max.macs = 5
[[check]]
max = { macs = 9 }
name = "b"
model = "alexnet"
"""
    first, second = budget(tmp_path, text).checks
    assert [limit.line for limit in (*first.limits, *second.limits)] == [1, 6]


def test_checks_in_a_list_have_a_number_for_a_line(tmp_path: Path) -> None:
    text = 'check = [{ name = "a", model = "alexnet", max = { macs = 9 } }]\n'
    (check,) = budget(tmp_path, text).checks
    assert (check.line, check.place.rpartition("/")[2]) == (None, "convcost.toml: check[0]")
    assert [limit.line for limit in check.limits] == [None]


def test_a_head_in_a_text_is_none(tmp_path: Path) -> None:
    """Where there are more heads than checks, no line is claimed."""
    text = """[[check]]
name = '''
[[check]]
'''
model = "alexnet"
max = { macs = 9 }
"""
    (check,) = budget(tmp_path, text).checks
    assert check.line is None


CHECK = '[[check]]\nname = "a"\nmodel = "alexnet"\n'

WRONG: dict[str, tuple[str, list[str]]] = {
    "an input that is no shape": (
        CHECK + 'input = "12y"\nmax = { macs = 9 }\n',
        ["'12y' is not a shape", "  convcost.toml:1: input"],
    ),
    "an input of no size": (
        CHECK + "input = [0, 8, 3]\nmax = { macs = 9 }\n",
        ["input must be at least 1, not 0", "  convcost.toml:1: input"],
    ),
    "no samples": (
        CHECK + "batch = 0\nmax = { macs = 9 }\n",
        ["batch must be at least 1, not 0", "  convcost.toml:1: batch"],
    ),
    "a text for a number": (
        CHECK + 'batch = "3"\nmax = { macs = 9 }\n',
        ["batch must be a whole number, not '3'", "  convcost.toml:1: batch"],
    ),
    "a number for a flag": (
        CHECK + "norm = 1\nmax = { macs = 9 }\n",
        ["norm must be true or false, not 1", "  convcost.toml:1: norm"],
    ),
    "no limit": (
        CHECK,
        ["a has no limit", "  convcost.toml:1", '  such as max = { macs = "300M" }'],
    ),
    "files that are not there": (
        '[[check]]\nname = "a"\nmodel = "*.onnx"\nmax = { macs = 9 }\n',
        ["a matches nothing", "  convcost.toml:1: model *.onnx"],
    ),
    "one name twice": (
        (CHECK + "max = { macs = 9 }\n") * 2,
        ["two checks are called a", "  convcost.toml:5"],
    ),
    "no checks": (
        "check = []\n",
        [
            "there are no checks here",
            "  convcost.toml",
            "  convcost check --init MODEL writes a first one",
        ],
    ),
    "patches of one side": (
        CHECK + 'patches = "4"\nmax = { macs = 9 }\n',
        [
            "4 is no number of patches",
            "  convcost.toml:1: patches",
            "  write rows x columns: 4x4",
        ],
    ),
    "patches of three sides": (
        CHECK + 'patches = "4x4x4"\nmax = { macs = 9 }\n',
        [
            "4x4x4 is no number of patches",
            "  convcost.toml:1: patches",
            "  write rows x columns: 4x4",
        ],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_check(tmp_path: Path, case: str) -> None:
    text, expected = WRONG[case]
    found = refused(tmp_path, text)
    assert found[: len(expected)] == expected


def test_a_project_without_checks_says_how_to_begin(tmp_path: Path) -> None:
    hint = "  convcost check --init MODEL writes a first one"
    assert refused(tmp_path, "[tool.ruff]\n", "pyproject.toml") == [
        "there is no [tool.convcost] here",
        "  pyproject.toml",
        hint,
    ]
    assert refused(tmp_path, "[project]\n", "pyproject.toml") == [
        "there is no [tool.convcost] here",
        "  pyproject.toml",
        hint,
    ]
    assert refused(tmp_path, "tool = 3\n") == [
        "there is no [tool.convcost] here",
        "  convcost.toml",
        hint,
    ]
    assert refused(tmp_path, "[tool]\nconvcost = 3\n", "pyproject.toml") == [
        "[tool.convcost] is no table",
        "  pyproject.toml",
    ]
