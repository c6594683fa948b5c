"""Layers in one word: ``conv3x3-64``, ``pw64``, ``MBConv6``, ``conv-bn-relu``, ``64->128``.

Splits such words as papers and code write them; what the parts of a layer are called here is for
``oneline``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from convcost.language.fields import LETTERS
from convcost.language.names import ALIASES, plain, proper_name
from convcost.language.primitives import ACTIVATIONS, NORMALISATIONS, PRIMITIVES
from convcost.language.words import is_number, is_sizes
from convcost.sources.bare import EXPANDED
from convcost.sources.scanning import IN_AND_OUT

PADDING_WORDS = ("same", "valid", "causal")
FLAGS = {"bias": True, "nobias": False, "no_bias": False, "no-bias": False}

_WORD = r"([A-Za-z][A-Za-z_-]*?)[-_]?([0-9]{1,12}(?:[xX\u00d7][0-9]{1,12})*)?(?:-([0-9]{1,12}))?"


class Glued(NamedTuple):
    """The parts of one word: sizes, a number that may be a kernel or channels, and fields."""

    type: str
    kernel: str | None = None
    number: int | None = None
    fields: Mapping[str, Any] = MappingProxyType({})


def glued(text: str, is_type: Callable[[str], bool]) -> Glued | None:
    """The parts of a word, or None where it does not begin with a type."""
    head, dash, last = text.rpartition("-")
    if dash and is_number(last) and (plain(head) in ALIASES or head in PRIMITIVES):
        return Glued(head, fields={"out_channels": int(last)})
    together = _followed(text)
    if together is not None:
        return together
    match = re.fullmatch(_WORD, text)
    if match is None or not is_type(match.group(1)):
        return None
    kind, kernel, out = match.groups()
    if (kernel and not is_sizes(kernel)) or (out and not is_number(out)):
        return None  # more digits than any size has
    fields = {} if out is None else {"out_channels": int(out)}
    if kernel is not None and is_number(kernel) and out is None:
        return Glued(kind, None, int(kernel), fields)
    return Glued(kind, kernel, None, fields)


def _followed(text: str) -> Glued | None:
    """``conv-bn-relu``, ``conv+bn+relu``, ``ConvBNReLU``: a layer that carries what follows."""
    rest = plain(text).replace("+", "")
    for head in ("convolution", "conv2d", "conv1d", "conv3d", "conv"):
        if rest.startswith(head):
            break
    else:
        return None
    rest = rest.removeprefix(head)
    fields: dict[str, Any] = {}
    for norm in sorted({*NORMALISATIONS, "bn", "gn", "ln", "batchnorm"}, key=len, reverse=True):
        if rest.startswith(plain(norm)):
            fields["norm"] = proper_name(norm, NORMALISATIONS)
            rest = rest.removeprefix(plain(norm))
            break
    if rest:
        function = proper_name(rest, ACTIVATIONS) or proper_name(rest, ("act",))
        if function in (None, "identity", "act"):
            return None
        fields["activation"] = function
    return Glued(head, fields=fields) if fields else None


DESIGN_LETTERS = {"e": "expansion", "t": "expansion", "r": "reduction"}
"""Letters of papers before a number, for designs that have what they stand for."""

REDUCED = ("bottleneck", "squeeze_excitation")
"""Designs with a reduction."""


def design_field(kind: str, text: str) -> str | None:
    """The field that ``e6`` or ``r4`` sets of a design of this name."""
    own = DESIGN_LETTERS.get(text[:1]) if is_number(text[1:]) else None
    return own if own and kind in (EXPANDED if own == "expansion" else REDUCED) else None


def may_follow(word: str) -> bool:
    """Whether a word says more of a layer than that it is one: ``s2``, ``k5x5``, ``same``."""
    if is_sizes(word) or word in FLAGS or word.lower() in PADDING_WORDS:
        return True
    letter, rest = word[:1], word[1:]
    return (letter in LETTERS or letter in DESIGN_LETTERS) and bool(rest) and is_sizes(rest)


def in_and_out(text: str) -> tuple[int, int] | None:
    """``64->128``: channels in and out."""
    match = IN_AND_OUT.fullmatch(text)
    return (int(match.group(1)), int(match.group(2))) if match else None


JOINS = ("|", "+", ">", "=>", "&", "then")
"""What people write between layers where a comma belongs."""

CHAINED = "layers stand one after the other with commas: 1x1 64, 3x3 64, 1x1 256"


def begins(word: str) -> str:
    """What to write where a layer does not begin with a type."""
    if in_and_out(word) is not None:
        return f"write a type before it: conv 3x3 {word}"
    if word in JOINS:
        return CHAINED
    return "a layer starts with its type: conv, 1x1, separable, max_pool, ..."
