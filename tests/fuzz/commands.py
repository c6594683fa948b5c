"""Commands with words and options at random, for as long as one likes.

    python tests/fuzz/commands.py [SECONDS] [SEED]

None ends with exit code 3 (a bug) or a traceback, and none takes longer than ``MOST_SECONDS``.
Runs in this process, in an empty folder with a few files. Exit code 1 if one did.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[2])]

from convcost.cli.app import COMMANDS  # noqa: E402  # by the line above
from convcost.cli.app import run as run_command  # noqa: E402

MOST_SECONDS = 5.0

SPEC = {"type": "conv", "input": "8x8x4", "kernel": 3, "out": 4}
LAYER = {"type": "conv", "kernel": 3, "out": 4}
NETWORK = {"input": "8x8x4", "layers": [LAYER, {"type": "bottleneck", "out": 8}]}
FILES = {
    "a.json": json.dumps(SPEC),
    "b.json": json.dumps(NETWORK),
    "c.jsonl": f"{json.dumps(SPEC)}\n{{}}\n{json.dumps(NETWORK)}\n",
    "d.toml": 'input = "8x8x4"\n[[layers]]\ntype = "conv"\nkernel_size = 3\nout_channels = 8\n',
    "e.json": "{",
    "f.toml": 'kind = "design"\n[parameters]\nwidth = 4\n[[layers]]\ntype = "conv"\n'
    'kernel_size = 1\nout_channels = "width"\n',
}
WORDS = (
    *FILES,
    *("8x8x4", "56x56x256", "16x1", "8x8x8x3", "0x0x0", "3", "64", "-", "nowhere.json", ""),
    *("alexnet", "lenet5", "mobilenet_v1", "conv", "linear", "bottleneck", "separable", "mbconv"),
    *("conv 3x3 8", "conv 3x3 8, relu", "bottleneck 3x3 8 reduction=2", "conv 0x0 8", "conv 3x3"),
    *(
        "dw 3x3",
        "max_pool 2",
        "linear 10",
        "upsample 2",
        "lstm 8",
        "attention 2",
        "=1+1",
        "\x1b[2J",
    ),
    *("conv 3x3 8..64", "conv 1,3,5 8", "params=100", "macs=1M", "width=1..4", "1e9", "k=1,3"),
)
VALUES: tuple[str, ...] = (
    "",
    "0",
    "1",
    "2",
    "3",
    "-1",
    "3x3",
    "8x8x4",
    "300M",
    "x",
    "macs",
    "params,macs",
    "nan",
)
VALUES += ("conv", "separable", "reduction=0", "width=2", "a=b=c", "chw", "int8", "\u00b2", "1,2,4")
VALUES += ("1..8", "same", "causal", "1/0", "latency", "torchinfo", "9" * 30, "layers.0.name", ".")
OPTIONS = (
    *("--kernel", "--out", "--stride", "--padding", "--dilation", "--groups", "--batch", "--set"),
    *("--input", "--layout", "--design", "--baseline", "--get", "--columns", "--depth", "-n"),
    *("--dtype", "--max-macs", "--max-params", "--format", "--from", "--to", "--versus", "--cost"),
    *("--norm", "--no-norm", "--bias", "--activation", "--json", "--csv", "--md", "--human"),
    *("--strict", "--keep-going", "--layers", "--check", "--design-path", "--macs", "--params"),
    *("--where", "--sort", "--front", "--top", "--target", "--help"),
)


def arguments(chance: Random) -> list[str]:
    """One command line."""
    words = [chance.choice([*COMMANDS])] if chance.random() < 0.95 else []
    words += chance.choices(WORDS, k=chance.randint(0, 3))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        words.append(chance.choice(OPTIONS))
        if chance.random() < 0.7:
            words.append(chance.choice(VALUES))
    if chance.random() < 0.3:
        words += ["--format", chance.choice(("json", "jsonl", "csv", "markdown", "latex", "html"))]
    return words


def one(words: list[str]) -> tuple[int, str]:
    """Exit code and standard error."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    err = io.StringIO()
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(SPEC).encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(words)
    finally:
        sys.stdin = stdin
    return code, err.getvalue()


def run(seconds: float, seed: int, most: int = 10**12) -> tuple[Counter[int], list[str]]:
    """How many ended with each exit code, and what went wrong."""
    tally: Counter[int] = Counter()
    wrong: list[str] = []
    end = time.monotonic() + seconds
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, text in FILES.items():
                Path(name).write_text(text)
            while time.monotonic() < end and tally.total() < most:
                words = arguments(Random(f"{seed}/{tally.total()}"))
                start = time.process_time()
                try:
                    code, err = one(words)
                except BaseException as error:
                    code, err = 3, repr(error)
                took = time.process_time() - start
                if code not in (0, 1, 2) or took > MOST_SECONDS:
                    wrong.append(f"{words}: exit {code}, {took:.1f} s, {err[:300]}")
                tally[code] += 1
        finally:
            os.chdir(home)
    return tally, wrong


def main(seconds: float, seed: int) -> int:
    """Run, print, and say whether something went wrong."""
    tally, wrong = run(seconds, seed)
    print("\n".join(wrong))
    print(f"{tally.total():,} commands, by exit code {dict(tally)}; {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
