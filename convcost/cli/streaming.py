"""``count --format jsonl``: a line in, a line out, in constant memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from convcost.api import build_item
from convcost.cli.request import Request, open_source, source_name
from convcost.engine.counting import count
from convcost.errors import ConvcostError, SpecError
from convcost.reports.documents import result_document
from convcost.reports.json import compact
from convcost.specs.files import Item, Problem, read_specs


def stream_counts(request: Request, *, layers: bool, keep_going: bool, strict: bool) -> int:
    """Count a file or stdin spec by spec; returns the exit code.

    Results are written before the next read could block, and before an error is raised.
    """
    name = request.words.files[0]
    out = sys.stdout
    pending: list[str] = []
    code = 0

    def flush() -> None:
        if pending:
            out.write("".join(pending))
            pending.clear()
            out.flush()

    with open_source(name) as stream:
        progress = _progress(stream)
        try:
            for item in read_specs(stream, source_name(name), before_wait=flush):
                try:
                    pending.append(compact(_result(request, item, layers, strict)) + "\n")
                except ConvcostError as error:
                    if not keep_going:
                        raise
                    pending.append(compact(_failure(item, error)) + "\n")
                    code = 2
                if progress is not None:
                    progress()
        finally:
            flush()
    return code


def _result(request: Request, item: Item | Problem, layers: bool, strict: bool) -> dict[str, Any]:
    if isinstance(item, Problem):
        raise item.error
    subject = build_item(
        request.library,
        item,
        input=request.input,
        batch=request.batch,
        switches=request.file_switches,
    )
    counted = count(subject.graph, subject.batch)
    if strict and counted.uncounted:
        raise SpecError(f"{subject.name} cannot be counted completely", place=item.place)
    return result_document(subject.name, counted, layers=layers)


def _failure(item: Item | Problem, error: ConvcostError) -> dict[str, Any]:
    """A bad spec in its place: its line, and what is wrong with it."""
    place = getattr(error, "place", None) or ""
    path = place.partition(": ")[2]
    message = f"{path}: {error.message}" if path else error.message
    return {"line": item.line, "error": message}


def _progress(stream: Any) -> Callable[[], None] | None:
    """A bar on stderr for a file that takes long, where stderr is a terminal."""
    if not sys.stderr.isatty() or not stream.seekable() or stream is sys.stdin.buffer:
        return None
    from convcost.cli.progress import FileProgress

    return FileProgress(stream)
