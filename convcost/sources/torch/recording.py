"""The record of a forward pass: which call ran in which module, wired into a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from convcost.engine.graph import MAX_NODES, GraphBuilder, Node, Written
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.layout import Layouts
from convcost.sources.torch.aten import CHANNELS_FIRST, CHANNELS_LAST
from convcost.sources.torch.costs import HEAVY, Call, Costs
from convcost.sources.torch.written import Writing

SHOWN = 3


class Recorder:
    """Notes calls in the order in which they run, and names them when all have run."""

    def __init__(
        self, model: Any, inputs: Mapping[str, Any], batch: int, costs: Mapping[str, Evaluate]
    ) -> None:
        self._batch = batch
        self._costs = Costs(list(model.parameters()), batch, costs)
        modules = dict(model.named_modules())
        self._leaves = {name for name, m in modules.items() if not any(m.children())}
        self._classes = {name: type(m).__name__ for name, m in modules.items()}
        self.writing = Writing()
        self._written: list[Written] = []
        for name, module in modules.items():
            self.writing.see(name, module)
        self._path: list[tuple[str, int]] = []
        self._calls: Counter[str] = Counter()
        self._labels: list[tuple[str, int, str]] = []
        self._sharing: list[int] = []
        self._layouts = Layouts(batch)
        self._last: set[int] = set()
        # Tensors are known by identity: none may be freed, or a new one could take its place.
        self._kept: list[Any] = list(inputs.values())
        self._tensors = {id(tensor): index for index, tensor in enumerate(self._kept)}
        self._builder = GraphBuilder(*map(self._shape, self._kept))

    def enter(self, path: str) -> None:
        """A module starts to run."""
        self._calls[path] += 1
        self._path.append((path, self._calls[path]))

    def leave(self) -> None:
        """The module that started last has run."""
        self._path.pop()

    def note(self, call: Call) -> None:
        """One dispatched operation."""
        self._kept.extend(call.made)
        if not call.made:
            return
        live = [self._tensors[id(t)] for t in call.reads if id(t) in self._tensors]
        is_constant = not live and call.role in HEAVY
        if not live:
            self._costs.derive(call)
            if not is_constant or not any(map(self._costs.roots, call.reads)):
                return
        operation = self._costs.operation(call)
        if self._costs.shared and operation.kind == "macs":
            self._sharing.append(len(self._labels))
        self._follow(call)
        if operation.type in ("conv", "conv_transpose", "max_pool", "avg_pool") and live:
            data = call.reads[0]
            self._builder.relabel(self._tensors[id(data)], self._layouts.first(tuple(data.shape)))
        if len(self._labels) >= MAX_NODES:
            raise ConvcostError(f"the model runs more than {MAX_NODES:,} operations")
        path, number = self._path[-1] if self._path else ("", 1)
        self._labels.append((path, number, call.type))
        self._written.append(self.writing.at(path))
        node = Node("", operation, (), self._shape(call.made[0]))
        tensor = self._builder.add_as(node, tuple(dict.fromkeys(live)))
        if live:
            self._tensors.update({id(made): tensor for made in call.made})

    def _follow(self, call: Call) -> None:
        """Note which results have their channels last."""
        source = bool(call.reads) and id(call.reads[0]) in self._last
        is_last = source
        if call.type in CHANNELS_FIRST or call.name in CHANNELS_FIRST:
            is_last = False
        elif call.type in CHANNELS_LAST or call.name in CHANNELS_LAST:
            is_last = True
        elif call.name == "permute":
            axes = len(call.args[1])
            order = [axis % axes for axis in call.args[1]]
            if order[-1] == 1:
                is_last = True
            elif axes > 2 and order[1] == axes - 1:
                is_last = False
        elif call.name == "transpose":
            axes = call.made[0].dim()
            if axes > 2 and {axis % axes for axis in call.args[1:3]} == {1, axes - 1}:
                is_last = not source
        if is_last:
            self._last.update(map(id, call.made))

    def _shape(self, tensor: Any) -> Shape:
        dims = tuple(tensor.shape)
        is_last = id(tensor) in self._last
        return self._layouts.last(dims) if is_last else self._layouts.first(dims)

    def subject(self, name: str, results: Sequence[Any]) -> Subject:
        """What was recorded."""
        found = [self._tensors[id(t)] for t in results if id(t) in self._tensors]
        if not found:
            raise ConvcostError("the model returns nothing that its input led to")
        graph = self._builder.finish(*found)
        names = self._names()
        nodes = tuple(
            node._replace(name=name) for node, name in zip(graph.nodes, names, strict=True)
        )
        scopes = {path: kind for path, kind in self._classes.items() if path}
        notes = self._notes([names[index] for index in self._sharing])
        written = dict(zip(names, self._written, strict=True))
        graph = graph._replace(nodes=nodes, scopes=scopes, written=written)
        return Subject(name, graph, self._batch, notes=notes)

    def _names(self) -> list[str]:
        """A leaf's only operation has the leaf's path; others add what they are."""
        work = Counter((path, number) for path, number, _ in self._labels)
        used: Counter[str] = Counter()
        names = []
        for path, number, kind in self._labels:
            alone = path in self._leaves and path and work[path, number] == 1
            name = path if alone else f"{path}.{kind}" if path else kind
            used[name] += 1
            names.append(name if used[name] == 1 else f"{name}_{used[name]}")
        return names

    @staticmethod
    def _notes(sharing: list[str]) -> tuple[str, ...]:
        if not sharing:
            return ()
        more = f" and {len(sharing) - SHOWN} more" if len(sharing) > SHOWN else ""
        return (f"weights counted at an earlier layer: {', '.join(sharing[:SHOWN])}{more}",)
