"""Layers of a file that are written as one-line texts: ``layers = ["conv 5x5 6 valid", ...]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convcost.errors import SpecError
from convcost.language.library import Library


def open_library(folders: Sequence[Path] = ()) -> Library:
    """A library whose files may hold layers as texts."""
    return Library(folders, expand=expand)


def expand(document: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The document with each text among its layers as the objects that it stands for.

    Raises SpecError at the layer, with a caret in its text.
    """
    layers = document.get("layers")
    if isinstance(layers, str):
        layers = [layers]
    if not isinstance(layers, list) or not any(isinstance(layer, str) for layer in layers):
        return dict(document)
    from convcost.language.toml import refuse_long_lists

    refuse_long_lists(document, place)
    written: list[Any] = []
    for number, layer in enumerate(layers):
        written += (
            _layers(layer, f"{place}: layers[{number}]") if isinstance(layer, str) else [layer]
        )
    return {**document, "layers": written}


def _layers(text: str, place: str) -> list[dict[str, Any]]:
    from convcost.sources.text import parse

    try:
        parsed = parse(text)
    except SpecError as error:
        error.place = place
        raise
    found = []
    for spec in (layer.spec for layer in parsed):
        frame = {"type": spec.type, "name": spec.name, "repeat": spec.repeat}
        fields = {key: _plain(value) for key, value in spec.settings().items()}
        found.append({key: value for key, value in frame.items() if value is not None} | fields)
    return found


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
