"""The question of ``designs --check``: does a design file give what its examples expect?"""

from typing import Any, NamedTuple

from convcost.engine.counting import Count, count
from convcost.engine.shapes import Shape
from convcost.quantities import parse_shape
from convcost.specs.building import Subject, build_network
from convcost.specs.catalogue import Library
from convcost.specs.compiling import example_value
from convcost.specs.templates import EVERYTHING, Design


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
    """Build and count every example of a design."""
    outcomes = []
    for example in design.examples:
        subject = example_subject(library, design, example)
        outcomes.append(
            ExampleOutcome(
                subject.graph.inputs[0],
                dict(example.get("arguments", {})),
                example.get("source", ""),
                count(subject.graph),
                example_value(example.get("params")),
                example_value(example.get("macs")),
            )
        )
    return outcomes


def example_subject(library: Library, design: Design, example: dict[str, Any]) -> Subject:
    """One example, built."""
    shape = example["input"]
    return build_network(
        library,
        design,
        input=parse_shape(shape) if isinstance(shape, str) else tuple(shape),
        arguments=example.get("arguments", {}),
        switches=EVERYTHING if example.get("complete") else None,
    )
