"""``convcost compare``: designs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli import options as o
from convcost.cli.exits import DONE, WRONG_INPUT

if TYPE_CHECKING:
    from convcost.cli.request import Request
    from convcost.language.building import Subject
    from convcost.results import ComparisonResult
    from convcost.sources.files import Item

EXAMPLES = """Examples:

convcost compare 56x56x256 --kernel 3 --out 64

convcost compare 56x56x256 "conv 3x3 64" "conv 1x3 64, conv 3x1 64"

convcost compare specs.json --format json
"""


@o.with_layer_options
def run(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT] [LAYERS | NAME | FILE]...",
            help="An input shape and alternatives; or files, - for stdin.",
            show_default=False,
        ),
    ] = None,
    layer: o.LayerOptions = o.NO_OPTIONS,
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the others are compared with.")
    ] = None,
    form: o.Format = "table",
    get: o.Get = None,
    human: o.Human = False,
    keep_going: o.KeepGoing = False,
) -> int:
    """Set designs side by side: parameters, MACs, how many times fewer, and what each one does.

    Without alternatives these are standard, pointwise (1x1), separable and bottleneck.
    """
    from convcost.cli.output import check_format, write_reports, write_values
    from convcost.cli.request import Request

    check_format(form)
    request = Request.read(what or [], layer)
    results, failed = _comparisons(request, baseline, keep_going)
    reports = [result.report(human=human) for result in results]
    if get is not None:
        write_values([report.records()[0] for report in reports], get)
    elif reports:
        write_reports(reports, form)
    return WRONG_INPUT if failed else DONE


def _comparisons(
    request: Request, baseline: str | None, keep_going: bool
) -> tuple[list[ComparisonResult], bool]:
    """One comparison of all networks, one for each spec of a file, or that of the options."""
    from convcost.api import compare_built
    from convcost.cli.output import print_error
    from convcost.errors import ConvcostError

    if not request.words.files and not request.has_networks:
        return [_one_comparison(request, baseline)], False

    from convcost.cli.sources import networks, spec_items

    found = networks(request)
    results, failed = [], False
    if found:
        results.append(compare_built(found, request.library, {}, baseline))
    for item in spec_items(request, keep_going):
        try:
            if isinstance(item, ConvcostError):
                raise item
            results.append(_item_comparison(request, item, baseline))
        except ConvcostError as error:
            if not keep_going:
                raise
            print_error(error)
            failed = True
    return results, failed


def _one_comparison(request: Request, baseline: str | None) -> ComparisonResult:
    """The alternatives of the command line, in the order in which they were typed."""
    from convcost.api import compare_built
    from convcost.errors import SpecError
    from convcost.studies.comparison import DEFAULT_DESIGNS

    words = request.words
    if request.input is None:
        raise SpecError(
            "the input shape is missing", hint="put it first: 56x56x256 (height, width, channels)"
        )
    order = (*words.order, *request.designs) or DEFAULT_DESIGNS
    written = set(words.texts)
    if written.issuperset(order):
        request.refuse_settings(
            "is not for layers that are written out", "write it into the layers"
        )
    designs = _designs(request, [name for name in order if name not in written])
    subjects = [request.text(name) if name in written else next(designs) for name in order]
    return compare_built(subjects, request.library, request.settings, baseline)


def _designs(request: Request, names: list[str]) -> Iterator[Subject]:
    """The named designs with the shared settings."""
    from convcost.api import read_mapping
    from convcost.language.running import WEIGHTS_ONLY
    from convcost.studies.comparison import design_subjects

    if not names:
        return iter(())
    subjects = design_subjects(
        request.library,
        [request.adopt(name) for name in names],
        read_mapping(request.settings, request.origin),
        request.origin,
        input=request.input,
        batch=request.batch,
        switches=request.switches(WEIGHTS_ONLY),
    )
    return iter(subjects)


def _item_comparison(request: Request, item: Item, baseline: str | None) -> ComparisonResult:
    """One spec of a file: its own design among the defaults, or the designs asked for."""
    from convcost.api import compare_built
    from convcost.language.running import WEIGHTS_ONLY
    from convcost.studies.comparison import DEFAULT_DESIGNS, design_subjects

    assert item.spec is not None
    spec = item.spec
    names = [request.adopt(name) for name in request.designs] or list(DEFAULT_DESIGNS)
    own = "standard" if spec.type == "conv" else request.library_name(spec.type, item.origin())
    if own not in names:
        names.append(own)
    subjects = design_subjects(
        request.library,
        names,
        spec,
        item.origin(),
        input=request.input,
        batch=request.batch,
        switches=request.switches(WEIGHTS_ONLY),
    )
    return compare_built(subjects, request.library, spec.settings(), baseline)
