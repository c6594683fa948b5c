"""The one door: words and what was asked -> subjects, in the order typed, lazily.

``SOURCES`` says of each kind of word which parts of the question it takes. What was given and
is taken by nobody is refused here, for every command and for Python alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TypeAlias

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, either, nearest, shorten
from convcost.language.building import Subject
from convcost.language.fields import FIELDS, field_name
from convcost.language.library import Library
from convcost.language.names import plain
from convcost.language.places import OptionOrigin
from convcost.language.primitives import NORMALISATIONS, PRIMITIVES
from convcost.language.running import WEIGHTS_ONLY
from convcost.quantities import format_shape, parse_shape
from convcost.sources.asked import Asked, value_word
from convcost.sources.found import Found, Problem
from convcost.sources.names import find_name
from convcost.sources.words import SourceKey, Word, check_file, classify

if TYPE_CHECKING:
    from convcost.language.layers import LayerSpec
    from convcost.sources.files import Item
    from convcost.sources.specs import Watched


class Source(NamedTuple):
    """One kind of word: what it is called, and which parts of ``Asked`` it uses."""

    what: str
    takes: frozenset[str]


_SWITCHES = frozenset({"norm", "activation", "bias"})
_COMMON = frozenset({"input", "batch", "layout"})
_MODEL = _COMMON | {"inputs", "costs"}

SOURCES: Final[Mapping[SourceKey, Source]] = MappingProxyType(
    {
        "text": Source("layers that are written out", _COMMON | _SWITCHES),
        "name": Source("designs and networks", _COMMON | _SWITCHES | {"settings"}),
        "specs": Source("specs in a file", _COMMON | _SWITCHES | {"settings"}),
        "given": Source("specs from Python", _COMMON | _SWITCHES | {"settings"}),
        "onnx": Source("an ONNX file", _MODEL),
        "tflite": Source("a TFLite file", _MODEL),
        "torch": Source("a PyTorch model", _MODEL | {"settings", "device"}),
    }
)
"""Every kind of word, and what it takes."""

MODELS: Final[frozenset[SourceKey]] = frozenset({"onnx", "tflite", "torch"})

AS_IT_IS = "a model is counted as it is: only --input and --batch change it"
HINTS_OF_MODELS = ("device", "layout", "inputs", "costs")
"""Parts that some models take, or with a hint of their own."""

SHORTEST_BEGINNING = 3
"""The fewest letters that the beginning of a name is looked for by."""

HINTS = {
    "settings": "write it into the layer, or use --design",
    "costs": "--cost is for operations of ONNX, TFLite and PyTorch models that nobody knows",
    "inputs": "NAME=SHAPE is for models with several inputs",
    "layout": "it says how to read a shape; give one with --input",
    "device": "--device is for PyTorch models",
}

FRAME: Final = frozenset(name for name, field in FIELDS.items() if not field.is_setting) | {"type"}
"""Fields of a layer that say where it stands, and not what it does."""

FRAME_HINT = "it is an option or a word of its own, such as --input 56x56x256 or --batch 8"

AnyFound: TypeAlias = "Found | Item"


class Opened:
    """What a question is about. Iterating gives a Found, an Item of a file, or a Problem.

    ``notes`` are sentences on how words were read, for the reader of the answer.
    """

    def __init__(
        self,
        words: Sequence[Any],
        asked: Asked,
        library: Library,
        *,
        designs: Sequence[str] = (),
        default: Sequence[str] = ("standard",),
        stdin: BinaryIO | None = None,
        before_wait: Callable[[], None] = lambda: None,
        watched: Watched = nullcontext,
    ) -> None:
        """Classify the words. ``designs`` are names given apart, ``default`` for a bare shape.

        Raises SpecError for what cannot be read, and for options that nothing here takes.
        """
        self.library: Final = library
        found = classify(words, library, has_settings=bool(asked.settings))
        self.notes: Final = list(found.notes)
        self.before_wait = before_wait
        self.watched = watched
        self._stdin: Final = stdin
        self.words: Final = (*found.words, *(Word(name, "name") for name in designs))
        self.asked: Final = self._read_shape(self._with_words(asked, found.input, found.settings))
        self.origin: Final = OptionOrigin(self.asked.typed)
        self._apart: Final = frozenset(range(len(found.words), len(self.words)))
        self._default: Final = default
        self._refuse()

    def _with_words(self, asked: Asked, input: Shape | None, bare: Mapping[str, Any]) -> Asked:
        typed = dict(asked.typed)
        if input is not None:
            if asked.input is not None:
                raise SpecError("the input shape is given twice", place=typed.get("input"))
            asked = asked._replace(input=asked.shape(input))
            typed["input"] = format_shape(input)
        for field, value in bare.items():
            if field in asked.settings:
                raise SpecError(f"{field} is given twice", place=typed.get(field))
            asked = asked._replace(settings={**asked.settings, field: value})
            typed[field] = value_word(value)
        asked = asked._replace(typed=typed)
        if asked.settings:
            from convcost.sources.mapping import read_mapping

            for name in FRAME.intersection(map(field_name, asked.settings)):
                place = typed.get(name) or f"--set {name}"
                raise SpecError(f"{name} is no setting of a layer", place=place, hint=FRAME_HINT)
            checked = read_mapping(asked.settings, OptionOrigin(typed)).settings()
            asked = asked._replace(settings=checked)
        return asked

    def _refuse(self) -> None:
        """Raise SpecError for nothing to open, and for what was given and nobody takes."""
        asked, words = self.asked, self.words
        if not words and asked.input is None:
            raise SpecError(
                "there is nothing to count",
                hint='try: convcost count 56x56x256 "conv 3x3 64", or a file, or - for stdin',
            )
        for word in words:
            if word.source == "text" and self._input_of(word.text) is None:
                raise self._no_input(word.text)
        keys: set[SourceKey] = {word.source for word in words} or {"name"}
        if asked.input is None and asked.input_word is not None and not keys <= MODELS:
            raise self._no_shape(asked.input_word)
        taken = frozenset().union(*(SOURCES[key].takes for key in keys))
        for part in asked.given():
            if part not in taken:
                raise self._not_taken(part, sorted(keys))
            # Layers that are written out stand beside designs that options describe; a model is
            # as it is, and would be the one of several that an option does not reach.
            deaf = [key for key in sorted(keys & MODELS) if part not in SOURCES[key].takes]
            if deaf:
                raise self._not_taken(part, deaf)
        if "layout" in asked.given() and asked.input is None and not keys & {"specs", "given"}:
            raise SpecError("there is no shape to read", place="--layout chw", hint=HINTS["layout"])

    def _read_shape(self, asked: Asked) -> Asked:
        """A bare shape as it was meant, with a note where another convention shows in it."""
        shape = asked.input
        if shape is None or not self._has_layers():
            return asked
        from convcost.sources.shapes import read_layers_shape

        texts = [word.text for word in self.words if word.source in ("text", "name")]
        reading = read_layers_shape(
            shape, texts, asked.settings.get("kernel_size"), is_turned=asked.channels_first
        )
        self.notes.extend(reading.notes)
        if reading.batch > 1:
            if asked.batch not in (None, reading.batch):
                raise SpecError(
                    "the batch is given twice",
                    place=f"{format_shape(shape)}, --batch {asked.batch}",
                    hint=f"write the shape of one sample: {format_shape(reading.shape)}",
                )
            asked = asked._replace(batch=reading.batch)
        return asked._replace(input=reading.shape)

    def _has_layers(self) -> bool:
        """Whether a layer or a design takes the shape; a network knows its own."""
        if not self.words:
            return True
        return any(
            word.source == "text"
            or (
                word.source == "name"
                and (
                    (proper := self.library.proper(word.text)) in PRIMITIVES
                    or (self.library.knows(proper) and self.library.find(proper).kind == "design")
                )
            )
            for word in self.words
        )

    def _no_shape(self, word: str) -> SpecError:
        """An input that only a model's importer could read."""
        place = f"--input {shorten(word, 60)}"
        try:
            parse_shape(word)
        except ConvcostError as problem:
            return SpecError(problem.message, place=place, hint=problem.hint)
        return SpecError("a shape in brackets is for models", place=place)

    def _not_taken(self, part: str, keys: Sequence[SourceKey]) -> SpecError:
        whose = " and ".join(SOURCES[key].what for key in keys)
        field = next(iter(self.asked.settings), part) if part == "settings" else part
        place = self.asked.typed.get(field) or self.asked.typed.get(part)
        hint = AS_IT_IS if MODELS.issuperset(keys) and part not in HINTS_OF_MODELS else None
        hint = hint or HINTS.get(part)
        option = {"costs": "--cost", "inputs": "--input NAME=SHAPE"}.get(field, field)
        return SpecError(f"{option} is not for {whose}", place=place, hint=hint)

    def _no_input(self, text: str) -> SpecError:
        """A text without a shape: an unknown name, or a forgotten input."""
        is_call = re.fullmatch(r"[\w.]+\(.*\)", text) is not None
        if is_call or text.replace("_", "").replace("-", "").replace(".", "").isalnum():
            known = [*PRIMITIVES, *self.library.names()]
            begun = [name for name in known if plain(name).startswith(plain(text))]
            if len(text) < SHORTEST_BEGINNING:
                begun = []  # one letter says nothing
            meant = either(begun, limit=8) if len(begun) > 1 else nearest(text, known)
            return SpecError(
                f"{shorten(text, 40)} is not a network, a design or a file",
                hint=f"did you mean {meant}?" if meant else NETWORKS_HINT,
            )
        hint = "put it first: 56x56x256 (height, width, channels)"
        return SpecError("the input shape is missing", text=text, span=(0, len(text)), hint=hint)

    def __iter__(self) -> Iterator[AnyFound | Problem]:
        """Everything asked for, in the order typed."""
        for index, word in enumerate(self.words):
            yield from self._read(word, "--design" if index in self._apart else "")
        if not self.words:
            for name in self._default:
                yield find_name(self.library, name, self.asked, self.origin)

    def _read(self, word: Word, option: str) -> Iterator[AnyFound | Problem]:
        if word.source == "name":
            typed = f"{option} {word.text}".strip()
            yield find_name(self.library, word.text, self.asked, self.origin, typed)
        elif word.source == "text":
            yield self._text(word.text)
        elif word.source == "given":
            yield self._given(word.value)
        elif word.source == "specs":
            from convcost.sources.specs import read_items

            check_file(word.text)
            items = read_items(
                word.text, self._stdin, before_wait=self.before_wait, watched=self.watched
            )
            if self.asked.input is None:
                yield from items
            else:
                yield from self._with_input(items)
        else:
            yield self._model(word)

    def _with_input(self, items: Iterator[Item | Problem]) -> Iterator[Item | Problem]:
        """The same items; an input that none of them was waiting for is an error at the end."""
        is_used = False
        for item in items:
            spec = None if isinstance(item, Problem) else item.spec
            is_used = is_used or spec is None or spec.input is None
            yield item
        if not is_used:
            raise SpecError(
                "every spec has an input of its own",
                place=self.asked.typed.get("input"),
                hint="an input from outside is for specs without one",
            )

    def _text(self, text: str) -> Found:
        from convcost.sources.text import build_text

        asked = self.asked
        shape = self._input_of(text)
        assert shape is not None

        def make(settings: Mapping[str, Any]) -> Subject:
            subject = build_text(
                self.library,
                text,
                shape,
                batch=asked.batch,
                switches=asked.switches(WEIGHTS_ONLY),
                bias=asked.wanted.bias,
            )
            own = self._own_input(text)
            if own in (None, shape):
                return subject
            note = f"the line says an input of {format_shape(own or ())}"
            return subject._replace(notes=(note, *subject.notes))

        return Found(" ".join(text.split()), "layers", make)

    def _input_of(self, text: str) -> Shape | None:
        """What the layers of a text read: the input that was given, else their own in Keras."""
        return self._own_input(text) if self.asked.input is None else self.asked.input

    def _own_input(self, text: str) -> Shape | None:
        """The input that a line of Keras says itself."""
        if "(" not in text:
            return None
        from convcost.sources.frameworks.lines import input_of

        return input_of(text)

    def _given(self, value: Any) -> AnyFound:
        """What Python gave in place of a word."""
        from convcost.sources.code import given

        return given(self, value)

    def _model(self, word: Word) -> Found:
        def make(settings: Mapping[str, Any]) -> Subject:
            from convcost.sources.models import read_model

            return read_model(word.source, word.text, self.asked)

        return Found(word.text, "network", make, self.asked.settings)

    def subject(self, found: AnyFound) -> Subject:
        """Build what was found. Raises SpecError."""
        if isinstance(found, Found):
            subject = found.subject()
        else:
            from convcost.sources.specs import build_item

            subject = build_item(self.library, found, self.asked)
        wishes = tuple(self._vain(found, subject)) if any(self.asked.wanted) else ()
        return subject._replace(notes=(*subject.notes, *wishes)) if wishes else subject

    def _vain(self, found: AnyFound, subject: Subject) -> Iterator[str]:
        """What was asked for and is nowhere in a subject, so that it changes nothing."""
        wanted = self.asked.wanted
        types = {node.operation.type for node in subject.graph.nodes}
        name = shorten(subject.name, 40)
        if wanted.norm and types.isdisjoint(NORMALISATIONS):
            yield f"--norm changes nothing: {name} has no norms (conv 3x3 64, bn has one)"
        if wanted.activation and "activation" not in types:
            yield f"--activation changes nothing: {name} has none (conv 3x3 64, relu has one)"
        # A network by its name is counted with all that stands in it, biases too.
        network = found if isinstance(found, Found) and found.kind == "network" else None
        if wanted.bias and network is not None and not network.accepts("bias"):
            yield f"--bias changes nothing: {name} says itself which layers have one"

    def subjects(self) -> Iterator[Subject | Problem]:
        """Everything, built; what cannot be is a Problem in its place."""
        for found in self:
            if isinstance(found, Problem):
                yield found
                continue
            try:
                yield self.subject(found)
            except SpecError as error:
                yield Problem(getattr(found, "line", None), error)

    def completed(self, item: Item) -> LayerSpec:
        """The spec of an item with what was asked beside it."""
        from convcost.sources.specs import completed

        return completed(self.library, item, self.asked)


NETWORKS_HINT = (
    "convcost designs lists the networks; ONNX, TFLite and PyTorch models are counted too"
)
