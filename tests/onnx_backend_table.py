"""The onnx package's own node tests, counted: how each operation is answered.

    python tests/onnx_backend_table.py [WORD ...]

Each test is a model of one operation (or of its expansion) with inputs and outputs. Its inputs
but the first become stored tensors, so that sizes which depend on values are known, and the sizes
that convcost works out are compared with those of the outputs. The tests are made by the package
that is installed; nothing of them is kept here. With words, only tests that have one in their name.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.onnx.file import read_onnx
from convcost.sources.onnx.loading import load
from convcost.sources.onnx.vocabulary import LISTS, REASONS
from convcost.sources.onnx.walking import Walk

LISTED = {kind: why for known in LISTS.values() for kind, why in known.items()}


class Answer(NamedTuple):
    """What one test got.

    ``answer``: ``counted``, ``element-wise``, ``free``, ``unknown: <reason>`` from the lists,
    ``unknown``, ``refused`` or ``crash``; ``wrong``: outputs whose sizes are not those of the test.
    """

    test: str
    operation: str
    answer: str
    wrong: tuple[str, ...] = ()
    error: str = ""


def cases(*words: str) -> Iterator[Any]:
    """The package's node tests whose name has one of the words."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy, when the package makes its data
        made = load_model_tests(kind="node")
    for case in made:
        if case.model is None:  # older packages keep their tests on disk
            continue
        if not words or any(word in case.name for word in words):
            yield case


def answer(case: Any, folder: Path) -> Answer:
    """Count one test."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    kinds = {node.op_type for node in model.graph.node}
    operation = kinds.pop() if len(kinds) == 1 else "(expanded)"
    inputs, outputs = case.data_sets[0]
    _store(onnx, model, inputs)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    try:
        result = count_subject(read_onnx(path))
        result.to_dict()
        wrong = _wrong_sizes(path, outputs)
    except ConvcostError as error:
        return Answer(case.name, operation, "refused", error=error.message)
    except Exception as error:
        return Answer(case.name, operation, "crash", error=repr(error))
    return Answer(case.name, operation, _kind(result), wrong)


def _store(onnx: Any, model: Any, inputs: list[Any]) -> None:
    """All inputs but the first, as the file's own tensors."""
    if len(inputs) != len(model.graph.input):
        return
    for value, array in list(zip(model.graph.input, inputs, strict=True))[1:]:
        if getattr(array, "dtype", None) is not None and array.dtype.kind != "O":
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, value.name))


def _wrong_sizes(path: Path, outputs: list[Any]) -> tuple[str, ...]:
    loaded = load(path)
    walk = Walk(loaded.onnx, loaded.model, str(path), {})
    walk.run()
    wrong = []
    for value, array in zip(walk.graph.output, outputs, strict=False):
        shape = walk.facts.shapes.get(value.name)
        known = shape is not None and None not in shape and hasattr(array, "shape")
        if known and shape != array.shape:
            wrong.append(f"{value.name}: {shape}, not {array.shape}")
    return tuple(wrong)


def _kind(result: CountResult) -> str:
    unknown = {row.type.rpartition("::")[2] for row in result.counted.uncounted}
    if unknown:
        reasons = {LISTED.get(kind) for kind in unknown}
        return f"unknown: {reasons.pop()}" if None not in reasons else "unknown"
    kinds = {row.kind for row in result.counted.rows}
    names = {"macs": "counted", "elements": "element-wise"}
    return next((name for kind, name in names.items() if kind in kinds), "free")


def table(*words: str) -> list[Answer]:
    """The answers to all tests."""
    with tempfile.TemporaryDirectory() as folder:
        return [answer(case, Path(folder)) for case in cases(*words)]


def main(*words: str) -> None:
    """Print the table by operation, and what is behind it."""
    answers = table(*words)
    operations: dict[str, Counter[str]] = defaultdict(Counter)
    for one in answers:
        operations[one.operation][one.answer] += 1
    for operation, counts in sorted(operations.items()):
        words_ = ", ".join(f"{number} {kind}" for kind, number in counts.most_common())
        print(f"{operation:28} {words_}")
    best = Counter(_best(counts) for counts in operations.values())
    print(f"\n{len(answers)} tests of {len(operations)} operations")
    for kind, number in best.most_common():
        reason = REASONS.get(kind.removeprefix("unknown: "), "")
        print(f"{number:5} {kind}{f' ({reason})' if reason else ''}")
    for one in answers:
        if one.wrong or one.answer in ("crash", "unknown", "refused"):
            print(f"{one.test}: {one.answer} {one.error}{'; '.join(one.wrong)}")


def _best(counts: Counter[str]) -> str:
    """How an operation is answered: as most of its tests are that are answered at all."""
    answered = [kind for kind, _ in counts.most_common() if kind not in ("refused", "unknown")]
    return answered[0] if answered else counts.most_common(1)[0][0]


if __name__ == "__main__":
    main(*sys.argv[1:])
