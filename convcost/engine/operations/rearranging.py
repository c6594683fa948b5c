"""Operations that lay values out anew: between space and channels, padded, cropped, turned."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from convcost.engine.operations.base import Operation, Reads
from convcost.engine.shapes import Shape, ceil_div, divides, exact_div, is_known, product
from convcost.engine.windows import PadPairs, Window
from convcost.errors import OperationError
from convcost.quantities import format_shape, format_sizes


@dataclass(frozen=True, slots=True)
class PixelShuffle(Operation):
    """Channels become positions: H x W x (C * r * r) -> (H * r) x (W * r) x C; free.

    Also called depth to space. Source: Shi et al. 2016, Efficient Sub-Pixel Convolution,
    equation 4; PyTorch ``PixelShuffle``.
    """

    type: ClassVar[str] = "pixel_shuffle"

    scale: tuple[int, ...]

    def output(self, *inputs: Shape) -> Shape:
        """Each axis times its factor, channels divided by all of them."""
        (shape,) = inputs
        factor = product(self.scale)
        if not divides(factor, shape[-1]):
            raise OperationError(
                f"scale={format_sizes(self.scale)} needs a multiple of {factor} channels, "
                f"not {shape[-1]}",
                field="scale",
            )
        spatial = [size * r for size, r in zip(shape[:-1], self.scale, strict=True)]
        return (*spatial, exact_div(shape[-1], factor))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The factors."""
        return {"scale": self.scale}

    def setting_words(self) -> list[str]:
        """``x2``."""
        return [f"x{format_sizes(self.scale)}"]

    def window(self, shape: Shape) -> Window:
        """Neighbours on the finer map come from one position: steps get finer."""
        return Window(
            tuple(1 + Fraction(r - 1, r) for r in self.scale),
            tuple(Fraction(1, r) for r in self.scale),
        )


@dataclass(frozen=True, slots=True)
class SpaceToDepth(Operation):
    """Positions become channels: (H * r) x (W * r) x C -> H x W x (C * r * r); free.

    Also called pixel unshuffle; YOLO's focus layer is this and a convolution. Source: PyTorch
    ``PixelUnshuffle``, TensorFlow ``space_to_depth``.
    """

    type: ClassVar[str] = "space_to_depth"

    scale: tuple[int, ...]

    def output(self, *inputs: Shape) -> Shape:
        """Each axis divided by its factor, channels times all of them."""
        (shape,) = inputs
        for size, r in zip(shape[:-1], self.scale, strict=True):
            if not divides(r, size):
                raise OperationError(
                    f"scale={format_sizes(self.scale)} does not divide {format_shape(shape[:-1])}",
                    field="scale",
                )
        spatial = [exact_div(size, r) for size, r in zip(shape[:-1], self.scale, strict=True)]
        return (*spatial, shape[-1] * product(self.scale))

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The factors."""
        return {"scale": self.scale}

    def setting_words(self) -> list[str]:
        """``x2``."""
        return [f"x{format_sizes(self.scale)}"]

    def window(self, shape: Shape) -> Window:
        """A position holds the values of a block."""
        return Window(self.scale, self.scale)


@dataclass(frozen=True, slots=True)
class Pad(Operation):
    """Values added around each spatial axis, whichever they are; free."""

    type: ClassVar[str] = "pad"

    padding: PadPairs

    def output(self, *inputs: Shape) -> Shape:
        """Each axis longer by what comes before and after it."""
        (shape,) = inputs
        pairs = zip(shape[:-1], self.padding, strict=True)
        return (*[size + before + after for size, (before, after) in pairs], shape[-1])

    def settings(self, shape: Shape) -> dict[str, Any]:
        """What is added."""
        return {"padding": self.padding}


@dataclass(frozen=True, slots=True)
class Crop(Operation):
    """A part of each spatial axis: of a given size, or of the size of a second input; free.

    ``padding`` cuts that much before and after instead. Source: Ronneberger et al. 2015, U-Net,
    section 2 (the cropped skip).
    """

    type: ClassVar[str] = "crop"
    reads: ClassVar[Reads] = Reads(1, 2)

    output_size: tuple[int, ...] | None = None
    padding: PadPairs | None = None

    def output(self, *inputs: Shape) -> Shape:
        """The size that was asked for; channels stay."""
        shape = inputs[0]
        ways = [self.output_size is not None, self.padding is not None, len(inputs) == 2]
        if sum(ways) != 1:
            raise OperationError(
                "crop needs output_size, padding or a second layer, and one of them",
                field="output_size",
            )
        if self.padding is not None:
            pairs = zip(shape[:-1], self.padding, strict=True)
            size = tuple(size - before - after for size, (before, after) in pairs)
        else:
            size = inputs[1][:-1] if self.output_size is None else self.output_size
        if len(size) != len(shape) - 1 or any(
            is_known(one) and is_known(whole) and not 1 <= one <= whole
            for one, whole in zip(size, shape[:-1], strict=True)
        ):
            raise OperationError(
                f"{format_shape(size)} is no part of {format_shape(shape[:-1])}",
                field="from" if len(inputs) == 2 else "output_size",
            )
        return (*size, shape[-1])

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The size or what is cut; null where the other or a layer says it."""
        return {"output_size": self.output_size, "padding": self.padding}


@dataclass(frozen=True, slots=True)
class Transpose(Operation):
    """The axes in another order: ``(1, 0)`` turns T x C into C x T; free."""

    type: ClassVar[str] = "transpose"
    flattens: ClassVar[bool] = True

    order: tuple[int, ...]

    def output(self, *inputs: Shape) -> Shape:
        """The sizes in the new order."""
        (shape,) = inputs
        if sorted(self.order) != list(range(len(shape))):
            last = len(shape) - 1
            raise OperationError(
                f"order must hold each axis of {format_shape(shape)} once, 0 to {last}",
                field="order",
            )
        return tuple(shape[axis] for axis in self.order)

    def settings(self, shape: Shape) -> dict[str, Any]:
        """Where each axis comes from."""
        return {"order": self.order}


@dataclass(frozen=True, slots=True)
class Reshape(Operation):
    """The same values in memory under another shape; free. One size of -1 is what is left."""

    type: ClassVar[str] = "reshape"
    flattens: ClassVar[bool] = True
    renames: ClassVar[bool] = True

    shape: tuple[int, ...]

    def output(self, *inputs: Shape) -> Shape:
        """The shape that was asked for; the number of values must not change."""
        values = product(inputs[0])
        known = product(size for size in self.shape if size != -1)
        is_open = -1 in self.shape
        fits = divides(known, values) if is_open else not is_known(values) or known == values
        if self.shape.count(-1) > 1 or not fits:
            raise OperationError(
                f"{format_shape(inputs[0])} does not reshape to {format_shape(self.shape)}: "
                f"it has {values} values",
                field="shape",
            )
        left = ceil_div(values, known) if is_open else 0
        return tuple(left if size == -1 else size for size in self.shape)

    def settings(self, shape: Shape) -> dict[str, Any]:
        """The shape as it was asked for."""
        return {"shape": self.shape}
