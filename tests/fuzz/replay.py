"""Streams of generated designs for as long as one likes: the replay against the ordinary count.

    python tests/fuzz/replay.py [SECONDS] [SEED]

Prints how many lines were replayed and, for each that differed, what shows it again. Exit code 1
if there was one. The test suite runs a few hundred of the same streams.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from test_replay import Tally, compare, random_stream  # noqa: E402  # found by the line above


def main(seconds: float, seed: int) -> int:
    tally = Tally()
    end = time.monotonic() + seconds
    streams = 0
    while time.monotonic() < end:
        known = len(tally.wrong)
        library, stream, switches, documents = random_stream(Random(seed + streams), 120)
        compare(library, stream, switches, tally)
        streams += 1
        for line, replayed, truth in tally.wrong[known:]:
            print(f"seed {seed + streams - 1}: {json.dumps(line)}\n  {replayed}\n  {truth}")
            print(f"  {json.dumps(documents)}")
    lines = tally.replayed + tally.declined + tally.refused
    print(f"{streams:,} streams, {lines:,} lines: {tally.replayed:,} replayed, ", end="")
    print(
        f"{tally.declined:,} left to the ordinary way, {tally.refused:,} refused by both, ", end=""
    )
    print(f"{len(tally.wrong):,} wrong")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
