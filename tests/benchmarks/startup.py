"""How long a command takes to start, against a program that only imports the same libraries.

    python tests/benchmarks/startup.py [RUNS]

The floor imports typer, pydantic and rich, validates one model and prints one table. Runs are
interleaved; the ratio of medians is what counts (the goal: at most 1.15).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

FLOOR = """
import typer, pydantic
from rich.console import Console
from rich.table import Table
class Model(pydantic.BaseModel):
    value: int
Model.model_validate({"value": 1})
table = Table()
table.add_column("value")
table.add_row("1")
Console().print(table)
"""

CONVCOST = [sys.executable, "-m", "convcost"]
SPEC = b'{"input": "56x56x256", "kernel": 3, "out": 64}'
COMMANDS = {
    "floor": ([sys.executable, "-c", FLOOR], b""),
    "compare": ([*CONVCOST, "compare", "56x56x256", "-k", "3", "-o", "64"], b""),
    "--help": ([*CONVCOST, "--help"], b""),
    "--version": ([*CONVCOST, "--version"], b""),
    "compare - (json)": ([*CONVCOST, "compare", "-", "--format", "json"], SPEC),
    "count - (jsonl)": ([*CONVCOST, "count", "-", "--format", "jsonl"], SPEC),
}


def seconds(command: list[str], stdin: bytes) -> float:
    start = time.perf_counter()
    subprocess.run(command, input=stdin, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main(runs: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs + 1):
        for name, (command, stdin) in COMMANDS.items():
            times[name].append(seconds(command, stdin))
    floor = statistics.median(times["floor"][1:])
    for name, measured in times.items():
        median = statistics.median(measured[1:])
        print(f"{name:18} {median:6.3f} s   {median / floor:5.2f} of the floor")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
