"""Runs of pytest in forks of this process, which has imported what is slow to import.

A fork imports convcost anew, so it sees the files as they are then. It says after each test how
it went; one that is silent for too long is ended, with all that it started.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

HEAVY = ("typer", "rich.console", "pydantic", "numpy", "onnx", "tflite", "jsonschema", "sympy")
"""Packages that a fork need not import again. None is convcost."""

MOST_BYTES = 4 << 30
"""Of the memory of one process: a mutant may ask for any amount."""


Begins = Callable[[str], None]
"""What is told the name of each test before it runs."""


PATIENCE = 120
"""Seconds without a word, after which a run is ended."""

BUSY = 20
"""Seconds more than five times its own that a test may take, since others use the machine too."""


class Ran(NamedTuple):
    """One run: the seconds of each test that passed, those that failed, and how it ended."""

    passed: dict[str, float]
    failed: list[str]
    end: str
    """``green``, ``red`` or ``hung``."""
    output: str


class Plugin:
    """Runs the chosen tests in their order, repeatably, and writes what became of each."""

    def __init__(self, chosen: list[str] | None, known: set[str], out: int) -> None:
        self.rank = None if chosen is None else {name: n for n, name in enumerate(chosen)}
        self.known = known
        self.out = out
        self.begins: Begins = lambda _: None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Examples of hypothesis are the same in each run, and are not made smaller."""
        usual = hypothesis.settings.get_profile("convcost")
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutants", usual, derandomize=True, database=None, phases=phases, print_blob=False
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """The chosen ones, and those that are there only because of the change."""
        if self.rank is not None:
            new = [item for item in items if item.nodeid not in self.known]
            old = [item for item in items if item.nodeid in self.rank]
            items[:] = new + sorted(old, key=lambda item: (self.rank or {})[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Says which test begins, also to the processes that it starts."""
        os.environ["MUTATION_TEST"] = item.nodeid
        self.begins(item.nodeid)
        self.say(begins=item.nodeid)
        begin = time.perf_counter()
        done = yield
        self.say(test=item.nodeid, seconds=time.perf_counter() - begin)
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Failures of set-up and of tearing down are failures too."""
        if report.failed:
            self.say(failed=report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of tests that cannot be read is one."""
        if report.failed:
            self.say(failed=report.nodeid or "collection")

    def say(self, **what: str | float) -> None:
        """A line to the parent."""
        os.write(self.out, json.dumps(what).encode() + b"\n")


def warm() -> None:
    """Import once what every fork needs."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


def ran(
    home: Path,
    files: list[str],
    chosen: list[str] | None = None,
    known: Mapping[str, float] | None = None,
    around: Callable[[], contextlib.AbstractContextManager[Begins | None]] = contextlib.nullcontext,
    first: bool = True,
) -> Ran:
    """Run tests of ``home`` in a fork: all of ``files``, or of these the ``chosen`` ones.

    ``known`` are all tests that there are without a change, and the seconds that they take: one
    that takes much longer is ``hung``. ``around`` is entered there before convcost is imported.
    With ``first`` it ends at the first failure.
    """
    heard, spoken = os.pipe()
    log = home.parent / "output"
    child = os.fork()
    if child == 0:
        os.close(heard)
        code = 70
        try:
            _settle(home, log)
            plugin = Plugin(chosen, set(known or ()), spoken)
            with around() as begins:
                plugin.begins = begins or plugin.begins
                code = _pytest(home, files, first, plugin)
        finally:
            os._exit(code)
    os.close(spoken)
    words, hung = _listen(heard, known)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL) if hung else None
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what a test left behind
    failed = [str(word["failed"]) for word in words if "failed" in word]
    passed = {word["test"]: word["seconds"] for word in words if "test" in word}
    code = os.waitstatus_to_exitcode(status)
    end = "hung" if hung else "green" if code in (0, pytest.ExitCode.NO_TESTS_COLLECTED) else "red"
    passed = {name: seconds for name, seconds in passed.items() if name not in failed}
    return Ran(passed, failed, end, log.read_text("utf-8", "replace")[-3000:])


def _settle(home: Path, log: Path) -> None:
    """Make the fork a process of its own, in the copy."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log_file, 1)
    os.dup2(log_file, 2)
    os.chdir(home)
    os.environ["PYTHONPATH"] = str(home)
    here = str(Path(__file__).parents[1])
    sys.path[:] = [str(home), *(path for path in sys.path if path not in ("", here))]
    found = importlib.util.find_spec("convcost")
    if found is None or not Path(str(found.origin)).is_relative_to(home):
        raise SystemExit(f"convcost would be imported from {found and found.origin}")


def _pytest(home: Path, files: list[str], first: bool, plugin: Plugin) -> int:
    words = ["-q", "-n", "0", "-p", "no:cacheprovider", "--assert=plain", "--tb=short"]
    words += ["-x"] if first else []
    words += [f"--basetemp={home.parent / 'temporary'}", f"--rootdir={home}"]
    paths = [str(home / "tests" / file) for file in files]
    return int(pytest.main([*words, *paths], plugins=[plugin]))


def _listen(heard: int, known: Mapping[str, float] | None) -> tuple[list[dict[str, Any]], bool]:
    """What the fork says until it ends, and whether it fell silent."""
    said: list[dict[str, Any]] = []
    rest = b""
    patience: float = PATIENCE
    while True:
        ready, _, _ = select.select([heard], [], [], patience)
        more = os.read(heard, 1 << 16) if ready else b""
        if not more:
            os.close(heard)
            return said, not ready
        *lines, rest = (rest + more).split(b"\n")
        said += map(json.loads, lines)
        begun = str(said[-1].get("begins")) if said else ""
        patience = PATIENCE if known is None else BUSY + 5 * known.get(begun, 8)
