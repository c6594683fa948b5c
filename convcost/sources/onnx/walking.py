"""One pass over the nodes of an ONNX model: the sizes of every tensor, and values that sizes need.

Our own rules come first, the ``onnx`` package's inference of the single node fills in the rest,
and what the file states stands where neither knows. What is worked out overrules what is stated,
as in runtimes. Branches and loops that can be decided are opened on the way. Nothing is passed
to the package that has a size below zero: its inference would end the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convcost.engine.graph import MAX_NODES
from convcost.engine.shapes import product
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import MAX_SIZE
from convcost.sources.onnx import branches
from convcost.sources.onnx.facts import (
    LARGEST_VALUE,
    Facts,
    MisfitError,
    Partial,
    Seen,
    TooSmallError,
)
from convcost.sources.onnx.sizes import DOMAINS, kind_of
from convcost.sources.onnx.values import compute

OWN_DOMAINS = ("", "ai.onnx")


class WindowError(SpecError):
    """A window is larger than its input: which node, and the sizes of both."""

    def __init__(self, node: Any, problem: TooSmallError, facts: Facts, place: str) -> None:
        super().__init__("a window is larger than its input", place=place)
        self.node = node
        self.problem = problem
        self.facts = facts


class Walk:
    """Sizes, types and values, in the order of the nodes; ``nodes`` are those that run."""

    def __init__(
        self, onnx: Any, model: Any, place: str, sizes: Mapping[str, int] | None = None
    ) -> None:
        """``sizes``: what the names of sizes stand for in what the file states of inner tensors;
        None where all that is overruled."""
        self.onnx = onnx
        self.place = place
        self.facts = Facts(onnx)
        self.nodes: list[Any] = []
        self.visits = 0
        """Nodes in bodies of branches and loops that were looked at."""
        self.constants: set[str] = set()
        """What ``Constant`` nodes make that have been visited."""
        self.stored: dict[str, tuple[tuple[int, ...], int]] = {}
        """Every stored tensor, those of opened branches included: sizes and type."""
        self.graph = model.graph
        self.conflicts: list[tuple[str, Partial, Partial]] = []
        """Tensors whose stated sizes are not those that were worked out: name, stated, right."""
        self.imports = list(model.opset_import)
        self.versions = {entry.domain or "": entry.version for entry in self.imports}
        self.versions.setdefault("", self.versions.get("ai.onnx", 1))
        self._stated: dict[str, tuple[Partial | None, int]] = {}
        graph = model.graph
        for value in (*graph.value_info, *graph.output):
            self._stated[value.name] = _shape_of(value, sizes)
        for value in graph.input:
            self.facts.put(value.name, *_shape_of(value, {}))
        self.keep(graph, {})

    def keep(self, graph: Any, names: Mapping[str, str]) -> None:
        """Note the stored tensors of a graph, under new names where it is opened."""
        for tensor in graph.initializer:
            name = names.get(tensor.name, tensor.name)
            self._check(name, tuple(tensor.dims))
            self.stored[name] = (tuple(tensor.dims), tensor.data_type)
            self.facts.store(name, tensor)
        for sparse in graph.sparse_initializer:
            name = names.get(sparse.values.name, sparse.values.name)
            self.stored[name] = (tuple(sparse.dims), sparse.values.data_type)
            self.facts.put(name, tuple(sparse.dims), sparse.values.data_type)

    def run(self) -> None:
        """Visit every node."""
        for node in self.graph.node:
            self.visit(node)

    def visit(self, node: Any) -> None:
        """One node: opened, or noted with what it makes."""
        try:
            self._visit(node)
        except SpecError:
            raise
        except (ConvcostError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise self.misfit(node) from None  # settings or inputs are missing, or absurd

    def _visit(self, node: Any) -> None:
        is_opened = node.op_type in branches.OPENED and node.domain in OWN_DOMAINS
        if is_opened and branches.open_node(self, node):
            return
        self.nodes.append(node)
        if len(self.nodes) > MAX_NODES:
            raise SpecError(f"the model has more than {MAX_NODES:,} nodes", place=self.place)
        attributes = self.attributes(node)
        if node.op_type == "Constant":
            self.constants.update(node.output)
            self._constant(node, attributes)
            return
        self._sizes(node, attributes)
        self._value(node, attributes)

    def attributes(self, node: Any) -> dict[str, Any]:
        """A node's settings, without branches."""
        get = self.onnx.helper.get_attribute_value
        return {a.name: get(a) for a in node.attribute if a.type not in (5, 10)}

    def version(self, node: Any) -> int:
        """The operator set that a node is of."""
        domain = "" if node.domain == "ai.onnx" else node.domain
        return int(self.versions.get(domain, self.versions[""] if domain == "" else 1))

    def seen(self, node: Any, attributes: Mapping[str, Any]) -> Seen:
        """A node as the rules see it."""
        names = tuple(node.input)
        shapes = tuple([self.facts.shapes.get(name) for name in names])
        version = self.version(node)
        count = len(node.output)
        return Seen(node.op_type, attributes, shapes, names, self.facts, version, count)

    def _sizes(self, node: Any, attributes: Mapping[str, Any]) -> None:
        rule = DOMAINS.get(node.domain, {}).get(node.op_type)
        made: Sequence[Partial | None] = []
        kinds: list[int] = []
        if rule is not None:
            seen = self.seen(node, attributes)
            try:
                made = rule(seen)
            except TooSmallError as problem:
                raise WindowError(node, problem, self.facts, self.place) from None
            kinds = [kind_of(seen, at) for at in range(len(node.output))]
        elif node.domain in (*OWN_DOMAINS, "ai.onnx.ml"):
            made, kinds = self._package(node)
        for at, name in enumerate(node.output):
            if name:
                shape = made[at] if at < len(made) else None
                self.make(name, shape, kinds[at] if at < len(kinds) else 0)

    def make(self, name: str, shape: Partial | None, kind: int) -> None:
        """Note a tensor that a node makes, with what the file says of it where that helps."""
        stated, stated_kind = self._stated.get(name, (None, 0))
        if shape is None:
            shape = stated
        elif stated is not None and stated != shape:
            if None not in (*stated, *shape):
                self.conflicts.append((name, stated, shape))
            elif len(stated) == len(shape):
                pairs = zip(shape, stated, strict=True)
                shape = tuple([b if a is None else a for a, b in pairs])
        self._check(name, shape or ())
        self.facts.put(name, shape, kind or stated_kind)

    def _check(self, name: str, shape: Partial) -> None:
        for size in shape:
            if size is not None and not 0 <= size <= MAX_SIZE:
                raise SpecError(
                    f"{shorten(name, 60) or 'a tensor'} has a dimension of {size}",
                    place=self.place,
                )

    def _package(self, node: Any) -> tuple[list[Partial | None], list[int]]:
        """What the package infers for one node; nothing where it knows no more than we do."""
        facts = self.facts
        reads = [name for name in dict.fromkeys(node.input) if name]
        try:
            schema = self.onnx.defs.get_schema(node.op_type, self.version(node), node.domain)
            types = self.onnx.shape_inference.infer_node_outputs(
                schema,
                node,
                {name: facts.type(name) for name in reads},
                {name: data for name in reads if (data := facts.tensor(name)) is not None},
                opset_imports=self.imports,
            )
        except Exception:  # an unknown operation, or one that the package refuses
            return [], []
        made: list[Partial | None] = []
        kinds: list[int] = []
        for name in node.output:
            tensor = types[name].tensor_type if name in types else None
            kinds.append(tensor.elem_type if tensor is not None else 0)
            made.append(_partial(tensor, {}) if tensor is not None else None)
        return made, kinds

    def _constant(self, node: Any, attributes: Mapping[str, Any]) -> None:
        import numpy

        name = node.output[0]
        if "value" in attributes:
            tensor = attributes["value"]
            self._check(name, tuple(tensor.dims))
            self.facts.store(name, tensor)
            return
        for key, kind in (("int", "int64"), ("float", "float32")):
            for word in (f"value_{key}", f"value_{key}s"):
                if word in attributes:
                    self.facts.set_value(name, numpy.array(attributes[word], kind))
                    return
        if "sparse_value" in attributes:
            sparse = attributes["sparse_value"]
            self.facts.put(name, tuple(sparse.dims), sparse.values.data_type)

    def _value(self, node: Any, attributes: dict[str, Any]) -> None:
        """Compute what a node makes where it is small and all that it reads is known."""
        facts = self.facts
        if node.domain not in OWN_DOMAINS:
            return
        if node.op_type in ("Shape", "Size"):
            self._shape_value(node, attributes)
            return
        names = list(node.input)
        if node.op_type == "CastLike":  # of the second, only the type is read
            attributes = {"to": facts.kinds.get(names[1], 0)}
            names = names[:1]
        inputs = [facts.value(name) if name else None for name in names]
        if not inputs or any(v is None for v, name in zip(inputs, names, strict=True) if name):
            return
        for name in node.output:
            shape = facts.shapes.get(name)
            known = shape is not None and None not in shape
            if node.op_type != "NonZero" and name and not known:
                return
            if known and product(size or 0 for size in shape or ()) > LARGEST_VALUE:
                return
        if node.op_type == "ConstantOfShape" and "value" in attributes:
            filler = self.onnx.numpy_helper.to_array(attributes["value"]).reshape(-1)
            attributes = {**attributes, "filler": filler[0] if len(filler) else 0}
        if node.op_type == "Split":
            attributes = {**attributes, "outputs": len(node.output)}
        try:
            made = compute(self.onnx, node, inputs, attributes, self.imports)
            for name, array in zip(node.output, made or (), strict=False):
                if name:
                    facts.set_value(name, array)
        except Exception:  # values that do not go together: they stay unknown
            return

    def _shape_value(self, node: Any, attributes: Mapping[str, Any]) -> None:
        import numpy

        shape = self.facts.shapes.get(node.input[0])
        if shape is None:
            return
        name = node.output[0]
        if node.op_type == "Size":
            if None not in shape:
                self.facts.set_value(
                    name, numpy.array(product(size or 0 for size in shape), numpy.int64)
                )
            return
        part = shape[attributes.get("start", 0) : attributes.get("end", len(shape))]
        self.facts.put(name, (len(part),), 7)
        if None not in part:
            self.facts.set_value(name, numpy.array(part, numpy.int64))

    def misfit(self, node: Any) -> MisfitError:
        """The error for a node that cannot work on what it reads."""
        shapes = [show(self.facts.shapes[n]) for n in node.input if n in self.facts.shapes]
        return MisfitError(
            f"{shorten(node_name(node), 60)}: {shorten(node.op_type, 40)} does not fit what it "
            f"reads ({shorten(', '.join(shapes[:3]), 90)})",
            place=self.place,
            hint="the file is broken, or its sizes do not go with the input that was given",
        )


def show(shape: Partial) -> str:
    """Sizes in the model's own order, for an error."""
    return "x".join("?" if size is None else str(size) for size in shape) or "1"


def node_name(node: Any) -> str:
    """The model's own name of a node, else that of its output."""
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _partial(tensor: Any, sizes: Mapping[str, int]) -> Partial | None:
    if not tensor.HasField("shape"):
        return None
    return tuple(
        [
            dim.dim_value if dim.HasField("dim_value") else sizes.get(dim.dim_param)
            for dim in tensor.shape.dim
        ]
    )


def _shape_of(value: Any, sizes: Mapping[str, int] | None) -> tuple[Partial | None, int]:
    tensor = value.type.tensor_type
    shape = None if sizes is None else _partial(tensor, sizes)
    if shape is not None:
        shape = tuple([None if size is not None and size < 0 else size for size in shape])
    return shape, tensor.elem_type
