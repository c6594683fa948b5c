"""``count --format jsonl``: a line in, a line out, in constant memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

from convcost.cli.exits import DONE, WRONG_INPUT
from convcost.cli.progress import FileProgress
from convcost.cli.request import Request
from convcost.cli.sources import build, open_source, source_name
from convcost.engine.counting import count
from convcost.errors import ConvcostError, SpecError
from convcost.language.building import with_bias
from convcost.language.running import WEIGHTS_ONLY
from convcost.reports.documents import result_document
from convcost.reports.json import line
from convcost.sources.files import Item, Problem, read_specs
from convcost.studies.streaming import StreamCounter


def stream_counts(request: Request, *, layers: bool, keep_going: bool, strict: bool) -> int:
    """Count a file or stdin spec by spec; returns the exit code.

    Results are written before the next read could block, and before an error is raised.
    """
    gc.freeze()
    gc.enable()
    name = request.words.files[0]
    out = sys.stdout.buffer
    pending: list[bytes] = []
    code = DONE
    fast = _replayer(request)

    def flush() -> None:
        if pending:
            out.write(b"".join(pending))
            pending.clear()
            out.flush()

    with open_source(name) as stream:
        progress = _progress(stream)
        try:
            for item in read_specs(stream, source_name(name), before_wait=flush):
                try:
                    document = None if layers else fast(item)
                    pending.append(line(document or _result(request, item, layers, strict)))
                except ConvcostError as error:
                    if not keep_going:
                        raise
                    pending.append(line(_failure(item, error)))
                    code = WRONG_INPUT
                if progress is not None:
                    progress()
        finally:
            flush()
            if progress is not None:
                progress.close()
    return code


def _replayer(request: Request) -> Callable[[Item | Problem], dict[str, Any] | None]:
    """A function that gives the result of an item by replay, where that is possible."""
    counter = StreamCounter(request.library, request.file_switches or WEIGHTS_ONLY)
    totals_of, input, batch = counter.totals, request.input, request.batch
    bias = request.given_switches[2]

    def fast(item: Item | Problem) -> dict[str, Any] | None:
        spec = item.spec if isinstance(item, Item) else None
        if spec is None:
            return None
        spec = with_bias(request.library, spec, bias)
        totals = totals_of(spec, input, batch)
        if totals is None:
            return None
        return result_document(spec.name or spec.type, totals, unused=totals.unused)

    return fast


def _result(request: Request, item: Item | Problem, layers: bool, strict: bool) -> dict[str, Any]:
    if isinstance(item, Problem):
        raise item.error
    subject = build(request, item)
    counted = count(subject.graph, subject.batch)
    if strict and counted.uncounted:
        raise SpecError(f"{subject.name} cannot be counted completely", place=item.place)
    return result_document(
        subject.name, counted, layers=counted.rows if layers else None, unused=subject.unused
    )


def _failure(item: Item | Problem, error: ConvcostError) -> dict[str, Any]:
    """A bad spec in its place: its line, and what is wrong with it."""
    place = getattr(error, "place", None) or ""
    path = place.partition(": ")[2]
    message = f"{path}: {error.message}" if path else error.message
    return {"line": item.line, "error": message}


def _progress(stream: Any) -> FileProgress | None:
    """A bar on stderr for a file that takes long, where stderr is a terminal."""
    if not sys.stderr.isatty() or not stream.seekable() or stream is sys.stdin.buffer:
        return None
    return FileProgress(stream)
