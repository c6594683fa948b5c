"""Completion in a real bash: names, formats, figures, columns and parameters."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import environment

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

SCRIPT = """
source "$1"
shift
COMP_WORDS=(convcost "$@")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
%s convcost "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def complete(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last of ``words``."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    program = tools / "convcost"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m convcost "$@"\n')
    program.chmod(0o755)
    env = environment()
    env["PATH"] = f"{tools}:{env['PATH']}"
    shown = subprocess.run(
        ["convcost", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        env=env | {"_CONVCOST_COMPLETE": "source_bash"},
        check=False,
    )
    script = folder / "completion.bash"
    script.write_text(shown.stdout)
    function = next(line.split("(")[0] for line in shown.stdout.splitlines() if "()" in line)
    done = subprocess.run(
        ["bash", "-c", SCRIPT % function.strip(), "bash", str(script), *words],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("coun",), {"count"}),
        (("count", "resnet1"), {"resnet18", "resnet101", "resnet152"}),
        (("compare", "56x56x256", "--design", "separ"), {"separable"}),
        (("count", "resnet18", "--format", "js"), {"json", "jsonl"}),
        (("count", "resnet18", "--get", "par"), {"params"}),
        (("count", "resnet18", "--columns", "macs_"), {"macs_share"}),
        (("count", "mobilenet_v1", "--set", "wid"), {"width="}),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_bash_completes(tmp_path: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert complete(tmp_path, *words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(tmp_path: Path, shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convcost"],
        capture_output=True,
        text=True,
        env=environment() | {"_CONVCOST_COMPLETE": f"source_{shell}"},
        check=False,
    )
    assert "_CONVCOST_COMPLETE" in done.stdout
