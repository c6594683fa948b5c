"""One pass over the operators of a TFLite model: rows, wiring, types, and notes for the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convcost.engine.cost import FREE, Cost
from convcost.engine.graph import GraphBuilder, Node
from convcost.engine.operations.foreign import Foreign
from convcost.engine.shapes import Shape
from convcost.errors import SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.tflite.costs import Costs
from convcost.sources.tflite.model import BITS, Dims, Model, Operator
from convcost.sources.tflite.notes import notes
from convcost.sources.tflite.operators import VOCABULARY
from convcost.sources.tflite.shapes import Shapes, operator_name
from convcost.sources.tflite.subgraphs import Subgraphs
from convcost.sources.tflite.weights import Weights

HEAVY = ("conv", "transpose_conv", "fully_connected", "batch_matmul", "recurrent", "svdf")
"""Roles whose work counts even where everything they read is a weight."""


class Reader:
    """The graph of a model for ``batch`` samples, in the file's order."""

    def __init__(
        self,
        models: Sequence[Model],
        shapes: Shapes,
        batch: int,
        costs: Mapping[str, Evaluate],
    ) -> None:
        self._models = models
        self._model = model = models[0]
        self._shapes = shapes
        self._batch = batch
        self._weights = Weights(model)
        self._indexes = {index: at for at, index in enumerate(model.inputs)}
        self._subgraphs = Subgraphs(models, self._inner)
        self._costs = Costs(
            *(model, shapes, self._weights, batch, costs), self._indexes, self._subgraphs
        )
        self._bits = [self._bits_of(index) for index in model.inputs]
        self._weight_bits: list[int] = []
        self._labels: set[str] = set()
        self._weight_bytes: list[int] = []
        self._read = {i for operator in model.operators for i in operator.inputs}
        self._read.update(model.outputs)

    def subject(self, name: str) -> Subject:
        """The model as something to count, with notes on what a reader has to know."""
        model = self._model
        builder = GraphBuilder(*[self._shape(index) for index in model.inputs])
        later = {index for operator in model.operators for index in operator.outputs}
        for operator in model.operators:
            self._check_order(operator, later)
            self._add(builder, operator)
            later.difference_update(operator.outputs)
        outputs = [self._indexes[index] for index in model.outputs if index in self._indexes]
        if not outputs:
            raise SpecError("no output depends on an input", place=model.place)
        typed = None not in self._bits
        graph = builder.finish(*outputs)._replace(
            is_flat=True,
            is_compiled=True,
            bits=tuple(bits or 0 for bits in self._bits) if typed else None,
            weight_bits=tuple(self._weight_bits) if typed else None,
            weight_bytes=tuple(self._weight_bytes),
        )
        return Subject(
            name,
            graph,
            self._batch,
            notes=notes(self._models, self._subgraphs.reached, self._shapes, self._costs, graph),
        )

    def _check_order(self, operator: Operator, later: set[int]) -> None:
        for index in operator.inputs:
            if index < 0 or index in self._indexes or self._weights.is_constant(index):
                continue
            tensor = self._model.tensors[index]
            # A custom operator may read what its own program fills.
            if tensor.is_state or operator.is_custom or 0 in (tensor.dims or ()):
                continue
            is_late = index in later
            raise SpecError(
                f"{shorten(operator_name(self._model, operator), 40)} reads "
                f"{shorten(tensor.name, 40)}{' before it is made' if is_late else ''}"
                f"{'' if is_late else ', which nothing makes'}",
                place=self._model.place,
                hint="the graph is not in order, or has a cycle"
                if is_late
                else "its values may be kept outside of the file",
            )
        for index in operator.outputs:
            if index in self._indexes or self._weights.is_constant(index):
                raise SpecError(
                    f"{shorten(self._model.tensors[index].name, 40)} is made twice",
                    place=self._model.place,
                )

    def _add(self, builder: GraphBuilder, operator: Operator) -> None:
        """One operator: a row for what it makes, one more for each further output.

        Nothing for what is computed from weights alone: that stands for the weights.
        """
        role = None if operator.is_custom else VOCABULARY.get(operator.kind)
        named = [index for index in operator.inputs if index >= 0]
        data = list(dict.fromkeys(index for index in named if index in self._indexes))
        if is_folded(operator, self._weights):
            self._weights.fold(operator)
            return
        self._weights.begin()
        operation = self._costs.of(operator)
        if role == "transpose_conv":
            # The size of the output may be computed, too. It stands first, and is no map.
            data = [index for index in data if index != operator.inputs[0]]
        reads = tuple(self._indexes[index] for index in data)
        label = operator_name(self._model, operator)
        if label in self._labels:  # a converter may keep one name for two steps
            label = f"{label}_{operator.number}"
        self._labels.add(label)
        made = [index for index in operator.outputs if index >= 0]
        if operator.kind == "WHILE":  # it hands on what it was given, too
            made = [index for index in made if index in self._read] or made[:1]
        for at, index in enumerate(made or [-1]):
            part = operation if at == 0 else Foreign(operation.type, "free")
            name = label if at == 0 else f"{label}.{at}"
            shape = self._shape(index) if index >= 0 else (0,)
            tensor = builder.add_as(Node(name, part, (), shape), reads)
            self._indexes[index] = tensor
            bits = self._bits_of(index) if index >= 0 else 0
            self._bits.append(bits)
            self._weight_bits.append((self._weights.bits if at == 0 else None) or bits or 0)
            self._weight_bytes.append(self._weights.bytes if at == 0 else 0)

    def _inner(
        self, model: Model, shapes: Shapes, weights: Weights, costs: Mapping[str, Evaluate]
    ) -> Cost | None:
        """One run of another subgraph; None where something in it is not known."""
        made = {*model.inputs, *(i for operator in model.operators for i in operator.outputs)}
        each = Costs(model, shapes, weights, 1, costs, made, self._subgraphs)
        total: Cost | None = FREE
        weights.begin()
        for operator in model.operators:
            if is_folded(operator, weights):
                weights.fold(operator)
                continue
            operation = each.of(operator)
            if operation.kind == "unknown" or total is None:
                total = None  # go on all the same: parameters are counted where they are read
                continue
            at = 2 if VOCABULARY.get(operator.kind) == "transpose_conv" else 0
            ends = (*operator.inputs[at : at + 1], *operator.outputs[:1])
            read, result = ([engine_shape(shapes.dims.get(i), 1) for i in ends] + [(), ()])[:2]
            total = total + operation.cost((read,), result)
        return total

    def _bits_of(self, index: int) -> int | None:
        return BITS.get(self._model.tensors[index].type)

    def _shape(self, index: int) -> Shape:
        return engine_shape(self._shapes.dims.get(index), self._batch)


def engine_shape(dims: Dims | None, batch: int) -> Shape:
    """Without batch; what the first axis holds beside the samples stays in front."""
    if not dims or len(dims) < 2 or dims[0] % batch:
        return dims or (1,)
    samples = dims[0] // batch
    return dims[1:] if samples == 1 else (samples, *dims[1:])


def is_folded(operator: Operator, weights: Weights) -> bool:
    """Whether an operator computes from weights alone, and so stands for them."""
    role = None if operator.is_custom else VOCABULARY.get(operator.kind)
    named = [index for index in operator.inputs if index >= 0]
    if not named or role is None or role in (*HEAVY, "source", "inner"):
        return False
    return all(map(weights.is_constant, named))
