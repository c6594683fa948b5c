"""ONNX files with flipped, cut and copied bytes, for as long as one likes.

    python tests/fuzz/onnx_files.py [SECONDS] [SEED]

Each gets an answer or a ConvcostError, as in ``inputs``. Needs the package onnx.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
sys.path.insert(0, str(Path(__file__).parent))

from inputs import MOST_MEMORY, MOST_SECONDS, memory  # noqa: E402  # by the line above

from convcost import count  # noqa: E402
from convcost.errors import ConvcostError  # noqa: E402

LARGEST = 200_000
"""Bytes of the files that are broken: a large one is mostly weights."""


def originals() -> list[bytes]:
    """The ONNX files among the tests' data."""
    folder = Path(__file__).parents[1] / "data"
    files = [path for path in sorted(folder.rglob("*.onnx")) if path.stat().st_size < LARGEST]
    return [path.read_bytes() for path in files]


def broken(data: bytes, chance: Random) -> bytes:
    """``data`` with one to four mistakes."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) or 1)
        kind = chance.randrange(5)
        if kind == 0 and made:
            made[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and made:
            made[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del made[at : at + chance.randint(1, 16)]
        elif kind == 3:
            made[at:at] = made[at : at + chance.randint(1, 32)]
        else:
            made[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(made)


def run(seconds: float, seed: int, most: int = 10**12) -> tuple[int, int, list[str]]:
    """How many files, how many of them were counted, and what went wrong."""
    files = originals()
    number = answered = 0
    wrong: list[str] = []
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        while files and time.monotonic() < end and number < most:
            chance = Random(f"{seed}/{number}")
            path.write_bytes(broken(chance.choice(files), chance))
            start = time.process_time()
            try:
                count(str(path))
                answered += 1
            except ConvcostError as error:
                error.lines()
            except Exception as error:
                wrong.append(f"seed {seed} number {number}: {type(error).__name__}: {error}")
            took = time.process_time() - start
            if took > MOST_SECONDS:
                wrong.append(f"seed {seed} number {number}: {took:.1f} s")
            number += 1
    if memory() > MOST_MEMORY:
        wrong.append(f"the process has grown to {memory()} MiB")
    return number, answered, wrong


def main(seconds: float, seed: int) -> int:
    """Run, print, and say whether something went wrong."""
    number, answered, wrong = run(seconds, seed)
    print("\n".join(wrong))
    print(f"{number:,} files, {answered:,} counted; {len(wrong)} wrong, {memory()} MiB")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
