"""What people type first is answered: the lines that newcomers tried, and kinds of them.

``data/guesses.json`` holds lines, what each should print and how it should exit, as they were
collected from people who had not read the manual (with the small files beside it). One line of
the collection is left out: it expects 349,152,000 MACs of SqueezeNet 1.1, of which PyTorch's own
hooks count 349,151,936.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import environment

DATA = Path(__file__).parent / "data"
GUESSES: list[dict[str, Any]] = json.loads((DATA / "guesses.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the collection, and ``convcost`` on the path."""
    folder = tmp_path_factory.mktemp("guesses")
    shutil.copytree(DATA / "guesses_files", folder, dirs_exist_ok=True)
    tools = folder / "bin"
    tools.mkdir()
    for name, words in (("convcost", "-m convcost"), ("python3", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tools / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess["line"])
def test_a_first_guess_is_answered(home: Path, guess: dict[str, Any]) -> None:
    env = environment(COLUMNS="100")
    env["PATH"] = f"{home / 'bin'}{os.pathsep}{env['PATH']}"
    has_stdin = "|" in guess["line"] or "<" in guess["line"]
    done = subprocess.run(
        ["bash", "-c", guess["line"]],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        cwd=home,
        stdin=None if has_stdin else subprocess.DEVNULL,
        check=False,
    )
    said = done.stderr + (done.stdout if guess["exit"] == 0 else "")
    assert done.returncode == guess["exit"], done.stderr
    if guess["out"]:
        assert re.search(guess["out"], done.stdout, re.MULTILINE)
    if guess["err"]:
        assert re.search(guess["err"], said, re.MULTILINE)
    if guess["never"]:
        assert not re.search(guess["never"], done.stderr)
