"""A command imports what it uses and nothing else: that is what makes it start fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import environment

SPEC = '{"type": "conv", "input": "8x8x4", "kernel": 3, "out": 8}\n'

PROGRAM = """
import sys
from convcost.cli.app import run
code = run(sys.argv[1:])
sys.stderr.write(" ".join(sys.modules))
raise SystemExit(code)
"""

COMPARE = ["compare", "56x56x256", "-k", "3", "-o", "64"]
FRAMEWORKS = [
    *("torch", "onnx", "tflite", "sympy", "numpy"),
    *("convcost.sources.onnx", "convcost.sources.tflite", "convcost.sources.torch"),
]


def modules(tmp_path: Path, *arguments: str) -> set[str]:
    """Every module that is loaded when the command has run."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        input=SPEC,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(PYDANTIC_DISABLE_PLUGINS="__all__"),
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (
            COMPARE,
            [
                *("convcost.sources.files", "convcost.sources.text", "convcost.language.models"),
                *("convcost.reports.schemas", "convcost.reports.html", "convcost.reports.csv"),
                *("convcost.studies.streaming", "convcost.engine.tracing", "jsonschema"),
            ],
        ),
        (
            [*COMPARE, "--format", "json"],
            ["rich", "convcost.reports.terminal", "convcost.sources.files"],
        ),
        ([*COMPARE, "--format", "csv"], ["rich", "convcost.reports.terminal"]),
        ([*COMPARE, "--get", "separable.macs"], ["rich", "convcost.reports.terminal"]),
        (
            ["count", "-", "--format", "jsonl"],
            [
                *("rich", "tomllib", "convcost.reports.terminal", "convcost.sources.text"),
                *("convcost.language.models", "convcost.cli.compare"),
            ],
        ),
        (
            ["count", "8x8x4", "conv 3x3 8", "--get", "macs"],
            ["rich", "tomllib", "convcost.sources.files", "convcost.language.models"],
        ),
        (
            ["--version"],
            ["rich", "pydantic", "convcost.api", "convcost.engine", "convcost.language"],
        ),
        (["--help"], ["rich", "pydantic", "convcost.api", "convcost.engine"]),
        # Typer itself asks pydantic about an option that is a number.
        (
            ["count", "--help"],
            ["rich", "convcost.api", "convcost.language.layers"],
        ),
    ],
    ids=lambda words: " ".join(words[:6]),
)
def test_a_command_imports_only_what_it_uses(
    tmp_path: Path, arguments: list[str], unwanted: list[str]
) -> None:
    loaded = modules(tmp_path, *arguments)
    assert "convcost.cli.app" in loaded
    assert loaded & {*unwanted, *FRAMEWORKS} == set()


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    program = "import sys, convcost; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=True,
    )
    assert [name for name in done.stdout.split() if name.startswith("convcost")] == ["convcost"]
