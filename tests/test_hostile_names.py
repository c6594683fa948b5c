"""Text of a file means itself: on every command and in every format it is shown, never obeyed."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Run, refusal
from hypothesis import given
from hypothesis import strategies as st

from convcost import count
from convcost.cli.app import COMMANDS
from convcost.reports import escaping
from convcost.reports.formats import FORMATS

HOSTILE = {
    "colour": "a\x1b[31mred",
    "title": "a\x1b]0;owned\x07",
    "c1": "a\x9b31m",
    "lines": "a\nb\r\nc\x0bd\x85e\u2028f",
    "bidi": "a\u202egnp.exe",
    "zero width": "a\u200bb\ufeff",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "full width": "\uff1d1+1",
    "image": "<img src=x onerror=alert(1)>",
    "link": "[x](javascript:alert(1)) http://evil.example www.evil.example",
    "cell": "a|b `c` *d* _e_ # f",
    "latex": r"\input{/etc/passwd} $x$ % & ~ ^ {",
    "html": "</table><script>alert('1')</script>&quot;",
    "nothing": "\u200e",
    "null": "a\0b",
    "delete": "a\x7fb",
}
ALL_AT_ONCE = {
    "sum": "=1+1 ",
    "full width": "\uff1d1+1 ",
    "command": "@SUM(1+1) ",
    "tag": "<img src=x onerror=alert(1)> ",
}
"""How texts begin that hold all of ``HOSTILE``: a few of them try the same."""
NAMES = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
FORMS = pytest.mark.parametrize("form", FORMATS)


def assert_harmless(text: str) -> None:
    """No character but line ends that a terminal would act on or show nothing of."""
    bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert bad == []


def formulas(text: str) -> list[str]:
    """Cells of a CSV that a spreadsheet would run; a number below zero is none."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return [
        cell
        for cell in cells
        if cell.lstrip().startswith(escaping.FORMULA_STARTS)
        and not re.fullmatch(r"[-+][\d.]+(e[-+]?\d+)?", cell)
    ]


def tags(text: str) -> list[str]:
    """Tags of a page that none of its own are, and attributes that run something."""
    parser = Texts()
    parser.feed(text)
    parser.close()
    foreign = [tag for tag in parser.tags if tag in ("img", "a", "iframe", "base", "link")]
    return foreign + [text for text in ("alert('1')", "onerror=") if f"<script>{text}" in text]


def markup(text: str) -> list[str]:
    """What Markdown would render as a tag, an image or a link, outside of code."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", text).replace("<!-- -->", "")
    return re.findall(r"(?<!\\)(?:<(?:img|script|/table)|\]\(|(?<=[a-z])://|www\.)", prose)


MEANING = {"csv": formulas, "html": tags, "svg": tags, "markdown": markup}
"""Where a text could mean something else: what it says of that."""


def onnx_file(name: str) -> None:
    """A convolution whose node, graph and tensors are called so."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    value = helper.make_tensor_value_info
    weight = helper.make_tensor("w", 1, [4, 3, 1, 1], [0.0] * 12)
    node = helper.make_node("Conv", [name, "w"], [name + "y"], name=name)
    graph = helper.make_graph(
        [node],
        name,
        [value(name, 1, [1, 3, 8, 8])],
        [value(name + "y", 1, [1, 4, 8, 8])],
        [weight],
    )
    onnx.save(helper.make_model(graph), "a.onnx")


def design_file(text: str) -> None:
    words = json.dumps(text)  # a JSON text is a TOML text, but for the delete character
    Path("own").mkdir(exist_ok=True)
    Path("own/mine.toml").write_text(
        f"summary = {words}\nsource = {words}\nfamily = {words}\n".replace("\x7f", "\\u007f")
        + f"[parameters]\nwidth = {{ default = 4, about = {words} }}\n".replace("\x7f", "\\u007f")
        + '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "width"\n'
    )


def spec_file(text: str, path: str = "a.json") -> None:
    spec = {"name": text, "type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}
    Path(path).write_text(json.dumps(spec))


def model_file(text: str) -> None:
    """A whole model of a file of one's own, with texts that are hostile: names have a pattern."""
    words = json.dumps(text).replace("\x7f", "\\u007f")
    Path("model.toml").write_text(
        f'summary = {words}\nsource = {words}\ninput = "8x8x4"\n'
        "[parameters]\nwidth = 4\n"
        '[[layers]]\ntype = "conv"\nkernel_size = 1\nout_channels = "width"\n'
    )


def convention_file(text: str) -> None:
    """Rules of a tool of one's own, whose words are hostile."""
    words = json.dumps(text).replace("\x7f", "\\u007f")
    Path("lab.toml").write_text(
        f"calls_it = {words}\nversion = {words}\nabout = {words}\n\n"
        "[layers]\nconv = { macs = 2, bias = 1 }\n"
    )


def check_file(text: str) -> None:
    """A check of a model that has a hostile name, and so has the check."""
    model_file(text)
    words = json.dumps(text[:100]).replace("\x7f", "\\u007f")
    Path("convcost.toml").write_text(
        f'[[check]]\nname = {words}\nmodel = "model.toml"\nmax = {{ macs = 10 }}\n'
    )


def all_files(text: str) -> None:
    """Everything that a command of ``COMMAND_LINES`` reads."""
    spec_file(text)
    Path("plain.json").write_text('{"type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}')
    onnx_file(text)
    design_file(text)
    check_file(text)
    convention_file(text)


OWN = ("--design-path", "own")
COMMAND_LINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "compare": (("a.json",), ("model.toml",), ("8x8x4", "--design", "mine", *OWN)),
    "count": (("a.json",), ("a.onnx",), ("model.toml", "--convention", "./lab.toml")),
    "swap": (
        ("a.onnx", "--from", "conv", "--to", "separable"),
        ("model.toml", "--from", "conv", "--to", "mine", *OWN),
    ),
    "explain": (("a.json",), ("a.onnx",), ("model.toml",)),
    "formula": (("mine", *OWN), ("own/mine.toml", "--versus", "standard")),
    "designs": (("mine", *OWN), OWN, ("--check", "own/mine.toml"), ("model.toml",)),
    "schema": ((),),
    "conventions": (("model.toml",), ("a.onnx",), ("a.json", "--convention", "./lab.toml")),
    "reconcile": (("model.toml", "--reported", "1024"), ("a.onnx", "--reported", "768")),
    "check": ((), ("model.toml", "--max", "macs=1"), ("a.onnx", "--max", "params=1")),
    "diff": (
        ("a.json", "plain.json"),
        ("plain.json", "a.onnx"),
        ("model.toml", "model.toml", "--set:b", "width=8"),
    ),
    "sweep": (
        ("model.toml", "--vary", "width=4,8"),
        ("8x8x4", "mine", *OWN, "--vary", "width=4,8"),
        ("8x8x4", "--vary", "design=mine,conv", "--vary", "out=4,8", "--set", "kernel=1", *OWN),
    ),
    "fit": (
        ("model.toml", "--vary", "width=4..8", "--near", "macs=1000"),
        ("8x8x4", "mine", *OWN, "--vary", "width=4..8", "--max", "macs=1000"),
    ),
}
"""For each command, the files that it takes: all of them hostile."""


def test_every_command_is_tried() -> None:
    assert set(COMMAND_LINES) == set(COMMANDS)


EVERY = " ".join(HOSTILE.values())


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("count", name) for name in HOSTILE.values()),
        *(("designs", name) for name in HOSTILE.values()),
        *product(COMMAND_LINES, (start + EVERY for start in ALL_AT_ONCE.values())),
    ],
)
def test_texts_of_files_on_every_command_and_format(invoke: Run, command: str, name: str) -> None:
    all_files(name)
    for words in COMMAND_LINES[command]:
        for form in FORMATS:
            result = invoke(command, *words, "--format", form)
            assert result.code in (0, 1, 2), (words, form, result.err)
            assert_harmless(result.out + result.err)
            if form in MEANING and result.code != 2:
                assert MEANING[form](result.out) == [], (words, form)
        answered = invoke(command, *words)
        assert answered.code in (0, 1), (words, answered.err)


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_colours_of_files_are_shown_where_ours_are_obeyed(invoke: Run, command: str) -> None:
    all_files("a\x1b[31mred")
    for words in COMMAND_LINES[command]:
        result = invoke(command, *words, "--color", "always")
        assert "a\x1b[31mred" not in result.out + result.err, words


@NAMES
def test_values_and_streams(invoke: Run, name: str) -> None:
    spec = {"name": name, "type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}
    line = json.dumps(spec) + "\n"
    tabbed = invoke("count", "-", "--get", "name,macs", stdin=line).out
    assert_harmless(tabbed.replace("\t", "", 1))  # ours, between the two values
    written = invoke("count", "-", "--format", "jsonl", stdin=line)
    if written.code == 0:
        assert_harmless(written.out)
        assert json.loads(written.out)["name"] == name


@NAMES
def test_errors_and_limits(invoke: Run, name: str) -> None:
    onnx_file(name)
    assert_harmless(invoke("count", "a.onnx", "--get", f"layers.{name}.nothing").err)
    assert_harmless(invoke("count", "a.onnx", "--max-macs", "1").err)
    assert_harmless(invoke("count", "8x8x4", name).err)
    assert_harmless(invoke("designs", name).err)


@pytest.mark.parametrize("name", [HOSTILE[key] for key in ("colour", "lines", "c1", "null")])
def test_a_layer_is_one_line_on_the_terminal(invoke: Run, name: str) -> None:
    onnx_file("plain")
    plain = invoke("count", "a.onnx", "--columns", "params").out
    onnx_file(name)
    hostile = invoke("count", "a.onnx", "--columns", "params").out
    end = "1 MAC ="  # what follows is folded at the width of the terminal
    assert hostile.partition(end)[0].count("\n") == plain.partition(end)[0].count("\n")
    assert any(line.startswith(escaping.visible(name) + " ") for line in hostile.splitlines())


def test_a_half_of_a_surrogate_pair_is_written_as_its_code(invoke: Run) -> None:
    result = invoke("count", "8x8x4", 'conv 1x1 4 name="a\udcff"', "--format", "jsonl")
    assert result.code in (0, 2)
    assert_harmless(result.out + result.err)


def test_an_unknown_name_with_an_escape_is_shown(invoke: Run) -> None:
    assert invoke("count", "x\x1b[2J") == refusal(
        "error: the input shape is missing",
        "  x\N{REPLACEMENT CHARACTER}[2J",
        "  ^^^^^",
        "  put it first: 56x56x256 (height, width, channels)",
    )


@NAMES
def test_annotations_and_reports_of_a_check(invoke: Run, name: str) -> None:
    check_file(name)
    github = invoke("check", "--format", "github")
    assert_harmless(github.out + github.err)
    annotation, verdict = github.out.splitlines()
    assert annotation.startswith("::error file=convcost.toml,line=4,title=convcost%3A ")
    assert verdict == "convcost check: 1 of 1 limit broken"
    junit = invoke("check", "--format", "junit")
    assert_harmless(junit.out + junit.err)
    (case,) = ElementTree.fromstring(junit.out).iter("testcase")
    assert case.get("classname") == f"convcost.{escaping.visible(name)}"


# --- The functions, for any text -------------------------------------------------------------


@given(st.text())
def test_visible_text_is_one_harmless_line(text: str) -> None:
    shown = escaping.visible(text)
    assert shown.isprintable()
    assert escaping.visible(shown) == shown
    assert text.isprintable() <= (shown == text)


@given(st.text())
def test_a_csv_cell_is_read_back_and_is_no_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([escaping.csv_cell(text)])
    ((cell,),) = list(csv.reader(io.StringIO(out.getvalue()))) or [[""]]
    assert cell in (escaping.visible(text), "'" + escaping.visible(text))
    assert not cell.lstrip().startswith(escaping.FORMULA_STARTS)


class Texts(HTMLParser):
    """All text of a document, and the tags in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_html_text_has_no_tags_and_says_the_same(text: str) -> None:
    parser = Texts()
    parser.feed(f"<p>{escaping.html_text(text)}</p>")
    parser.close()
    assert parser.tags == ["p"]
    assert parser.text == escaping.visible_lines(text)


@given(st.text("\\`|<>[]*_!#$~&a :/."))
def test_markdown_markup_is_escaped_once(text: str) -> None:
    shown = escaping.markdown_text(text).replace("&nbsp;", " ")
    plain, at = "", 0
    while at < len(shown):
        if shown[at] == "\\":
            at += 1
        else:
            assert shown[at] not in "\\`|<>[]*_!#$~&"
        plain += shown[at]
        at += 1
    assert plain == text


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "# a", "> a", "=== a"])
def test_a_line_of_markdown_begins_no_list_and_no_heading(text: str) -> None:
    shown = escaping.markdown_line(text)
    assert shown.replace("\\", "") == text
    assert "\\" in shown[:3]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://a.b", "http\\://a.b"),
        ("www.a.b", "www\\.a.b"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("[a](b)", "\\[a\\](b)"),
    ],
)
def test_markdown_makes_no_links(text: str, shown: str) -> None:
    assert escaping.markdown_text(text) == shown


def test_latex_text() -> None:
    assert escaping.latex_text("a\\b{c}_\x1b") == (
        "a\\textbackslash{}b\\{c\\}\\_\\textbackslash{}x1b"
    )


@given(st.text())
def test_json_says_the_same(text: str) -> None:
    for written in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        assert json.loads(escaping.json_text(written)) == text


def test_python_gets_names_as_they_are() -> None:
    spec = {"name": "a=b", "type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}
    assert count(spec).name == "a=b"
