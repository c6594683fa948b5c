"""The arithmetic of a window that slides: padding, output length, extent.

Everything is per spatial axis, height first.
"""

from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from convcost.engine.shapes import Shape, ceil_div, is_known
from convcost.errors import OperationError
from convcost.quantities import format_shape

PadPairs: TypeAlias = tuple[tuple[int, int], ...]
"""(before, after) for each spatial axis."""


class Same:
    """Padding that makes the output ``ceil(input / stride)``, whatever the kernel."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "same"


class Causal:
    """All padding before the input, so that an output sees nothing that comes after it.

    ``extent - 1`` before, none after: the output is ``ceil(input / stride)`` as with ``same``.
    Source: van den Oord et al. 2016, WaveNet, section 2.1; Keras ``Conv1D``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "causal"


SAME: Final = Same()
CAUSAL: Final = Causal()
Padding: TypeAlias = PadPairs | Same | Causal


def extent(kernel_size: int, dilation: int) -> int:
    """How far a dilated kernel reaches: ``dilation * (kernel_size - 1) + 1``."""
    return dilation * (kernel_size - 1) + 1


class Window(NamedTuple):
    """What receptive fields need of an operation: reach and step on each spatial axis.

    ``extent``: how many input positions one output position reads; ``stride``: how far apart
    in the input two neighbouring outputs are (below 1 where an operation enlarges the map; the
    extent is then that of a kernel on the finer map, ``1 + (reach - 1) / factor``).
    """

    extent: tuple[int | Fraction, ...]
    stride: tuple[int | Fraction, ...]


def same_pads(size: int, reach: int, stride: int) -> tuple[int, int]:
    """The pair that ``same`` stands for; an odd total puts the extra one after."""
    total = max((ceil_div(size, stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def pad_pairs(
    padding: Padding,
    spatial: Shape,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> PadPairs:
    """Padding as numbers: ``same`` resolved for these sizes, pairs as they are."""
    if isinstance(padding, Causal):
        return tuple((extent(k, d) - 1, 0) for k, d in zip(kernel_size, dilation, strict=True))
    if not isinstance(padding, Same):
        return padding
    return tuple(
        same_pads(size, extent(k, d), s)
        for size, k, s, d in zip(spatial, kernel_size, stride, dilation, strict=True)
    )


def slide(
    spatial: Shape,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: Padding,
    dilation: tuple[int, ...],
    *,
    ceil_mode: bool = False,
) -> Shape:
    """Output sizes of a sliding window.

    ``floor((size + pads - extent) / stride) + 1`` on each axis, or with ``ceil_mode`` the
    ceiling, less a last window that would start in the padding after the input (as PyTorch
    does). ``same`` and ``causal`` give ``ceil(size / stride)``. Raises OperationError where no
    window fits.
    """
    if isinstance(padding, Same | Causal):
        return tuple([ceil_div(size, s) for size, s in zip(spatial, stride, strict=True)])
    output = []
    for size, k, s, (before, after), d in zip(
        spatial, kernel_size, stride, padding, dilation, strict=True
    ):
        padded = size + before + after
        room = padded - d * (k - 1) - 1
        if is_known(room) and room < 0:
            raise _does_not_fit(spatial, kernel_size, padding, dilation)
        if ceil_mode:
            steps = ceil_div(room, s) + 1
            last_start = (steps - 1) * s
            output.append(steps - (is_known(last_start) and last_start >= size + before))
        else:
            output.append(room // s + 1)
    return tuple(output)


def _does_not_fit(
    spatial: Shape, kernel_size: tuple[int, ...], padding: PadPairs, dilation: tuple[int, ...]
) -> OperationError:
    padded = [size + sum(pads) for size, pads in zip(spatial, padding, strict=True)]
    reach = [extent(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    dilated = f" (dilated: {format_shape(reach)})" if tuple(reach) != kernel_size else ""
    return OperationError(
        f"a kernel of {format_shape(kernel_size)}{dilated} is larger than "
        f"the padded input of {format_shape(padded)}",
        field="kernel_size",
        hint="use padding=same, more padding or a smaller kernel",
    )
