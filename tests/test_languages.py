"""Chinese: no message lacks a translation, and tables stay aligned."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from catalogues import LOCALE, compiled, read_po
from conftest import Run
from messages import PARTS, Message, columns, in_code, in_data, same

from convcost import compare, count, explain
from convcost.cli import app, elsewhere
from convcost.engine.figures import FIGURES
from convcost.language.library import PACKAGE, Library
from convcost.language.problems import _SAID as FIELDS_MUST_BE
from convcost.reports.catalogue import design_report
from convcost.reports.count import CountView
from convcost.reports.formats import FORMATS
from convcost.reports.messages import HOLE
from convcost.reports.report import Look, Report
from convcost.reports.translating import Translator
from convcost.reports.widths import cell_width

CATALOGUES = sorted(LOCALE.rglob("*.po"))
DESIGNS = sorted(path.stem for path in (PACKAGE / "designs").glob("*.toml"))
PO = "convcost/locale/zh/LC_MESSAGES/convcost.po"
ZH = read_po(LOCALE / "zh" / "LC_MESSAGES" / "convcost.po")
KNOWN = {same(message) for message in ZH}
SPEAKER = Translator("zh")
HAN = re.compile("[\u3000-\u9fff\uff00-\uffef]")

ENGLISH = re.compile(r"(?<![-./=\w])[a-z]{3,}[,:;]? (?!x )[a-z]{3,}\b(?!=)")
"""Two words of English side by side."""

TYPED = re.compile(r"convcost [a-z]+.*|来源：.*|  arXiv.*|规则：.*|\".*\"|--[a-z-]+ \S+|\[.*\]")
"""What is typed, cited, or the name of a part of a design."""

KINDS = ("batch norm", "avg pool", "global avg", "max pool")
"""Types of layer as the reasons of other tools name them."""


COMMANDS = (
    *("compare 56x56x256 -k 3 -o 64 --verbose", "compare 56x56x4 -k 3 -o 64 -s 2"),
    *("compare resnet50 vgg16", "compare 56x56x3 'conv 3x3 1' 'depthwise 3x3'"),
    *("compare 56x56x256 -k 3 -o 64 --convention fvcore", "compare 8x8x4 --flops"),
    *("count resnet18 --depth 0", "count resnet18 -n 3", "count resnet18 --verbose"),
    *("count resnet18 --convention thop -n 2", "count mobilenet_v2 --patches 2x2 -n 2"),
    *("count mobilenet_v1 --planner tflm -n 2", "count resnet18 --dtype int8 --unfused -n 2"),
    *("count 56x56x256 'separable 3x3 64' --in-place depthwise",),
    *("count 56x56x256 'conv 3x3 64' --max-macs 1M --max-peak 1KiB", "count resnt50"),
    *("count 56x56x256 'conv 3x3 64 g3'", "count 56x56 'conv 3x3 64'", "count net.pt"),
    *("count net.onnx", "count 0x1x1 'conv 3x3 1'", "count", "count 8x8x4 'nothing 3x3'"),
    *("count 8x8x4 'conv 9x9 4 valid'", "count 8x8x4 'conv 3x3 4 strides=2'"),
    *("count 8x8x4 'conv 3x3'", "count 8x8x4 'conv 3x3 4 (relu'", "count nothing.json"),
    *("count 8x8x4 'conv 3x3 4' --max-macs many", "count resnet18 --set depth=3"),
    *("count resnet18 --columns nothing", "count resnet18 --get nothing", "count x.pb"),
    *("swap resnet18 --from standard --to separable --where 'params > 2M'",),
    *("swap resnet18 --from nothing --to separable", "swap resnet18 --to mbconv"),
    *("explain separable 56x56x256 -k 3 -o 64", "explain 56x56x4 -k 3 -o 64 bottleneck"),
    *("explain 56x56x256 'conv 3x3 64 s2 g4'", "explain 28x28x16 'attention heads=4'"),
    *("explain 28x28x16 'conv_transpose 3x3 8 s2'", "explain 28x28x16 'conv 1x1 8 s2'"),
    *("explain resnet18", "formula separable", "formula resnet18", "formula bottleneck"),
    *("designs", "designs resnet", "designs bottleneck", "designs resnet18", "designs nothing"),
    *("designs --check nothing.toml", "designs separable --format toml"),
    *("conventions resnet18", "conventions resnet18 --tool thop", "conventions resnet18 --tool x"),
    *("reconcile resnet50 --reported 4.12G", "reconcile vgg16 --reported 15.3G --params 138M"),
    *("reconcile mobilenet_v1 --reported 317M", "reconcile resnet18 --reported many"),
    *("reconcile resnet18", "diff resnet18 resnet34", "diff resnet18 resnet18", "diff resnet18"),
    *("diff resnet18 resnet34 --by type", "diff 8x8x4 'conv 3x3 8' 'conv 3x3 8 s2'"),
    *("sweep 56x56 'separable 3x3' --vary in=16..512:16 --vary out=16..512:16 -n 5",),
    *("sweep mobilenet_v2 --vary width=0.25..1:0.25 --pareto macs,-params --chart",),
    *("sweep 56x56x64 'conv 3x3 64' --vary groups=1..8 --where 'macs < 100M'",),
    *("sweep 56x56x64 'conv 3x3' --vary out=8..4", "sweep 56x56x64 'conv 3x3 64'"),
    *("fit mobilenet_v2 --vary width=0.25..1:0.05 --max macs=150M --maximize params",),
    *("fit mobilenet_v2 --vary width=0.25..1:0.25 --near params=resnet50",),
    *("fit mobilenet_v2 --vary width=0.25..1:0.25 --max macs=1M --maximize params",),
    *("fit mobilenet_v2 --vary width=0.25..1:0.25",),
    *("check resnet18 vgg16 --max macs=5G --max peak=10MiB", "check", "check --update"),
    *("check resnet18 --max macs=1G --warn params=1M", "check resnet18", "schema nothing"),
    *("check resnet18 --max memory=3KiB", "check resnet18 --max arena=3KiB", "count resnet18 -n x"),
    *("schema nothing --pareto macs", "fit mobilenet_v2 --vary width=1,2 --out 16,32"),
    *("compare 56x56x256 1x1 vs 3x3 -o 64", "compare 56x56x256 -o 16 -o 32", "count x/resnet50"),
    *("count 8x56x56x3 'conv 3x3 64'", "count 8x56x56x3 'conv 3x3 64' --batch 4"),
    *("count 1x3x56x56 'Conv2d(3, 64, 3)'", "count 8x3x56x56 'Conv2d(3, 64, 3)'"),
    *("count 56x1.5x3 'conv 3x3 4'", "count 56x-1x3 'conv 3x3 4'", "count 56xx3 'conv 3x3 4'"),
    *("count '56x56x256 -> 28x28x64' 'conv 3x3'", "count 8x8x4 'conv 3x3 4, s2'"),
    *("count 8x8x4 'fire 24 64'", "count 8x8x4 'depthwise 3 64'", "count 8x8x4 'separable 24'"),
    *(
        "count 8x8x4 '64->128 3x3'",
        "count 8x8x4 'conv 3x3 4 | relu'",
        "count 8x8x4 'conv4 3x3 4 2'",
    ),
    *("count 8x8x4 '3*(conv 3x3 4) g2'", "reconcile resnet50 --reported 4.1GFLOPs"),
    *("sweep 56x56x64 'conv 3x3 64' --vary groups=2 --where 'macs < 1G'", "count 8x8x4 --dtype no"),
)
"""Every command, with what it says when all is well and when it is not."""

FORMS = (
    *("compare 56x56x256 -k 3 -o 64", "count resnet18 --depth 1", "designs bottleneck"),
    *("explain separable 56x56x256 -k 3 -o 64", "formula separable", "conventions resnet18"),
    *("diff 8x8x4 'conv 3x3 8' 'conv 3x3 8 s2'", "reconcile mobilenet_v1 --reported 317M"),
    *("swap resnet18 --from standard --to separable --where 'params > 2M'",),
    *("fit mobilenet_v2 --vary width=0.25..1:0.25 --max macs=150M --maximize params",),
    *("sweep mobilenet_v2 --vary width=0.25..1:0.25 --pareto macs,-params",),
)
"""One of each kind of result."""


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_the_compiled_catalogue_is_current(path: Path) -> None:
    assert path.with_suffix(".mo").read_bytes() == compiled(read_po(path)), (
        "python tests/catalogues.py compiles it anew"
    )


def test_a_translation_says_every_value_of_its_message_and_no_other() -> None:
    for message, text in ZH.items():
        kinds = HOLE.findall(message)
        if kinds:
            used = {int(at or order) for order, at in enumerate(re.findall(r"\{(\d*)\}", text))}
            # An s that makes a plural says nothing in Chinese.
            needed = {at for at, kind in enumerate(kinds) if kind != "?"}
            assert needed <= used <= {*range(len(kinds))}, message


def test_no_message_stands_there_twice_and_says_two_things() -> None:
    told: dict[str, set[str]] = {}
    for message, text in ZH.items():
        told.setdefault(re.sub(r"\{[tl]\}", "{}", message), set()).add(text)
    assert [message for message, texts in told.items() if len(texts) > 1] == []


def test_a_translation_is_chinese() -> None:
    """Where there is a word to translate; ``e3x3`` and punctuation have none."""
    english = [
        message
        for message, text in ZH.items()
        if re.search(r"[a-z]{3}", HOLE.sub("", message)) and not HAN.search(text)
    ]
    # Fewer is a fraction; in a formula of what a tool counts, "per" is a product.
    fractions = ("{}x fewer", "input: {}")
    assert [m for m in english if "per {t}" not in m and m not in fractions] == []


def has(message: str) -> bool:
    """Whether a catalogue has a message: as it stands in the code, or made of others wholly."""
    message = same(message.strip())
    said = SPEAKER.known(message.replace("{}", "7"))
    return message in KNOWN or (said is not None and not ENGLISH.search(TYPED.sub("", said)))


def missing(found: Iterable[Message]) -> list[str]:
    """What a person has to translate, and where it stands."""
    return [f"{one.place}: {one.text!r} has no msgid in {PO}" for one in found if not has(one.text)]


def test_every_sentence_of_the_code_has_a_translation() -> None:
    assert missing(one for one in in_code() if one.text not in PARTS) == []


def test_every_part_of_a_sentence_is_in_the_code() -> None:
    assert {*PARTS} - {one.text for one in in_code()} == set()


def test_every_heading_of_a_column_has_a_translation() -> None:
    assert missing(columns()) == []


def test_every_figure_has_a_translation() -> None:
    titles = (Message(f"the figure {one.key}", one.title) for one in FIGURES.values())
    abouts = (Message(f"the figure {one.key}", one.about) for one in FIGURES.values())
    assert missing([*titles, *abouts]) == []


def test_every_summary_and_note_of_a_data_file_has_a_translation() -> None:
    assert missing(in_data()) == []


def test_a_network_without_a_translation_is_told_with_its_place() -> None:
    new = Message("convcost/networks/new.toml: summary", "a network that nobody has translated yet")
    assert missing([new]) == [
        "convcost/networks/new.toml: summary: 'a network that nobody has translated yet' has no "
        "msgid in convcost/locale/zh/LC_MESSAGES/convcost.po"
    ]


def test_every_option_and_command_has_a_translation() -> None:
    from convcost.cli import app

    said = [*app.COMMANDS.values()]
    for name in app.COMMANDS:
        command = app.LazyGroup(name="convcost").get_command(None, name)
        said += [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
        for param in command.params:
            said.append(getattr(param, "rich_help_panel", None) or "Options")
            help = getattr(param, "help", None) or ""
            # The list of formats is a list of words to type.
            said += [help] if "--format" not in param.opts else []
    assert sorted({text for text in said if text and not has(text)}) == []


def english(text: str) -> list[str]:
    """Lines in which English sentences are left."""
    left = []
    for line in text.splitlines():
        bare = TYPED.sub("", line)
        for kind in KINDS:
            bare = bare.replace(kind, "")
        left += [line] if ENGLISH.search(bare) else []
    return left


def said(invoke: Run, monkeypatch: pytest.MonkeyPatch, command: str, *more: str) -> str:
    """What a command prints in Chinese, errors too."""
    words = [*shlex.split(command), "--lang", "zh", *more]
    monkeypatch.setattr(sys, "argv", ["convcost", *words])
    result = invoke(*words)
    return result.out + result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_leaves_no_english_sentence(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert english(said(invoke, monkeypatch, command)) == []


@pytest.mark.parametrize(
    "line",
    [
        *("Conv2D(64, 3, padding=1)", "Conv2D(64, 3, strides=2, dilation_rate=2)", "Unheard(3)"),
        *("PReLU(shared_axes=[2])", "Conv2d(a * 2, 3, 3)", "Conv2d(3 / 0, 3, 3)"),
        *("Conv2d(3, 3, 3, padding='same', stride=2)", "Conv2d(3, 3, 3, none=2)"),
        *("Add()", "GLU()", "Embedding(3, 4)", "Conv(3)"),
    ],
)
def test_a_refused_line_of_a_framework_is_refused_in_chinese(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    text = said(invoke, monkeypatch, f'count 8x8x3 "{line}"')
    assert text.startswith("错误：")
    assert english(re.sub(r"\w+\([^()]*\)", "", text)) == []  # a call is typed


def test_what_a_field_must_be_is_said_in_chinese() -> None:
    """A message for each kind of mistake in a file: see ``PARTS``."""
    for sentence in FIELDS_MUST_BE.values():
        must_be = re.sub(r"\{\w+\}", "7", sentence)
        text = SPEAKER.text(f"name must be {must_be}, not 'x'")
        assert HAN.search(text.replace("name", ""))
        assert not re.search(r"\b(?:must|more|less|or|of|a|text|number)\b", text), text


def test_every_hint_for_the_words_of_other_tools_is_chinese() -> None:
    """Or a part of a command line, which is typed."""
    for sentence, hints in elsewhere.OPTIONS.values():
        for text in (sentence, *hints):
            shown = SPEAKER.text(re.sub(r"[{}]", "", text))
            assert HAN.search(shown) or not re.search(r"\b(?:prints|picks|shows|has|for)\b", shown)
        assert HAN.search(SPEAKER.text(sentence)), sentence


def test_these_commands_are_all_commands() -> None:
    assert {*app.COMMANDS} - {command.partition(" ")[0] for command in COMMANDS} == set()


@pytest.mark.parametrize("form", ["html", "markdown", "svg"])
@pytest.mark.parametrize("command", FORMS)
def test_a_page_leaves_no_english_sentence(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, command: str, form: str
) -> None:
    text = said(invoke, monkeypatch, command, "--format", form)
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert english(text) == []


def test_a_comment_on_a_change_is_chinese(invoke: Run) -> None:
    words = ("vgg16", "--max", "macs=5G", "--format", "markdown", "--lang", "zh")
    assert invoke("check", *words).out.splitlines() == [
        "<!-- convcost check -->",
        "**convcost check**: 1 个限制中 1 个超限",
        "",
        "| 检查 | 数值 | 值 | 限制 | 变化 | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        "| vgg16 | 乘加（max） | 15,470,264,320 | 5,000,000,000 |  | **超限** |",
        "",
        "- vgg16 的乘加为 15,470,264,320，比 5,000,000,000 多 10,470,264,320",
        "  - 最大：conv1.1 1,849,688,064, conv2.1 1,849,688,064, conv3.1 1,849,688,064",
        "  - 修改限制的地方：--max macs=5G",
    ]


def test_words_among_formulas_are_chinese(invoke: Run) -> None:
    text = invoke("formula", "separable", "--format", "latex", "--lang", "zh").out
    assert text.startswith("% separable; 步长为 1，除非另设；分组数整除通道数；Cin 和 Cout 不同\n")
    assert "\n\\text{乘加 / standard} &= \\frac{1}{K^{2}} + \\frac{1}{C_{out}}\n" in text


def test_a_page_says_its_language_and_its_buttons(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = said(invoke, monkeypatch, "count resnet18 --format html")
    assert '<html lang="zh">' in page
    assert '<main data-fold="折叠" data-fold-all="全部折叠" data-open-all="全部展开">' in page
    assert "<pre>conv1：conv 7x7，步长 2，224x224x3 -&gt; 112x112x64\n  输出大小" in page


@pytest.mark.parametrize("name", DESIGNS)
def test_the_page_of_a_design_leaves_no_english_sentence(name: str) -> None:
    library = Library()
    page = SPEAKER.report(design_report(library, library.find(name))).own["table"](Look())
    assert english(page) == []


@pytest.mark.parametrize("baseline", ["standard", "pointwise", "bottleneck"])
@pytest.mark.parametrize("shape", ["56x56x256", "56x56x4"])
def test_a_comparison_leaves_no_english_sentence(shape: str, baseline: str) -> None:
    for stride in (1, 2):
        settings = {"kernel_size": 3, "out_channels": 64, "stride": stride}
        report = compare(shape, baseline=baseline, **settings).report()  # type: ignore[arg-type]
        assert english(table(report)) == []


@pytest.mark.parametrize("name", ["standard", "pointwise", "separable", "bottleneck", "grouped"])
@pytest.mark.parametrize("shape", ["56x56x256", "56x56x4"])
def test_an_explanation_leaves_no_english_sentence(shape: str, name: str) -> None:
    for stride in (1, 2):
        settings = {"kernel_size": 3, "out_channels": 64, "stride": stride, "bias": True}
        report = explain(name, shape, **settings).report()  # type: ignore[arg-type]
        assert english(table(report)) == []


def table(report: Report, width: int = 80) -> str:
    """A report in Chinese as a terminal shows it, with all that it has to say."""
    return FORMATS["table"].render([SPEAKER.report(report)], Look(width, verbose=True))


@pytest.mark.parametrize("command", FORMS)
def test_programs_get_the_same_in_every_language(invoke: Run, command: str) -> None:
    for form in ("json", "jsonl", "csv"):
        words = (*shlex.split(command), "--format", form)
        english = invoke(*words, LC_ALL="", LC_MESSAGES="", LANG="C.UTF-8")
        assert invoke(*words, "--lang", "auto", LANG="zh_CN.UTF-8") == english
        assert english.out.isascii()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("command", FORMS)
def test_a_table_in_chinese_is_aligned_and_fits(
    invoke: Run, monkeypatch: pytest.MonkeyPatch, command: str, width: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["convcost"])
    words, columns = shlex.split(command), str(width)
    english = invoke(*words, COLUMNS=columns).out.splitlines()
    lines = invoke(*words, "--lang", "zh", COLUMNS=columns).out.splitlines()
    rules = [at for at, line in enumerate(lines) if line and not line.strip("─-")]
    for at in rules:
        assert cell_width(lines[at - 1].rstrip()) <= cell_width(lines[at])
    assert max(map(cell_width, lines)) <= max([width, *map(cell_width, english)])


def test_a_count_in_chinese() -> None:
    report = SPEAKER.report(count("56x56x256", "separable 3x3 64, relu").report())
    assert report.notes[:3] == (
        "3 层：2 层有乘加，1 层逐元素",
        "乘加：87.7 % conv 1x1, 12.3 % depthwise 3x3",
        "参数量：87.7 % conv 1x1, 12.3 % depthwise 3x3",
    )
    assert report.notes[4].startswith("  权重 ")


TABLE = """\
56x56x256 -> 56x56x64，卷积核 3x3
设计         参数量         乘加  乘加比                            感受野  混合
────────────────────────────────────────────────────────────────────────────────
standard    147,456  462,422,016    基准  ████████████████████████     3x3  两者
pointwise    16,384   51,380,224  1/9.00  ██▋                          1x1  通道
separable    18,688   58,605,568  1/7.89  ███                          3x3  两者
bottleneck    7,424   23,281,664  1/19.9  █▎                           3x3  两者
1 次乘加 = 1 次乘法 + 1 次加法；批量 1
感受野：一个输出值取决于多大一块输入；混合：它组合的是什么
bottleneck：乘加是 standard 的 1/19.9，感受野相同（3x3），混合两者
"""


def test_a_comparison_in_chinese_is_aligned(invoke: Run) -> None:
    command = ("compare", "56x56x256", "-k", "3", "-o", "64", "--lang", "zh")
    assert invoke(*command) == (0, TABLE, "")
    rows = TABLE.splitlines()[3:7]
    assert len({cell_width(row.rpartition("  ")[0]) for row in rows}) == 1


def test_the_answer_of_a_comparison_is_chinese_to_its_last_word() -> None:
    networks = SPEAKER.report(compare("resnet50", "mobilenet_v2").report())
    assert networks.answer == (
        "mobilenet_v2：乘加是 resnet50 的 1/13.6，感受野相同（全部），混合两者"
    )


def test_auto_asks_the_environment(invoke: Run) -> None:
    command = ("compare", "56x56x256", "-k", "3", "-o", "64", "--lang", "auto")
    assert invoke(*command, LC_ALL="", LC_MESSAGES="", LANG="zh_CN.UTF-8").out == TABLE
    assert "MACs change" in invoke(*command, LANG="de_DE.UTF-8").out


def test_an_error_is_chinese_but_what_was_typed(run: Run) -> None:
    result = run("count", "56x56x256", "conv 3x3 64 g3", "--lang", "zh")
    assert result.err == (
        "错误：groups=3 不能整除 256 个输入通道\n"
        "  conv 3x3 64 g3\n              ^^\n  可用：g1、g2、g4、g8、g16、g32 或 g64\n"
    )


def test_a_note_and_a_limit_are_chinese(run: Run) -> None:
    result = run("count", "3x224x224", "conv 3x3 64", "--max-macs", "1M", "--lang", "zh")
    assert result.err == (
        "注意：3x224x224 读作高 3、宽 224、224 个通道；如果通道在前，请写 224x224x3 "
        "或加上 --layout chw\n超限：conv 3x3 64 的乘加为 86,704,128，超过 1,000,000\n"
    )
    assert 3 * 224 * 3 * 3 * 224 * 64 == 86_704_128


def test_words_that_are_typed_stay(run: Run) -> None:
    shown = run("designs", "bottleneck", "--lang", "zh").out
    assert "\n  padding        same\n" in shown
    assert "\n  stride_in_1x1  false               步长放在第一个 1x1，同论文\n" in shown
    assert (
        "attention：attention, 28x28x16"
        in run("explain", "28x28x16", "attention heads=4", "--lang", "zh").out
    )


def test_what_a_terminal_shows_first_is_chinese() -> None:
    report = SPEAKER.report(count("resnet50").report(CountView(brief=True)))
    assert report.short == (
        "174 层：54 层有乘加，120 层逐元素",
        "乘加：51.8 % conv 1x1, 45.2 % conv 3x3, 2.9 % conv 7x7",
        "1 次乘加 = 1 次乘法 + 1 次加法；批量 1；--verbose 显示全部 174 层和内存",
    )


@pytest.mark.parametrize("command", ["", *sorted({*app.COMMANDS} - {"schema"})])
def test_help_is_chinese_and_fits(invoke: Run, command: str) -> None:
    words = [word for word in ("--lang", "zh", command, "--help") if word]
    lines = invoke(*words).out.splitlines()
    assert lines[0].startswith("用法: convcost ")
    # Formats and conditions are words to type.
    typed = ("--format, -f", "--where CONDITION")
    left = [line for line in lines[1:] if not any(option in line for option in typed)]
    assert english("\n".join(left)) == []
    told = [line for line in lines if HAN.search(line)]
    assert max(map(cell_width, told)) <= 80


def test_a_mistake_in_the_options_is_chinese(run: Run) -> None:
    assert (
        run("swap", "--lang", "zh").err == "错误：缺少参数 'NETWORK'\n  见 convcost swap --help\n"
    )
    assert run("--lang", "zh").err == "错误：缺少命令\n  见 convcost --help\n"


def test_a_page_is_folded_by_cells() -> None:
    report = SPEAKER.report(
        explain("separable", "56x56x256", kernel_size=3, out_channels=64).report()
    )
    for width in (40, 60, 80):
        lines = report.own["table"](Look(width=width)).splitlines()
        assert max(map(cell_width, lines)) <= width


def test_a_language_before_the_command_is_used_or_refused(invoke: Run) -> None:
    command = ("compare", "56x56x256", "-k", "3", "-o", "64")
    assert invoke("--lang", "zh", *command).out == TABLE
    assert invoke("--lang=zh", *command[1:]).out == TABLE
    assert invoke("--color", "never", "--lang", "zh", *command).out == TABLE
    refused = invoke("--lang", "zh", *command, "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "--lang changes nothing here" in refused.err or "--lang 在这里不起作用" in refused.err


@pytest.mark.parametrize(
    "name",
    [
        *("note: " * 200, "(" * 900 + ")" * 900, "{}{0}{t}", "a; " * 600, "x and " * 300),
        *(": {} MACs than , sees as much ()" * 50, "1 layer: " * 200, "%s\\N{BULLET}", "a" * 10**5),
    ],
)
def test_a_name_may_hold_what_a_message_holds(name: str) -> None:
    speaker = Translator("zh")
    started = time.process_time()
    for text in (name, f"{name} on 56x56x3", f"note: {name} has no use for {name}", f"({name})"):
        assert speaker.text(text)
        assert speaker.phrase(text)
        assert speaker.page(text)
    assert time.process_time() - started < 5
    assert speaker.text("8x8 is not a shape") == "8x8 不是形状"


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
