"""Words and options of ``sweep``, ``fit`` and ``plan`` -> what is varied, and over which space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.library import Library
from convcost.language.running import Switches
from convcost.language.words import option_value
from convcost.quantities import looks_like_shape, parse_shape
from convcost.studies.candidates import Family, family, resolve_axes
from convcost.studies.space import LONG_NAMES, Axis, Space, is_tie, make_space, read_value

SUBJECT = 'a design, a network, a .toml file or a text such as "separable 3x3"'


class Asked(NamedTuple):
    """What was typed: words, axes, settings (some of which hang on axes), and the rest."""

    words: tuple[str, ...] = ()
    vary: tuple[str | Axis, ...] = ()
    settings: tuple[str, ...] = ()
    input: Shape | None = None
    batch: int | None = None
    switches: Switches | None = None


def open_space(library: Library, asked: Asked, *, resolve: bool = True) -> tuple[Family, Space]:
    """What is varied, and the space. Raises SpecError.

    ``resolve``: the values of axes are there, and names of designs among them are looked up.
    """
    shape, word = _words(asked)
    texts = [one for one in asked.vary if isinstance(one, str)]
    names = [
        one.partition("=")[0].strip() if isinstance(one, str) else one.name for one in asked.vary
    ]
    fixed, ties = _settings(asked.settings, names)
    made = make_space(texts, ties)
    axes = tuple(made.axes[texts.index(one)] if isinstance(one, str) else one for one in asked.vary)
    space = made._replace(axes=axes)
    if resolve:
        space = resolve_axes(library, space)
    if not axes:
        raise SpecError("nothing varies", hint=_vary_hint(asked))
    beside = {"input": shape, "batch": asked.batch}
    _refuse_twice(space, fixed, {name for name, value in beside.items() if value is not None})
    return (
        family(
            library,
            word,
            space,
            input=shape,
            settings=fixed,
            batch=1 if asked.batch is None else asked.batch,
            switches=asked.switches,
        ),
        space,
    )


def _vary_hint(asked: Asked) -> str:
    """What was set to several values varies; else an axis that the subject has."""
    for text in asked.settings:
        name, _, value = text.removeprefix("--").partition("=")
        if "," in value or ".." in value:
            return f"--vary {shorten(name.replace('-', '_'), 40)}={shorten(value, 40)}"
    return "--vary out=16..512:16"


def _words(asked: Asked) -> tuple[Shape | None, str | None]:
    """The shape and the one subject among the words."""
    shape = asked.input
    subject: str | None = None
    for word in asked.words:
        if looks_like_shape(word) and word != "1x1":
            if shape is not None:
                raise SpecError("the input shape is given twice", place=shorten(word, 60))
            shape = parse_shape(word)
        elif subject is None:
            subject = word
        else:
            is_axis = word.partition("=")[0].isidentifier() and "=" in word
            raise SpecError(
                f"{shorten(subject, 40)} and {shorten(word, 40)}: one subject is varied",
                hint=f"an axis is an option: --vary {shorten(word, 60)}"
                if is_axis
                else f"several designs are an axis: --vary design={subject},{word}",
            )
    return shape, subject


def _settings(texts: Sequence[str], names: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Fixed settings by name, and the texts of those that hang on axes or on such settings."""
    fixed: dict[str, Any] = {}
    ties: list[str] = []
    known = list(names)
    for text in texts:
        plain = text.removeprefix("--")
        name, equals, value = plain.partition("=")
        name = name.strip().replace("-", "_") if text.startswith("--") else name.strip()
        place = f"--set {shorten(plain, 60)}"
        if not equals or not value.strip():
            raise SpecError("a parameter is set as NAME=VALUE", place=place, hint="--set scale=4")
        if is_tie(value, [*known, *fixed]):
            ties.append(f"{name}={value}")
            known.append(name)
            continue
        field = LONG_NAMES.get(name, name)
        if field in fixed:
            raise SpecError(f"{name} is given twice", place=place)
        fixed[field] = _value(field, value.strip(), place)
    return fixed, ties


def _value(field: str, text: str, place: str) -> Any:
    if field == "padding":
        return option_value(field, text, place)
    try:
        return read_value(text)
    except ConvcostError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def _refuse_twice(space: Space, fixed: Mapping[str, Any], beside: Set[str]) -> None:
    """``beside``: what has an option or a word of its own, and was given so."""
    names = [axis.field for axis in space.axes]
    names += [LONG_NAMES.get(tie.name, tie.name) for tie in space.ties]
    for name in names:
        if name in fixed or name in beside or names.count(name) > 1:
            raise SpecError(f"{name} is given twice", hint="vary it, or set it")
    for name in beside & {*fixed}:
        raise SpecError(f"{name} is given twice", hint="leave one of them out")
