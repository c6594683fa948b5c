"""What an option that a command does not have was meant to be: one hint that can be followed.

Looked at in this order: what it is called here, where it stands in the text of a layer, which
commands have it, and last the option that is most like it.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from convcost.errors import SpecError, either, nearest, shorten

if TYPE_CHECKING:
    from convcost.cli.command import Scan

CUTOFF = 0.75
"""How like an option has to be: they are short, and a far one leads astray."""


def refused_option(scan: Scan, name: str, value: str | None) -> SpecError:
    """The error for an option that the command does not have."""
    from convcost.cli.elsewhere import hint_for

    dashed = name.replace("_", "-")
    typed = name if value is None else f"{name} {shorten(value, 40)}"
    limit = _limit_hint(scan, dashed, value)
    if limit is not None:
        return SpecError(f"{limit[0]} is not a figure", place=typed, hint=limit[1])
    with suppress(KeyError):
        parameters = {f"--{parameter}" for parameter in scan.parameters()}
        free = ({*scan.params} | parameters) - scan.given_names()
        sentence, hint = hint_for(dashed, value, free)
        return SpecError(sentence, place=name, hint=hint or "leave it out")
    inside = _inside_text(scan, name, value)
    if inside is not None:
        return inside
    owners = [] if dashed in scan.params else _owners(dashed)
    if owners:
        return SpecError(
            f"{scan.command} has no {shorten(dashed, 40)}",
            place=typed,
            hint=f"{either(owners, limit=4)} {'has' if len(owners) == 1 else 'have'} it",
        )
    options = [option for option in scan.params if option.startswith("--")]
    takes_parameters = value is not None and "--set" in scan.params
    own = [f"--{parameter}" for parameter in scan.parameters()] if takes_parameters else []
    match = _like(name, own) or _like(name, options)
    return SpecError(
        f"no such option: {shorten(name, 40)}",
        hint=f"did you mean {match}?" if match else f"see convcost {scan.command} --help",
    )


def _like(name: str, options: list[str]) -> str | None:
    """The option that is most like it, compared without dashes."""
    bare = {option.removeprefix("--").replace("-", "_"): option for option in reversed(options)}
    match = nearest(name.lstrip("-").replace("-", "_"), bare, cutoff=CUTOFF)
    return None if match is None else bare[match]


def _limit_hint(scan: Scan, name: str, value: str | None) -> tuple[str, str] | None:
    """``--max-ram 256KB`` and ``--max ram=256KB``: the figure's word, and the option it is here."""
    from convcost.engine.figures import OTHER_WORDS, meant_figure

    figure, equals, number = (value or "").partition("=")
    if name.startswith("--max-") and "--max-macs" in scan.params:
        figure, number = name.removeprefix("--max-"), value or ""
    elif name != "--max" or not equals or "--max-macs" not in scan.params:
        return None
    key = figure.replace("-", "_").lower()
    meant = OTHER_WORDS.get(key)
    limits = [one[6:].replace("-", "_") for one in scan.params if one.startswith("--max-")]
    if meant is None:
        return shorten(figure, 40), meant_figure(key, limits)
    first, _, more = meant.partition(" with ")
    options = [f"--max-{one} {number}".strip() for one in first.replace(" or ", ", ").split(", ")]
    return figure, f"did you mean {either(options)}{f' {more}' if more else ''}?"


def _inside_text(scan: Scan, name: str, value: str | None) -> SpecError | None:
    """A parameter of the layer in a text: it is written there."""
    from convcost.language.library import Library

    field = name[2:].replace("-", "_")
    library = Library()
    for word in scan.words:
        first = word.split()[:1]
        if "," in word or " " not in word or value is None:
            continue
        if not library.knows(library.proper(first[0] if first else "")):
            continue
        if field in library.find(library.proper(first[0])).parameters:
            return SpecError(
                f"{field} is a parameter of a layer in a text: it stands there",
                place=f"{name} {shorten(value, 40)}",
                hint=shlex.quote(f"{word} {field}={value}").replace("'", '"'),
            )
    return None


def _owners(name: str) -> list[str]:
    """The commands that have an option."""
    import typer

    from convcost.cli.app import COMMANDS, app

    group = typer.main.get_command(app)
    found = []
    for command in COMMANDS:
        made = group.get_command(None, command)  # type: ignore[attr-defined]
        if any(name in param.opts for param in made.params):
            found.append(command)
    return found
