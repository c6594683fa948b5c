"""Mutations: one change of the code at a time, and whether the tests see it.

    python tests/mutate.py [--sample N] [--seed S] [--seconds T] [FILE ...] [-- PYTEST WORDS ...]

Walks the syntax trees of the files of ``TESTS`` (or of those that are named), takes ``N``
changes at random and runs the tests of that file for each: a mutant is killed where they fail.
It works on a copy, starts only where the tests pass without a change, and prints survivors as
``file:line: before -> after``. Those that change nothing stand in ``EQUIVALENT``.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TIMEOUT = 120
"""Seconds for the tests of one mutant; an endless loop is a death too."""

TESTS: dict[str, tuple[str, ...]] = {
    "engine/operations/convolution.py": ("test_oracle.py", "test_errors.py"),
    "engine/operations/transposed.py": ("test_oracle.py", "test_errors.py"),
    "engine/operations/pooling.py": ("test_oracle.py", "test_limits.py"),
    "engine/operations/elementwise.py": ("test_oracle.py", "test_errors.py"),
    "engine/windows.py": ("test_oracle.py", "test_properties.py", "test_errors.py"),
    "engine/counting.py": ("test_properties.py", "test_cli.py", "test_networks.py"),
    "engine/graph.py": ("test_limits.py", "test_networks.py", "test_design_files.py"),
    "engine/receptive_field.py": ("test_receptive_field.py",),
    "engine/memory/liveness.py": ("test_memory.py", "test_memory_rules.py"),
    "engine/memory/sizes.py": ("test_memory.py", "test_memory_rules.py"),
    "engine/tracing.py": ("test_replay.py",),
    "language/expressions.py": ("test_expressions.py", "test_design_files.py"),
    "language/toml.py": ("test_limits.py", "test_design_files.py", "test_errors.py"),
    "language/reading.py": ("test_limits.py", "test_errors.py", "test_files.py"),
    "sources/files.py": ("test_files.py", "test_limits.py", "test_errors.py"),
    "sources/locating.py": ("test_limits.py", "test_errors.py"),
    "studies/streaming.py": ("test_replay.py", "test_files.py"),
    "reports/documents.py": ("test_cli.py", "test_schema.py", "test_memory.py"),
    "reports/escaping.py": ("test_hostile_names.py",),
    "reports/writing.py": ("test_writing.py", "test_cli.py"),
    "cli/writer.py": ("test_writing.py",),
    "cli/interruption.py": ("test_writing.py",),
}
"""The files that are mutated, and the fast tests that know each of them."""

EQUIVALENT: dict[str, str] = {}
"""``file: before -> after`` of mutants that no test can see, and why."""

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Div: ast.Mult,
}


class Mutant(NamedTuple):
    """One change: the file below ``convcost``, the line, and the code before and after."""

    file: str
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"

    @property
    def key(self) -> str:
        """How ``EQUIVALENT`` names it."""
        return f"{self.file}: {self.before} -> {self.after}"


def changed(node: ast.AST) -> ast.AST | None:
    """The node with one change, or None where there is nothing to change."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARE:
        new.ops[0] = COMPARE[type(new.ops[0])]()
    elif isinstance(new, ast.BinOp) and type(new.op) in BINARY:
        new.op = BINARY[type(new.op)]()
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        return new.operand
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        new.value = not new.value
    elif isinstance(new, ast.Constant) and isinstance(new.value, int):
        new.value += 1
    elif isinstance(new, ast.IfExp):
        new.body, new.orelse = new.orelse, new.body
    elif isinstance(new, ast.If):
        new.test = ast.UnaryOp(ast.Not(), new.test)
    elif isinstance(new, ast.Raise):
        return ast.Pass()
    else:
        return None
    return new


def mutants(file: str, text: str) -> Iterator[Mutant]:
    """Every change of one file. Annotations and decorators are left alone."""
    tree = ast.parse(text)
    aside = {
        id(inner)
        for node in ast.walk(tree)
        for field in ("annotation", "returns", "decorator_list")
        for part in _as_list(getattr(node, field, None))
        for inner in ast.walk(part)
    }
    for parent in ast.walk(tree):
        if id(parent) in aside:
            continue
        for field, value in ast.iter_fields(parent):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            nodes = value if isinstance(value, list) else [value]
            for index, node in enumerate(nodes):
                new = changed(node) if isinstance(node, ast.AST) else None
                if new is None or _is_typing(parent):
                    continue
                before, after = (_short(ast.unparse(n)) for n in (node, new))
                if isinstance(value, list):
                    value[index] = new
                else:
                    setattr(parent, field, new)
                made = ast.unparse(ast.fix_missing_locations(tree))
                if isinstance(value, list):
                    value[index] = node
                else:
                    setattr(parent, field, node)
                yield Mutant(file, getattr(node, "lineno", 0), before, after, made)


def _as_list(value: ast.AST | list[ast.AST] | None) -> list[ast.AST]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript | ast.AnnAssign) and isinstance(
        getattr(node, "annotation", None), ast.Name
    )


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) < 70 else f"{line[:67]}..."


def passes(copy_of: Path, tests: tuple[str, ...], words: list[str], most: int = TIMEOUT) -> bool:
    """Whether the tests pass in a copy of the project."""
    names = [str(copy_of / "tests" / name) for name in tests]
    env = {**os.environ, "PYTHONPATH": str(copy_of), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *words]
    try:
        done = subprocess.run(
            [*command, *names],
            cwd=copy_of,
            env=env,
            capture_output=True,
            timeout=most,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode and most > TIMEOUT:
        print(done.stdout.decode()[-2000:])  # of the baseline, which ought to be green
    return done.returncode == 0


def chosen(home: Path, files: list[str], sample: int, seed: int) -> list[Mutant]:
    """The mutants to try, a sample of all."""
    every = []
    for file in files:
        every += list(mutants(file, (home / "convcost" / file).read_text("utf-8")))
    every = [mutant for mutant in every if mutant.key not in EQUIVALENT]
    random.Random(seed).shuffle(every)
    print(f"{len(every):,} mutants of {len(files)} files; trying {min(sample, len(every)):,}")
    return every[:sample]


def main() -> int:
    """Run, print survivors, and say how many were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help=f"of {', '.join(TESTS)}")
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1e9)
    own = sys.argv[1:]
    words = own[own.index("--") + 1 :] if "--" in own else []
    asked = parser.parse_args(own[: own.index("--")] if "--" in own else own)
    files = asked.files or list(TESTS)
    end = time.monotonic() + asked.seconds
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "convcost"
        ignored = shutil.ignore_patterns(".git", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, home, ignore=ignored)
        known = tuple(dict.fromkeys(test for file in files for test in TESTS[file]))
        if not passes(home, known, words, 20 * TIMEOUT):
            print("the tests fail without a mutation: nothing is measured on a red baseline")
            return 2
        tried, survivors = 0, []
        for mutant in chosen(home, files, asked.sample, asked.seed):
            if time.monotonic() > end:
                break
            path = home / "convcost" / mutant.file
            usual = path.read_text("utf-8")
            path.write_text(mutant.text, "utf-8")
            if passes(home, TESTS[mutant.file], words):
                survivors.append(mutant)
                print(f"survived: {mutant}", flush=True)
            path.write_text(usual, "utf-8")
            tried += 1
    print(f"{tried} tried, {tried - len(survivors)} killed, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
