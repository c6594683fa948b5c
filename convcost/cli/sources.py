"""What a request asks for, built: texts, names, files, models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from convcost.api import build_item
from convcost.cli.request import Request
from convcost.errors import ConvcostError, SpecError
from convcost.language.building import Subject
from convcost.language.primitives import PRIMITIVES
from convcost.sources.table import is_torch_name

if TYPE_CHECKING:
    from convcost.sources.files import Item, Problem


def subjects_of(request: Request, *, keep_going: bool = False) -> Iterator[Subject | ConvcostError]:
    """Everything asked for, built. Errors are raised, or with ``keep_going`` yielded."""
    request.check()
    words = request.words
    for text in words.texts:
        yield request.text(text)
    names = (*words.designs, *request.designs)
    for name in names:
        yield request.named(name)
    if request.input is not None and not (words.texts or words.files or names):
        yield request.named("standard")
    for name in words.files:
        yield from built(request, name, keep_going)


def source_name(name: str) -> str:
    """What errors call a source."""
    return "stdin" if name == "-" else name


def open_source(name: str) -> BinaryIO:
    """A file, or standard input. Raises SpecError where there is none."""
    from convcost.language.reading import open_path

    if name != "-":
        return open_path(Path(name))
    if sys.stdin is None:
        raise SpecError("standard input is closed", hint="pipe specs into it, or name a file")
    return sys.stdin.buffer


def is_model(name: str) -> bool:
    """Whether a word names a network of another framework."""
    return name.endswith(".onnx") or is_torch_name(name)


def model(request: Request, name: str) -> Subject:
    """A network of another framework: a file, or what a Python function makes."""
    inputs = dict(request.named_inputs)
    if request.input is not None:
        inputs[""] = request.input
    if is_torch_name(name):
        from convcost.sources.torch.module import read_factory

        return read_factory(name, inputs, batch=request.batch, costs=request.costs)
    from convcost.sources.onnx.file import read_onnx

    return read_onnx(Path(name), batch=request.batch, inputs=inputs, costs=request.costs)


def items(name: str) -> Iterator[Item | Problem]:
    """The specs of one source."""
    from convcost.sources.files import read_specs

    with open_source(name) as stream:
        yield from read_specs(stream, source_name(name))


def build(request: Request, item: Item) -> Subject:
    """One spec of a file, with the request's input, batch and switches."""
    if item.spec is not None:
        request.refuse_settings(
            f"is for named designs, and {item.place} is written out", "write it into the file"
        )
    return build_item(
        request.library,
        item,
        input=request.input,
        batch=request.batch,
        switches=request.file_switches,
        arguments=request.settings,
        bias=request.given_switches[2],
    )


def built(request: Request, name: str, keep_going: bool) -> Iterator[Subject | ConvcostError]:
    """Everything in one source, built. Errors are raised, or with ``keep_going`` yielded."""
    if is_model(name):
        yield model(request, name)
        return

    from convcost.sources.files import Problem

    for item in items(name):
        try:
            if isinstance(item, Problem):
                raise item.error
            yield build(request, item)
        except ConvcostError as error:
            if not keep_going:
                raise
            yield error


def networks(request: Request) -> list[Subject]:
    """The networks of a request: by name, from model files, from files with layers."""
    from convcost.sources.files import Item

    names = (*request.words.designs, *request.designs)
    found = [
        request.named(name)
        for name in names
        if name not in PRIMITIVES and request.design(name).kind == "network"
    ]
    if found and len(found) < len(names):
        raise SpecError(
            "networks are not compared with designs", hint="name networks only, or designs only"
        )
    for name in request.words.files:
        if is_model(name):
            found.append(model(request, name))
        elif name.endswith(".toml"):
            found += [
                build(request, item)
                for item in items(name)
                if isinstance(item, Item) and item.spec is None
            ]
    if found and request.words.texts:
        raise SpecError(
            "networks are not compared with layers",
            text=request.words.texts[0],
            span=(0, len(request.words.texts[0])),
            hint="name networks only, or designs only",
        )
    return found


def spec_items(request: Request, keep_going: bool) -> Iterator[Item | ConvcostError]:
    """The layer specs of all files. Errors are raised, or with ``keep_going`` yielded."""
    from convcost.sources.files import Problem

    for name in request.words.files:
        if is_model(name):
            continue
        for item in items(name):
            if isinstance(item, Problem):
                if not keep_going:
                    raise item.error
                yield item.error
            elif item.spec is not None:
                if request.has_networks:
                    raise SpecError(
                        "networks are not compared with designs",
                        place=item.place,
                        hint="name networks only, or designs only",
                    )
                yield item
            elif not name.endswith(".toml"):
                raise SpecError(
                    "a network has no alternatives to compare",
                    place=item.place,
                    hint="use convcost count, or put each network in a .toml file",
                )
