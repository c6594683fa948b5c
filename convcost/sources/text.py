"""The one-line spelling: ``conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 64 reduction=2``.

    line   := part ("," part)*               (also ";", "->" and line ends)
    part   := [NUMBER "x"] "(" line ")" | "(" line ")" ["x" NUMBER] | CALL ["x" NUMBER] | layer
    layer  := [TYPE] word*                   (the order after TYPE is free)
    word   := SIZES ["/" SIZES] | NUMBER | "s" SIZES | "d" SIZES | "g" NUMBER | "x" NUMBER
            | "p" PADS | "same" | "valid" | "causal" | "bias" | NORM | ACTIVATION
            | KEY "=" VALUE | KEY VALUE
    SIZES  := NUMBER ("x" NUMBER)*           PADS := PAD ("x" PAD)*     PAD := NUMBER [":" NUMBER]
    VALUE  := true | false | NUMBER | DECIMAL | SIZES | WORD | JSON text | JSON array
    CALL   := a line of PyTorch or Keras, such as Conv2d(64, 128, 3, padding=1)

Sizes joined by x are the kernel; without a TYPE they make a convolution. Of two bare numbers
the first is the kernel where one would write it so, the second the output channels; a single one
is the output channels, or the kernel of a pool (``bare`` has the rules). ``x2`` repeats a layer,
but enlarges where that is its trade.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject, build_chain, build_spec, with_bias
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import TextOrigin
from convcost.language.primitives import PRIMITIVES, layer_hint
from convcost.language.problems import explain_layer
from convcost.language.running import MAX_REPEAT, WEIGHTS_ONLY, Switches
from convcost.language.words import is_number, is_sizes, is_word
from convcost.quantities import format_shape
from convcost.sources.bare import fields_for
from convcost.sources.glued import may_follow
from convcost.sources.oneline import Known, Words, proper_type
from convcost.sources.scanning import Token, parts

MAX_TEXT = 20_000
MAX_LAYERS = 20_000
"""The longest chain that repeated groups may write out."""


class TextLayer(NamedTuple):
    """One layer of a line: its spec, and where its words stand."""

    spec: LayerSpec
    origin: TextOrigin
    notes: tuple[str, ...] = ()


def parse(text: str, known: Known = lambda word: False, axes: int | None = None) -> list[TextLayer]:
    """The layers of a line. Raises SpecError with the text and a caret.

    ``known`` says which words are designs of the user: those come before any other reading.
    ``axes``: how many spatial axes the input has, where that is known.
    """
    if len(text) > MAX_TEXT:
        raise SpecError(f"a line of {len(text):,} characters is too long", text=text, span=(0, 1))
    text = _without_listing(text)
    layers: list[TextLayer] = []
    for layer in _parts(text, 0, len(text), known, axes):
        layers.append(layer)
        if len(layers) > MAX_LAYERS:
            raise SpecError(f"more than {MAX_LAYERS:,} layers", text=text, span=layer.origin.span)
    return layers


def _without_listing(text: str) -> str:
    """``(conv1): `` before each line of a printed model, blanked so that places stay."""
    if "): " not in text:
        return text
    return re.sub(r"(?m)^\s*\([\w.-]+\): ", lambda match: " " * len(match.group()), text)


def _parts(line: str, start: int, stop: int, known: Known, axes: int | None) -> Iterator[TextLayer]:
    """The layers of a stretch of the line, groups and calls written out."""
    for found, end in parts(line, start, stop):
        if not found:
            raise SpecError(
                "a layer is missing here",
                text=line,
                span=(end, end + 1),
                hint="such as conv 3x3 64",
            )
        times, words = _times_before(line, found)
        first = words[0]
        name, bracket, _ = first.text.partition("(")
        if first.text[:1] == "(" and not is_sizes(first.text):
            for _ in range(times or _copies(line, words)):
                yield from _parts(line, first.start + 1, first.end - 1, known, axes)
        elif bracket and _is_call(name):
            from convcost.sources.frameworks.lines import layers_of

            copies = _copies(line, words)
            made = [
                _checked(line, layer.fields, layer.span, {})._replace(notes=layer.notes)
                for layer in layers_of(line, first)
            ]
            for _ in range(copies):
                yield from made
        else:
            reader = Words(line, words, known, axes)
            fields, spans = reader.read()
            notes = tuple(reader.notes)
            copies = fields.pop("repeat", 1) if reader.after else 1
            span = (first.start, words[-1].end)
            for _ in range(copies):
                yield _checked(line, fields, span, spans)._replace(notes=notes)
                for following in reader.after:
                    yield _checked(line, following, span, {})


def _times_before(line: str, words: list[Token]) -> tuple[int, list[Token]]:
    """``3*(...)``, ``3 x (...)``: how often a group stands, 0 where that is not said before it."""
    begin = re.match(r"([0-9]{1,12})\s*[xX*\u00d7]\s*(?=\()", line[words[0].start :])
    if begin is None:
        return 0, words
    start = words[0].start + begin.end()
    last = next((word for word in words if word.end > start), None)
    if last is None or is_sizes(last.text):
        return 0, words
    group = Token(line[start : last.end], start)
    count = Token(f"x{begin.group(1)}", words[0].start)
    rest = [word for word in words if word.start >= last.end]
    if rest:
        raise SpecError(
            f"{shorten(rest[0].text, 40)} is not understood",
            text=line,
            span=(rest[0].start, rest[-1].end),
            hint="after a bracket stands a comma or the end",
        )
    return _copies(line, [group, count]), [group]


def _is_call(name: str) -> bool:
    return bool(name) and all(map(str.isidentifier, name.split(".")))


def _copies(line: str, words: list[Token]) -> int:
    """How often a group or a call stands: ``(...) x10``, ``(...) x 10``."""
    rest = words[1:]
    if not rest:
        return 1
    text = "".join(word.text for word in rest)
    digits = text.removeprefix("*") if text[:1] == "*" else text[1:]
    if text[:1] not in ("x", "X", "*", "\u00d7") or not is_number(digits):
        raise SpecError(
            f"{shorten(rest[0].text, 40)} is not understood",
            text=line,
            span=(rest[0].start, rest[-1].end),
            hint="after a bracket stands how often: x3",
        )
    copies = int(digits)
    if not 1 <= copies <= MAX_REPEAT:
        bound = "at least 1" if copies < 1 else f"at most {MAX_REPEAT}"
        raise SpecError(
            f"repeat must be {bound}, not {digits}",
            text=line,
            span=(rest[0].start, rest[-1].end),
        )
    return copies


def _checked(
    line: str,
    fields: dict[str, Any],
    span: tuple[int, int],
    spans: dict[str, tuple[int, int]],
) -> TextLayer:
    """The fields of a layer as a spec."""
    origin = TextOrigin(line, span, spans)
    try:
        return TextLayer(LayerSpec.model_validate(fields), origin)
    except ValidationError as error:
        raise origin.error(explain_layer(fields, error)) from None


def build_text(
    library: Library,
    text: str,
    input: Shape,
    *,
    batch: int | None = None,
    switches: Switches = WEIGHTS_ONLY,
    bias: bool | None = None,
) -> Subject:
    """A one-line spec on ``input``; several layers make a chain.

    ``bias`` of True or False gives all layers a bias, or none.
    """
    layers = parse(text, library.is_own, len(input) - 1)
    for number, layer in enumerate(layers):
        _check_type(library, layer, is_first=number == 0)
    layers = [layer._replace(spec=with_bias(library, layer.spec, bias)) for layer in layers]
    notes = tuple(dict.fromkeys(note for layer in layers for note in layer.notes))
    if len(layers) == 1:
        (layer,) = layers
        subject = build_spec(
            library, layer.spec, layer.origin, input=input, batch=batch, switches=switches
        )
        name = layer.spec.name or " ".join(text.split())
        return subject._replace(name=name, notes=(*notes, *subject.notes))
    chain = [(layer.spec, layer.origin) for layer in layers]
    subject = build_chain(chain, library, input, batch, switches)
    notes = (*notes, *subject.notes)
    return Subject(" ".join(text.split()), subject.graph, subject.batch, notes=notes)


def _check_type(library: Library, layer: TextLayer, *, is_first: bool) -> None:
    """Raise SpecError for a type that is none, with words for layers."""
    kind = layer.spec.type
    if library.proper(kind) in PRIMITIVES or library.knows(kind):
        return
    text, start = layer.origin.text, layer.origin.fields.get("type", layer.origin.span)[0]
    hint = layer_hint(kind, library.names())
    before = text[:start].rstrip()
    if not is_first and before[-1:] in (",", ";") and may_follow(kind):
        hint = f"without the comma, {kind} belongs to the layer before it"
    raise SpecError(
        f"{shorten(kind, 40)} is not a layer type or design",
        text=text,
        span=layer.origin.fields.get("type", layer.origin.span),
        hint=hint,
    )


def format_layer(spec: LayerSpec) -> str:
    """A spec in its shortest spelling: ``parse(format_layer(spec))`` gives the spec again.

    The input is not part of a layer's text. Raises ConvcostError for a type that cannot be
    written on one line.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.\-/]+", spec.type, re.ASCII):
        raise ConvcostError(f"{shorten(spec.type)!r} cannot be written on one line")
    settings = spec.settings()
    words = [spec.type]
    kernel, out = settings.pop("kernel_size", None), settings.pop("out_channels", None)
    if isinstance(kernel, tuple) and len(kernel) > 1:
        words.append(format_shape(kernel))
    elif kernel is not None:
        words.append(f"kernel_size={_format_value(kernel)}")
    if out is not None:
        written = ("kernel_size",) if kernel is not None else ()
        bare = fields_for(proper_type(spec.type), written, 1) == ["out_channels"]
        words.append(str(out) if bare else f"out_channels={out}")
    for letter, field in (("s", "stride"), ("d", "dilation"), ("g", "groups")):
        value = settings.pop(field, None)
        if isinstance(value, tuple) and len(value) == 1:
            words.append(f"{field}=[{value[0]}]")
        elif value is not None:
            words.append(letter + format_shape(value if isinstance(value, tuple) else [value]))
    if "padding" in settings:
        words.append(_format_padding(settings.pop("padding")))
    extras = {"batch": spec.batch, "name": spec.name}
    words += [f"{k}={_format_value(v)}" for k, v in {**settings, **extras}.items() if v is not None]
    if spec.repeat is not None:
        words.append(f"x{spec.repeat}")
    return " ".join(words)


def _format_padding(padding: Any) -> str:
    if isinstance(padding, str):
        return padding if padding in ("same", "valid") else f'padding="{padding}"'
    if isinstance(padding, int):
        return f"p{padding}"
    if len(padding) == 1 and isinstance(padding[0], int):
        return f"padding=[{padding[0]}]"
    sides = (side if isinstance(side, tuple) else (side,) for side in padding)
    return "p" + "x".join(":".join(map(str, side)) for side in sides)


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and is_word(value) and value.lower() not in ("true", "false"):
        return value
    return json.dumps(value, separators=(",", ":"))
