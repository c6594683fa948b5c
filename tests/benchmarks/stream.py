"""How fast a stream of specs is counted, against pydantic reading the same lines.

    python tests/benchmarks/stream.py [LINES]

Prints the ratio of ``convcost count specs.jsonl --format jsonl`` to the bare rate of
``TypeAdapter(LayerSpec).validate_json`` (the goal: at least 0.25), and the peak memory at
100 times as many lines as at the start (the goal: at most 1.1 times).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter

from convcost import LayerSpec

PEAK = """
import sys
from convcost.cli.app import run
code = run(sys.argv[1:])
lines = open("/proc/self/status").read().splitlines()
sys.stderr.write(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
sys.exit(code)
"""
"""The run, then the most memory that it ever held, in KiB (what the kernel says on Linux; the
figure of getrusage would include the process that started it)."""


def mixed_specs(count: int, seed: int = 7) -> list[bytes]:
    """Distinct specs of all five kinds, in both spellings."""
    rng = random.Random(seed)
    lines = []
    for number in range(count):
        side, channels = rng.randint(7, 224), 8 * rng.randint(1, 64)
        spec = {
            "type": rng.choice(["conv", "standard", "pointwise", "separable", "bottleneck"]),
            "input": rng.choice([[side, side, channels], f"{side}x{side}x{channels}"]),
            rng.choice(["out", "out_channels"]): 8 * rng.randint(1, 128),
            "stride": rng.randint(1, 2),
        }
        if spec["type"] != "pointwise":
            kernel = rng.choice([3, 5, 7])
            spec["kernel_size"] = rng.choice([kernel, [kernel, kernel]])
        if spec["type"] == "conv":
            spec |= {"padding": rng.choice(["same", [1, 1], 1]), "bias": rng.random() < 0.5}
        if rng.random() < 0.2:
            spec["name"] = f"layer {number}"
        lines.append(json.dumps(spec).encode())
    return lines


def command(path: Path) -> list[str]:
    return ["count", str(path), "--format", "jsonl"]


def best(times: int, action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_memory(path: Path) -> int:
    run = subprocess.run(
        [sys.executable, "-c", PEAK, *command(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )
    return int(run.stderr)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "specs.jsonl"
        lines = mixed_specs(count)
        path.write_bytes(b"\n".join(lines))
        validate = TypeAdapter(LayerSpec).validate_json
        bare = best(3, lambda: [validate(line) and None for line in lines])
        run = [sys.executable, "-m", "convcost", *command(path)]
        whole = best(3, lambda: subprocess.run(run, stdout=subprocess.DEVNULL, check=True))
        print(f"bare validate_json   {count / bare:12,.0f} lines/s")
        print(f"convcost count       {count / whole:12,.0f} lines/s, start-up included")
        print(f"ratio                {bare / whole:12.3f}  (goal: 0.25 or more)")
        peaks = []
        for size in (10_000, 1_000_000):
            path.write_bytes(b"\n".join(lines[i % count] for i in range(size)))
            peaks.append(peak_memory(path))
        print(f"peak memory          {peaks[0]:12,} KiB at 10,000 lines")
        print(f"                     {peaks[1]:12,} KiB at 1,000,000 lines")
        print(f"ratio                {peaks[1] / peaks[0]:12.3f}  (goal: 1.1 or less)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
