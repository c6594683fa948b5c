"""What each operator costs: one method for each role of the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping

from convcost.engine.operations.base import Kind, Operation
from convcost.engine.operations.convolution import Conv
from convcost.engine.operations.foreign import RESERVED, Foreign, Imported
from convcost.engine.operations.transposed import ConvTranspose
from convcost.engine.shapes import product
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.expressions import Evaluate
from convcost.sources.tflite import settings
from convcost.sources.tflite.model import Dims, Model, Operator
from convcost.sources.tflite.operators import RENAMING, TYPES, VOCABULARY
from convcost.sources.tflite.shapes import Shapes, operator_name
from convcost.sources.tflite.subgraphs import Subgraphs
from convcost.sources.tflite.weights import Weights

FUSES = frozenset(
    {
        *("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"),
        *("FULLY_CONNECTED", "SVDF", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"),
        *("ADD", "SUB", "MUL", "DIV", "CONCATENATION", "L2_NORMALIZATION"),
    }
)
"""Operators that may run an activation on what they make, as element operations. Recurrent ones
have theirs inside, between their steps."""

PER_VALUE = {"LSTM": 9, "RNN": 1}
"""Element operations for each value of the state and step, vectors aside. An LSTM has five
functions (three gates, the candidate, the cell), three products and one sum; with the input and
forget gates coupled, a difference in place of a function. A plain recurrent layer has one."""


class Costs:
    """Operators as operations of the engine.

    ``made`` are the inputs of the model and what earlier operators made; ``sharing`` names the
    operators whose weights came before.
    """

    def __init__(
        self,
        model: Model,
        shapes: Shapes,
        weights: Weights,
        batch: int,
        costs: Mapping[str, Evaluate],
        made: Container[int],
        subgraphs: Subgraphs,
    ) -> None:
        self._model = model
        self._subgraphs = subgraphs
        self._shapes = shapes
        self._weights = weights
        self._made_before = made
        self._batch = batch
        self._costs = costs
        self.sharing: list[str] = []
        self.loose = 0
        """Parameters found among the constants of operators that have no weights of their own."""

    def of(self, operator: Operator) -> Operation:
        """The operation of one operator. Raises SpecError where it does not fit what it reads."""
        role = None if operator.is_custom else VOCABULARY.get(operator.kind)
        if role is None or operator.kind in self._costs:
            return self._given(operator)
        handler: Callable[[Operator], Operation] = getattr(self, f"_{role}")
        try:
            return handler(operator)
        except KeyError:  # the size of something is not known
            return self._unknown(operator)
        except SpecError:
            raise
        except (ConvcostError, ArithmeticError, LookupError, TypeError, ValueError):
            raise self._shapes.misfit(operator) from None

    def _dims(self, operator: Operator, at: int) -> Dims:
        """The sizes of an input; KeyError where they are not known."""
        if not _has(operator, at):
            raise ValueError
        return self._sizes(operator.inputs[at])

    def _made(self, operator: Operator) -> Dims:
        return self._sizes(operator.outputs[0])

    def _sizes(self, index: int) -> Dims:
        dims = self._shapes.dims.get(index)
        if dims is None:
            raise KeyError(index)
        return dims

    def _is_weight(self, operator: Operator, at: int) -> bool:
        return self._weights.is_constant(operator.inputs[at])

    def _activated(self, operator: Operator) -> int:
        """1 where an activation runs on each value that is made, else 0."""
        return int(settings.fused_activation(operator, FUSES) != "NONE")

    # Operators that are not known, or whose cost was given

    def _given(self, operator: Operator) -> Operation:
        evaluate = self._costs.get(operator.kind)
        if evaluate is None:
            return self._unknown(operator)
        scope = {
            "out": self._shapes.known_size(operator.outputs),
            "input": self._shapes.known_size(
                tuple(i for i in operator.inputs if i >= 0 and not self._weights.is_constant(i))
            ),
            "params": self._weights.take(operator.inputs),
        }
        if not any(self._shapes.dims.get(index) is not None for index in operator.outputs):
            raise SpecError(
                f"the size of what {shorten(operator_name(self._model, operator), 40)} makes is "
                "not known",
                place=self._model.place,
                hint=f"so --cost {shorten(operator.kind, 40)} cannot be worked out from it",
            )
        macs = evaluate(scope)
        if type(macs) is not int or macs < 0:
            raise SpecError(
                f"the cost of {shorten(operator.kind, 40)} must be a whole number, not {macs}"
            )
        return Foreign(type_of(operator), "macs", params=scope["params"], macs=macs)

    def _unknown(self, operator: Operator) -> Operation:
        """A row without a cost. Its parameters are in the file, whatever it does with them."""
        return Foreign(type_of(operator), "unknown", params=self._weights.take(operator.inputs))

    # Multiply-accumulates

    def _conv(self, operator: Operator) -> Operation:
        shape, weight = self._dims(operator, 0), self._dims(operator, 1)
        bias = _has(operator, 2)
        operation = settings.conv(operator, shape, weight, bias)
        return self._windowed(operator, operation, 0, (1, 2), product(weight))

    def _transpose_conv(self, operator: Operator) -> Operation:
        shape, weight = self._dims(operator, 2), self._dims(operator, 1)
        bias = _has(operator, 3)
        made = self._made(operator)
        operation = settings.transpose_conv(operator, shape, weight, made, bias)
        return self._windowed(operator, operation, 2, (1, 3), product(weight))

    def _windowed(
        self,
        operator: Operator,
        operation: Conv | ConvTranspose,
        at: int,
        learned: Dims,
        weights: int,
    ) -> Operation:
        """A convolution of the engine, with the parameters that are new and what is fused.

        ``at`` is where the map stands, ``learned`` where the filter and the bias do.
        """
        shape, made = self._dims(operator, at), self._made(operator)
        if operation.output(shape[1:]) != made[1:] or made[0] != shape[0]:
            raise ValueError
        channels = operation.out_channels if operation.bias else 0
        if operation.bias and product(self._dims(operator, learned[1])) != channels:
            raise ValueError
        held = [operator.inputs[at] for at in learned if _has(operator, at)]
        are_stored = all(map(self._weights.is_constant, held))
        new = self._weights.take(held, certain=True)
        if new < weights + channels and are_stored:
            self._note_shared(operator)
        fused = self._activated(operator) * product(made[1:])
        reads_one = are_stored and operator.inputs[at] in self._made_before
        plain = weights + channels if reads_one else None
        return self._sliced(operator, operation, shape, new, fused, plain=plain)

    def _sliced(
        self,
        operator: Operator,
        operation: Operation,
        shape: Dims,
        new: int,
        fused: int,
        *,
        plain: int | None,
    ) -> Operation:
        """An operation of the engine, on each slice of what the first axis holds beside the batch.

        ``plain`` are the parameters that it has by itself; None where it reads more than one
        computed tensor, or none. Then it is a number of its own, as where the slices are no
        multiple of the batch.
        """
        samples, rest = divmod(shape[0], self._batch)
        if plain is not None and not rest:
            if samples == 1 and not fused and new == plain:
                return operation
            return Imported(operation, new, samples, fused)
        inner = shape[1:]
        cost = operation.cost((inner,), operation.output(inner))
        return Foreign(
            operator.kind,
            operation.kind,
            new,
            cost.macs * shape[0],
            (cost.element_ops + fused) * shape[0],
            mixes=operation.channel_mixing(inner),
            bias=operation.has_bias,
            is_constant=all(i < 0 or self._weights.is_constant(i) for i in operator.inputs),
        )

    def _fully_connected(self, operator: Operator) -> Operation:
        shape, weight = self._dims(operator, 0), self._dims(operator, 1)
        rows = settings.linear_rows(operator, shape, weight)
        if _has(operator, 2) and product(self._dims(operator, 2)) != weight[0]:
            raise ValueError
        return self._product(
            operator, weight[1], len(rows) < len(shape) - 1, bias=_has(operator, 2)
        )

    def _batch_matmul(self, operator: Operator) -> Operation:
        shapes = self._dims(operator, 0), self._dims(operator, 1)
        _, inner = settings.product_sizes(operator, *shapes)
        return self._product(operator, inner, False)

    def _product(
        self, operator: Operator, inner: int, flattens: bool, *, bias: bool = False
    ) -> Operation:
        """A fully connected layer where one side is a weight, else a product of two tensors."""
        size = product(self._made(operator))
        weights = [at for at in (0, 1) if self._is_weight(operator, at)]
        learned = [operator.inputs[at] for at in (*weights, 2) if _has(operator, at)]
        new = self._weights.take(learned, certain=True)
        if weights and not new:
            self._note_shared(operator)
        return Foreign(
            "linear" if weights else "matmul",
            "macs",
            params=new,
            macs=size * inner,
            element_ops=size * (bias + self._activated(operator)),
            bias=bias,
            mixes=inner,
            flattens=flattens or not weights,
            is_constant=len(weights) == 2,
        )

    def _recurrent(self, operator: Operator) -> Operation:
        """Each matrix multiplies once a step, each vector is added or scales once a step.

        Steps are time times batch. Matrices are those of the input, of the last output (as a
        basic LSTM has them, both in one) and of projections; vectors are biases, peepholes and
        norms. Beside them, each value of the state takes what ``PER_VALUE`` says.
        """
        steps = product(self._dims(operator, 0)[:-1])
        held = [i for i in operator.inputs if i >= 0 and self._weights.is_constant(i)]
        sizes = [self._sizes(index) for index in held]
        if not any(len(dims) == 2 for dims in sizes):
            raise ValueError
        new = self._weights.take(held, certain=True)
        if not new:
            self._note_shared(operator)
        each = PER_VALUE["RNN" if "RNN" in operator.kind else "LSTM"] * self._units(operator)
        return Foreign(
            TYPES.get(operator.kind, operator.kind),
            "macs",
            params=new,
            macs=steps * sum(product(dims) for dims in sizes if len(dims) == 2),
            element_ops=steps * (each + sum(product(dims) for dims in sizes if len(dims) == 1)),
            mixes=self._dims(operator, 0)[-1],
            flattens=True,
        )

    def _units(self, operator: Operator) -> int:
        """The values of the state in all directions: rows of the matrices that make them."""
        if operator.kind == "LSTM" and operator.setting("KernelType"):
            return self._dims(operator, 4)[-1]
        directions = ((1, 5) if "RNN" in operator.kind else (2, 19))[
            : 2 if operator.kind.startswith("BIDIRECTIONAL") else 1
        ]
        return sum(self._dims(operator, at)[0] for at in directions)

    def _svdf(self, operator: Operator) -> Operation:
        """A filter over the features, then one over the memory of its last results."""
        samples = self._dims(operator, 0)[0]
        filters = product(self._dims(operator, 1)) + product(self._dims(operator, 2))
        bias = _has(operator, 3)
        learned = [operator.inputs[at] for at in (1, 2, 3) if _has(operator, at)]
        return Foreign(
            operator.kind,
            "macs",
            params=self._weights.take(learned, certain=True),
            macs=samples * filters,
            element_ops=product(self._made(operator)) * (bias + self._activated(operator)),
            bias=bias,
            mixes=self._dims(operator, 0)[-1],
        )

    def _inner(self, operator: Operator) -> Operation:
        """A subgraph that is called, or runs in a loop whose number of rounds is known."""
        cost = self._subgraphs.cost(operator, self._shapes, self._weights, self._costs)
        if cost is None:
            return Foreign(operator.kind, "unknown", params=self._weights.taken)
        kind: Kind = "macs" if cost.macs else "elements"
        return Foreign(operator.kind, kind, *cost, flattens=True)

    # Element operations

    def _pool(self, operator: Operator) -> Operation:
        shape, made = self._dims(operator, 0), self._made(operator)
        operation = settings.pool(operator, shape)
        fused = self._activated(operator) * product(made[1:])
        plain = 0 if operator.inputs[0] in self._made_before else None
        return self._sliced(operator, operation, shape, 0, fused, plain=plain)

    def _norm(self, operator: Operator) -> Operation:
        return self._elements(operator, 2)

    def _activation(self, operator: Operator) -> Operation:
        slopes = operator.inputs[1:2] if operator.kind == "PRELU" else ()
        return self._elements(operator, 1, self._weights.take(slopes, certain=True))

    def _elementwise(self, operator: Operator) -> Operation:
        several = max(1, len(operator.inputs) - 1) if operator.kind == "ADD_N" else 1
        return self._elements(operator, several, self._loose(operator))

    def _elements(self, operator: Operator, each: int, params: int = 0) -> Operation:
        """So many operations for each value that is made; on sizes alone, none."""
        size = product(self._made(operator)) * (each + self._activated(operator))
        kind = TYPES.get(operator.kind, operator.kind)
        if operator.outputs[0] in self._shapes.from_sizes:
            return Foreign(kind, "free")
        return Foreign(kind, "elements", params=params, element_ops=size)

    def _reduce(self, operator: Operator) -> Operation:
        shape = self._dims(operator, 0)
        if operator.outputs[0] in self._shapes.from_sizes:
            return Foreign(operator.kind, "free")
        flattens = len(shape) > 3
        return Foreign(operator.kind, "elements", element_ops=product(shape), flattens=flattens)

    def _resize(self, operator: Operator) -> Operation:
        """Nearest neighbours are copied; bilinear blends two values on each of two axes."""
        if operator.kind == "RESIZE_NEAREST_NEIGHBOR":
            return Foreign(operator.kind, "free")
        return self._elements(operator, 2 * 2)

    # Free

    def _table(self, operator: Operator) -> Operation:
        """A look-up: free, but its table is learned where it is a weight of numbers."""
        at = 1 if operator.kind == "EMBEDDING_LOOKUP" else 0
        learned = operator.inputs[at : at + 1]
        return Foreign(
            TYPES.get(operator.kind, operator.kind), "free", params=self._weights.take(learned)
        )

    def _source(self, operator: Operator) -> Operation:
        return Foreign(operator.kind, "free")

    def _free(self, operator: Operator) -> Operation:
        """Values are moved; a weight that is moved in (a class token) is still learned."""
        moved = operator.kind in ("CONCATENATION", "PACK", "BROADCAST_TO", "TILE", "SCATTER_ND")
        params = self._loose(operator) if moved else 0
        kind = TYPES.get(operator.kind, operator.kind)
        if self._activated(operator):
            size = product(self._made(operator))
            return Foreign(kind, "elements", params=params, element_ops=size)
        return Foreign(kind, "free", params=params, renames=operator.kind in RENAMING)

    def _loose(self, operator: Operator) -> int:
        new = self._weights.take(operator.inputs)
        self.loose += new
        return new

    def _note_shared(self, operator: Operator) -> None:
        self.sharing.append(operator_name(self._model, operator))


def type_of(operator: Operator) -> str:
    """The operator's own name, marked where it would pass for one of convcost's."""
    kind = operator.kind
    builtin = operator.is_custom and kind in VOCABULARY
    return f"custom::{kind}" if builtin or kind in (*RESERVED, *TYPES.values()) else kind


def _has(operator: Operator, at: int) -> bool:
    return at < len(operator.inputs) and operator.inputs[at] >= 0
