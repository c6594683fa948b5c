"""Spec files -> specs: JSON (object or array), JSONL, TOML, from a path or from a stream.

Lines are read one at a time and in constant memory. What is wrong with a spec comes out as a
``Problem`` in its place, so that a reader may go on; what is wrong with the file is raised.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from pydantic import ValidationError

from convcost.errors import ConvcostError, OperationError, SpecError, nearest, shorten
from convcost.language.layers import LayerSpec
from convcost.language.places import FileOrigin, Nowhere, Origin, without_line
from convcost.language.problems import explain_layer
from convcost.language.reading import MAX_DOCUMENT, MAX_TOML, decode, read_all, read_some, too_long
from convcost.sources.found import Problem
from convcost.sources.locating import Lines, line_of_second

MAX_LINE = MAX_DOCUMENT
"""The longest line that is read, in bytes: a file without line ends must not fill the memory."""

CHUNK = 2**16


class Item(NamedTuple):
    """A spec and where it stood. ``document`` is the raw object where it holds layers."""

    spec: LayerSpec | None
    place: str
    line: int | None = None
    path: str = ""
    document: dict[str, Any] | None = None
    lines: Lines | None = None

    def origin(self) -> Origin:
        """For errors that are found later."""
        return FileOrigin(self.place, self.path, self.lines) if self.place else Nowhere()


Read: TypeAlias = Iterator[Item | Problem]


_validate = LayerSpec.__pydantic_validator__.validate_json
"""``LayerSpec.model_validate_json`` without the keyword handling of its Python wrapper."""


class DuplicateKeyError(ValueError):
    """A JSON object names a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def read_specs(
    stream: BinaryIO,
    name: str,
    *,
    before_wait: Callable[[], None] = lambda: None,
) -> Read:
    """The specs of a stream. ``name`` tells errors, and by its ending the format.

    ``before_wait`` is called before each read, so that a writer can flush what it has.
    """
    if name.endswith(".toml"):
        return _read_toml(stream, name)
    return _read_json(stream, name, before_wait)


def _read_toml(stream: BinaryIO, name: str) -> Read:
    from convcost.language.toml import parse_toml

    document = parse_toml(decode(read_all(stream, name, MAX_TOML), name), name)
    yield from _read_document(document, name, None)


def _read_json(stream: BinaryIO, name: str, before_wait: Callable[[], None]) -> Read:
    lines = _lines(stream, name, before_wait)
    one_a_line = name.endswith((".jsonl", ".ndjson"))
    for number, line in lines:
        if not line.strip():
            continue
        if one_a_line or (line.lstrip()[:1] == b"{" and _is_object(line)):
            yield read_line(line, number, name)
            for at, later in lines:
                if later and not later.isspace():
                    yield read_line(later, at, name)
            return
        if number > MAX_DOCUMENT:
            raise too_long(name, MAX_DOCUMENT)
        text = decode(_rest(line, number, lines, name), name)
        yield from _read_document(_load_json(text, name), name, text)
        return
    raise SpecError("the input is empty", place=name, hint="expected JSON: an object or an array")


def _is_object(line: bytes) -> bool:
    """Whether a first line is a spec of its own, or looks like a broken one.

    ``{"specs": [...]}`` is a whole document, even on one line. A line that opens and closes a
    brace belongs to a file with one object a line, even if what is between does not parse; the
    first line of an indented object does not close it.
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return line.rstrip()[-1:] == b"}" and line.count(b"{") == line.count(b"}")
    return not isinstance(document.get("specs"), list)


def _rest(line: bytes, number: int, lines: Iterator[tuple[int, bytes]], name: str) -> bytes:
    """A document from its first line on, after as many line ends as stood before it."""
    parts = [b"\n" * (number - 1) + line]
    size = len(parts[0])
    for _, more in lines:
        parts.append(more)
        size += len(more) + 1
        if size > MAX_DOCUMENT:
            raise too_long(name, MAX_DOCUMENT)
    return b"\n".join(parts)


def _lines(
    stream: BinaryIO, name: str, before_wait: Callable[[], None]
) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without their ends, from reads that return as soon as there is something."""
    begun: list[bytes] = []
    size = 0
    number = 0
    while True:
        before_wait()
        chunk = read_some(stream, name, CHUNK)
        if not chunk:
            break
        if number == 0 and not begun:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        first, *others = chunk.split(b"\n")
        begun.append(first)
        size += len(first)
        if size > MAX_LINE:
            place = f"{name}:{number + 1}"
            raise SpecError(f"a line is longer than {MAX_LINE:,} bytes", place=place)
        if not others:
            continue
        *full, last = b"".join(begun), *others
        for line in full:
            number += 1
            yield number, line
        begun, size = [last], len(last)
    if size:
        yield number + 1, b"".join(begun)


def read_line(line: bytes, number: int, name: str) -> Item | Problem:
    """One line of JSONL as a spec, or what is wrong with it."""
    place = f"{name}:{number}"
    try:
        spec = _validate(line)
    except ValidationError:
        spec = None
    else:
        # Each key of an object brings one colon: as many colons as distinct keys means that no
        # key stands twice and no object is inside. Only other lines are parsed a second time.
        extra = spec.__pydantic_extra__
        if line.count(b":") == len(spec.__pydantic_fields_set__) and not (
            extra and "layers" in extra
        ):
            return Item(spec, place, number)
    try:
        return _check_object(_load_json(decode(line, place), place), place, number)
    except SpecError as error:
        return Problem(number, error)


def _load_json(text: str, place: str) -> Any:
    """Any JSON value; duplicate keys, bad syntax and deep nesting are errors with a line."""
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        spot = f"{place}:{error.lineno}:{error.colno}" if "\n" in text else f"{place}"
        line = text.split("\n")[error.lineno - 1]  # the line ends that the parser counts
        column = min(error.colno - 1, len(line))
        message = f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise SpecError(message, place=spot, text=line, span=(column, column + 1)) from None
    except DuplicateKeyError as error:
        at = line_of_second(text, error.key) if "\n" in text else None
        raise SpecError(
            f"the key {shorten(error.key, 40)} stands twice in one object",
            place=place if at is None else f"{place}:{at}",
        ) from None
    except RecursionError:
        raise SpecError("nested too deeply", place=place) from None
    except ValueError:
        raise SpecError("a number has too many digits", place=place) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        times = Counter(name for name, _ in pairs)
        raise DuplicateKeyError(next(name for name, number in times.items() if number > 1))
    return result


def _read_document(document: Any, name: str, text: str | None) -> Read:
    """A whole document: one spec, an array of specs, or ``{"specs": [...]}``."""
    prefix: tuple[str, ...] = ()
    if isinstance(document, dict) and isinstance(document.get("specs"), list):
        if len(document) > 1:
            other = next(key for key in document if key != "specs")
            raise SpecError(f"{shorten(other, 40)} cannot stand beside specs", place=name)
        document, prefix = document["specs"], ("specs",)
    lines = None if text is None else Lines(text, prefix)
    if not isinstance(document, list):
        line = None if lines is None else lines.of(())
        yield _check_object(document, name if line is None else f"{name}:{line}", line, lines=lines)
        return
    if not document:
        raise SpecError("the array is empty: there is no spec to read", place=name)
    for index, raw in enumerate(document):
        path = f"{'.'.join(prefix)}[{index}]"
        yield _check_object(raw, name, None, path=path, lines=lines, keys=(index,))


def _refuse_misspelt_layers(raw: dict[str, Any]) -> None:
    """``[[layer]]`` is no parameter of a layer. Raises OperationError."""
    for key, value in raw.items():
        if isinstance(value, list) and nearest(key, ["layers"], cutoff=0.75):
            raise OperationError(
                f"{shorten(key, 40)} is not a field here", field=key, hint="did you mean layers?"
            )


def _check_object(
    raw: Any,
    place: str,
    line: int | None,
    *,
    path: str = "",
    lines: Lines | None = None,
    keys: tuple[str | int, ...] = (),
) -> Item | Problem:
    """A decoded object as a spec; a problem is located by line where the text is at hand."""
    try:
        if not isinstance(raw, dict):
            raise SpecError("a spec is an object", hint='such as {"input": "56x56x256", ...}')
        if "layers" in raw:
            return Item(None, place, line, path, raw, lines)
        _refuse_misspelt_layers(raw)
        return Item(LayerSpec.model_validate(raw), place, line, path, None, lines)
    except ValidationError as error:
        problem: ConvcostError = explain_layer(raw, error)
    except ConvcostError as error:
        problem = error
    field = getattr(problem, "field", None)
    if lines is not None:
        line = lines.of((*keys, field) if isinstance(field, str) and field in raw else keys)
        place = f"{without_line(place)}:{line}"
    return Problem(line, FileOrigin(place, path).error(problem))
