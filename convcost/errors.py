"""Every error that convcost raises on purpose, and the lines a user sees of it.

Owns the wording frame (sentence, place, hint). Knows nothing of where the error is printed.
"""

from __future__ import annotations

from collections.abc import Iterable

SHOWN_TEXT = 72
"""The longest stretch of a user's text that an error repeats, in characters."""

LONGEST_NAME = 60
"""How much of an unknown name is compared with those that are known."""

SHORTEST_HELD = 4
"""Shorter names stand in others by chance."""

MOST_LISTED, NEAREST_LISTED = 16, 8
"""Names are all listed up to the first number; of more, so many."""

LONGEST_LINE = 300
"""The longest sentence or place of an error: both may hold what a user typed."""


class ConvcostError(Exception):
    """The input is wrong. ``message`` is a lower-case sentence; ``hint`` says what would work."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def lines(self) -> list[str]:
        """The error as a terminal shows it: sentence, place, hint; without the ``error:``."""
        return [shorten(self.message, LONGEST_LINE)] + [f"  {self.hint}"] * (self.hint is not None)

    def __str__(self) -> str:
        return "\n".join(self.lines())


class OperationError(ConvcostError):
    """An operation cannot be applied to its input.

    ``field`` is the setting to blame, so that whoever knows the user's text can point at it;
    ``choices`` are the values that would work, to be spelt in the way the user writes.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        choices: tuple[object, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.field = field
        self.choices = choices
        self.inside: str | None = None
        """The layer of a design in which it happened, where the user did not write that layer."""

    def lines(self) -> list[str]:
        """The sentence, then the hint or the values that would work."""
        hint = self.hint or (f"try {either(self.choices)}" if self.choices else None)
        return [shorten(self.message, LONGEST_LINE)] + [f"  {hint}"] * (hint is not None)


class SpecError(ConvcostError):
    """What a user wrote cannot be used.

    ``text`` and ``span`` show the words with a caret under them; ``place`` names a spot in a
    file (``specs.jsonl:7: layers[3].groups``) or an option.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str | None = None,
        span: tuple[int, int] = (0, 0),
        place: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.span = span
        self.place = place
        self.path: str | None = None
        """The part of ``place`` inside the file: ``layers[3].groups``."""

    def lines(self) -> list[str]:
        """The sentence, the place, the text with a caret, and the hint, each where known."""
        lines = [shorten(self.message, LONGEST_LINE)]
        if self.place:
            lines.append(f"  {shorten(self.place, LONGEST_LINE)}")
        if self.text is not None:
            lines += [f"  {line}" for line in underline(self.text, *self.span)]
        if self.hint is not None:
            lines.append(f"  {self.hint}")
        return lines


class MissingExtraError(ConvcostError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package}",
            hint=f"install it with: pip install 'convcost[{extra}]'",
        )


def underline(text: str, start: int, end: int) -> list[str]:
    """``text`` on one line and carets under ``[start, end)``; a long text is cut around them."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    if len(text) > SHOWN_TEXT:
        cut = max(0, min(start - SHOWN_TEXT // 3, len(text) - SHOWN_TEXT))
        head, tail = "..." * (cut > 0), "..." * (cut + SHOWN_TEXT < len(text))
        text = head + text[cut : cut + SHOWN_TEXT] + tail
        shift = len(head) - cut
        start, end = start + shift, min(end + shift, len(text))
    return [text, " " * start + "^" * max(1, end - start)]


def shorten(text: str, limit: int = 60) -> str:
    """``text`` as an error sentence can quote it: printable, and at most ``limit`` characters."""
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def either(choices: Iterable[object], limit: int = 12) -> str:
    """``a, b or c``; a long list is cut after ``limit`` words."""
    words = [str(choice) for choice in choices]
    if len(words) > limit:
        return ", ".join(words[:limit]) + ", ..."
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def nearest(name: str, known: Iterable[object], *, cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one most probably meant, or None.

    A known name that stands whole in the other, between separators, comes before all
    (``torchvision.models.resnet50``, ``tf_efficientnet_b0.in1k``), the longest first. The first
    word of a name stands for it too: ``kernal`` is ``kernel_size``. A version weighs more than
    letters do: ``efficientnet_v2`` is not ``efficientnet_b2``.
    """
    names = [one for one in known if isinstance(one, str) and one]
    asked = name[:LONGEST_NAME].lower()
    held = [one for one in names if len(one) >= SHORTEST_HELD and _holds(asked, one.lower())]
    if held:
        return max(held, key=len)
    has_version = any(character.isdigit() for character in asked)
    heads = {} if has_version else {one.partition("_")[0]: one for one in reversed(names)}
    words = heads | dict(zip(names, names, strict=True))
    scored = [(_likeness(asked, word.lower(), cutoff), word) for word in words]
    best, word = max(scored, default=(0.0, ""))
    return words[word] if best >= cutoff else None


def _holds(name: str, known: str) -> bool:
    """Whether ``known`` stands whole in ``name``, with separators of its own or without."""
    import re

    parts = re.findall(r"[a-z]+|\d+", known)
    if not parts or "".join(parts) != re.sub(r"[-_. ]", "", known):
        return False
    return re.search(rf"(?<![a-z0-9]){'[-_. ]?'.join(parts)}(?![a-z0-9])", name) is not None


def _likeness(name: str, known: str, cutoff: float) -> float:
    """From 0 to 1: the letters that both have in order, less where they begin or end otherwise."""
    import difflib

    goes_on = known[len(name) : len(name) + 1]
    if 3 <= len(name) < len(known) and known.startswith(name) and not goes_on.isdigit():
        return 0.9
    matcher = difflib.SequenceMatcher(None, known, name)
    if matcher.real_quick_ratio() < cutoff or matcher.quick_ratio() < cutoff:
        return 0.0
    score = matcher.ratio()
    if name[:1] != known[:1]:
        score *= 0.72
    asked, own = _versions(name), _versions(known)
    if asked and own and asked.isdisjoint(own):
        typo = any(_one_digit_apart(one, other) for one in asked for other in own)
        score *= 0.9 if typo else 0.6
    elif asked and not own:
        score *= 0.85
    return score


def _versions(name: str) -> set[str]:
    """Numbers with the letter before them: ``b0``, ``v2``, ``t50`` of ``resnet_50``."""
    import re

    return {one.replace("_", "").replace("-", "") for one in re.findall(r"[a-z]?[-_]?\d+", name)}


def _one_digit_apart(one: str, other: str) -> bool:
    """Whether a digit that was mistyped, left out or typed twice, or two in the wrong order."""
    if one[:1] != other[:1]:
        return False
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return any(short == long[:at] + long[at + 1 :] for at in range(1, len(long)))
    differing = [at for at, pair in enumerate(zip(one, other, strict=True)) if len({*pair}) > 1]
    if len(differing) == 2:
        first, second = differing
        return second == first + 1 and one[first : second + 1] == other[second : first - 1 : -1]
    return len(differing) == 1


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """A hint for an unknown name: the nearest known one, else the names that there are.

    Of many names those that are most like it.
    """
    names = [one for one in known if isinstance(one, str) and one]
    match = nearest(name, names)
    if match:
        return f"did you mean {match}?"
    if len(names) <= MOST_LISTED:
        return f"known: {either(names, limit=MOST_LISTED)}"
    asked = name[:LONGEST_NAME].lower()
    close = sorted(names, key=lambda one: -_likeness(asked, one.lower(), 0.0))[:NEAREST_LISTED]
    listed = [one for one in names if one in close]
    return f"known: {', '.join(listed)}, ... ({len(names)} in all)"
