"""An ONNX file as a protobuf that the rest can rely on: parsed, opened, in order, without weights.

Owns what is refused before anything is worked out, and the one place that imports ``onnx``. It
knows nothing of costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from convcost.engine.graph import MAX_NODES
from convcost.engine.shapes import product
from convcost.errors import MissingExtraError, SpecError, shorten
from convcost.sources.onnx.ordering import sort_nodes
from convcost.sources.onnx.traits import trait

LARGEST_KEPT = 4096
"""Stored tensors with more values than this are weights, never shapes; their data is dropped."""

MAX_BYTES = 2**31 - 1
"""The protobuf limit on a file."""

DATA_FIELDS = (
    *("raw_data", "float_data", "double_data", "string_data"),
    *("int32_data", "int64_data", "uint64_data"),
)


class Loaded(NamedTuple):
    """A model; what its stored tensors look like, by name; how many nodes stood out of order."""

    onnx: Any
    model: Any
    traits: Mapping[str, str]
    moved: int

    def copy(self) -> Loaded:
        """The same again, for sizes to be written into."""
        model = type(self.model)()
        model.CopyFrom(self.model)
        return self._replace(model=model)


def load(path: Path) -> Loaded:
    """Read a file. Raises SpecError where it is not a model that can be counted."""
    onnx, place = _onnx(), str(path)
    model = _parse(onnx, path)
    if not model.graph.node:
        raise SpecError("the model has no nodes", place=place)
    functions = {(f.domain, f.name): f for f in model.functions}
    size = _Expansion(functions, place).count(model.graph.node)
    if size > MAX_NODES:
        raise SpecError(f"the model has more than {MAX_NODES:,} nodes", place=place)
    _check_names(model.graph, place)
    traits: dict[str, str] = {}
    nodes = [model.graph, *model.functions]
    for owner in nodes:
        for name, tensor in _stored(owner):
            seen = trait(onnx, tensor)
            if seen:
                traits[name] = seen
            if product(tensor.dims) > LARGEST_KEPT:
                for field in DATA_FIELDS:
                    tensor.ClearField(field)
    if functions:
        model = _inline(model, place)
    moved = sort_nodes(model.graph, place)
    return Loaded(onnx, model, traits, moved)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("reading .onnx files", "onnx", "onnx") from None
    return onnx


def _parse(onnx: Any, path: Path) -> Any:
    from convcost.language.reading import read_model_file

    place = str(path)
    data = read_model_file(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise SpecError("the file is larger than protobuf allows (2 GiB)", place=place)
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's errors share no public class
        raise SpecError(
            "not an ONNX model, or a truncated one", place=place, hint=shorten(str(error), 70)
        ) from None


def subgraphs(node: Any) -> Iterator[Any]:
    """The branches and bodies of a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _stored(owner: Any) -> Iterator[tuple[str, Any]]:
    """Every tensor that a graph or a function stores, in ``Constant`` nodes and branches too."""
    waiting = [owner]
    while waiting:
        graph = waiting.pop()
        for tensor in getattr(graph, "initializer", ()):
            yield tensor.name, tensor
        for node in graph.node:
            if node.op_type == "Constant":
                for attribute in node.attribute:
                    if attribute.HasField("t"):
                        yield (node.output[0] if node.output else ""), attribute.t
            waiting.extend(subgraphs(node))


def _check_names(graph: Any, place: str) -> None:
    """Names that are not UTF-8 come as bytes, and nothing could refer to them in an error."""
    waiting = [graph]
    while waiting:
        graph = waiting.pop()
        values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
        names = {value.name for value in values}
        names.update(sparse.values.name for sparse in graph.sparse_initializer)
        for node in graph.node:
            names.update((node.name, node.op_type, node.domain), node.input, node.output)
            names.update(attribute.name for attribute in node.attribute)
            waiting.extend(subgraphs(node))
        for value in graph.input:
            names.update(dim.dim_param for dim in value.type.tensor_type.shape.dim)
        if not all(isinstance(name, str) for name in names):
            raise SpecError("a name in the model is not UTF-8 text", place=place)


def _inline(model: Any, place: str) -> Any:
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # whatever the C++ side raises
        raise SpecError(
            "local functions cannot be inlined", place=place, hint=shorten(str(error), 70)
        ) from None


class _Expansion:
    """How many nodes a graph has once its local functions are inlined."""

    def __init__(self, functions: Mapping[tuple[str, str], Any], place: str) -> None:
        self._functions = functions
        self._place = place
        self._sizes: dict[tuple[str, str], int] = {}
        self._open: set[tuple[str, str]] = set()

    def count(self, nodes: Any) -> int:
        """The nodes, with those of functions in place of their calls."""
        if not self._functions:
            return len(nodes)
        return sum(self._size((node.domain, node.op_type)) for node in nodes)

    def _size(self, key: tuple[str, str]) -> int:
        if key not in self._functions:
            return 1
        if key in self._open or len(self._open) > 100:
            raise SpecError(f"the function {shorten(key[1], 40)} calls itself", place=self._place)
        if key not in self._sizes:
            self._open.add(key)
            self._sizes[key] = self.count(self._functions[key].node)
            self._open.remove(key)
        return self._sizes[key]
