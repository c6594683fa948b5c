"""Networks of other frameworks: what was asked for, in the terms that each importer takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.engine.shapes import Shape
from convcost.errors import SpecError, did_you_mean, shorten
from convcost.language.building import Subject
from convcost.quantities import format_shape
from convcost.sources.asked import Asked
from convcost.sources.words import SourceKey

if TYPE_CHECKING:
    from convcost.language.expressions import Evaluate


def read_model(source: SourceKey, word: str, asked: Asked) -> Subject:
    """A network of a file, or what Python code makes. Raises SpecError."""
    if source == "torch":
        return _torch_model(word, asked)
    from convcost.language.reading import open_path

    path = Path(word)
    open_path(path).close()  # a missing file is said before a missing package
    costs = Consulted(asked.costs)
    inputs = _shapes(asked, "a TFLite file" if source == "tflite" else "an ONNX file")
    if source == "tflite":
        from convcost.sources.tflite.file import read_tflite

        subject = read_tflite(path, batch=asked.batch, inputs=inputs, costs=costs)
    else:
        from convcost.sources.onnx.file import read_onnx

        subject = read_onnx(path, batch=asked.batch, inputs=inputs, costs=costs)
    _check_costs(subject, costs)
    return subject


def _torch_model(word: str, asked: Asked) -> Subject:
    from convcost.sources.torch.factories import read_factory

    words = list(asked.inputs)
    if asked.input_word is not None and not asked.channels_first:
        words.insert(0, asked.input_word)
    elif asked.input is not None:
        words.insert(0, format_shape(asked.input))
    return read_factory(
        word,
        words,
        batch=asked.batch,
        costs=asked.costs,
        arguments=asked.settings,
        device=asked.device,
    )


def _shapes(asked: Asked, what: str) -> Mapping[str, Shape]:
    """Inputs by name ("" is the first): shapes, or all axes where they stand in brackets."""
    found: dict[str, Shape] = {}
    words = list(asked.inputs)
    if asked.input_word is not None:
        words.insert(0, asked.input_word)
    elif asked.input is not None:
        found[""] = asked.input
    for word in words:
        name, shape = _shape(word, asked, what)
        if name in found:
            raise SpecError(f"the input {name} is given twice".replace("  ", " "), place=word)
        found[name] = shape
    return found


def _shape(word: str, asked: Asked, what: str) -> tuple[str, Shape]:
    from convcost.sources.onnx.inputs import RawShape
    from convcost.sources.torch.inputs import parse_input

    given = parse_input(word)
    if given.dtype is not None:
        raise SpecError(
            f"{what} states the types of its inputs",
            place=shorten(f"--input {word}", 72),
            hint=f"leave :{given.dtype} out",
        )
    if given.order == "raw":
        return given.name, RawShape(given.dims)
    return given.name, asked.shape(given.dims)


class Consulted(dict[str, "Evaluate"]):
    """Costs of operations that nobody knows, and for which names somebody has asked."""

    def __init__(self, costs: Mapping[str, Evaluate]) -> None:
        super().__init__(costs)
        self.wanted: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """The cost of an operation that is not known otherwise."""
        self.wanted.add(name)
        return super().get(name, default)


def _check_costs(subject: Subject, costs: Consulted) -> None:
    """A cost that changes nothing is a mistake. Raises SpecError."""
    types = {node.operation.type for node in subject.graph.nodes}
    types |= {kind.rpartition("::")[2] for kind in types}
    for name in costs:
        place = f"--cost {shorten(name, 40)}"
        if name in types and name not in costs.wanted:
            raise SpecError(f"{name} is counted without it", place=place, hint="leave it out")
        if name not in types:
            raise SpecError(
                f"{subject.name} has no operation {shorten(name, 40)}",
                place=place,
                hint=did_you_mean(name, sorted(types)),
            )
