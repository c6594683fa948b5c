"""Every error that convcost raises on purpose, and the lines a user sees of it.

Owns the wording frame (sentence, place, hint). Knows nothing of where the error is printed.
"""

from __future__ import annotations

from collections.abc import Iterable

SHOWN_TEXT = 72
"""The longest stretch of a user's text that an error repeats, in characters."""

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
        if self.place is not None:
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


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one most probably meant, or None.

    The first word of a name stands for it too: ``kernal`` is ``kernel_size``.
    """
    import difflib

    names = list(known)
    heads = {known.partition("_")[0]: known for known in reversed(names)}
    words = heads | dict(zip(names, names, strict=True))
    matches = difflib.get_close_matches(name[:60].lower(), words, n=1, cutoff=cutoff)
    return words[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, else the list of all."""
    names = list(known)
    match = nearest(name, names)
    return f"did you mean {match}?" if match else f"known: {either(names, limit=40)}"
