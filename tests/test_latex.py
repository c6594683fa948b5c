"""LaTeX for papers: it compiles where there is a LaTeX, and else has the structure that does."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from convcost import compare, count, designs, diff, explain, formula, swap
from convcost.reports.escaping import latex_text

LATEX = shutil.which("pdflatex")
HOSTILE = (
    "a_b%#&$x",
    "\\end{tabular}",
    "[2em] after a line end",
    "* after a line end",
    "``quotes'' and \"quotes\" -- ,, ?` !`",
    "设计 é ñ ð ß 😀 ×",
    "\u202ereversed \x1b[31m\nline",
    "{unbalanced",
    "^^M ~ ^ < > | \\",
)


def hostile(name: str) -> str:
    """A table whose rows, not only its title, have such a name."""
    result = count({"type": "conv", "name": name, "input": "8x8x4", "kernel": 3, "out": 8})
    report = result.report()
    row = (name, *report.rows[0][1:])
    from convcost.reports.latex import render

    return render([report._replace(rows=(row, row))])


RESULTS: dict[str, Callable[[], str]] = {
    "count": lambda: count("8x8x4", 'conv 3x3 8 name="a_b%#&$x", relu').render("latex"),
    "long": lambda: count("resnet50").render("latex"),
    "compare": lambda: compare("56x56x256", kernel_size=3, out_channels=64).render("latex"),
    "swap": lambda: swap("vgg16").render("latex"),
    "diff": lambda: diff("resnet18", "resnet34").render("latex"),
    "explain": lambda: explain("separable", "8x8x4", kernel_size=3, out_channels=6).render("latex"),
    "catalogue": lambda: designs().render("latex"),
    "design": lambda: designs("fire").render("latex"),
    "formula": lambda: formula("bottleneck").render("latex"),
    "formula of a sum": lambda: formula("inverted_residual", "bottleneck").render("latex"),
} | {f"name {at}": partial(hostile, name) for at, name in enumerate(HOSTILE)}


@pytest.mark.parametrize("name", RESULTS)
def test_environments_close_and_rows_have_a_cell_for_each_column(name: str) -> None:
    text = RESULTS[name]()
    opened = re.findall(r"\\begin\{([^}]*)\}", text)
    assert re.findall(r"\\end\{([^}]*)\}", text) == opened[::-1]
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    layout = re.search(r"\\begin\{(?:tabular|longtable)\}\{((?:[lr]|p\{\d+em\})+)\}", text)
    for line in text.splitlines():
        if layout is not None and line.endswith(r"\\") and not line.startswith("\\caption"):
            columns = len(re.findall(r"[lr]|p\{\d+em\}", layout.group(1)))
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1


@pytest.mark.skipif(LATEX is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", RESULTS)
def test_it_compiles(name: str, tmp_path: Path) -> None:
    assert LATEX is not None
    document = (
        "\\documentclass{article}\\usepackage{booktabs,amsmath,longtable,graphicx}\\begin{document}\n"
        + RESULTS[name]()
        + "\\end{document}\n"
    )
    (tmp_path / "x.tex").write_text(document, "utf-8")
    done = subprocess.run(
        [LATEX, "-interaction=nonstopmode", "-halt-on-error", "x.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("layer1.0-conv, x", "layer1.0-conv, x"),
        ("a--b", "a-{}-b"),
        ("a -> b", r"a -\textgreater{} b"),
        ("`x'", r"\textasciigrave{}x\textquotesingle{}"),
        ("é", "é"),
        ("a设b", r"a\ifdefined\Umathcode 设\else [U+8BBE]\fi{}b"),
        ("  inside", r"\quad inside"),
    ],
)
def test_text_means_itself(text: str, latex: str) -> None:
    assert latex_text(text) == latex


def test_a_row_does_not_begin_as_the_option_of_the_line_end_before_it() -> None:
    rows = [line for line in hostile("[2em] x").splitlines() if "2em" in line]
    assert [row[:3] for row in rows[1:]] == ["{}[", "{}["]
    assert hostile("* x").count("\n{}* x") == 2


def test_a_table_of_more_than_a_page_is_a_longtable_whose_head_returns() -> None:
    text = RESULTS["long"]()
    assert text.startswith("% \\usepackage{booktabs,longtable}\n")
    assert text.count("\\begin{longtable}") == text.count("\\endhead") == 1
    assert "\\begin{table}" not in text


def test_sentences_stand_below_a_table() -> None:
    table, _, below = RESULTS["compare"]().partition("\\end{tabular}")
    assert "one dense convolution" not in table
    assert "standard: one dense convolution" in below
    assert "bottleneck: 19.9x fewer MACs than standard" in below


def test_a_long_sum_goes_over_lines_at_its_signs() -> None:
    text = formula("inverted_residual", "bottleneck").render("latex")
    assert text.count("\n&\\quad + ") == 2
    assert "&\\quad" not in formula("separable").render("latex")
