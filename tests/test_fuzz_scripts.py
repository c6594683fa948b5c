"""The scripts in ``tests/fuzz``, each for a moment: they find nothing, and they would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FUZZ = str(Path(__file__).parent / "fuzz")


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [FUZZ, *sys.path])


def test_texts_and_documents_with_mistakes() -> None:
    import inputs

    tally, wrong = inputs.run(60, seed=0, most=400)
    assert tally.total() == 400
    assert [line for line in wrong if not line.startswith("the process")] == []


def test_broken_onnx_files() -> None:
    pytest.importorskip("onnx")
    import onnx_files

    number, answered, wrong = onnx_files.run(60, seed=0, most=60)
    assert (number, [line for line in wrong if not line.startswith("the process")]) == (60, [])
    assert answered < number


def test_commands_at_random() -> None:
    import commands

    tally, wrong = commands.run(60, seed=0, most=150)
    assert (tally.total(), wrong) == (150, [])
    assert set(tally) == {0, 2}


def test_a_foreign_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import inputs

    def broken(*arguments: object) -> None:
        raise LookupError("gone")

    monkeypatch.setattr(inputs, "read_document", broken)
    _, wrong = inputs.run(60, seed=0, most=4)
    assert [line.partition(": ")[2] for line in wrong][:1] == ["LookupError: gone"]
