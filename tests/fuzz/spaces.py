"""Spaces over generated designs for as long as one likes: boxes against the ordinary count.

    python tests/fuzz/spaces.py [SECONDS] [SEED]

Exit code 1 where a candidate differed. The test suite runs a few dozen of the same spaces.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from test_spaces import FIGURES, Tally, compare, random_space  # noqa: E402

from convcost.studies.machine import Machine  # noqa: E402


def main(seconds: float, seed: int) -> int:
    tally = Tally()
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        known = len(tally.wrong)
        rng = Random(seed + number)
        _, family, space, documents = random_space(rng)
        compare(rng, Machine(family, space, FIGURES), tally, 400, rng.choice((1 << 18, 100)))
        if len(tally.wrong) > known:
            print(f"seed {seed + number}: {tally.wrong[known]}\n  {space}\n  {documents}")
        number += 1
    print(
        f"{tally.spaces:,} spaces of {tally.candidates:,} candidates, {tally.compared:,} compared: "
        f"{tally.built:,} built, {tally.called:,} by plain calls, {len(tally.wrong):,} wrong"
    )
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
