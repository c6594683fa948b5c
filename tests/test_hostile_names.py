"""Text of a file means itself: on every command and in every format it is shown, never obeyed."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import Run, refusal
from hypothesis import given
from hypothesis import strategies as st

from convcost import count
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
NAMES = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
FORMS = pytest.mark.parametrize("form", FORMATS)


def assert_harmless(text: str) -> None:
    """No character but line ends that a terminal would act on or show nothing of."""
    bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert bad == []


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


@NAMES
@FORMS
def test_names_of_specs(invoke: Run, name: str, form: str) -> None:
    spec = {"name": name, "type": "conv", "input": "8x8x4", "kernel": 1, "out": 4}
    Path("a.json").write_text(json.dumps(spec))
    for command in ("count", "compare", "explain"):
        result = invoke(command, "a.json", "--format", form)
        assert result.code in (0, 2)
        assert_harmless(result.out + result.err)


@NAMES
@FORMS
def test_names_of_onnx(invoke: Run, name: str, form: str) -> None:
    onnx_file(name)
    for words in (["count"], ["explain"], ["swap", "--from", "conv", "--to", "separable"]):
        result = invoke(words[0], "a.onnx", *words[1:], "--format", form)
        assert result.code in (0, 2)
        assert_harmless(result.out + result.err)


@NAMES
@FORMS
def test_texts_of_designs(invoke: Run, name: str, form: str) -> None:
    design_file(name)
    for words in (["designs", "mine"], ["designs"], ["designs", "--check", "own/mine.toml"]):
        path = [] if "--check" in words else ["--design-path", "own"]
        result = invoke(*words, *path, "--format", form)
        assert (result.code, result.err) == (0, "")
        assert_harmless(result.out)


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
