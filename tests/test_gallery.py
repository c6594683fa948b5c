"""The pictures of the documentation are what the commands show today."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest
from gallery import CHART_PAGE, CHARTS, FOLDER, PAGE, SCREENS, Drawn, Screen, chart, page, shown

from convcost import compare, count
from convcost.reports.svg import picture

COMMANDS = re.compile(r"^\$ (convcost .*)$", re.MULTILINE)
AGAIN = "python tests/gallery.py writes it anew"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_no_picture_is_left_over() -> None:
    made = {screen.name for screen in SCREENS} | {drawn.name for drawn in CHARTS}
    assert {path.stem for path in FOLDER.iterdir()} == made


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_picture_shows_what_a_terminal_shows(screen: Screen) -> None:
    text = shown(screen)
    assert "bug in convcost" not in text
    path = FOLDER / f"{screen.name}.svg"
    assert path.read_text("utf-8") == picture(text, screen.width, screen.scheme), AGAIN


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")
@pytest.mark.parametrize("drawn", CHARTS, ids=lambda drawn: drawn.name)
def test_a_chart_shows_what_its_command_draws(drawn: Drawn) -> None:
    kept = (FOLDER / f"{drawn.name}.svg").read_text("utf-8")
    assert text_of(kept) == text_of(chart(drawn)), AGAIN
    command, page_text = shlex.split(drawn.command), CHART_PAGE.read_text("utf-8")
    assert f"gallery/{drawn.name}.svg" in page_text
    shown_ones = map(shlex.split, COMMANDS.findall(page_text.replace("\\\n", "")))
    assert any(
        set(command) <= set(line) and any(word.startswith(drawn.name[6:]) for word in line)
        for line in shown_ones
    ), f"no command on the page draws {drawn.name}"


def text_of(svg: str) -> list[str]:
    """The lines of a picture, without their places."""
    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(svg)
    return [" ".join("".join(row.itertext()).split()) for row in root.iter(f"{space}text")]


def test_svg_is_the_table_with_its_colours() -> None:
    result = compare("56x56x256", kernel_size=3, out_channels=64)
    drawn = "".join(text_of(result.render("svg"))).replace(" ", "")
    assert drawn == "".join(result.render("table").split())
    assert ".s32 { fill: #116329; }" in result.render("svg")


def test_a_picture_is_for_dark_and_light_pages_and_loads_nothing() -> None:
    svg = count("8x8x4", "conv 3x3 8").render("svg")
    assert svg.count("@media (prefers-color-scheme: dark)") == 1
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in svg


def test_names_in_a_picture_are_escaped() -> None:
    svg = count("8x8x4", 'conv 3x3 8 name="</text><script>&"').render("svg")
    assert "<script>" not in svg
    assert text_of(svg)[0] == "</text><script>& on 8x8x4"


def test_a_picture_is_wide_enough_for_the_longest_line() -> None:
    root = ElementTree.fromstring(picture("x" * 100, 40))
    assert float(root.attrib["width"]) >= 100 * 8.4


def test_chinese_characters_take_two_cells() -> None:
    (row,) = ElementTree.fromstring(picture("\x1b[1m设计\x1b[0m ab", 10)).iter(
        "{http://www.w3.org/2000/svg}text"
    )
    first, second = row
    assert float(first.attrib["textLength"]) == pytest.approx(4 * 8.4)
    assert float(second.attrib["x"]) - float(first.attrib["x"]) == pytest.approx(5 * 8.4)
