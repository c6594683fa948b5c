"""Ctrl-C at random times, with slow and fast readers, for as long as one likes.

    python tests/fuzz/interrupts.py [SECONDS] [SEED]

What a stream leaves is a prefix of whole lines, each once, with exit code 130 and nothing on
standard error; or it was done before. Exit code 1 where it was not.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from test_writing import interrupted, is_prefix, named  # noqa: E402  # by the line above

LINES = 20_000


def main(seconds: float, seed: int) -> int:
    """Run, print, and say whether something went wrong."""
    # Where it was ignored, as in the background of a shell, children would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance = Random(seed)
    end = time.monotonic() + seconds
    runs = done = wrong = 0
    while time.monotonic() < end:
        width, wait = chance.choice((0, 90)), chance.uniform(0, 0.4)
        pause = chance.choice((0.0, 0.0, 0.001, 0.01))
        code, out, err = interrupted(named(LINES, width), wait, pause)
        runs += 1
        done += code == 0
        whole = code == 0 and out.count(b"\n") == LINES
        if not is_prefix(out) or err or not (code == 130 or whole):
            wrong += 1
            print(f"width={width} wait={wait} pause={pause}: exit {code}, {out[-200:]!r}, {err!r}")
    print(f"{runs:,} interruptions, {done:,} of them after the end; {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
