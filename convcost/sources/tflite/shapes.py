"""The sizes of every tensor, worked out from the inputs as TFLite's interpreter does.

A file states sizes too, but an interpreter works them out anew when it begins, and so they are
here: one rule for each operator. What is stated stands in where there is no rule, or where sizes
depend on numbers that are not known, unless the inputs were given other sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from convcost.engine.shapes import product
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.quantities import MAX_SIZE, format_shape
from convcost.sources.tflite.model import Dims, Model, Operator
from convcost.sources.tflite.operators import OUTPUT_FOLLOWS_DATA
from convcost.sources.tflite.reads import Reads, UnknownSizeError
from convcost.sources.tflite.rules import RULES
from convcost.sources.tflite.values import evaluate


class Shapes:
    """Sizes (None: not known) and whole numbers (where they follow from sizes) by tensor.

    ``fed`` has the sizes of the inputs, ``given`` whole numbers of some of them.
    """

    def __init__(
        self,
        model: Model,
        fed: Mapping[int, Dims | None],
        given: Mapping[int, Dims] = MappingProxyType({}),
    ) -> None:
        self._model = model
        self.dims: dict[int, Dims | None] = dict(fed)
        self.numbers: dict[int, Dims] = dict(given)
        self.from_sizes: set[int] = set()
        """Tensors that are worked out from sizes alone, whatever the inputs hold."""
        self.differing = 0
        """How many tensors have other sizes than the file states for the same inputs."""
        self._fixed = set(given)
        made = {index for operator in model.operators for index in operator.outputs}
        for index, tensor in enumerate(model.tensors):
            if index not in fed and index not in made:
                self.dims[index] = tensor.dims if tensor.dims is not None else ()
            if tensor.numbers is not None:
                self.numbers[index] = tensor.numbers
            if tensor.buffer is not None:
                self._fixed.add(index)
        self._is_resized = any(dims != model.tensors[index].dims for index, dims in fed.items())
        for operator in model.operators:
            self._follow(operator)

    def size(self, index: int) -> int:
        """How many values a tensor has; raises KeyError where that is not known."""
        dims = self.dims.get(index)
        if dims is None:
            raise KeyError(index)
        return product(dims)

    def known_size(self, indexes: Dims) -> int:
        """The values of those tensors whose sizes are known."""
        return sum(product(dims) for i in indexes if (dims := self.dims.get(i)) is not None)

    def _follow(self, operator: Operator) -> None:
        """The sizes of what one operator makes, and its values where they are sizes."""
        reads = Reads(operator, self._model.tensors, self.dims, self.numbers)
        rule = RULES.get(operator.kind) if not operator.is_custom else None
        made: list[Dims | None] = []
        try:
            made = list(rule(reads)) if rule is not None else []
        except UnknownSizeError:
            pass
        except SpecError:
            raise
        except (ConvcostError, ArithmeticError, LookupError, TypeError, ValueError):
            raise self.misfit(operator) from None
        made += [None] * (len(operator.outputs) - len(made))
        for index, dims in zip(operator.outputs, made, strict=False):
            if index >= 0:
                self.dims[index] = self._settled(operator, index, dims)
        sources = [index for index in operator.inputs if index >= 0]
        is_size = operator.kind in ("SHAPE", "RANK")
        if not is_size and not (sources and all(index in self._fixed for index in sources)):
            return
        self._fixed.update(operator.outputs)
        if is_size or any(index in self.from_sizes for index in sources):
            self.from_sizes.update(operator.outputs)
        for index, numbers in zip(operator.outputs, evaluate(reads), strict=False):
            if index >= 0 and numbers is not None:
                self.numbers[index] = numbers

    def _settled(self, operator: Operator, index: int, dims: Dims | None) -> Dims | None:
        """What was worked out, else what the file states and nothing contradicts."""
        tensor = self._model.tensors[index]
        stated = tensor.dims
        if dims is not None:
            if not all(0 <= size <= MAX_SIZE for size in dims):
                raise self.misfit(operator)
            if stated is not None and dims != stated and not self._is_resized:
                self.differing += 1
            return dims
        if stated is None or self._is_resized:
            return None
        # An open first axis is that of the samples, and the file's placeholder is the one sample
        # that is counted, unless the operator or what it reads decides how many there are.
        follows_data = operator.is_custom or operator.kind in OUTPUT_FOLLOWS_DATA
        reads_known = all(self.dims.get(i) is not None for i in operator.inputs if i >= 0)
        samples_only = tensor.free == (0,) and reads_known and not follows_data
        return stated if tensor.free == () or samples_only else None

    def misfit(self, operator: Operator) -> SpecError:
        """The error of an operator whose settings do not go with the sizes that it reads."""
        found = [self.dims.get(index) for index in operator.inputs if index >= 0]
        words = [format_shape(dims) or "1" for dims in found if dims is not None]
        return SpecError(
            f"{shorten(operator_name(self._model, operator), 60)}: "
            f"{shorten(operator.kind, 40)} does not fit what it reads "
            f"({shorten(', '.join(words[:3]), 90)})",
            place=self._model.place,
            hint="the file is broken, or its sizes do not go with the input that was given",
        )


def operator_name(model: Model, operator: Operator) -> str:
    """What an operator is called: after what it makes, since TFLite gives it no name.

    A converter joins the names of all layers that it fused by semicolons; the first one stays.
    """
    index = next((i for i in operator.outputs if i >= 0), None)
    made = model.tensors[index].name.partition(";")[0] if index is not None else ""
    return made or f"{operator.kind}_{operator.number}"
