"""What a reader of an imported model's numbers has to know, as sentences."""

from __future__ import annotations

from collections.abc import Container, Sequence

from convcost.engine.graph import Graph
from convcost.engine.shapes import product
from convcost.errors import shorten
from convcost.quantities import format_count
from convcost.sources.tflite.costs import Costs
from convcost.sources.tflite.model import Model, Operator
from convcost.sources.tflite.operators import (
    CUSTOM_REASON,
    INNER_REASON,
    NEW_REASON,
    NOT_KNOWN,
    VOCABULARY,
)
from convcost.sources.tflite.shapes import Shapes

NORM_WORDS = ("batchnorm", "batch_norm", "_bn")
"""Words in the name of a tensor into whose convolution a batch norm was folded."""

SHOWN = 3


def notes(
    models: Sequence[Model], reached: Container[int], shapes: Shapes, costs: Costs, graph: Graph
) -> tuple[str, ...]:
    """Sentences in a fixed order. ``reached`` are the subgraphs that were counted."""
    model = models[0]
    found = [
        *_unknown(model, graph),
        *_folded(model),
        *_sharing(costs.sharing),
        *_loose(costs.loose),
        *_states(model, shapes),
    ]
    if shapes.differing:
        found.append(
            f"the file states other sizes for {_counted(shapes.differing, 'tensor')} than follow "
            "from the inputs, which are counted"
        )
    others = [m.name for i, m in enumerate(models) if i not in reached and m.operators]
    if others:
        names = ", ".join(shorten(name, 40) or "without a name" for name in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        found.append(f"subgraphs that are not counted: {names}{more}")
    return tuple(found)


def _unknown(model: Model, graph: Graph) -> list[str]:
    types = {node.operation.type for node in graph.nodes if node.operation.kind == "unknown"}
    found = {}
    for operator in model.operators:
        kind = operator.kind
        if kind not in found and (kind in types or f"custom::{kind}" in types):
            found[kind] = f"{kind} is not counted: {_reason(operator)}"
    return list(found.values())


def _reason(operator: Operator) -> str:
    if operator.is_custom:
        return CUSTOM_REASON
    if VOCABULARY.get(operator.kind) == "inner":
        return INNER_REASON
    if operator.kind in VOCABULARY:
        return "the sizes that it works on are not known"
    return NOT_KNOWN.get(operator.kind, NEW_REASON)


def _folded(model: Model) -> list[str]:
    """Converters fold a batch norm into its convolution, and its name into the output's.

    A convolution that had a bias of its own (BiasAdd) keeps one number of three per channel,
    another one gets the norm's shift in place of a bias and loses the scale.
    """
    folded = [operator for operator in model.operators if _is_folded(model, operator)]
    if not folded:
        return []
    lost = sum(_channels(model, operator) * _lost(model, operator) for operator in folded)
    return [
        f"batch norms are folded into {_counted(len(folded), 'convolution')}: with norms of their "
        f"own there are {format_count(lost)} more parameters"
    ]


def _is_folded(model: Model, operator: Operator) -> bool:
    if VOCABULARY.get(operator.kind) not in ("conv", "transpose_conv", "fully_connected"):
        return False
    return any(word in _names(model, operator).lower() for word in NORM_WORDS)


def _names(model: Model, operator: Operator) -> str:
    indexes = [*operator.inputs[1:], *operator.outputs]
    return ";".join(model.tensors[index].name for index in indexes if index >= 0)


def _channels(model: Model, operator: Operator) -> int:
    dims = model.tensors[operator.outputs[0]].dims
    return dims[-1] if dims else 0


def _lost(model: Model, operator: Operator) -> int:
    return 2 if "BiasAdd" in _names(model, operator) else 1


def _sharing(names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    shown = ", ".join(shorten(name, 40) for name in names[:SHOWN])
    return [f"weights counted at an earlier layer: {shown}{more}"]


def _loose(values: int) -> list[str]:
    if not values:
        return []
    return [
        f"{format_count(values)} of the parameters are constants of ADD, MUL and the like; those "
        "that were not learned count too"
    ]


def _states(model: Model, shapes: Shapes) -> list[str]:
    """State tensors, and variables by what is assigned to them."""
    states = [tensor.dims or () for tensor in model.tensors if tensor.is_state]
    assigned = {
        operator.inputs[0]: shapes.dims.get(operator.inputs[1]) or ()
        for operator in model.operators
        if operator.kind == "ASSIGN_VARIABLE" and len(operator.inputs) == 2
    }
    states += assigned.values()
    if not states:
        return []
    values = sum(map(product, states))
    return [
        f"{format_count(values)} values in {_counted(len(states), 'state tensor')} are kept from "
        "run to run, and are in no figure of memory"
    ]


def _counted(number: int, word: str) -> str:
    return f"{format_count(number)} {word}{'s' * (number != 1)}"
