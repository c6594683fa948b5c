"""The rules of other tools beside the tools themselves, where they are installed.

A row that differs says what to do. ``conventions_tools.py`` has the cases; ``.ci/run`` runs this
in its second environment, so that a new release of a tool shows up as a failing row.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("torch", "torchvision", "fvcore", "torchinfo", "ptflops", "thop", "calflops")
ABSENT = [name for name in NEEDED if find_spec(name) is None]
if ABSENT:
    pytest.skip(f"not installed: {', '.join(ABSENT)}", allow_module_level=True)

import conventions_tools as tools  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def wrong(rows: list[tools.Row]) -> list[str]:
    """The rows that differ, each with what to do."""
    return [str(row) for row in rows if not row.agrees]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("kind", [*tools.kinds()], ids=lambda kind: kind.name)
def test_every_kind_of_layer(kind: tools.Kind, batch: int) -> None:
    rows = tools.rows(kind.name, kind.make(), kind.shape, batch)
    assert wrong(rows) == []
    assert all(row.theirs is not None for row in rows)


@pytest.mark.parametrize("name", tools.NETWORKS)
def test_whole_networks(name: str) -> None:
    rows = tools.network_rows(name)
    assert wrong(rows) == []
    assert all(row.theirs is not None for row in rows)


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnx_tool", "onnx_opcounter")),
    reason="the tools for ONNX files are not installed",
)
@pytest.mark.parametrize("path", tools.ONNX_FILES, ids=lambda path: path.stem)
def test_onnx_files(path: Path) -> None:
    assert wrong(tools.onnx_rows(path)) == []


def test_a_row_that_differs_says_what_to_do() -> None:
    row = tools.Row("a layer", "thop", 1, 2)
    assert not row.agrees
    assert "convcost/conventions/thop.toml" in str(row)
