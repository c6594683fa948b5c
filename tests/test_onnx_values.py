"""Arithmetic between sizes gives what the reference evaluator of the ``onnx`` package gives.

Whole numbers are divided towards zero, as onnxruntime divides them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator

from convcost.sources.onnx.values import RARE, compute

Case = tuple[str, Sequence[Any], dict[str, Any]]


def ints(*values: Any) -> Any:
    return np.array(values, dtype=np.int64)


def floats(*values: Any) -> Any:
    return np.array(values, dtype=np.float32)


TABLE = np.arange(24, dtype=np.int64).reshape(2, 3, 4)
MIXED = ints(3, 0, -2, 7)

CASES: dict[str, Case] = {
    "identity": ("Identity", [MIXED], {}),
    "where": ("Where", [np.array([True, False]), ints(1, 2), ints(3, 4)], {}),
    "reciprocal": ("Reciprocal", [floats(2, 4)], {}),
    "add": ("Add", [ints(1, 2), ints(3)], {}),
    "sub": ("Sub", [ints(1, 2), ints(3)], {}),
    "mul": ("Mul", [ints(4, 2), ints(3)], {}),
    "div of fractions": ("Div", [floats(7, -7, 6), floats(2)], {}),
    "mod": ("Mod", [ints(7, -7), ints(4)], {}),
    "mod as in C": ("Mod", [ints(7, -7), ints(4)], {"fmod": 1}),
    "pow": ("Pow", [ints(2, 3), ints(5)], {}),
    "pow of mixed types": ("Pow", [ints(2, 3), floats(3)], {}),
    "equal": ("Equal", [ints(1, 2, 3), ints(2)], {}),
    "greater": ("Greater", [ints(1, 2, 3), ints(2)], {}),
    "less": ("Less", [ints(1, 2, 3), ints(2)], {}),
    "greater or equal": ("GreaterOrEqual", [ints(1, 2, 3), ints(2)], {}),
    "less or equal": ("LessOrEqual", [ints(1, 2, 3), ints(2)], {}),
    "and": ("And", [np.array([True, True, False]), np.array([True, False, False])], {}),
    "or": ("Or", [np.array([True, True, False]), np.array([True, False, False])], {}),
    "xor": ("Xor", [np.array([True, True, False]), np.array([True, False, False])], {}),
    "not": ("Not", [np.array([True, False])], {}),
    "neg": ("Neg", [MIXED], {}),
    "abs": ("Abs", [MIXED], {}),
    "sign": ("Sign", [MIXED], {}),
    "floor": ("Floor", [floats(1.5, -1.5)], {}),
    "ceil": ("Ceil", [floats(1.5, -1.5)], {}),
    "round": ("Round", [floats(1.5, 2.5, -0.6)], {}),
    "sqrt": ("Sqrt", [floats(9, 16)], {}),
    "exp": ("Exp", [floats(0, 1)], {}),
    "log": ("Log", [floats(1, 8)], {}),
    "max": ("Max", [ints(1, 5), ints(3, 4), ints(2)], {}),
    "min": ("Min", [ints(1, 5), ints(3, 4), ints(2)], {}),
    "sum": ("Sum", [floats(1, 5), floats(3, 4), floats(2, 2)], {}),
    "gather": ("Gather", [TABLE, ints(2, 0)], {"axis": 1}),
    "gather rows": ("Gather", [TABLE, ints(1)], {}),
    "slice": ("Slice", [TABLE, ints(0, 1), ints(2, 4), ints(1, 2), ints(2, 1)], {}),
    "slice from the end": ("Slice", [TABLE, ints(-2), ints(1000), ints(-1)], {}),
    "slice of the first axes": ("Slice", [TABLE, ints(1, 1), ints(2, 3)], {}),
    "slice backwards": ("Slice", [TABLE, ints(-1), ints(0), ints(2), ints(-2)], {}),
    "slice backwards to the start": (
        "Slice",
        [TABLE, ints(-1), ints(-1000), ints(2), ints(-1)],
        {},
    ),
    "concat": ("Concat", [TABLE, TABLE[:, :1]], {"axis": 1}),
    "split": ("Split", [TABLE, ints(1, 3)], {"axis": 2}),
    "split in equal parts": ("Split", [TABLE], {"axis": 2, "num_outputs": 2}),
    "split with a rest": ("Split", [TABLE], {"axis": 1, "num_outputs": 2}),
    "squeeze": ("Squeeze", [TABLE[:1, :, :1], ints(0)], {}),
    "squeeze all": ("Squeeze", [TABLE[:1, :, :1]], {}),
    "unsqueeze": ("Unsqueeze", [TABLE, ints(0, -1)], {}),
    "reshape": ("Reshape", [TABLE, ints(0, -1)], {}),
    "reshape to nothing": ("Reshape", [TABLE[:0], ints(0, 5)], {"allowzero": 1}),
    "flatten": ("Flatten", [TABLE], {"axis": 2}),
    "flatten by default": ("Flatten", [TABLE], {}),
    "flatten all": ("Flatten", [TABLE], {"axis": 0}),
    "transpose": ("Transpose", [TABLE], {"perm": [2, 0, 1]}),
    "transpose turns round": ("Transpose", [TABLE], {}),
    "zeros": ("ConstantOfShape", [ints(2, 3)], {}),
    "expand": ("Expand", [TABLE[:1, :, :1], ints(2, 1, 4)], {}),
    "expand to fewer axes": ("Expand", [TABLE, ints(4)], {}),
    "tile": ("Tile", [TABLE, ints(1, 2, 3)], {}),
    "range": ("Range", [np.int64(3), np.int64(11), np.int64(2)], {}),
    "sum of axes": ("ReduceSum", [TABLE, ints(0, -1)], {}),
    "sum that drops its axes": ("ReduceSum", [TABLE, ints(1)], {"keepdims": 0}),
    "sum of all": ("ReduceSum", [TABLE], {}),
    "sum of nothing": ("ReduceSum", [TABLE, ints()], {"noop_with_empty_axes": 1}),
    "product": ("ReduceProd", [TABLE[:, :2, :2] + 1, ints(1)], {}),
    "largest": ("ReduceMax", [TABLE, ints(2)], {"keepdims": 0}),
    "smallest": ("ReduceMin", [TABLE, ints(2)], {"keepdims": 0}),
    "mean": ("ReduceMean", [TABLE.astype(np.float32), ints(2)], {}),
    "where the largest is": ("ArgMax", [TABLE % 5], {"axis": 1}),
    "where the smallest is": ("ArgMin", [TABLE % 5], {"axis": 2, "keepdims": 0}),
    "where the largest of all rows is": ("ArgMax", [TABLE % 5], {}),
    "where the last of the largest is": ("ArgMax", [ints(7, 3, 7, 1)], {"select_last_index": 1}),
    "where the last of the smallest is": (
        "ArgMin",
        [TABLE % 2],
        {"axis": 2, "select_last_index": 1, "keepdims": 0},
    ),
    "clip": ("Clip", [MIXED, np.int64(0), np.int64(5)], {}),
    "clip from below": ("Clip", [MIXED, np.int64(0)], {}),
    "clip from above": ("Clip", [MIXED, None, np.int64(5)], {}),
    "clip without bounds": ("Clip", [MIXED], {}),
    "what is not zero": ("NonZero", [MIXED], {}),
    "cast": ("Cast", [floats(1.5, -1.5)], {"to": onnx.TensorProto.INT64}),
    "cumulative sum": ("CumSum", [MIXED, np.int64(0)], {}),
    "one hot": ("OneHot", [ints(1, 0), np.int64(3), ints(0, 1)], {}),
}


def as_onnx(op: str, inputs: Sequence[Any], made: int, **attributes: Any) -> tuple[Any, list[Any]]:
    """The node, and what the package's evaluator makes."""
    names = ["" if array is None else f"i{at}" for at, array in enumerate(inputs)]
    node = helper.make_node(op, names, [f"o{at}" for at in range(made)], **attributes)
    feed = {name: np.asarray(a) for name, a in zip(names, inputs, strict=True) if name}
    values = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in feed.items()
    ]
    ends = [helper.make_empty_tensor_value_info(name) for name in node.output]
    graph = helper.make_graph([node], "one", values, ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    return node, list(ReferenceEvaluator(model).run(None, feed))


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_the_reference_evaluator(case: str) -> None:
    op, inputs, attributes = CASES[case]
    made = len(inputs[1]) if case == "split" else attributes.get("num_outputs", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node, expected = as_onnx(op, inputs, made, **attributes)
    given = {**attributes, "outputs": made}
    arrays = [None if array is None else np.asarray(array) for array in inputs]
    found = compute(onnx, node, arrays, given, [helper.make_opsetid("", 18)])
    assert found is not None
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        assert np.asarray(ours).shape == np.asarray(theirs).shape


def test_whole_numbers_are_divided_towards_zero() -> None:
    node = helper.make_node("Div", ["a", "b"], ["y"])
    (made,) = compute(onnx, node, [ints(7, -7, 7, -7, 6), ints(2, 2, -2, -2, -2)], {}, []) or []
    assert made.tolist() == [3, -3, -3, 3, -3]
    (made,) = compute(onnx, node, [floats(7, -7), floats(2)], {}, []) or []
    assert made.tolist() == [3.5, -3.5]
    assert made.dtype == np.float32


def test_old_operator_sets_give_axes_and_bounds_as_attributes() -> None:
    def one(op: str, *inputs: Any, **attributes: Any) -> Any:
        (made,) = compute(onnx, helper.make_node(op, ["x"], ["y"]), inputs, attributes, []) or []
        return made

    assert np.array_equal(one("Slice", TABLE, starts=[1], ends=[3], axes=[2]), TABLE[:, :, 1:3])
    assert np.array_equal(one("Slice", TABLE, starts=[1], ends=[3]), TABLE[1:3])
    assert one("Squeeze", TABLE[:1], axes=[0]).shape == (3, 4)
    assert one("Unsqueeze", TABLE, axes=[1]).shape == (2, 1, 3, 4)
    assert one("Reshape", TABLE, shape=[4, 0, -1]).shape == (4, 3, 2)
    assert one("ReduceSum", TABLE, axes=[1], keepdims=0).tolist() == TABLE.sum(1).tolist()
    assert one("Clip", MIXED, min=0.0, max=5.0).tolist() == [3, 0, 0, 5]
    assert one("Clip", MIXED, max=5.0).tolist() == [3, 0, -2, 5]
    assert one("ConstantOfShape", ints(2), filler=np.int64(7)).tolist() == [7, 7]


def test_what_is_no_arithmetic_between_sizes_is_not_computed() -> None:
    node = helper.make_node("Conv", ["a", "b"], ["y"])
    assert "Conv" not in RARE
    assert compute(onnx, node, [floats(1), floats(2)], {}, []) is None
