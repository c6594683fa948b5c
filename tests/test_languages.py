"""Chinese: no message lacks a translation, and tables stay aligned."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import LOCALE, compiled, read_po
from conftest import Run

from convcost import compare, count, explain
from convcost.language.library import PACKAGE, Library
from convcost.reports.catalogue import design_report
from convcost.reports.count import CountView
from convcost.reports.report import Look, Report
from convcost.reports.translating import Translator
from convcost.reports.widths import cell_width

CATALOGUES = sorted(LOCALE.rglob("*.po"))
DESIGNS = sorted(path.stem for path in (PACKAGE / "designs").glob("*.toml"))
ZH = read_po(LOCALE / "zh" / "LC_MESSAGES" / "convcost.po")

FOREIGN = ("sources/onnx", "sources/torch", "sources/tflite", "sources/frameworks")
"""Errors about files of frameworks stay English: their words are those of the frameworks."""

ERRORS = ("ConvcostError", "SpecError", "OperationError", "ExpressionError")


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_the_compiled_catalogue_is_current(path: Path) -> None:
    assert path.with_suffix(".mo").read_bytes() == compiled(read_po(path)), (
        "python tests/catalogues.py compiles it anew"
    )


def test_a_translation_uses_no_value_that_the_message_does_not_have() -> None:
    for message, text in ZH.items():
        if message:
            text.format(*range(len(re.findall(r"\{#?\}", message))))


def template(node: ast.expr) -> str | None:
    """A message as it stands in the code, with ``{}`` for each value."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
        return "".join(map(str, parts))
    return None


def raised() -> Iterator[tuple[str, str]]:
    """(place, message) of each error that is raised with a message of its own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith(FOREIGN):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                message = template(node.args[0]) if name in ERRORS else None
                if message is not None:
                    yield f"{file}:{node.lineno}", message


def test_every_error_has_a_translation() -> None:
    assert [f"{place}: {message}" for place, message in raised() if message not in ZH] == []


def test_every_option_and_command_has_a_translation() -> None:
    from convcost.cli import app

    speaker = Translator("zh")
    said = [*app.COMMANDS.values()]
    for name in app.COMMANDS:
        command = app.LazyGroup(name="convcost").get_command(None, name)
        said += [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
        for param in command.params:
            said.append(getattr(param, "rich_help_panel", None) or "Options")
            help = getattr(param, "help", None) or ""
            # The list of formats is a list of words to type.
            said += [help] if "--format" not in param.opts else []
    assert sorted({text for text in said if text and not speaker.knows(text)}) == []


ENGLISH = re.compile(r"\b[a-z]{3,} [a-z]{3,}\b")


def untranslated(report: Report) -> list[str]:
    """Sentences of a report that no message fits."""
    speaker = Translator("zh")
    asked: list[str] = []
    text = speaker.text
    speaker.text = lambda message: asked.append(message) or text(message)  # type: ignore[method-assign, func-returns-value]
    spoken = speaker.report(report)
    from convcost.reports.formats import FORMATS

    FORMATS["table"].render([spoken], Look(verbose=True))
    return [one for one in asked if ENGLISH.search(one) and not speaker.knows(one)]


@pytest.mark.parametrize("name", DESIGNS)
def test_every_sentence_on_a_design_has_a_translation(name: str) -> None:
    library = Library()
    design = library.find(name)
    own = {parameter.about for parameter in design.parameters.values()} | {design.source}
    missing = [
        text
        for text in untranslated(design_report(library, design))
        if not any(part and part in text for part in own) and not text.startswith("convcost ")
    ]
    assert missing == []


@pytest.mark.parametrize("baseline", ["standard", "pointwise", "bottleneck"])
@pytest.mark.parametrize("shape", ["56x56x256", "56x56x4"])
def test_every_sentence_of_a_comparison_has_a_translation(shape: str, baseline: str) -> None:
    for stride in (1, 2):
        settings = {"kernel_size": 3, "out_channels": 64, "stride": stride}
        result = compare(shape, baseline=baseline, **settings)  # type: ignore[arg-type]
        assert untranslated(result.report()) == []


@pytest.mark.parametrize("name", ["standard", "pointwise", "separable", "bottleneck", "grouped"])
@pytest.mark.parametrize("shape", ["56x56x256", "56x56x4"])
def test_every_sentence_of_an_explanation_has_a_translation(shape: str, name: str) -> None:
    for stride in (1, 2):
        settings = {"kernel_size": 3, "out_channels": 64, "stride": stride, "bias": True}
        assert untranslated(explain(name, shape, **settings).report()) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("what", [("resnet50",), ("56x56x256", "separable 3x3 64")])
def test_every_sentence_of_a_count_has_a_translation(what: tuple[str, ...]) -> None:
    assert untranslated(count(*what).report()) == []
    assert untranslated(count(*what).report(CountView(brief=True))) == []


def test_a_count_in_chinese() -> None:
    report = Translator("zh").report(count("56x56x256", "separable 3x3 64, relu").report())
    assert report.notes[:3] == (
        "3 层：2 层有乘加，1 层逐元素",
        "乘加：87.7 % conv 1x1, 12.3 % depthwise 3x3",
        "参数量：87.7 % conv 1x1, 12.3 % depthwise 3x3",
    )
    assert report.notes[4].startswith("  权重 ")


TABLE = """\
56x56x256 -> 56x56x64，卷积核 3x3
设计         参数量         乘加    乘加变化                        感受野  混合
────────────────────────────────────────────────────────────────────────────────
standard    147,456  462,422,016        基准  ████████████████████     3x3  两者
pointwise    16,384   51,380,224  少 9.00 倍  ██▎                      1x1  通道
separable    18,688   58,605,568  少 7.89 倍  ██▌                      3x3  两者
bottleneck    7,424   23,281,664  少 19.9 倍  █                        3x3  两者
1 次乘加 = 1 次乘法 + 1 次加法；批量 1
感受野：一个输出值取决于多大一块输入；混合：它组合的是什么
bottleneck：乘加比 standard 少 19.9 倍，感受野相同（3x3），混合两者
"""


def test_a_comparison_in_chinese_is_aligned(invoke: Run) -> None:
    command = ("compare", "56x56x256", "-k", "3", "-o", "64", "--lang", "zh")
    assert invoke(*command) == (0, TABLE, "")
    rows = TABLE.splitlines()[3:7]
    assert len({cell_width(row.rpartition("  ")[0]) for row in rows}) == 1


def test_auto_asks_the_environment(invoke: Run) -> None:
    command = ("compare", "56x56x256", "-k", "3", "-o", "64", "--lang", "auto")
    assert invoke(*command, LC_ALL="", LC_MESSAGES="", LANG="zh_CN.UTF-8").out == TABLE
    assert "MACs change" in invoke(*command, LANG="de_DE.UTF-8").out


def test_the_first_line_of_an_error_is_chinese(run: Run) -> None:
    result = run("count", "56x56x256", "conv 3x3 64 g3", "--lang", "zh")
    assert result.err == (
        "error: groups=3 不能整除 256 个输入通道\n"
        "  conv 3x3 64 g3\n              ^^\n  try g1, g2, g4, g8, g16, g32 or g64\n"
    )


def test_help_is_chinese(run: Run) -> None:
    shown = run("compare", "--lang", "zh", "--help").out
    assert "  并排比较设计：参数量、乘加、少多少倍，以及各自做什么。\n" in shown
    assert "\n参数:\n" in shown
    assert "列出自带的设计，或显示其中一个。" in run("--lang", "zh", "--help").out


def test_a_page_is_folded_by_cells() -> None:
    report = Translator("zh").report(
        explain("separable", "56x56x256", kernel_size=3, out_channels=64).report()
    )
    for width in (40, 60, 80):
        lines = report.own["table"](Look(width=width)).splitlines()
        assert max(map(cell_width, lines)) <= width


def test_names_that_users_gave_stay(invoke: Run) -> None:
    shown = invoke("compare", "8x8x4", "conv 3x3 8", "conv 3x3 8 name=both", "--lang", "zh").out
    assert "\nboth " in shown


def test_a_language_that_changes_nothing_is_refused(invoke: Run) -> None:
    result = invoke("compare", "8x8x4", "-k", "3", "-o", "8", "--lang", "zh", "--json")
    assert result.code == 2
    assert "--lang" in result.err
    assert invoke("compare", "8x8x4", "-k", "3", "-o", "8", "--lang", "fr").code == 2


def test_english_loads_no_catalogue(run: Run) -> None:
    program = (
        "import sys; from convcost.cli.app import run; run(['compare', '8x8x4', '-k', '3', '-o', "
        "'8']); print('convcost.reports.translating' in sys.modules)"
    )
    import subprocess
    import sys

    from conftest import environment

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.splitlines()[-1].endswith("False")
