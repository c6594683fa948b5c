"""The words of one layer -> its fields: ``conv 7x7 64 s2``, ``3x3 64 bn relu``, ``conv3x3-64``.

Owns what a word of the one-line language means. Where words stand and how layers are separated
is for ``scanning``; lines of frameworks are for ``frameworks``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from convcost.errors import SpecError, shorten
from convcost.language.fields import FIELDS, LETTERS, SPELLINGS, field_name
from convcost.language.names import ALIASES, axes_in_name, plain, proper_name
from convcost.language.primitives import ACTIVATIONS, NORMALISATIONS, PRIMITIVES
from convcost.language.words import (
    is_number,
    is_sizes,
    is_word,
    read_pads,
    read_sizes,
    read_value,
)
from convcost.sources.scanning import Token

EXPECTED = "expected a kernel (3x3), a number, s2, p1, same, valid, d2, g4, x3 or key=value"
VALUES = "expected true, false, a number, sizes (3x1), a word or a quoted text"
SINGLE = ("standard", "pointwise", "depthwise", "grouped", "dilated", "transposed")
"""Designs of one convolution: what follows their name on a line follows that convolution."""

PADDING_WORDS = ("same", "valid", "causal")
FLAGS = {"bias": True, "nobias": False, "no_bias": False, "no-bias": False}
_GLUED = r"([A-Za-z][A-Za-z_]*?)[-_]?([0-9]{1,12}(?:[xX\u00d7][0-9]{1,12})*)?(?:-([0-9]{1,12}))?"
"""``conv3x3-64``: a type, a kernel and channels in one word, as papers and VGG's table write."""

Known = Callable[[str], bool]


class Words:
    """One layer being read: its fields so far, and where each of them stands."""

    def __init__(self, line: str, words: Sequence[Token], known: Known) -> None:
        self.line = line
        self.words = list(words)
        self.known = known
        self.fields: dict[str, Any] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.after: list[dict[str, Any]] = []
        """Layers of their own that a design of one convolution is followed by."""
        self._numbers: list[Token] = []

    def read(self) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
        """The fields of the layer and their places. Raises SpecError with a caret."""
        rest = self._type()
        while rest:
            used = self._word(rest)
            rest = rest[used:]
        self._name_numbers()
        self._per_axis()
        return self.fields, self.spans

    @property
    def _kind(self) -> str:
        """The proper name of the type where it is a primitive, else the type as written."""
        written = str(self.fields["type"])
        if self.known(written):
            return written
        return proper_name(written, [*PRIMITIVES, *_DESIGNS]) or written

    def _put(self, name: str, value: Any, word: Token) -> None:
        if name in self.fields:
            raise SpecError(f"{name} is given twice", text=self.line, span=word.span)
        self.fields[name] = value
        self.spans[name] = word.span

    # The type.

    def _type(self) -> list[Token]:
        """Read the type; returns the words after it."""
        words = self.words
        first = words[0]
        for count in range(min(4, len(words)), 1, -1):
            joined = "_".join(word.text for word in words[:count])
            if joined.replace("_", "").replace("-", "").isalpha() and self._is_type(joined):
                self._put("type", joined, Token(joined, first.start))
                self.spans["type"] = (first.start, words[count - 1].end)
                return words[count:]
        size, slash, stride = first.text.partition("/")
        if is_sizes(size) and not is_number(size) and (not slash or is_sizes(stride)):
            return self._bare_kernel(words)
        if self._put_layer(first):
            return words[1:]
        if not re.fullmatch(r"[A-Za-z0-9_.\-/]+", first.text, re.ASCII):
            raise SpecError(
                f"{shorten(first.text, 40)} is not a layer type",
                text=self.line,
                span=first.span,
                hint="a layer starts with its type: conv, 1x1, separable, max_pool, ...",
            )
        self._put("type", first.text, first)
        return words[1:]

    def _is_type(self, word: str) -> bool:
        """Whether several words are one name: ``global average pooling``."""
        if not is_word(word):
            return False
        return self.known(word) or proper_name(word, [*PRIMITIVES, *_DESIGNS]) is not None

    def _bare_kernel(self, words: list[Token]) -> list[Token]:
        """``3x3 64`` and ``3x3 conv 64``: a kernel before or without its type."""
        first, *rest = words
        size, slash, stride = first.text.partition("/")
        sizes = read_sizes(size)
        if rest and self._is_type(rest[0].text):
            self._put("type", rest[0].text, rest[0])
            rest = rest[1:]
        elif sizes == (1, 1):
            self._put("type", "1x1", first)
            sizes = ()
        else:
            self._put("type", "conv", first)
        if sizes:
            self._put(self._sizes_field(), sizes, first)
        if slash:
            self._put("stride", read_sizes(stride), first)
        return rest

    def _put_layer(self, word: Token) -> bool:
        """A type, an activation as a layer, or a type with its kernel and channels in one word."""
        text = word.text
        if self.known(text) or text in PRIMITIVES or plain(text) in ALIASES:
            self._put("type", text, word)
            return True
        function = proper_name(text, ACTIVATIONS)
        if function is not None and function != "identity":
            self._put("type", "activation", word)
            self._put("function", function, word)
            return True
        head, dash, last = text.rpartition("-")
        if dash and is_number(last) and (plain(head) in ALIASES or head in PRIMITIVES):
            self._put("type", head, word)
            self._put("out_channels", int(last), word)
            return True
        match = re.fullmatch(_GLUED, text)
        if match is None or not self._is_type(match.group(1)):
            return False
        kind, kernel, out = match.groups()
        if (kernel and not is_sizes(kernel)) or (out and not is_number(out)):
            return False  # more digits than any size has
        self._put("type", kind, word)
        if kernel is not None:
            name = self._sizes_field()
            self._put(name, read_sizes(kernel), word)
        if out is not None:
            self._put("out_channels", int(out), word)
        return True

    # What follows it.

    def _word(self, rest: list[Token]) -> int:
        """Read the next word, and its value where that is another word; returns how many."""
        word = rest[0]
        text = word.text
        if is_number(text):
            self._numbers.append(word)
            return 1
        if "=" not in text and len(rest) > 1 and self._is_key(text, rest[1].text):
            name = LETTERS.get(text) or field_name(text)
            self._put(name, self._value(name, rest[1]), rest[1])
            return 2
        if self._follower(word):
            return 1
        name, value = self._field(word)
        self._put(name, value, word)
        return 1

    def _rate(self, text: str) -> float | None:
        """The decimal of ``dropout 0.5`` and ``dropout p=0.5``, where it is one."""
        whole, point, decimals = text.removeprefix("p=").partition(".")
        is_rate = point and is_number(whole) and is_number(decimals) and self._kind == "dropout"
        return float(f"{whole}.{decimals}") if is_rate else None

    def _is_key(self, text: str, value: str) -> bool:
        """Whether ``stride 2`` or ``reduction 2`` is a key and its value."""
        if text in FLAGS or text.lower() in PADDING_WORDS or not is_word(text):
            return False
        if text[0] in LETTERS and len(text) > 1 and (is_sizes(text[1:]) or read_pads(text[1:])):
            return False
        if text in LETTERS or text in FIELDS or text in SPELLINGS:
            return True
        is_follower = any(proper_name(text, names) for names in (NORMALISATIONS, ACTIVATIONS))
        return not is_follower and is_number(value)

    def _field(self, word: Token) -> tuple[str, Any]:
        """The field and value of one word that is not a bare number."""
        text = word.text
        if is_sizes(text):
            return self._sizes_field(), read_sizes(text)
        if (rate := self._rate(text)) is not None:
            return "rate", rate
        if text.lower() in PADDING_WORDS:
            return "padding", text.lower()
        if text in FLAGS:
            return "bias", FLAGS[text]
        size, slash, stride = text.partition("/")
        if slash and is_sizes(stride) and not size:
            return "stride", read_sizes(stride)
        if slash and is_sizes(stride) and is_sizes(size):
            self._put("stride", read_sizes(stride), word)
            return self._sizes_field(), read_sizes(size)
        letter = LETTERS.get(text[0])
        if letter == "padding" and (pads := read_pads(text[1:])) is not None:
            return "padding", pads
        if letter is not None and is_sizes(text[1:]):
            return self._times() if letter == "repeat" else letter, read_sizes(text[1:])
        return self._key_and_value(word)

    def _times(self) -> str:
        """What ``x2`` means: copies of the layer, or of an enlargement the factor."""
        primitive = PRIMITIVES.get(self._kind)
        return (primitive.times if primitive else None) or "repeat"

    def _sizes_field(self) -> str:
        """What sizes joined by x mean: the kernel, or what the type has in its place."""
        primitive = PRIMITIVES.get(self._kind)
        own = primitive.bare[0] if primitive and primitive.bare else "kernel_size"
        return own if own != "out_channels" else "kernel_size"

    def _follower(self, word: Token) -> bool:
        """``bn`` and ``relu`` after a layer that may carry them; whether it was one."""
        for field, names in (("norm", NORMALISATIONS), ("activation", ACTIVATIONS)):
            proper = proper_name(word.text, names)
            if proper is None:
                continue
            primitive = PRIMITIVES.get(self._kind)
            if primitive is not None and primitive.followed:
                self._put(field, proper, word)
                return True
            if self._kind in SINGLE:
                self.after.append(_follower_layer(field, proper))
                return True
            kind = self.fields["type"]
            inner = "" if primitive else "; --norm and --activation count those inside a design"
            raise SpecError(
                f"{kind} does not carry {shorten(word.text, 40)}",
                text=self.line,
                span=word.span,
                hint=f"write it as a layer of its own: {kind} ..., {word.text}{inner}",
            )
        return False

    def _key_and_value(self, word: Token) -> tuple[str, Any]:
        name, equals, _ = word.text.partition("=")
        if not equals or not is_word(name):
            raise SpecError(
                f"{shorten(word.text, 40)} is not understood",
                text=self.line,
                span=word.span,
                hint=EXPECTED,
            )
        field = LETTERS.get(name) or field_name(name)
        if field in ("type", "input"):
            raise SpecError(f"{field} cannot be set here", text=self.line, span=word.span)
        return field, self._value(
            name, Token(word.text[len(name) + 1 :], word.start + len(name) + 1), field
        )

    def _value(self, name: str, word: Token, field: str | None = None) -> Any:
        field = field or name
        is_pads = field in FIELDS and FIELDS[field].check == "pads"
        if is_pads and (pads := read_pads(word.text)) is not None and word.text[:1] != "[":
            return pads
        try:
            return read_value(word.text)
        except ValueError:
            raise SpecError(
                f"{shorten(word.text, 40)} is not a value" if word.text else f"{name} has no value",
                text=self.line,
                span=word.span,
                hint=VALUES,
            ) from None

    # What all words together mean.

    def _name_numbers(self) -> None:
        """Which fields the bare numbers of a layer stand for."""
        primitive = PRIMITIVES.get(self._kind)
        names = list(primitive.bare if primitive else ("kernel_size", "out_channels"))
        names = [name for name in names if name not in self.fields]
        if len(self._numbers) < len(names) and "out_channels" in names:
            names = ["out_channels"]
        if len(self._numbers) > len(names):
            raise SpecError(
                "one number too many",
                text=self.line,
                span=self._numbers[len(names)].span,
                hint=EXPECTED,
            )
        for name, word in zip(names, self._numbers, strict=False):
            self._put(name, int(word.text), word)

    def _per_axis(self) -> None:
        """``conv1d 3 64`` is a kernel of one axis, whatever the input is."""
        count = axes_in_name(str(self.fields["type"]))
        kernel = self.fields.get("kernel_size")
        if count is not None and isinstance(kernel, int) and not self.known(self.fields["type"]):
            self.fields["kernel_size"] = (kernel,) * count


def _follower_layer(field: str, word: str) -> dict[str, Any]:
    """A normalisation or an activation as a layer of its own."""
    return {"type": word} if field == "norm" else {"type": "activation", "function": word}


_DESIGNS = tuple(dict.fromkeys(name for name in ALIASES.values() if name not in PRIMITIVES))
"""Designs that have other names: a word may be recognised as one of them without a library."""
