"""What a reader of an imported network's numbers has to know: folded norms, shared weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from convcost.engine.shapes import product
from convcost.errors import shorten
from convcost.quantities import format_count
from convcost.sources.onnx.nodes import Reader
from convcost.sources.onnx.tensors import Tensors
from convcost.sources.onnx.vocabulary import DOMAINS, reason
from convcost.sources.onnx.walking import show

NORM_WORDS = ("bn", "norm")
"""Words in the names of weights that used to be a norm's."""

SHOWN = 3

FOLDED = "batch norms are folded into"
"""How the note on folded norms begins."""


def notes(reader: Reader, moved: int) -> tuple[str, ...]:
    """Sentences in a fixed order."""
    tensors, sharing = reader.tensors, reader.costs.sharing
    found = []
    if moved:
        found.append(f"the nodes of the file are out of order: {moved} moved")
    found += _conflicts(tensors)
    folded = [node for node in tensors.nodes if is_folded(tensors, node)]
    if folded:
        channels = sum(tensors.weights[_bias(tensors, node)][0] for node in folded)
        found.append(
            f"{FOLDED} {len(folded)} convolutions: with norms of their own "
            f"there are {format_count(channels)} more parameters"
        )
    if sharing:
        found.append(f"weights counted at an earlier layer: {_list(sharing)}")
    if tensors.aliases:
        found.append(
            f"{len(tensors.aliases)} parameter tensors are kept once with equal ones (Identity): "
            f"each is counted, {_values(tensors, tensors.aliases)} in all"
        )
    if tensors.tables:
        found.append(
            f"parameters hold {_values(tensors, tensors.tables)} values in tables for positions "
            f"({_list(sorted(tensors.tables))}): learned ones, prior boxes and grids look alike"
        )
    if tensors.grids:
        found.append(
            f"{_values(tensors, tensors.grids)} whole and half numbers are positions, "
            f"not parameters: {_list(sorted(tensors.grids))}"
        )
    return (*found, *_reasons(reader), *_sizes(reader))


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(shorten(name, 40) for name in names[:SHOWN]) + more


def _values(tensors: Tensors, names: Iterable[str]) -> str:
    return format_count(sum(product(tensors.weights[name]) for name in names))


def _conflicts(tensors: Tensors) -> list[str]:
    """Tensors to which the file gives other sizes than they have."""
    conflicts = tensors.walk.conflicts
    if not conflicts:
        return []
    name, stated, right = conflicts[0]
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    return [
        f"the file states other sizes than its operations make: {shorten(name, 40)} "
        f"({show(stated)}, counted {show(right)}){more}"
    ]


def _reasons(reader: Reader) -> list[str]:
    """Why what is not counted is not."""
    reasons: dict[str, set[str]] = {}
    sizes: set[str] = set()
    for node in reader.unknown:
        why = reason(node.domain, node.op_type)
        if DOMAINS.get(node.domain, {}).get(node.op_type) is not None:
            sizes.add(node.op_type)
        elif why is not None:
            reasons.setdefault(why, set()).add(node.op_type)
    found = [f"not counted: {_list(sorted(kinds))} ({why})" for why, kinds in reasons.items()]
    if sizes:
        found.append(f"not counted: {_list(sorted(sizes))} (sizes that are not known)")
    return found


def _sizes(reader: Reader) -> list[str]:
    """Layers whose cost is known, and which make tensors of sizes that nobody knows."""
    if not reader.unsized or reader.unknown:  # what is not counted says so already
        return []
    return [f"memory is a lower bound: sizes are not known of what {_list(reader.unsized)} makes"]


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
