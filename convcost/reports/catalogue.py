"""The designs as a Report, one design as a page, and the outcome of a check."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from convcost.language.building import Subject
from convcost.language.library import Library
from convcost.language.running import Design
from convcost.quantities import format_count, format_shape
from convcost.reports import notes, terminal
from convcost.reports.count import format_share
from convcost.reports.diagram import LONGEST_DRAWING, draw_spans
from convcost.reports.report import PLAIN_LOOK, UNFOLDED, Column, Drawing, Look, Report
from convcost.reports.theme import Span, joined
from convcost.reports.widths import fold
from convcost.studies.census import facts, shares, shown_example, year
from convcost.studies.checking import ExampleOutcome, place_of

DESIGNS_SCHEMA = "convcost.designs/1"
CHECK_SCHEMA = "convcost.design_check/1"


def design_record(library: Library, design: Design) -> dict[str, Any]:
    """A design as JSON; a network with what it costs on its own input."""
    record = {
        "name": design.name,
        "kind": design.kind,
        "family": design.family,
        "summary": design.summary,
        "source": design.source,
        "year": year(design),
        "input": design.input,
        "parameters": {name: p.shown for name, p in design.parameters.items()},
    }
    if design.kind == "network":
        record |= facts(library, design)._asdict()
    return record


def catalogue_report(
    library: Library, designs: Sequence[Design], left_out: Sequence[str] = ()
) -> Report:
    """A row per design, by family; networks last. ``left_out`` are sentences about others."""
    ordered = sorted(designs, key=lambda d: (d.kind == "network", d.family, d.name))

    def records() -> tuple[dict[str, Any], ...]:
        return tuple(design_record(library, design) for design in ordered)

    return Report(
        title="designs",
        columns=(
            Column("family", "family"),
            Column("name", "name"),
            Column("year", "year", str, "right", rank=2),
            Column("summary", "what it is for", wrap=36),
            Column("source", "source", rank=1, wrap=36),
        ),
        rows=tuple((d.family, d.name, year(d) or "", d.summary, d.source) for d in ordered),
        total=None,
        caption="convcost designs NAME shows one",
        notes=tuple(left_out),
        document=lambda: {"schema": DESIGNS_SCHEMA, "designs": list(records())},
        records=records,
        own={"table": lambda look: _catalogue(library, ordered, look, left_out)},
    )


def _catalogue(
    library: Library, designs: Sequence[Design], look: Look, left_out: Sequence[str]
) -> str:
    """Blocks by family, a line each; then a table of networks; then what to type next."""
    blocks = [design for design in designs if design.kind != "network"]
    networks = [design for design in designs if design.kind == "network"]
    longest = max((len(design.name) for design in blocks), default=0)
    parts: list[str] = []
    for family, members in groupby(blocks, key=lambda design: design.family):
        lines: list[list[Span]] = [[(family, "heading")]]
        for design in members:
            text = design.summary
            if look.brief:
                text = _cut(text, look.width - longest - 4, look.unicode)
            lines.append([(f"  {design.name:<{longest}}  ", "command"), (text, "")])
        parts.append("".join(f"{joined(line, look.color)}\n" for line in lines))
    if networks:
        table = _networks(library, networks)
        said = table if look.speaker is None else look.speaker.report(table)
        parts.append(terminal.render([said], look))
    command = [("convcost designs NAME", "command"), (" shows one with its diagram", "note")]
    below = [command, *([(sentence, "note")] for sentence in left_out)]
    return "\n".join([*parts, "".join(f"{joined(line, look.color)}\n" for line in below)])


def _cut(text: str, room: int, unicode: bool) -> str:
    """A sentence on one line of a terminal; the rest of it is on the page of the design."""
    if len(text) <= room:
        return text
    dots = "\u2026" if unicode else "..."
    return text[: max(room - len(dots), 0)].rstrip(" ,;:") + dots


def _networks(library: Library, networks: Sequence[Design]) -> Report:
    """The networks as a table: their year, their own input, and what they cost on it."""
    costs = [facts(library, design) for design in networks]
    rows = tuple(
        (d.name, year(d) or "", d.input or "", cost.params, cost.macs, d.summary)
        for d, cost in zip(networks, costs, strict=True)
    )
    return Report(
        title="networks",
        columns=(
            Column("name", "name"),
            Column("year", "year", str, "right", rank=1),
            Column("input", "input", _shape_or_blank, "right", rank=2),
            Column("params", "params", format_count, "right"),
            Column("macs", "MACs", format_count, "right"),
            Column("summary", "", rank=3),
        ),
        rows=rows,
        total=None,
        caption=notes.caption(1),
        notes=(),
        document=dict,
    )


def _shape_or_blank(shape: Any) -> str:
    return shape if isinstance(shape, str) else format_shape(shape)


MOST_DEFAULT = 26
"""A longer default takes the room of the meaning beside it, which goes below."""


def design_report(library: Library, design: Design) -> Report:
    """One design: a page for people, its record for programs."""
    parameters = design.parameters.values()

    def record() -> dict[str, Any]:
        return design_record(library, design)

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
        drawings=lambda width: _drawings(library, design),
        document=lambda: {"schema": DESIGNS_SCHEMA, "designs": [record()]},
        records=lambda: (record(),),
        own={"table": lambda look: design_page(library, design, look)},
    )


def design_page(library: Library, design: Design, look: Look = PLAIN_LOOK) -> str:
    """Name, purpose, source, parameters, diagram, and a command that works."""
    lines: list[list[Span]] = [[(design.name, "title"), (f" ({design.family})", "")]]
    lines += [[(line, "")] for line in fold(design.summary, look.room)]
    if design.source:
        source = fold(f"source: {design.source}", look.room, "  ")
        lines += [[], *([(line, "note")] for line in source)]
    lines += [[], [("parameters" if design.parameters else "no parameters", "head")]]
    lines += _parameter_lines(design, look.room)
    for _, drawing in _drawings(library, design, unicode=look.unicode, width=look.width):
        lines += [[], *map(list, drawing)]
    lines += [[], [(_command(design, shown_example(library, design)), "command")]]
    return "".join(f"{joined(line, look.color)}\n" for line in lines)


def _parameter_lines(design: Design, width: int) -> list[list[Span]]:
    """Name, default and meaning in columns; a meaning that has no room there goes below."""
    parameters = list(design.parameters.values())
    name = max((len(one.name) for one in parameters), default=0)
    default = max(
        (len(one.shown) for one in parameters if len(one.shown) <= MOST_DEFAULT), default=0
    )
    start = name + max(default, 18) + 6
    lines: list[list[Span]] = []
    for one in parameters:
        text = f"  {one.name:<{name}}  {one.shown}"
        is_beside = len(text) < start and start + len(one.about) <= width
        if is_beside or not one.about:
            lines.append([(f"{text:<{start}}", ""), (one.about, "note")])
            continue
        folded = fold(text, width, " " * (name + 2))
        lines += [[(line, "")] for line in folded]
        indent = " " * (name + 4)
        lines += [[(line, "note")] for line in fold(indent + one.about, width)]
    return lines


def _drawings(
    library: Library, design: Design, *, unicode: bool = True, width: int = UNFOLDED
) -> list[Drawing]:
    """The diagram with the share of the MACs at each node; none of a large network.

    Where the shares have no room, they give way.
    """
    shown = shown_example(library, design)
    if shown is None or len(shown[0].graph.nodes) > LONGEST_DRAWING:
        return []
    graph = shown[0].graph
    beside = ["" if share is None else format_share(share) for share in shares(graph)]
    lines = draw_spans(graph, unicode=unicode, beside=beside)
    if max(len(joined(line, False)) for line in lines) > width:
        lines = draw_spans(graph, unicode=unicode)
    return [("diagram", lines)]


def _command(design: Design, shown: tuple[Subject, dict[str, Any]] | None) -> str:
    """A command that counts a network, or compares a block on what it is shown on."""
    word = _spelling(design)
    if design.kind == "network":
        return f"convcost count {word}"
    if shown is not None:
        subject, arguments = shown
        words = [f"convcost compare {format_shape(subject.graph.inputs[0])}"]
        words += _options(design, subject, arguments)
        other = "separable" if design.name == "standard" else "standard"
        return " ".join([*words, f"--design {other} --design {word}"])
    common = {"kernel_size": " --kernel 3", "out_channels": " --out 64"}
    options = "".join(text for name, text in common.items() if design.accepts(name))
    return f"convcost count 56x56x256{options} --design {word}"


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
