"""ONNX files that are broken, for as long as one likes.

    python tests/fuzz/onnx_files.py [SECONDS] [SEED]

Half of them have flipped, cut and copied bytes; the others are whole files whose graph is not
what it was: attributes, types, sizes, inputs and names are changed. Each gets an answer or a
ConvcostError, as in ``inputs``. Needs the package onnx.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path
from random import Random
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
sys.path.insert(0, str(Path(__file__).parent))

from inputs import MOST_MEMORY, MOST_SECONDS, memory  # noqa: E402  # by the line above

from convcost import count  # noqa: E402
from convcost.errors import ConvcostError  # noqa: E402

LARGEST = 200_000
"""Bytes of the files that are broken: a large one is mostly weights."""


def originals() -> list[bytes]:
    """The ONNX files among the tests' data."""
    folder = Path(__file__).parents[1] / "data"
    files = [path for path in sorted(folder.rglob("*.onnx")) if path.stat().st_size < LARGEST]
    return [path.read_bytes() for path in files]


def broken(data: bytes, chance: Random) -> bytes:
    """``data`` with one to four mistakes."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) or 1)
        kind = chance.randrange(5)
        if kind == 0 and made:
            made[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and made:
            made[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del made[at : at + chance.randint(1, 16)]
        elif kind == 3:
            made[at:at] = made[at : at + chance.randint(1, 32)]
        else:
            made[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(made)


INTEGERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 7, 64, 2**31 - 1, 2**31, 2**62, 2**63 - 1)
"""What attributes and sizes become: nothing, everything, and what no memory holds."""


def changed(model: Any, chance: Random) -> bytes:
    """A whole file whose graph has one to four mistakes of a program that writes such files."""
    made = type(model)()
    made.CopyFrom(model)
    nodes = list(made.graph.node)
    for _ in range(chance.randint(1, 4)):
        node = chance.choice(nodes)
        chance.choice((_attribute, _type, _inputs, _size, _order))(made.graph, node, chance)
    return bytes(made.SerializeToString())


def _attribute(graph: Any, node: Any, chance: Random) -> None:
    """Another value, one value too many, another type of value, or none at all."""
    if not node.attribute:
        node.attribute.add(name="axis", type=2, i=chance.choice(INTEGERS))
        return
    attribute = chance.choice(node.attribute)
    kind = chance.randrange(4)
    if kind == 0 and attribute.ints:
        attribute.ints[chance.randrange(len(attribute.ints))] = chance.choice(INTEGERS)
    elif kind == 1:
        attribute.ints.append(chance.choice(INTEGERS))
    elif kind == 2:
        attribute.type = chance.randrange(15)
    else:
        attribute.i = chance.choice(INTEGERS)


def _type(graph: Any, node: Any, chance: Random) -> None:
    """The operation of another node, or one that nobody knows."""
    others = [other.op_type for other in graph.node]
    node.op_type = chance.choice([*others, "Nothing", "Loop", "If", "Resize", ""])


def _inputs(graph: Any, node: Any, chance: Random) -> None:
    """Reads another tensor, its own result, one too many, or one too few."""
    names = [name for other in graph.node for name in other.output]
    kind = chance.randrange(4)
    if kind == 0 and node.input:
        node.input[chance.randrange(len(node.input))] = chance.choice([*names, "", "nowhere"])
    elif kind == 1:
        node.input.append(chance.choice(names))
    elif kind == 2 and node.input:
        del node.input[-1]
    elif node.input and node.output:
        node.input[0] = node.output[0]


def _size(graph: Any, node: Any, chance: Random) -> None:
    """A weight or an input of another size than its data."""
    kind = chance.randrange(3)
    if kind == 0 and graph.initializer:
        tensor = chance.choice(graph.initializer)
        if tensor.dims:
            tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(INTEGERS)
    elif kind == 1 and graph.initializer:
        chance.choice(graph.initializer).data_type = chance.randrange(30)
    elif graph.input:
        sizes = chance.choice(graph.input).type.tensor_type.shape.dim
        if sizes:
            chance.choice(sizes).dim_value = chance.choice(INTEGERS)


def _order(graph: Any, node: Any, chance: Random) -> None:
    """A node twice, or a name that two have."""
    if chance.random() < 0.5:
        graph.node.add().CopyFrom(node)
    elif node.output:
        node.output[0] = chance.choice(graph.node).output[0]


def run(seconds: float, seed: int, most: int = 10**12) -> tuple[int, int, list[str]]:
    """How many files, how many of them were counted, and what went wrong."""
    import onnx

    warnings.simplefilter("error")  # of numpy, which no user of a file should see
    files = originals()
    models = [onnx.load_model_from_string(data) for data in files]
    number = answered = 0
    wrong: list[str] = []
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        while files and time.monotonic() < end and number < most:
            chance = Random(f"{seed}/{number}")
            if number % 2:
                path.write_bytes(changed(chance.choice(models), chance))
            else:
                path.write_bytes(broken(chance.choice(files), chance))
            start = time.process_time()
            try:
                count(str(path))
                answered += 1
            except ConvcostError as error:
                error.lines()
            except Exception as error:
                wrong.append(f"seed {seed} number {number}: {type(error).__name__}: {error}")
            took = time.process_time() - start
            if took > MOST_SECONDS:
                wrong.append(f"seed {seed} number {number}: {took:.1f} s")
            number += 1
    if memory() > MOST_MEMORY:
        wrong.append(f"the process has grown to {memory()} MiB")
    return number, answered, wrong


def main(seconds: float, seed: int) -> int:
    """Run, print, and say whether something went wrong."""
    # What asks for more than this is found here, and not by the machine, which ends the process.
    resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    number, answered, wrong = run(seconds, seed)
    print("\n".join(wrong))
    print(f"{number:,} files, {answered:,} counted; {len(wrong)} wrong, {memory()} MiB")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 0))
