"""ONNX files -> engine graphs, without weights: the door.

Only the model's structure is read: external data may be absent, and large inline weights are
dropped before sizes are worked out. Owns the order of the steps and what is done for a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, SpecError, shorten
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.batches import for_batch
from convcost.sources.onnx.batching import is_batch
from convcost.sources.onnx.facts import MisfitError
from convcost.sources.onnx.inputs import (
    BATCH_NAME,
    FreeError,
    Given,
    Sizes,
    fix_inputs,
    free_error,
    free_inputs,
)
from convcost.sources.onnx.loading import Loaded, load
from convcost.sources.onnx.nodes import Reader
from convcost.sources.onnx.notes import notes
from convcost.sources.onnx.suggesting import free_dimensions, too_small
from convcost.sources.onnx.walking import Walk, WindowError


def read_onnx(
    path: Path,
    *,
    batch: int | None = None,
    inputs: Mapping[str, Shape] | None = None,
    costs: Mapping[str, Evaluate] | None = None,
) -> Subject:
    """Read a model and cost every node.

    ``batch`` fills a free axis of samples (1 where None); ``inputs`` maps an input's name (""
    for the first one) to its shape: channels last and without batch, or a ``RawShape`` with all
    axes as the model has them; ``costs`` gives MACs of operations that are not known, as
    expressions over ``out`` and ``input`` (numbers of values) and ``params``. Raises SpecError
    for a file that is not a usable model, and where its sizes cannot be settled.
    """
    loaded = load(path)
    reading = _Reading(loaded, path, dict(inputs or {}), costs or {})
    return reading.run(batch)


class _Reading:
    def __init__(
        self,
        loaded: Loaded,
        path: Path,
        inputs: Mapping[str, Shape],
        costs: Mapping[str, Evaluate],
    ) -> None:
        self._loaded = loaded
        self._path = path
        self._place = str(path)
        self._inputs = inputs
        self._costs = costs

    def run(self, batch: int | None) -> Subject:
        """The model for ``batch`` samples, by its own sizes where it can, else scaled."""
        try:
            subject, own = self._read(batch)
        except MisfitError:
            if batch in (None, 1):
                raise
            # The sizes of one sample may be written into the graph, as some exporters do.
            subject, own = self._read(None)
        return subject if batch in (None, own) else for_batch(subject, own, batch or own)

    def _walk(self, given: Given) -> tuple[Walk, Sizes]:
        loaded = self._loaded.copy()
        sizes = fix_inputs(loaded.model, self._place, given)
        walk = Walk(loaded.onnx, loaded.model, self._place, sizes.names)
        walk.run()
        return walk, sizes

    def _try(self, inputs: Mapping[str, Shape]) -> Walk:
        return self._walk(Given(inputs))[0]

    def _read(self, batch: int | None) -> tuple[Subject, int]:
        model = self._loaded.model
        try:
            walk, sizes = self._settled(Given(self._inputs, batch))
        except WindowError as problem:
            raise too_small(self._try, model, problem) from None
        except FreeError as problem:
            raise free_dimensions(self._try, model, self._open(problem), problem) from None
        reader = Reader(walk, self._loaded.traits, self._place, sizes.batch, self._costs)
        subject = reader.subject(self._path.stem)
        return subject._replace(notes=notes(reader, self._loaded.moved)), sizes.batch

    def _settled(self, given: Given) -> tuple[Walk, Sizes]:
        """A walk whose batch is one: a guess is looked at, and corrected where it was wrong."""
        try:
            walk, sizes = self._walk(given)
        except WindowError:
            sizes = fix_inputs(self._loaded.copy().model, self._place, given)
            if not sizes.guessed or self._is_fixed(sizes) or not self._fits(given, 100):
                raise
            raise self._no_batch(sizes) from None
        if not sizes.guessed:
            return walk, sizes
        try:
            pair = [self._walk(given._replace(first=size))[0] for size in (2, 3)]
        except WindowError:
            mixed = True
        except SpecError:  # the size is written into the graph, as for one sample
            mixed = self._is_fixed(sizes)
        else:
            mixed = not is_batch(*pair)
        if not mixed:
            return walk, sizes
        if self._is_fixed(sizes):
            return self._walk(given._replace(is_one=True))
        raise self._no_batch(sizes)

    def _fits(self, given: Given, first: int) -> bool:
        """Whether a longer first axis is what the windows need."""
        try:
            self._walk(given._replace(first=first))
        except WindowError:
            return False
        except ConvcostError:
            return True
        return True

    def _is_fixed(self, sizes: Sizes) -> bool:
        """Whether the file itself fixes the first axis that was taken for the batch."""
        value = self._input(sizes.guessed[0][0])
        return bool(value.type.tensor_type.shape.dim[0].dim_value > 0)

    def _input(self, name: str) -> Any:
        return next(v for v in free_inputs(self._loaded.model) if v.name == name)

    def _no_batch(self, sizes: Sizes) -> FreeError:
        name, symbol = sizes.guessed[0]
        value = self._input(name)
        problem = free_error(value, [symbol or "0"], self._place)
        dims = value.type.tensor_type.shape.dim
        shape = ["100", *(str(dim.dim_value or 64) for dim in dims[1:])]
        problem.hint = f"give all its axes: --input {shorten(name, 40)}=[{','.join(shape)}]"
        return problem

    def _open(self, problem: FreeError) -> list[str]:
        """Inputs that need a shape from the user, and have none that helps."""
        values = free_inputs(self._loaded.model)
        names = {name or values[0].name for name in self._inputs}
        found = [
            value.name
            for value in values
            if value.name not in names
            and any(
                not dim.HasField("dim_value") and not BATCH_NAME.match(dim.dim_param)
                for dim in value.type.tensor_type.shape.dim
            )
        ]
        return found if problem.name in found else [problem.name, *found]
