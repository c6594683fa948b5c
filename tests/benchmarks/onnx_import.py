"""How long reading an ONNX ResNet-50 takes beside importing the package that reads it.

    python tests/benchmarks/onnx_import.py [RUNS]

Each run is a fresh process that measures both: ``import onnx``, then reading and counting the
file. The ratio of medians is what counts (the goal: below 1).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

MODEL = Path(__file__).parent.parent / "data" / "onnx" / "resnet50.onnx"

MEASURE = """
import sys, time
from pathlib import Path
from convcost.api import count_subject
from convcost.sources.onnx.file import read_onnx
start = time.perf_counter()
import onnx
ready = time.perf_counter()
macs = count_subject(read_onnx(Path(sys.argv[1]))).macs
done = time.perf_counter()
assert macs == 4_089_184_256
print(ready - start, done - ready)
"""


def main(runs: int) -> None:
    measured = []
    for _ in range(runs + 1):
        command = [sys.executable, "-c", MEASURE, str(MODEL)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        measured.append(tuple(map(float, out.split())))
    imported, read = (statistics.median(times) for times in zip(*measured[1:], strict=True))
    print(f"import onnx      {imported:6.3f} s")
    print(f"read and count   {read:6.3f} s   {read / imported:5.2f} of the import")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
