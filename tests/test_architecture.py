"""The shortest architecture document: which room may import which, and who may import strangers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "convcost"

RANKS = {
    "errors": 0,
    "quantities": 1,
    "engine": 2,
    "language": 3,
    "sources": 4,
    "studies": 5,
    "reports": 6,
    "results": 7,
    "api": 8,
    "spaces": 8,
    "tools": 9,
    "cli": 9,
    "__main__": 10,
}
"""A room imports itself and rooms of a lower rank. ``convcost`` itself is the public face."""

STRANGERS = {
    "typer": ("cli/",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "pydantic": (
        "language/",
        "sources/text.py",
        "sources/files.py",
        "sources/mapping.py",
        "reports/schemas.py",
        "reports/schema_base.py",
        "reports/convention_schemas.py",
        "reports/space_schemas.py",
        "reports/check_schemas.py",
        "reports/explain_schemas.py",
        "api.py",
    ),
    "pydantic_core": ("language/", "sources/files.py", "reports/jsonl.py"),
    "onnx": ("sources/",),
    "numpy": ("sources/", "engine/columns.py", "engine/boxes.py", "studies/"),
    "pyarrow": ("reports/parquet.py",),
    "tflite": ("sources/tflite/file.py",),
    "torch": ("sources/",),
    "sympy": ("studies/derivation.py",),
    "subprocess": ("studies/history.py",),
    "matplotlib": ("reports/plotting.py", "reports/scattering.py"),
}
"""Which files may import a package that is not in the standard library, or start a program."""

ONLY_INSIDE_FUNCTIONS = (
    *("onnx", "numpy", "pyarrow", "tflite", "torch", "sympy", "matplotlib", "rich"),
)
"""Packages that are large, or that need not be installed."""

NEVER_AT_START = ("pydantic",)
"""In ``api.py`` the validation error is caught; its import stands inside the function."""


class Import(NamedTuple):
    """One imported module, by whom, and whether it happens when the importer is imported."""

    file: str
    line: int
    module: str
    at_start: bool
    typing_only: bool


def imports(path: Path) -> Iterator[Import]:
    """Every import of one file."""
    file = path.relative_to(PACKAGE).as_posix()
    yield from _walk(ast.parse(path.read_text("utf-8")), file, True, False)


def _walk(node: ast.AST, file: str, at_start: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, at_start, typing_only)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{file}:{child.lineno} imports relatively"
            assert child.module is not None
            names = [child.module]
            if child.module in ("convcost", "convcost.reports", "convcost.engine.operations"):
                names = [f"{child.module}.{alias.name}" for alias in child.names]
            for name in names:
                yield Import(file, child.lineno, name, at_start, typing_only)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from _walk(
                child, file, at_start and not is_function, typing_only or bool(is_typing)
            )


FILES = sorted(PACKAGE.rglob("*.py"))
ALL = [one for path in FILES for one in imports(path)]


def room(module: str) -> str | None:
    """``convcost.engine.graph`` -> ``engine``; None for the face of the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in RANKS else None


def room_of_file(file: str) -> str | None:
    return room("convcost." + file.removesuffix(".py").replace("/", "."))


def test_every_file_is_in_a_room() -> None:
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} == {
        *RANKS,
        "__init__",
    }


def test_imports_point_one_way() -> None:
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for one in ALL
        if one.module.startswith("convcost.")
        and (home := room_of_file(one.file)) is not None
        and (target := room(one.module)) is not None
        and RANKS[target] > RANKS[home]
    ]
    assert wrong == []


def test_importers_and_studies_do_not_know_the_terminal() -> None:
    """What computes answers does not write: no print, no exit, no argv below the command line."""
    wrong = []
    for path in FILES:
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith("cli/") or file == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if text in ("print", "input", "exit", "quit", "sys.exit", "os._exit"):
                wrong.append(f"{file}:{node.lineno} calls {text}")  # type: ignore[attr-defined]
            if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                "sys.stdout",
                "sys.stderr",
                "sys.stdin",
                "sys.argv",
            ):
                wrong.append(f"{file}:{node.lineno} uses {ast.unparse(node)}")
    assert wrong == []


@pytest.mark.parametrize("package", STRANGERS)
def test_a_strange_package_is_imported_only_where_it_may(package: str) -> None:
    allowed = STRANGERS[package]
    wrong = [
        f"{one.file}:{one.line}"
        for one in ALL
        if one.module.split(".")[0] == package
        and not any(one.file == home or one.file.startswith(home) for home in allowed)
        and not one.typing_only
    ]
    assert wrong == []


def test_large_packages_are_imported_inside_functions() -> None:
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for one in ALL
        if one.at_start
        and not one.typing_only
        and (
            one.module.split(".")[0] in ONLY_INSIDE_FUNCTIONS
            or (one.file == "api.py" and one.module.split(".")[0] in NEVER_AT_START)
        )
    ]
    assert wrong == []


def test_the_engine_knows_no_file_and_no_text_format() -> None:
    unknown_to_engine = {"pathlib", "json", "csv", "tomllib", "os", "sys", "io", "re", "shutil"}
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for one in ALL
        if one.file.startswith("engine/") and one.module.split(".")[0] in unknown_to_engine
    ]
    assert wrong == []


def test_nothing_is_evaluated_but_what_the_tracer_wrote() -> None:
    calls = [
        f"{path.relative_to(PACKAGE).as_posix()}: {node.func.id}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "__import__")
    ]
    assert calls == ["engine/replaying.py: exec"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_says_what_it_owns_and_stays_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= 400


def test_no_two_modules_import_each_other_when_they_are_imported() -> None:
    """What is needed while a module is read makes no circle, in a room or across rooms."""
    modules = {
        "convcost." + path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): path
        for path in FILES
    }
    needs = {
        name: {
            one.module
            for one in imports(path)
            if one.at_start and not one.typing_only and one.module in modules
        }
        for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"a circle: {' -> '.join((*above, name))}"
        if name not in done:
            for other in sorted(needs[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in modules:
        visit(name, ())
