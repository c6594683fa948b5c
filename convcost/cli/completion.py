"""What a shell may complete: names, formats, figures, columns, parameters of designs."""

from __future__ import annotations

from typing import Any

import typer


def complete_words(incomplete: str) -> list[str]:
    """Designs and networks, for the words of a command."""
    from convcost.language.library import Library

    return _starting(Library().names(), incomplete)


def complete_designs(incomplete: str) -> list[str]:
    """Designs after a comma as well."""
    head, comma, last = incomplete.rpartition(",")
    return [f"{head}{comma}{name}" for name in complete_words(last)]


def complete_formats(incomplete: str) -> list[str]:
    """The formats."""
    from convcost.reports.formats import FORMATS

    return _starting(FORMATS, incomplete)


def complete_colors(incomplete: str) -> list[str]:
    """When there is colour."""
    from convcost.cli.coloring import CHOICES

    return _starting(CHOICES, incomplete)


def complete_languages(incomplete: str) -> list[str]:
    """The languages."""
    return _starting(("en", "zh", "auto"), incomplete)


def complete_figures(incomplete: str) -> list[str]:
    """The figures, after a comma as well."""
    from convcost.engine.figures import FIGURES

    return _after_comma(FIGURES, incomplete)


def complete_columns(incomplete: str) -> list[str]:
    """The columns of a count, after a comma as well."""
    from convcost.reports.count import COLUMNS

    return _after_comma(COLUMNS, incomplete)


def complete_parameters(ctx: typer.Context, incomplete: str) -> list[str]:
    """``NAME=`` for each parameter of the designs that are named."""
    from convcost.language.library import Library

    library = Library()
    # An option without its value ends the parsing: what was typed then stands in the arguments.
    words = [*(ctx.params.get("what") or ()), *(ctx.params.get("design") or ()), *ctx.args]
    named = [word for word in words if library.knows(word)]
    names = {name: None for word in named for name in library.find(word).parameters}
    return _starting([f"{name}=" for name in names], incomplete)


def _after_comma(known: Any, incomplete: str) -> list[str]:
    head, comma, last = incomplete.rpartition(",")
    return [f"{head}{comma}{name}" for name in _starting(known, last)]


def _starting(known: Any, incomplete: str) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
