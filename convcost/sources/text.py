"""The one-line spelling: ``conv 7x7 64 s2, max_pool 3x3 s2, bottleneck 3x3 64 reduction=2``.

    line   := layer ("," layer)*
    layer  := TYPE word*                     (the order after TYPE is free)
    word   := SIZES | NUMBER | "s" SIZES | "d" SIZES | "g" NUMBER | "x" NUMBER
            | "p" PADS | "same" | "valid" | KEY "=" VALUE
    SIZES  := NUMBER ("x" NUMBER)*           PADS := PAD ("x" PAD)*     PAD := NUMBER [":" NUMBER]
    VALUE  := true | false | NUMBER | DECIMAL | SIZES | WORD | JSON text | JSON array

Sizes joined by x are the kernel. Of two bare numbers the first is the kernel (1-D), the second
the output channels; a single one is the output channels, or the kernel of a pool.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject, build_chain, build_spec, with_bias
from convcost.language.fields import field_name
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import TextOrigin
from convcost.language.primitives import PRIMITIVES
from convcost.language.problems import explain_layer
from convcost.language.running import WEIGHTS_ONLY, Switches
from convcost.language.words import (
    is_number,
    is_sizes,
    is_word,
    read_pads,
    read_sizes,
    read_value,
)
from convcost.quantities import format_shape

EXPECTED = "expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value"
MAX_TEXT = 20_000

_QUOTED = r'"(?:\\.|[^"\\])*"'
_OPEN_QUOTE = r'"(?:\\.|[^"\\])*\\?\Z'  # takes the rest of the line, so that errors can show it
_INNER_ARRAY = rf'\[(?:{_QUOTED}|[^\[\]"])*\]'
_ARRAY = rf'\[(?:{_QUOTED}|{_INNER_ARRAY}|[^\[\]"])*\]'
_TOKEN = re.compile(rf'(?:{_QUOTED}|{_OPEN_QUOTE}|{_ARRAY}|[^\s,"\[])+|,|\S')
_TYPE = re.compile(r"[A-Za-z0-9_.\-/]+", re.ASCII)
_SHORT_FIELDS = {"s": "stride", "d": "dilation", "g": "groups", "x": "repeat"}


class TextLayer(NamedTuple):
    """One layer of a line: its spec, and where its words stand."""

    spec: LayerSpec
    origin: TextOrigin


def parse(text: str) -> list[TextLayer]:
    """The layers of a line. Raises SpecError with the text and a caret."""
    if len(text) > MAX_TEXT:
        raise SpecError(f"a line of {len(text):,} characters is too long", text=text, span=(0, 1))
    layers = []
    words: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if token.group() == ",":
            layers.append(_layer(text, words, token.start()))
            words = []
        else:
            words.append(token)
    layers.append(_layer(text, words, len(text)))
    return layers


def _layer(text: str, words: list[re.Match[str]], end: int) -> TextLayer:
    if not words:
        raise SpecError(
            "a layer is missing here", text=text, span=(end, end + 1), hint="such as conv 3x3 64"
        )
    kind, *rest = words
    if not _TYPE.fullmatch(kind.group()):
        raise SpecError(
            f"{shorten(kind.group(), 40)} is not a layer type",
            text=text,
            span=kind.span(),
            hint="a layer starts with its type: conv, 1x1, separable, max_pool, ...",
        )
    fields: dict[str, Any] = {"type": kind.group()}
    spans = {"type": kind.span()}
    numbers: list[re.Match[str]] = []
    for word in rest:
        if is_number(word.group()):
            numbers.append(word)
            continue
        name, value = _word(text, word)
        _put(text, fields, spans, name, value, word)
    for name, word in _name_numbers(text, kind.group(), numbers, "kernel_size" in fields):
        _put(text, fields, spans, name, int(word.group()), word)
    span = (kind.start(), words[-1].end())
    origin = TextOrigin(text, span, spans)
    try:
        return TextLayer(LayerSpec.model_validate(fields), origin)
    except ValidationError as error:
        raise origin.error(explain_layer(fields, error)) from None


def _put(
    text: str,
    fields: dict[str, Any],
    spans: dict[str, tuple[int, int]],
    name: str,
    value: Any,
    word: re.Match[str],
) -> None:
    if name in fields:
        raise SpecError(f"{name} is given twice", text=text, span=word.span())
    fields[name] = value
    spans[name] = word.span()


def _name_numbers(
    text: str, kind: str, numbers: list[re.Match[str]], has_kernel: bool
) -> Iterator[tuple[str, re.Match[str]]]:
    """Which fields the bare numbers of a layer stand for."""
    primitive = PRIMITIVES.get(kind)
    windowed = primitive is not None and "out_channels" not in primitive.fields
    names = ["out_channels"] if has_kernel or len(numbers) == 1 else ["kernel_size", "out_channels"]
    if windowed and not has_kernel:
        names = ["kernel_size"]
    if len(numbers) > len(names):
        raise SpecError(
            "one number too many", text=text, span=numbers[len(names)].span(), hint=EXPECTED
        )
    yield from zip(names, numbers, strict=False)


def _word(text: str, word: re.Match[str]) -> tuple[str, Any]:
    """The field and value of one word that is not a bare number."""
    content = word.group()
    if is_sizes(content):
        return "kernel_size", read_sizes(content)
    if content in ("same", "valid"):
        return "padding", content
    if content[0] in _SHORT_FIELDS and is_sizes(content[1:]):
        return _SHORT_FIELDS[content[0]], read_sizes(content[1:])
    if content[0] == "p" and (pads := read_pads(content[1:])) is not None:
        return "padding", pads
    name, equals, value = content.partition("=")
    if not equals or not is_word(name):
        raise SpecError(
            f"{shorten(content, 40)} is not understood", text=text, span=word.span(), hint=EXPECTED
        )
    field = field_name(name)
    if field in ("type", "input"):
        raise SpecError(f"{field} cannot be set here", text=text, span=word.span())
    try:
        return field, read_value(value)
    except ValueError:
        span = (word.start() + len(name) + 1, word.end())
        raise SpecError(
            f"{shorten(value, 40)} is not a value" if value else f"{name} has no value",
            text=text,
            span=span,
            hint="expected true, false, a number, sizes (3x1), a word or a quoted text",
        ) from None


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
    layers = [layer._replace(spec=with_bias(library, layer.spec, bias)) for layer in parse(text)]
    if len(layers) == 1:
        (layer,) = layers
        subject = build_spec(
            library, layer.spec, layer.origin, input=input, batch=batch, switches=switches
        )
        return subject._replace(name=layer.spec.name or " ".join(text.split()))
    chain = [(layer.spec, layer.origin) for layer in layers]
    subject = build_chain(chain, library, input, batch, switches)
    return Subject(" ".join(text.split()), subject.graph, subject.batch)


def format_layer(spec: LayerSpec) -> str:
    """A spec in its shortest spelling: ``parse(format_layer(spec))`` gives the spec again.

    The input is not part of a layer's text. Raises ConvcostError for a type that cannot be
    written on one line.
    """
    if not _TYPE.fullmatch(spec.type):
        raise ConvcostError(f"{shorten(spec.type)!r} cannot be written on one line")
    settings = spec.settings()
    words = [spec.type]
    kernel, out = settings.pop("kernel_size", None), settings.pop("out_channels", None)
    if isinstance(kernel, tuple) and len(kernel) > 1:
        words.append(format_shape(kernel))
    elif kernel is not None:
        words.append(f"kernel_size={_format_value(kernel)}")
    if out is not None:
        primitive = PRIMITIVES.get(spec.type)
        bare = primitive is None or "out_channels" in primitive.fields
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
    if isinstance(value, str) and is_word(value) and value not in ("true", "false"):
        return value
    return json.dumps(value, separators=(",", ":"))
