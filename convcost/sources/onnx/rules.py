"""Sizes of what ONNX nodes make, by our own rules: windows, broadcasting, moving of values.

The ``onnx`` package infers most operations well. Not these: its pools below operator set 22 and
its transposed convolutions give other sizes than runtimes do, sizes that do not fit end the
process in its ``Slice``, and it is slow for the many plain ones. Each rule takes a ``Seen`` node
and returns the sizes of its outputs, None where they cannot be known. It raises
``DoesNotFitError`` where the node cannot work on what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convcost.engine.shapes import product
from convcost.engine.windows import extent
from convcost.sources.onnx.facts import DoesNotFitError, Partial, Seen, TooSmallError
from convcost.sources.onnx.settings import pads_of, sizes_of

Made = Sequence[Partial | None]
Rule = Callable[[Seen], Made]


def broadcast(first: Partial, second: Partial) -> Partial:
    """Numpy's rule, with sizes that are not known."""
    rank = max(len(first), len(second))
    a, b = (1,) * (rank - len(first)) + first, (1,) * (rank - len(second)) + second
    sizes: list[int | None] = []
    for x, y in zip(a, b, strict=True):
        if y in (x, 1):
            sizes.append(x)
        elif x == 1:
            sizes.append(y)
        elif x is None or y is None:
            sizes.append(x if y is None else y)
        else:
            raise DoesNotFitError(f"{x} and {y} do not go together")
    return tuple(sizes)


def joined(seen: Seen) -> Made:
    """Element-wise operations of several tensors; old ones follow their first input."""
    if seen.attributes.get("broadcast") or seen.op == "PRelu":
        return [seen.shape()]
    result: Partial | None = ()
    for shape in seen.shapes:
        if shape is None or result is None:
            return [None]
        result = broadcast(result, shape)
    return [result]


def same(seen: Seen) -> Made:
    """What comes out is as large as the first input."""
    return [seen.shape()]


def dropout(seen: Seen) -> Made:
    """The values, and which were kept."""
    return [seen.shape()] * seen.outputs


def _window(size: int | None, k: int, s: int, pads: tuple[int, int], d: int, ceil: bool) -> int:
    """Positions of a window; PyTorch's and onnxruntime's rule for the last one in ceil mode."""
    assert size is not None
    room = size + sum(pads) - extent(k, d)
    if room < 0:
        raise TooSmallError((size + sum(pads),), (extent(k, d),))
    if not ceil:
        return room // s + 1
    steps = -(-room // s) + 1
    return steps - ((steps - 1) * s >= size + pads[0])


def slide_over(seen: Seen, spatial: Partial, kernel: tuple[int, ...], *, ceil: bool) -> Partial:
    """The spatial sizes after a window with the node's settings."""
    axes = len(kernel)
    if len(spatial) != axes:
        raise DoesNotFitError("the kernel has another number of axes")
    stride = sizes_of(seen.attributes, "strides", axes, 1)
    dilation = sizes_of(seen.attributes, "dilations", axes, 1)
    result: list[int | None] = []
    known = tuple(0 if size is None else size for size in spatial)
    pads = pads_of(seen.attributes, known, kernel, stride, dilation)
    for size, k, s, pair, d in zip(spatial, kernel, stride, pads, dilation, strict=True):
        try:
            result.append(None if size is None else _window(size, k, s, pair, d, ceil))
        except TooSmallError:
            padded = [n + sum(p) for n, p in zip(known, pads, strict=True)]
            reach = [extent(*pair) for pair in zip(kernel, dilation, strict=True)]
            raise TooSmallError(tuple(padded), tuple(reach)) from None
    return tuple(result)


def kernel_of(seen: Seen, weight: Partial | None) -> tuple[int, ...] | None:
    """The kernel by the weight's sizes, else as the attribute states it."""
    if weight is not None and None not in weight[2:]:
        return tuple(size for size in weight[2:] if size is not None)
    stated = seen.attributes.get("kernel_shape")
    return None if stated is None else tuple(stated)


def conv(seen: Seen, at: int = 1) -> Made:
    """A convolution; ``at`` is where its weight stands."""
    shape, weight = seen.shape(), seen.shape(at)
    kernel = kernel_of(seen, weight)
    if shape is None or kernel is None:
        return [None]
    if len(shape) < 3:
        raise DoesNotFitError("no spatial axis")
    groups = seen.attributes.get("group", 1)
    inner = None if weight is None or weight[1] is None else weight[1] * groups
    if None not in (shape[1], inner) and shape[1] != inner:
        raise DoesNotFitError("channels differ")
    channels = weight[0] if weight is not None else None
    return [(shape[0], channels, *slide_over(seen, shape[2:], kernel, ceil=False))]


def conv_transpose(seen: Seen) -> Made:
    """A transposed convolution, as onnxruntime sizes it.

    ``auto_pad=SAME_*`` crops to stride times the input, and cannot crop less than nothing.
    """
    shape, weight = seen.shape(), seen.shape(1)
    kernel = kernel_of(seen, weight)
    if shape is None or kernel is None or weight is None:
        return [None]
    axes = len(kernel)
    if len(shape) != axes + 2:
        raise DoesNotFitError("the kernel has another number of axes")
    attributes = seen.attributes
    stride = sizes_of(attributes, "strides", axes, 1)
    dilation = sizes_of(attributes, "dilations", axes, 1)
    extra = sizes_of(attributes, "output_padding", axes, 0)
    groups = attributes.get("group", 1)
    channels = None if weight[1] is None else weight[1] * groups
    stated = attributes.get("output_shape")
    if stated:
        return [(shape[0], channels, *stated[-axes:])]
    auto = attributes.get("auto_pad", b"NOTSET")
    pads = pads_of({**attributes, "auto_pad": b"VALID"} if auto != b"NOTSET" else attributes,
                   (1,) * axes, kernel, stride, dilation)  # fmt: skip
    spatial: list[int | None] = []
    for size, k, s, d, more, pair in zip(
        shape[2:], kernel, stride, dilation, extra, pads, strict=True
    ):
        if size is None:
            spatial.append(None)
            continue
        full = (size - 1) * s + extent(k, d) + more
        if auto in (b"SAME_UPPER", b"SAME_LOWER"):
            spatial.append(min(full, size * s))
        else:
            spatial.append(full - sum(pair))
    if any(size is not None and size < 1 for size in spatial):
        raise DoesNotFitError("padding crops the whole output")
    return [(shape[0], channels, *spatial)]


def pool(seen: Seen) -> Made:
    """A sliding maximum or mean, with its indexes where asked for."""
    shape = seen.shape()
    if shape is None:
        return [None]
    if "kernel_shape" not in seen.attributes or len(shape) < 3:
        raise DoesNotFitError("no kernel")
    kernel = sizes_of(seen.attributes, "kernel_shape", len(shape) - 2, 1)
    ceil = bool(seen.attributes.get("ceil_mode", 0))
    made = (*shape[:2], *slide_over(seen, shape[2:], kernel, ceil=ceil))
    return [made] * seen.outputs


def global_pool(seen: Seen) -> Made:
    """One value for each channel."""
    shape = seen.shape()
    return [None if shape is None else (*shape[:2], *(1,) * (len(shape) - 2))]


def matmul_sizes(first: Partial, second: Partial) -> Partial:
    """Numpy's ``matmul``."""
    if not first or not second:
        raise DoesNotFitError("a lone number has no rows")
    a = (1, *first) if len(first) == 1 else first
    b = (*second, 1) if len(second) == 1 else second
    if None not in (a[-1], b[-2]) and a[-1] != b[-2]:
        raise DoesNotFitError(f"{a[-1]} and {b[-2]} differ")
    rows = () if len(first) == 1 else (a[-2],)
    columns = () if len(second) == 1 else (b[-1],)
    return (*broadcast(a[:-2], b[:-2]), *rows, *columns)


def matmul(seen: Seen, at: int = 1) -> Made:
    """A product of two tensors; ``at`` is where the second stands."""
    first, second = seen.shape(), seen.shape(at)
    return [None if first is None or second is None else matmul_sizes(first, second)]


def gemm(seen: Seen, at: int = 1) -> Made:
    """A product of two matrices."""
    first, second = seen.shape(), seen.shape(at)
    if first is None or second is None:
        return [None]
    if len(first) != 2 or len(second) != 2:
        if seen.version >= 7 or len(second) != 2 or len(first) < 1:
            raise DoesNotFitError("not matrices")
        first = (first[0], None if None in first else _rest(first))
    rows, inner = first[::-1] if seen.attributes.get("transA") else first
    other, columns = second[::-1] if seen.attributes.get("transB") else second
    if None not in (inner, other) and inner != other:
        raise DoesNotFitError(f"{inner} and {other} differ")
    return [(rows, columns)]


def _rest(shape: Partial) -> int:
    return product(size or 0 for size in shape[1:])


MOST_AXES = 64
"""More axes than a tensor has anywhere: numpy allows as many."""


def reshape(seen: Seen) -> Made:
    """The same values under other sizes: 0 keeps one, -1 takes what is left."""
    shape = seen.shape()
    target = list(seen.attributes["shape"]) if "shape" in seen.attributes else seen.ints(1)
    if target is None:
        axes = None if (shape := seen.shape(1)) is None or len(shape) != 1 else shape[0]
        return [None if axes is None or axes > MOST_AXES else (None,) * axes]
    keeps = not seen.attributes.get("allowzero", 0)
    sizes: list[int | None] = []
    for axis, size in enumerate(target):
        if size == 0 and keeps:
            if shape is not None and axis >= len(shape):
                raise DoesNotFitError("no size to keep")
            sizes.append(None if shape is None else shape[axis])
        else:
            sizes.append(size)
    free = [axis for axis, size in enumerate(sizes) if size == -1]
    if len(free) > 1 or any(size is not None and size < -1 for size in sizes):
        raise DoesNotFitError("sizes below zero")
    total = None if shape is None or None in shape else product(size or 0 for size in shape)
    rest = [size for axis, size in enumerate(sizes) if axis not in free]
    others = None if None in rest else product(size or 0 for size in rest)
    if total is None or others is None:
        if free:
            sizes[free[0]] = _left_over(shape, rest) if shape is not None else None
        return [tuple(sizes)]
    if free:
        if others == 0 or total % others:
            raise DoesNotFitError(f"{total} values do not go into {others} rows")
        sizes[free[0]] = total // others
    elif total != others:
        raise DoesNotFitError(f"{total} values do not go into {others}")
    return [tuple(sizes)]


def _left_over(shape: Partial, rest: Sequence[int | None]) -> int | None:
    """What ``-1`` stands for where one size is unknown on both sides and is the same one."""
    if sum(size is None for size in shape) != 1 or sum(size is None for size in rest) != 1:
        return None
    total = product(size for size in shape if size is not None)
    others = product(size for size in rest if size is not None)
    return total // others if others and total % others == 0 else None


def flatten(seen: Seen) -> Made:
    """All axes before one, and all after."""
    shape = seen.shape()
    if shape is None:
        return [None]
    axis = seen.attributes.get("axis", 1)
    axis += len(shape) if axis < 0 else 0
    parts = (shape[:axis], shape[axis:])
    return [tuple(None if None in part else product(s or 0 for s in part) for part in parts)]


def transpose(seen: Seen) -> Made:
    """Axes in another order."""
    shape = seen.shape()
    if shape is None:
        return [None]
    order = seen.attributes.get("perm", range(len(shape) - 1, -1, -1))
    if sorted(order) != list(range(len(shape))):
        raise DoesNotFitError("the order of axes does not fit")
    return [tuple(shape[axis] for axis in order)]


def axis_of(axis: int, rank: int) -> int:
    """A stated axis, counted from the end where it is negative."""
    if not -rank <= axis < rank:
        raise DoesNotFitError(f"there is no axis {axis}")
    return axis % rank


def join(shapes: Sequence[Partial | None], axis: int) -> Partial | None:
    """Tensors one after the other."""
    if any(shape is None for shape in shapes) or not shapes:
        return None
    known = [shape for shape in shapes if shape is not None]
    rank = len(known[0])
    at = axis_of(axis, rank)
    result: list[int | None] = list(known[0])
    for shape in known[1:]:
        if len(shape) != rank:
            raise DoesNotFitError("the number of axes differs")
        for i, (a, b) in enumerate(zip(result, shape, strict=True)):
            if i == at:
                result[i] = None if a is None or b is None else a + b
            elif a is None or b is None:
                result[i] = b if a is None else a
            elif a != b:
                raise DoesNotFitError(f"{a} and {b} differ")
    return tuple(result)


def concat(seen: Seen) -> Made:
    """Tensors one after the other."""
    return [join(seen.shapes, seen.attributes.get("axis", 1))]


def slice_(seen: Seen) -> Made:
    """A part of each axis; starts and ends are cut to what is there, as numpy does."""
    shape = seen.shape()
    if shape is None:
        return [None]
    if "starts" in seen.attributes:
        starts, ends = seen.attributes["starts"], seen.attributes.get("ends")
        axes, steps = seen.attributes.get("axes"), None
    else:
        starts, ends, axes, steps = (seen.ints(at) for at in (1, 2, 3, 4))
        if (seen.has(3) and axes is None) or (seen.has(4) and steps is None):
            return [(None,) * len(shape)]
    result = list(shape)
    count = len(starts if starts is not None else ends if ends is not None else axes or shape)
    where = [axis_of(a, len(shape)) for a in (range(count) if axes is None else axes)]
    if starts is None or ends is None:
        for axis in where:
            result[axis] = None
        return [tuple(result)]
    for i, axis in enumerate(where):
        size = result[axis]
        step = steps[i] if steps is not None else 1
        if step == 0:
            raise DoesNotFitError("a step of 0")
        if size is not None:
            result[axis] = len(range(*slice(starts[i], ends[i], step).indices(size)))
    return [tuple(result)]


def unsqueeze(seen: Seen) -> Made:
    """New axes of one."""
    shape, axes = seen.shape(), seen.axes(1)
    if shape is None or axes is None:
        return [None]
    rank = len(shape) + len(axes)
    places = {axis_of(axis, rank) for axis in axes}
    if len(places) != len(axes):
        raise DoesNotFitError("an axis is named twice")
    rest = iter(shape)
    return [tuple(1 if axis in places else next(rest) for axis in range(rank))]


def squeeze(seen: Seen) -> Made:
    """Axes of one go."""
    shape, axes = seen.shape(), seen.axes(1)
    if shape is None or (axes is None and (seen.has(1) or None in shape)):
        return [None]
    if axes is None:
        return [tuple(size for size in shape if size != 1)]
    places = {axis_of(axis, len(shape)) for axis in axes}
    if any(shape[axis] not in (1, None) for axis in places):
        raise DoesNotFitError("an axis is not 1")
    return [tuple(size for axis, size in enumerate(shape) if axis not in places)]


def expand(seen: Seen) -> Made:
    """A tensor stretched to sizes that may come from elsewhere."""
    shape, target = seen.shape(), seen.ints(1)
    return [None if shape is None or target is None else broadcast(shape, tuple(target))]
