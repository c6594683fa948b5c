"""The documentation cannot lie: its commands are run and must print what stands there.

In README.md and docs/*.md, each fenced block is one of these:

``console``            each ``$ line`` is run by bash, 80 columns wide, and what follows it, up
                       to the next ``$``, is all that it prints (errors too)
``toml file=NAME``     (or any other language) is a file for the commands below it on that page
``pycon``, ``python``  with ``>>>`` is a doctest

Each block starts in a folder of its own with the files that the page has shown so far.

``needs=MODULE`` after the language leaves a block out where that module is not installed.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import environment

from convcost.cli.app import COMMANDS
from convcost.engine.figures import FIGURES
from convcost.language.primitives import PRIMITIVES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: the page and line where it stands, its language, its words, its text."""

    page: str
    line: int
    language: str
    words: dict[str, str]
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of one page."""
    text = page.read_text("utf-8") if page.is_file() else ""
    for match in FENCE.finditer(text):
        language, info, content = match.groups()
        words = dict(word.split("=", 1) for word in info.split() if "=" in word)
        line = text.count("\n", 0, match.start()) + 1
        yield Block(page.relative_to(ROOT).as_posix(), line, language, words, content)


BLOCKS = [block for page in PAGES for block in blocks(page)]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
PYTHON = [
    block for block in BLOCKS if block.language in ("python", "pycon") and ">>>" in block.text
]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """(command, what it prints) of a console block; a backslash continues a command."""
    assert block.text.startswith("$ "), f"{block.page}:{block.line} does not start with a command"
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += f"\n{more}"
        yield command, output


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``convcost`` and ``python``, which are those that run these tests."""
    folder = tmp_path_factory.mktemp("bin")
    for name, words in (("convcost", "-m convcost"), ("python", ""), ("python3", "")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    return folder


def can_run(block: Block) -> bool:
    return "needs" not in block.words or find_spec(block.words["needs"]) is not None


def write_files(block: Block, folder: Path) -> None:
    """The files that the page shows above ``block``."""
    for other in BLOCKS:
        if other.page == block.page and other.line < block.line and "file" in other.words:
            path = folder / other.words["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(other.text)


def transcript(block: Block, folder: Path, programs: Path) -> str:
    """What a terminal shows when the commands of ``block`` are run one after the other."""
    write_files(block, folder)
    env = environment()
    env["PATH"] = f"{programs}:{env['PATH']}"
    shown = ""
    for command, _ in commands(block):
        done = subprocess.run(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env=env,
            timeout=120,
            check=False,
        )
        shown += f"$ {command}\n{done.stdout}"
    return shown


@pytest.fixture(scope="module")
def transcripts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, programs: Path
) -> Iterator[dict[str, Future[str]]]:
    """The console blocks that were asked for, all started: they use every core of the machine."""
    asked: list[Any] = [
        item.callspec.params["block"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test_a_command_prints_what_stands_below_it.__name__
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            name_of(block): pool.submit(transcript, block, tmp_path_factory.mktemp("doc"), programs)
            for block in asked
            if can_run(block)
        }


def name_of(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", CONSOLE, ids=name_of)
def test_a_command_prints_what_stands_below_it(
    block: Block, transcripts: dict[str, Future[str]]
) -> None:
    if not can_run(block):
        pytest.skip(f"{block.words['needs']} is not installed")
    assert transcripts[name_of(block)].result() == block.text


@pytest.mark.parametrize("block", PYTHON, ids=name_of)
def test_a_python_example_gives_what_stands_below_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_run(block):
        pytest.skip(f"{block.words['needs']} is not installed")
    write_files(block, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    test = doctest.DocTestParser().get_doctest(block.text, {}, name_of(block), block.page, 0)
    report: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=report.append)
    assert outcome.failed == 0, "".join(report)
    assert outcome.attempted > 0


def test_the_readme_shows_commands_that_run() -> None:
    readme = ROOT / "README.md"
    if readme.read_text("utf-8").strip():
        assert any(block.page == "README.md" for block in CONSOLE)


def test_no_page_shows_a_mistake_of_convcost_itself() -> None:
    wrong = [name_of(block) for block in CONSOLE if "a bug in convcost" in block.text]
    assert wrong == []


def test_every_command_line_is_in_a_block_that_is_run() -> None:
    wrong = [
        name_of(block)
        for block in BLOCKS
        if block.language != "console" and re.search(r"^\$ ", block.text, re.MULTILINE)
    ]
    assert wrong == []


def test_links_between_pages_lead_somewhere() -> None:
    wrong = []
    for page in PAGES:
        text = FENCE.sub("", page.read_text("utf-8") if page.is_file() else "")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (page.parent / target).exists():
                wrong.append(f"{page.relative_to(ROOT).as_posix()}: {target}")
    assert wrong == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = set(re.findall(r"\]\(([^)#:]+)\)", index.read_text("utf-8")))
    pages = {Path(os.path.relpath(page, index.parent)).as_posix() for page in PAGES}
    assert sorted(pages - linked - {"index.md"}) == []


def test_every_command_is_in_the_reference() -> None:
    shown = [
        command
        for block in CONSOLE
        if block.page == "docs/reference.md"
        for command, _ in commands(block)
    ]
    assert [name for name in COMMANDS if f"convcost {name} --help" not in shown] == []


def test_every_figure_is_on_its_page_as_the_table_has_it() -> None:
    text = (ROOT / "docs" / "figures.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]+) \| (yes|no) \|", text, re.MULTILINE)
    assert rows == [
        (
            figure.key,
            figure.unit,
            "total" if figure.layer is None else "layer, total",
            "yes" if figure.has_limit else "no",
        )
        for figure in FIGURES.values()
    ]


def test_a_block_is_understood() -> None:
    block = Block("x.md", 1, "console", {}, "$ echo a \\\n  b\na b\n$ echo c | cat\nc\n")
    assert list(commands(block)) == [("echo a \\\n  b", "a b\n"), ("echo c | cat", "c\n")]


def test_every_primitive_is_on_the_page_of_designs() -> None:
    text = (ROOT / "docs" / "designs.md").read_text("utf-8")
    assert [name for name in PRIMITIVES if f"`{name}`" not in text] == []


def test_every_extra_is_in_the_reference() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    extras = project["optional-dependencies"]
    assert [extra for extra in extras if f"| `pip install '.[{extra}]'` |" not in text] == []
