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
NUMBER = re.compile(
    r"\b[0-9]{1,3}(?:,[0-9]{3})+\b|\b[0-9]{6,}\b|\b[0-9]+\.[0-9]+x?"
    r"|\b[0-9]+x[0-9]+x[0-9]+\b|\b1/[0-9]+\b(?!\.)"
)
"""Exact numbers, ratios, percentages, shapes and fractions."""


def asked(page: Path) -> list[str]:
    """Every command of a page, in order; the language of its answer is no part of it."""
    shown = (block for block in blocks(page) if block.language == "console")
    every = (command for block in shown for command, _ in commands(block))
    return [command.replace(" --lang zh", "") for command in every]


def claims(page: Path) -> list[tuple[str, str, str]]:
    """What the last table of a page says: the claim, the command, the verdict."""
    return CLAIM.findall(page.read_text("utf-8").rpartition("\n## ")[2])


@pytest.mark.parametrize("page", ["README.md", "docs/concepts.md"])
def test_both_editions_run_the_same_commands_in_the_same_order(page: str) -> None:
    assert asked(DOCS / "zh" / Path(page).name) == asked(ROOT / page)


def test_the_glossary_runs_nothing_that_the_english_pages_do_not() -> None:
    english = {command for page in DOCS.glob("*.md") for command in asked(page)}
    assert set(asked(DOCS / "zh" / "glossary.md")) - english == set()


def test_what_a_chinese_page_shows_is_chinese_wherever_it_can_be() -> None:
    """``--get`` prints bare numbers, and refuses a language; everything else takes one."""
    english = [
        command
        for page in sorted((DOCS / "zh").glob("*.md"))
        for block in blocks(page)
        if block.language == "console"
        for command, _ in commands(block)
        if "convcost " in command and " --get " not in command and " --lang zh" not in command
    ]
    assert english == []


def test_the_glossary_has_the_words_that_a_learner_asks_for() -> None:
    text = (DOCS / "zh" / "glossary.md").read_text("utf-8")
    words = ("通道", "卷积核", "逐点卷积", "深度可分离卷积", "瓶颈", "感受野", "乘加")
    assert [word for word in words if f"| {word} |" not in text] == []


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
