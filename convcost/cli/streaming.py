"""``count --format jsonl``: a line in, a line out, in constant memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from convcost.cli.asking import Question
from convcost.cli.exits import DONE, WRONG_INPUT
from convcost.cli.options import OutputOptions
from convcost.errors import ConvcostError, SpecError
from convcost.reports.documents import result_document
from convcost.reports.jsonl import line
from convcost.sources.found import Found, Problem

if TYPE_CHECKING:
    from convcost.engine.memory.execution import Execution
    from convcost.language.building import Subject

MOST_PENDING = 4096
"""How many results wait for the next read; more are written before."""


class Stream:
    """One run: subjects in, a result a line out, in their order.

    Results are written before the next read could block, and before an error is raised.
    """

    def __init__(
        self,
        question: Question,
        output: OutputOptions,
        limits: Mapping[str, int],
        execution: Execution,
        layers: bool,
        keep_going: bool,
        strict: bool,
    ) -> None:
        self._question = question
        self._output = output
        self._limits = limits
        self._execution = execution
        self._layers = layers
        self._keep_going = keep_going
        self._strict = strict
        self._pending: list[bytes] = []
        self._code = DONE
        self._write: Callable[[bytes], object] = sys.stdout.buffer.write

    def run(self) -> int:
        """Count everything; returns the exit code."""
        gc.freeze()
        gc.enable()
        if self._output.output is None:
            return self._run()
        from convcost.reports.writing import WholeFile

        with WholeFile(self._output.output) as file:
            self._write = file.write
            return self._run()

    def _run(self) -> int:
        try:
            for label, asked in self._question.asked.cases():
                self._case(label, asked)
        except Exception:
            # Results before an error go out; after an interruption nothing does.
            self._flush()
            raise
        self._flush()
        return self._code

    def _case(self, label: str, asked: Any) -> None:
        from convcost.cli.output import print_notes

        opened = self._question.opened(asked, before_wait=self._flush)
        print_notes(opened.notes)
        fast = self._replayer(opened)
        keep_going, pending, plain = self._keep_going, self._pending, not self._layers
        for found in opened:
            try:
                document = fast(found) if plain else None
                pending.append(line(document or self._result(opened, found, label)))
            except ConvcostError as error:
                if not keep_going:
                    raise
                pending.append(line(_failure(found, error)))
                self._code = WRONG_INPUT
            if len(pending) >= MOST_PENDING:
                self._flush()

    def _flush(self) -> None:
        if self._pending:
            # Taken out first: an interruption must not write them once more.
            data = b"".join(self._pending)
            self._pending.clear()
            self._write(data)

    def _replayer(self, opened: Any) -> Callable[[Any], dict[str, Any] | None]:
        """A function that gives the result of an item by replay, where that is possible."""
        from convcost.language.building import label
        from convcost.language.running import WEIGHTS_ONLY
        from convcost.studies.streaming import StreamCounter

        asked = opened.asked
        counter = StreamCounter(opened.library, asked.switches(WEIGHTS_ONLY))
        totals_of, input, batch = counter.totals, asked.input, asked.batch
        as_written = not asked.settings and asked.wanted.bias is None and not asked.channels_first
        completed, proper = opened.completed, opened.library.proper
        check = self._check if self._limits else None

        names: dict[str, str] = {}

        def fast(found: Any) -> dict[str, Any] | None:
            spec = None if isinstance(found, Found | Problem) else found.spec
            if spec is None or check is not None:
                return None
            if len(spec.input or input or ()) == 4:
                return None  # how it is read is said, which is the ordinary way's
            totals = totals_of(spec if as_written else completed(found), input, batch)
            if totals is None:
                return None
            name = spec.name or names.get(spec.type)
            if name is None:
                name = label(spec, proper)
                if proper(spec.type) != "activation":  # that is called by its function
                    names[spec.type] = name
            return result_document(name, totals, unused=totals.unused)

        return fast

    def _result(self, opened: Any, found: Any, label: str) -> dict[str, Any]:
        from convcost.api import count_subject

        if isinstance(found, Problem):
            raise found.error
        subject: Subject = opened.subject(found)
        result = count_subject(subject._replace(name=f"{subject.name} {label}".rstrip()))
        if self._strict and not self._limits and not result.is_complete:
            place = getattr(found, "place", None)
            raise SpecError(f"{subject.name} cannot be counted completely", place=place)
        self._check(result)
        return result.document(layers=self._layers, execution=self._execution)

    def _check(self, result: Any) -> None:
        """Limits hold for each result of a stream as for any other."""
        if not self._limits:
            return
        from convcost.cli.limits import print_verdicts

        code = print_verdicts(
            result.name, result.measured(self._execution), self._limits, self._strict
        )
        self._code = max(self._code, code)


def _failure(found: Any, error: ConvcostError) -> dict[str, Any]:
    """A bad spec in its place: its line, and what is wrong with it."""
    path = getattr(error, "path", None)
    message = f"{path}: {error.message}" if path else error.message
    return {"line": getattr(found, "line", None), "error": message}
