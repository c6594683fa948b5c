"""ONNX files -> engine graphs, through the ``onnx`` package, without weights.

Only the model's structure is read: external data may be absent, and large inline weights are
dropped before shapes are inferred. This is the one file that imports ``onnx``; it owns loading
and the checks that everything later relies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from convcost.engine.graph import MAX_NODES
from convcost.engine.operations.foreign import Foreign
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, MissingExtraError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.onnx.inputs import fix_inputs
from convcost.sources.onnx.nodes import Reader
from convcost.sources.onnx.shapes import Inference
from convcost.sources.onnx.tensors import Tensors

LARGEST_KEPT = 4096
"""Initialisers with more values than this are weights, never shapes; their data is dropped."""

MAX_BYTES = 2**31 - 1
"""The protobuf limit on a file."""

DATA_FIELDS = (
    *("raw_data", "float_data", "double_data", "string_data"),
    *("int32_data", "int64_data", "uint64_data"),
)


def read_onnx(
    path: Path,
    *,
    batch: int | None = None,
    inputs: Mapping[str, Shape] | None = None,
    costs: Mapping[str, Evaluate] | None = None,
) -> Subject:
    """Read a model and cost every node.

    ``batch`` fills a free first dimension (1 where None); ``inputs`` maps an input's name (""
    for the first one) to its shape, channels last; ``costs`` gives MACs of operations that are
    not known, as expressions over ``out`` and ``input`` (numbers of values) and ``params``.
    Raises SpecError for a file that is not a usable model.
    """
    onnx = _onnx()
    model = _load(onnx, path)
    own = fix_inputs(model, str(path), batch, dict(inputs or {}))
    try:
        subject = _read(onnx, model, path, own, costs or {})
    except SpecError:
        if own == 1 or batch is None:
            raise
        # The sizes of one sample may be written into the graph, as some exporters do.
        model = _load(onnx, path)
        own = fix_inputs(model, str(path), 1, dict(inputs or {}))
        subject = _read(onnx, model, path, own, costs or {})
    return subject if batch in (None, own) else _for_batch(subject, own, batch or own)


def _read(onnx: Any, model: Any, path: Path, batch: int, costs: Mapping[str, Evaluate]) -> Subject:
    tensors = Tensors(onnx, Inference(onnx, _evaluator, str(path)).infer(model), str(path))
    return Reader(tensors, str(path), batch, costs).subject(path.stem)


def _for_batch(subject: Subject, own: int, batch: int) -> Subject:
    """A model read for one batch, counted for another one: work is linear in it."""
    nodes = []
    for node in subject.graph.nodes:
        operation = node.operation
        if isinstance(operation, Foreign) and not operation.is_constant:
            work = (operation.macs * batch, operation.element_ops * batch)
            if any(amount % own for amount in work):
                raise ConvcostError(
                    f"{node.name} cannot be counted for a batch of {batch}",
                    hint=f"the file is written for a batch of {own}",
                )
            operation = replace(operation, macs=work[0] // own, element_ops=work[1] // own)
        nodes.append(node._replace(operation=operation))
    return subject._replace(graph=subject.graph._replace(nodes=tuple(nodes)), batch=batch)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("reading .onnx files", "onnx", "onnx") from None
    return onnx


def _evaluator() -> Any:
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator


def _load(onnx: Any, path: Path) -> Any:
    """The protobuf, with local functions inlined and large weights emptied."""
    place = str(path)
    model = _parse(onnx, path)
    if not model.graph.node:
        raise SpecError("the model has no nodes", place=place)
    functions = {(f.domain, f.name): f for f in model.functions}
    size = _Expansion(functions, place).count(model.graph.node)
    if size > MAX_NODES:
        raise SpecError(f"the model has more than {MAX_NODES:,} nodes", place=place)
    _check_names(model.graph, place)
    for tensor in model.graph.initializer:
        if product(tensor.dims) > LARGEST_KEPT:
            for field in DATA_FIELDS:
                tensor.ClearField(field)
    return _inline(model, place) if functions else model


def _parse(onnx: Any, path: Path) -> Any:
    from convcost.language.reading import open_path

    place = str(path)
    with open_path(path) as stream:
        try:
            data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise SpecError(f"cannot read the file: {error.strerror}", place=place) from None
    if not data:
        raise SpecError("the file is empty", place=place)
    if len(data) > MAX_BYTES:
        raise SpecError("the file is larger than protobuf allows (2 GiB)", place=place)
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's errors share no public class
        raise SpecError(
            "not an ONNX model, or a truncated one", place=place, hint=shorten(str(error), 70)
        ) from None


def _check_names(graph: Any, place: str) -> None:
    """Names that are not UTF-8 come as bytes, and nothing could refer to them in an error."""
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    names = {value.name for value in values}
    names.update(sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        names.update((node.name, node.op_type, node.domain), node.input, node.output)
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
