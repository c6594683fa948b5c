"""Fixtures: convcost as a process (``run``), and the same command in this process (``invoke``)."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "convcost",
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("convcost")

PACKAGE_HOME = Path(__file__).parent.parent
UNSET = ("NO_COLOR", "FORCE_COLOR", "CONVCOST_DEBUG", "CONVCOST_DESIGNS", "PYTHONWARNINGS")


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


def environment(**changes: str) -> dict[str, str]:
    """A clean environment, 80 columns wide, in which this checkout's convcost is imported."""
    env = {name: value for name, value in os.environ.items() if name not in UNSET}
    env |= {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(PACKAGE_HOME)}
    return env | changes


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches the commands that the tests start.

    A run that was started with SIGINT ignored (``nohup``, ``&``, ``trap '' INT``) hands that on
    to its children, and Python leaves it so: nothing that a test interrupts would ever end.
    A handler of ours is not handed on, so the children begin with the default.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("count", ...)``: the command line in a process of its own, in an empty folder."""

    def run(*arguments: str, stdin: str | bytes = b"", **env: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "convcost", *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment(**env),
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def invoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The same without a process: ten times faster, and for everything but pipes and imports."""
    from convcost.cli.app import run as run_app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: str, stdin: str | bytes = b"", **env: str) -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsys.readouterr()
        code = run_app(list(arguments))
        return Result(code, *capsys.readouterr())

    return invoke


def refusal(*lines: str) -> Result:
    """What bad input gets: nothing on standard output, one error on standard error, exit 2."""
    return Result(2, "", "\n".join(lines) + "\n")
