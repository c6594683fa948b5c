"""The question of ``diff``: what is different between two networks, in total and by layer?

Layers are matched by name first, then by equal type and shapes in their order. Norms that an
exporter folded into convolutions are told apart from norms that are gone.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from io import BytesIO
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

from convcost.engine.counting import count
from convcost.engine.figures import FIGURES, Measured, Value
from convcost.engine.memory.execution import PLAIN, Execution
from convcost.engine.shapes import Shape
from convcost.errors import SpecError, shorten
from convcost.language.library import Library
from convcost.quantities import Amount, format_shape
from convcost.sources.asked import NOTHING_ASKED, Asked
from convcost.sources.table import Opened
from convcost.sources.words import Word, classify
from convcost.studies.explaining import only_subject
from convcost.studies.sides import (
    COMPARED,
    Part,
    Side,
    is_on_folding,
    is_saved,
    piped,
    read_saved,
    side_of,
)

Status: TypeAlias = Literal["same", "changed", "renamed", "added", "removed", "folded"]

FOLDS = ("batch_norm",)
"""What exporters fold into the layer before: at inference it is a factor and a shift."""

WITH_BIAS = ("conv", "conv_transpose", "linear")
"""What it is folded into."""


class Pair(NamedTuple):
    """A layer of each side, or of one. ``changes``: what differs, as (a, b) by field."""

    a: Part | None
    b: Part | None
    status: Status
    changes: Mapping[str, tuple[Any, Any]]


class Kind(NamedTuple):
    """All layers of one kind, added up, on each side."""

    kind: str
    a: tuple[int, ...]
    b: tuple[int, ...]


KIND_FIELDS = ("layers", *COMPARED)
"""What is added up for a kind of layer."""


class Difference(NamedTuple):
    """Both sides, and their layers in order."""

    a: Side
    b: Side
    pairs: tuple[Pair, ...]

    @property
    def is_none(self) -> bool:
        """Whether nothing differs, names of layers included."""
        return all(pair.status == "same" for pair in self.pairs) and not any(
            before != after for before, after in self.totals().values()
        )

    def totals(self) -> dict[str, tuple[Value, Value]]:
        """Every figure of both."""
        return {key: (self.a.totals.get(key), self.b.totals.get(key)) for key in FIGURES}

    def folded(self) -> list[Pair]:
        """The norms that are folded into other layers on one side."""
        return [pair for pair in self.pairs if pair.status == "folded"]

    def fewer(self) -> int | None:
        """How many parameters folding saves: scales and shifts, less the biases that are new."""
        total = 0
        for pair in self.folded():
            side, norm = (self.a, pair.a) if pair.a is not None else (self.b, pair.b)
            if norm is None or norm.source is None or norm.figures[0] is None:
                return None
            has_bias = side.parts[norm.source].settings.get("bias")
            total += norm.figures[0] - (0 if has_bias else norm.output[-1])
        return total

    def kinds(self) -> list[Kind]:
        """Layers by what people call them, the largest change of MACs first."""
        sums: dict[str, tuple[list[int], list[int]]] = {}
        for index, side in enumerate((self.a, self.b)):
            for part in side.parts:
                both = sums.setdefault(part.family, ([0] * 4, [0] * 4))
                for place, number in enumerate((1, *part.figures)):
                    both[index][place] += number or 0
        kinds = [Kind(kind, tuple(a), tuple(b)) for kind, (a, b) in sums.items()]
        return sorted(kinds, key=lambda kind: -abs(kind.b[2] - kind.a[2]))


def difference(a: Side, b: Side) -> Difference:
    """Match the layers of two sides. Raises SpecError where their figures are unlike."""
    _refuse_unlike(a, b)
    matched = _matched(a.parts, b.parts)
    into_a = {j: i for i, j in matched.items()}
    folded_a = _folded(a.parts, b, matched)
    folded_b = _folded(b.parts, a, into_a)
    keyed: list[tuple[tuple[int, int, int], Pair]] = []
    for i, part in enumerate(a.parts):
        other = matched.get(i)
        pair = (
            Pair(part, None, "folded" if i in folded_a else "removed", {})
            if other is None
            else _pair(part, b.parts[other])
        )
        keyed.append(((i, 0, 0), pair))
    last = -1
    for j, part in enumerate(b.parts):
        if j in into_a:
            last = into_a[j]
            continue
        # What is new stands behind the layer that it follows.
        keyed.append(((last, 1, j), Pair(None, part, "folded" if j in folded_b else "added", {})))
    keyed.sort(key=lambda item: item[0])
    return Difference(a, b, tuple(pair for _, pair in keyed))


def _refuse_unlike(a: Side, b: Side) -> None:
    if a.batch != b.batch:
        raise SpecError(
            f"{a.name} is counted for a batch of {a.batch}, {b.name} for {b.batch}",
            hint="figures of unlike batches cannot be set against each other: give --batch",
        )
    own = "file" in (a.types, b.types)
    if a.types != b.types and not own:
        raise SpecError(
            f"{a.name} is counted at {a.types}, {b.name} at {b.types}",
            hint="bytes of unlike types cannot be set against each other: give --dtype",
        )
    if a.rule != b.rule:
        raise SpecError(
            f"memory of {a.name} is {a.rule}, of {b.name} {b.rule}",
            hint="figures of unlike engines cannot be set against each other: save both alike",
        )


def _pair(a: Part, b: Part) -> Pair:
    before, after = a.fields(), b.fields()
    # A setting that only one of two importers tells of is not known to differ.
    changes = {
        field: (value, after[field])
        for field, value in before.items()
        if field in after and not _is_same(field, value, after[field])
    }
    if a.name != b.name:
        return Pair(a, b, "renamed", changes)
    return Pair(a, b, "changed" if changes else "same", changes)


def _matched(a: Sequence[Part], b: Sequence[Part]) -> dict[int, int]:
    """The partner of each layer of ``a`` that has one, by index.

    Equal names and types first; then equal type, shapes and settings, equal type and shapes,
    each in order; an equal name with another type at last.
    """
    keys: tuple[Callable[[Part], Hashable], ...] = (
        lambda part: (part.name, part.type),
        lambda part: (part.type, *_shapes(part), repr(_window(part))),
        lambda part: (part.type, *_shapes(part)),
        lambda part: part.name,
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for key in keys:
        waiting: dict[Hashable, deque[int]] = defaultdict(deque)
        for j, part in enumerate(b):
            if j not in taken:
                waiting[key(part)].append(j)
        for i, part in enumerate(a):
            if i not in found and waiting[key(part)]:
                found[i] = waiting[key(part)].popleft()
                taken.add(found[i])
    return found


def _is_same(field: str, a: Any, b: Any) -> bool:
    return bool(a == b or (field in ("input", "output") and _sizes(a) == _sizes(b)))


def _shapes(part: Part) -> tuple[Shape, Shape]:
    """What goes in and out."""
    return _sizes(part.input), _sizes(part.output)


def _sizes(shape: Shape) -> Shape:
    """A pooled map of one position is a vector in some frameworks: the same values."""
    return (*(size for size in shape[:-1] if size != 1), *shape[-1:])


def _window(part: Part) -> list[tuple[str, Any]]:
    """The settings but the bias, which an exporter changes when it folds a norm."""
    return sorted((key, value) for key, value in part.settings.items() if key != "bias")


def _folded(mine: Sequence[Part], other: Side, matched: Mapping[int, int]) -> set[int]:
    """The norms without a partner that stand behind a layer with a bias on the other side.

    The bias is new there, or the other side's importer says that its biases hold norms.
    """
    found = set()
    for index, part in enumerate(mine):
        if part.type not in FOLDS or index in matched or part.source is None:
            continue
        before = mine[part.source]
        partner = matched.get(part.source)
        if before.type not in WITH_BIAS or partner is None:
            continue
        is_new = other.has_folded or not before.settings.get("bias")
        if is_new and other.parts[partner].settings.get("bias"):
            found.add(index)
    return found


def sides_of(
    words: Sequence[Any],
    asked: tuple[Asked, Asked],
    library: Library,
    execution: Execution = PLAIN,
    designs: Sequence[str] = (),
    stdin: BinaryIO | None = None,
) -> tuple[Side, Side, list[str]]:
    """What two words stand for, counted, with notes on how they were read. Raises SpecError.

    ``asked`` holds what was asked of each. A shape in front is the input of both. One of the
    words may be ``-``, for specs or a saved count on ``stdin``.
    """
    found = classify(words, library, has_settings=bool(asked[0].settings))
    named = [*found.words, *(Word(name, "name") for name in designs)]
    if len(named) != 2:
        raise SpecError(
            f"diff takes two things, not {len(named)}",
            place=", ".join(shorten(word.text, 40) for word in named) or None,
            hint="names, files, layers in quotes behind an input shape: convcost diff A B",
        )
    bare = [format_shape(found.input)] if found.input else []
    bare += [_bare(value) for value in found.settings.values()]
    notes = list(found.notes)
    if [word.text for word in named] == ["-", "-"]:
        raise SpecError("standard input is one thing, not two", place="- -")
    pipes = [piped(word.text, stdin) for word in named]
    saved = [is_saved(word.text, data) for word, data in zip(named, pipes, strict=True)]
    if all(saved) and (bare or execution != PLAIN):
        what = bare[0] if bare else "how a network is run"
        raise SpecError(f"{what} is not for saved counts: they are counted already")
    sides = []
    for index, (word, own) in enumerate(zip(named, asked, strict=True)):
        if saved[index]:
            _refuse_options(own, NOTHING_ASKED if all(saved) else asked[1 - index])
            sides.append(read_saved(word.text, pipes[index]))
        elif index >= len(found.words):
            opened = Opened(bare, own, library, designs=[word.text])
            sides.append(_counted(opened, own, execution, notes))
        else:
            value = word.value if word.source == "given" else word.text
            data = pipes[index]
            stream = None if data is None else BytesIO(data)
            value = value if data is None else "-"
            opened = Opened([*bare, value], own, library, stdin=stream)
            sides.append(_counted(opened, own, execution, notes))
    a, b = sides
    if a.name == b.name:
        texts = [word.text for word in named]
        if texts[0] != texts[1] and all(texts):
            a, b = (side._replace(name=text) for side, text in zip(sides, texts, strict=True))
    return a, b, list(dict.fromkeys(notes))


def _counted(opened: Opened, asked: Asked, execution: Execution, notes: list[str]) -> Side:
    """The one thing behind a door, counted; what a reader should know of it goes to ``notes``."""
    subject = only_subject(opened, "diff")
    notes += opened.notes
    notes += [f"{subject.name}: {note}" for note in subject.notes if not is_on_folding(note)]
    measured = Measured(count(subject.graph, subject.batch), execution)
    return side_of(_label(subject.name, asked), measured, subject.notes)


def _bare(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format_shape(value) if isinstance(value, tuple) else str(value)


def _refuse_options(own: Asked, other: Asked) -> None:
    """Raise SpecError for what was asked of a saved count, and not of the other side as well."""
    for field, value in own.settings.items():
        if other.settings.get(field) != value:
            raise _counted_already(field, own)
    for part in own.given():
        if part not in ("settings", *other.given()):
            raise _counted_already(part, own)


def _counted_already(part: str, asked: Asked) -> SpecError:
    return SpecError(
        f"{part} is not for a saved count: it is counted already", place=asked.typed.get(part)
    )


def _label(name: str, asked: Asked) -> str:
    """The name with the settings that tell it from the other side."""
    settings = [f"{key}={_bare(value)}" for key, value in asked.settings.items()]
    return " ".join([name, *settings])


def change(a: Value, b: Value) -> int | float | None:
    """How much more ``b`` is; None for shapes, for what is not known, and for lower bounds."""
    if isinstance(a, Amount) and isinstance(b, Amount):
        return None if a.is_bound or b.is_bound else b.value - a.value
    if a is None or b is None or isinstance(a, Amount | tuple) or isinstance(b, Amount | tuple):
        return None
    return float(b - a)
