"""Sizes of what operators make that move, cut, join or reduce values; see ``rules``."""

from __future__ import annotations

from convcost.engine.shapes import product
from convcost.sources.tflite.model import Dims
from convcost.sources.tflite.reads import Reads, Rule, UnknownSizeError, all_with
from convcost.sources.tflite.settings import broadcast


def _reshape(reads: Reads) -> list[Dims]:
    size = product(reads.dims(0))
    wanted = reads.numbers(1) if reads.has(1) else reads.operator.settings("NewShape")
    if wanted is None:
        raise UnknownSizeError
    open_axes = [axis for axis, one in enumerate(wanted) if one == -1]
    rest = product(one for one in wanted if one != -1)
    if len(open_axes) > 1 or (open_axes and (rest < 1 or size % rest)):
        raise ValueError
    made = tuple(size // rest if one == -1 else one for one in wanted)
    if product(made) != size:
        raise ValueError
    return [made]


def _squeeze(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    named = reads.operator.settings("SqueezeDims") or ()
    gone = {reads.axis(value, len(shape)) for value in named}
    if any(shape[axis] != 1 for axis in gone):
        raise ValueError
    gone = gone or {axis for axis, size in enumerate(shape) if size == 1}
    return [tuple(size for axis, size in enumerate(shape) if axis not in gone)]


def _expand_dims(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    axis = reads.axis(reads.number(1), len(shape) + 1)
    return [(*shape[:axis], 1, *shape[axis:])]


def _transpose(reads: Reads) -> list[Dims]:
    shape, order = reads.dims(0), reads.numbers(1)
    order = tuple(reads.axis(value, len(shape)) for value in order)
    if sorted(order) != list(range(len(shape))):
        raise ValueError
    return [tuple(shape[axis] for axis in order)]


def _concatenation(reads: Reads) -> list[Dims]:
    shapes = reads.all_dims()
    axis = reads.axis(reads.operator.setting("Axis"), len(shapes[0]))
    if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) != 1:
        raise ValueError
    total = sum(shape[axis] for shape in shapes)
    return [(*shapes[0][:axis], total, *shapes[0][axis + 1 :])]


def _pads(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    pads = _pairs(reads.numbers(1), len(shape))
    return [tuple(a + size + b for size, (a, b) in zip(shape, pads, strict=True))]


def _pairs(values: Dims, rank: int) -> list[tuple[int, int]]:
    if len(values) != 2 * rank:
        raise ValueError
    return list(zip(values[::2], values[1::2], strict=True))


def _reduce(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    gone = reads.axes(1, len(shape))
    if reads.operator.setting("KeepDims"):
        return [tuple(1 if axis in gone else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in gone)]


def _arg(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    axis = reads.axis(reads.number(1), len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])]


def _split(reads: Reads) -> list[Dims]:
    shape, parts = reads.dims(1), len(reads.operator.outputs)
    axis = reads.axis(reads.number(0), len(shape))
    if shape[axis] % parts:
        raise ValueError
    return [(*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])] * parts


def _split_v(reads: Reads) -> list[Dims]:
    shape, sizes = reads.dims(0), list(reads.numbers(1))
    axis = reads.axis(reads.number(2), len(shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    if sum(sizes) != shape[axis]:
        raise ValueError
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def _pack(reads: Reads) -> list[Dims]:
    shapes = reads.all_dims()
    axis = reads.axis(reads.operator.setting("Axis"), len(shapes[0]) + 1)
    if len(set(shapes)) != 1:
        raise ValueError
    return [(*shapes[0][:axis], len(shapes), *shapes[0][axis:])]


def _unpack(reads: Reads) -> list[Dims]:
    shape = reads.dims(0)
    axis = reads.axis(reads.operator.setting("Axis"), len(shape))
    if shape[axis] != len(reads.operator.outputs):
        raise ValueError
    return [(*shape[:axis], *shape[axis + 1 :])] * shape[axis]


def _slice(reads: Reads) -> list[Dims]:
    shape, size = reads.dims(0), reads.numbers(2)
    if -1 not in size and not reads.knows(1) and len(size) == len(shape):
        return [size]  # wherever it begins
    begin = reads.numbers(1)
    made = [
        full - start if length == -1 else length
        for full, start, length in zip(shape, begin, size, strict=True)
    ]
    if any(s < 0 or s + m > full for s, m, full in zip(begin, made, shape, strict=True)):
        raise ValueError
    return [tuple(made)]


def _strided_slice(reads: Reads) -> list[Dims]:
    return [tuple(len(part) for part in strided_parts(reads) if isinstance(part, range))]


def strided_parts(reads: Reads) -> list[range | int]:
    """The positions that STRIDED_SLICE keeps on each axis: a range, or a number for an axis that
    goes. A new axis is ``range(1)``. Source: TensorFlow's ``strided_slice``.
    """
    shape = list(reads.dims(0))
    begin, end, stride = (reads.numbers(at) for at in (1, 2, 3))
    masks = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask")
    from_start, to_end, dots, new, shrink = map(reads.operator.setting, masks)
    parts: list[range | int] = []
    axis = 0
    for at, (first, last, step) in enumerate(zip(begin, end, stride, strict=True)):
        if dots >> at & 1:
            covered = len(shape) - axis - (len(begin) - at - 1) + _after(new, at, len(begin))
            parts += [range(size) for size in shape[axis : axis + covered]]
            axis += covered
            continue
        if new >> at & 1:
            parts.append(range(1))
            continue
        size = shape[axis]
        axis += 1
        if shrink >> at & 1:
            place = (0 if step > 0 else size - 1) if from_start >> at & 1 else first
            if not -size <= place < size:
                raise ValueError
            parts.append(place % size)
            continue
        stop = first + last if reads.operator.setting("Offset") else last
        bounds = slice(
            None if from_start >> at & 1 else first, None if to_end >> at & 1 else stop, step
        )
        parts.append(range(*bounds.indices(size)))
    if axis > len(shape):
        raise ValueError
    return parts + [range(size) for size in shape[axis:]]


def _after(mask: int, at: int, length: int) -> int:
    return sum(mask >> later & 1 for later in range(at + 1, length))


def _tile(reads: Reads) -> list[Dims]:
    return [tuple(a * b for a, b in zip(reads.dims(0), reads.numbers(1), strict=True))]


def _gather(reads: Reads) -> list[Dims]:
    shape, chosen = reads.dims(0), reads.dims(1)
    axis = reads.axis(reads.operator.setting("Axis"), len(shape))
    shared = reads.operator.setting("BatchDims")
    if not 0 <= shared <= axis:
        raise ValueError
    return [(*shape[:axis], *chosen[shared:], *shape[axis + 1 :])]


def _gather_nd(reads: Reads) -> list[Dims]:
    shape, chosen = reads.dims(0), reads.dims(1)
    if not chosen or chosen[-1] > len(shape):
        raise ValueError
    return [(*chosen[:-1], *shape[chosen[-1] :])]


def _embedding(reads: Reads) -> list[Dims]:
    return [(*reads.dims(0), *reads.dims(1)[1:])]


def _shape(reads: Reads) -> list[Dims]:
    return [(len(reads.dims(0)),)]


def _scalar(reads: Reads) -> list[Dims]:
    return [()]


def _resize(reads: Reads) -> list[Dims]:
    shape, (height, width) = reads.dims(0), reads.numbers(1)
    return [(shape[0], height, width, shape[3])]


def _space_to_depth(reads: Reads) -> list[Dims]:
    count, height, width, channels = reads.dims(0)
    block = reads.operator.setting("BlockSize")
    if height % block or width % block:
        raise ValueError
    return [(count, height // block, width // block, channels * block * block)]


def _depth_to_space(reads: Reads) -> list[Dims]:
    count, height, width, channels = reads.dims(0)
    block = reads.operator.setting("BlockSize")
    if channels % (block * block):
        raise ValueError
    return [(count, height * block, width * block, channels // (block * block))]


def _space_to_batch(reads: Reads) -> list[Dims]:
    shape, blocks = reads.dims(0), reads.numbers(1)
    pads = _pairs(reads.numbers(2), len(blocks))
    spatial = shape[1 : 1 + len(blocks)]
    padded = [a + size + b for size, (a, b) in zip(spatial, pads, strict=True)]
    if any(size % block for size, block in zip(padded, blocks, strict=True)):
        raise ValueError
    made = [size // block for size, block in zip(padded, blocks, strict=True)]
    return [(shape[0] * product(blocks), *made, *shape[1 + len(blocks) :])]


def _batch_to_space(reads: Reads) -> list[Dims]:
    shape, blocks = reads.dims(0), reads.numbers(1)
    crops = _pairs(reads.numbers(2), len(blocks))
    spatial = shape[1 : 1 + len(blocks)]
    if shape[0] % product(blocks):
        raise ValueError
    made = [
        size * block - a - b for size, block, (a, b) in zip(spatial, blocks, crops, strict=True)
    ]
    return [(shape[0] // product(blocks), *made, *shape[1 + len(blocks) :])]


def _one_hot(reads: Reads) -> list[Dims]:
    shape, depth = reads.dims(0), reads.number(1)
    axis = reads.axis(reads.operator.setting("Axis"), len(shape) + 1)
    return [(*shape[:axis], depth, *shape[axis:])]


def _first_numbers(reads: Reads) -> list[Dims]:
    return [reads.numbers(0)]


def _second_numbers(reads: Reads) -> list[Dims]:
    return [reads.numbers(1)]


def _third_numbers(reads: Reads) -> list[Dims]:
    return [reads.numbers(2)]


def _broadcast_to(reads: Reads) -> list[Dims]:
    wanted = reads.numbers(1)
    if broadcast(reads.dims(0), wanted) != wanted:
        raise ValueError
    return [wanted]


def _range(reads: Reads) -> list[Dims]:
    return [(len(range(*(reads.number(at) for at in range(3)))),)]


def _top_k(reads: Reads) -> list[Dims]:
    made = (*reads.dims(0)[:-1], reads.number(1))
    return [made, made]


MOVING: dict[str, Rule] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims,
    "TRANSPOSE": _transpose,
    "CONCATENATION": _concatenation,
    **all_with(_pads, "PAD PADV2 MIRROR_PAD"),
    **all_with(_reduce, "MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL"),
    **all_with(_arg, "ARG_MAX ARG_MIN"),
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "PACK": _pack,
    "UNPACK": _unpack,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tile,
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
    "EMBEDDING_LOOKUP": _embedding,
    "SHAPE": _shape,
    "RANK": _scalar,
    "VAR_HANDLE": _scalar,
    **all_with(_resize, "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR"),
    "SPACE_TO_DEPTH": _space_to_depth,
    "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "BATCH_TO_SPACE_ND": _batch_to_space,
    "ONE_HOT": _one_hot,
    "FILL": _first_numbers,
    "SPARSE_TO_DENSE": _second_numbers,
    "SCATTER_ND": _third_numbers,
    "BROADCAST_TO": _broadcast_to,
    "RANGE": _range,
    "TOPK_V2": _top_k,
}
