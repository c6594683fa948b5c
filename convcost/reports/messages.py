"""Messages with values in them: what fits a template, and how it is said in another language.

Owns the holes of a message: ``{}`` is a value that stays as it is, ``{#}`` sizes, ``{t}`` words
that are translated too, ``{e}`` the same where they may be another program's, ``{l}`` a list of
values, ``{?}`` a value that may be nothing (the ``s`` of a plural). Knows nothing of any language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

HOLE = re.compile(r"\{([#tle?]?)\}")
_SIZES = re.compile(r"[0-9][0-9x,.]*")
_SENTENCE = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){3}\b")
"""What no value is: words of a message that another template is for."""

JOINTS = (" or ", " and ", " , ")
"""Messages for what stands between values of a list; the last one for its commas."""


class Speaker(Protocol):
    """Who knows messages."""

    def exact(self, message: str) -> str | None:
        """A message without values in the other language, or None."""

    def known(self, message: str) -> str | None:
        """A message, or one with values in it, in the other language, or None."""


class Template(NamedTuple):
    """A message: what is fixed, the kinds of hole between, and the other language's text."""

    fixed: tuple[str, ...]
    kinds: tuple[str, ...]
    text: str

    @property
    def weight(self) -> tuple[int, int]:
        """How many characters are fixed, and holes are narrow: the more, the better a text fits."""
        return sum(map(len, self.fixed)), self.kinds.count("#")

    def values(self, message: str) -> list[str] | None:
        """What stands in the holes, or None where the message is another one.

        Each hole ends where what follows it comes first: no search, whatever a user typed.
        """
        start, end = len(self.fixed[0]), len(message) - len(self.fixed[-1])
        if not (message.startswith(self.fixed[0]) and message.endswith(self.fixed[-1])):
            return None
        found = []
        for kind, after in zip(self.kinds[:-1], self.fixed[1:-1], strict=True):
            at = message.find(after, start + (kind != "?"), end)
            if at < 0:
                return None
            found.append(message[start:at])
            start = at + len(after)
        last = message[start:end]
        if start > end or (not last and self.kinds[-1] != "?"):
            return None
        return [*found, last]

    def said(self, message: str, speaker: Speaker) -> str | None:
        """The message in the other language; None where it does not fit."""
        values = self.values(message)
        if values is None:
            return None
        said = [_said(kind, one, speaker) for kind, one in zip(self.kinds, values, strict=True)]
        if any(one is None for one in said):
            return None
        return self.text.format(*said)


def _said(kind: str, value: str, speaker: Speaker) -> str | None:
    """A value as it stands in the translation; None where no such value can be there."""
    if kind == "#":
        return value if _SIZES.fullmatch(value) else None
    if kind == "t":
        return words(value, speaker)
    if kind == "e":
        return words(value, speaker) or value
    if _SENTENCE.search(value):
        return None
    if kind == "l":
        if value.endswith(" more"):
            return speaker.known(value) or value
        for joint in JOINTS:
            value = value.replace(joint.replace(" ,", ","), speaker.exact(joint) or joint)
    return value


def words(value: str, speaker: Speaker) -> str | None:
    """Words of ours: a message for all of them, or for each, or for some."""
    exact = speaker.exact(value)
    if exact is not None:
        return exact
    split = [_split(value, joint, speaker) for joint in ("; ", ", ", " and ")]
    whole = [joined for joined, is_whole in split if is_whole]
    if whole:
        return whole[0]
    known = speaker.known(value)
    if known is not None:
        return known
    some = [joined for joined, _ in split if joined != value]
    return some[0] if some else None if _SENTENCE.search(value) else value


def _split(value: str, joint: str, speaker: Speaker) -> tuple[str, bool]:
    """The parts of a value, each as it is said where that is known; and whether all of them are."""
    parts = value.split(joint)
    if len(parts) == 1:
        return value, False
    # Between commas one word is a name of something: ``attention``, ``same``.
    said = [speaker.known(part) if joint != ", " or " " in part else None for part in parts]
    if all(one is None for one in said):
        return value, False
    shown = [part if one is None else one for part, one in zip(parts, said, strict=True)]
    return (speaker.exact(joint) or joint).join(shown), None not in said


def templates(messages: Mapping[str, str]) -> list[Template]:
    """The messages with holes, the most fixed first; one without words would fit anything."""
    found = [_template(source, text) for source, text in messages.items() if HOLE.search(source)]
    return sorted(_useful(found), key=lambda template: template.weight, reverse=True)


def _useful(found: Iterable[Template]) -> list[Template]:
    return [template for template in found if "".join(template.fixed).strip(": ")]


def _template(source: str, text: str) -> Template:
    parts = HOLE.split(source)
    return Template(tuple(parts[::2]), tuple(parts[1::2]), text)
