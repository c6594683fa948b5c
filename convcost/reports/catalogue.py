"""The designs as a Report, one design as a page, and the outcome of a check."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from convcost.errors import ConvcostError
from convcost.language.building import Subject
from convcost.language.library import Library
from convcost.language.running import Design
from convcost.quantities import format_count, format_shape
from convcost.reports.diagram import draw_graph
from convcost.reports.report import Column, Report
from convcost.studies.checking import ExampleOutcome, example_subject, place_of

DESIGNS_SCHEMA = "convcost.designs/1"
CHECK_SCHEMA = "convcost.design_check/1"
LONGEST_DRAWING = 60


def design_record(design: Design) -> dict[str, Any]:
    """A design as JSON."""
    return {
        "name": design.name,
        "kind": design.kind,
        "family": design.family,
        "summary": design.summary,
        "source": design.source,
        "input": design.input,
        "parameters": {name: p.shown for name, p in design.parameters.items()},
    }


def catalogue_report(designs: Sequence[Design]) -> Report:
    """A row per design, by family; networks last."""
    ordered = sorted(designs, key=lambda d: (d.kind == "network", d.family, d.name))
    records = tuple(map(design_record, ordered))
    return Report(
        title="designs",
        columns=(
            Column("family", "family"),
            Column("name", "name"),
            Column("summary", "what it is for", wrap=36),
            Column("source", "source", rank=1, wrap=36),
        ),
        rows=tuple((r["family"], r["name"], r["summary"], r["source"]) for r in records),
        total=None,
        caption="convcost designs NAME shows one",
        notes=(),
        document=lambda: {"schema": DESIGNS_SCHEMA, "designs": list(records)},
        records=lambda: records,
    )


def design_report(library: Library, design: Design) -> Report:
    """One design: a page for people, its record for programs."""
    record = design_record(design)
    parameters = design.parameters.values()
    return Report(
        title=design.name,
        columns=(
            Column("parameter", "parameter"),
            Column("default", "default"),
            Column("about", ""),
        ),
        rows=tuple((p.name, p.shown, p.about) for p in parameters),
        total=None,
        caption=design.summary,
        notes=(f"source: {design.source}",) if design.source else (),
        document=lambda: {"schema": DESIGNS_SCHEMA, "designs": [record]},
        records=lambda: (record,),
        own={"table": lambda look: design_page(library, design, look.width, unicode=look.unicode)},
    )


def design_page(library: Library, design: Design, width: int, *, unicode: bool = True) -> str:
    """Name, purpose, source, parameters, diagram, and a command that works."""
    lines = [f"{design.name} ({design.family})", *textwrap.wrap(design.summary, width), ""]
    if design.source:
        lines += [*textwrap.wrap(f"source: {design.source}", width, subsequent_indent="  "), ""]
    lines += ["parameters" if design.parameters else "no parameters"]
    longest = max(map(len, design.parameters), default=0)
    for parameter in design.parameters.values():
        text = f"  {parameter.name:<{longest}}  {parameter.shown}"
        lines.append(f"{text:<{longest + 22}}  {parameter.about}".rstrip())
    subject, command = _shown_example(library, design)
    if subject is not None and len(subject.graph.nodes) <= LONGEST_DRAWING:
        lines += ["", *draw_graph(subject.graph, unicode=unicode)]
    lines += ["", command]
    return "\n".join(lines) + "\n"


def _shown_example(library: Library, design: Design) -> tuple[Subject | None, str]:
    """The first example that can be built, and the command that counts it."""
    word = _spelling(design)
    if design.kind == "network":
        return None, f"convcost count {word}"
    for example in design.examples:
        try:
            subject = example_subject(library, design, example)
        except ConvcostError:
            continue
        words = [f"convcost compare {format_shape(subject.graph.inputs[0])}"]
        arguments = dict(example.get("arguments", {}))
        words += _options(design, subject, arguments)
        other = "separable" if design.name == "standard" else "standard"
        words += [f"--design {other} --design {word}"]
        return subject, " ".join(words)
    common = {"kernel_size": " --kernel 3", "out_channels": " --out 64"}
    options = "".join(text for name, text in common.items() if design.accepts(name))
    return None, f"convcost count 56x56x256{options} --design {word}"


def _spelling(design: Design) -> str:
    """What to write on a command line: the name, or the file of a user's design."""
    return place_of(design) if design.layers[0].origin is not None else design.name


def _options(design: Design, subject: Subject, arguments: dict[str, Any]) -> list[str]:
    """Arguments as command-line options, with what the standard convolution needs too."""
    arguments.setdefault("kernel_size", 3)
    arguments.setdefault("out_channels", subject.graph.output[-1])
    short = {"kernel_size": "-k", "out_channels": "-o", "stride": "-s", "groups": "-g"}
    words = []
    for name, value in arguments.items():
        text = format_shape(value) if isinstance(value, list) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        words.append(f"{short[name]} {text}" if name in short else f"--set {name}={text}")
    return words


def check_report(design: Design, outcomes: Sequence[ExampleOutcome]) -> Report:
    """A row per example: expected and counted."""
    rows = tuple(_outcome_row(number, outcome) for number, outcome in enumerate(outcomes, start=1))
    failed = sum(not outcome.holds for outcome in outcomes)
    verdict = _verdict(len(outcomes), failed)
    records = tuple(
        {
            "input": outcome.input,
            "params": outcome.counted.params,
            "macs": outcome.counted.macs,
            "expected_params": outcome.params,
            "expected_macs": outcome.macs,
            "holds": outcome.holds,
        }
        for outcome in outcomes
    )
    return Report(
        title=f"{design.name}: the file is valid",
        columns=(
            Column("example", "example"),
            Column("input", "input", format_shape, align="right"),
            Column("params", "params", format_count, align="right"),
            Column("expected_params", "expected", _or_dash, align="right"),
            Column("macs", "MACs", format_count, align="right"),
            Column("expected_macs", "expected", _or_dash, align="right"),
            Column("verdict", ""),
        ),
        rows=rows,
        total=None,
        caption=verdict,
        notes=(),
        document=lambda: {
            "schema": CHECK_SCHEMA,
            "design": design.name,
            "examples": list(records),
        },
        records=lambda: records,
    )


def _verdict(examples: int, failed: int) -> str:
    if not examples:
        return "no examples: add [[examples]] with params and macs"
    if failed:
        plural = "s" * (examples != 1)
        return f"{failed} of {examples} example{plural} differ{'s' * (failed == 1)}"
    return "1 example, it holds" if examples == 1 else f"{examples} examples, all hold"


def _or_dash(value: Any) -> str:
    return value if isinstance(value, str) else format_count(value)


def _outcome_row(number: int, outcome: ExampleOutcome) -> tuple[Any, ...]:
    counted = outcome.counted
    return (
        str(number),
        outcome.input,
        counted.params,
        "-" if outcome.params is None else outcome.params,
        counted.macs,
        "-" if outcome.macs is None else outcome.macs,
        "holds" if outcome.holds else "DIFFERS",
    )
