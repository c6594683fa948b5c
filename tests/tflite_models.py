"""Small TFLite files for tests: tensors and operators in words, FlatBuffers by the package."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import flatbuffers
import tflite

BYTES = {"FLOAT32": 4, "FLOAT16": 2, "INT32": 4, "INT64": 8, "INT16": 2, "INT8": 1, "UINT8": 1}
CODES = {"INT32": "i", "INT64": "q", "INT8": "b", "UINT8": "B", "INT16": "h", "FLOAT32": "f"}

OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "CONV_3D": "Conv3DOptions",
    "CONV_3D_TRANSPOSE": "Conv3DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "CONCATENATION": "ConcatenationOptions",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "LSTM": "LSTMOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "BidirectionalSequenceLSTMOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "BIDIRECTIONAL_SEQUENCE_RNN": "BidirectionalSequenceRNNOptions",
    "SVDF": "SVDFOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "PACK": "PackOptions",
    "UNPACK": "UnpackOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "GATHER": "GatherOptions",
    "ONE_HOT": "OneHotOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "WHILE": "WhileOptions",
    "CALL": "CallOptions",
    "STABLEHLO_COMPOSITE": "StableHLOCompositeOptions",
}
"""The table of the schema that holds an operator's options."""


class Builder:
    """A model in the making. ``tensor`` and ``operator`` return and take indexes of tensors."""

    def __init__(self, name: str = "main", *, within: Builder | None = None) -> None:
        """``within``: a further subgraph of another model; then ``ends`` are given to it."""
        self.name = name
        self._tensors: list[dict[str, Any]] = []
        self._operators: list[dict[str, Any]] = []
        self._buffers: list[bytes] = [b""] if within is None else within._buffers
        self._others: list[Builder] = []
        self.ends: tuple[Sequence[int], Sequence[int]] = ((), ())
        if within is not None:
            within._others.append(self)

    def tensor(
        self,
        name: str,
        *dims: int,
        type: str = "FLOAT32",
        signature: Sequence[int] | None = None,
        stored: bool | Sequence[int] = False,
        same_buffer_as: int | None = None,
        scale: bool = False,
        is_state: bool = False,
        is_sparse: bool = False,
        rank_known: bool = False,
    ) -> int:
        """A tensor; ``stored`` gives it values, zeros where it is only True."""
        buffer = 0
        if same_buffer_as is not None:
            buffer = self._tensors[same_buffer_as]["buffer"]
        elif stored is True:
            buffer = self._buffer(bytes(prod(dims) * BYTES[type]))
        elif stored is not False:
            buffer = self._buffer(struct.pack(f"<{len(stored)}{CODES[type]}", *stored))
        self._tensors.append(
            {
                "name": name,
                "dims": dims,
                "type": getattr(tflite.TensorType, type),
                "signature": signature,
                "buffer": buffer,
                "scale": scale,
                "is_state": is_state,
                "is_sparse": is_sparse,
                "rank_known": rank_known,
            }
        )
        return len(self._tensors) - 1

    def weight(self, name: str, *dims: int, type: str = "FLOAT32", scale: bool = False) -> int:
        """Learned numbers, all zeros."""
        return self.tensor(name, *dims, type=type, stored=True, scale=scale)

    def sizes(self, *values: int, dims: Sequence[int] | None = None) -> int:
        """A constant list of whole numbers."""
        shape = (len(values),) if dims is None else tuple(dims)
        return self.tensor("sizes", *shape, type="INT32", stored=values)

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        custom: bool = False,
        table: str | None = None,
        **options: int | Sequence[int],
    ) -> int:
        """One step; options by their names in the schema (``StrideW=1``). Its first output."""
        one = {"kind": kind, "custom": custom, "in": inputs, "out": outputs}
        self._operators.append({**one, "options": options, "table": table or OPTIONS.get(kind)})
        return outputs[0] if outputs else -1

    def build(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 3,
        old_codes: bool = False,
    ) -> bytes:
        """The file, with the subgraphs that were made within it."""
        self.ends = (inputs, outputs)
        every = [self, *self._others]
        fb = flatbuffers.Builder(1024)
        buffers = _tables(fb, [self._write_buffer(fb, data) for data in self._buffers])
        steps = [one for graph in every for one in graph._operators]
        kinds = list(dict.fromkeys((one["kind"], one["custom"]) for one in steps))
        codes = _tables(fb, [_code(fb, *kind, old=old_codes) for kind in kinds])
        listed = _tables(fb, [graph._write(fb, kinds) for graph in every])
        tflite.ModelStart(fb)
        tflite.ModelAddVersion(fb, version)
        tflite.ModelAddOperatorCodes(fb, codes)
        tflite.ModelAddSubgraphs(fb, listed)
        tflite.ModelAddBuffers(fb, buffers)
        fb.Finish(tflite.ModelEnd(fb), file_identifier=b"TFL3")
        return bytes(fb.Output())

    def _write(self, fb: Any, kinds: Sequence[tuple[str, bool]]) -> int:
        tensors = _tables(fb, [_tensor(fb, **one) for one in self._tensors])
        operators = _tables(fb, [_operator(fb, kinds, one) for one in self._operators])
        inputs, outputs = (_numbers(fb, end) for end in self.ends)
        name = fb.CreateString(self.name)
        tflite.SubGraphStart(fb)
        tflite.SubGraphAddName(fb, name)
        tflite.SubGraphAddTensors(fb, tensors)
        tflite.SubGraphAddOperators(fb, operators)
        tflite.SubGraphAddInputs(fb, inputs)
        tflite.SubGraphAddOutputs(fb, outputs)
        return int(tflite.SubGraphEnd(fb))

    def _buffer(self, data: bytes) -> int:
        self._buffers.append(data)
        return len(self._buffers) - 1

    def _write_buffer(self, fb: Any, data: bytes) -> int:
        held = fb.CreateByteVector(data) if data else None
        tflite.BufferStart(fb)
        if held is not None:
            tflite.BufferAddData(fb, held)
        return int(tflite.BufferEnd(fb))


def _code(fb: Any, kind: str, custom: bool, *, old: bool) -> int:
    text = fb.CreateString(kind) if custom else None
    number = tflite.BuiltinOperator.CUSTOM if custom else getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(fb)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(fb, min(number, 127))
    if not old:
        tflite.OperatorCodeAddBuiltinCode(fb, number)
    if text is not None:
        tflite.OperatorCodeAddCustomCode(fb, text)
    return int(tflite.OperatorCodeEnd(fb))


def _tensor(fb: Any, **one: Any) -> int:
    name = fb.CreateString(one["name"])
    dims = _numbers(fb, one["dims"])
    signature = None if one["signature"] is None else _numbers(fb, one["signature"])
    quantisation = _quantisation(fb) if one["scale"] else None
    sparsity = None
    if one["is_sparse"]:
        tflite.SparsityParametersStart(fb)
        sparsity = tflite.SparsityParametersEnd(fb)
    tflite.TensorStart(fb)
    tflite.TensorAddName(fb, name)
    tflite.TensorAddShape(fb, dims)
    tflite.TensorAddType(fb, one["type"])
    tflite.TensorAddBuffer(fb, one["buffer"])
    tflite.TensorAddIsVariable(fb, one["is_state"])
    tflite.TensorAddHasRank(fb, one["rank_known"])
    if signature is not None:
        tflite.TensorAddShapeSignature(fb, signature)
    if quantisation is not None:
        tflite.TensorAddQuantization(fb, quantisation)
    if sparsity is not None:
        tflite.TensorAddSparsity(fb, sparsity)
    return int(tflite.TensorEnd(fb))


def _quantisation(fb: Any) -> int:
    tflite.QuantizationParametersStartScaleVector(fb, 1)
    fb.PrependFloat32(0.5)
    scale = fb.EndVector()
    tflite.QuantizationParametersStart(fb)
    tflite.QuantizationParametersAddScale(fb, scale)
    return int(tflite.QuantizationParametersEnd(fb))


def _operator(fb: Any, kinds: Sequence[tuple[str, bool]], one: Mapping[str, Any]) -> int:
    reads, makes = _numbers(fb, one["in"]), _numbers(fb, one["out"])
    table = one["table"] if one["options"] else None
    options = _options(fb, table, one["options"]) if table else None
    tflite.OperatorStart(fb)
    tflite.OperatorAddOpcodeIndex(fb, kinds.index((one["kind"], one["custom"])))
    tflite.OperatorAddInputs(fb, reads)
    tflite.OperatorAddOutputs(fb, makes)
    if options is not None and hasattr(tflite.BuiltinOptions, str(table)):
        tflite.OperatorAddBuiltinOptionsType(fb, getattr(tflite.BuiltinOptions, str(table)))
        tflite.OperatorAddBuiltinOptions(fb, options)
    elif options is not None:
        tflite.OperatorAddBuiltinOptions2Type(fb, getattr(tflite.BuiltinOptions2, str(table)))
        tflite.OperatorAddBuiltinOptions2(fb, options)
    return int(tflite.OperatorEnd(fb))


def _options(fb: Any, table: str, options: Mapping[str, Any]) -> int:
    held = {
        name: _numbers(fb, value) if isinstance(value, Sequence) else value
        for name, value in options.items()
    }
    getattr(tflite, f"{table}Start")(fb)
    for name, value in held.items():
        getattr(tflite, f"{table}Add{name}")(fb, value)
    return int(getattr(tflite, f"{table}End")(fb))


def _numbers(fb: Any, values: Sequence[int]) -> int:
    fb.StartVector(4, len(values), 4)
    for value in reversed(values):
        fb.PrependInt32(value)
    return int(fb.EndVector())


def _tables(fb: Any, offsets: Sequence[int]) -> int:
    fb.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        fb.PrependUOffsetTRelative(offset)
    return int(fb.EndVector())
