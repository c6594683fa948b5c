"""Sizes of what onnxruntime's own operations make (``com.microsoft``), as its documents state them.

An optimised file has many of them. Each rule takes a ``Seen`` node, as in ``rules``.
"""

from __future__ import annotations

from convcost.sources.onnx.facts import DoesNotFitError, Partial, Seen
from convcost.sources.onnx.rules import (
    Made,
    broadcast,
    join,
    kernel_of,
    matmul_sizes,
    pool,
    slide_over,
)


def last_first(shape: Partial) -> Partial:
    """N, spatial, C as N, C, spatial."""
    return (shape[0], shape[-1], *shape[1:-1])


def first_last(shape: Partial) -> Partial:
    """N, C, spatial as N, spatial, C."""
    return (shape[0], *shape[2:], shape[1])


def nhwc_pool(seen: Seen) -> Made:
    """``NhwcMaxPool``, and pools with ``channels_last``: a pool on turned axes."""
    shape = seen.shape()
    if shape is None or len(shape) < 3:
        return [None]
    turned = seen._replace(shapes=(last_first(shape), *seen.shapes[1:]))
    return [None if made is None else first_last(made) for made in pool(turned)]


def qlinear_pool(seen: Seen) -> Made:
    """A quantised mean over windows."""
    return nhwc_pool(seen) if seen.attributes.get("channels_last") else pool(seen)


def qlinear_global_pool(seen: Seen) -> Made:
    """A quantised mean over all positions."""
    shape = seen.shape()
    if shape is None:
        return [None]
    ones = (1,) * (len(shape) - 2)
    if seen.attributes.get("channels_last"):
        return [(shape[0], *ones, shape[-1])]
    return [(*shape[:2], *ones)]


def qlinear_joined(seen: Seen) -> Made:
    """``QLinearAdd`` and its like: the second tensor stands fourth, behind the first's scale."""
    first, second = seen.shape(0), seen.shape(3)
    return [None if first is None or second is None else broadcast(first, second)]


def qlinear_where(seen: Seen) -> Made:
    """A choice between two quantised tensors."""
    shapes = [seen.shape(at) for at in (0, 1, 4)]
    made: Partial = ()
    for shape in shapes:
        if shape is None:
            return [None]
        made = broadcast(made, shape)
    return [made]


def qlinear_concat(seen: Seen) -> Made:
    """Tensors with a scale and a zero point each, after those of the output."""
    return [join(seen.shapes[2::3], seen.attributes.get("axis", 1))]


def norm(seen: Seen) -> Made:
    """A norm, its statistics, and the sum that was normalised."""
    shape = seen.shape()
    statistics = None if shape is None else (*shape[:-1], 1)
    return [shape, statistics, statistics, shape][: seen.outputs]


def embed_norm(seen: Seen) -> Made:
    """Three look-ups, their sum and its norm: B x S indexes to B x S x H."""
    tokens, table = seen.shape(0), seen.shape(2)
    if tokens is None or table is None:
        return [None]
    made = (*tokens, table[-1])
    return [made, tokens[:1], made][: seen.outputs]


def attention(seen: Seen) -> Made:
    """Attention with its projection inside: B x S x D and a weight of D x 3H."""
    shape, weight = seen.shape(0), seen.shape(1)
    if shape is None or weight is None or len(shape) != 3:
        return [None]
    sizes = seen.attributes.get("qkv_hidden_sizes")
    width = sizes[2] if sizes else None if weight[1] is None else weight[1] // 3
    return [(*shape[:2], width)]


def multi_head(seen: Seen) -> Made:
    """Attention on projected tensors; the past comes first where there is one."""
    query, value = seen.shape(0), seen.shape(2)
    if query is None:
        return [None]
    heads = seen.attributes.get("num_heads", 1)
    if len(query) == 5:  # packed: B x S x heads x 3 x size
        size = query[2:]
        return [(*query[:2], None if size[0] is None or size[2] is None else size[0] * size[2])]
    if value is None:
        width: int | None = query[2]
    elif len(value) == 4:
        width = None if value[3] is None else value[3] * heads
    else:
        width = value[2]
    return [(*query[:2], width)]


def grouped_query(seen: Seen) -> Made:
    """Attention whose keys serve several heads each, its cache behind it."""
    query, key, past = seen.shape(0), seen.shape(1), seen.shape(3)
    if query is None or len(query) != 3:
        return [None]
    heads = seen.attributes.get("num_heads", 1)
    groups = seen.attributes.get("kv_num_heads", heads)
    width = query[2]
    if key is None and width is not None:  # packed
        width = width // (heads + 2 * groups) * heads
    size = None if width is None else width // heads
    length = past[2] if past is not None and len(past) == 4 else 0
    total = None if length is None or query[1] is None else length + query[1]
    known = seen.ints(6)
    if known:
        total = max(known[0], length or 0)
    cache: Partial = (query[0], groups, total, size)
    return [(*query[:2], width), cache, cache][: seen.outputs]


def many_bits(seen: Seen) -> Made:
    """A product with a packed weight, whose true sizes are attributes."""
    shape = seen.shape()
    return [None if shape is None else (*shape[:-1], seen.attributes["N"])]


def fused_matmul(seen: Seen) -> Made:
    """A product of two tensors, each turned on the way where it says so."""
    first, second = seen.shape(0), seen.shape(1)
    if first is None or second is None:
        return [None]
    if seen.attributes.get("transBatchA") or seen.attributes.get("transBatchB"):
        return [None]
    if seen.attributes.get("transA") and len(first) > 1:
        first = (*first[:-2], first[-1], first[-2])
    if seen.attributes.get("transB") and len(second) > 1:
        second = (*second[:-2], second[-1], second[-2])
    return [matmul_sizes(first, second)]


def reorder_input(seen: Seen) -> Made:
    """Channels in blocks of 8 or 16; what a block is padded with is not told, and left out."""
    shape = seen.shape()
    if shape is None or len(shape) < 3:
        return [None]
    return [last_first(shape) if seen.attributes.get("channels_last") else shape]


def blocked_conv(seen: Seen) -> Made:
    """A convolution on channels in blocks, whose weight is padded to whole blocks."""
    shape, weight = seen.shape(), seen.shape(1)
    kernel = kernel_of(seen, weight)
    if shape is None or weight is None or kernel is None or len(shape) < 3:
        return [None]
    return [(shape[0], weight[0], *slide_over(seen, shape[2:], kernel, ceil=False))]


def reorder_output(seen: Seen) -> Made:
    """Back to the plain order."""
    shape = seen.shape()
    if shape is None or len(shape) < 2:
        return [None]
    plain = (shape[0], seen.attributes.get("channels", shape[1]), *shape[2:])
    return [first_last(plain) if seen.attributes.get("channels_last") else plain]


def upsample(seen: Seen) -> Made:
    """Whole factors for each axis."""
    shape, scales = seen.shape(), seen.attributes.get("scales")
    if shape is None or scales is None:
        return [None]
    if len(scales) != len(shape):
        raise DoesNotFitError("factors and axes differ")
    return [tuple(None if a is None else a * b for a, b in zip(shape, scales, strict=True))]


def gather_blocks(seen: Seen) -> Made:
    """Rows of a quantised table."""
    table, at = seen.shape(0), seen.shape(1)
    if table is None or at is None or seen.attributes.get("gather_axis", 0) != 0:
        return [None]
    packed = seen.attributes.get("bits", 4)
    per = 8 // packed if seen.facts.kinds.get(seen.names[0]) in (2, 3) else 1
    width = None if table[-1] is None else table[-1] * per
    return [(*at, *table[1:-1], width)]


def expand_dims(seen: Seen) -> Made:
    """One new axis."""
    shape, axis = seen.shape(), seen.ints(1)
    if shape is None or axis is None:
        return [None]
    at = axis[0] % (len(shape) + 1)
    return [(*shape[:at], 1, *shape[at:])]
