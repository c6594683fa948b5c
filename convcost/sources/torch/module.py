"""PyTorch modules -> subjects, by watching one forward pass: the door of this room.

On the ``meta`` device tensors have shapes only: no weights are read and nothing is computed.
Models that look at values run on the CPU instead. Every operation that PyTorch dispatches is
seen, whether a module or a function called it, and is named by the path of its module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, MissingExtraError, did_you_mean, shorten
from convcost.language.building import Parameters, Subject
from convcost.language.expressions import Evaluate
from convcost.quantities import format_count
from convcost.sources.torch import notes
from convcost.sources.torch.given import Given, batch_of, bind, read_given
from convcost.sources.torch.guests import guest, in_words
from convcost.sources.torch.inputs import Variant, assignments, variants
from convcost.sources.torch.recording import Recorder
from convcost.sources.torch.staging import (
    LARGEST_REAL,
    copied,
    is_lazy,
    is_scripted,
    staged,
    unwrapped,
    weights_of,
)
from convcost.sources.torch.watching import Failure, following, tensors_in, watching

DEVICES = ("meta", "cpu")

MODES = {"meta": ("shapes", "mixed"), "cpu": ("values",), None: ("shapes", "mixed", "values")}
"""How a device is tried: all tensors without values; parameters and floating-point inputs without,
all others with values; all with values."""


def from_torch(
    module: Any,
    input_shape: Any,
    *,
    batch: int | None = None,
    costs: Mapping[str, Evaluate] | None = None,
    name: str | None = None,
    dtypes: Any = None,
    device: str | None = None,
    real: Callable[[str], Any] | None = None,
) -> Subject:
    """A module as a subject for ``count``, ``compare`` and ``swap``.

    ``input_shape`` is channels last and without batch (``"224x224x3"``), raw with all axes
    (``"[1,3,224,224]"``), an example tensor (on ``meta`` too), a tuple of these for several
    arguments of forward, or a mapping of their names; other values in a mapping are passed on as
    they are. ``dtypes`` is a data type for all shapes, or a mapping by name. ``device`` is
    ``"meta"`` (shapes alone), ``"cpu"`` (zeros, real arithmetic), or None: the first, and where
    that fails the second. ``real`` makes the module anew where it has no values: with "mixed" those
    of its buffers, with "values" all.
    The module is put into evaluation mode for the run, and is afterwards what it was.
    Raises ConvcostError.
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise ConvcostError(f"a {type(module).__name__} is not a torch module")
    if batch is not None and (type(batch) is not int or batch < 1):
        raise ConvcostError(f"a batch is a whole number from 1, not {shorten(str(batch))}")
    if device is not None and device not in DEVICES:
        raise ConvcostError(f"{device} is not a device", hint=did_you_mean(device, DEVICES))
    model = unwrapped(torch, module)
    given = bind(model, read_given(torch, input_shape, dtypes))
    if is_lazy(torch, model):
        model = copied(torch, model)
        _initialise(torch, model, given, batch)
    if device is None and is_scripted(torch, model):
        device = "cpu"
    runs = _Runs(torch, given, batch, costs or {}, name or type(module).__name__)
    problem: ConvcostError | None = None
    for mode in MODES[device]:
        if mode != "shapes" and real is not None and _is_empty(model, mode):
            model = unwrapped(torch, real(mode))
        if mode == "values" and device is None:
            _check_size(torch, model, problem)
        try:
            return runs.read(model, mode)
        except _FailedError as failed:
            problem = failed.shown if mode != "mixed" else problem
    raise problem or ConvcostError("there is nothing to run")


NO_VALUES = re.compile(r"meta tensors?\b")
"""What PyTorch says where code looks at a value that is not there."""


class _Run(NamedTuple):
    """A forward pass that ended well."""

    recorder: Recorder
    choice: Mapping[str, Variant]
    outputs: list[int]


class _FailedError(Exception):
    """No order of axes ran; ``shown`` is the error of the run that came furthest."""

    def __init__(self, shown: ConvcostError) -> None:
        super().__init__(str(shown))
        self.shown = shown


class _Runs:
    """Forward passes of one model, one for each order of axes that its inputs may have."""

    def __init__(
        self,
        torch: Any,
        given: Given,
        batch: int | None,
        costs: Mapping[str, Evaluate],
        name: str,
    ) -> None:
        self._torch = torch
        self._given = given
        self._batch = batch
        self._costs = costs
        self._name = name
        self._furthest: tuple[int, ConvcostError] | None = None
        self._needs_values = False

    def read(self, model: Any, mode: str) -> Subject:
        """The one reading of the inputs that runs. Raises ConvcostError where two differ."""
        self._furthest = None
        self._needs_values = False
        second = _takes_batch_second(self._torch, model)
        kind = _dtype_of(self._torch, model)
        choices = {
            key: variants(word, self._batch, kind, batch_second=second)
            for key, word in self._given.slots().items()
        }
        for tier in assignments(choices):
            runs = self._of_tier(model, tier, mode)
            if runs:
                return self._chosen(runs, mode)
            if self._needs_values and mode != "values":
                break  # the inputs were right, and values were missing: no other reading is better
        assert self._furthest is not None
        raise _FailedError(self._furthest[1])

    def _of_tier(self, model: Any, tier: Sequence[Mapping[str, Variant]], mode: str) -> list[_Run]:
        runs = []
        for choice in tier:
            try:
                run = self._one(model, choice, mode)
            except _FailedError:
                continue
            runs.append(run)
            if run.recorder.confirms_first and all(
                "channels, " in variant.axes or len(variant.dims) < 3 for variant in choice.values()
            ):
                break
        return runs

    def _one(self, model: Any, choice: Mapping[str, Variant], mode: str) -> _Run:
        """One forward pass, watched."""
        device = "cpu" if mode == "values" else "meta"
        torch = self._torch
        recorder = Recorder(batch_of(torch, self._given, choice, self._batch), self._costs)
        failure = Failure()
        weights = weights_of(model)
        classes: dict[str, str] = {}
        try:
            with staged(torch, model, mode) as twins:
                for tensor, weight in weights:
                    recorder.add_weight(twins(tensor), weight)
                paths = {id(m): path for path, m in model.named_modules()}
                classes.update({path: type(m).__name__ for path, m in model.named_modules()})
                recorder.classes = classes
                recorder.leaves = _leaves(model)
                args, kwargs = self._arguments(choice, mode)
                for tensor in tensors_in(torch, (args, kwargs)):
                    recorder.add_input(tensor)
                with ExitStack() as stack:
                    stack.enter_context(guest())
                    stack.enter_context(torch.no_grad())
                    stack.enter_context(torch.random.fork_rng(devices=[]))
                    torch.manual_seed(0)
                    if mode == "shapes":
                        stack.enter_context(torch.device("meta"))
                    stack.enter_context(
                        following(torch, recorder, lambda m: paths.get(id(m)), failure)
                    )
                    twin = twins if device == "meta" else None
                    stack.enter_context(watching(torch, recorder, twin))
                    output = model(*args, **kwargs)
                results = [recorder.index_of(t) for t in tensors_in(torch, output)]
        except ConvcostError:
            raise
        except (Exception, SystemExit) as error:  # a user's module may raise anything
            path = failure.path(error)
            self._needs_values |= NO_VALUES.search(str(error)) is not None
            shown = self._problem(model, choice, device, error, classes.get(path, ""), path)
            if self._furthest is None or recorder.steps > self._furthest[0]:
                self._furthest = (recorder.steps, shown)
            raise _FailedError(shown) from None
        if failure.elsewhere is not None:
            raise ConvcostError(
                f"{failure.elsewhere} ran in another thread, where its work is out of sight",
                hint="call its modules one after another",
            )
        return _Run(recorder, choice, [index for index in results if index is not None])

    def _arguments(
        self, choice: Mapping[str, Variant], mode: str
    ) -> tuple[list[Any], dict[str, Any]]:
        """The tensors of one order of axes, and example tensors as this way of running has them."""
        torch = self._torch
        tensors = {}
        for key, variant in choice.items():
            kind = getattr(torch, variant.dtype)
            is_real = mode == "values" or (mode == "mixed" and not _is_float(kind))
            make = torch.ones if key == "attention_mask" else torch.zeros
            make = make if is_real else torch.empty
            device = "cpu" if is_real else "meta"
            tensors[key] = make(variant.dims, dtype=kind, device=device)

        def fixed(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            is_real = mode == "values" or (mode == "mixed" and not _is_float(value.dtype))
            if not is_real:
                return torch.empty_like(value, device="meta", requires_grad=False)
            if value.is_meta:
                return torch.zeros_like(value, device="cpu", requires_grad=False)
            return value.detach().to("cpu", copy=True)

        return self._given.filled(tensors, lambda value: torch.utils._pytree.tree_map(fixed, value))

    def _problem(
        self,
        model: Any,
        choice: Mapping[str, Variant],
        device: str,
        error: BaseException,
        kind: str,
        path: str,
    ) -> ConvcostError:
        where = f"{path} ({kind})" if path else type(model).__name__
        shapes = ", ".join(notes.input_words(key, v) for key, v in choice.items())
        on = f" on {shapes}" if shapes else ""
        hint = in_words(error)
        if device == "meta" and "meta" in hint:
            hint += "; --device cpu runs it with values"
        return ConvcostError(f"forward of {where} fails{on}", hint=hint)

    def _chosen(self, runs: Sequence[_Run], mode: str) -> Subject:
        """The likeliest run, where all that ran agree."""
        found = [(run, run.recorder.graph(run.outputs)) for run in runs if run.recorder.steps > 0]
        first, graph = found[0]
        totals = [run.recorder.total(graph) for run, graph in found]
        for (run, _), total in zip(found, totals, strict=True):
            if total != totals[0]:
                raise _two_orders(first, totals[0], run, total)
        recorder = first.recorder
        if not graph.nodes and not first.outputs:
            raise ConvcostError("the model computes nothing from its input")
        taken = list(recorder.weights.counted.values())
        trainable = sum(weight.size for weight in taken if weight.is_trainable)
        frozen = sum(weight.size for weight in taken if not weight.is_trainable)
        parameters = Parameters(trainable, frozen, recorder.weights.idle)
        return Subject(
            self._name,
            graph,
            recorder.batch,
            notes=notes.notes_of(recorder, first.choice, mode, parameters),
            parameters=parameters,
        )


def _two_orders(
    one: _Run, first: Sequence[int], other: _Run, second: Sequence[int]
) -> ConvcostError:
    """Two orders of axes run, and their figures differ: only the user knows which is meant."""
    at = next(index for index in (1, 0, 2) if first[index] != second[index])
    unit = ("parameters", "MACs", "element operations")[at]
    key = next(key for key in one.choice if one.choice[key] != other.choice[key])
    a, b = one.choice[key], other.choice[key]
    raw = ",".join(map(str, a.dims))
    label = f"{key}=" if not key.isdecimal() else ""
    return ConvcostError(
        f"two orders of axes run, and they differ: {format_count(first[at])} {unit} on "
        f"{a.words()}, {format_count(second[at])} on {b.words()}",
        hint=f"give all axes in the order of the module, such as '{label}[{raw}]'",
    )


def _takes_batch_second(torch: Any, model: Any) -> bool:
    """Whether a module in it has PyTorch's older order: length, batch, channels."""
    return any(getattr(module, "batch_first", True) is False for module in model.modules())


def _dtype_of(torch: Any, model: Any) -> str:
    """The data type of the parameters, which inputs have too."""
    for tensor in model.parameters():
        if tensor.is_floating_point() or tensor.is_complex():
            return str(tensor.dtype).removeprefix("torch.")
    return "float32"


def _is_float(dtype: Any) -> bool:
    return bool(dtype.is_floating_point or dtype.is_complex)


def _is_empty(model: Any, mode: str) -> bool:
    """Whether values are missing that a way of running needs."""
    tensors = model.buffers() if mode == "mixed" else (*model.parameters(), *model.buffers())
    return any(tensor.is_meta for tensor in tensors)


def _leaves(model: Any) -> set[str]:
    """The modules that hold no others. (A module may have a length of 0, or none: no ``any``.)"""
    return {path for path, m in model.named_modules() if next(m.children(), None) is None}


def _check_size(torch: Any, model: Any, problem: ConvcostError | None) -> None:
    """A very large model is not run with values unless that was asked for."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())
    if size > LARGEST_REAL and problem is not None:
        hint = f"{problem.hint}; --device cpu runs it with values, which take {size >> 30} GiB"
        raise ConvcostError(problem.message, hint=hint)


def _initialise(torch: Any, model: Any, given: Given, batch: int | None) -> None:
    """Run a copy with lazy parameters once, so that they learn their shapes."""
    problem: BaseException | None = None
    choices = {
        key: variants(word, batch, "float32", batch_second=False)
        for key, word in given.slots().items()
    }
    for tier in assignments(choices):
        for choice in tier:
            tensors = {
                key: torch.zeros(v.dims, dtype=getattr(torch, v.dtype)) for key, v in choice.items()
            }
            args, kwargs = given.filled(tensors, lambda value: value)
            try:
                with guest(), torch.no_grad(), torch.random.fork_rng(devices=[]):
                    model.eval()(*args, **kwargs)
            except (Exception, SystemExit) as error:
                problem = problem or error
                continue
            return
    assert problem is not None
    raise ConvcostError(
        f"the lazy parameters of {type(model).__name__} learn no shapes", hint=in_words(problem)
    )


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("reading PyTorch modules", "torch", "torch") from None
    return torch
