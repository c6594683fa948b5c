"""Columns as an Arrow stream, for every engine that reads one, without any of their packages.

The C stream interface is three small structs (https://arrow.apache.org/docs/format/CStreamInterface
.html); ``ctypes`` fills them from numpy's memory. Nothing is copied but masks.

Who owns what: each struct's ``private_data`` is a counted reference to a Python object that keeps
its memory; its ``release`` gives that reference back. The callbacks themselves live as long as
this module, since nobody may free the function that is running.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from convcost.engine.columns import Array

EIO = 5
"""The error number of a stream that failed; its sentence is what ``get_last_error`` gives."""

_CAPSULE = b"arrow_array_stream"
_NULLABLE = 2

INT64, FLOAT64, TEXT = "l", "g", "u"
"""Formats of columns, in Arrow's letters."""


class Field(NamedTuple):
    """A column: its name, and its format."""

    name: str
    format: str


class Values(NamedTuple):
    """One column of a batch; ``valid``: which of its values are there (None: all)."""

    data: Array
    valid: Array | None = None


Batch = Mapping[str, Values]


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_ReleaseSchema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_ReleaseArray = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_ReleaseStream = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))
_GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))
_GetError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Stream))
_Destroy = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", _ReleaseSchema),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", _ReleaseArray),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", _GetSchema),
    ("get_next", _GetNext),
    ("get_last_error", _GetError),
    ("release", _ReleaseStream),
    ("private_data", ctypes.c_void_p),
]


def _keep(owner: object) -> int:
    """A counted reference as C holds it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
    return id(owner)


def _owner(reference: int) -> Any:
    return ctypes.cast(reference, ctypes.py_object).value


def _let_go(reference: int | None) -> None:
    if reference:
        ctypes.pythonapi.Py_DecRef(ctypes.cast(reference, ctypes.py_object))


def _release_parts(struct: Any) -> None:
    """What every release does: children that nobody has taken, then the own memory."""
    for number in range(struct.n_children):
        child = struct.children[number]
        if child.contents.release:
            child.contents.release(child)
    reference, struct.private_data = struct.private_data, None
    _let_go(reference)


def _release_schema(pointer: Any) -> None:
    _release_parts(pointer.contents)
    pointer.contents.release = _ReleaseSchema()


def _release_array(pointer: Any) -> None:
    _release_parts(pointer.contents)
    pointer.contents.release = _ReleaseArray()


def _release_stream(pointer: Any) -> None:
    reference, pointer.contents.private_data = pointer.contents.private_data, None
    pointer.contents.release = _ReleaseStream()
    _let_go(reference)


class _Source:
    """A stream on its way: its columns, its batches, and what went wrong."""

    def __init__(self, fields: Sequence[Field], batches: Iterator[Batch]) -> None:
        self.fields, self.batches = tuple(fields), batches
        self.error = ctypes.create_string_buffer(b"")


def _guarded(pointer: Any, act: Callable[[_Source], None]) -> int:
    """Run a callback's work; an error must not cross into C."""
    source: _Source = _owner(pointer.contents.private_data)
    try:
        act(source)
    except BaseException as error:
        source.error = ctypes.create_string_buffer(str(error).encode("utf-8", "replace"))
        return EIO
    return 0


def _get_schema(pointer: Any, out: Any) -> int:
    return _guarded(pointer, lambda source: _fill_schema(out.contents, source.fields))


def _get_next(pointer: Any, out: Any) -> int:
    def act(source: _Source) -> None:
        batch = next(source.batches, None)
        ctypes.memset(out, 0, ctypes.sizeof(_Array))
        if batch is not None:
            _fill_struct(
                out.contents, [batch[field.name] for field in source.fields], source.fields
            )

    return _guarded(pointer, act)


def _get_error(pointer: Any) -> int:
    return ctypes.addressof(_owner(pointer.contents.private_data).error)


def _fill_schema(root: Any, fields: Sequence[Field]) -> None:
    children = [_Schema() for _ in fields]
    pointers = (ctypes.POINTER(_Schema) * len(fields))(*map(ctypes.pointer, children))
    for child, field in zip(children, fields, strict=True):
        texts = (field.format.encode(), field.name.encode())
        child.format, child.name = texts
        child.flags = _NULLABLE
        child.release = _RELEASE_SCHEMA
        child.private_data = _keep(texts)
    texts = (b"+s", b"")
    root.format, root.name = texts
    root.metadata, root.flags, root.n_children = None, 0, len(fields)
    root.children = pointers
    root.dictionary = None
    root.release = _RELEASE_SCHEMA
    root.private_data = _keep((children, pointers, texts))


def _fill_struct(root: Any, columns: Sequence[Values], fields: Sequence[Field]) -> None:
    children = [_Array() for _ in columns]
    for child, column, field in zip(children, columns, fields, strict=True):
        _fill_column(child, column, field.format)
    pointers = (ctypes.POINTER(_Array) * len(children))(*map(ctypes.pointer, children))
    buffers = (ctypes.c_void_p * 1)(None)
    root.length = len(columns[0].data)
    root.n_buffers, root.buffers = 1, buffers
    root.n_children, root.children = len(children), pointers
    root.release = _RELEASE_ARRAY
    root.private_data = _keep((children, pointers, buffers))


def _fill_column(child: Any, column: Values, form: str) -> None:
    """A column's buffers: which values are there, (where texts end,) the values."""
    import numpy as np

    parts: list[Any] = []
    if column.valid is None:
        parts.append(None)
    else:
        parts.append(np.packbits(column.valid, bitorder="little"))
        child.null_count = int(len(column.valid) - column.valid.sum())
    if form == TEXT:
        texts = [str(value).encode() for value in column.data]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        parts += [ends.astype(np.int32), np.frombuffer(b"".join(texts) or b"\0", dtype=np.uint8)]
    else:
        kind = np.int64 if form == INT64 else np.float64
        parts.append(np.ascontiguousarray(column.data, dtype=kind))
    addresses = [None if part is None else part.ctypes.data for part in parts]
    buffers = (ctypes.c_void_p * len(parts))(*addresses)
    child.length = len(column.data)
    child.n_buffers, child.buffers = len(parts), buffers
    child.release = _RELEASE_ARRAY
    child.private_data = _keep((parts, buffers))


def _destroy(capsule: Any) -> None:
    """A capsule that nobody has read: release what is in it."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
    address = get(capsule, _CAPSULE)
    stream = _Stream.from_address(address)
    if stream.release:
        stream.release(ctypes.pointer(stream))
    _free(address)


def _allocate(size: int) -> int:
    make = ctypes.pythonapi.PyMem_RawCalloc
    make.restype, make.argtypes = ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_size_t]
    address: int = make(1, size)
    return address


def _free(address: int) -> None:
    free = ctypes.pythonapi.PyMem_RawFree
    free.restype, free.argtypes = None, [ctypes.c_void_p]
    free(address)


_RELEASE_SCHEMA = _ReleaseSchema(_release_schema)
_RELEASE_ARRAY = _ReleaseArray(_release_array)
_RELEASE_STREAM = _ReleaseStream(_release_stream)
_GET_SCHEMA, _GET_NEXT, _GET_ERROR = (
    _GetSchema(_get_schema),
    _GetNext(_get_next),
    _GetError(_get_error),
)
_DESTROY = _Destroy(_destroy)


def capsule(fields: Sequence[Field], batches: Iterable[Batch]) -> object:
    """What ``__arrow_c_stream__`` returns: a capsule that engines read once."""
    address = _allocate(ctypes.sizeof(_Stream))
    stream = _Stream.from_address(address)
    stream.get_schema, stream.get_next = _GET_SCHEMA, _GET_NEXT
    stream.get_last_error, stream.release = _GET_ERROR, _RELEASE_STREAM
    stream.private_data = _keep(_Source(fields, iter(batches)))
    make = ctypes.pythonapi.PyCapsule_New
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(address, _CAPSULE, ctypes.cast(_DESTROY, ctypes.c_void_p))
