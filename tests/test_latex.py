"""LaTeX for papers: it compiles where there is a LaTeX, and else has the structure that does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from convcost import compare, count, formula

LATEX = shutil.which("pdflatex")
RESULTS = {
    "count": lambda: count("8x8x4", 'conv 3x3 8 name="a_b%#&$x", relu').render("latex"),
    "compare": lambda: compare("56x56x256", kernel_size=3, out_channels=64).render("latex"),
    "formula": lambda: formula("bottleneck").render("latex"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_environments_close_and_rows_have_a_cell_for_each_column(name: str) -> None:
    text = RESULTS[name]()
    opened = re.findall(r"\\begin\{([^}]*)\}", text)
    assert re.findall(r"\\end\{([^}]*)\}", text) == opened[::-1]
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    layout = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)
    for line in text.splitlines():
        if layout is not None and line.endswith(r"\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == len(layout.group(1)) - 1


@pytest.mark.skipif(LATEX is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", RESULTS)
def test_it_compiles(name: str, tmp_path: Path) -> None:
    assert LATEX is not None
    document = (
        "\\documentclass{article}\\usepackage{booktabs,amsmath}\\begin{document}\n"
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
