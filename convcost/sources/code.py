"""Python's own values as subjects: mappings, specs, functions that return layers, modules.

A function or a class is called with those settings that it declares, and gives what a TOML
file holds: a mapping with ``layers``, a list of layers, or one line of text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError, OperationError
from convcost.language.building import Subject
from convcost.language.running import Design
from convcost.sources.asked import Asked
from convcost.sources.found import Found

if TYPE_CHECKING:
    from convcost.sources.files import Item
    from convcost.sources.table import Opened


def given(opened: Opened, value: Any) -> Found | Item:
    """What a program gave in place of a word. Raises ConvcostError for what cannot be counted."""
    if isinstance(value, Subject):
        return Found(value.name, "layers", lambda settings: value)
    if isinstance(value, Design):
        from convcost.sources.names import find_design

        return find_design(opened.library, value, opened.asked, opened.origin)
    if _is_module(value):
        return _module(opened.asked, value)
    if callable(value):
        return _function(opened, value)
    from convcost.sources.specs import given_item

    return given_item(value)


def _is_module(value: Any) -> bool:
    """Whether a value is a PyTorch module, without importing PyTorch."""
    return any(
        base.__name__ == "Module" and base.__module__.startswith("torch.nn")
        for base in type(value).__mro__
    )


def _module(asked: Asked, module: Any) -> Found:
    def make(settings: Mapping[str, Any]) -> Subject:
        from convcost.sources.torch.module import from_torch

        given = asked.input_word or asked.input
        if given is None:
            raise ConvcostError(
                "the input shape is missing", hint="such as 224x224x3, beside the module"
            )
        return from_torch(module, given, batch=asked.batch)

    return Found(type(module).__name__, "network", make)


def _function(opened: Opened, function: Callable[..., Any]) -> Found:
    """A function of settings (and of ``in_channels``, where it wants them) that gives layers."""
    declared = inspect.signature(function).parameters
    asked = opened.asked
    name: str = getattr(function, "__name__", type(function).__name__)

    def make(settings: Mapping[str, Any]) -> Subject:
        from convcost.sources.specs import build_document

        for field in settings:
            if field not in declared:
                raise opened.origin.error(
                    OperationError(
                        f"{name} has no parameter {field}",
                        field=field,
                        hint=f"it has {', '.join(declared)}" if declared else None,
                    )
                )
        arguments = dict(settings)
        if "in_channels" in declared and asked.input is not None:
            arguments.setdefault("in_channels", asked.input[-1])
        document = _document(name, function(**arguments))
        return build_document(opened.library, document, name, asked._replace(settings={}))

    return Found(name, "design", make, asked.settings, accepts=declared.__contains__)


def _document(name: str, made: Any) -> dict[str, Any]:
    """What a function returned as a document. Raises ConvcostError."""
    made = getattr(made, "layers", made) if not isinstance(made, Mapping) else made
    if isinstance(made, str):
        made = [made]
    if isinstance(made, list | tuple):
        made = {"layers": list(made)}
    if not isinstance(made, Mapping) or "layers" not in made:
        raise ConvcostError(
            f"{name} returned {type(made).__name__}",
            hint="a function gives layers: a list of texts or mappings, or {'layers': [...]}",
        )
    return {"name": name, **made}
