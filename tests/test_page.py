"""A result as a page: self-contained, readable without a script, and alive in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from convcost import CountResult, compare, count, designs, explain

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
in_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is here")

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def network() -> CountResult:
    return count("32x32x3", "conv 3x3 8 s2, bottleneck 3x3 32 x2, global_avg_pool, linear 10")


class Page(HTMLParser):
    """What a reader without a script sees: rows of cells, titles, and text that is preformatted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._into: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        into = {"td": self.rows[-1:], "th": self.rows[-1:], "h1": [self.titles]}
        into["pre"] = [self.texts]
        if into.get(tag):
            self._into = into[tag][0]
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "h1", "pre"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data


def test_a_page_has_every_row_and_the_totals(network: CountResult) -> None:
    page = Page(network.render("html"))
    assert page.titles == [f"{network.name} on 32x32x3"]
    head, *rows, total = page.rows
    assert head[:2] == ["layer", "type"]
    macs = head.index("MACs")
    shown = {row[0]: row[macs] for row in rows}
    assert shown["conv"] == f"{16 * 16 * 3 * 3 * 3 * 8:,}"
    assert total[macs] == f"{network.macs:,}"


def test_a_page_loads_nothing_and_sends_nothing(network: CountResult) -> None:
    page = network.render("html")
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttp", page)
    tags = Page(page).tags
    assert {tag for tag, _ in tags}.isdisjoint({"link", "img", "iframe", "object", "form"})
    assert not any("src" in attributes or "href" in attributes for _, attributes in tags)


def test_a_number_leads_to_its_derivation_without_a_script() -> None:
    page = Page(count("8x8x4", "conv 3x3 6").render("html"))
    buttons = [attributes for tag, attributes in page.tags if tag == "button"]
    (place,) = {attributes["popovertarget"] for attributes in buttons}
    assert len(buttons) == 2
    assert ("div", {"popover": None, "id": place}) in page.tags
    (derivation,) = page.texts
    assert f"MACs              384 x 36 = {8 * 8 * 6 * 3 * 3 * 4:,}" in derivation.splitlines()[-1]


def test_a_design_has_its_diagram_and_an_explanation_its_derivation() -> None:
    (drawing,) = Page(designs("bottleneck").render("html")).texts
    assert "● │  [spatial: conv 3x3] 56x56x64  52.9 %" in drawing.splitlines()
    explained = explain("separable", "8x8x4", kernel_size=3, out_channels=6)
    assert str(explained) in "\n".join(Page(explained.render("html")).texts)


def test_names_are_text_and_nothing_else() -> None:
    result = count({"type": "conv", "name": HOSTILE, "input": "8x8x4", "kernel": 3, "out": 6})
    page = result.render("html")
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<img" not in page
    assert Page(page).titles == [f"{HOSTILE} on 8x8x4"]
    assert "<img" not in result._repr_html_()


def test_the_ending_of_a_file_is_enough(invoke: Run, tmp_path: Path) -> None:
    compared = compare("8x8x4", kernel_size=3, out_channels=6)
    compared.save(tmp_path / "api.html")
    command = ("compare", "8x8x4", "-k", "3", "-o", "6", "--output", "cli.html")
    assert invoke(*command) == (0, "", "")
    assert (tmp_path / "cli.html").read_text("utf-8") == (tmp_path / "api.html").read_text("utf-8")


def test_several_results_are_one_page() -> None:
    from convcost.reports import html

    reports = [count("8x8x4", f"conv 3x3 {n}").report() for n in (4, 6)]
    page = Page(html.render(reports))
    assert page.titles == ["conv 3x3 4 on 8x8x4", "conv 3x3 6 on 8x8x4"]
    places = [a["id"] for tag, a in page.tags if tag == "div" and "popover" in a]
    assert len(set(places)) == len(places) == 2


# -- in a browser -------------------------------------------------------------------------------


def answers(folder: Path, page: str, script: str, *options: str) -> tuple[Any, str]:
    """What ``script`` returns on the page, and what the browser complains of."""
    assert BROWSER is not None
    probe = (
        "<script>window.addEventListener('load', () => { let found; try { found = (() => {"
        + script
        + "})(); } catch (error) { found = String(error); } const out = "
        "document.createElement('output'); out.textContent = JSON.stringify(found); "
        "document.body.append(out); });</script>"
    )
    path = folder / "page.html"
    path.write_text(page.replace("</html>", f"{probe}</html>"), "utf-8")
    done = subprocess.run(
        [
            BROWSER,
            *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=3000"),
            *(f"--user-data-dir={folder / 'profile'}", *options, path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    match = re.search(r"<output>(.*?)</output>", done.stdout, re.DOTALL)
    assert match is not None, done.stderr
    import html

    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return json.loads(html.unescape(match.group(1))), console


SHOWN = """
const shown = () => [...document.querySelectorAll("tbody tr")].filter((row) => !row.hidden)
  .map((row) => row.querySelector(".label").textContent);
const click = (text) => [...document.querySelectorAll("th button, .tools button")]
  .find((button) => button.textContent === text).click();
"""


@in_browser
def test_sorting_by_macs_and_back(tmp_path: Path, network: CountResult) -> None:
    script = SHOWN + (
        "const orders = [shown()]; for (const n of [1, 2, 3]) { click('MACs'); "
        "orders.push(shown()); } return orders;"
    )
    orders, console = answers(tmp_path, network.render("html"), script)
    macs = {layer.name: layer.macs or 0 for layer in network.layers}
    assert set(orders[1]) == set(macs)
    assert [macs[name] for name in orders[1]] == sorted(macs.values(), reverse=True)
    assert [macs[name] for name in orders[2]] == sorted(macs.values())
    assert orders[3] == orders[0]
    assert console == ""


@in_browser
def test_sorting_by_name(tmp_path: Path, network: CountResult) -> None:
    script = SHOWN + "click('layer'); return shown();"
    names, _ = answers(tmp_path, network.render("html"), script)
    assert names == sorted(layer.name for layer in network.layers)


@in_browser
def test_a_group_folds_and_opens(tmp_path: Path, network: CountResult) -> None:
    script = SHOWN + (
        "const all = shown(); document.querySelector('.fold').click(); const less = shown();"
        "document.querySelector('.fold').click(); const again = shown();"
        "click('fold all'); const top = shown(); click('open all');"
        "return [all, less, again, top, shown()];"
    )
    (whole, less, again, top, last), console = answers(tmp_path, network.render("html"), script)
    assert whole == again == last
    assert len(less) < len(whole)
    assert top == [
        name.strip() for name in top if name in ("conv", "bottleneck") or "." not in name
    ]
    assert "reduce" in whole
    assert "reduce" not in top
    assert console == ""


@in_browser
def test_a_click_on_a_number_shows_where_it_comes_from(tmp_path: Path) -> None:
    script = (
        "const found = document.querySelector('[popover]'); const before = "
        "found.matches(':popover-open'); document.querySelector('td button').click(); "
        "return [before, found.matches(':popover-open'), found.textContent];"
    )
    (before, after, text), _ = answers(
        tmp_path, count("8x8x4", "conv 3x3 6").render("html"), script
    )
    assert (before, after) == (False, True)
    assert f"384 x 36 = {8 * 8 * 6 * 3 * 3 * 4:,}" in text


@in_browser
def test_a_hostile_name_runs_nothing(tmp_path: Path) -> None:
    result = count({"type": "conv", "name": HOSTILE, "input": "8x8x4", "kernel": 3, "out": 6})
    found, console = answers(tmp_path, result.render("html"), "return document.title;")
    assert found == f"{HOSTILE} on 8x8x4"
    assert console == ""


@in_browser
@pytest.mark.parametrize(
    ("scheme", "background"), [(1, "rgb(255, 255, 255)"), (0, "rgb(13, 17, 23)")]
)
def test_light_and_dark_are_the_readers_choice(
    tmp_path: Path, network: CountResult, scheme: int, background: str
) -> None:
    script = "return getComputedStyle(document.body).backgroundColor;"
    page = network.render("html")
    option = f"--blink-settings=preferredColorScheme={scheme}"
    assert answers(tmp_path, page, script, option)[0] == background


@in_browser
@pytest.mark.parametrize("width", [500, 1400])
def test_a_page_is_no_wider_than_its_window(
    tmp_path: Path, network: CountResult, width: int
) -> None:
    script = "return [document.documentElement.scrollWidth, window.innerWidth];"
    compared = compare("56x56x256", kernel_size=3, out_channels=64)
    for result in (network, compared):
        option = f"--window-size={width},800"
        (found, room), _ = answers(tmp_path, result.render("html"), script, option)
        assert found <= room


@in_browser
def test_on_a_phone_names_stay_while_numbers_move(tmp_path: Path, network: CountResult) -> None:
    script = (
        "const name = document.querySelector('td.name'); const before = "
        "name.getBoundingClientRect().left; const box = document.querySelector('.scroll'); "
        "box.scrollLeft = 200; return [box.scrollLeft, name.getBoundingClientRect().left - before];"
    )
    (scrolled, moved), _ = answers(
        tmp_path, network.render("html"), script, "--window-size=500,800"
    )
    assert scrolled > 0
    assert abs(moved) < 1


@in_browser
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not here")
def test_on_paper_the_total_stands_once_and_no_button_is_left(tmp_path: Path) -> None:
    result = count("resnet18")
    path, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    path.write_text(result.render("html"), "utf-8")
    assert BROWSER is not None
    subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={paper}", path.as_uri()),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    text = subprocess.run(
        ["pdftotext", "-layout", str(paper), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.rstrip("\f").split("\f")
    assert len(pages) > 1
    assert text.count(f"{result.macs:,}") == 1
    assert all(page.lstrip().split()[:2] == ["layer", "type"] for page in pages[1:])
    assert "fold all" not in text
