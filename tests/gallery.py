"""The screens of docs/gallery.md: real commands in a real terminal, drawn as SVG; and the charts.

``python tests/gallery.py`` writes docs/gallery.md and docs/gallery/*.svg anew; a test holds that
they are what it would write. Of the charts of docs/charts.md it holds the texts: their lines are
those of one version of the plotting library.
"""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from conftest import environment

from convcost.reports.svg import picture

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "gallery.md"
FOLDER = ROOT / "docs" / "gallery"


class Screen(NamedTuple):
    """One picture: its file, how wide the terminal is, what is typed, and what to look at."""

    name: str
    width: int
    command: str
    about: str
    scheme: str = ""


COMPARE = "convcost compare 56x56x256 --kernel 3 --out 64"

SWAP = "convcost swap vgg16 --from standard --to separable"
TREE = 'convcost count 56x56x256 "separable 3x3 64, max_pool 2x2"'
ERROR = 'convcost count 56x56x256 "conv 3x3 64 g3"'
SWEEP = "convcost sweep mobilenet_v1 --vary width=0.25,0.5,0.75,1 --vary input=128..224:32"

SECTIONS = {
    "Comparisons": (
        Screen(
            "compare",
            80,
            COMPARE,
            "Designs side by side. The baseline is dim, fewer is green, more is yellow; the last "
            "line is the answer.",
        ),
        Screen(
            "compare-60", 60, COMPARE, "The same, 60 columns wide: columns drop, digits never do."
        ),
        Screen("compare-40", 40, COMPARE, "At 40 columns."),
        Screen("compare-120", 120, COMPARE, "At 120: longer bars, another column, and sentences."),
        Screen("compare-160", 160, "convcost compare resnet50 mobilenet_v2 vgg16", "At 160."),
        Screen(
            "more",
            80,
            "convcost compare 56x56x4 --kernel 3 --out 64",
            "On a narrow input some designs cost more.",
        ),
    ),
    "Counts": (
        Screen(
            "count",
            80,
            "convcost count resnet50",
            "A network on a terminal: its stages, three lines below them, and how to see all.",
        ),
        Screen("count-60", 60, "convcost count mobilenet_v2", "Another, 60 columns wide."),
        Screen("count-160", 160, "convcost count resnet50", "At 160 columns."),
        Screen(
            "tree",
            80,
            TREE,
            "Parts of a block are indented and their bars dim; rows without cost are dim.",
        ),
        Screen("layer", 80, 'convcost count 56x56x256 "conv 3x3 64"', "One layer has no shares."),
        Screen(
            "memory",
            80,
            "convcost count mobilenet_v2 --columns macs,live,weights,receptive_field -n 6",
            "Columns that are asked for are never dropped.",
        ),
    ),
    "Explanations": (
        Screen(
            "explain",
            80,
            "convcost explain separable 56x56x256 --kernel 3 --out 64",
            "Each number, derived.",
        ),
        Screen("formula", 80, "convcost formula bottleneck", "The same in symbols."),
        Screen("formula-40", 40, "convcost formula bottleneck", "At 40 columns."),
    ),
    "Questions": (
        Screen("swap", 80, SWAP, "What if. Columns that belong together drop together."),
        Screen("swap-120", 120, SWAP, "At 120 columns."),
        Screen("sweep", 80, f"{SWEEP} --pareto macs,-params --chart", "A space, and its front."),
        Screen(
            "fit",
            80,
            "convcost fit res2net50 --set scale=4 --vary width=8..64 --near params=resnet50",
            "The nearest candidate, and the two beside it.",
        ),
        Screen("check", 80, "convcost check lenet5 --max macs=400K,params=70K", "Limits."),
        Screen(
            "conventions",
            80,
            "convcost conventions resnet50",
            "Prose never wraps inside a table: it moves below.",
        ),
        Screen("reconcile", 80, "convcost reconcile resnet50 --reported 4.12G", "And back."),
        Screen("diff", 80, "convcost diff resnet50 resnet50 --set:b blocks2=5", "Two networks."),
    ),
    "Designs, errors, help": (
        Screen(
            "designs",
            80,
            "convcost designs res",
            "The catalogue, filtered: blocks by family, networks with what they cost.",
        ),
        Screen("design", 80, "convcost designs fire", "One design: each branch has its colour."),
        Screen("design-60", 60, "convcost designs fire", "At 60 columns."),
        Screen("error", 80, ERROR, "A mistake, with a caret where it is and what would work."),
        Screen("help", 80, "convcost designs --help", "Help: examples first, options in groups."),
    ),
    "On light and on dark": (
        Screen("compare-light", 80, COMPARE, "Whatever the page is: light,", "light"),
        Screen("compare-dark", 80, COMPARE, "and dark.", "dark"),
        Screen("design-light", 80, "convcost designs fire", "A diagram on light,", "light"),
        Screen("design-dark", 80, "convcost designs fire", "and on dark.", "dark"),
        Screen("error-light", 80, ERROR, "An error on light,", "light"),
        Screen("error-dark", 80, ERROR, "and on dark.", "dark"),
    ),
    "In Chinese": (Screen("compare-zh", 80, f"{COMPARE} --lang zh", "The same in Chinese."),),
}
SCREENS = tuple(screen for screens in SECTIONS.values() for screen in screens)


class Drawn(NamedTuple):
    """A chart of the page on charts: its file, and the words that draw it, but for ``--chart``."""

    name: str
    command: str


CHARTS = (
    Drawn("chart-compare", f"{COMPARE} --chart-width one"),
    Drawn("chart-count", "convcost count resnet50"),
    Drawn("chart-sweep", f"{SWEEP} --join accuracy.csv --pareto macs,-top1 --chart-width one"),
    Drawn(
        "chart-space",
        'convcost sweep 56x56 "separable 3x3" --vary in=16..512:16 --vary out=16..512:16 '
        "--pareto macs,-peak",
    ),
    Drawn("chart-roofline", "convcost count mobilenet_v2 --chart-width one --roofline"),
    Drawn("chart-device", "convcost count mobilenet_v2 --roofline 100G,20G"),
)
CHART_PAGE = ROOT / "docs" / "charts.md"


def chart(drawn: Drawn) -> str:
    """What a command draws, as SVG; tables that it joins stand on the page of charts."""
    import re

    with tempfile.TemporaryDirectory() as folder:
        for name, text in re.findall(
            r"```csv file=(\S+)\n(.*?)```", CHART_PAGE.read_text("utf-8"), re.DOTALL
        ):
            (Path(folder) / name).write_text(text, "utf-8")
        subprocess.run(
            [sys.executable, "-m", *shlex.split(drawn.command), "--chart", "made.svg"],
            cwd=folder,
            env=environment(),
            check=True,
            capture_output=True,
        )
        return (Path(folder) / "made.svg").read_text("utf-8")


def shown(screen: Screen) -> str:
    """What a terminal of that width shows, with its colours."""
    with tempfile.TemporaryDirectory() as folder:
        env = environment(TERM="xterm-256color", COLUMNS=str(screen.width))
        ours, theirs = pty.openpty()
        words = shlex.split(screen.command)
        child = subprocess.Popen(
            [sys.executable, "-m", *words], stdout=theirs, stderr=theirs, cwd=folder, env=env
        )
        os.close(theirs)
        text = b"".join(_parts(ours)).decode().replace("\r\n", "\n")
        child.wait(timeout=60)
    return f"\x1b[32m$\x1b[0m {screen.command}\n{text}"


def _parts(terminal: int) -> Iterator[bytes]:
    """Everything that is written to the other end of a terminal."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        yield part
    os.close(terminal)


def page() -> str:
    """docs/gallery.md."""
    parts = [
        "# Gallery\n",
        "Each picture is what a terminal shows. They are drawn by `python tests/gallery.py`, and a "
        "test\ncompares them with what the commands print today. They follow the reader's "
        "preference for dark or\nlight pages; the last section shows both. [Charts](charts.md) for "
        "papers have a page of their own.\n",
        "On a terminal a table is short: a network is folded to its stages, and three lines stand "
        "below it.\n`--verbose` shows all. What goes into a pipe, a file or another format is "
        "always complete.\n",
    ]
    for title, screens in SECTIONS.items():
        parts.append(f"## {title}\n")
        for screen in screens:
            lines = _wrapped(screen.about)
            parts.append(f"{lines}\n\n![{screen.command}](gallery/{screen.name}.svg)\n")
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 100)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    for screen in SCREENS:
        drawing = picture(shown(screen), screen.width, screen.scheme)
        (FOLDER / f"{screen.name}.svg").write_text(drawing, "utf-8")
    for drawn in CHARTS:
        (FOLDER / f"{drawn.name}.svg").write_text(chart(drawn), "utf-8")
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
