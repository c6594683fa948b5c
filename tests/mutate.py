"""Mutations: one change of the code at a time, and whether the tests see it.

    python tests/mutate.py [--sample N] [--seed S] [--map FILE] [--log FILE] [FILE ...]

Takes ``N`` changes at random of the files of ``POPULATION`` (or of those that are named, with
``*`` as in a shell). For each it runs the tests that run the changed line, the fastest first,
until one fails: then the mutant is killed. What runs when a file is imported is tried on the
tests of all that the file holds. Survivors are printed as ``file:line: before -> after``; those
that change nothing stand in ``tests/mutation/equivalent.py``.

It works on a copy and starts only where the whole suite passes there without a change. That run
also finds which test runs which line; ``--map`` keeps that for the next time. ``--log`` keeps what
became of each mutant: what a test killed is not tried again while that test and the file of the
mutant are there, nor is what survived the very tests that there are. So an interrupted run goes
on, and new tests are tried on the survivors that they fit.
It needs the package coverage, the test extras, and a system that has fork().
"""

from __future__ import annotations

import argparse
import ast
import bisect
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent

if find_spec("coverage") is None or not hasattr(os, "fork"):
    sys.exit("tests/mutate.py needs os.fork and the package coverage: pip install coverage")

from mutation.changes import Mutant, sample, written  # noqa: E402  # by the lines above
from mutation.covered import AT_IMPORT, Map, RedError, covered  # noqa: E402
from mutation.equivalent import EQUIVALENT  # noqa: E402
from mutation.forks import ran, warm  # noqa: E402

POPULATION = (
    "quantities.py",
    "engine/**/*.py",
    "language/*.py",
    "sources/*.py",
    "sources/frameworks/*.py",
    "sources/onnx/*.py",
    "sources/tflite/*.py",
    "studies/*.py",
    "reports/documents.py",
    "reports/escaping.py",
    "reports/writing.py",
    "cli/interruption.py",
    "cli/streaming.py",
    "cli/writer.py",
)
"""Without ``sources/torch``: its tests need PyTorch. Where it is, name the files: they work."""

HANGS = "it hangs"

FIRST = 60
"""Tests of the first run for a mutant; most are killed there, and the files of tests are few."""

MOST_SECONDS = 60.0
"""Of tests for one mutant, as long as they take without it. A survivor of so many may be seen by
one of the others, so that the rate is a lower bound; ``--most`` tries more."""


class Verdict(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    how: str
    """``killed``, ``survived`` or ``equivalent``."""
    why: str


class Log:
    """What became of mutants in earlier runs, a line each."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple[str, str], tuple[str, str, str]] = {}
        if path and path.exists():
            for line in path.read_text("utf-8").splitlines():
                code, key, how, why, tests = json.loads(line)
                self._known[code, key] = how, why, tests

    def find(self, mutant: Mutant, usual: str, tests: list[str], seen: Map) -> Verdict | None:
        """What is known of a mutant: a test that killed it, or the very tests that passed."""
        how, why, tried = self._known.get((_digest(usual), mutant.key), ("", "", ""))
        if how == "killed" and (why == HANGS or why in seen.seconds):
            return Verdict(mutant, how, why)
        if how == "survived" and tried == _digest("\n".join(tests)):
            return Verdict(mutant, how, why)
        return None

    def add(self, verdict: Verdict, usual: str, tests: list[str]) -> None:
        """Write one down."""
        if self._path:
            line = [_digest(usual), verdict.mutant.key, verdict.how, verdict.why]
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([*line, _digest("\n".join(tests))]) + "\n")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def fitting(mutant: Mutant, seen: Map, importers: dict[str, set[str]], seconds: float) -> list[str]:
    """The tests that may see a mutant, the fastest first, as far as the time goes."""
    tests = seen.of(mutant.file, mutant.lines)
    if not mutant.function or AT_IMPORT in tests:
        tests |= seen.of(mutant.file)
        if tests <= {AT_IMPORT}:  # a table without functions
            tests = set().union(*(seen.of(file) for file in importers.get(mutant.file, ())))
    tests.discard(AT_IMPORT)
    ordered = sorted(tests, key=lambda test: (seen.seconds[test], test))
    spent = list(itertools.accumulate(seen.seconds[test] for test in ordered))
    return ordered[: bisect.bisect(spent, seconds)]


def outcome(home: Path, mutant: Mutant, seen: Map, tests: list[str]) -> Verdict:
    """Run the tests in two goes, and say how it ended."""
    passed = 0
    for part in (tests[:FIRST], tests[FIRST:]):
        if not part:
            continue
        files = sorted({test.partition("::")[0].removeprefix("tests/") for test in part})
        done = ran(home, files, part, seen.seconds)
        if done.end != "green":
            why = HANGS if done.end == "hung" else next(iter(done.failed), "pytest ends")
            return Verdict(mutant, "killed", why)
        passed += len(done.passed)
    if tests and not passed:
        raise SystemExit(f"no test ran for {mutant}\n{done.output}")
    return Verdict(mutant, "survived", f"{passed} tests pass" if tests else "no test runs it")


def importers(home: Path) -> dict[str, set[str]]:
    """By file of convcost, the files that import it."""
    found: dict[str, set[str]] = {}
    for path in (home / "convcost").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("convcost."):
                name = str(node.module).removeprefix("convcost.").replace(".", "/")
                for file in (f"{name}.py", *(f"{name}/{part.name}.py" for part in node.names)):
                    found.setdefault(file, set()).add(str(path.relative_to(home / "convcost")))
    return found


def tried(
    home: Path, mutants: list[Mutant], seen: Map, log: Log, seconds: float
) -> Iterator[Verdict]:
    """Put each mutant in its place, run its tests, and take it away again."""
    knows = importers(home)
    stamp = int(time.time())  # Python takes a file with an older time for one that it knows
    for mutant in mutants:
        path = home / "convcost" / mutant.file
        usual = path.read_text("utf-8")
        if mutant.key in EQUIVALENT:
            yield Verdict(mutant, "equivalent", EQUIVALENT[mutant.key])
            continue
        tests = fitting(mutant, seen, knows, seconds)
        known = log.find(mutant, usual, tests, seen)
        if known is not None:
            yield known
            continue
        for text in (written(mutant, usual), usual):
            path.write_text(text, "utf-8")
            stamp += 2
            os.utime(path, (stamp, stamp))
            if text is not usual:
                found = outcome(home, mutant, seen, tests)
        log.add(found, usual, tests)
        yield found


def summary(verdicts: list[Verdict], names: set[str]) -> int:
    """Print the figures; returns the number of survivors."""
    tally = Counter(verdict.how for verdict in verdicts)
    real = len(verdicts) - tally["equivalent"]
    rate = 100 * tally["killed"] / max(real, 1)
    print(
        f"{len(verdicts)} tried, {tally['equivalent']} change nothing, "
        f"{tally['killed']} of {real} killed ({rate:.1f} %), {tally['survived']} survived"
    )
    for file, number in Counter(v.mutant.file for v in verdicts if v.how == "survived").items():
        print(f"  {number} of {sum(v.mutant.file == file for v in verdicts)} survive in {file}")
    for key in sorted(set(EQUIVALENT) - names):
        print(f"no such mutant any more: {key}")
    return tally["survived"]


def main() -> int:
    """Run, print survivors, and say how many were killed."""
    words = argparse.ArgumentParser(description="Do the tests see a change of the code?")
    words.add_argument("files", nargs="*", default=POPULATION)
    words.add_argument("--sample", type=int, default=400)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--most", type=float, default=MOST_SECONDS, help="seconds of tests for each")
    words.add_argument("--map", type=Path)
    words.add_argument("--log", type=Path)
    words.add_argument("--matching", default="", help="only mutants whose printed line has this")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "convcost"
        ignored = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, home, ignore=ignored)
        warm()
        try:
            seen = covered(home, asked.map or home.parent / "map")
        except RedError as error:
            print(f"the tests fail without a mutation, so nothing is measured\n{error}")
            return 2
        code = home / "convcost"
        files = sorted({str(p.relative_to(code)) for word in asked.files for p in code.glob(word)})
        mutants, names = sample(home, files, asked.sample, asked.seed)
        mutants = [mutant for mutant in mutants if asked.matching in str(mutant)]
        print(f"{len(names):,} mutants of {len(files)} files, {len(seen.seconds):,} tests")
        verdicts = []
        for found in tried(home, mutants, seen, Log(asked.log), asked.most):
            verdicts.append(found)
            if found.how == "survived":
                print(f"survived: {found.mutant} ({found.why})", flush=True)
            if len(verdicts) % 50 == 0:
                print(f"... {len(verdicts)} of {len(mutants)}", flush=True)
    return 1 if summary(verdicts, names) else 0


if __name__ == "__main__":
    sys.exit(main())
