"""The question of ``designs --check``: is a file whole, and do its worked examples hold?

What an example expects stands in the file, often as a product; what comes out is counted.
Mistakes are reported at their place in the file, down to the example and its key.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.engine.counting import Count, count
from convcost.engine.shapes import Shape
from convcost.errors import OperationError, SpecError, did_you_mean
from convcost.language.building import Subject, build_network
from convcost.language.compiling import example_value
from convcost.language.expressions import ExpressionError
from convcost.language.library import Library
from convcost.language.places import FileOrigin, Nowhere, Origin
from convcost.language.running import EVERYTHING, Design
from convcost.language.values import describe
from convcost.quantities import parse_shape


class ExampleOutcome(NamedTuple):
    """One worked example: what was expected (None where nothing was) and what came out."""

    input: Shape
    arguments: dict[str, Any]
    source: str
    counted: Count
    params: int | None
    macs: int | None

    @property
    def holds(self) -> bool:
        """Whether every expectation was met."""
        counted = self.counted
        return self.params in (None, counted.params) and self.macs in (None, counted.macs)


def check_examples(library: Library, design: Design) -> list[ExampleOutcome]:
    """Check the types and the wiring of a design, then build and count each of its examples.

    Raises SpecError for what can never work.
    """
    check_layers(library, design)
    outcomes = []
    for number, example in enumerate(design.examples):
        spot = f"examples[{number}]"
        place = f"{place_of(design)}: {spot}"
        expected = {key: _expected(example.get(key), key, place) for key in ("params", "macs")}
        origin = FileOrigin(place_of(design), f"{spot}.arguments")
        subject = example_subject(library, design, example, origin)
        outcomes.append(
            ExampleOutcome(
                subject.graph.inputs[0],
                dict(example.get("arguments", {})),
                example.get("source", ""),
                count(subject.graph),
                **expected,
            )
        )
    return outcomes


def check_layers(library: Library, design: Design) -> None:
    """Whether every type is known and every ``from`` names an earlier layer. Raises SpecError."""
    known, splits = ["input"], set()
    for layer in design.layers:
        origin = layer.origin or Nowhere()
        for name in layer.source or ():
            if name not in known and name.rpartition(".")[0] not in splits:
                message = f"{name} is not the name of an earlier layer"
                hint = did_you_mean(name, known)
                raise origin.error(OperationError(message, field="from", hint=hint))
        if layer.primitive is None:
            try:
                library.find(layer.type)
            except OperationError as problem:
                raise origin.error(problem) from None
        known.append(layer.name)
        if layer.type == "split":
            splits.add(layer.name)


def place_of(design: Design) -> str:
    """The file of a design: the user's path, or the name of a shipped file."""
    origin = design.layers[0].origin
    return origin.place if isinstance(origin, FileOrigin) else f"{design.name}.toml"


def _expected(value: int | str | None, key: str, place: str) -> int | None:
    """The number that an example expects. Raises SpecError at its place in the file."""
    try:
        number = example_value(value)
    except ExpressionError as problem:
        raise problem.at(f"{place}.{key}") from None
    if number is not None and type(number) is not int:
        raise SpecError(
            f"{key} must be a whole number, not {describe(number)}", place=f"{place}.{key}"
        )
    return number


def example_subject(
    library: Library, design: Design, example: Mapping[str, Any], origin: Origin | None = None
) -> Subject:
    """One example, built. ``origin`` is where its arguments stand."""
    shape = example["input"]
    return build_network(
        library,
        design,
        input=parse_shape(shape) if isinstance(shape, str) else tuple(shape),
        arguments=example.get("arguments", {}),
        switches=EVERYTHING if example.get("complete") else None,
        origin=origin,
    )
