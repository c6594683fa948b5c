"""Small tensors computed from small tensors: the arithmetic that exporters do with sizes.

numpy does it, by the meaning that the model's own operator set gives to each operation. What is
rare goes through the reference evaluator of the ``onnx`` package, as a model of one node, since
for a bare node it takes the newest operator set. Knows values only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Arrays = Sequence[Any]
Compute = Callable[[Any, Arrays, Mapping[str, Any]], Any]

RARE = frozenset(
    {
        *("Pad", "CumSum", "ScatterND", "ScatterElements", "GatherND", "GatherElements", "Trilu"),
        *("OneHot", "TopK", "EyeLike", "Compress", "ReverseSequence", "Scatter", "ReduceL1"),
        *("ReduceL2", "ReduceLogSum", "ReduceSumSquare", "BitShift", "Resize", "Upsample"),
        *("CumProd", "Unique", "DepthToSpace", "SpaceToDepth", "CenterCropPad", "Mean"),
    }
)
"""Operations that stand between sizes now and then."""


def compute(
    onnx: Any, node: Any, inputs: Arrays, attributes: Mapping[str, Any], imports: Sequence[Any]
) -> list[Any] | None:
    """What ``node`` makes of ``inputs`` (None where one is left out), or None."""
    import numpy

    with numpy.errstate(all="raise", under="ignore"):
        if node.op_type in COMPUTE:
            made = COMPUTE[node.op_type](numpy, inputs, attributes)
            return made if isinstance(made, list) else [numpy.asarray(made)]
        if node.op_type in ("Cast", "CastLike"):
            kind = onnx.helper.tensor_dtype_to_np_dtype(attributes["to"])
            return [inputs[0].astype(kind)]
        if node.op_type in RARE:
            return _evaluate(onnx, node, inputs, imports)
    return None


def _evaluate(onnx: Any, node: Any, inputs: Arrays, imports: Sequence[Any]) -> list[Any] | None:
    from onnx.reference import ReferenceEvaluator

    helper = onnx.helper
    names = [name for name in node.input if name]
    arrays = [array for array in inputs if array is not None]
    values = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in zip(names, arrays, strict=True)
    ]
    made = [name for name in node.output if name]
    graph = helper.make_graph(
        [node], "one", values, [helper.make_empty_tensor_value_info(name) for name in made]
    )
    model = helper.make_model(graph, opset_imports=list(imports))
    return list(ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True))))


def _axes(inputs: Arrays, attributes: Mapping[str, Any], at: int = 1) -> tuple[int, ...] | None:
    if "axes" in attributes:
        return tuple(attributes["axes"])
    if len(inputs) > at and inputs[at] is not None:
        return tuple(int(axis) for axis in inputs[at].reshape(-1))
    return None


def _binary(name: str) -> Compute:
    return lambda numpy, inputs, attributes: getattr(numpy, name)(*inputs)


def _unary(name: str) -> Compute:
    return lambda numpy, inputs, attributes: getattr(numpy, name)(inputs[0])


def _many(name: str) -> Compute:
    def run(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
        result = inputs[0]
        for other in inputs[1:]:
            result = getattr(numpy, name)(result, other)
        return result

    return run


def _divide(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    """Whole numbers are divided towards zero."""
    a, b = inputs
    if a.dtype.kind == "f":
        return (a / b).astype(a.dtype)
    return (a - numpy.fmod(a, b)) // b


def _modulo(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return (numpy.fmod if attributes.get("fmod") else numpy.mod)(*inputs)


def _power(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.power(*inputs).astype(inputs[0].dtype)


def _slice(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    data = inputs[0]
    if "starts" in attributes:
        starts, ends = attributes["starts"], attributes["ends"]
        axes, steps = attributes.get("axes"), None
    else:
        given = [None if a is None else [int(i) for i in a] for a in inputs[1:]]
        starts, ends, axes, steps = [*given, None, None][:4]
    where = axes if axes is not None else range(len(starts))
    parts = [slice(None)] * data.ndim
    for i, axis in enumerate(where):
        parts[axis] = slice(starts[i], ends[i], steps[i] if steps is not None else 1)
        if steps is not None and steps[i] < 0 and ends[i] < -data.shape[axis]:
            parts[axis] = slice(starts[i], None, steps[i])
    return data[tuple(parts)]


def _gather(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.take(inputs[0], inputs[1], axis=attributes.get("axis", 0))


def _concat(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.concatenate(inputs, axis=attributes.get("axis", 1))


def _squeeze(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.squeeze(inputs[0], axis=_axes(inputs, attributes))


def _unsqueeze(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.expand_dims(inputs[0], _axes(inputs, attributes))


def _reshape(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    target = list(attributes["shape"]) if "shape" in attributes else [int(i) for i in inputs[1]]
    if not attributes.get("allowzero", 0):
        target = [s if s else inputs[0].shape[i] for i, s in enumerate(target)]
    return inputs[0].reshape(target)


def _flatten(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    axis = attributes.get("axis", 1)
    rows = 1
    for size in inputs[0].shape[:axis]:
        rows *= size
    return inputs[0].reshape(rows, -1)


def _transpose(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.transpose(inputs[0], attributes.get("perm"))


def _constant_of_shape(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    shape = tuple(int(size) for size in inputs[0])
    filler = attributes.get("filler")
    return numpy.full(shape, 0.0, numpy.float32) if filler is None else numpy.full(shape, filler)


def _expand(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    target = tuple(int(size) for size in inputs[1])
    return numpy.broadcast_to(inputs[0], numpy.broadcast_shapes(inputs[0].shape, target)).copy()


def _tile(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.tile(inputs[0], tuple(int(size) for size in inputs[1]))


def _range(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    start, limit, delta = (array.reshape(-1)[0] for array in inputs[:3])
    return numpy.arange(start, limit, delta, dtype=inputs[0].dtype)


def _split(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    axis = attributes.get("axis", 0)
    sizes = attributes.get("split")
    if len(inputs) > 1 and inputs[1] is not None:
        sizes = [int(size) for size in inputs[1]]
    if sizes is None:
        count = attributes["outputs"]
        step = -(-inputs[0].shape[axis] // count)
        return numpy.split(inputs[0], [step * (i + 1) for i in range(count - 1)], axis)
    points = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    return numpy.split(inputs[0], points, axis)


def _reduce(name: str) -> Compute:
    def run(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
        axes = _axes(inputs, attributes)
        if not axes:
            if attributes.get("noop_with_empty_axes"):
                return inputs[0]
            axes = None
        keep = bool(attributes.get("keepdims", 1))
        made = getattr(numpy, name)(inputs[0], axis=axes, keepdims=keep)
        return numpy.asarray(made).astype(inputs[0].dtype)

    return run


def _arg(name: str) -> Compute:
    def run(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
        data, axis = inputs[0], attributes.get("axis", 0)
        if attributes.get("select_last_index"):
            made = data.shape[axis] - 1 - getattr(numpy, name)(numpy.flip(data, axis), axis=axis)
        else:
            made = getattr(numpy, name)(data, axis=axis)
        return numpy.expand_dims(made, axis) if attributes.get("keepdims", 1) else made

    return run


def _clip(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    bounds = [attributes.get("min"), attributes.get("max")]
    for i, array in enumerate(inputs[1:3]):
        bounds[i] = array if array is not None else bounds[i]
    data = inputs[0]
    return numpy.clip(data, *bounds).astype(data.dtype) if bounds != [None, None] else data


def _non_zero(numpy: Any, inputs: Arrays, attributes: Mapping[str, Any]) -> Any:
    return numpy.array(numpy.nonzero(numpy.atleast_1d(inputs[0])), dtype=numpy.int64)


COMPUTE: dict[str, Compute] = {
    "Identity": lambda numpy, inputs, attributes: inputs[0],
    "Where": lambda numpy, inputs, attributes: numpy.where(*inputs),
    "Reciprocal": lambda numpy, inputs, attributes: 1 / inputs[0],
    **{"Add": _binary("add"), "Sub": _binary("subtract"), "Mul": _binary("multiply")},
    **{"Div": _divide, "Mod": _modulo, "Pow": _power},
    **{"Equal": _binary("equal"), "Greater": _binary("greater"), "Less": _binary("less")},
    **{"GreaterOrEqual": _binary("greater_equal"), "LessOrEqual": _binary("less_equal")},
    **{"And": _binary("logical_and"), "Or": _binary("logical_or"), "Xor": _binary("logical_xor")},
    **{"Not": _unary("logical_not"), "Neg": _unary("negative"), "Abs": _unary("abs")},
    **{"Floor": _unary("floor"), "Ceil": _unary("ceil"), "Round": _unary("rint")},
    **{"Sqrt": _unary("sqrt"), "Exp": _unary("exp"), "Log": _unary("log"), "Sign": _unary("sign")},
    **{"Max": _many("maximum"), "Min": _many("minimum"), "Sum": _many("add")},
    **{"Gather": _gather, "Slice": _slice, "Concat": _concat, "Split": _split},
    **{"Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Reshape": _reshape, "Flatten": _flatten},
    **{"Transpose": _transpose, "Expand": _expand, "Tile": _tile, "Range": _range},
    **{"ConstantOfShape": _constant_of_shape, "NonZero": _non_zero, "Clip": _clip},
    **{"ReduceProd": _reduce("prod"), "ReduceSum": _reduce("sum"), "ReduceMax": _reduce("max")},
    **{"ReduceMin": _reduce("min"), "ReduceMean": _reduce("mean")},
    **{"ArgMax": _arg("argmax"), "ArgMin": _arg("argmin")},
}
"""Each operation with numpy, its inputs (None where left out) and its attributes."""
