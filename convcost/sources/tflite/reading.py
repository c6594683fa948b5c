"""One pass over the operators of a TFLite model: rows, wiring, types, and notes for the reader."""

from __future__ import annotations

from collections.abc import Mapping

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
from convcost.sources.tflite.weights import Weights

HEAVY = ("conv", "transpose_conv", "fully_connected", "batch_matmul", "recurrent", "svdf")
"""Roles whose work counts even where everything they read is a weight."""


class Reader:
    """The graph of a model for ``batch`` samples, in the file's order."""

    def __init__(
        self, model: Model, shapes: Shapes, batch: int, costs: Mapping[str, Evaluate]
    ) -> None:
        self._model = model
        self._shapes = shapes
        self._batch = batch
        self._weights = Weights(model)
        self._indexes = {index: at for at, index in enumerate(model.inputs)}
        self._costs = Costs(model, shapes, self._weights, batch, costs, self._indexes)
        self._bits = [self._bits_of(index) for index in model.inputs]
        self._weight_bits: list[int] = []
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
            bits=tuple(bits or 0 for bits in self._bits) if typed else None,
            weight_bits=tuple(self._weight_bits) if typed else None,
            weight_bytes=tuple(self._weight_bytes),
        )
        return Subject(
            name,
            graph,
            self._batch,
            notes=notes(model, self._shapes, self._costs, graph),
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
                hint="the graph is not in order, or has a cycle" if is_late else None,
            )
        for index in operator.outputs:
            if index in self._indexes or self._weights.is_constant(index):
                raise SpecError(
                    f"{shorten(self._model.tensors[index].name, 40)} is made twice",
                    place=self._model.place,
                )

    def _add(self, builder: GraphBuilder, operator: Operator) -> None:
        """One operator: a row for what it makes, one more for each further output that is read.

        Nothing for what is computed from weights alone: that stands for the weights.
        """
        role = None if operator.is_custom else VOCABULARY.get(operator.kind)
        named = [index for index in operator.inputs if index >= 0]
        data = list(dict.fromkeys(index for index in named if index in self._indexes))
        is_fed = data or not all(map(self._weights.is_constant, named)) or not named
        if not is_fed and role is not None and role not in (*HEAVY, "source"):
            self._weights.fold(operator)
            return
        self._weights.begin()
        operation = self._costs.of(operator)
        if role == "transpose_conv":
            # The size of the output may be computed, too. It stands first, and is no map.
            data = [index for index in data if index != operator.inputs[0]]
        reads = tuple(self._indexes[index] for index in data)
        label = operator_name(self._model, operator)
        made = [index for index in operator.outputs if index >= 0]
        for at, index in enumerate(made or [-1]):
            if at and index not in self._read:
                continue
            part = operation if at == 0 else Foreign(operation.type, "free")
            name = label if at == 0 else f"{label}.{at}"
            shape = self._shape(index) if index >= 0 else (0,)
            tensor = builder.add_as(Node(name, part, (), shape), reads)
            self._indexes[index] = tensor
            bits = self._bits_of(index) if index >= 0 else 0
            self._bits.append(bits)
            self._weight_bits.append((self._weights.bits if at == 0 else None) or bits or 0)
            self._weight_bytes.append(self._weights.bytes if at == 0 else 0)

    def _bits_of(self, index: int) -> int | None:
        return BITS.get(self._model.tensors[index].type)

    def _shape(self, index: int) -> Shape:
        """Without batch; what the first axis holds beside the samples stays in front."""
        dims: Dims = self._shapes.dims.get(index) or ()
        if len(dims) < 2 or dims[0] % self._batch:
            return dims or (1,)
        samples = dims[0] // self._batch
        return dims[1:] if samples == 1 else (samples, *dims[1:])
