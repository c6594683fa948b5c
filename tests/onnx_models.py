"""Small ONNX models for tests, made node by node, and what convcost says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from convcost.api import count_subject
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.onnx.file import read_onnx
from convcost.sources.onnx.inputs import RawShape

FOLDER = Path(__file__).parent / "data" / "onnx"
FLOAT, INT, INT8, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT8, TensorProto.INT32
BOOL = TensorProto.BOOL

Dims = Sequence[int | str | None]


def raw(*sizes: int) -> RawShape:
    """All axes of an input, as ``--input NAME=[...]`` gives them."""
    return RawShape(sizes)


def value(name: str, dims: Dims | None, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, dims)


def weight(name: str, *dims: int, kind: int = FLOAT) -> onnx.TensorProto:
    """An initialiser of zeros; a large one without its data, as if it were stored elsewhere."""
    size = prod(dims)
    if size > 64:
        return TensorProto(name=name, dims=dims, data_type=kind)
    return helper.make_tensor(name, kind, dims, [0] * size)


def trained(name: str, *dims: int) -> onnx.TensorProto:
    """An initialiser whose values differ, as after training."""
    return helper.make_tensor(name, FLOAT, dims, [0.1 + 0.37 * i for i in range(prod(dims))])


def filled(name: str, number: float, *dims: int) -> onnx.TensorProto:
    """An initialiser whose values are all the same, as before training."""
    return helper.make_tensor(name, FLOAT, dims, [number] * prod(dims))


def numbers(name: str, *values: int) -> onnx.TensorProto:
    return helper.make_tensor(name, INT, (len(values),), values)


def lone(name: str, number: float, kind: int = FLOAT) -> onnx.TensorProto:
    return helper.make_tensor(name, kind, (), [number])


def node(kind: str, reads: str, makes: str, name: str = "", **attributes: Any) -> onnx.NodeProto:
    """``node("Add", "a b", "c")``; ``-`` leaves an input or an output out."""
    inputs = [word.replace("-", "") if word == "-" else word for word in reads.split()]
    outputs = ["" if word == "-" else word for word in makes.split()]
    return helper.make_node(kind, inputs, outputs, name=name, **attributes)


def microsoft(kind: str, reads: str, makes: str, name: str = "", **attributes: Any) -> Any:
    """A node of onnxruntime's own domain."""
    return node(kind, reads, makes, name, domain="com.microsoft", **attributes)


def constant(name: str, tensor: onnx.TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=tensor)


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[onnx.TensorProto] = (),
    dims: Dims | None = (1, 4, 8, 8),
    *,
    opset: int = 22,
    output: str = "y",
    kind: int = FLOAT,
    **more: Any,
) -> onnx.ModelProto:
    outputs = more.pop("outputs", [helper.make_empty_tensor_value_info(output)])
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [value("x", dims, kind), *more.pop("inputs", ())],
        outputs,
        list(weights),
        value_info=more.pop("value_info", ()),
    )
    opsets = [
        helper.make_opsetid("", opset),
        helper.make_opsetid("my", 1),
        helper.make_opsetid("com.microsoft", 1),
    ]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)


def save(proto: onnx.ModelProto | bytes, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(proto if isinstance(proto, bytes) else proto.SerializeToString())
    return path


def read(proto: onnx.ModelProto | bytes, tmp_path: Path, **options: Any) -> CountResult:
    return count_subject(read_onnx(save(proto, tmp_path), **options))


def one(
    tmp_path: Path,
    kind: str,
    reads: Sequence[str] = ("x",),
    weights: Sequence[onnx.TensorProto] = (),
    dims: Dims = (1, 4, 8, 8),
    *,
    opset: int = 22,
    inputs: Sequence[onnx.ValueInfoProto] = (),
    type_: int = FLOAT,
    makes: Sequence[str] = ("y",),
    **attributes: Any,
) -> CountResult:
    """A model of one node."""
    made = helper.make_node(kind, list(reads), list(makes), name="it", **attributes)
    proto = model([made], weights, dims, opset=opset, inputs=inputs, kind=type_, output=makes[0])
    return read(proto, tmp_path)


def figures(result: CountResult) -> tuple[int, int, int]:
    return (result.params, result.macs, result.element_ops)


def refused(proto: onnx.ModelProto | bytes, tmp_path: Path, **options: Any) -> list[str]:
    """The lines of the error that a model gets."""
    with pytest.raises(ConvcostError) as caught:
        read(proto, tmp_path, **options)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines()]


def unknown(result: CountResult) -> list[str]:
    return [row.type for row in result.counted.uncounted]


def rows(result: CountResult) -> Mapping[str, Any]:
    """Rows by name."""
    return {row.name: row for row in result.counted.rows}
