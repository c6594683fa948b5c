"""Counting plain code: ``with Counting() as c:`` watches whatever PyTorch runs in the block.

Loops, losses, backward passes and optimisers count as they run, on whatever device they run.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from convcost.engine.counting import Count, count
from convcost.errors import ConvcostError
from convcost.language.building import Parameters, Subject
from convcost.language.expressions import Evaluate


class Counting:
    """What ran in a ``with`` block, once the block has ended.

    Names of rows start with the class of the outermost module that ran. Tensors that were there
    before are inputs, ``nn.Parameter`` objects are parameters. Work is that of the whole batch.
    """

    def __init__(self, name: str = "block", *, costs: Mapping[str, Evaluate] | None = None) -> None:
        """``costs`` gives unknown operations a cost, as in ``from_torch``."""
        self._name = name
        self._costs = costs
        self._stack: ExitStack | None = None
        self._recorder: Any = None
        self._paths: dict[int, str] = {}
        self._modules: list[Any] = []
        self._ended: tuple[Subject, Count] | None = None

    def __enter__(self) -> Counting:
        if self._recorder is not None:
            raise ConvcostError("a counting block runs once", hint="make a new one")
        from convcost.sources.torch.module import _torch
        from convcost.sources.torch.recording import Recorder
        from convcost.sources.torch.watching import Failure, following, watching

        torch = _torch()
        self._recorder = Recorder(1, self._costs, finds_inputs=True)
        with ExitStack() as stack:
            stack.enter_context(following(torch, self._recorder, self._path_of, Failure()))
            stack.enter_context(watching(torch, self._recorder))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._stack is not None
        self._stack.close()
        self._modules.clear()
        if error is None:
            self._ended = self._finish()

    def _path_of(self, module: Any) -> str | None:
        """The path of a module; one that nobody has called before is a root of its own."""
        path = self._paths.get(id(module))
        if path is None:
            root = type(module).__name__
            others = sum(1 for known in self._paths.values() if known.partition("_")[0] == root)
            root = f"{root}_{others + 1}" if others else root
            self._modules.append(module)
            for name, inner in module.named_modules():
                inside = f"{root}.{name}" if name else root
                self._paths.setdefault(id(inner), inside)
                self._recorder.classes[inside] = type(inner).__name__
                if next(inner.children(), None) is None:
                    self._recorder.leaves.add(inside)
            for name, weight in module.named_parameters():
                self._recorder.name_weight(weight, f"{root}.{name}")
            path = self._paths[id(module)]
        return path

    def _finish(self) -> tuple[Subject, Count]:
        from convcost.sources.torch import notes

        recorder = self._recorder
        taken = list(recorder.weights.counted.values())
        parameters = Parameters(
            sum(weight.size for weight in taken if weight.is_trainable),
            sum(weight.size for weight in taken if not weight.is_trainable),
            recorder.weights.idle,
        )
        graph = recorder.graph(())
        lines = notes.notes_of(recorder, {}, "block", parameters)
        subject = Subject(self._name, graph, 1, notes=lines, parameters=parameters)
        return subject, count(graph)

    @property
    def subject(self) -> Subject:
        """What ran, to be counted, compared and shown. Raises ConvcostError inside the block."""
        return self._done()[0]

    @property
    def counted(self) -> Count:
        """What ran, counted."""
        return self._done()[1]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of everything that ran."""
        return self.counted.macs

    @property
    def params(self) -> int:
        """Parameters that were read."""
        return self.counted.params

    @property
    def element_ops(self) -> int:
        """Element operations of everything that ran."""
        return self.counted.element_ops

    def _done(self) -> tuple[Subject, Count]:
        if self._ended is None:
            raise ConvcostError("the counting block has not ended")
        return self._ended
