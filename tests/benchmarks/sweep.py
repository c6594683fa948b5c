"""How fast a space is costed: against plain Python and numpy on the closed formula.

    python tests/benchmarks/sweep.py

The same space in one run: depthwise separable blocks over input, output channels, kernel and
resolution. Goals: at least 4 times plain Python, a quarter of numpy (broadcast axes), and peak
memory at 10^8 candidates within 1.2 times that at 10^6.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]
sys.path.insert(0, str(HOME))

import numpy as np  # noqa: E402

from convcost.language.library import Library  # noqa: E402
from convcost.studies.machine import BOX, Machine, chunks  # noqa: E402
from convcost.studies.opening import Asked, open_space  # noqa: E402

CHANNELS, KERNELS, SIDES = range(1, 513), (1, 3, 5, 7), range(7, 225, 7)

PEAK = """
import sys
from convcost.cli.app import run
code = run(sys.argv[1:])
lines = open("/proc/self/status").read().splitlines()
sys.stderr.write(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
sys.exit(code)
"""


def machine() -> Machine:
    vary = ("in=1..512", "out=1..512", "kernel=1,3,5,7", "input=7..224:7")
    family, space = open_space(Library(), Asked(("separable",), vary))
    return Machine(family, space, ("params", "macs"))


def swept() -> int:
    """Every candidate, its parameters and MACs as full columns; a number that needs them all."""
    most = 0
    for box in machine().boxes():
        for figure in box.figures:
            values = np.ascontiguousarray(np.broadcast_to(figure.values, box.shape))
            most = max(most, int(values[-1, -1, -1, -1]))
    return most


def formula() -> int:
    """The closed formula on numpy's broadcast axes, box by box as above."""
    axes = [np.array(values) for values in (CHANNELS, CHANNELS, KERNELS, SIDES)]
    most = 0
    for cut in chunks([len(axis) for axis in axes], BOX):
        c, o, k, s = np.ix_(*[axis[part] for axis, part in zip(axes, cut, strict=True)])
        params = k * k * c + c * o
        macs = s * s * params
        shape = np.broadcast_shapes(params.shape, s.shape)
        for values in (params, macs):
            full = np.ascontiguousarray(np.broadcast_to(values, shape))
            most = max(most, int(full[-1, -1, -1, -1]))
    return most


def plain(channels: range) -> int:
    """The closed formula, design by design."""
    most = 0
    for c in channels:
        for o in CHANNELS:
            for k in KERNELS:
                for s in SIDES:
                    params = k * k * c + c * o
                    most = max(most, params, s * s * params)
    return most


def seconds(action: Callable[[], Any], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def peak_memory(last: int) -> int:
    """KiB at the most of a whole sweep with a front, ``last`` * 10^4 * 100 candidates."""
    command = ["sweep", "56x56", "separable", "--vary", "in=1..1000", "--vary", f"out=1..{last}"]
    command += ["--vary", "kernel=1..10", "--sort", "-macs", "-n", "20", "--format", "jsonl"]
    run = subprocess.run(
        [sys.executable, "-c", PEAK, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        env={"PYTHONPATH": str(HOME)},
    )
    return int(run.stderr)


def main() -> None:
    size = len(CHANNELS) ** 2 * len(KERNELS) * len(SIDES)
    assert swept() == formula() == 224 * 224 * (49 * 512 + 512 * 512)
    rates = {
        "plain Python, closed formula": size // 64 / seconds(lambda: plain(range(1, 9)), 2),
        "numpy, closed formula": size / seconds(formula, 5),
        "convcost": size / seconds(swept, 5),
    }
    for name, rate in rates.items():
        print(f"{name:30}{rate / 1e6:10.2f} million designs/s")
    python, numpy, own = rates.values()
    print(f"against plain Python {own / python:10.1f}  (goal: 4 or more)")
    print(f"against numpy        {own / numpy:10.2f}  (goal: 0.25 or more)")
    peaks = [peak_memory(100), peak_memory(10_000)]
    print(f"peak memory          {peaks[0]:10,} KiB at 10^6 candidates")
    print(f"                     {peaks[1]:10,} KiB at 10^8 candidates")
    print(f"ratio                {peaks[1] / peaks[0]:10.3f}  (goal: 1.2 or less)")


if __name__ == "__main__":
    main()
