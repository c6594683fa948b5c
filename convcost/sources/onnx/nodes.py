"""The nodes of an ONNX model as a graph of operations, each with its cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.engine.graph import GraphBuilder, Node
from convcost.engine.operations.base import Operation
from convcost.engine.operations.foreign import RESERVED, Foreign
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.quantities import UNKNOWN_SHAPE
from convcost.sources.layout import CHANNELS_FIRST, Layouts
from convcost.sources.onnx.axes import channel_axis
from convcost.sources.onnx.costing import Costs
from convcost.sources.onnx.loading import subgraphs
from convcost.sources.onnx.roles import HEAVY, ROLES, UNSIZED
from convcost.sources.onnx.tensors import FLOATS, Tensors
from convcost.sources.onnx.vocabulary import DOMAINS, TYPES
from convcost.sources.onnx.walking import OWN_DOMAINS, Walk, node_name


class Reader:
    """One pass over the nodes that run, in their order."""

    def __init__(
        self,
        walk: Walk,
        traits: Mapping[str, str],
        place: str,
        batch: int,
        costs: Mapping[str, Evaluate],
    ) -> None:
        self.tensors = Tensors(walk, traits)
        self.costs = Costs(self.tensors, batch)
        self.unknown: list[Any] = []
        """Nodes that are not counted."""
        self.unsized: list[str] = []
        """Names of nodes that are, and make tensors whose sizes are not known."""
        self._walk = walk
        self._shapes = self.tensors.shapes
        self._place = place
        self._batch = batch
        self._given = costs
        self._layouts = Layouts(batch)
        self._constants: list[tuple[str, int]] = []
        self._indexes: dict[str, int] = {}
        self._read = {name for node in walk.nodes for name in node.input}
        self._read.update(value.name for value in walk.graph.output)

    def subject(self, name: str) -> Subject:
        """The graph, without notes."""
        graph, inputs = self.tensors.graph, self.tensors.inputs
        for value in inputs:
            shape = self._shapes.get(value, ())
            if channel_axis(graph, value, len(shape)) == len(shape) - 1 > 1:
                self._layouts.mark_last(value)
            else:
                self._layouts.note_input(value, shape)
        builder = GraphBuilder(*[self._engine_shape(value) for value in inputs])
        self._indexes = {value: index for index, value in enumerate(inputs)}
        self.costs.data.update(inputs)
        produced = {*inputs, *self.tensors.weights, ""}
        for node in self.tensors.nodes:
            self._check_order(node, produced)
            produced.update(node.output)
            self._node(builder, node)
        for value in graph.output:
            if value.name not in produced:
                raise SpecError(
                    f"nothing makes the output {shorten(value.name, 40)}", place=self._place
                )
        outputs = [self._indexes[v.name] for v in graph.output if v.name in self._indexes]
        if not outputs:
            raise SpecError("no output depends on an input", place=self._place)
        finished = builder.finish(*outputs)._replace(
            is_flat=True, vocabulary="onnx", constants=tuple(self._constants)
        )
        return Subject(name, finished, self._batch)

    def _check_order(self, node: Any, produced: set[str]) -> None:
        for read in node.input:
            if read not in produced:
                raise SpecError(
                    f"{shorten(node_name(node), 40)} reads {shorten(read, 40)}, "
                    "which nothing makes",
                    place=self._place,
                )
        for made in node.output:
            if made and made in produced:
                raise SpecError(f"{shorten(made, 40)} is made twice", place=self._place)

    def _engine_shape(self, name: str) -> Shape:
        if name not in self._shapes:
            return UNKNOWN_SHAPE
        return self._layouts.shape(name, self._shapes[name])

    def _node(self, builder: GraphBuilder, node: Any) -> None:
        """One node: its operation, its place in the graph, and what follows for constants."""
        is_turned = node.op_type == "Transpose"
        self._layouts.follow(node, self.tensors.attributes(node) if is_turned else {})
        reads = [*node.input, *self._captured(node)]
        data = list(dict.fromkeys(name for name in reads if name in self._indexes))
        role = DOMAINS.get(node.domain, {}).get(node.op_type)
        if not data:
            if role is not None:
                self.tensors.fold(node)
            if role is not None and role not in HEAVY:
                self._note_constant(node)
                return
        operation = self._operation(node, role)
        first = node.input[0] if data else ""
        if node.op_type in CHANNELS_FIRST and first in self._indexes and first in self._shapes:
            # The operation itself says how its input is laid out, whatever was guessed.
            builder.relabel(self._indexes[first], self._layouts.first(self._shapes[first]))
        indexes = tuple(self._indexes[name] for name in data)
        made = [name for name in node.output if name]
        for index, name in enumerate(made or [""]):
            if index and name not in self._read:
                continue
            if name not in self._shapes and operation.kind != "unknown":
                self.unsized.append(node_name(node))
            label = node_name(node) if index == 0 else f"{node_name(node)}.{index}"
            part = operation if index == 0 else Foreign(operation.type, "free")
            tensor = builder.add_as(Node(label, part, (), self._engine_shape(name)), indexes)
            if index == 0:
                tensor = self._fused(builder, node, tensor)
            if data:
                self._indexes[name] = tensor
                self.costs.data.add(name)

    def _note_constant(self, node: Any) -> None:
        """An operation on weights alone costs nothing here; some tools count it all the same."""
        made = self._shapes.get(node.output[0]) if node.output else None
        if made is not None:
            self._constants.append((TYPES.get(node.op_type, node.op_type), product(made)))

    def _fused(self, builder: GraphBuilder, node: Any, tensor: int) -> int:
        """What a fused operation does after its product: a sum, and a function of each value."""
        is_sized = len(node.output) > 0 and node.output[0] in self._shapes
        if node.domain in OWN_DOMAINS or not is_sized:
            return tensor
        size = self.tensors.size(node.output[0])
        extra = []
        if node.op_type in ("FusedConv", "Conv") and self.costs.has(node, 3):
            extra.append(("sum", "add"))
        activation = self.tensors.attributes(node).get("activation", b"").decode()
        if activation and node.op_type in ("FusedConv", "Conv", "FusedGemm"):
            extra.append((activation, activation))
        for label, kind in extra:
            operation = Foreign(kind, "elements", element_ops=size)
            shape = self._engine_shape(node.output[0])
            made = Node(f"{node_name(node)}.{label}", operation, (), shape)
            tensor = builder.add_as(made, (tensor,))
        return tensor

    def _captured(self, node: Any) -> list[str]:
        """What the branches of a node that stays closed read from around it."""
        names: list[str] = []
        waiting = list(subgraphs(node))
        while waiting:
            graph = waiting.pop()
            for inner in graph.node:
                names += inner.input
                waiting.extend(subgraphs(inner))
        return names

    def _operation(self, node: Any, role: str | None) -> Operation:
        made = next((name for name in node.output if name), "")
        is_sized = made in self._shapes or role in UNSIZED
        if role is None or not is_sized:
            return self._unknown(node)
        if role in ("elementwise", "reduce", "activation", "pool") and self._is_whole(node):
            # Arithmetic on whole numbers works out shapes and indexes.
            return Foreign(TYPES.get(node.op_type, node.op_type), "free")
        try:
            operation = ROLES[role](self.costs, node)
            return self._unknown(node) if operation is None else operation
        except KeyError:  # the size of something it reads is not known, or a setting is missing
            return self._unknown(node)
        except SpecError:
            raise
        except (ConvcostError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise self._walk.misfit(node) from None

    def _is_whole(self, node: Any) -> bool:
        return all(self.tensors.is_whole(name) for name in node.input if name)

    def _unknown(self, node: Any) -> Operation:
        evaluate = self._given.get(node.op_type)
        kind = node.op_type
        if node.domain not in OWN_DOMAINS:
            kind = f"{node.domain}::{kind}"
            evaluate = self._given.get(kind, evaluate)
        elif kind in TYPES.values() or kind in RESERVED:
            kind = f"::{kind}"  # not one of convcost's own
        params = self.tensors.params(node.input, is_table=True) + self._inner_params(node)
        if evaluate is None:
            self.unknown.append(node)
            return Foreign(kind, "unknown", params=params)
        scope = {
            "out": self.tensors.known_size(node.output),
            "input": self.tensors.known_size(
                name for name in node.input if not self.tensors.is_weight(name)
            ),
            "params": params,
        }
        if not any(name in self._shapes for name in node.output):
            raise SpecError(
                f"the size of what {shorten(node_name(node), 40)} makes is not known",
                place=self._place,
                hint=f"so --cost {shorten(node.op_type, 40)} cannot be worked out from it",
            )
        macs = evaluate(scope)
        if type(macs) is not int or macs < 0:
            raise SpecError(
                f"the cost of {shorten(node.op_type, 40)} must be a whole number, not {macs}"
            )
        return Foreign(kind, "macs", params=params, macs=macs)

    def _inner_params(self, node: Any) -> int:
        """Learned numbers in the branches of a node that stays closed."""
        new = self.tensors.params(self._captured(node), is_table=True)
        waiting = list(subgraphs(node))
        while waiting:
            graph = waiting.pop()
            stored = list(graph.initializer)
            for inner in graph.node:
                waiting.extend(subgraphs(inner))
                if inner.op_type == "Constant":
                    stored += [a.t for a in inner.attribute if a.HasField("t")]
            new += sum(
                product(t.dims) for t in stored if t.data_type in FLOATS and product(t.dims) > 1
            )
        return new
