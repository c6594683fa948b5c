"""Specs of files -> subjects, with what was asked beside them.

What a command line says overrules what a file says, as everywhere, but for the input: it is for
specs without one. A setting that the spec's design does not have is an error there as in the
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from convcost.errors import ConvcostError, SpecError
from convcost.language.batches import without_batch
from convcost.language.building import Subject, build_network, build_spec, with_bias
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import located
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY
from convcost.sources.asked import NOTHING_ASKED, Asked
from convcost.sources.files import Item, read_specs
from convcost.sources.found import Problem
from convcost.sources.mapping import read_mapping
from convcost.sources.names import refuse_unknown
from convcost.sources.texts import expand

Watched: TypeAlias = "Callable[[BinaryIO], AbstractContextManager[BinaryIO]]"
"""A stream -> the same, seen by somebody who shows how far it has been read."""


def given_item(value: Any) -> Item:
    """A mapping or a LayerSpec of a program as an item. Raises ConvcostError."""
    if isinstance(value, LayerSpec):
        return Item(value, "")
    if isinstance(value, Mapping) and "layers" in value:
        return Item(None, "", document=dict(value))
    if isinstance(value, Mapping):
        return Item(read_mapping(value), "")
    raise ConvcostError(
        f"{type(value).__name__} cannot be counted",
        hint="a text, a path, a mapping or a LayerSpec can",
    )


def source_name(word: str) -> str:
    """What errors call a source."""
    return "stdin" if word == "-" else word


def _network_in(word: str) -> str | None:
    """``timm/resnet50`` names a network that is built in."""
    last = word.rpartition("/")[2]
    proper = Library().proper(last)
    return f"did you mean {proper}?" if last != word and Library().knows(proper) else None


def open_source(word: str, stdin: BinaryIO | None) -> BinaryIO:
    """A file, or standard input. Raises SpecError where there is none."""
    from convcost.language.reading import open_path

    if word != "-":
        try:
            return open_path(Path(word))
        except SpecError as error:
            if error.hint is None and error.message.startswith("no such file"):
                error.hint = _network_in(word)
            raise
    if stdin is None:
        raise SpecError("standard input is closed", hint="pipe specs into it, or name a file")
    if stdin.closed:
        raise SpecError("standard input is read once", place="-", hint="name it once")
    return stdin


def read_items(
    word: str,
    stdin: BinaryIO | None,
    *,
    before_wait: Callable[[], None] = lambda: None,
    watched: Watched = nullcontext,
) -> Iterator[Item | Problem]:
    """The specs of one file or of standard input, in their order.

    ``watched`` may stand in for the stream, to show how far it has been read.
    """
    with open_source(word, stdin) as source, watched(source) as stream:
        yield from read_specs(stream, source_name(word), before_wait=before_wait)


def completed(library: Library, item: Item, asked: Asked) -> LayerSpec:
    """The spec of an item with what was asked beside it. Raises SpecError."""
    spec = item.spec
    assert spec is not None
    if asked.settings:
        spec = LayerSpec.model_construct(**{**spec.__dict__, **spec.settings(), **asked.settings})
    if asked.channels_first and spec.input is not None:
        spec = spec.model_copy(update={"input": asked.shape(spec.input)})
    spec, _ = without_batch(spec)
    return with_bias(library, spec, asked.wanted.bias)


def build_item(library: Library, item: Item, asked: Asked) -> Subject:
    """One item of a file: a layer spec, or an object with layers. Raises SpecError."""
    if item.spec is None:
        try:
            return build_document(library, item.document or {}, item.place, asked)
        except SpecError as error:
            raise located(error, item.place, item.lines) from None
    shape = item.spec.input or asked.input
    if item.spec.input is None:  # the typed shape is laid out already
        asked = asked._replace(channels_first=False)
    spec, note = without_batch(item.spec.model_copy(update={"input": shape}))
    subject = build_spec(
        library,
        completed(library, item._replace(spec=spec), asked),
        item.origin(),
        input=asked.input,
        batch=asked.batch,
        switches=asked.switches(WEIGHTS_ONLY),
    )
    return subject._replace(notes=(note, *subject.notes)) if note else subject


def build_document(
    library: Library, document: dict[str, Any], place: str, asked: Asked = NOTHING_ASKED
) -> Subject:
    """A JSON or TOML object with ``layers``, as a network of the user's own.

    What stands in a file with an input of its own takes part, and in a network also what its
    designs bring; a design's file is counted by its weights.
    """
    from convcost.language.compiling import compile_design
    from convcost.language.toml import checked_design

    file = checked_design(expand(document, place), place)
    stem = place.rpartition("/")[2].partition(".")[0]
    design = compile_design(
        file, stem or "network", place=place, proper=library.proper, knows=library.knows
    )
    arguments = dict(asked.settings)
    if asked.wanted.bias is not None and design.accepts("bias"):
        arguments["bias"] = asked.wanted.bias
    origin = _DocumentOrigin(place, asked)
    refuse_unknown(design, arguments, origin)
    nested = EVERYTHING if design.kind == "network" else WEIGHTS_ONLY
    own = EVERYTHING if design.input is not None else nested
    input = asked.input
    if input is None and design.input is not None:
        input = asked.shape(design.input)
    return build_network(
        library,
        design,
        input=input,
        batch=asked.batch or file.get("batch"),
        arguments=arguments,
        switches=asked.switches(nested),
        own=asked.switches(own),
        origin=origin,
    )


class _DocumentOrigin:
    """Where arguments of a document's parameters were given: an option, else the file."""

    def __init__(self, place: str, asked: Asked) -> None:
        self._place = place
        self._asked = asked

    def error(self, problem: Any) -> SpecError:
        """The option to blame, else the file."""
        from convcost.language.places import FileOrigin

        field = getattr(problem, "field", None)
        typed = self._asked.typed.get(field or "")
        if typed is None:
            return FileOrigin(self._place).error(problem)
        return SpecError(problem.message, place=typed, hint=problem.hint)
