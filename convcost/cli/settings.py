"""The texts of options as values: settings of layers, names of designs, limits."""

from __future__ import annotations

from typing import Any

from convcost.cli.options import LayerOptions
from convcost.errors import ConvcostError, OperationError, SpecError, shorten
from convcost.language.words import option_value
from convcost.sources.asked import Each


def layer_settings(layer: LayerOptions) -> tuple[dict[str, Any], dict[str, str]]:
    """Given options as LayerSpec fields, and for each field what the user typed."""
    named = {
        "kernel_size": ("--kernel", layer.kernel),
        "out_channels": ("--out", layer.out),
        "stride": ("--stride", layer.stride),
        "padding": ("--padding", layer.padding),
        "dilation": ("--dilation", layer.dilation),
        "groups": ("--groups", layer.groups),
    }
    fields: dict[str, Any] = {}
    words: dict[str, str] = {}
    for field, (option, value) in named.items():
        if value is not None:
            words[field] = f"{option} {value}"
            fields[field] = setting_value(field, value, words[field])
    # The batch is of the question, not of a layer: ``set_batch`` reads it.
    pairs = [pair for pair in layer.set_ or () if _name_of(pair) != "batch"]
    set_fields, set_words = set_settings(pairs)
    for name in set_fields:
        if name in fields:
            place = f"{words[name]}, {set_words[name]}"
            raise SpecError(f"{name} is given twice", place=place, hint="leave one of them out")
    return fields | set_fields, words | set_words


PER_AXIS = ("kernel_size", "stride", "dilation")


def setting_value(field: str, text: str, place: str) -> Any:
    """The value of an option, or each of several: ``16,32,64``; ``3,3`` is one kernel."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 2 or field == "padding" or text[:1] in "[(":
        return option_value(field, text, place)
    values = tuple(option_value(field, part, place) for part in parts)
    if field in PER_AXIS and len(set(parts)) == 1:
        return values
    if len(set(parts)) < len(parts):
        raise SpecError(f"a value of {field} stands twice", place=shorten(place, 72))
    return Each(values)


def set_batch(pairs: list[str] | None, batch: str | None) -> str | None:
    """``--set batch=8`` as ``--batch`` has it, in place of ``batch``. Raises SpecError for both."""
    given = [pair.partition("=")[2] for pair in pairs or () if _name_of(pair) == "batch"]
    if len(given) + (batch is not None) > 1:
        raise SpecError("batch is given twice", hint="leave one of them out")
    return given[0] if given else batch


def _name_of(pair: str) -> str:
    return pair.removeprefix("--").partition("=")[0]


def set_settings(pairs: list[str] | None) -> tuple[dict[str, Any], dict[str, str]]:
    """``--set NAME=VALUE`` as fields, and what the user typed. Raises SpecError."""
    fields: dict[str, Any] = {}
    words: dict[str, str] = {}
    for pair in pairs or ():
        # ``--width 0.5`` arrives as it was typed, as ``--width=0.5``.
        is_own = pair.startswith("--")
        name, equals, value = pair.removeprefix("--").partition("=")
        if is_own:
            name = name.replace("-", "_")
        if not equals:
            raise SpecError(
                "a parameter is set as NAME=VALUE", place=f"--set {pair}", hint="--set reduction=2"
            )
        if name in fields:
            raise SpecError(f"{name} is given twice", place=f"{words[name]}, --set {pair}")
        words[name] = pair.replace("=", " ", 1) if is_own else f"--set {pair}"
        fields[name] = setting_value(name, value, words[name])
    return fields, words


def design_names(names: list[str] | None) -> tuple[str, ...]:
    """``--design standard,1x1 --design mine.toml`` as names."""
    return tuple(part.strip() for name in names or () for part in name.split(",") if part.strip())


def batch_size(text: str | None) -> int | None:
    """``--batch`` as a number."""
    from convcost.language.values import whole

    if text is None:
        return None
    place = f"--batch {shorten(text, 60)}"
    try:
        return whole(option_value("batch", text, place), "batch")
    except OperationError as problem:
        raise SpecError(problem.message, place=place, hint=problem.hint) from None


def limit(key: str, text: str | None) -> int | None:
    """``--max-macs 300M`` or ``--max-peak 320KiB`` as a number. Raises SpecError."""
    from convcost.engine.figures import FIGURES
    from convcost.quantities import parse_bytes, parse_count

    if text is None:
        return None
    parse = parse_bytes if FIGURES[key].unit == "bytes" else parse_count
    try:
        return parse(text)
    except ConvcostError as problem:
        place = f"--max-{key.replace('_', '-')} {shorten(text, 60)}"
        raise SpecError(problem.message, place=place, hint=problem.hint) from None
