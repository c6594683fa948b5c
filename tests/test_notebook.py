"""Results in a notebook: a table once, ``print`` and ``str`` as everywhere, one line as repr."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import environment
from nbclient import NotebookClient

CELLS = [
    "import convcost\nresult = convcost.count('8x8x4', 'conv 3x3 8')\nresult",
    "print(result)",
    "str(result).splitlines()[0]",
    "repr(result)",
    "convcost.compare('8x8x4', kernel_size=3, out_channels=8)",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What each cell of a notebook shows when it is run."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "kernels" / "here").mkdir(parents=True)
    spec = {
        "argv": [
            __import__("sys").executable,
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": "here",
        "language": "python",
        "env": {"PYTHONPATH": environment()["PYTHONPATH"]},
    }
    (folder / "kernels" / "here" / "kernel.json").write_text(json.dumps(spec))
    made: Any = nbformat.v4  # its functions have no types
    book = made.new_notebook(cells=[made.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        NotebookClient(
            book, kernel_name="here", timeout=120, resources={"metadata": {"path": str(folder)}}
        ).execute()
    return [cell["outputs"] for cell in book["cells"]]


def test_a_result_shows_once_as_a_table_in_html(outputs: list[list[dict[str, Any]]]) -> None:
    (shown,) = outputs[0]
    assert "<table" in shown["data"]["text/html"]
    assert "288" in shown["data"]["text/html"]  # 3 x 3 x 4 x 8 weights
    (comparison,) = outputs[4]
    assert "separable" in comparison["data"]["text/html"]


def test_print_prints_the_table_once(outputs: list[list[dict[str, Any]]]) -> None:
    text = "".join(part["text"] for part in outputs[1])
    assert text.count("conv 3x3 8 on 8x8x4") == 1


def test_text_and_repr_are_what_they_are_elsewhere(outputs: list[list[dict[str, Any]]]) -> None:
    assert outputs[2][0]["data"]["text/plain"] == "'conv 3x3 8 on 8x8x4'"
    macs = 8 * 8 * 3 * 3 * 4 * 8
    expected = f"<CountResult conv 3x3 8: 288 params, {macs:,} MACs, 1 layer>"
    assert outputs[3][0]["data"]["text/plain"] == repr(expected)


def test_the_file_of_a_notebook_is_not_needed(tmp_path: Path) -> None:
    """The HTML of a result stands alone: no link, no script."""
    import convcost

    html = convcost.count("8x8x4", "conv 3x3 8")._repr_html_()
    assert "http" not in html
    assert "<script" not in html
