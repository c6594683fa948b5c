"""Designs, networks and primitives by name: looked up once, built with the settings they take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.errors import OperationError, SpecError, shorten
from convcost.language.building import Subject, build_network, build_spec
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import Origin
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Design
from convcost.sources.asked import Asked
from convcost.sources.found import Found


def design_of(library: Library, name: str, origin: Origin, word: str) -> Design:
    """The design of a name or of a file. Raises SpecError; ``word`` is what was typed."""
    from convcost.sources.words import is_file_name

    if is_file_name(name) and not library.knows(name):
        return library.add_file(Path(name))
    try:
        return library.find(name)
    except OperationError as problem:
        raise SpecError(
            problem.message, place=shorten(word, 72) if word != name else None, hint=problem.hint
        ) from None


def find_name(library: Library, name: str, asked: Asked, origin: Origin, word: str = "") -> Found:
    """A named primitive, design or network with what was asked. Raises SpecError."""
    name = library.proper(name)
    if name in PRIMITIVES:
        return _primitive(library, name, asked, origin)
    return find_design(library, design_of(library, name, origin, word or name), asked, origin)


def find_design(library: Library, design: Design, asked: Asked, origin: Origin) -> Found:
    """A design that has been looked up, with what was asked."""
    default = EVERYTHING if design.kind == "network" else WEIGHTS_ONLY
    wanted = asked.wanted

    def make(settings: Mapping[str, Any]) -> Subject:
        arguments = dict(settings)
        if wanted.bias is not None and design.accepts("bias"):
            arguments["bias"] = wanted.bias
        remark = _input_remark(design, asked)
        if design.kind == "network":
            refuse_unknown(design, arguments, origin)
        subject = build_network(
            library,
            design,
            input=asked.input,
            batch=asked.batch,
            arguments=arguments,
            switches=asked.switches(default),
            origin=origin,
        )
        return subject._replace(notes=(*subject.notes, remark)) if remark else subject

    return Found(
        design.name,
        "network" if design.kind == "network" else "design",
        make,
        asked.settings,
        design,
        design.accepts,
        design.summary,
    )


def _input_remark(design: Design, asked: Asked) -> str | None:
    if design.input is None or asked.input is None or design.kind != "network":
        return None
    from convcost.sources.shapes import network_remark

    typed: str = asked.typed.get("input", "input")
    return network_remark(design.name, design.input, asked.input, typed)


def refuse_unknown(design: Design, arguments: Mapping[str, Any], origin: Origin) -> None:
    """A network has no layer of its own that a kernel could be meant for. Raises SpecError."""
    for field in arguments:
        if not design.accepts(field):
            known = list(design.parameters)
            raise origin.error(
                OperationError(
                    f"{design.name} has no parameter {field}",
                    field=field,
                    hint=f"it has {', '.join(known)}" if known else "it has no parameters",
                )
            )


def _primitive(library: Library, name: str, asked: Asked, origin: Origin) -> Found:
    fields = PRIMITIVES[name].fields

    def make(settings: Mapping[str, Any]) -> Subject:
        given = dict(settings)
        if asked.wanted.bias is not None and "bias" in fields:
            given["bias"] = asked.wanted.bias
        spec = LayerSpec.model_construct(type=name, **given)
        return build_spec(library, spec, origin, input=asked.input, batch=asked.batch)

    return Found(
        name,
        "layers",
        make,
        asked.settings,
        accepts=fields.__contains__,
        summary=PRIMITIVES[name].summary,
    )


def alternatives(founds: list[Found], origin: Origin) -> list[Subject]:
    """Each named design with those of its settings that it has a parameter for.

    A setting that no design has a parameter for is an error: it would change nothing.
    """
    from convcost.errors import did_you_mean

    for field in founds[0].settings if founds else ():
        if not any(found.accepts(field) for found in founds):
            known = sorted({name for f in founds if f.design for name in f.design.parameters})
            raise origin.error(
                OperationError(
                    f"none of these designs has a parameter {field}",
                    field=field,
                    hint=did_you_mean(field, known),
                )
            )
    return [_with_own(found) for found in founds]


def _with_own(found: Found) -> Subject:
    own = {field: value for field, value in found.settings.items() if found.accepts(field)}
    subject = found.make(own)
    unused = tuple(field for field in found.settings if field not in own)
    return subject._replace(name=found.name, arguments=own, unused=unused)
