"""``convcost check``: limits on models, for a pipeline: exit 0, 1 where one is broken, or 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcost.cli import options as o
from convcost.cli.budgets import (
    NO_BASELINE,
    NO_LIMITS,
    PROJECT,
    BaselineOptions,
    LimitOptions,
)
from convcost.cli.completion import complete_words
from convcost.cli.exits import DONE, LIMIT, WRONG_INPUT
from convcost.cli.memory import NO_MEMORY, MemoryOptions
from convcost.cli.writer import complain

if TYPE_CHECKING:
    from convcost.cli.asking import Question
    from convcost.studies.budget import Check, Verdict
    from convcost.studies.project import Project

EXAMPLES = """Examples:

convcost check

convcost check resnet50 --max macs=4.1G --max-increase params=1% --baseline base.json

convcost check --init resnet50 --margin 5%

convcost check --update
"""

WITH_MARKS = ("github", "junit")
"""Formats that only a verdict has."""


@o.bundled
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL | CHECK]...",
            help="Models with --max and the like; or names of checks in the project's file.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    limits: LimitOptions = NO_LIMITS,
    baseline: BaselineOptions = NO_BASELINE,
    init: Annotated[
        bool,
        o.option(PROJECT, "--init", help="Write a first section from today's figures."),
    ] = False,
    margin: Annotated[
        str | None,
        o.option(PROJECT, "--margin", metavar="N%", help="How far above today's (0%)."),
    ] = None,
    config: Annotated[
        Path | None,
        o.option(
            PROJECT,
            "--config",
            metavar="FILE",
            help="The file with the checks (pyproject.toml, convcost.toml).",
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_LAYER,
    memory: MemoryOptions = NO_MEMORY,
    summary: Annotated[
        bool,
        o.option(o.OUTPUT, "--summary", help="Append to the job's page ($GITHUB_STEP_SUMMARY)."),
    ] = False,
    output: o.OutputOptions = o.NO_OUTPUT,
) -> int:
    """Check models against limits: exit 0, 1 where a limit is broken, 2 where nothing is known.

    Reads [tool.convcost] in pyproject.toml, or convcost.toml. Formats: also github, junit.
    """
    request = _Request(what or [], limits, baseline, layer, memory, config, output)
    if margin is not None and not init:
        request.refuse("--margin", "it is for --init")
    if init:
        return request.init(margin)
    if baseline.update:
        return request.update(summary)
    return request.judge(summary)


class _Request:
    """One command: its options, and the project that they ask about."""

    def __init__(
        self,
        words: list[str],
        limits: LimitOptions,
        baseline: BaselineOptions,
        layer: o.LayerOptions,
        memory: MemoryOptions,
        config: Path | None,
        output: o.OutputOptions,
    ) -> None:
        from convcost.cli.output import chosen_format

        self._words = words
        self._limits = limits
        self._baseline = baseline
        self._layer = layer
        self._memory = memory
        self._config = config
        self._output = output
        self._form = _own_form(output) or chosen_format(output)

    def refuse(self, option: str, hint: str) -> None:
        """Raise SpecError: an option changes nothing here."""
        from convcost.errors import SpecError

        raise SpecError(f"{option} changes nothing here", place=option, hint=hint)

    def _refuse_given(self, options: Any, nothing: Any, hint: str) -> None:
        for field, value in zip(options._fields, options, strict=True):
            if value != getattr(nothing, field) and field != "design_path":
                self.refuse(f"--{field.strip('_').replace('_', '-')}", hint)

    def judge(self, summary: bool) -> int:
        """Count, judge, report; the verdict last, on standard error."""
        from convcost.cli.output import print_error, print_notes
        from convcost.studies.project import run as run_project

        page = _summary_page() if summary else None
        ref, missing = self._baseline.baseline_ref, self._baseline.allow_missing_baseline
        project = self._project()
        if ref is not None:
            project = project._replace(baseline=project.lock)
        elif not missing:
            self._refuse_absent(project)
        ran = run_project(project, ref=ref, allow_missing=missing, stdin=_stdin())
        self._write(ran.verdict)
        if page is not None:
            _append(page, ran.verdict)
        sys.stdout.flush()
        print_notes(ran.notes)
        from convcost.cli.speaking import speech
        from convcost.reports.check import verdict_lines

        said = speech()
        complain("".join(f"{said(line)}\n" for line in verdict_lines(ran.verdict)))
        if ran.error is not None:
            print_error(ran.error)
            return WRONG_INPUT
        return DONE if ran.verdict.holds else LIMIT

    def _refuse_absent(self, project: Project) -> None:
        """A baseline that was named has to be there, also where no limit is relative to it."""
        from convcost.errors import SpecError, shorten
        from convcost.studies.project import UPDATE_HINT

        path = self._baseline.baseline
        if path is not None and not path.exists() and not project.is_relative:
            word = shorten(str(path))
            raise SpecError(f"no such file: {word}", place=f"--baseline {word}", hint=UPDATE_HINT)

    def _write(self, verdict: Verdict) -> None:
        from convcost.cli.output import emit, write_answer
        from convcost.reports import check_formats
        from convcost.reports.check import check_report

        if self._form in WITH_MARKS:
            emit(self._output, getattr(check_formats, self._form)(verdict))
        else:
            write_answer([check_report(verdict)], self._output, self._form)

    def update(self, summary: bool) -> int:
        """Write the baseline, whole or not at all, and print what changed."""
        from convcost.cli.output import print_notes, write_answer
        from convcost.reports.check import update_report
        from convcost.reports.writing import write_whole
        from convcost.studies.baseline import written
        from convcost.studies.budget_file import shown
        from convcost.studies.project import updated

        given = self._baseline
        for option, value in (
            ("--baseline-ref", given.baseline_ref),
            ("--allow-missing-baseline", given.allow_missing_baseline),
            ("--summary", summary),
            (f"--format {self._form}", self._form in WITH_MARKS),
        ):
            if value:
                self.refuse(option, "--update writes the baseline, and checks nothing")
        project = self._project()
        checked = project.measured(_stdin())
        lines, movements = updated(project, checked)
        write_whole(str(project.lock), written(lines))
        report = update_report(movements, shown(project.lock), len(checked))
        write_answer([report], self._output, self._form)
        print_notes(note for one in checked for note in one.notes)
        return DONE

    def init(self, margin: str | None) -> int:
        """Write a first section: into pyproject.toml where there is one, else convcost.toml."""
        from fractions import Fraction

        from convcost.cli.output import print_notes
        from convcost.errors import OperationError, SpecError
        from convcost.language.budgets import percent
        from convcost.reports.writing import write_whole
        from convcost.studies.budget import measure
        from convcost.studies.budget_file import (
            OWN,
            add_section,
            first_checks,
            first_section,
            models_here,
            target,
        )

        hint = "--init writes today's figures; the section is yours to change"
        self._refuse_given(self._limits, NO_LIMITS, hint)
        self._refuse_given(self._baseline, NO_BASELINE, hint)
        self._refuse_given(self._layer, o.NO_LAYER, hint)
        self._refuse_given(self._memory, NO_MEMORY, hint)
        self._refuse_given(self._output, o.NO_OUTPUT, "--init prints the section that it writes")
        try:
            share = Fraction(0) if margin is None else percent(margin, "--margin")
        except OperationError as problem:
            place = f"--margin {margin}"
            raise SpecError(problem.message, place=place, hint=problem.hint) from None
        words = self._words or models_here(Path())
        if not words:
            raise SpecError(
                "there is no .onnx and no .tflite file here",
                hint="name what to check: convcost check --init resnet50",
            )
        path = target(self._config, Path())
        checked = measure(first_checks(words), self._library())
        section = first_section(checked, share, own_file=path.name == OWN)
        write_whole(str(path), add_section(path, section))
        sys.stdout.write(section)
        print_notes([f"this was written to {path}; convcost check --update writes the baseline"])
        return DONE

    def _library(self) -> Any:
        from convcost.sources.texts import open_library

        return open_library(self._layer.design_path or ())

    def _project(self) -> Project:
        """Models that are named with limits, or the checks of the project's file."""
        from convcost.studies.budget_file import find
        from convcost.studies.project import Project, of_file

        limits = self._limits
        has_limits = bool(limits.max_ or limits.warn or limits.max_increase)
        is_named = bool(self._words or self._layer.design or self._layer.input)
        if has_limits and not is_named:
            is_named = bool(self._question().words)  # something is piped into it
        if is_named and (has_limits or self._is_update()):
            if self._config is not None:
                self.refuse("--config", "models that are named have their limits in the command")
            return Project(self._named(), self._library(), self._baseline.baseline)
        hint = "it is for models that are named together with limits: --max macs=300M"
        self._refuse_given(limits, NO_LIMITS, hint)
        self._refuse_given(self._layer, o.NO_LAYER, hint)
        self._refuse_given(self._memory, NO_MEMORY, hint)
        if self._words and self._config is None and find(Path()) is None:
            from convcost.errors import SpecError

            raise SpecError("no limit is given", hint="such as --max macs=300M")
        return of_file(
            self._config, self._words, self._baseline.baseline, self._layer.design_path or ()
        )

    def _is_update(self) -> bool:
        """Whether models that are no checks of a project are to be recorded."""
        from convcost.studies.budget_file import find, load

        if not self._baseline.update:
            return False
        path = self._config or find(Path())
        if path is None:
            return True
        return not set(self._words) <= {check.name for check in load(path).checks}

    def _question(self) -> Question:
        from convcost.cli.asking import Question

        return Question(self._words, self._layer)

    def _named(self) -> tuple[Check, ...]:
        """The models of the command as one check."""
        from convcost.cli.memory import asked_execution, refuse_unused
        from convcost.cli.output import check_choice
        from convcost.engine.figures import FIGURES
        from convcost.errors import SpecError
        from convcost.studies.budget import Check, where
        from convcost.studies.project import limits_of

        limits = self._limits
        question = self._question()
        asked = [one for _, one in question.asked.cases()]
        if len(asked) > 1:
            raise SpecError("check takes one value for each option")
        uncounted = limits.uncounted or "fail"
        check_choice("--uncounted", uncounted, ("fail", "warn", "allow"))
        found = (
            *limits_of("max", _pairs(limits.max_), "--max"),
            *limits_of("warn", _pairs(limits.warn), "--warn"),
            *limits_of("max_increase", _pairs(limits.max_increase), "--max-increase"),
        )
        if not self._baseline.update:
            text = limits.where or ""
            figures = {limit.figure for limit in found} | {key for key in FIGURES if key in text}
            refuse_unused(self._memory, figures, "these limits")
        return (
            Check(
                limits.name,
                tuple(question.words),
                found,
                asked[0],
                asked_execution(self._memory),
                uncounted,  # type: ignore[arg-type]
                None if limits.where is None else where(limits.where, "--where"),
                designs=question.designs,
            ),
        )


def _pairs(texts: list[str] | None) -> list[str]:
    """``macs=1G,params=2M`` is two limits; the commas of ``macs=1,000,000`` are its own."""
    import re

    return [pair for text in texts or () for pair in re.split(r",\s*(?=[a-z_]+\s*=)", text)]


def _own_form(output: o.OutputOptions) -> str | None:
    """The format of a verdict alone, where one was asked for. Raises SpecError for two."""
    from convcost.errors import SpecError

    if output.form not in WITH_MARKS:
        return None
    for option, given in (
        ("--json", output.json),
        ("--csv", output.csv),
        ("--markdown", output.md),
        ("--latex", output.latex),
        ("--get", output.get is not None),
    ):
        if given:
            place = f"--format {output.form}, {option}"
            raise SpecError("two formats are asked for", place=place, hint="name one")
    return output.form


def _stdin() -> Any:
    return None if sys.stdin is None else sys.stdin.buffer


def _summary_page() -> Path:
    import os

    from convcost.errors import SpecError

    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        raise SpecError(
            "GITHUB_STEP_SUMMARY is not set",
            place="--summary",
            hint="GitHub sets it for each step; elsewhere: --format markdown --output FILE",
        )
    return Path(page)


def _append(page: Path, verdict: Verdict) -> None:
    from convcost.errors import SpecError
    from convcost.reports.check_formats import markdown

    try:
        with page.open("a", encoding="utf-8") as stream:
            stream.write(markdown(verdict))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError(f"cannot write {page}: {reason}", place="--summary") from None
