"""The text for learners: both editions ask the same, and its last table is true."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Run
from test_docs import ROOT, blocks, commands

DOCS = ROOT / "docs"
CLAIM = re.compile(r"^\| (.+) \| `convcost (.+)` \| (.+) \|$", re.MULTILINE)
NUMBER = re.compile(r"\b[0-9]{1,3}(?:,[0-9]{3})+\b")


def asked(page: Path) -> list[str]:
    """Every command of a page, in order."""
    shown = (block for block in blocks(page) if block.language == "console")
    return [command for block in shown for command, _ in commands(block)]


def claims(page: Path) -> list[tuple[str, str, str]]:
    """What the last table of a page says: the claim, the command, the verdict."""
    return CLAIM.findall(page.read_text("utf-8").rpartition("\n## ")[2])


def test_both_editions_of_the_concepts_run_the_same_commands() -> None:
    assert asked(DOCS / "zh" / "concepts.md") == asked(DOCS / "concepts.md")


def test_the_chinese_readme_shows_nothing_that_the_english_pages_do_not() -> None:
    english = {
        command for page in (ROOT / "README.md", *DOCS.glob("*.md")) for command in asked(page)
    }
    assert set(asked(DOCS / "zh" / "README.md")) - english == set()


def test_both_editions_have_the_same_claims() -> None:
    ours, theirs = claims(DOCS / "concepts.md"), claims(DOCS / "zh" / "concepts.md")
    assert [command for _, command, _ in ours] == [command for _, command, _ in theirs]
    assert [NUMBER.findall(verdict) for *_, verdict in ours] == [
        NUMBER.findall(verdict) for *_, verdict in theirs
    ]


@pytest.mark.parametrize("claim", claims(DOCS / "concepts.md"), ids=lambda claim: claim[0])
def test_a_claim_is_what_its_command_says(invoke: Run, claim: tuple[str, str, str]) -> None:
    text, command, verdict = claim
    result = invoke(*shlex.split(command))
    assert (result.code, result.err) == (0, "")
    numbers = NUMBER.findall(verdict) or (NUMBER.findall(text) if verdict == "right" else [])
    for number in numbers:
        assert number in result.out or number.replace(",", "") in result.out


def test_the_chinese_pages_are_chinese() -> None:
    for page in (DOCS / "zh").glob("*.md"):
        prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
        chinese = sum("\u4e00" <= char <= "\u9fff" for char in prose)
        assert chinese > len(prose) / 4, page.name
