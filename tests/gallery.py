"""The screens of docs/gallery.md: real commands in a real terminal, drawn as SVG.

``python tests/gallery.py`` writes docs/gallery.md and docs/gallery/*.svg anew; a test holds that
they are what it would write.
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


COMPARE = "convcost compare 56x56x256 --kernel 3 --out 64"

SCREENS = (
    Screen(
        "compare",
        80,
        COMPARE,
        "Designs side by side. The baseline is dim, fewer is green, more is yellow; the last line "
        "is the answer.",
    ),
    Screen("compare-60", 60, COMPARE, "The same, 60 columns wide: columns drop, digits never do."),
    Screen("compare-40", 40, COMPARE, "At 40 columns."),
    Screen("compare-120", 120, COMPARE, "At 120: longer bars, another column, and sentences."),
    Screen(
        "more",
        80,
        "convcost compare 56x56x4 --kernel 3 --out 64",
        "On a narrow input some designs cost more.",
    ),
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
        'convcost count 56x56x256 "separable 3x3 64, max_pool 2x2"',
        "Parts of a block are indented and their bars dim; rows without cost are dim.",
    ),
    Screen(
        "explain",
        80,
        "convcost explain separable 56x56x256 --kernel 3 --out 64",
        "Each number, derived.",
    ),
    Screen("swap", 80, "convcost swap vgg16 --from standard --to separable", "What if."),
    Screen(
        "designs",
        80,
        "convcost designs res",
        "The catalogue, filtered: blocks by family, networks with what they cost.",
    ),
    Screen("design", 80, "convcost designs fire", "One design: each branch has its colour."),
    Screen(
        "error",
        80,
        'convcost count 56x56x256 "conv 3x3 64 g3"',
        "A mistake, with a caret where it is and what would work.",
    ),
    Screen("help", 80, "convcost designs --help", "Help: examples first, options in groups."),
    Screen("compare-zh", 80, f"{COMPARE} --lang zh", "In Chinese."),
)


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
        "preference for dark or\nlight pages.\n",
        "On a terminal a table is short: a network is folded to its stages, and three lines stand "
        "below it.\n`--verbose` shows all. What goes into a pipe, a file or another format is "
        "always complete.\n",
    ]
    for screen in SCREENS:
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
        (FOLDER / f"{screen.name}.svg").write_text(picture(shown(screen), screen.width), "utf-8")
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
