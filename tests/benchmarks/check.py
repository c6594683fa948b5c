"""What a check of ten networks costs, against a count of the same ten in one call.

    python tests/benchmarks/check.py [RUNS]

The goal: at most 1.5 times. Runs are interleaved; the ratio of medians is what counts. The
checks have limits on three figures and are compared with a baseline of all.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = (
    *("resnet18", "resnet50", "vgg16", "mobilenet_v1", "mobilenet_v2"),
    *("densenet121", "efficientnet_b0", "googlenet", "convnext_tiny", "squeezenet1_1"),
)
CONVCOST = [sys.executable, "-m", "convcost"]
SECTION = """
[[check]]
name = "{name}"
model = "{name}"
max = {{ macs = "20G", params = "200M", peak = "100MiB" }}
max_increase = {{ macs = "1%" }}
"""
COMMANDS = {
    "count": ["count", *NETWORKS],
    "check": ["check"],
    "check, named": ["check", *NETWORKS, "--max", "macs=20G,params=200M,peak=100MiB"],
    "check --update": ["check", "--update"],
}


def seconds(words: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run([*CONVCOST, *words], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(SECTION.format(name=name) for name in NETWORKS)
        Path(folder, "convcost.toml").write_text(text)
        seconds(COMMANDS["check --update"], folder)
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(runs + 1):
            for name, words in COMMANDS.items():
                times[name].append(seconds(words, folder))
    count = statistics.median(times["count"][1:])
    for name, measured in times.items():
        median = statistics.median(measured[1:])
        print(f"{name:16} {median:6.3f} s   {median / count:5.2f} of count")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
