"""Where a layer was written, so that an error can point there.

An operation knows only which field is to blame; its layer's origin turns that into a caret under
the user's words, a place in a file, or an option.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias

from convcost.errors import ConvcostError, OperationError, SpecError, either
from convcost.language.fields import FIELDS

Key: TypeAlias = "str | int"


class Lines(Protocol):
    """A text that knows on which line a value of it stands."""

    def of(self, keys: Sequence[Key]) -> int:
        """The line (from 1) of the value at ``keys``, else of the innermost one around it."""


def keys_of(path: str) -> tuple[Key, ...]:
    """``layers[3].groups`` as keys and indexes."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(int(index) if index else key for index, key in parts)


class Origin(Protocol):
    """Somebody who knows where the fields of one layer stand."""

    def error(self, problem: ConvcostError) -> SpecError:
        """The same problem, with the place that a user can find."""


class Nowhere(NamedTuple):
    """A layer that no text stands for (built by a program)."""

    def error(self, problem: ConvcostError) -> SpecError:
        """The sentence and its hint."""
        return SpecError(problem.message, place=inside(problem), hint=hint_of(problem))


class TextOrigin(NamedTuple):
    """A layer of a one-line spec: spans of the layer and of its fields in the text."""

    text: str
    span: tuple[int, int]
    fields: Mapping[str, tuple[int, int]] = MappingProxyType({})

    def error(self, problem: ConvcostError) -> SpecError:
        """A caret under the field to blame, or under the whole layer."""
        blamed = getattr(problem, "field", None)
        span = self.fields.get(blamed, self.span) if blamed else self.span
        known = FIELDS.get(blamed or "")
        hint = hint_of(problem, known.letter if known else None)
        return SpecError(
            problem.message, text=self.text, span=span, place=inside(problem), hint=hint
        )


class FileOrigin(NamedTuple):
    """A layer in a file: ``place`` is ``specs.jsonl:7`` and ``path`` is ``layers[3]``."""

    place: str
    path: str = ""
    lines: Lines | None = None

    def error(self, problem: ConvcostError) -> SpecError:
        """The place in the file, down to the field."""
        blamed = getattr(problem, "field", None)
        path = ".".join(filter(None, [self.path, blamed]))
        where = self.place
        if self.lines is not None and path:
            where = f"{without_line(where)}:{self.lines.of(keys_of(path))}"
        place = ": ".join(filter(None, [where, path, inside(problem)]))
        error = SpecError(problem.message, place=place, hint=hint_of(problem))
        error.path = ": ".join(filter(None, [path, inside(problem)])) or None
        return error


def without_line(place: str) -> str:
    """``specs.json`` of ``specs.json:7``."""
    return re.sub(r":\d+$", "", place)


def located(error: SpecError, place: str, lines: Lines | None) -> SpecError:
    """The same error with the line of what it blames, where it says ``place: layers[3].groups``."""
    said = error.place or ""
    path = said.removeprefix(f"{place}: ").partition(": ")[0]
    if lines is None or not said.startswith(f"{place}: ") or " " in path:
        return error
    error.place = f"{without_line(place)}:{lines.of(keys_of(path))}{said[len(place) :]}"
    return error


class OptionOrigin(NamedTuple):
    """A layer made of command-line options: ``words`` maps a field to what the user typed."""

    words: Mapping[str, str]

    def error(self, problem: ConvcostError) -> SpecError:
        """The option to blame."""
        blamed = getattr(problem, "field", None) or ""
        hint = hint_of(problem)
        known = FIELDS.get(blamed)
        if known and known.option and blamed not in self.words and "missing" in problem.message:
            hint = f"add {known.option}"
        place = ", ".join(filter(None, [self.words.get(blamed), inside(problem)]))
        return SpecError(problem.message, place=place or None, hint=hint)


def inside(problem: ConvcostError) -> str | None:
    """``in layer spatial``, where the user did not write that layer."""
    layer = getattr(problem, "inside", None)
    return f"in layer {layer}" if layer else None


def hint_of(problem: ConvcostError, prefix: str | None = None) -> str | None:
    """The hint of a problem; values that would work are spelt with ``prefix``."""
    if problem.hint is not None:
        return problem.hint
    if isinstance(problem, OperationError) and problem.choices:
        return f"try {either([f'{prefix or str()}{choice}' for choice in problem.choices])}"
    return None
