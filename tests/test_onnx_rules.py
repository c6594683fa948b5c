"""The rules that work out sizes in an ONNX graph, one by one, also where a size is not known.

Expected sizes are those that NumPy makes, or are written out from the definition of the operation
(ONNX's, or onnxruntime's of ``com.microsoft``). A size that cannot be known is None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest

from convcost.sources.onnx.facts import DoesNotFitError, Facts, Seen
from convcost.sources.onnx.sizes import DOMAINS, kind_of

Input = tuple[int | None, ...] | list[Any] | str | None
"""What a node reads: sizes, or values (a list), or nothing (None); ``"?"`` is not known."""


def seen(
    op: str, inputs: Sequence[Input], outputs: int = 1, version: int = 22, **attributes: Any
) -> Seen:
    facts = Facts(onnx)
    names = tuple("" if given is None else f"i{at}" for at, given in enumerate(inputs))
    for name, given in zip(names, inputs, strict=True):
        if isinstance(given, list):
            facts.set_value(name, np.array(given))
        elif isinstance(given, tuple):
            facts.put(name, given, 1)
    shapes = tuple(facts.shapes.get(name) for name in names)
    return Seen(op, attributes, shapes, names, facts, version, outputs)


Made = Callable[[], list[Any]]


def sized(op: str, inputs: Sequence[Input], outputs: int = 1, **more: Any) -> Made:
    """The sizes of the outputs; ``MS:`` and ``BLOCKED:`` are onnxruntime's domains."""
    domain, _, kind = op.rpartition(":")
    domain = {"MS": "com.microsoft", "BLOCKED": "com.microsoft.nchwc"}.get(domain, "")
    return lambda: list(DOMAINS[domain][kind](seen(kind, inputs, outputs, **more)))


CASES: dict[str, tuple[Made, list[Any]]] = {
    # Broadcasting
    "add": (sized("Add", [(4, 1, 5), (3, 1)]), [(4, 3, 5)]),
    "add of what may be 1": (sized("Add", [(4, None), (4, 5)]), [(4, 5)]),
    "add of what may be 1 first": (sized("Add", [(4, 5), (4, None)]), [(4, 5)]),
    "add of one that is known to stretch": (sized("Add", [(4, None), (4, 1)]), [(4, None)]),
    "add of one that stretches to it": (sized("Add", [(4, 1), (4, None)]), [(4, None)]),
    "add of the unknown": (sized("Add", [(4,), "?"]), [None]),
    "sum of three": (sized("Sum", [(4, 1), (1, 5), (3, 1, 1)]), [(3, 4, 5)]),
    "an old add follows its first": (sized("Add", [(4, 5), (4,)], broadcast=1), [(4, 5)]),
    "slopes do not widen": (sized("PRelu", [(4, 1), (4, 5)]), [(4, 1)]),
    "dropout says which were kept": (sized("Dropout", [(4, 5)], 2), [(4, 5), (4, 5)]),
    "expand": (sized("Expand", [(3, 1), [2, 1, 4]]), [(2, 3, 4)]),
    "expand to the unknown": (sized("Expand", [(3, 1), "?"]), [None]),
    # Windows
    "conv": (
        sized("Conv", [(1, 4, 9, 11), (6, 4, 3, 5)], strides=(2, 1), pads=(1, 0, 1, 0)),
        [(1, 6, (9 + 2 - 3) // 2 + 1, 11 - 5 + 1)],
    ),
    "conv of groups": (sized("Conv", [(1, 4, 9), (6, 2, 3)], group=2), [(1, 6, 9 - 3 + 1)]),
    "conv of an unknown width": (
        sized("Conv", [(1, 4, None, 9), (6, 4, 3, 3)]),
        [(1, 6, None, 9 - 3 + 1)],
    ),
    "conv with an unknown weight": (
        sized("Conv", [(1, 4, 9), "?"], kernel_shape=(3,)),
        [(1, None, 9 - 3 + 1)],
    ),
    "conv with unknown filters": (
        sized("Conv", [(1, 4, 9), (6, 4, None)], kernel_shape=(3,)),
        [(1, 6, 9 - 3 + 1)],
    ),
    "conv with an unknown kernel": (sized("Conv", [(1, 4, 9), (6, 4, None)]), [None]),
    "conv of the unknown": (sized("Conv", ["?", (6, 4, 3)]), [None]),
    "a quantised conv has its weight fourth": (
        sized("QLinearConv", [(1, 4, 9), (), (), (6, 4, 3)]),
        [(1, 6, 9 - 3 + 1)],
    ),
    "conv transpose": (
        sized(
            "ConvTranspose", [(1, 4, 5), (4, 6, 3)],
            strides=(2,), pads=(1, 1), output_padding=(1,), dilations=(2,),
        ),
        [(1, 6, (5 - 1) * 2 + (2 * (3 - 1) + 1) + 1 - 2)],
    ),
    "conv transpose of groups": (
        sized("ConvTranspose", [(1, 4, 5), (4, 3, 2)], group=2),
        [(1, 3 * 2, 5 + 1)],
    ),
    "conv transpose of an unknown width": (
        sized("ConvTranspose", [(1, 4, None, 5), (4, 6, 3, 3)]),
        [(1, 6, None, 5 + 2)],
    ),
    "conv transpose to a stated size": (
        sized("ConvTranspose", [(1, 4, 5), (4, None, 3)], output_shape=(1, 6, 12)),
        [(1, None, 12)],
    ),
    "conv transpose without a weight": (
        sized("ConvTranspose", [(1, 4, 5), "?"], kernel_shape=(3,)),
        [None],
    ),
    "pool": (sized("MaxPool", [(1, 4, 9, 9)], 2, kernel_shape=(3, 2)), [(1, 4, 7, 8)] * 2),
    "pool of the unknown": (sized("MaxPool", ["?"], kernel_shape=(3,)), [None]),
    "pool of one axis": (sized("AveragePool", [(1, 4, 9)], kernel_shape=(3,)), [(1, 4, 7)]),
    "global pool": (sized("GlobalMaxPool", [(1, 4, 9, 8, 7)]), [(1, 4, 1, 1, 1)]),
    "global pool of the unknown": (sized("GlobalMaxPool", ["?"]), [None]),
    # Products
    "matmul": (sized("MatMul", [(2, 1, 4, 5), (3, 5, 6)]), [(2, 3, 4, 6)]),
    "matmul of a row": (sized("MatMul", [(5,), (3, 5, 6)]), [(3, 6)]),
    "matmul with a column": (sized("MatMul", [(3, 4, 5), (5,)]), [(3, 4)]),
    "matmul of a row and a column": (sized("MatMul", [(5,), (5,)]), [()]),
    "matmul of what may fit": (sized("MatMul", [(4, None), (5, 6)]), [(4, 6)]),
    "matmul with what may fit": (sized("MatMul", [(4, 5), (None, 6)]), [(4, 6)]),
    "matmul of the unknown": (sized("MatMul", ["?", (5, 6)]), [None]),
    "a quantised matmul has its matrix fourth": (
        sized("QLinearMatMul", [(4, 5), (), (), (5, 6)]),
        [(4, 6)],
    ),
    "gemm": (sized("Gemm", [(4, 5), (5, 6)]), [(4, 6)]),
    "gemm turned": (sized("Gemm", [(5, 4), (6, 5)], transA=1, transB=1), [(4, 6)]),
    "gemm of what may fit": (sized("Gemm", [(4, None), (5, 6)]), [(4, 6)]),
    "gemm of the unknown": (sized("Gemm", [(4, 5), "?"]), [None]),
    "an old gemm lays flat": (sized("Gemm", [(2, 3, 5), (15, 6)], version=6), [(2, 6)]),
    "an old gemm of the unknown": (sized("Gemm", [(2, None, 5), (15, 6)], version=6), [(2, 6)]),
    "a quantised gemm has its matrix fourth": (
        sized("QGemm", [(4, 5), (), (), (5, 6)]),
        [(4, 6)],
    ),
    # Moving
    "reshape": (sized("Reshape", [(2, 3, 4), [6, 4]]), [(6, 4)]),
    "reshape that keeps a size": (sized("Reshape", [(2, 3, 4), [0, 12]]), [(2, 12)]),
    "reshape to nothing": (sized("Reshape", [(0, 3), [3, 0]], allowzero=1), [(3, 0)]),
    "reshape with one left over": (sized("Reshape", [(2, 3, 4), [-1, 8]]), [(3, 8)]),
    "reshape by its attribute": (sized("Reshape", [(2, 3)], version=1, shape=(3, 2)), [(3, 2)]),
    "reshape of an unknown batch": (
        sized("Reshape", [(None, 3, 4), [0, -1]]),
        [(None, 3 * 4)],
    ),
    "reshape of an unknown batch, left over": (
        sized("Reshape", [(None, 3, 4), [-1, 12]]),
        [(None, 12)],
    ),
    "reshape of two unknown sizes": (
        sized("Reshape", [(None, None, 4), [0, -1]]),
        [(None, None)],
    ),
    "reshape of one unknown size with a rest": (
        sized("Reshape", [(None, 3), [0, 2, -1]]),
        [(None, 2, None)],
    ),
    "reshape of one unknown size and nothing else": (
        sized("Reshape", [(None, 3), [0, -1, 3]]),
        [(None, 1, 3)],
    ),
    "reshape of the unknown": (sized("Reshape", ["?", [-1, 8]]), [(None, 8)]),
    "reshape of the unknown that keeps": (sized("Reshape", ["?", [0, 8]]), [(None, 8)]),
    "reshape to the unknown": (sized("Reshape", [(2, 3), "?"]), [None]),
    "reshape to so many unknown axes": (sized("Reshape", [(2, 3), (3,)]), [(None,) * 3]),
    "reshape to an unknown number of axes": (sized("Reshape", [(2, 3), (None,)]), [None]),
    "flatten": (sized("Flatten", [(2, 3, 4, 5)], axis=2), [(2 * 3, 4 * 5)]),
    "flatten by default": (sized("Flatten", [(2, 3, 4)]), [(2, 3 * 4)]),
    "flatten all": (sized("Flatten", [(2, 3)], axis=0), [(1, 2 * 3)]),
    "flatten from the end": (sized("Flatten", [(2, 3, 4)], axis=-1), [(2 * 3, 4)]),
    "flatten of an unknown batch": (sized("Flatten", [(None, 3, 4)]), [(None, 3 * 4)]),
    "flatten of the unknown": (sized("Flatten", ["?"]), [None]),
    "transpose": (sized("Transpose", [(2, 3, None)], perm=(2, 0, 1)), [(None, 2, 3)]),
    "transpose turns round": (sized("Transpose", [(2, 3, 4)]), [(4, 3, 2)]),
    "transpose of the unknown": (sized("Transpose", ["?"]), [None]),
    "concat": (sized("Concat", [(2, 3), (2, 4), (2, 5)], axis=-1), [(2, 3 + 4 + 5)]),
    "concat, old": (sized("Concat", [(2, 3), (2, 4)], version=1), [(2, 3 + 4)]),
    "concat of an unknown length": (
        sized("Concat", [(2, None), (2, 4), (2, 5)], axis=1),
        [(2, None)],
    ),
    "concat tells a size": (sized("Concat", [(None, 3), (2, 4)], axis=1), [(2, 3 + 4)]),
    "concat tells a size, the other way": (
        sized("Concat", [(2, 3), (None, 4)], axis=1),
        [(2, 3 + 4)],
    ),
    "concat of the unknown": (sized("Concat", [(2, 3), "?"], axis=1), [None]),
    "concat of nothing": (sized("Concat", [], axis=1), [None]),
    "slice": (
        sized("Slice", [(9, 8), [1, 2], [7, -1], [0, 1], [2, 3]]),
        [(len(range(1, 7, 2)), len(range(2, 7, 3)))],
    ),
    "slice backwards": (
        sized("Slice", [(9,), [-1], [-100], [0], [-2]]),
        [(len(range(8, -1, -2)),)],
    ),
    "slice of one axis": (sized("Slice", [(9, 8), [1], [5], [-1]]), [(9, 4)]),
    "slice without axes": (sized("Slice", [(9, 8), [1], [5]]), [(4, 8)]),
    "slice by attributes": (
        sized("Slice", [(9, 8)], version=1, starts=(1,), ends=(5,), axes=(1,)),
        [(9, 4)],
    ),
    "slice to an unknown end": (sized("Slice", [(9, 8), [1], "?", [1]]), [(9, None)]),
    "slice from an unknown start": (sized("Slice", [(9, 8), "?", [5], [0]]), [(None, 8)]),
    "slice of unknown axes": (sized("Slice", [(9, 8), [1], [5], "?"]), [(None, None)]),
    "slice of unknown steps": (sized("Slice", [(9, 8), [1], [5], [0], "?"]), [(None, None)]),
    "slice of an unknown size": (sized("Slice", [(None, 8), [1], [5], [0]]), [(None, 8)]),
    "slice of the unknown": (sized("Slice", ["?", [1], [5]]), [None]),
    "unsqueeze": (sized("Unsqueeze", [(3, 4), [0, -1]]), [(1, 3, 4, 1)]),
    "unsqueeze, old": (sized("Unsqueeze", [(3, 4)], version=1, axes=(1,)), [(3, 1, 4)]),
    "unsqueeze somewhere": (sized("Unsqueeze", [(3, 4), "?"]), [None]),
    "unsqueeze of the unknown": (sized("Unsqueeze", ["?", [0]]), [None]),
    "squeeze": (sized("Squeeze", [(1, 3, 1), [0]]), [(3, 1)]),
    "squeeze all": (sized("Squeeze", [(1, 3, 1)]), [(3,)]),
    "squeeze from the end": (sized("Squeeze", [(1, 3, None), [-1]]), [(1, 3)]),
    "squeeze all of what may be 1": (sized("Squeeze", [(1, None)]), [None]),
    "squeeze somewhere": (sized("Squeeze", [(1, 3), "?"]), [None]),
    # Along an axis
    "lstm": (
        sized("LSTM", [(7, 2, 5), (2, 12, 5), (2, 12, 3)], 3),
        [(7, 2, 2, 3), (2, 2, 3), (2, 2, 3)],
    ),
    "gru with samples first": (
        sized("GRU", [(2, 7, 5), (1, 9, 5), (1, 9, 3)], 2, layout=1),
        [(2, 7, 1, 3), (2, 1, 3)],
    ),
    "rnn of the unknown": (sized("RNN", ["?", (1, 3, 5), (1, 3, 3)], 2), [None, None]),
    "rnn of two axes": (sized("RNN", [(7, 5), (1, 3, 5), (1, 3, 3)], 2), [None, None]),
    "rnn of an unknown width": (
        sized("RNN", [(7, 2, None), (1, 3, 5), (1, 3, 3)]),
        [(7, 1, 2, 3)],
    ),
    "range": (sized("Range", [[3], [11], [2]]), [(len(range(3, 11, 2)),)]),
    "range downwards": (sized("Range", [[11], [3], [-3]]), [(len(range(11, 3, -3)),)]),
    "range of nothing": (sized("Range", [[5], [3], [1]]), [(0,)]),
    "range of fractions": (
        sized("Range", [[0.0], [1.1], [0.25]]),
        [(len(np.arange(0.0, 1.1, 0.25)),)],
    ),
    "range of no fractions": (sized("Range", [[1.0], [0.0], [0.25]]), [(0,)]),
    "range to the unknown": (sized("Range", [[0], "?", [1]]), [(None,)]),
    "range of lists": (sized("Range", [[0, 1], [5], [1]]), [(None,)]),
    "frames": (
        sized("STFT", [(1, 100, 1), [10], None, [32]]),
        [(1, (100 - 32) // 10 + 1, 32 // 2 + 1, 2)],
    ),
    "frames as long as the window": (
        sized("STFT", [(1, 100, 1), [10], (20,)], onesided=0),
        [(1, (100 - 20) // 10 + 1, 20, 2)],
    ),
    "frames of the unknown": (sized("STFT", [(1, None, 1), [10], (20,)]), [(1, None, 11, 2)]),
    "frames of an unknown step": (sized("STFT", [(1, 100, 1), "?", (20,)]), [None]),
    # onnxruntime's own
    "pool of the last channels": (
        sized("MS:NhwcMaxPool", [(1, 9, 8, 4)], kernel_shape=(3, 2)),
        [(1, 9 - 3 + 1, 8 - 2 + 1, 4)],
    ),
    "pool of two axes": (sized("MS:NhwcMaxPool", [(1, 4)], kernel_shape=(3,)), [None]),
    "pool of one last axis": (sized("MS:NhwcMaxPool", [(1, 9, 4)], kernel_shape=(3,)), [(1, 7, 4)]),
    "quantised pool": (sized("MS:QLinearAveragePool", [(1, 4, 9)], kernel_shape=(3,)), [(1, 4, 7)]),
    "quantised pool, channels last": (
        sized("MS:QLinearAveragePool", [(1, 9, 4)], kernel_shape=(3,), channels_last=1),
        [(1, 7, 4)],
    ),
    "quantised global pool": (sized("MS:QLinearGlobalAveragePool", [(1, 4, 9, 8)]), [(1, 4, 1, 1)]),
    "quantised global pool, channels last": (
        sized("MS:QLinearGlobalAveragePool", [(1, 9, 8, 4)], channels_last=1),
        [(1, 1, 1, 4)],
    ),
    "quantised global pool of the unknown": (sized("MS:QLinearGlobalAveragePool", ["?"]), [None]),
    "quantised sum": (
        sized("MS:QLinearAdd", [(4, 1), (), (), (1, 5), (), ()]),
        [(4, 5)],
    ),
    "quantised sum of the unknown": (sized("MS:QLinearAdd", [(4, 1), (), (), "?"]), [None]),
    "quantised sum with the unknown": (sized("MS:QLinearAdd", ["?", (), (), (4,)]), [None]),
    "quantised choice": (
        sized("MS:QLinearWhere", [(4, 1, 1), (5, 1), (), (), (6,), (), (), (), ()]),
        [(4, 5, 6)],
    ),
    "quantised choice of the unknown": (
        sized("MS:QLinearWhere", [(4, 1), (4, 5), (), (), "?"]),
        [None],
    ),
    "quantised join": (
        sized("MS:QLinearConcat", [(), (), (2, 3), (), (), (2, 4), (), ()]),
        [(2, 3 + 4)],
    ),
    "norm of a sum": (
        sized("MS:SkipLayerNormalization", [(2, 5, 8)], 4),
        [(2, 5, 8), (2, 5, 1), (2, 5, 1), (2, 5, 8)],
    ),
    "norm of the unknown": (sized("MS:SkipLayerNormalization", ["?"], 2), [None, None]),
    "embedding and norm": (
        sized("MS:EmbedLayerNormalization", [(2, 5), (2, 5), (20, 8)], 3),
        [(2, 5, 8), (2,), (2, 5, 8)],
    ),
    "embedding of the unknown": (
        sized("MS:EmbedLayerNormalization", [(2, 5), (2, 5), "?"]),
        [None],
    ),
    "attention": (sized("MS:Attention", [(2, 5, 16), (16, 3 * 16)]), [(2, 5, 16)]),
    "attention of sizes that differ": (
        sized("MS:Attention", [(2, 5, 16), (16, 40)], qkv_hidden_sizes=(16, 16, 8)),
        [(2, 5, 8)],
    ),
    "attention with an unknown weight": (
        sized("MS:Attention", [(2, 5, 16), (16, None)]),
        [(2, 5, None)],
    ),
    "attention of two axes": (sized("MS:Attention", [(5, 16), (16, 48)]), [None]),
    "many heads": (
        sized("MS:MultiHeadAttention", [(2, 5, 16), (2, 7, 16), (2, 7, 24)], num_heads=4),
        [(2, 5, 24)],
    ),
    "many heads, values by head": (
        sized("MS:MultiHeadAttention", [(2, 5, 16), (2, 4, 7, 4), (2, 4, 7, 6)], num_heads=4),
        [(2, 5, 4 * 6)],
    ),
    "many heads, values of unknown size": (
        sized("MS:MultiHeadAttention", [(2, 5, 16), "?", (2, 4, 7, None)], num_heads=4),
        [(2, 5, None)],
    ),
    "many heads, packed": (
        sized("MS:MultiHeadAttention", [(2, 5, 4, 3, 8)], num_heads=4),
        [(2, 5, 4 * 8)],
    ),
    "many heads, packed and unknown": (
        sized("MS:MultiHeadAttention", [(2, 5, 4, 3, None)], num_heads=4),
        [(2, 5, None)],
    ),
    "many heads, packed, of unknown number": (
        sized("MS:MultiHeadAttention", [(2, 5, None, 3, 8)], num_heads=4),
        [(2, 5, None)],
    ),
    "many heads without values": (
        sized("MS:MultiHeadAttention", [(2, 5, 16), (2, 7, 4, 2, 4)], num_heads=4),
        [(2, 5, 16)],
    ),
    "many heads of the unknown": (sized("MS:MultiHeadAttention", ["?"]), [None]),
    "heads in groups": (
        sized(
            "MS:GroupQueryAttention",
            [(2, 5, 32), (2, 5, 16), (2, 5, 16), (2, 2, 3, 8), (2, 2, 3, 8)],
            3, num_heads=4, kv_num_heads=2,
        ),
        [(2, 5, 32), (2, 2, 3 + 5, 8), (2, 2, 3 + 5, 8)],
    ),
    "heads in groups without a past": (
        sized(
            "MS:GroupQueryAttention",
            [(2, 5, 32), (2, 5, 16), (2, 5, 16), None, None],
            2, num_heads=4, kv_num_heads=2,
        ),
        [(2, 5, 32), (2, 2, 5, 8)],
    ),
    "heads in groups, packed": (
        sized("MS:GroupQueryAttention", [(2, 5, 64)], 2, num_heads=4, kv_num_heads=2),
        [(2, 5, 4 * 8), (2, 2, 5, 8)],
    ),
    "heads in groups with a stated length": (
        sized(
            "MS:GroupQueryAttention",
            [(2, 5, 32), (2, 5, 32), (2, 5, 32), (2, 4, 3, 8), (2, 4, 3, 8), None, [20]],
            2, num_heads=4,
        ),
        [(2, 5, 32), (2, 4, 20, 8)],
    ),
    "heads in groups in a longer cache": (
        sized(
            "MS:GroupQueryAttention",
            [(2, 5, 32), (2, 5, 32), (2, 5, 32), (2, 4, 30, 8), (2, 4, 30, 8), None, [20]],
            2, num_heads=4,
        ),
        [(2, 5, 32), (2, 4, 30, 8)],
    ),
    "heads in groups of unknown size": (
        sized("MS:GroupQueryAttention", [(2, None, None)], 2, num_heads=4),
        [(2, None, None), (2, 4, None, None)],
    ),
    "heads in groups after an unknown past": (
        sized(
            "MS:GroupQueryAttention",
            [(2, 5, 32), (2, 5, 32), (2, 5, 32), (2, 4, None, 8)],
            2, num_heads=4,
        ),
        [(2, 5, 32), (2, 4, None, 8)],
    ),
    "heads in groups that are not told are one": (
        sized("MS:GroupQueryAttention", [(2, 5, 32), (2, 5, 32), (2, 5, 32), None, None], 2),
        [(2, 5, 32), (2, 1, 5, 32)],
    ),
    "heads in groups of two axes": (sized("MS:GroupQueryAttention", [(5, 32)]), [None]),
    "packed bits": (sized("MS:MatMulNBits", [(2, 5, 64)], N=10, K=64), [(2, 5, 10)]),
    "packed bits of the unknown": (sized("MS:MatMulNBits", ["?"], N=10, K=64), [None]),
    "product turned": (
        sized("MS:FusedMatMul", [(3, 5, 4), (3, 6, 5)], transA=1, transB=1),
        [(3, 4, 6)],
    ),
    "product of rows is not turned": (sized("MS:FusedMatMul", [(5,), (5,)], transA=1, transB=1),
                                      [()]),
    "product of batches turned": (
        sized("MS:FusedMatMul", [(3, 5, 4), (3, 4, 5)], transBatchA=1),
        [None],
    ),
    "product of other batches turned": (
        sized("MS:FusedMatMul", [(3, 5, 4), (3, 4, 5)], transBatchB=1),
        [None],
    ),
    "product of the unknown": (sized("MS:FusedMatMul", ["?", (4, 5)]), [None]),
    "blocks": (sized("BLOCKED:ReorderInput", [(1, 12, 9, 8)]), [(1, 12, 9, 8)]),
    "blocks from the last channels": (
        sized("BLOCKED:ReorderInput", [(1, 9, 8, 12)], channels_last=1),
        [(1, 12, 9, 8)],
    ),
    "blocks of two axes": (sized("BLOCKED:ReorderInput", [(1, 12)]), [None]),
    "blocks of one spatial axis": (sized("BLOCKED:ReorderInput", [(1, 12, 9)]), [(1, 12, 9)]),
    "blocked conv": (
        sized("BLOCKED:Conv", [(1, 12, 9, 8), (16, 16, 3, 1)]),
        [(1, 16, 9 - 3 + 1, 8)],
    ),
    "blocked conv of one axis": (sized("BLOCKED:Conv", [(1, 12, 9), (16, 16, 3)]), [(1, 16, 7)]),
    "blocked conv of no axis": (sized("BLOCKED:Conv", [(1, 12), (16, 16)]), [None]),
    "blocked conv of the unknown": (sized("BLOCKED:Conv", ["?", (16, 16, 3)]), [None]),
    "out of blocks": (
        sized("BLOCKED:ReorderOutput", [(1, 16, 9, 8)], channels=10),
        [(1, 10, 9, 8)],
    ),
    "out of blocks with channels last": (
        sized("BLOCKED:ReorderOutput", [(1, 16, 9, 8)], channels=10, channels_last=1),
        [(1, 9, 8, 10)],
    ),
    "out of blocks of one axis": (sized("BLOCKED:ReorderOutput", [(1,)]), [None]),
    "out of blocks of two axes": (sized("BLOCKED:ReorderOutput", [(1, 16)]), [(1, 16)]),
    "blocked enlarging": (
        sized("BLOCKED:Upsample", [(1, 16, None, 8)], scales=(1, 1, 2, 3)),
        [(1, 16, None, 8 * 3)],
    ),
    "blocked enlarging of the unknown": (
        sized("BLOCKED:Upsample", ["?"], scales=(1, 1, 2, 3)),
        [None],
    ),
    "blocked enlarging by nobody knows how much": (
        sized("BLOCKED:Upsample", [(1, 16, 9, 8)]),
        [None],
    ),
    "one new axis": (sized("MS:ExpandDims", [(3, 4), [1]]), [(3, 1, 4)]),
    "one new axis at the end": (sized("MS:ExpandDims", [(3, 4), [-1]]), [(3, 4, 1)]),
    "one new axis somewhere": (sized("MS:ExpandDims", [(3, 4), "?"]), [None]),
    "rows of a quantised table": (
        sized("MS:GatherBlockQuantized", [(100, 3, 64), (2, 5)]),
        [(2, 5, 3, 64)],
    ),
    "rows of a table of unknown width": (
        sized("MS:GatherBlockQuantized", [(100, None), (2, 5)]),
        [(2, 5, None)],
    ),
    "columns of a quantised table": (
        sized("MS:GatherBlockQuantized", [(100, 64), (2, 5)], gather_axis=1),
        [None],
    ),
    "rows of an unknown table": (sized("MS:GatherBlockQuantized", ["?", (2, 5)]), [None]),
    "an lstm of bytes": (
        sized("MS:DynamicQuantizeLSTM", [(7, 2, 5), (1, 5, 12), (1, 3, 12)], 3),
        [(7, 1, 2, 3), (1, 2, 3), (1, 2, 3)],
    ),
    "an lstm of bytes of two axes": (
        sized("MS:DynamicQuantizeLSTM", [(7, 5), (1, 5, 12), (1, 3, 12)]),
        [None],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sizes_follow_from_sizes(case: str) -> None:
    made, expected = CASES[case]
    assert made() == expected


@pytest.mark.parametrize(("kind", "bits", "per"), [(2, 4, 2), (3, 2, 4), (2, 8, 1), (22, 4, 1)])
def test_bytes_of_a_quantised_table_hold_several_numbers(kind: int, bits: int, per: int) -> None:
    """Types 2 and 3 are bytes; one of 4 bits (22) has its own size."""
    node = seen("GatherBlockQuantized", [(100, 16), (5,)], bits=bits)
    node.facts.kinds["i0"] = kind
    assert DOMAINS["com.microsoft"]["GatherBlockQuantized"](node) == [(5, 16 * per)]


MISFITS: dict[str, Made] = {
    "a sum of sizes that differ": sized("Add", [(4, 3), (4, 5)]),
    "a convolution of no axis": sized("Conv", [(1, 4), (6, 4)], kernel_shape=()),
    "a convolution of other channels": sized("Conv", [(1, 4, 9), (6, 3, 3)]),
    "a convolution of other groups": sized("Conv", [(1, 4, 9), (6, 4, 3)], group=2),
    "a kernel of other axes": sized("Conv", [(1, 4, 9, 9), (6, 4, 3)]),
    "a kernel that is too large": sized("Conv", [(1, 4, 2), (6, 4, 3)]),
    "a transposed kernel of other axes": sized("ConvTranspose", [(1, 4, 9, 9), (4, 6, 3)]),
    "padding that crops all": sized("ConvTranspose", [(1, 4, 1), (4, 6, 3)], pads=(2, 1)),
    "a pool without a kernel": sized("MaxPool", [(1, 4, 9)]),
    "a pool of two axes": sized("MaxPool", [(1, 4)], kernel_shape=(3,)),
    "a product of other insides": sized("MatMul", [(4, 5), (6, 7)]),
    "a product of a lone number": sized("MatMul", [(), (6, 7)]),
    "a product with a lone number": sized("MatMul", [(4, 5), ()]),
    "a product of matrices that differ": sized("Gemm", [(4, 5), (6, 7)]),
    "a product of three axes": sized("Gemm", [(2, 3, 5), (15, 6)]),
    "an old product with three axes": sized("Gemm", [(2, 5), (1, 5, 6)], version=6),
    "an old product of a lone number": sized("Gemm", [(), (5, 6)], version=6),
    "values that do not go in": sized("Reshape", [(2, 3), [4]]),
    "rows that leave a rest": sized("Reshape", [(2, 3), [4, -1]]),
    "rows of nothing": sized("Reshape", [(2, 3), [0, -1]], allowzero=1),
    "two that are left over": sized("Reshape", [(2, 3), [-1, -1]]),
    "a size below -1": sized("Reshape", [(2, 3), [-2, 3]]),
    "a size to keep that is not there": sized("Reshape", [(6,), [6, 0]]),
    "an axis that is named twice": sized("Transpose", [(2, 3)], perm=(0, 0)),
    "an axis that is left out": sized("Transpose", [(2, 3)], perm=(0,)),
    "tensors of other axes": sized("Concat", [(2, 3), (2, 3, 1)], axis=0),
    "tensors of other sizes": sized("Concat", [(2, 3), (4, 3)], axis=1),
    "no such axis": sized("Concat", [(2, 3), (2, 3)], axis=2),
    "no such axis from the end": sized("Concat", [(2, 3), (2, 3)], axis=-3),
    "a step of nothing": sized("Slice", [(9,), [0], [5], [0], [0]]),
    "a new axis that is named twice": sized("Unsqueeze", [(3, 4), [0, 0]]),
    "an axis that is not 1": sized("Squeeze", [(2, 3), [0]]),
    "a range that stands still": sized("Range", [[0], [5], [0]]),
    "a recurrent weight of another width": sized("LSTM", [(7, 2, 6), (1, 12, 5), (1, 12, 3)]),
    "a quantised one of another width": sized(
        "MS:DynamicQuantizeLSTM", [(7, 2, 6), (1, 5, 12), (1, 3, 12)]
    ),
    "factors of other axes": sized("BLOCKED:Upsample", [(1, 16, 9, 8)], scales=(2, 3)),
}


@pytest.mark.parametrize("case", MISFITS)
def test_sizes_that_do_not_fit_are_refused(case: str) -> None:
    with pytest.raises(DoesNotFitError):
        MISFITS[case]()


FLOAT, UINT8, INT8, INT32, INT64, BOOL, HALF = 1, 2, 3, 6, 7, 9, 10

KINDS: dict[str, tuple[str, list[int], dict[str, int], int, int]] = {
    "a cast states it": ("Cast", [FLOAT], {"to": INT64}, 0, INT64),
    "bits state it": ("BitCast", [FLOAT], {"to": INT32}, 0, INT32),
    "a pool keeps it": ("MaxPool", [HALF], {}, 0, HALF),
    "indexes are whole": ("MaxPool", [HALF], {}, 1, INT64),
    "a comparison": ("Less", [HALF, HALF], {}, 0, BOOL),
    "a choice has that of what is chosen": ("Where", [BOOL, HALF, HALF], {}, 0, HALF),
    "a quantiser has that of its zero": ("QuantizeLinear", [FLOAT, FLOAT, INT8], {}, 0, INT8),
    "a quantiser without one": ("QuantizeLinear", [FLOAT, FLOAT], {}, 0, UINT8),
    "a quantiser that states it": (
        "QuantizeLinear",
        [FLOAT, FLOAT, INT8],
        {"output_dtype": INT32},
        0,
        INT32,
    ),
    "its reverse has that of its scale": ("DequantizeLinear", [INT8, HALF], {}, 0, HALF),
    "its reverse without one": ("DequantizeLinear", [INT8], {}, 0, FLOAT),
    "a quantised product": ("QGemm", [INT8] * 9, {}, 0, INT8),
    "a quantised product without a zero": ("QGemm", [INT8] * 8, {}, 0, FLOAT),
    "a quantised table": ("GatherBlockQuantized", [INT8, INT64, HALF], {}, 0, HALF),
    "a quantised table without scales": ("GatherBlockQuantized", [INT8, INT64], {}, 0, FLOAT),
    "a quantised convolution": ("QLinearConv", [UINT8] * 7 + [INT8], {}, 0, INT8),
    "a quantised convolution cut short": ("QLinearConv", [UINT8] * 7, {}, 0, 0),
    "whole products": ("MatMulInteger", [INT8, INT8], {}, 0, INT32),
    "anything else": ("Relu", [HALF], {}, 0, HALF),
}


@pytest.mark.parametrize("case", KINDS)
def test_the_type_that_comes_out(case: str) -> None:
    op, types, attributes, output, expected = KINDS[case]
    node = seen(op, ["?"] * len(types), **attributes)
    node.facts.kinds.update(zip(node.names, types, strict=True))
    assert kind_of(node, output) == expected
