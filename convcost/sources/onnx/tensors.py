"""Every tensor of an ONNX model: its sizes, whether it holds learned numbers, and which.

Parameters are known by their tensor: each is counted once, at the first layer that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convcost.engine.shapes import product
from convcost.errors import SpecError, shorten
from convcost.quantities import MAX_SIZE

GENERATED = ("val_", "onnx::", "const")
"""How exporters begin the names of numbers that they made up; a lone one is no parameter."""


class Tensors:
    """Sizes and types by name, and the initialisers behind what is computed from them."""

    def __init__(self, onnx: Any, model: Any, place: str) -> None:
        self.graph = model.graph
        self.attribute = onnx.helper.get_attribute_value
        self._place = place
        graph = model.graph
        stored = [*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)]
        self.weights: dict[str, tuple[int, ...]] = {t.name: tuple(t.dims) for t in stored}
        self.shapes: dict[str, tuple[int, ...]] = dict(self.weights)
        self._types: dict[str, int] = {t.name: t.data_type for t in stored}
        self._roots: dict[str, tuple[str, ...]] = {name: (name,) for name in self.weights}
        self._constants: set[str] = set()
        self._aliases: set[str] = set()
        self._counted: set[str] = set()
        proto = onnx.TensorProto
        self._floats = {proto.FLOAT, proto.FLOAT16, proto.DOUBLE, proto.BFLOAT16}
        for value in (*graph.input, *graph.value_info, *graph.output):
            tensor = value.type.tensor_type
            self._types.setdefault(value.name, tensor.elem_type)
            if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
                self.shapes.setdefault(value.name, tuple(d.dim_value for d in tensor.shape.dim))
        self._check_sizes()

    def _check_sizes(self) -> None:
        for name, dims in self.shapes.items():
            for size in dims:
                if not 0 <= size <= MAX_SIZE:
                    raise SpecError(
                        f"{shorten(name, 60) or 'a tensor'} has a dimension of {size}",
                        place=self._place,
                    )

    @property
    def inputs(self) -> list[str]:
        """The names of what has to be fed."""
        return [value.name for value in self.graph.input if value.name not in self.weights]

    def attributes(self, node: Any) -> dict[str, Any]:
        """A node's settings, without subgraphs."""
        return {a.name: self.attribute(a) for a in node.attribute if a.type not in (5, 10)}

    def size(self, name: str) -> int:
        """How many values a tensor has; raises KeyError where that is not known."""
        return product(self.shapes[name])

    def known_size(self, names: Iterable[str]) -> int:
        """The values of those tensors whose sizes are known."""
        return sum(product(self.shapes[name]) for name in names if name in self.shapes)

    def is_whole(self, name: str) -> bool:
        """Whether a tensor holds whole numbers: indexes, sizes, conditions."""
        kind = self._types.get(name, 0)
        return kind != 0 and kind not in self._floats

    def is_weight(self, name: str) -> bool:
        """Whether a tensor comes from initialisers alone."""
        return bool(self._roots.get(name))

    def is_parameter(self, root: str) -> bool:
        """Learned numbers: floating point, not written into the graph, not a lone number."""
        dims = self.weights[root]
        if self._types.get(root) not in self._floats or root in self._constants or not dims:
            return False
        return product(dims) > 1 or not root.startswith(GENERATED)

    def fold(self, node: Any) -> None:
        """A node that computes from constants only: what it makes stands for their weights."""
        sources = node.input[:1] if node.op_type == "DequantizeLinear" else node.input
        roots = dict.fromkeys(root for name in sources for root in self._roots.get(name, ()))
        if node.op_type == "Constant" and node.output:
            name = node.output[0]
            self._constants.add(name)
            self.weights[name] = self.shapes.get(name, ())
            roots = {name: None}
        for name in node.output:
            self._roots[name] = tuple(roots)
        if node.op_type == "Identity" and len(roots) == 1:
            self._alias(node.output[0], next(iter(roots)))

    def _alias(self, name: str, root: str) -> None:
        """A parameter whose values the exporter keeps once, with an equal one's.

        PyTorch's exporter does so for different parameters with equal values; weights that
        layers really share have one name in the file.
        """
        if self.is_parameter(root):
            self.weights[name] = self.weights[root]
            self._types[name] = self._types[root]
            self._roots[name] = (name,)
            self._aliases.add(name)

    def params(self, names: Iterable[str], *, certain: bool = False) -> int:
        """The values of those weights that are read here for the first time.

        ``certain``: whatever constant stands there is a weight, as for a convolution's kernel;
        elsewhere only initialisers of floating point numbers are.
        """
        new = 0
        for name in names:
            for root in self._roots.get(name, ()):
                if (certain or self.is_parameter(root)) and root not in self._counted:
                    self._counted.add(root)
                    new += product(self.weights[root])
        return new

    @property
    def aliases(self) -> set[str]:
        """Counted parameters that are read through an Identity."""
        return self._aliases & self._counted

    def root_names(self, name: str) -> tuple[str, ...]:
        """The initialisers behind a tensor."""
        return self._roots.get(name, ())
