"""What a reader of an imported network's numbers has to know: folded norms, shared weights."""

from __future__ import annotations

from typing import Any

from convcost.engine.shapes import product
from convcost.errors import shorten
from convcost.quantities import format_count
from convcost.sources.onnx.tensors import Tensors

NORM_WORDS = ("bn", "norm")
"""Words in the names of weights that used to be a norm's."""

SHOWN = 3

FOLDED = "batch norms are folded into"
"""How the note on folded norms begins."""


def notes(tensors: Tensors, sharing: list[str]) -> tuple[str, ...]:
    """Sentences in a fixed order."""
    found = []
    folded = [node for node in tensors.graph.node if is_folded(tensors, node)]
    if folded:
        channels = sum(tensors.weights[_bias(tensors, node)][0] for node in folded)
        found.append(
            f"{FOLDED} {len(folded)} convolutions: with norms of their own "
            f"there are {format_count(channels)} more parameters"
        )
    if sharing:
        names = ", ".join(shorten(name, 40) for name in sharing[:SHOWN])
        more = f" and {len(sharing) - SHOWN} more" if len(sharing) > SHOWN else ""
        found.append(f"weights counted at an earlier layer: {names}{more}")
    if tensors.aliases:
        values = format_count(sum(product(tensors.weights[name]) for name in tensors.aliases))
        found.append(
            f"{len(tensors.aliases)} parameter tensors are kept once with equal ones (Identity): "
            f"each is counted, {values} in all"
        )
    return tuple(found)


def is_folded(tensors: Tensors, node: Any) -> bool:
    """Whether a convolution's bias was a batch norm's shift.

    An exporter that folds a norm makes new weights: PyTorch names them by number
    (``onnx::Conv_497``), others after the norm, and none of them ``conv1.weight`` and
    ``conv1.bias`` as a convolution's own are.
    """
    if node.op_type != "Conv" or len(node.input) < 3 or not _bias(tensors, node):
        return False
    weight, bias = node.input[1:3]
    if bias.startswith("onnx::"):
        return True
    own, _, word = bias.rpartition(".")
    if any(norm in bias.lower() for norm in NORM_WORDS):
        return True
    stem = weight.rpartition(".")[0]
    return weight.endswith(".weight") and not (word == "bias" and own == stem)


def _bias(tensors: Tensors, node: Any) -> str:
    """The initialiser behind a convolution's bias, or nothing."""
    roots = tensors.root_names(node.input[2])
    return roots[0] if len(roots) == 1 and len(tensors.weights[roots[0]]) == 1 else ""
