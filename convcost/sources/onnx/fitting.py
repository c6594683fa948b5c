"""The error for an input that is too small for a window, with a size that would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import format_shape
from convcost.sources.onnx.inputs import RawShape, free_inputs
from convcost.sources.onnx.loading import Loaded
from convcost.sources.onnx.walking import WindowError, node_name


def too_small(
    walk: Callable[..., Any], loaded: Loaded, problem: WindowError, given: Mapping[str, Shape]
) -> SpecError:
    """Which input is too small for which window."""
    name = _source(loaded, problem.node)
    window = "x".join(map(str, problem.problem.window))
    if len(problem.problem.window) == 1:
        window += "-wide"
    label = shorten(node_name(problem.node), 60)
    if name is None:
        return SpecError(
            f"the {window} window of {label} is larger than what it slides over "
            f"({'x'.join(map(str, problem.problem.sizes))})",
            place=problem.place,
        )
    shape = given.get(name) or given.get("")
    size = f" ({_text(shape)})" if shape else ""
    where = "" if name in problem.node.input else (
        f", which gets {'x'.join(map(str, problem.problem.sizes))}"
    )
    return SpecError(
        f"the input {shorten(name, 40)}{size} is smaller than the {window} window of {label}"
        if not where
        else f"the input {shorten(name, 40)}{size} is too small for the {window} window of "
        f"{label}{where}",
        place=problem.place,
        hint=None,
    )


def _text(shape: Shape) -> str:
    if isinstance(shape, RawShape):
        return f"[{','.join(map(str, shape))}]"
    return format_shape(shape)


def _source(loaded: Loaded, node: Any) -> str | None:
    """The first input of the model that a node's data come from."""
    inputs = {value.name for value in free_inputs(loaded.model)}
    makers = {name: n for n in loaded.model.graph.node for name in n.output if name}
    waiting = list(node.input[:1])
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in inputs:
            return name
        if name in seen:
            continue
        seen.add(name)
        if name in makers:
            waiting.extend(makers[name].input)
    return None


__all__ = ["ConvcostError", "too_small"]
