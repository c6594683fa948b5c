"""What is known of the tensors of a model while its nodes are walked: sizes, types, small values.

A size that is not known is None, an order of axes that is not known is absent. Owns storage
only; what follows from what stands in ``rules``, ``contributed`` and ``values``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from convcost.engine.shapes import product
from convcost.errors import ConvcostError, SpecError

Partial: TypeAlias = tuple[int | None, ...]
"""Sizes of a tensor, None where one is not known."""

LARGEST_VALUE = 4096
"""Tensors with more values than this are data, not sizes, and are not computed."""


class MisfitError(SpecError):
    """A node cannot work on what it reads."""


class DoesNotFitError(ConvcostError):
    """Raised by a rule; whoever knows the node turns it into a MisfitError."""


class TooSmallError(DoesNotFitError):
    """A window is larger than what it slides over: the padded sizes and the window."""

    def __init__(self, sizes: tuple[int, ...], window: tuple[int, ...]) -> None:
        super().__init__("a window is larger than its input")
        self.sizes = sizes
        self.window = window


class Facts:
    """Sizes, types and values by the name of a tensor."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.shapes: dict[str, Partial] = {}
        self.kinds: dict[str, int] = {}
        self.stored: dict[str, Any] = {}
        """Small tensors of the file, as protobufs; made arrays when somebody asks."""
        self._values: dict[str, Any] = {}
        self._types: dict[str, Any] = {}

    def put(self, name: str, shape: Partial | None, kind: int) -> None:
        """Note what is known of a tensor."""
        if shape is not None:
            self.shapes[name] = shape
        if kind:
            self.kinds[name] = kind
        self._types.pop(name, None)

    def is_complete(self, name: str) -> bool:
        """Whether all sizes of a tensor are numbers."""
        shape = self.shapes.get(name)
        return shape is not None and None not in shape

    def store(self, name: str, tensor: Any) -> None:
        """A tensor of the file; its values are kept in reach where they are few."""
        self.put(name, tuple(tensor.dims), tensor.data_type)
        if product(tensor.dims) <= LARGEST_VALUE and not tensor.external_data:
            self.stored[name] = tensor

    def set_value(self, name: str, array: Any) -> None:
        """A computed value, which tells the sizes as well."""
        self._values[name] = array
        kind = int(self._onnx.helper.np_dtype_to_tensor_dtype(array.dtype))
        self.put(name, tuple(int(size) for size in array.shape), kind)

    def value(self, name: str) -> Any:
        """The value of a small tensor as a numpy array, or None."""
        if name not in self._values and name in self.stored:
            try:
                self._values[name] = self._onnx.numpy_helper.to_array(self.stored[name])
            except Exception:  # data that do not fit the stated type or size
                del self.stored[name]
        return self._values.get(name)

    def tensor(self, name: str) -> Any:
        """The same as a protobuf."""
        if name in self.stored:
            return self.stored[name]
        array = self._values.get(name)
        return None if array is None else self._onnx.numpy_helper.from_array(array, name)

    def type(self, name: str) -> Any:
        """What is known of a tensor, as the package's inference takes it."""
        known = self._types.get(name)
        if known is None:
            known = self._types[name] = self._onnx.TypeProto()
            known.tensor_type.elem_type = self.kinds.get(name, 1)
            if name in self.shapes:
                shape = known.tensor_type.shape
                shape.SetInParent()
                for size in self.shapes[name]:
                    dim = shape.dim.add()
                    if size is not None:
                        dim.dim_value = size
        return known


class Seen(NamedTuple):
    """One node as a rule sees it: what it reads, in order; None where nothing is known."""

    op: str
    attributes: Mapping[str, Any]
    shapes: tuple[Partial | None, ...]
    names: tuple[str, ...]
    facts: Facts
    version: int
    outputs: int

    def shape(self, at: int = 0) -> Partial | None:
        """The sizes of one input."""
        return self.shapes[at] if at < len(self.shapes) else None

    def has(self, at: int) -> bool:
        """Whether an input is there."""
        return at < len(self.names) and self.names[at] != ""

    def ints(self, at: int) -> list[int] | None:
        """The value of one input as whole numbers; None where it is of no whole numbers."""
        if not self.has(at):
            return None
        value = self.facts.value(self.names[at])
        if value is None or value.dtype.kind not in "iub":
            return None
        return [int(number) for number in value.reshape(-1)]

    def axes(self, at: int) -> list[int] | None:
        """Axes, which older operator sets give as an attribute and newer ones as an input."""
        if "axes" in self.attributes:
            return list(self.attributes["axes"])
        return self.ints(at)
