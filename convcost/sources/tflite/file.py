"""TFLite files -> records, through the ``tflite`` package. The one file that imports it.

Owns opening the file and every check that later stages rely on: FlatBuffers are read without
verification, so no length and no index from the file is used before it was compared with what
there is. Knows nothing of costs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from convcost.engine.graph import MAX_NODES
from convcost.engine.shapes import Shape, ceil_div, product
from convcost.errors import MissingExtraError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.quantities import MAX_SIZE
from convcost.sources.batches import for_batch
from convcost.sources.tflite.inputs import fix_inputs
from convcost.sources.tflite.model import BITS, Dims, Model, Operator, Tensor
from convcost.sources.tflite.reading import Reader
from convcost.sources.tflite.shapes import Shapes

MAX_BYTES = 2**31 - 1
"""The largest FlatBuffer: its offsets are signed 32-bit numbers."""

MAX_AXES = 8
"""More than TFLite's own kernels take; a tensor with more axes is a sign of a broken file."""

LARGEST_KEPT = 1024
"""Whole constants with more values than this are never sizes; their values stay in the file."""

NUMBERS = {"INT8": "b", "UINT8": "B", "INT16": "h", "UINT16": "H", "INT32": "i", "UINT32": "I"}
NUMBERS |= {"INT64": "q", "UINT64": "Q", "BOOL": "?"}
"""The types that sizes, axes and paddings may have, as ``struct`` spells them."""


def read_tflite(
    path: Path,
    *,
    batch: int | None = None,
    inputs: Mapping[str, Shape] | None = None,
    costs: Mapping[str, Evaluate] | None = None,
) -> Subject:
    """Read a model and cost every operator.

    ``batch`` is the number of samples (None: the file's own); ``inputs`` maps an input's name
    ("" for the first one) to its shape, channels last and without batch; ``costs`` gives MACs of
    operators that are not known, as expressions over ``out`` and ``input`` (numbers of values)
    and ``params``. The graph states the bits of every tensor and the bytes of the parameters.
    Raises SpecError for a file that is not a usable model.
    """
    models = load(path)
    fed = fix_inputs(models[0], batch, dict(inputs or {}))
    shapes = Shapes(models[0], fed.dims)
    subject = Reader(models, shapes, fed.own, costs or {}).subject(path.stem)
    return subject if fed.batch == fed.own else for_batch(subject, fed.own, fed.batch)


def load(path: Path) -> tuple[Model, ...]:
    """The subgraphs of a file; the first one is what runs. Raises SpecError."""
    tflite = _tflite()
    data = _bytes(path)
    place = str(path)
    try:
        return _File(tflite, data, place).models()
    except SpecError:
        raise
    except Exception as error:  # FlatBuffers raise whatever a wrong offset leads to
        raise SpecError(
            "not a TFLite model, or a truncated one",
            place=place,
            hint=shorten(f"{type(error).__name__}: {error}", 70),
        ) from None


def _tflite() -> Any:
    try:
        import tflite
    except ImportError:
        raise MissingExtraError("reading .tflite files", "tflite", "tflite") from None
    return tflite


def _bytes(path: Path) -> bytes:
    from convcost.language.reading import read_model_file

    place = str(path)
    data = read_model_file(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise SpecError("the file is larger than FlatBuffers allow (2 GiB)", place=place)
    if data[4:8] != b"TFL3":
        is_pointer = data.startswith(b"version https://git-lfs")
        raise SpecError(
            "not a TFLite model",
            place=place,
            hint="it is a pointer of Git LFS: git lfs pull brings the file"
            if is_pointer
            else "a .tflite file has the letters TFL3 at its fifth byte",
        )
    return data


class _File:
    """The FlatBuffer of one file, and how much of it has been read."""

    def __init__(self, tflite: Any, data: bytes, place: str) -> None:
        self._tflite = tflite
        self._data = data
        self._place = place
        self._budget = max(len(data), 2**16)
        self._model = tflite.Model.GetRootAs(data, 0)
        self._types = _names(tflite.TensorType)
        self._kinds = _names(tflite.BuiltinOperator)
        self._options = _names(tflite.BuiltinOptions)
        self._options_2 = _names(tflite.BuiltinOptions2)

    def models(self) -> tuple[Model, ...]:
        """All that later stages need."""
        if self._model.Version() != 3:
            raise SpecError(
                f"the model has version {self._model.Version()} of the TFLite schema",
                place=self._place,
                hint="version 3 is known",
            )
        subgraphs = self._length(self._model.SubgraphsLength())
        if not subgraphs:
            raise SpecError("the model has no subgraph", place=self._place)
        if not self._model.Subgraphs(0).OperatorsLength():
            raise SpecError("the model has no operators", place=self._place)
        codes = self._codes()
        return tuple(self._graph(self._model.Subgraphs(i), codes) for i in range(subgraphs))

    def _graph(self, graph: Any, codes: list[tuple[str, bool]]) -> Model:
        if graph.OperatorsLength() > MAX_NODES:
            raise SpecError(f"the model has more than {MAX_NODES:,} operators", place=self._place)
        count = self._length(graph.TensorsLength())
        tensors = tuple(self._tensor(graph.Tensors(i)) for i in range(count))
        operators = tuple(
            self._operator(i, graph.Operators(i), codes, count)
            for i in range(self._length(graph.OperatorsLength()))
        )
        inputs = self._indexes(graph.InputsLength(), graph.Inputs, count)
        outputs = self._indexes(graph.OutputsLength(), graph.Outputs, count)
        if any(index < 0 for index in (*inputs, *outputs)):
            raise SpecError("an input or output of the model is missing", place=self._place)
        name = _text(graph.Name() or b"")
        return Model(self._place, name, tensors, operators, inputs, outputs)

    def _length(self, length: int) -> int:
        """The length of a list; what a valid file lists cannot be longer than the file."""
        self._budget -= length
        if not 0 <= length <= self._budget:
            raise ValueError(f"a list of {length} entries")
        return length

    def _indexes(self, length: int, at: Callable[[int], int], count: int) -> Dims:
        found = tuple(at(i) for i in range(self._length(length)))
        for index in found:
            if not -1 <= index < count:
                raise SpecError(
                    f"there is no tensor {index}", place=self._place, hint=f"there are {count}"
                )
        return found

    def _codes(self) -> list[tuple[str, bool]]:
        """(name, whether it is custom) of each kind of operator that the file lists."""
        codes = []
        for i in range(self._length(self._model.OperatorCodesLength())):
            code = self._model.OperatorCodes(i)
            # Old files have one byte for the operator, newer ones a whole number as well.
            number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
            if number == self._tflite.BuiltinOperator.CUSTOM:
                codes.append((shorten(_text(code.CustomCode() or b"")) or "CUSTOM", True))
            else:
                codes.append((self._kinds.get(number, f"BUILTIN_{number}"), False))
        return codes

    def _operator(
        self, number: int, raw: Any, codes: list[tuple[str, bool]], count: int
    ) -> Operator:
        if raw.OpcodeIndex() >= len(codes):
            raise SpecError(f"there is no operator code {raw.OpcodeIndex()}", place=self._place)
        kind, is_custom = codes[raw.OpcodeIndex()]
        options = self._table(raw)

        def setting(name: str) -> int:
            try:
                return int(getattr(options, name)()) if options is not None else 0
            except Exception:  # of another operator, or at a wrong offset
                raise self._broken_options(kind) from None

        def settings(name: str) -> Dims | None:
            try:
                if options is None or getattr(options, f"{name}IsNone")():
                    return None
                length = self._length(getattr(options, f"{name}Length")())
                return tuple(int(getattr(options, name)(i)) for i in range(length))
            except Exception:
                raise self._broken_options(kind) from None

        return Operator(
            number,
            kind,
            is_custom,
            self._indexes(raw.InputsLength(), raw.Inputs, count),
            self._indexes(raw.OutputsLength(), raw.Outputs, count),
            setting,
            settings,
        )

    def _broken_options(self, kind: str) -> SpecError:
        return SpecError(
            f"the options of {kind} cannot be read", place=self._place, hint="the file is broken"
        )

    def _table(self, raw: Any) -> Any:
        """The options of an operator, or None."""
        name = self._options.get(raw.BuiltinOptionsType(), "NONE")
        table = raw.BuiltinOptions()
        if name == "NONE":  # Operators that came late have theirs in a second field.
            name = self._options_2.get(raw.BuiltinOptions2Type(), "NONE")
            table = raw.BuiltinOptions2()
        if name == "NONE" or table is None:
            return None
        options = getattr(self._tflite, name)()
        options.Init(table.Bytes, table.Pos)
        return options

    def _tensor(self, raw: Any) -> Tensor:
        name = shorten(_text(raw.Name() or b""), 200)
        type = self._types.get(raw.Type(), f"TYPE_{raw.Type()}")
        dims = self._dims(raw, name)
        signature = [raw.ShapeSignature(i) for i in range(self._length(raw.ShapeSignatureLength()))]
        if len(signature) != len(dims):
            signature = list(dims)
        free = tuple(axis for axis, size in enumerate(signature) if size < 0)
        placed = tuple(1 if size < 0 else size for size in dims)
        at, length = self._stored(raw.Buffer())
        is_sparse = raw.Sparsity() is not None
        if length and not is_sparse and type in BITS:
            expected = ceil_div(product(placed) * BITS[type], 8)
            if length != expected:
                raise SpecError(
                    f"{name or 'a tensor'} has {length:,} bytes for {expected:,}",
                    place=self._place,
                    hint="the file is broken",
                )
        quantisation = raw.Quantization()
        return Tensor(
            name,
            type,
            # A scalar and a tensor of unknown rank look alike in files that do not say has_rank.
            None if not dims and not length and not raw.HasRank() else placed,
            free,
            raw.Buffer() if length else None,
            length,
            bool(raw.IsVariable()),
            quantisation is not None and quantisation.ScaleLength() > 0,
            is_sparse,
            self._numbers(type, placed, at, length) if not is_sparse else None,
        )

    def _dims(self, raw: Any, name: str) -> Dims:
        axes = raw.ShapeLength()
        label = name or "a tensor"
        if axes > MAX_AXES:
            raise SpecError(f"{label} has {axes} axes", place=self._place)
        dims = tuple(raw.Shape(i) for i in range(self._length(axes)))
        for size in dims:
            if not -1 <= size <= MAX_SIZE:
                raise SpecError(f"{label} has a dimension of {size}", place=self._place)
        return dims

    def _stored(self, number: int) -> tuple[int, int]:
        """Where a buffer's bytes begin in the file, and how many there are."""
        if number >= self._model.BuffersLength():
            raise SpecError(f"there is no buffer {number}", place=self._place)
        buffer = self._model.Buffers(number)
        if buffer.DataLength():
            at, length = int(buffer._tab.Vector(buffer._tab.Offset(4))), buffer.DataLength()
        elif buffer.Offset() > 1:  # Files near 2 GiB keep the values behind the FlatBuffer.
            at, length = buffer.Offset(), buffer.Size()
        else:
            return 0, 0
        if at + length > len(self._data):
            raise ValueError(f"a buffer of {length} bytes")
        return at, length

    def _numbers(self, type: str, dims: Dims, at: int, length: int) -> Dims | None:
        size = product(dims)
        code = NUMBERS.get(type)
        if code is None or not length or size > LARGEST_KEPT:
            return None
        return tuple(map(int, struct.unpack_from(f"<{size}{code}", self._data, at)))


def _names(enumeration: Any) -> dict[int, str]:
    """An enumeration of the package as names by number."""
    return {value: name for name, value in vars(enumeration).items() if type(value) is int}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
