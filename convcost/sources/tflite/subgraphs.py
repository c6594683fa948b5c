"""Operators whose work is a subgraph of the file: calls, and loops with a known number of rounds.

Converters write recurrent layers that TFLite has no operator for (GRU, cells of a user's own) as
a WHILE over time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from convcost.engine.cost import FREE, Cost
from convcost.language.expressions import Evaluate
from convcost.sources.tflite.model import Dims, Model, Operator
from convcost.sources.tflite.shapes import Shapes
from convcost.sources.tflite.weights import Roots, Weights

MOST_STEPS = 50_000
"""Operators of subgraphs that are followed in all; a loop that counts further is not known."""

DEEPEST = 8
"""Subgraphs within subgraphs; more are a file whose subgraphs call themselves."""

CALLED = {"CALL": "Subgraph", "STABLEHLO_COMPOSITE": "DecompositionSubgraphIndex"}
"""The option that names the subgraph of an operator that runs one once."""

Inner = Callable[[Model, Shapes, Weights, Mapping[str, Evaluate]], Cost | None]
"""The cost of one run of a subgraph; None where something in it is not known."""


class Subgraphs:
    """The subgraphs of a file; ``reached`` are those that were counted, the first one too."""

    def __init__(self, models: Sequence[Model], inner: Inner) -> None:
        self._models = models
        self._inner = inner
        self._depth = 0
        self._left = MOST_STEPS
        self.reached = {0}

    def cost(
        self,
        operator: Operator,
        shapes: Shapes,
        weights: Weights,
        costs: Mapping[str, Evaluate],
    ) -> Cost | None:
        """What an operator's subgraph costs in all rounds, or None.

        Its parameters are taken from ``weights`` in either case. Tensors that a loop hands on
        unchanged are its weights where stored values feed them.
        """
        if self._depth >= DEEPEST:
            return None
        self._depth += 1
        try:
            if operator.kind != "WHILE":
                model = self._at(operator.setting(CALLED[operator.kind]))
                return self._run(model, operator, shapes, weights, costs, model.inputs)
            body = self._at(operator.setting("BodySubgraphIndex"))
            condition = self._at(operator.setting("CondSubgraphIndex"))
            pairs = zip(body.inputs, body.outputs, strict=True)
            kept = [index for index, after in pairs if index == after]
            once = self._run(body, operator, shapes, weights, costs, kept)
            check = self._run(condition, operator, shapes, weights, costs, ())
            rounds = self._rounds(condition, body, operator, shapes)
            if once is None or check is None or rounds is None:
                return None
            return _times(once, rounds) + _times(check, rounds + 1)
        finally:
            self._depth -= 1

    def _at(self, index: int) -> Model:
        """A subgraph; the first one does not call itself."""
        if not 0 < index < len(self._models):
            raise ValueError
        self.reached.add(index)
        return self._models[index]

    def _run(
        self,
        model: Model,
        operator: Operator,
        shapes: Shapes,
        weights: Weights,
        costs: Mapping[str, Evaluate],
        constant: Sequence[int],
    ) -> Cost | None:
        """One run of a subgraph, of which the inputs in ``constant`` may be weights."""
        if not self._may_follow(model):
            return None
        fed = {i: shapes.dims.get(o) for i, o in zip(model.inputs, operator.inputs, strict=True)}
        inner_shapes = Shapes(model, fed)
        given: dict[int, Roots] = {
            inner: weights.roots(outer)
            for inner, outer in zip(model.inputs, operator.inputs, strict=True)
            if inner in constant and weights.is_constant(outer)
        }
        own = Weights(model, weights.counted, given)
        cost = self._inner(model, inner_shapes, own, costs)
        weights.taken += own.taken
        weights.bytes += own.bytes
        weights.bits = weights.bits or own.bits
        steady = operator.kind != "WHILE" or _is_steady(model, inner_shapes, fed)
        return cost if steady else None

    def _rounds(
        self, condition: Model, body: Model, operator: Operator, shapes: Shapes
    ) -> int | None:
        """How often a loop runs, by following the whole numbers that it counts with."""
        sizes = [shapes.dims.get(index) for index in operator.inputs]
        numbers = [shapes.numbers.get(index) for index in operator.inputs]
        kept = [at for at, known in enumerate(numbers) if known is not None]
        counting = _part_of(body, [body.outputs[at] for at in kept])
        rounds = 0
        while self._may_follow(condition) and self._may_follow(counting):
            (answer,) = _numbers(condition, sizes, numbers)
            if answer is None:
                return None
            if answer == (0,):
                return rounds
            following = _numbers(counting, sizes, numbers)
            if following == numbers:
                return None  # it does not count, and would never end
            numbers = following
            rounds += 1
        return None

    def _may_follow(self, model: Model) -> bool:
        self._left -= len(model.operators) + 1
        return self._left > 0


def _part_of(model: Model, wanted: Sequence[int]) -> Model:
    """The operators of a subgraph on which some of its tensors depend."""
    needed = set(wanted)
    operators: list[Operator] = []
    for operator in reversed(model.operators):
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            operators.append(operator)
    return model._replace(operators=tuple(reversed(operators)))


def _is_steady(model: Model, shapes: Shapes, fed: Mapping[int, Dims | None]) -> bool:
    """Whether a loop's body hands on what it gets in the same sizes; its condition does."""
    if len(model.outputs) != len(model.inputs):
        return True
    pairs = zip(model.inputs, model.outputs, strict=True)
    return all(fed[index] is not None and shapes.dims.get(o) == fed[index] for index, o in pairs)


def _numbers(
    model: Model, sizes: Sequence[Dims | None], numbers: Sequence[Dims | None]
) -> list[Dims | None]:
    """The whole numbers that a subgraph makes of whole numbers, None where they are others."""
    fed = dict(zip(model.inputs, sizes, strict=True))
    pairs = zip(model.inputs, numbers, strict=True)
    given = {index: values for index, values in pairs if values is not None}
    made = Shapes(model, fed, given)
    return [made.numbers.get(index) for index in model.outputs]


def _times(cost: Cost, rounds: int) -> Cost:
    return cost.for_batch(rounds) if rounds else FREE._replace(params=cost.params)
