"""Which test runs which line of convcost, as the package coverage sees it.

Kept in a file between runs, per file of tests, for as long as neither that file nor what it runs
changes. Knows no mutant.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from coverage import Coverage, CoverageData

from mutation.forks import ran

AT_IMPORT = "import"
"""The name of what runs when convcost is imported, before any test."""

LEFT_OUT = ("test_architecture.py", "test_wheel.py", "test_docs.py")
"""Tests of how the code is written and packed, which would see that a file has been written anew,
and of the pages, which take minutes and show what other tests hold."""

CHILD = "child "
"""How the names begin under which the processes of a test record."""

SETTINGS = """[run]
data_file = {data}
parallel = true
source = {source}
context = child ${{MUTATION_TEST-none}}
"""

START = """import os
if os.environ.get("COVERAGE_PROCESS_START"):
    import coverage
    coverage.process_startup()
"""
"""``sitecustomize.py`` of the copy: processes that tests start are watched too."""


class Seen(NamedTuple):
    """What one file of tests runs."""

    seconds: dict[str, float]
    """By test."""
    lines: dict[str, dict[int, list[str]]]
    """By file of convcost and line, the tests that run it."""
    code: dict[str, str]
    """By file of which it runs a line after importing it, what that file was."""


class Map(NamedTuple):
    """What all tests run."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, set[str]]]

    def of(self, file: str, lines: range | None = None) -> set[str]:
        """The tests that run one of the lines of a file, or any of them."""
        known = self.lines.get(file, {})
        numbers = known if lines is None else lines
        return {test for line in numbers for test in known.get(line, ())}


class RedError(Exception):
    """The tests fail without a mutation."""


def tests_of(home: Path) -> list[str]:
    """The files of tests that are asked."""
    every = sorted(path.name for path in (home / "tests").glob("test_*.py"))
    return [name for name in every if name not in LEFT_OUT]


def covered(home: Path, kept: Path) -> Map:
    """Run the suite once, a file at a time. Raises RedError where it fails."""
    before: dict[str, Seen] = pickle.loads(kept.read_bytes()) if kept.exists() else {}
    now: dict[str, Seen] = {}
    package = home / "convcost"
    data = [path for path in package.rglob("*") if path.suffix not in (".py", ".pyc")]
    others = _digest([*data, *_helpers(home)])
    code = {str(path.relative_to(package)): _digest([path]) for path in package.rglob("*.py")}
    (home / "sitecustomize.py").write_text(START, "utf-8")
    for name in tests_of(home):
        key = others + _digest([home / "tests" / name])
        seen = before.get(key)
        if seen is None or any(code.get(file) != was for file, was in seen.code.items()):
            seen = _seen(home, name, code)
            before[key] = seen
            kept.write_bytes(pickle.dumps(before))
        now[key] = seen
    kept.write_bytes(pickle.dumps(now))
    whole = Map({}, {})
    for seen in now.values():
        whole.seconds.update(seen.seconds)
        for file, lines in seen.lines.items():
            for line, tests in lines.items():
                whole.lines.setdefault(file, {}).setdefault(line, set()).update(tests)
    return whole


def _helpers(home: Path) -> list[Path]:
    """What tests import of each other, which ought not to be much."""
    every = (home / "tests").glob("*.py")
    return [path for path in every if not path.name.startswith(("test_", "mutate"))]


def _digest(paths: list[Path]) -> str:
    sum = sha256()
    for path in sorted(paths):
        if path.is_file() and path.suffix != ".pyc":
            sum.update(f"{path.name} ".encode() + path.read_bytes())
    return sum.hexdigest()


def _seen(home: Path, name: str, code: dict[str, str]) -> Seen:
    """One file of tests, watched; what fails only because it is watched runs all lines."""
    data = home.parent / "lines"
    done = ran(home, [name], around=lambda: _watched(home, data), first=False)
    lines = _read(data, home / "convcost")
    if done.end == "green":
        return Seen(done.passed, lines, _run_of(lines, code))
    again = ran(home, [name], first=False)
    if again.end != "green":
        raise RedError(f"{name}: {again.end}\n{again.output}")
    unseen = set(again.passed) - set(done.passed)
    for of_file in lines.values():
        for known in of_file.values():
            known.extend(unseen)
    return Seen(again.passed, lines, code)


def _run_of(lines: dict[str, dict[int, list[str]]], code: dict[str, str]) -> dict[str, str]:
    return {
        file: code[file]
        for file, of_file in lines.items()
        if any(tests != [AT_IMPORT] for tests in of_file.values())
    }


@contextlib.contextmanager
def _watched(home: Path, data: Path) -> Iterator[Callable[[str], None]]:
    """Record lines under the name of the test that runs them, here and in child processes."""
    settings = home.parent / "coverage.ini"
    settings.write_text(SETTINGS.format(data=data, source=home / "convcost"), "utf-8")
    watch = Coverage(config_file=str(settings), context="")
    watch.start()
    watch.switch_context(AT_IMPORT)
    import convcost

    for module in pkgutil.walk_packages(convcost.__path__, "convcost."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    os.environ["COVERAGE_PROCESS_START"] = str(settings)
    yield watch.switch_context
    watch.stop()
    watch.save()


def _read(data: Path, source: Path) -> dict[str, dict[int, list[str]]]:
    """What was recorded. Children import convcost too: such lines are not what they test."""
    found: dict[str, dict[int, set[str]]] = {}
    for path in data.parent.glob(f"{data.name}.*"):
        record = CoverageData(str(path))
        record.read()
        for name in record.measured_files():
            file = str(Path(name).relative_to(source))
            for line, tests in record.contexts_by_lineno(name).items():
                found.setdefault(file, {}).setdefault(line, set()).update(tests)
        path.unlink()
    return {
        file: {line: _named(tests) for line, tests in sorted(lines.items())}
        for file, lines in found.items()
    }


def _named(tests: set[str]) -> list[str]:
    children = {test for test in tests if test.startswith(CHILD)}
    own = tests - children - {""}
    return sorted(own if AT_IMPORT in own else own | {test[len(CHILD) :] for test in children})
