"""Message catalogues: .po files as people edit them, and the .mo files that gettext reads.

``python tests/catalogues.py`` compiles every .po file anew; a test holds that the .mo files are
what it would write.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

LOCALE = Path(__file__).parent.parent / "convcost" / "locale"


def read_po(path: Path) -> dict[str, str]:
    """The messages of a .po file, each on one line: English -> translation."""
    found: dict[str, str] = {}
    source: str | None = None
    for line in path.read_text("utf-8").splitlines():
        word, _, text = line.partition(" ")
        if word == "msgid":
            source = ast.literal_eval(text)
        elif word == "msgstr":
            assert source is not None
            assert source not in found, f"{source!r} stands twice"
            found[source] = ast.literal_eval(text)
    return found


def compiled(messages: dict[str, str]) -> bytes:
    """The same as a .mo file: a table of sorted messages, then their texts."""
    pairs = [(source.encode(), text.encode()) for source, text in sorted(messages.items())]
    count = len(pairs)
    start = 7 * 4 + 2 * 8 * count
    tables: list[list[int]] = [[], []]
    texts = b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += [len(pair[side]), start + len(texts)]
            texts += pair[side] + b"\0"
    header = (0x950412DE, 0, count, 7 * 4, 7 * 4 + 8 * count, 0, 0)
    return struct.pack(f"<{7 + 4 * count}I", *header, *tables[0], *tables[1]) + texts


def main() -> None:
    for path in LOCALE.rglob("*.po"):
        path.with_suffix(".mo").write_bytes(compiled(read_po(path)))


if __name__ == "__main__":
    main()
