"""The changes that ``tests/mutate.py`` makes: one at a time, and those set aside still exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutation.changes import mutants, written
from mutation.equivalent import EQUIVALENT

CODE = Path(__file__).parent.parent / "convcost"

TEXT = """
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import this

Kind = Literal[1, 2]
LIMIT = 8


def of(size: int, most: int = 3) -> int:
    if size < most and not size == 2:
        raise ValueError
    return size + 1 if size else 0
"""


def test_each_change_by_its_place() -> None:
    found = {f"{m.function}: {m.before.splitlines()[0]} -> {m.after}" for m in mutants("a", TEXT)}
    assert found == {
        ": 8 -> 9",
        ": 3 -> 4",
        "of: if size < most and (not size == 2): raise ValueError"
        " -> if not (size < most and (not size == 2)): raise ValueError",
        "of: size < most and (not size == 2) -> size < most or not size == 2",
        "of: size < most -> size <= most",
        "of: not size == 2 -> size == 2",
        "of: size == 2 -> size != 2",
        "of: 2 -> 3",
        "of: raise ValueError -> pass",
        "of: size + 1 if size else 0 -> 0 if size else size + 1",
        "of: size + 1 -> size - 1",
        "of: 1 -> 2",
        "of: 0 -> 1",
    }


def test_a_file_has_one_change() -> None:
    every = list(mutants("a", TEXT))
    assert len({written(mutant, TEXT) for mutant in every}) == len(every)
    (limit,) = (mutant for mutant in every if mutant.before == "8")
    assert "LIMIT = 9\n" in written(limit, TEXT)
    assert limit.lines == range(8, 9)


def test_keys_are_different_and_do_not_depend_on_lines() -> None:
    text = "a = 1 + 1\n"
    keys = [mutant.key for mutant in mutants("a", text)]
    assert len(set(keys)) == len(keys) == 3
    assert keys == [mutant.key for mutant in mutants("a", f"\n\n{text}")]


@pytest.mark.parametrize("file", sorted({key.partition(" ")[0].rstrip(":") for key in EQUIVALENT}))
def test_what_changes_nothing_is_still_there(file: str) -> None:
    keys = {mutant.key for mutant in mutants(file, (CODE / file).read_text("utf-8"))}
    ours = {key for key in EQUIVALENT if key.partition(" ")[0].rstrip(":") == file}
    assert ours <= keys
