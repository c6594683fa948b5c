"""The onnx package's own node tests: every operation has an answer, and its sizes are right.

``onnx_backend_table.py`` prints the whole table. Here is one test of each operation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx_backend_table import Answer, answer, cases

UNANSWERED = {"Constant"}
"""A model that reads nothing is no network."""

SHARE = 0.95


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    """The first test of each operation of each domain, and every fifth expansion."""
    folder: Path = tmp_path_factory.mktemp("backend")
    chosen: dict[str, Any] = {}
    for number, case in enumerate(cases()):
        kinds = sorted({f"{node.domain}:{node.op_type}" for node in case.model.graph.node})
        name = kinds[0] if len(kinds) == 1 else f"(expanded) {number // 5}"
        chosen.setdefault(name, case)
    if not chosen:
        pytest.skip("this version of the package keeps its tests on disk")
    return [answer(case, folder) for case in chosen.values()]


def test_no_operation_breaks_convcost(answers: list[Answer]) -> None:
    assert [one for one in answers if one.answer == "crash"] == []


def test_operations_have_an_answer(answers: list[Answer]) -> None:
    single = [one for one in answers if one.operation != "(expanded)"]
    assert len(single) > 150
    open_ = {one.operation for one in single if one.answer in ("unknown", "refused")}
    assert len(open_) <= (1 - SHARE) * len(single)
    assert open_ <= UNANSWERED


def test_sizes_are_those_of_the_tests(answers: list[Answer]) -> None:
    assert [(one.test, one.wrong) for one in answers if one.wrong] == []
