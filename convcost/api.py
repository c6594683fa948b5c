"""The Python API, which the command line uses too: one door, then a study, then a result.

Everything takes words as the shell does (a shape, one-line layers, names, files), and Python's
own values: mappings, LayerSpecs, paths, lists of them. Results hold numbers; they show as a
table when printed, and in a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from convcost.engine.counting import count as count_graph
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError
from convcost.language.building import Subject
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.running import Switches
from convcost.quantities import parse_shape
from convcost.results import CheckResult, ComparisonResult, CountResult, DiffResult, PageResult
from convcost.sources.asked import Asked, Wanted
from convcost.sources.found import Problem
from convcost.sources.table import Opened
from convcost.sources.texts import open_library
from convcost.studies.alternatives import one_comparison
from convcost.studies.comparison import DEFAULT_DESIGNS

if TYPE_CHECKING:
    from convcost.sources.torch.context import Counting

ShapeLike: TypeAlias = "str | Sequence[int]"
What: TypeAlias = Any
"""A word as in the shell, a path, a mapping, a LayerSpec, a function, a module."""


def load(*what: What, **options: Any) -> list[Subject]:
    """Everything asked for (a file may hold many specs), built and ready for ``count``.

    Options: ``input``, ``batch``, ``design_path``; ``norm``, ``activation`` and ``bias`` switch
    what stands in designs, ``switches`` says for all three what takes part where nothing else
    was asked; all others (or ``arguments``) are settings of the layer or design. Raises
    ConvcostError (SpecError) at the first that cannot be used, with its place.
    """
    return _built(opened(*what, **options))


@overload
def count(what: list[Any], /, **options: Any) -> list[CountResult]: ...
@overload
def count(*what: What, **options: Any) -> CountResult: ...
def count(*what: Any, **options: Any) -> Any:
    """Count one thing, or each thing of a list.

    ``count("56x56x256", "conv 3x3 64")``, ``count("mobilenet_v1", width=0.5)``,
    ``count("net.onnx", batch=8)``, ``count({"type": "conv", ...})``. Options are those of
    ``load``: ``input``, ``batch``, ``norm``, ``activation``, ``bias``, ``design_path``; all
    others are settings of the layer or parameters of the design. Raises ConvcostError
    (SpecError where text is to blame).
    """
    if len(what) == 1 and isinstance(what[0], list):
        return [result for one in what[0] for result in count_all(one, **options)]
    results = count_all(*what, **options)
    if len(results) != 1:
        raise ConvcostError(
            f"count takes one thing to count, not {len(results)}",
            hint="count_all gives a list, compare sets them side by side",
        )
    return results[0]


def count_all(*what: What, **options: Any) -> list[CountResult]:
    """Count everything asked for, in order: several names, or a file with many specs."""
    return [count_subject(subject) for subject in load(*what, **options)]


def from_torch(
    module: Any,
    input_shape: Any,
    *,
    batch: int | None = None,
    costs: Mapping[str, str] | None = None,
    name: str | None = None,
    dtypes: Any = None,
    device: str | None = None,
) -> CountResult:
    """Count a PyTorch module by watching one forward pass.

    ``input_shape`` is channels last and without batch (``"224x224x3"``), raw with all axes
    (``"[1,3,224,224]"``), an example tensor (on ``meta`` too), a tuple of these, or a mapping of
    the names of forward's arguments; ``dtypes`` a type for all, or a mapping by name; ``costs``
    MACs of operations that nobody knows (``{"my::op": "2*out"}``); ``device`` is ``"meta"``,
    ``"cpu"`` or None (shapes alone, and real zeros where that fails). Needs the extra
    ``convcost[torch]``.
    """
    from convcost.language.expressions import compile_expression
    from convcost.sources.torch.module import from_torch as read

    compiled = {key: compile_expression(text) for key, text in (costs or {}).items()}
    return count_subject(
        read(
            module,
            input_shape,
            batch=batch,
            costs=compiled,
            name=name,
            dtypes=dtypes,
            device=device,
        )
    )


def counting(name: str = "block", *, costs: Mapping[str, str] | None = None) -> Counting:
    """``with convcost.counting() as c:`` counts whatever PyTorch runs in the block."""
    from convcost.language.expressions import compile_expression
    from convcost.sources.torch.context import Counting

    compiled = {key: compile_expression(text) for key, text in (costs or {}).items()}
    return Counting(name, costs=compiled)


def count_subject(subject: Subject) -> CountResult:
    """Count what has been built."""
    return CountResult(
        subject.name,
        count_graph(subject.graph, subject.batch),
        subject.unused,
        subject.notes,
        subject.parameters,
    )


def compare(
    *what: What,
    designs: Sequence[str] | None = None,
    baseline: str | None = None,
    input: ShapeLike | None = None,
    batch: int | None = None,
    design_path: Sequence[str | Path] = (),
    norm: bool | None = None,
    activation: bool | None = None,
    bias: bool | None = None,
    switches: Switches | None = None,
    library: Library | None = None,
    **settings: Any,
) -> ComparisonResult:
    """Set designs, layers or networks side by side on one input.

    ``compare("56x56x256", kernel_size=3, out_channels=64)`` takes the four default designs;
    ``designs`` names others, words are one-line layers, names and files. ``settings`` go to
    every design that has such a parameter. The first alternative, or ``baseline``, is what the
    others are compared with. Raises ConvcostError.
    """
    if what and not isinstance(what[0], str | Path | Mapping | LayerSpec | Subject):
        input, what = what[0], what[1:]  # a shape as numbers
    asked, library = _asked(
        input=input,
        batch=batch,
        design_path=design_path,
        norm=norm,
        activation=activation,
        bias=bias,
        switches=switches,
        library=library,
        **settings,
    )
    opened = _open(what, asked, library, () if designs else DEFAULT_DESIGNS)
    return ComparisonResult(one_comparison(opened, designs or (), baseline))


def explain(*what: What, versus: str | None = None, **options: Any) -> PageResult:
    """Where each number comes from, beside the design ``versus`` (the standard convolution)."""
    from convcost.reports.explanation import explanation_report
    from convcost.studies.explaining import explanation_of

    return PageResult(explanation_report(explanation_of(opened(*what, **options), versus)))


def swap(
    *what: What,
    source: str = "standard",
    target: str = "separable",
    where: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    **options: Any,
) -> PageResult:
    """A network with ``target`` in place of the layers that ``source`` names, where it holds."""
    from convcost.reports.swapping import swap_report
    from convcost.studies.swapping import swap_of

    swapped = swap_of(opened(*what, **options), source, target, where=where, arguments=arguments)
    return PageResult(swap_report(swapped))


def check(
    *what: What,
    max: Mapping[str, Any] | None = None,
    warn: Mapping[str, Any] | None = None,
    max_increase: Mapping[str, Any] | None = None,
    baseline: str | Path | None = None,
    uncounted: Literal["fail", "warn", "allow"] = "fail",
    where: str | None = None,
    config: str | Path | None = None,
    execution: Execution = PLAIN,
    **options: Any,
) -> CheckResult:
    """Do models keep within limits? ``check("resnet50", max={"macs": "4.1G"}).holds``.

    Without words: the checks of ``config``, or of the nearest ``pyproject.toml`` or
    ``convcost.toml``. Raises ConvcostError where input or baseline cannot be used.
    """
    from convcost.studies.budget import Check
    from convcost.studies.budget import where as condition
    from convcost.studies.project import Project, limits_given, of_file, run

    lock = None if baseline is None else Path(baseline)
    if not what:
        given = (max, warn, max_increase, where)
        if options or execution != PLAIN or any(one is not None for one in given):
            raise ConvcostError("limits are for models that are named; others stand in the file")
        return CheckResult(run(of_file(None if config is None else Path(config), (), lock)))
    if config is not None:
        raise ConvcostError("models that are named have no config", hint="leave one of them out")
    limits = limits_given(max=max or {}, warn=warn or {}, max_increase=max_increase or {})
    asked, library = _asked(**options)
    one = Check(
        None,
        _words(what),
        limits,
        asked,
        execution,
        uncounted,
        None if where is None else condition(where, "where"),
    )
    return CheckResult(run(Project((one,), library, lock)))


def diff(
    *what: What,
    arguments_a: Mapping[str, Any] | None = None,
    arguments_b: Mapping[str, Any] | None = None,
    execution: Execution = PLAIN,
    **options: Any,
) -> DiffResult:
    """What is different between two things: names, files, texts, specs, counted results.

    ``diff("resnet50", "resnet50", arguments_b={"blocks3": 9}).layers``; in front may stand an
    input shape. ``arguments_a`` and ``arguments_b`` are settings of one of the two. Raises
    ConvcostError.
    """
    from convcost.studies.difference import difference, sides_of

    asked, library = _asked(**options)
    both = [
        asked._replace(settings={**asked.settings, **(own or {})})
        for own in (arguments_a, arguments_b)
    ]
    a, b, notes = sides_of(_words(what), (both[0], both[1]), library, execution)
    return DiffResult(difference(a, b), tuple(notes))


def formula(
    design: str, versus: str = "standard", *, axes: int = 2, **arguments: Any
) -> PageResult:
    """Parameters, MACs and their ratio in symbols. Needs the extra ``convcost[formula]``."""
    from convcost.reports.formula import formula_report
    from convcost.studies.derivation import derive

    library = open_library()
    names = [library.proper(name) for name in (design, versus)]
    return PageResult(formula_report(derive(library, *names, axes=axes, arguments=arguments)))


def designs(name: str | None = None, *, design_path: Sequence[str | Path] = ()) -> PageResult:
    """The catalogue of designs and networks, or one of them.

    A file of ``design_path`` that cannot be read is named in a note and left out.
    """
    from convcost.reports.catalogue import catalogue_report, design_report

    library = open_library([Path(folder) for folder in design_path])
    if name is None:
        found, left_out = library.readable()
        return PageResult(catalogue_report(library, found, left_out))
    return PageResult(design_report(library, library.find(name)))


def opened(*what: What, arguments: Mapping[str, Any] | None = None, **options: Any) -> Opened:
    """The one door, asked from Python: what ``load`` builds, before it is built."""
    asked, library = _asked(**options)
    return _open(what, asked._replace(settings={**(arguments or {}), **asked.settings}), library)


def _asked(
    *,
    input: ShapeLike | None = None,
    batch: int | None = None,
    design_path: Sequence[str | Path] = (),
    norm: bool | None = None,
    activation: bool | None = None,
    bias: bool | None = None,
    switches: Switches | None = None,
    library: Library | None = None,
    **settings: Any,
) -> tuple[Asked, Library]:
    """The options of ``load``. Raises ConvcostError for arguments of a wrong kind."""
    from convcost.language.values import flag, whole

    wanted = Wanted(norm, activation, bias)
    for name, value in zip(Wanted._fields, wanted, strict=True):
        if value is not None:
            flag(value, name)
    asked = Asked(
        input=None if input is None else read_shape(input),
        batch=None if batch is None else whole(batch, "batch"),
        settings=settings,
        wanted=wanted,
        base=switches,
    )
    return asked, library or open_library(list(map(Path, design_path)))


def _words(what: Sequence[Any]) -> tuple[Any, ...]:
    """Words as the door takes them: paths as text, a counted result as its subject."""
    return tuple(
        str(word)
        if isinstance(word, Path)
        else Subject(word.name, word.counted.graph, word.counted.batch, notes=word.notes)
        if isinstance(word, CountResult)
        else word
        for word in what
    )


def _open(
    what: Sequence[Any], asked: Asked, library: Library, default: Sequence[str] = ("standard",)
) -> Opened:
    """The one door, for Python's words."""
    words = [str(word) if isinstance(word, Path) else word for word in what]
    return Opened(words, asked, library, default=default)


def _built(opened: Opened) -> list[Subject]:
    subjects = []
    for one in opened.subjects():
        if isinstance(one, Problem):
            raise one.error
        subjects.append(one)
    return subjects


def read_shape(shape: ShapeLike) -> Shape:
    """A shape as it may be given in Python: text or numbers. Raises ConvcostError."""
    if isinstance(shape, str):
        return parse_shape(shape)
    from convcost.language.problems import check_input

    return check_input(tuple(shape))
