"""Shapes of every tensor of an ONNX model, by the cheapest means that suffice.

In this order: what the file states; the package's inference over the whole model; and where
that leaves gaps (sizes worked out from other sizes, in ways that its data propagation does not
follow), a walk over the nodes that computes small whole-number tensors on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convcost.engine.shapes import product
from convcost.errors import SpecError, shorten

LARGEST_VALUE = 4096
"""Tensors with more values than this are data, not sizes, and are not computed."""

COMPUTED = frozenset(
    {
        *("Identity", "Cast", "Gather", "Slice", "Concat", "Squeeze", "Unsqueeze", "Reshape"),
        *("Add", "Sub", "Mul", "Div", "Mod", "Neg", "Abs", "Min", "Max", "Floor", "Ceil", "Sqrt"),
        *("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "Where"),
        *("ConstantOfShape", "Expand", "Tile", "Range", "Flatten", "Transpose", "Split", "Pow"),
        *("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "CumSum", "Pad", "GatherElements"),
        *("ScatterND", "ScatterElements", "Trilu", "Size", "CastLike"),
    }
)
"""Operations that occur between sizes."""


class Inference:
    """Fills in the shapes of one model."""

    def __init__(self, onnx: Any, evaluator: Callable[[], Any], place: str) -> None:
        """``evaluator`` gives the class that computes one node, loaded on use."""
        self._onnx = onnx
        self._evaluator = evaluator
        self._place = place

    def infer(self, model: Any) -> Any:
        """The model with ``value_info`` for all tensors, as far as they can be known."""
        if self._is_complete(model):
            return model
        try:
            inferred = self._onnx.shape_inference.infer_shapes(model, data_prop=True)
        except Exception as error:  # several classes, none of them documented
            raise SpecError(
                "shapes cannot be inferred", place=self._place, hint=shorten(str(error), 70)
            ) from None
        return inferred if self._is_complete(inferred) else self._walk(inferred)

    def _is_complete(self, model: Any) -> bool:
        graph = model.graph
        known = {v.name for v in (*graph.value_info, *graph.output) if is_known(v)}
        return all(name in known for node in graph.node for name in node.output if name)

    def _walk(self, model: Any) -> Any:
        """Node by node, with values where shapes depend on them."""
        walk = _Walk(self._onnx, self._evaluator(), model)
        for node in model.graph.node:
            walk.visit(node)
        stated = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
        for name, kind in walk.types.items():
            if name in stated:
                if not is_known(stated[name]):
                    stated[name].type.CopyFrom(kind)
            else:
                model.graph.value_info.add(name=name).type.CopyFrom(kind)
        return model


def is_known(value: Any) -> bool:
    """Whether a value is a tensor all of whose sizes are numbers."""
    return _has_sizes(value.type)


def _has_sizes(kind: Any) -> bool:
    tensor = kind.tensor_type
    return tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim)


class _Walk:
    """Types and small values of tensors, in the order of the nodes."""

    def __init__(self, onnx: Any, evaluator: Any, model: Any) -> None:
        self._onnx = onnx
        self._evaluator = evaluator
        self._imports = list(model.opset_import)
        self._versions = {entry.domain: entry.version for entry in model.opset_import}
        self._values: dict[str, Any] = {}
        self.types: dict[str, Any] = {}
        graph = model.graph
        for value in (*graph.input, *graph.value_info, *graph.output):
            if is_known(value):
                self.types[value.name] = value.type
        for tensor in graph.initializer:
            self.types[tensor.name] = onnx.helper.make_tensor_type_proto(
                tensor.data_type, tuple(tensor.dims)
            )
            self._keep(tensor.name, tensor)

    def _keep(self, name: str, tensor: Any) -> None:
        """Note a value that is small and stored in the file."""
        if product(tensor.dims) <= LARGEST_VALUE and not tensor.external_data:
            try:
                self._onnx.numpy_helper.to_array(tensor)
            except Exception:  # data that do not fit the stated type or size
                return
            self._values[name] = tensor

    def visit(self, node: Any) -> None:
        """Infer one node's outputs, and compute them where they are sizes."""
        try:
            self._infer(node)
            self._compute(node)
        except Exception:  # an unknown operation, or one that does not fit: stays unknown
            return

    def _infer(self, node: Any) -> None:
        if all(name in self.types for name in node.output if name):
            return
        version = self._versions.get(node.domain, self._versions.get("", 1))
        schema = self._onnx.defs.get_schema(node.op_type, version, node.domain)
        reads = [name for name in node.input if name]
        made = self._onnx.shape_inference.infer_node_outputs(
            schema,
            node,
            {name: self.types[name] for name in reads},
            {name: self._values[name] for name in reads if name in self._values},
            opset_imports=self._imports,
        )
        for name, kind in made.items():
            if name and _has_sizes(kind):
                self.types[name] = kind

    def _compute(self, node: Any) -> None:
        helper = self._onnx.numpy_helper
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self._keep(node.output[0], attribute.t)
                    return
        if node.op_type == "Shape":
            self._set(node.output[0], self._shape_of(node))
            return
        if node.op_type not in COMPUTED and node.op_type != "Constant":
            return
        if not all(name in self._values for name in node.input if name):
            return
        if any(self._size(name) > LARGEST_VALUE for name in node.output if name):
            return
        feeds = {name: helper.to_array(self._values[name]) for name in node.input if name}
        results = self._evaluator(node, opsets=self._versions).run(None, feeds)
        for name, result in zip(node.output, results, strict=True):
            self._values[name] = helper.from_array(result, name)

    def _shape_of(self, node: Any) -> list[int]:
        dims = [d.dim_value for d in self.types[node.input[0]].tensor_type.shape.dim]
        limits = {attribute.name: attribute.i for attribute in node.attribute}
        return dims[limits.get("start", 0) : limits.get("end", len(dims))]

    def _set(self, name: str, sizes: list[int]) -> None:
        self._values[name] = self._onnx.helper.make_tensor(
            name, self._onnx.TensorProto.INT64, (len(sizes),), sizes
        )

    def _size(self, name: str) -> int:
        return product(dim.dim_value for dim in self.types[name].tensor_type.shape.dim)
