"""The rules that work out sizes in a TFLite graph, one by one.

Expected sizes are those that NumPy makes of arrays of the same sizes, or are written out from
TensorFlow's definition of the operator. What does not fit is refused, whatever a rule is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_models import Builder

from convcost.api import count_subject
from convcost.errors import SpecError
from convcost.sources.tflite.file import read_tflite
from convcost.sources.tflite.model import Dims, Operator, Tensor
from convcost.sources.tflite.reads import Reads, UnknownSizeError
from convcost.sources.tflite.rules import RULES
from convcost.sources.tflite.values import evaluate

Input = tuple[int, ...] | list[int] | int | None
"""What an operator reads: sizes, or values (a list or one number), or nothing."""

MISFITS = (ValueError, LookupError, TypeError, ArithmeticError)
"""What a rule raises where sizes do not fit; ``shapes`` makes the error of it."""


def reads(kind: str, inputs: Sequence[Input], makes: int = 1, **settings: Any) -> Reads:
    """What a rule is given. Lists are whole numbers, and known; tuples are sizes only."""
    dims: dict[int, Dims | None] = {}
    numbers: dict[int, Dims] = {}
    for at, given in enumerate(inputs):
        if isinstance(given, tuple):
            dims[at] = given
        elif given is not None:
            values = given if isinstance(given, list) else [given]
            dims[at] = (len(values),) if isinstance(given, list) else ()
            numbers[at] = tuple(values)
    places = tuple(-1 if given is None else at for at, given in enumerate(inputs))
    made = tuple(range(len(inputs), len(inputs) + makes))

    def setting(name: str) -> int:
        return int(settings.get(name, 0))

    operator = Operator(0, kind, False, places, made, setting, settings.get)
    tensors = [
        Tensor(f"t{at}", "FLOAT32", dims.get(at), (), None, 0, False, False, False, None)
        for at in range(len(inputs))
    ]
    return Reads(operator, tensors, dims, numbers)


def sizes(kind: str, inputs: Sequence[Input], makes: int = 1, **settings: Any) -> list[Any]:
    return list(RULES[kind](reads(kind, inputs, makes, **settings)))


Made = Callable[[], list[Any]]


def sized(kind: str, inputs: Sequence[Input], makes: int = 1, **settings: Any) -> Made:
    return lambda: sizes(kind, inputs, makes, **settings)


def valued(kind: str, inputs: Sequence[Input], makes: int = 1, **settings: Any) -> Made:
    return lambda: evaluate(reads(kind, inputs, makes, **settings))


def array(*dims: int) -> Any:
    return np.zeros(dims)


X = array(2, 3, 5, 7)

AS_NUMPY: dict[str, tuple[Made, list[Any]]] = {
    "reshape": (sized("RESHAPE", [X.shape, [6, 5, 7]]), [X.reshape(6, 5, 7)]),
    "reshape, the last open": (sized("RESHAPE", [X.shape, [2, -1]]), [X.reshape(2, -1)]),
    "reshape, the first open": (sized("RESHAPE", [X.shape, [-1, 7]]), [X.reshape(-1, 7)]),
    "reshape by its options": (sized("RESHAPE", [X.shape], NewShape=(6, 35)), [X.reshape(6, 35)]),
    "squeeze all": (sized("SQUEEZE", [(1, 3, 1, 7)]), [array(1, 3, 1, 7).squeeze()]),
    "squeeze one": (
        sized("SQUEEZE", [(1, 3, 1, 7)], SqueezeDims=(2,)),
        [array(1, 3, 1, 7).squeeze(2)],
    ),
    "squeeze from the end": (
        sized("SQUEEZE", [(1, 3, 1, 7)], SqueezeDims=(-4,)),
        [array(1, 3, 1, 7).squeeze(-4)],
    ),
    "expand in front": (sized("EXPAND_DIMS", [(3, 5), 0]), [np.expand_dims(array(3, 5), 0)]),
    "expand inside": (sized("EXPAND_DIMS", [(3, 5), 1]), [np.expand_dims(array(3, 5), 1)]),
    "expand at the end": (sized("EXPAND_DIMS", [(3, 5), -1]), [np.expand_dims(array(3, 5), -1)]),
    "transpose": (sized("TRANSPOSE", [X.shape, [3, 0, 2, 1]]), [X.transpose(3, 0, 2, 1)]),
    "transpose from the end": (
        sized("TRANSPOSE", [X.shape, [0, -1, 1, 2]]),
        [X.transpose(0, -1, 1, 2)],
    ),
    "concatenation": (
        sized("CONCATENATION", [(2, 3, 5), (2, 4, 5), (2, 1, 5)], Axis=1),
        [np.concatenate([array(2, 3, 5), array(2, 4, 5), array(2, 1, 5)], 1)],
    ),
    "concatenation from the end": (
        sized("CONCATENATION", [(2, 3), (2, 4)], Axis=-1),
        [np.concatenate([array(2, 3), array(2, 4)], -1)],
    ),
    "pad": (
        sized("PAD", [(2, 3, 5), [0, 0, 1, 2, 3, 4]]),
        [np.pad(array(2, 3, 5), [(0, 0), (1, 2), (3, 4)])],
    ),
    "sum of one axis": (sized("SUM", [X.shape, [1]]), [X.sum(1)]),
    "sum of two axes": (sized("SUM", [X.shape, [1, -1]]), [X.sum((1, -1))]),
    "sum that keeps its axes": (
        sized("SUM", [X.shape, [2, 1]], KeepDims=1),
        [X.sum((2, 1), keepdims=True)],
    ),
    "argmax": (sized("ARG_MAX", [X.shape, 1]), [X.argmax(1)]),
    "argmax from the end": (sized("ARG_MIN", [X.shape, -1]), [X.argmin(-1)]),
    "split": (sized("SPLIT", [1, (2, 6, 5)], 3), np.split(array(2, 6, 5), 3, 1)),
    "split at sizes": (
        sized("SPLIT_V", [(2, 9), [2, 3, 4], 1], 3),
        np.split(array(2, 9), [2, 2 + 3], 1),
    ),
    "split at sizes of which one is open": (
        sized("SPLIT_V", [(9, 2, 5), [2, -1, 4], 0], 3),
        np.split(array(9, 2, 5), [2, 9 - 4], 0),
    ),
    "pack": (sized("PACK", [(2, 3)] * 4, Axis=1), [np.stack([array(2, 3)] * 4, 1)]),
    "pack at the end": (sized("PACK", [(2, 3)] * 4, Axis=-1), [np.stack([array(2, 3)] * 4, -1)]),
    "unpack": (sized("UNPACK", [(2, 3, 5)], 3, Axis=1), [array(2, 3, 5)[:, i] for i in range(3)]),
    "slice": (
        sized("SLICE", [(2, 6, 5), [0, 1, 2], [2, 4, 3]]),
        [array(2, 6, 5)[0:2, 1 : 1 + 4, 2 : 2 + 3]],
    ),
    "slice to the end": (
        sized("SLICE", [(2, 6, 5), [0, 1, 2], [2, 4, -1]]),
        [array(2, 6, 5)[0:2, 1 : 1 + 4, 2:]],
    ),
    "slice wherever it begins": (
        sized("SLICE", [(2, 6, 5), (3,), [2, 4, 3]]),
        [array(2, 6, 5)[:2, 2:6, 1:4]],
    ),
    "tile": (sized("TILE", [(2, 3, 5), [1, 4, 2]]), [np.tile(array(2, 3, 5), [1, 4, 2])]),
    "gather": (
        sized("GATHER", [(2, 3, 5), (4, 6)], Axis=1),
        [np.take(array(2, 3, 5), np.zeros((4, 6), int), 1)],
    ),
    "gather from the end": (
        sized("GATHER", [(2, 3, 5), ()], Axis=-1),
        [np.take(array(2, 3, 5), np.int64(0), -1)],
    ),
    "gather in each sample": (
        sized("GATHER", [(2, 3, 5), (2, 4)], Axis=1, BatchDims=1),
        [np.stack([np.take(array(3, 5), np.zeros(4, int), 0)] * 2)],
    ),
    "gather at places": (
        sized("GATHER_ND", [(2, 3, 5), (4, 6, 2)]),
        [array(2, 3, 5)[np.zeros((4, 6), int), np.zeros((4, 6), int)]],
    ),
    "gather whole places": (
        sized("GATHER_ND", [(2, 3), (4, 2)]),
        [array(2, 3)[np.zeros(4, int), np.zeros(4, int)]],
    ),
    "embedding": (
        sized("EMBEDDING_LOOKUP", [(4, 6), (100, 8, 9)]),
        [array(100, 8, 9)[np.zeros((4, 6), int)]],
    ),
    "shape": (sized("SHAPE", [(2, 3, 5)]), [np.array(array(2, 3, 5).shape)]),
    "rank": (sized("RANK", [(2, 3, 5)]), [np.int64(3)]),
    "fill": (sized("FILL", [[2, 3], ()]), [np.full([2, 3], 0)]),
    "broadcast": (
        sized("BROADCAST_TO", [(3, 1), [2, 3, 4]]),
        [np.broadcast_to(array(3, 1), (2, 3, 4))],
    ),
    "range": (sized("RANGE", [3, 11, 2]), [np.arange(3, 11, 2)]),
    "range downwards": (sized("RANGE", [11, 3, -3]), [np.arange(11, 3, -3)]),
    "sum of two": (sized("ADD", [(4, 1, 5), (3, 1)]), [array(4, 1, 5) + array(3, 1)]),
    "sum with a number": (sized("MUL", [(), (3, 2)]), [array() * array(3, 2)]),
    "product": (sized("BATCH_MATMUL", [(2, 1, 4, 5), (3, 5, 6)]),
                [array(2, 1, 4, 5) @ array(3, 5, 6)]),
    "product with its left side turned": (
        sized("BATCH_MATMUL", [(2, 5, 4), (2, 5, 6)], AdjX=1),
        [array(2, 5, 4).transpose(0, 2, 1) @ array(2, 5, 6)],
    ),
    "product with its right side turned": (
        sized("BATCH_MATMUL", [(2, 4, 5), (2, 6, 5)], AdjY=1),
        [array(2, 4, 5) @ array(2, 6, 5).transpose(0, 2, 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AS_NUMPY)
def test_sizes_are_those_that_numpy_makes(case: str) -> None:
    made, arrays = AS_NUMPY[case]
    assert made() == [tuple(array.shape) for array in arrays]


IMAGE = (2, 4, 6, 8)

AS_DEFINED: dict[str, tuple[Made, list[Dims]]] = {
    "resize": (sized("RESIZE_BILINEAR", [IMAGE, [9, 11]]), [(2, 9, 11, 8)]),
    "space to depth": (
        sized("SPACE_TO_DEPTH", [IMAGE], BlockSize=2),
        [(2, 4 // 2, 6 // 2, 8 * 2 * 2)],
    ),
    "depth to space": (
        sized("DEPTH_TO_SPACE", [IMAGE], BlockSize=2),
        [(2, 4 * 2, 6 * 2, 8 // (2 * 2))],
    ),
    "space to batch": (
        sized("SPACE_TO_BATCH_ND", [IMAGE, [2, 3], [1, 3, 2, 1]]),
        [(2 * 2 * 3, (1 + 4 + 3) // 2, (2 + 6 + 1) // 3, 8)],
    ),
    "space to batch on one axis": (
        sized("SPACE_TO_BATCH_ND", [(2, 6, 5), [3], [0, 0]]),
        [(2 * 3, 6 // 3, 5)],
    ),
    "batch to space": (
        sized("BATCH_TO_SPACE_ND", [(12, 4, 6, 8), [2, 3], [1, 2, 3, 4]]),
        [(12 // (2 * 3), 4 * 2 - 1 - 2, 6 * 3 - 3 - 4, 8)],
    ),
    "one hot": (sized("ONE_HOT", [(2, 3), 10, (), ()], Axis=-1), [(2, 3, 10)]),
    "one hot in front": (sized("ONE_HOT", [(2, 3), 10, (), ()], Axis=0), [(10, 2, 3)]),
    "sparse to dense": (sized("SPARSE_TO_DENSE", [(4, 2), [5, 6], (4,), ()]), [(5, 6)]),
    "scatter": (sized("SCATTER_ND", [(4, 1), (4, 6), [5, 6]]), [(5, 6)]),
    "the largest": (sized("TOPK_V2", [(2, 9), 3], 2), [(2, 3), (2, 3)]),
    "select": (sized("SELECT", [(2,), (2, 3), (2, 3)]), [(2, 3)]),
    "activation": (sized("RELU", [IMAGE]), [IMAGE]),
    "convolution": (
        sized("CONV_2D", [IMAGE, (5, 3, 3, 8)], Padding=1, StrideH=1, StrideW=2),
        [(2, 4 - 3 + 1, (6 - 3) // 2 + 1, 5)],
    ),
    "transposed convolution": (
        sized(
            "TRANSPOSE_CONV", [[2, 9, 13, 5], (5, 3, 3, 8), IMAGE], Padding=1, StrideH=2, StrideW=2
        ),
        [(2, 4 * 2 + 1, 6 * 2 + 1, 5)],
    ),
    "transposed convolution of three axes": (
        sized("CONV_3D_TRANSPOSE", [[2, 6, 8, 10, 5], (2, 2, 2, 5, 8), (2, 3, 4, 5, 8)]),
        [(2, 3 * 2, 4 * 2, 5 * 2, 5)],
    ),
    "fully connected": (sized("FULLY_CONNECTED", [(2, 3, 4), (5, 12)]), [(2 * 3 * 4 // 12, 5)]),
    "fully connected that keeps its axes": (
        sized("FULLY_CONNECTED", [(2, 3, 4), (5, 4)], KeepNumDims=1),
        [(2, 3, 5)],
    ),
    "pool": (
        sized(
            "MAX_POOL_2D", [IMAGE], Padding=1,
            FilterHeight=2, FilterWidth=3, StrideH=2, StrideW=1,
        ),
        [(2, 4 // 2, 6 - 3 + 1, 8)],
    ),
    "svdf": (sized("SVDF", [(2, 5), (12, 5)], Rank=3), [(2, 12 // 3)]),
    "rnn": (sized("RNN", [(2, 5), (7, 5)]), [(2, 7)]),
    "rnn of a sequence": (
        sized("UNIDIRECTIONAL_SEQUENCE_RNN", [(2, 9, 5), (7, 5)]),
        [(2, 9, 7)],
    ),
    "rnn both ways": (
        sized("BIDIRECTIONAL_SEQUENCE_RNN", [(2, 9, 5), (7, 5), None, None, None, (3, 5)], 2),
        [(2, 9, 7), (2, 9, 3)],
    ),
    "rnn both ways in one": (
        sized(
            "BIDIRECTIONAL_SEQUENCE_RNN",
            [(2, 9, 5), (7, 5), None, None, None, (3, 5)],
            MergeOutputs=1,
        ),
        [(2, 9, 7 + 3)],
    ),
    "lstm": (
        sized("UNIDIRECTIONAL_SEQUENCE_LSTM", [(2, 9, 5), *[None] * 5, (7, 4)]),
        [(2, 9, 4)],
    ),
    "lstm both ways": (
        sized(
            "BIDIRECTIONAL_SEQUENCE_LSTM",
            [(2, 9, 5), *[None] * 5, (7, 4), *[None] * 16, (6, 3)],
            2,
        ),
        [(2, 9, 4), (2, 9, 3)],
    ),
    "a basic lstm": (
        sized("LSTM", [(2, 5), (2, 3), (12, 8), (12,), (2, 3)], 4, KernelType=1),
        [(2, 3), (2, 3), (2, 5 + 3), (2, 4 * 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AS_DEFINED)
def test_sizes_are_those_of_the_definition(case: str) -> None:
    made, expected = AS_DEFINED[case]
    assert made() == expected


MISFIT: dict[str, tuple[str, list[Input], int, dict[str, Any]]] = {
    "reshape to another number of values": ("RESHAPE", [(2, 3), [4]], 1, {}),
    "reshape with two open axes": ("RESHAPE", [(2, 3), [-1, -1]], 1, {}),
    "reshape with an open axis that leaves a rest": ("RESHAPE", [(2, 3), [4, -1]], 1, {}),
    "reshape of values to none and an open axis": ("RESHAPE", [(2, 3), [0, -1]], 1, {}),
    "squeeze of a size": ("SQUEEZE", [(1, 3)], 1, {"SqueezeDims": (1,)}),
    "squeeze of no axis": ("SQUEEZE", [(1, 3)], 1, {"SqueezeDims": (2,)}),
    "expand far behind": ("EXPAND_DIMS", [(3, 5), 3], 1, {}),
    "transpose that names an axis twice": ("TRANSPOSE", [(2, 3), [1, -1]], 1, {}),
    "transpose that leaves an axis out": ("TRANSPOSE", [(2, 3), [0]], 1, {}),
    "join of sizes that differ": ("CONCATENATION", [(2, 3), (4, 3)], 1, {"Axis": 1}),
    "join of sizes that differ behind": ("CONCATENATION", [(2, 3), (2, 4)], 1, {"Axis": 0}),
    "pads of too few axes": ("PAD", [(2, 3), [1, 1]], 1, {}),
    "pads of too many axes": ("PAD", [(2,), [1, 1, 1, 1]], 1, {}),
    "split with a rest": ("SPLIT", [1, (2, 5)], 2, {}),
    "split at sizes with a rest": ("SPLIT_V", [(9,), [2, 3], 0], 2, {}),
    "split at two open sizes": ("SPLIT_V", [(9,), [-1, -1], 0], 2, {}),
    "pack of sizes that differ": ("PACK", [(2, 3), (2, 4)], 1, {}),
    "unpack of another number": ("UNPACK", [(3, 2)], 2, {}),
    "slice from before": ("SLICE", [(5,), [-1], [2]], 1, {}),
    "slice beyond the end": ("SLICE", [(5,), [2], [4]], 1, {}),
    "tile of too few axes": ("TILE", [(2, 3), [1]], 1, {}),
    "gather in more samples than stand before": (
        "GATHER",
        [(2, 3), (2, 3)],
        1,
        {"Axis": 0, "BatchDims": 1},
    ),
    "gather in fewer than no samples": ("GATHER", [(2, 3), (2,)], 1, {"BatchDims": -1}),
    "places of more axes than there are": ("GATHER_ND", [(2, 3), (4, 3)], 1, {}),
    "places without an axis": ("GATHER_ND", [(2, 3), ()], 1, {}),
    "resize to one size": ("RESIZE_BILINEAR", [IMAGE, [9]], 1, {}),
    "blocks that leave rows over": ("SPACE_TO_DEPTH", [(1, 5, 6, 8)], 1, {"BlockSize": 2}),
    "blocks that leave columns over": ("SPACE_TO_DEPTH", [(1, 4, 5, 8)], 1, {"BlockSize": 2}),
    "blocks of nothing": ("SPACE_TO_DEPTH", [IMAGE], 1, {}),
    "channels that make no blocks": ("DEPTH_TO_SPACE", [(1, 4, 4, 6)], 1, {"BlockSize": 2}),
    "a batch of parts of blocks": ("SPACE_TO_BATCH_ND", [(1, 5, 3), [2], [0, 0]], 1, {}),
    "too few pads for blocks": ("SPACE_TO_BATCH_ND", [IMAGE, [2, 2], [0, 0]], 1, {}),
    "a batch that makes no blocks": ("BATCH_TO_SPACE_ND", [(3, 5, 3), [2], [0, 0]], 1, {}),
    "stretching to fewer": ("BROADCAST_TO", [(3, 4), [1, 4]], 1, {}),
    "stretching what is no 1": ("BROADCAST_TO", [(3, 4), [6, 4]], 1, {}),
    "a sum of sizes that differ": ("ADD", [(2, 3), (2, 4)], 1, {}),
    "a product whose insides differ": ("BATCH_MATMUL", [(4, 5), (6, 7)], 1, {}),
    "a product of a list": ("BATCH_MATMUL", [(5,), (5, 7)], 1, {}),
    "a product with a list": ("BATCH_MATMUL", [(4, 5), (5,)], 1, {}),
    "a product of samples that differ": ("BATCH_MATMUL", [(2, 4, 5), (3, 5, 6)], 1, {}),
    "a convolution of an image of two axes": ("CONV_2D", [(4, 6, 8), (5, 3, 3, 8)], 1, {}),
    "a filter of three axes": ("CONV_2D", [IMAGE, (5, 3, 8)], 1, {"StrideH": 1, "StrideW": 1}),
    "a convolution without a stride": ("CONV_2D", [IMAGE, (5, 3, 3, 8)], 1, {"StrideH": 1}),
    "a convolution with a stride too large": (
        "CONV_2D",
        [IMAGE, (5, 1, 1, 8)],
        1,
        {"StrideH": 1, "StrideW": 2**31},
    ),
    "a filter of channels that make no groups": (
        "CONV_2D",
        [IMAGE, (5, 3, 3, 3)],
        1,
        {"StrideH": 1, "StrideW": 1},
    ),
    "a filter without channels": (
        "CONV_2D",
        [IMAGE, (5, 3, 3, 0)],
        1,
        {"StrideH": 1, "StrideW": 1},
    ),
    "a filter of nothing": ("CONV_2D", [IMAGE, (0, 3, 3, 8)], 1, {"StrideH": 1, "StrideW": 1}),
    "two depthwise filters": (
        "DEPTHWISE_CONV_2D",
        [IMAGE, (2, 3, 3, 8)],
        1,
        {"StrideH": 1, "StrideW": 1},
    ),
    "a transposed convolution to sizes of other axes": (
        "TRANSPOSE_CONV",
        [[9, 13, 5], (5, 3, 3, 8), IMAGE],
        1,
        {"StrideH": 2, "StrideW": 2},
    ),
    "rows that are no whole number": ("FULLY_CONNECTED", [(2, 5), (3, 4)], 1, {}),
    "a matrix of one axis": ("FULLY_CONNECTED", [(2, 4), (4,)], 1, {}),
    "a matrix without columns": ("FULLY_CONNECTED", [(2, 4), (4, 0)], 1, {}),
    "channels of another size": ("FULLY_CONNECTED", [(1, 8), (3, 4)], 1, {"KeepNumDims": 1}),
    "channels that are not there": ("FULLY_CONNECTED", [(), (3, 1)], 1, {"KeepNumDims": 1}),
    "a pool of five axes": (
        "MAX_POOL_2D",
        [(4, 6, 8)],
        1,
        {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 1, "StrideW": 1},
    ),
    "a pool of three axes": (
        "MAX_POOL_2D",
        [(*IMAGE, 2)],
        1,
        {"FilterHeight": 1, "FilterWidth": 1, "StrideH": 1, "StrideW": 1},
    ),
    "a pool without a window": ("MAX_POOL_2D", [IMAGE], 1, {"StrideH": 1, "StrideW": 1}),
    "filters that make no ranks": ("SVDF", [(2, 5), (13, 5)], 1, {"Rank": 3}),
    "filters of another size": ("SVDF", [(2, 5), (12, 4)], 1, {"Rank": 3}),
}


@pytest.mark.parametrize("case", MISFIT)
def test_sizes_that_do_not_fit_are_refused(case: str) -> None:
    kind, inputs, makes, settings = MISFIT[case]
    with pytest.raises(MISFITS):
        sizes(kind, inputs, makes, **settings)


def test_a_convolution_keeps_the_channels_that_the_file_states() -> None:
    """Other ones would make groups of it."""
    made = reads("CONV_2D", [IMAGE, (5, 1, 1, 8)], StrideH=1, StrideW=1)
    assert list(RULES["CONV_2D"](made)) == [(*IMAGE[:3], 5)]
    made = reads("CONV_2D", [IMAGE, (5, 1, 1, 8)], StrideH=1, StrideW=1)
    made._dims[0] = (2, 4, 6, 16)
    with pytest.raises(ValueError):
        RULES["CONV_2D"](made)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("RESHAPE", [(2, 3)]),  # neither an input nor an option
        ("RESHAPE", [(2, 3), None]),
        ("RESHAPE", [(2, 3), (2,)]),
        ("TILE", [(2, 3), (2,)]),
        ("SLICE", [(5,), (1,), [-1]]),  # to the end, from nobody knows where
    ],
)
def test_sizes_that_depend_on_data_are_unknown(kind: str, inputs: list[Input]) -> None:
    with pytest.raises(UnknownSizeError):
        sizes(kind, inputs)


TEN = list(range(10, 20))

COMPUTED: dict[str, tuple[Made, list[Any]]] = {
    "rank": (valued("RANK", [(2, 3, 5)]), [(3,)]),
    "shape": (valued("SHAPE", [(2, 3, 5)]), [(2, 3, 5)]),
    "cast": (valued("CAST", [TEN]), [tuple(TEN)]),
    "pack": (valued("PACK", [4, 5, 6]), [(4, 5, 6)]),
    "join": (valued("CONCATENATION", [[4, 5], [6]]), [(4, 5, 6)]),
    "pack of lists": (valued("PACK", [[4], [5]]), []),
    "join of numbers": (valued("CONCATENATION", [4, 5]), []),
    "unpack": (valued("UNPACK", [[4, 5]], 2), [(4,), (5,)]),
    "unpack of a number": (valued("UNPACK", [4]), []),
    "slice": (valued("SLICE", [TEN, [2], [3]]), [tuple(TEN[2 : 2 + 3])]),
    "slice to the end": (valued("SLICE", [TEN, [2], [-1]]), [tuple(TEN[2:])]),
    "strided slice": (valued("STRIDED_SLICE", [TEN, [1], [8], [3]]), [tuple(TEN[1:8:3])]),
    "strided slice of one": (
        valued("STRIDED_SLICE", [TEN, [-2], [-1], [1]], ShrinkAxisMask=1),
        [(TEN[-2],)],
    ),
    "strided slice of so many": (
        valued("STRIDED_SLICE", [TEN, [2], [3], [1]], Offset=1),
        [tuple(TEN[2 : 2 + 3])],
    ),
    "gather": (valued("GATHER", [TEN, [3, 1, 1]]), [(TEN[3], TEN[1], TEN[1])]),
    "product": (valued("REDUCE_PROD", [[2, 3, 7], [0]]), [(2 * 3 * 7,)]),
    "product of a number": (valued("REDUCE_PROD", [5, []]), [(5,)]),
    "product over no axis": (valued("REDUCE_PROD", [[2, 3, 7], []]), []),
    "a number and a list": (valued("ADD", [[1, 2, 3], 10]), [(11, 12, 13)]),
    "a list and a number": (valued("SUB", [10, [1, 2, 3]]), [(9, 8, 7)]),
    "two lists": (valued("MUL", [[1, 2], [3, 4]]), [(1 * 3, 2 * 4)]),
    "two lists that differ": (valued("MUL", [[1, 2], [3, 4, 5]]), []),
    "division": (valued("DIV", [[7, -7, 7, -7, 6], [2, 2, -2, -2, -2]]), [(3, -3, -3, 3, -3)]),
    "division by nothing": (valued("FLOOR_DIV", [7, 0]), []),
    "floor": (valued("FLOOR_DIV", [[7, -7], [2, 2]]), [(7 // 2, -7 // 2)]),
    "rest": (valued("FLOOR_MOD", [[7, -7], [4, 4]]), [(7 % 4, -7 % 4)]),
    "less": (valued("LESS", [[1, 2, 3], 2]), [(1, 0, 0)]),
    "less or equal": (valued("LESS_EQUAL", [[1, 2, 3], 2]), [(1, 1, 0)]),
    "greater": (valued("GREATER", [[1, 2, 3], 2]), [(0, 0, 1)]),
    "greater or equal": (valued("GREATER_EQUAL", [[1, 2, 3], 2]), [(0, 1, 1)]),
    "equal": (valued("EQUAL", [[1, 2, 3], 2]), [(0, 1, 0)]),
    "not equal": (valued("NOT_EQUAL", [[1, 2, 3], 2]), [(1, 0, 1)]),
    "and": (valued("LOGICAL_AND", [[0, 1, 0, 1], [0, 0, 1, 1]]), [(0, 0, 0, 1)]),
    "or": (valued("LOGICAL_OR", [[0, 1, 0, 1], [0, 0, 1, 1]]), [(0, 1, 1, 1)]),
    "as many as sizes may be": (valued("CAST", [[1] * 64]), [(1,) * 64]),
    "more than sizes may be": (valued("CAST", [[1] * 65]), [None]),
    "what nobody knows": (valued("CAST", [(3,)]), []),
    "an operator of another kind": (valued("RELU", [TEN]), []),
}


@pytest.mark.parametrize("case", COMPUTED)
def test_whole_numbers_are_computed_as_the_operator_does(case: str) -> None:
    made, expected = COMPUTED[case]
    assert made() == expected


@pytest.mark.parametrize("axes", [8, 9])
def test_a_tensor_has_8_axes_at_most(tmp_path: Path, axes: int) -> None:
    b = Builder()
    x, y = b.tensor("x", *[1] * axes), b.tensor("y", *[1] * axes)
    b.operator("RELU", [x], [y])
    path = tmp_path / "model.tflite"
    path.write_bytes(b.build([x], [y]))
    if axes <= 8:
        assert count_subject(read_tflite(path)).params == 0
    else:
        with pytest.raises(SpecError) as caught:
            read_tflite(path)
        assert caught.value.message == "x has 9 axes"
