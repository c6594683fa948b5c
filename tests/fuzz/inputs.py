"""Texts, JSON lines, JSON and TOML documents with mistakes, for as long as one likes.

    python tests/fuzz/inputs.py [SECONDS] [SEED]

Each input gets an answer or a ConvcostError, within ``MOST_SECONDS`` and without the process
growing beyond ``MOST_MEMORY``. Prints how many there were of each kind, and each that broke the
rule. Exit code 1 if one did. The test suite runs a few hundred of the same.
"""

from __future__ import annotations

import io
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from test_fuzz import DOCUMENTS, LIBRARY, LINES, mutated  # noqa: E402  # by the line above

from convcost import count  # noqa: E402
from convcost.api import count_subject  # noqa: E402
from convcost.errors import ConvcostError  # noqa: E402
from convcost.reports.formats import FORMATS  # noqa: E402
from convcost.sources.asked import Asked  # noqa: E402
from convcost.sources.files import read_specs  # noqa: E402
from convcost.sources.found import Problem  # noqa: E402
from convcost.sources.specs import build_item  # noqa: E402

MOST_SECONDS = 2.0
"""Of the processor: a machine that does other things is not our slowness."""

MOST_MEMORY = 300
"""MiB, of the whole process at its largest."""

KINDS = ("text", *DOCUMENTS)


def memory() -> int:
    """The largest the process has been, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def read_document(data: bytes, name: str) -> None:
    """Read, build and count each spec of a document."""
    for item in read_specs(io.BytesIO(data), name):
        try:
            if isinstance(item, Problem):
                raise item.error
            count_subject(build_item(LIBRARY, item, Asked()))
        except ConvcostError as error:
            error.lines()


def one(kind: str, chance: Random) -> bytes:
    """Give the machine one input; returns it. Raises what is no ConvcostError."""
    seed = chance.getrandbits(32)
    if kind == "text":
        data = mutated(chance.choice(LINES), seed)
        try:
            result = count("8x8x4", data.decode(errors="replace"), library=LIBRARY)
            if seed % 64 == 0:
                FORMATS[chance.choice(list(FORMATS))].render([result.report()])
        except ConvcostError as error:
            error.lines()
        return data
    data = mutated(chance.choice(DOCUMENTS[kind]), seed)
    try:
        read_document(data, kind)
    except ConvcostError as error:
        error.lines()
    return data


def run(seconds: float, seed: int, most: int = 10**12) -> tuple[Counter[str], list[str]]:
    """How many of each kind, and what went wrong."""
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and tally.total() < most:
        number = tally.total()
        kind = KINDS[number % len(KINDS)]
        chance = Random(f"{seed}/{number}")
        start = time.process_time()
        try:
            one(kind, chance)
        except Exception as error:
            wrong.append(f"seed {seed} number {number} {kind}: {type(error).__name__}: {error}")
        took = time.process_time() - start
        if took > MOST_SECONDS:
            wrong.append(f"seed {seed} number {number} {kind}: {took:.1f} s")
        tally[kind] += 1
    if memory() > MOST_MEMORY:
        wrong.append(f"the process has grown to {memory()} MiB")
    return tally, wrong


def main(seconds: float, seed: int) -> int:
    """Run, print, and say whether something went wrong."""
    tally, wrong = run(seconds, seed)
    print("\n".join(wrong))
    print(", ".join(f"{number:,} {kind}" for kind, number in tally.items()), end="")
    print(f"; {len(wrong)} wrong, {memory()} MiB")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
