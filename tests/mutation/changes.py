"""Mutants: every small change of a file, and where it stands. Knows no test."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

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
ASIDE = ("annotation", "returns", "decorator_list")
"""Fields of nodes that are left alone: they say what a type checker sees, not what runs."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file below ``convcost``."""

    file: str
    function: str
    """The function and class it is in, with dots; empty where it runs when the file is imported."""
    before: str
    after: str
    statement: str
    """The statement before the change, shortened: with it, ``key`` outlives changes elsewhere."""
    lines: range
    """The lines of the statement, of which a test must run one to see the change."""
    number: int
    """Which it is of those that would be called the same."""
    index: int
    """Which it is of the changes of the file."""

    @property
    def key(self) -> str:
        """How ``EQUIVALENT`` names it."""
        place = f"{self.file} {self.function}".rstrip()
        more = f" #{self.number}" if self.number > 1 else ""
        return f"{place}: {self.before} -> {self.after} | {self.statement}{more}"

    def __str__(self) -> str:
        return f"{self.file}:{self.lines.start}: {self.key.partition(' ')[2]}"

    def rank(self, seed: int) -> bytes:
        """The place in the sample: by chance, but the same whatever else the code has."""
        return sha256(f"{seed} {self.key}".encode()).digest()


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node hangs in its tree, and what it is part of."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    function: str
    statement: ast.stmt

    def put(self, node: ast.AST) -> None:
        """Hang another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def places(parent: ast.AST, function: str, inside: str, statement: ast.stmt) -> Iterator[Place]:
    """Every node below ``parent``: ``inside`` is its name, ``function`` that of what runs it."""
    for field, value in ast.iter_fields(parent):
        if field in ASIDE:
            continue
        within = inside if field == "body" and isinstance(parent, FUNCTIONS) else function
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_left_alone(parent, node):
                continue
            own = node if isinstance(node, ast.stmt) else statement
            yield Place(parent, field, index, node, within, own)
            name = getattr(node, "name", None) or "<lambda>"
            named = isinstance(node, (*FUNCTIONS, ast.ClassDef))
            yield from places(node, within, f"{inside}.{name}".strip(".") if named else inside, own)


def mutants(file: str, text: str) -> Iterator[Mutant]:
    """Every change of one file."""
    seen: Counter[tuple[str, ...]] = Counter()
    statements: dict[ast.stmt, str] = {}
    for index, (place, new) in enumerate(_changes(ast.parse(text))):
        statement = statements.setdefault(place.statement, "") or _short(place.statement)
        statements[place.statement] = statement
        named = (file, place.function, _short(place.node), _short(new), statement)
        seen[named] += 1
        yield Mutant(*named, _lines(place), seen[named], index)


def written(mutant: Mutant, text: str) -> str:
    """The whole file with the change."""
    tree = ast.parse(text)
    place, new = _changes(tree)[mutant.index]
    place.put(new)
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(tree: ast.Module) -> list[tuple[Place, ast.AST]]:
    every = list(places(tree, "", "", ast.Pass(lineno=1, end_lineno=1)))
    return [(place, new) for place in every if (new := changed(place.node)) is not None]


def sample(home: Path, files: list[str], number: int, seed: int) -> tuple[list[Mutant], set[str]]:
    """``number`` mutants of the files by chance, and the names of all."""
    every = []
    for file in files:
        every += list(mutants(file, (home / "convcost" / file).read_text("utf-8")))
    return sorted(every, key=lambda mutant: mutant.rank(seed))[:number], {m.key for m in every}


def _is_left_alone(parent: ast.AST, node: ast.AST) -> bool:
    """What is for type checkers only, and ``strict`` of ``zip``, which checks what is always so."""
    if isinstance(node, ast.keyword):
        is_zip = isinstance(parent, ast.Call) and ast.unparse(parent.func) == "zip"
        return is_zip and node.arg == "strict"
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Literal", "Annotated")


def _lines(place: Place) -> range:
    """Of the whole statement; of one with a body, its first line and those of the change."""
    statement, node = place.statement, place.node
    if isinstance(node, ast.If):
        node = node.test
    first = statement.lineno
    if hasattr(statement, "body") or isinstance(statement, ast.Match):
        # Python 3.11 counts lines inside some strings from 1.
        last = max(first, getattr(node, "end_lineno", None) or first)
        return range(first, last + 1)
    return range(first, (statement.end_lineno or first) + 1)


def _short(node: ast.AST) -> str:
    line = " ".join(ast.unparse(node).split())
    return line if len(line) < 90 else f"{line[:87]}..."
