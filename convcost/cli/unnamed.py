"""Words without a command: which command they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convcost.errors import SpecError, nearest, shorten


def command_for(args: Sequence[str]) -> str:
    """``resnet50`` is to be counted, a shape alone to be compared. Raises SpecError otherwise."""
    from convcost.cli.app import COMMANDS
    from convcost.cli.elsewhere import COMMANDS as OTHERS
    from convcost.language.library import Library
    from convcost.quantities import looks_like_shape
    from convcost.sources.words import classify

    first = args[0]
    if first.startswith("-") and first != "-":
        raise SpecError(
            f"there is no option {shorten(first, 40)} here",
            hint=f"options stand after a command: {_after(args, COMMANDS)}",
        )
    if looks_like_shape(first) and first != "1x1":
        following = next((word for word in args[1:] if not looks_like_shape(word)), "")
        return "compare" if not following or following.startswith("-") else "count"
    if first in OTHERS:
        raise SpecError(OTHERS[first][0], place=first, hint=OTHERS[first][1])
    (word,) = classify([first], Library()).words or [None]
    if word is not None and word.source != "text":
        return "count"
    match = nearest(first, COMMANDS)
    raise SpecError(
        f"no such command: {shorten(first, 40)}",
        hint=f"did you mean {match}?" if match else f"commands: {', '.join(COMMANDS)}",
    )


def _after(args: Sequence[str], commands: Mapping[str, str]) -> str:
    """The same words with their options behind the command, else an example."""
    import shlex

    at = next((index for index, word in enumerate(args) if word in commands), None)
    if at is None or len(args) - at < 2 or not all(map(str.isprintable, args)):
        return "convcost compare 56x56x256 --kernel 3 --out 64"
    return shorten(shlex.join(["convcost", *args[at:], *args[:at]]), 100)
