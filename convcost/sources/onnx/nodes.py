"""The nodes of an ONNX model as operations with their costs: one method for each role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcost.engine.graph import GraphBuilder, Node
from convcost.engine.operations.base import Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import RESERVED, Foreign, Imported
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.quantities import format_shape
from convcost.sources.layout import CHANNELS_FIRST, Layouts
from convcost.sources.onnx.notes import notes
from convcost.sources.onnx.settings import conv_settings, einsum_macs, pool_settings
from convcost.sources.onnx.tensors import Tensors
from convcost.sources.onnx.vocabulary import TYPES, VOCABULARY

HEAVY = ("conv", "conv_transpose", "gemm", "matmul", "einsum")
"""Roles whose work counts even where everything they read is a weight."""

RENAMING = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout")
"""Operations whose output is their input's memory."""

WEIGHT_AND_BIAS = {"QLinearConv": (3, 8), "QLinearMatMul": (3, 99), "ConvInteger": (1, 99)}
"""Where the weight and the bias of an operation stand; elsewhere at 1 and 2."""


class Reader:
    """One pass over the nodes, in the file's order."""

    def __init__(
        self, tensors: Tensors, place: str, batch: int, costs: Mapping[str, Evaluate]
    ) -> None:
        self._tensors = tensors
        self._shapes = tensors.shapes
        self._place = place
        self._batch = batch
        self._costs = costs
        self._layouts = Layouts(batch)
        self._indexes: dict[str, int] = {}
        self._sharing: list[str] = []
        self._constants: list[tuple[str, int]] = []
        graph = tensors.graph
        self._read = {name for node in graph.node for name in node.input}
        self._read.update(value.name for value in graph.output)

    def subject(self, name: str) -> Subject:
        """The graph, with notes on what a reader of the numbers has to know."""
        graph, inputs = self._tensors.graph, self._tensors.inputs
        for value in inputs:
            self._layouts.note_input(value, self._shapes[value])
        builder = GraphBuilder(*[self._engine_shape(value) for value in inputs])
        self._indexes = {value: index for index, value in enumerate(inputs)}
        produced = {*inputs, *self._tensors.weights, ""}
        for node in graph.node:
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
        return Subject(name, finished, self._batch, notes=notes(self._tensors, self._sharing))

    def _check_order(self, node: Any, produced: set[str]) -> None:
        for read in node.input:
            if read not in produced:
                raise SpecError(
                    f"{shorten(node_name(node), 40)} reads {shorten(read, 40)} before it is made",
                    place=self._place,
                    hint="the graph is not in order, or has a cycle",
                )
        for made in node.output:
            if made and made in produced:
                raise SpecError(f"{shorten(made, 40)} is made twice", place=self._place)

    def _engine_shape(self, name: str) -> Shape:
        return self._layouts.shape(name, self._shapes.get(name, ()))

    def _node(self, builder: GraphBuilder, node: Any) -> None:
        """One node: its operation, its place in the graph, and what follows for constants."""
        is_turned = node.op_type == "Transpose"
        self._layouts.follow(node, self._tensors.attributes(node) if is_turned else {})
        data = list(dict.fromkeys(name for name in node.input if name in self._indexes))
        role = self._role(node)
        if not data:
            if role is not None:
                self._tensors.fold(node)
            if role is not None and role not in HEAVY:
                self._note_constant(node)
                return
        operation = self._operation(node, role)
        reads = tuple(self._indexes[name] for name in data)
        first = node.input[0] if data else ""
        if node.op_type in CHANNELS_FIRST and first in self._indexes and first in self._shapes:
            # The operation itself says how its input is laid out, whatever was guessed.
            builder.relabel(self._indexes[first], self._layouts.first(self._shapes[first]))
        made = [name for name in node.output if name]
        for index, name in enumerate(made or [""]):
            if index and name not in self._read:
                continue
            label = node_name(node) if index == 0 else f"{node_name(node)}.{index}"
            part = operation if index == 0 else Foreign(operation.type, "free")
            tensor = builder.add_as(Node(label, part, (), self._engine_shape(name)), reads)
            if data:
                self._indexes[name] = tensor

    def _note_constant(self, node: Any) -> None:
        """An operation on weights alone costs nothing here; some tools count it all the same."""
        made = self._shapes.get(node.output[0]) if node.output else None
        if made is not None:
            self._constants.append((TYPES.get(node.op_type, node.op_type), product(made)))

    def _role(self, node: Any) -> str | None:
        if node.domain not in ("", "ai.onnx") and node.op_type != "SimplifiedLayerNormalization":
            return None
        return VOCABULARY.get(node.op_type)

    def _operation(self, node: Any, role: str | None) -> Operation:
        made = next((name for name in node.output if name), "")
        is_sized = made in self._shapes or role in (*HEAVY, "free")
        if role is None or not is_sized:
            return self._unknown(node)
        if role not in (*HEAVY, "free", "embedding") and self._tensors.is_whole(made):
            # Arithmetic on whole numbers works out shapes and indexes.
            return Foreign(TYPES.get(node.op_type, node.op_type), "free")
        handler: Callable[[Any], Operation] = getattr(self, f"_{role}")
        try:
            return handler(node)
        except KeyError:  # the size of something it reads is not known
            return self._unknown(node)
        except SpecError:
            raise
        except (ConvcostError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise self._misfit(node) from None

    def _misfit(self, node: Any) -> SpecError:
        shapes = [format_shape(self._shapes[n]) or "1" for n in node.input if n in self._shapes]
        return SpecError(
            f"{shorten(node_name(node), 60)}: {shorten(node.op_type, 40)} does not fit what it "
            f"reads ({shorten(', '.join(shapes[:3]), 90)})",
            place=self._place,
            hint="the file is broken, or its sizes do not go with the input that was given",
        )

    def _unknown(self, node: Any) -> Operation:
        evaluate = self._costs.get(node.op_type)
        kind = node.op_type
        if kind in TYPES.values() or kind in RESERVED:
            kind = f"{node.domain}::{kind}"  # not one of convcost's own
        if evaluate is None:
            return Foreign(kind, "unknown")
        scope = {
            "out": self._tensors.known_size(node.output),
            "input": self._tensors.known_size(
                name for name in node.input if not self._tensors.is_weight(name)
            ),
            "params": self._tensors.params(node.input),
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
        return Foreign(kind, "macs", params=scope["params"], macs=macs)

    # One method for each role in the vocabulary

    def _conv(self, node: Any) -> Operation:
        at, bias_at = WEIGHT_AND_BIAS.get(node.op_type, (1, 2))
        bias = len(node.input) > bias_at and node.input[bias_at] != ""
        shape, weight = self._shapes[node.input[0]], self._shapes[node.input[at]]
        sizes = conv_settings(self._tensors.attributes(node), shape, weight, weight[0])
        operation = Conv(
            weight[2:], weight[0], sizes.stride, sizes.pads, sizes.dilation, sizes.groups, bias
        )
        if weight[1] * sizes.groups != shape[1]:
            raise ValueError
        expected = product(weight) + (weight[0] if bias else 0)
        learned = [node.input[at], *([node.input[bias_at]] if bias else [])]
        return self._imported(node, operation, learned, expected)

    def _conv_transpose(self, node: Any) -> Operation:
        shape, weight = self._shapes[node.input[0]], self._shapes[node.input[1]]
        attributes = self._tensors.attributes(node)
        bias = len(node.input) > 2 and node.input[2] != ""
        made = self._shapes[node.output[0]]
        sizes = conv_settings(attributes, shape, weight, weight[1], made=made)
        channels = weight[1] * sizes.groups
        operation = ConvTranspose(
            *(weight[2:], channels, sizes.stride, sizes.pads, sizes.dilation),
            output_padding=sizes.extra,
            groups=sizes.groups,
            bias=bias,
        )
        if weight[0] != shape[1]:
            raise ValueError
        expected = product(weight) + (channels if bias else 0)
        return self._imported(node, operation, node.input[1:3], expected)

    def _imported(
        self, node: Any, operation: Operation, learned: Sequence[str], expected: int
    ) -> Operation:
        """An operation of the engine, checked against the shapes that the model states."""
        shape, made = self._shapes[node.input[0]], self._shapes[node.output[0]]
        samples, remainder = divmod(shape[0], self._batch)
        if remainder or not samples or made[0] != shape[0]:
            raise ValueError
        if operation.output((*shape[2:], shape[1])) != (*made[2:], made[1]):
            raise ValueError
        new = self._tensors.params(learned, certain=True)
        if new < expected and all(map(self._tensors.is_weight, learned)):
            self._sharing.append(node_name(node))
        plain = new == expected and samples == 1
        return operation if plain else Imported(operation, new, samples)

    def _gemm(self, node: Any) -> Operation:
        attributes = self._tensors.attributes(node)
        first, second = (self._shapes[name] for name in node.input[:2])
        inner = first[0] if attributes.get("transA") else first[1]
        if inner != (second[1] if attributes.get("transB") else second[0]):
            raise ValueError
        return self._product(node, inner)

    def _matmul(self, node: Any) -> Operation:
        at, _ = WEIGHT_AND_BIAS.get(node.op_type, (1, 2))
        first, second = self._shapes[node.input[0]], self._shapes[node.input[at]]
        if first[-1] != second[-2 if len(second) > 1 else -1]:
            raise ValueError
        return self._product(node, first[-1])

    def _product(self, node: Any, inner: int, macs: int | None = None) -> Operation:
        """A fully connected layer where one side is a weight, else a product of two tensors."""
        size = self._tensors.size(node.output[0])
        at, _ = WEIGHT_AND_BIAS.get(node.op_type, (1, 2))
        sides = [node.input[0], node.input[at]]
        has_bias = node.op_type == "Gemm" and len(node.input) > 2 and node.input[2] != ""
        learned = [*sides, *node.input[2:3]] if node.op_type == "Gemm" else sides
        weights = [name for name in sides if self._tensors.is_weight(name)]
        new = self._tensors.params(learned, certain=bool(weights))
        if weights and not new:
            self._sharing.append(node_name(node))
        return Foreign(
            "linear" if weights else "matmul",
            "macs",
            params=new,
            macs=size * inner if macs is None else macs,
            element_ops=size if has_bias else 0,
            bias=has_bias,
            mixes=inner,
            flattens=not weights,
            is_constant=not any(name in self._indexes for name in node.input),
        )

    def _einsum(self, node: Any) -> Operation:
        """Two tensors: a product over every letter. One: a sum or a turn. More: not known."""
        if len(node.input) > 2:
            return self._unknown(node)
        shapes = [self._shapes[name] for name in node.input]
        macs = einsum_macs(self._tensors.attributes(node)["equation"], shapes)
        if len(node.input) == 1:
            return self._elements(node, macs if macs > self._tensors.size(node.output[0]) else 0)
        return self._product(node, max(1, macs // self._tensors.size(node.output[0])), macs)

    def _norm(self, node: Any) -> Operation:
        """Scale and shift; running statistics are no parameters."""
        learned = node.input[1:3] if len(node.input) > 1 else ()
        params = self._tensors.params(learned, certain=True)
        if learned and not params and all(map(self._tensors.is_weight, learned)):
            self._sharing.append(node_name(node))
        return self._elements(node, 2 * self._tensors.size(node.output[0]), params)

    def _pool(self, node: Any) -> Operation:
        shape, made = self._shapes[node.input[0]], self._shapes[node.output[0]]
        operation = pool_settings(node.op_type, self._tensors.attributes(node), shape)
        samples, remainder = divmod(shape[0], self._batch)
        if remainder or not samples or made[0] != shape[0] or made[1] != shape[1]:
            raise ValueError
        return operation if samples == 1 else Imported(operation, 0, samples)

    def _global_pool(self, node: Any) -> Operation:
        return self._elements(node, self._tensors.size(node.input[0]), flattens=True)

    def _activation(self, node: Any) -> Operation:
        slopes = node.input[1:2] if node.op_type == "PRelu" else ()
        return self._elements(
            node, self._tensors.size(node.output[0]), self._tensors.params(slopes, certain=True)
        )

    def _elementwise(self, node: Any) -> Operation:
        several = (
            max(1, len(node.input) - 1) if node.op_type in ("Sum", "Mean", "Min", "Max") else 1
        )
        size = self._tensors.size(node.output[0])
        return self._elements(node, several * size, self._tensors.params(node.input))

    def _reduce(self, node: Any) -> Operation:
        shape = self._shapes[node.input[0]]
        return self._elements(node, product(shape), flattens=len(shape) > 3)

    def _resize(self, node: Any) -> Operation:
        mode = self._tensors.attributes(node).get("mode", b"nearest")
        if mode == b"nearest":
            return Foreign(TYPES.get(node.op_type, node.op_type), "free")
        reads = {b"linear": 2, b"cubic": 4}.get(mode, 2)
        axes = max(1, len(self._shapes[node.output[0]]) - 2)
        return self._elements(node, self._tensors.size(node.output[0]) * reads**axes)

    def _embedding(self, node: Any) -> Operation:
        """A look-up: free, but its table is learned where it is a weight of numbers."""
        return Foreign("gather", "free", params=self._tensors.params(node.input[:1]))

    def _free(self, node: Any) -> Operation:
        """Values are moved; a weight that is moved in (a class token) is still learned."""
        moved = node.op_type in ("Concat", "Expand", "Tile", "ScatterND", "ScatterElements")
        if node.op_type == "Reshape":
            self._check_reshape(node)
        return Foreign(
            TYPES.get(node.op_type, node.op_type),
            "free",
            params=self._tensors.params(node.input) if moved else 0,
            renames=node.op_type in RENAMING,
        )

    def _check_reshape(self, node: Any) -> None:
        """Sizes written into a reshape may not go with the input that was given."""
        names = (node.input[0], node.output[0])
        if all(name in self._shapes for name in names):
            before, after = map(self._tensors.size, names)
            if before != after:
                raise ValueError

    def _elements(
        self, node: Any, count: int, params: int = 0, *, flattens: bool = False
    ) -> Operation:
        kind = TYPES.get(node.op_type, node.op_type)
        return Foreign(kind, "elements", params=params, element_ops=count, flattens=flattens)


def node_name(node: Any) -> str:
    """The model's own name of a node, else that of its output."""
    return str(node.name or (node.output[0] if node.output else node.op_type))
