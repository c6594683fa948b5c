"""The Python API, which the command line uses too: load, count, compare.

Results hold numbers; they show as a table when printed, and in a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from convcost.engine.counting import count as count_graph
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, SpecError
from convcost.language.building import (
    Subject,
    build_document,
    build_network,
    build_spec,
    with_bias,
)
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import Nowhere, Origin
from convcost.language.running import WEIGHTS_ONLY, Switches
from convcost.quantities import parse_shape
from convcost.results import ComparisonResult, CountResult
from convcost.sources.table import classify
from convcost.studies.comparison import (
    DEFAULT_DESIGNS,
    compare_subjects,
    design_subjects,
    summary_of,
)

if TYPE_CHECKING:
    from convcost.sources.files import Item

ShapeLike: TypeAlias = "str | Sequence[int]"


def load(
    path: str | Path,
    *,
    input: ShapeLike | None = None,
    batch: int | None = None,
    library: Library | None = None,
    switches: Switches | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> list[Subject]:
    """All specs of a JSON, JSONL or TOML file, built and ready for ``count``.

    Raises SpecError at the first one that cannot be used, with its place in the file.
    """
    from convcost.language.reading import open_path
    from convcost.sources.files import Problem, read_specs

    library = library or Library()
    shape = None if input is None else read_shape(input)
    if str(path).endswith(".onnx"):
        from convcost.sources.onnx.file import read_onnx

        return [read_onnx(Path(path), batch=batch, inputs={"": shape} if shape else None)]
    subjects = []
    with open_path(Path(path)) as stream:
        for item in read_specs(stream, str(path)):
            if isinstance(item, Problem):
                raise item.error
            subjects.append(
                build_item(
                    library,
                    item,
                    input=shape,
                    batch=batch,
                    switches=switches,
                    arguments=arguments,
                )
            )
    return subjects


def build_item(
    library: Library,
    item: Item,
    *,
    input: Shape | None = None,
    batch: int | None = None,
    switches: Switches | None = None,
    arguments: Mapping[str, Any] | None = None,
    bias: bool | None = None,
) -> Subject:
    """One item of a file: a layer spec, or an object with layers."""
    if item.spec is None:
        return build_document(
            library,
            item.document or {},
            item.place,
            input=input,
            batch=batch,
            switches=switches,
            arguments=arguments,
        )
    return build_spec(
        library,
        with_bias(library, item.spec, bias),
        item.origin(),
        input=input,
        batch=batch,
        switches=switches or WEIGHTS_ONLY,
    )


def count(
    *what: str | Mapping[str, Any] | LayerSpec | Subject,
    input: ShapeLike | None = None,
    batch: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    switches: Switches | None = None,
    library: Library | None = None,
) -> CountResult:
    """Count one thing.

    ``what`` is an input shape and a one-line spec (``count("56x56x256", "conv 3x3 64")``), a
    spec as a mapping or a LayerSpec, the name of a network or design, the path of a file with
    one spec, or something that ``load`` returned. ``arguments`` are for a named design or
    network; ``switches`` turn its normalisation, activation and biases on or off (None: the
    kind's own). Raises ConvcostError (SpecError where text is to blame).
    """
    library = library or Library()
    shape = None if input is None else read_shape(input)
    words = [word for word in what if isinstance(word, str)]
    objects = [word for word in what if not isinstance(word, str)]
    found = classify(words, library)
    shape = found.input or shape
    subjects: list[Subject] = []
    for thing in objects:
        if isinstance(thing, Subject):
            subjects.append(thing)
        else:
            spec = thing if isinstance(thing, LayerSpec) else read_mapping(thing)
            subjects.append(
                build_spec(
                    library, spec, input=shape, batch=batch, switches=switches or WEIGHTS_ONLY
                )
            )
    for text in found.texts:
        if shape is None:
            raise SpecError("input is missing", text=text, span=(0, len(text)))
        from convcost.sources.text import build_text

        subjects.append(
            build_text(library, text, shape, batch=batch, switches=switches or WEIGHTS_ONLY)
        )
    for name in found.designs:
        subjects.append(
            build_network(
                library,
                library.find(name),
                input=shape,
                batch=batch,
                arguments=arguments,
                switches=switches,
            )
        )
    for path in found.files:
        subjects += load(
            path,
            input=shape,
            batch=batch,
            library=library,
            switches=switches,
            arguments=arguments,
        )
    if len(subjects) != 1:
        raise ConvcostError(f"count takes one thing to count, not {len(subjects)}")
    return count_subject(subjects[0])


def from_torch(module: Any, input_shape: Any, *, batch: int = 1) -> CountResult:
    """Count a PyTorch module by watching one forward pass on the meta device.

    ``input_shape`` is channels last and without batch (``"224x224x3"``), or a mapping of the
    names of forward's arguments to shapes. Needs the extra ``convcost[torch]``.
    """
    from convcost.sources.torch.module import from_torch as read

    return count_subject(read(module, input_shape, batch=batch))


def count_subject(subject: Subject) -> CountResult:
    """Count what has been built."""
    return CountResult(
        subject.name, count_graph(subject.graph, subject.batch), subject.unused, subject.notes
    )


def read_mapping(raw: Mapping[str, Any], origin: Origin | None = None) -> LayerSpec:
    """A mapping as a LayerSpec. Raises SpecError in convcost's words."""
    from pydantic import ValidationError

    try:
        return LayerSpec.model_validate(dict(raw))
    except ValidationError as error:
        from convcost.language.problems import explain_layer

        raise (origin or Nowhere()).error(explain_layer(raw, error)) from None


def compare(
    input: ShapeLike,
    *layers: str,
    designs: Sequence[str] | None = None,
    baseline: str | None = None,
    batch: int | None = None,
    switches: Switches = WEIGHTS_ONLY,
    library: Library | None = None,
    origin: Origin | None = None,
    **settings: Any,
) -> ComparisonResult:
    """Set designs side by side on one input.

    ``layers`` are one-line specs; ``designs`` are names (without either: the four defaults).
    ``settings`` (``kernel_size=3, out_channels=64, stride=2, ...``) go to every design that has
    such a parameter. The first alternative, or ``baseline``, is what the others are compared
    with. Raises ConvcostError.
    """
    library = library or Library()
    shape = read_shape(input)
    subjects = []
    if layers:
        from convcost.sources.text import build_text

        subjects = [
            build_text(library, text, shape, batch=batch, switches=switches) for text in layers
        ]
    if designs is None:
        designs = () if layers else DEFAULT_DESIGNS
    if designs:
        origin = origin or Nowhere()
        spec = read_mapping(settings, origin)
        subjects += design_subjects(
            library, designs, spec, origin, input=shape, batch=batch, switches=switches
        )
    elif settings:
        raise ConvcostError(f"{next(iter(settings))} is for designs; these layers are written out")
    return compare_built(subjects, library, settings, baseline)


def compare_built(
    subjects: Sequence[Subject],
    library: Library,
    settings: Mapping[str, Any],
    baseline: str | None = None,
) -> ComparisonResult:
    """Set what has been built side by side."""
    if baseline is not None and baseline not in [subject.name for subject in subjects]:
        with suppress(OperationError):
            baseline = library.find(baseline).name
    comparison = compare_subjects(
        subjects,
        settings=dict(settings),
        summaries=[summary_of(library, subject) for subject in subjects],
        baseline=baseline,
    )
    return ComparisonResult(comparison)


def read_shape(shape: ShapeLike) -> Shape:
    """A shape as it may be given in Python: text or numbers. Raises ConvcostError."""
    if isinstance(shape, str):
        return parse_shape(shape)
    from convcost.language.problems import check_input

    return check_input(tuple(shape))
