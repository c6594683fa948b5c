"""Runs the console blocks of the documentation and writes what they print into the pages.

By hand, after a change that was looked at: ``python tests/docs_refresh.py [PAGE ...]``. The test
of the documentation then finds nothing to complain of; the difference is for a person to read.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from test_docs import CONSOLE, ROOT, Block, can_run, transcript


def programs() -> Path:
    """A folder with ``convcost`` and ``python``, which are those that run this script."""
    folder = Path(tempfile.mkdtemp())
    for name, words in (("convcost", "-m convcost"), ("python", ""), ("python3", "")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    return folder


def refresh(block: Block, tools: Path) -> bool:
    """Write what a block prints into its page; whether that changed it."""
    with tempfile.TemporaryDirectory() as folder:
        printed = transcript(block, Path(folder), tools)
    page = ROOT / block.page
    text = page.read_text("utf-8")
    if printed == block.text or block.text not in text:
        return False
    page.write_text(text.replace(block.text, printed, 1))
    return True


def main() -> None:
    """Refresh the pages named, or all."""
    tools, names = programs(), sys.argv[1:]
    for block in CONSOLE:
        wanted = not names or any(block.page.endswith(name) for name in names)
        if wanted and can_run(block) and refresh(block, tools):
            print(f"{block.page}:{block.line}")


if __name__ == "__main__":
    main()
