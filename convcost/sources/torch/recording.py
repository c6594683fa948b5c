"""The record of a forward pass: which call ran in which module, wired into a graph.

Views make no row: they name values that an earlier row has made. Where an operation of the
engine needs the shape that a view gave, the view becomes a node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from convcost.engine.cost import Cost
from convcost.engine.counting import count
from convcost.engine.graph import MAX_NODES, Graph, Node
from convcost.engine.operations.base import Operation
from convcost.engine.operations.foreign import Foreign
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError
from convcost.language.expressions import Evaluate
from convcost.sources.layout import Layouts
from convcost.sources.torch.aten import CHANNELS_FIRST, CHANNELS_LAST
from convcost.sources.torch.calls import Call
from convcost.sources.torch.costs import WORK, Costs
from convcost.sources.torch.tracks import Track, Tracks, Weight, Weights, share_storage
from convcost.sources.torch.written import UNKNOWN, Writing

ENGINE_OWN = ("conv", "conv_transpose", "max_pool", "avg_pool")
"""Types whose cost the engine works out from the shapes of the graph."""


class Draft:
    """A row on its way: what ran, where, and what it read. References are resolved at the end."""

    __slots__ = (
        *("call", "exact", "index", "inputs", "operation", "path", "repeat", "type"),
        "written",
    )

    def __init__(self, operation: Operation, inputs: tuple[int, ...], path: str, call: int) -> None:
        self.operation = operation
        self.inputs = inputs
        self.path = path
        self.call = call
        self.type = operation.type
        self.index = 0
        self.exact: Cost | None = None
        """For an operation of the engine, its cost by PyTorch's shapes, for one sample."""
        self.repeat = 1
        self.written = UNKNOWN


class Recorder:
    """Notes calls in the order in which they run, and names them when all have run.

    Tensors of the graph are numbered as they appear: an input or a row.
    """

    def __init__(
        self,
        batch: int = 1,
        costs: Mapping[str, Evaluate] | None = None,
        *,
        finds_inputs: bool = False,
    ) -> None:
        """``finds_inputs``: whatever is read and was not made here is an input."""
        self.batch = batch
        self.weights = Weights()
        self.writing = Writing()
        self._tracks = Tracks()
        self._costs = Costs(self.weights, self._tracks, batch, costs or {})
        self._layouts = Layouts(batch)
        self._finds_inputs = finds_inputs
        self._drafts: list[Draft | None] = []  # None: an input
        self._inputs: list[int] = []
        self._shapes: list[Shape] = []
        self._dims: list[tuple[int, ...]] = []
        self._folds: dict[tuple[Any, ...], Draft] = {}
        self.path: list[tuple[str, int]] = []
        self.classes: dict[str, str] = {}
        self.leaves: set[str] = set()
        self._calls: Counter[str] = Counter()
        self.sharing: list[Draft] = []
        self.constant: list[Draft] = []
        self.folded = False
        self.confirms_first = False
        """Whether a map went into a spatial operation as the input came: its order is certain."""
        self._whole: set[int] = set()
        self.has_complex_products = False

    @property
    def steps(self) -> int:
        """How far it has come."""
        return len(self._drafts)

    def add_weight(self, tensor: Any, weight: Weight) -> None:
        """A parameter of the model."""
        self._tracks.set(tensor, Track(roots=(self.weights.add(tensor, weight),)))

    def name_weight(self, tensor: Any, name: str) -> None:
        """A parameter of a module that runs in a block, before it is read."""
        if not self._tracks.knows(tensor):
            self.add_weight(tensor, Weight(name, tensor.numel(), tensor.requires_grad))

    def add_input(self, tensor: Any) -> int:
        """A tensor that the model is given."""
        index = self._add(None, tuple(tensor.shape), self._layouts.first(tuple(tensor.shape)))
        self._inputs.append(index)
        self._whole.add(index)
        self._tracks.set(tensor, Track(index))
        return index

    def enter(self, path: str) -> None:
        """A module starts to run."""
        self._calls[path] += 1
        self.path.append((path, self._calls[path]))

    def leave(self) -> None:
        """The module that started last has run."""
        if self.path:
            self.path.pop()

    def note(self, call: Call) -> None:
        """One dispatched operation."""
        self._tracks.tick()
        if self._finds_inputs:
            self._find_inputs(call)
        if not call.writes and call.role in ("free", None) and self._is_view(call):
            return
        if not call.made and not call.writes:
            return
        tracks = [self._tracks.of(tensor) for tensor in call.reads]
        live = tuple(dict.fromkeys(t.tensor for t in tracks if t.tensor is not None))
        is_last = self._is_last(call, any(t.is_last for t in tracks if t.tensor is not None))
        roots = tuple(dict.fromkeys(root for track in tracks for root in track.roots))
        if not live:
            self._derive(call, roots, is_last)
            return
        self._row(call, live, is_last)

    def _derive(self, call: Call, roots: tuple[int, ...], is_last: bool) -> None:
        """What is made from weights and constants alone stands for those weights."""
        # Work on weights alone leaves their values to be counted where the input meets them.
        meets = call.role in ("convolution", "product", None)
        if call.role != "free" and (call.reads or call.role is None):
            operation = self._costs.operation(call, counts_params=meets)
            if operation.kind in WORK:
                draft = self._draft(call, operation, (), is_last)
                self.constant.append(draft)
        if not (self._finds_inputs and not roots):
            self._settle(call, Track(None, roots, is_last))

    def _row(self, call: Call, live: tuple[int, ...], is_last: bool) -> None:
        """What an input led to."""
        operation = self._costs.operation(call)
        if operation.type in ENGINE_OWN:
            live = self._given_shape(call.reads[0], live)
        draft = self._draft(call, operation, live, is_last)
        if self._costs.shared and operation.kind == "macs":
            self.sharing.append(draft)
        if operation.kind == "macs" and call.made and call.made[0].is_complex():
            self.has_complex_products = True
        self._settle(call, Track(draft.index, (), is_last))
        self._confirm(call, operation, live, draft.index)

    def _settle(self, call: Call, track: Track) -> None:
        """What the results of a call are from now on; weights stay weights."""
        for tensor in call.writes:
            if id(tensor) not in self.weights.known:
                self._tracks.write(tensor, track)
        for tensor in call.made:
            if id(tensor) not in self.weights.known and not _is_in(tensor, call.writes):
                self._tracks.set(tensor, track)

    def _draft(
        self, call: Call, operation: Operation, live: tuple[int, ...], is_last: bool
    ) -> Draft:
        """A new row; beyond the longest graph a repeated one is added to the first of its kind."""
        draft = Draft(operation, live, *self._here())
        draft.written = self.writing.at(draft.path)
        dims = _dims(call)
        key = (draft.path, operation, dims)
        if self._costs.hidden:
            weights = Foreign("weights", "free", params=self._costs.hidden)
            self._add(Draft(weights, (), *self._here()), (1,), (1,))
        if len(self._drafts) >= MAX_NODES - 1 and key in self._folds:
            first = self._folds[key]
            first.repeat += 1
            self.folded = True
            return first
        if len(self._drafts) < MAX_NODES:
            self._folds.setdefault(key, draft)
        elif len(self._drafts) >= 2 * MAX_NODES:
            raise ConvcostError(f"the model runs more than {2 * MAX_NODES:,} different operations")
        shape = self._layouts.last(dims) if is_last else self._layouts.first(dims)
        if operation.type in ENGINE_OWN and not isinstance(operation, Foreign):
            given = self._layouts.first(tuple(call.reads[0].shape))
            draft.exact = operation.cost((given,), self._layouts.first(dims))
        self._add(draft, dims, shape)
        return draft

    def _here(self) -> tuple[str, int]:
        return self.path[-1] if self.path else ("", 1)

    def _add(self, draft: Draft | None, dims: tuple[int, ...], shape: Shape) -> int:
        if draft is not None:
            draft.index = len(self._drafts)
        self._drafts.append(draft)
        self._dims.append(dims)
        self._shapes.append(shape)
        return len(self._drafts) - 1

    def _given_shape(self, data: Any, live: tuple[int, ...]) -> tuple[int, ...]:
        """The map that a spatial operation reads, with its channels last in the graph."""
        track = self._tracks.of(data)
        if track.tensor is None:
            return live
        dims = tuple(data.shape)
        index = track.tensor
        if self._dims[index] == dims:
            self._shapes[index] = self._layouts.first(dims)
            return tuple(dict.fromkeys((index, *live)))
        draft = Draft(Foreign("reshape", "free", renames=True), (index,), *self._here())
        shaped = self._add(draft, dims, self._layouts.first(dims))
        self._tracks.set(data, track._replace(tensor=shaped, is_last=False))
        return tuple(dict.fromkeys((shaped, *(i for i in live if i != index))))

    def _is_view(self, call: Call) -> bool:
        """A call that only names values anew: its results share the storage of what it reads."""
        sources = [share_storage(made, call.reads) for made in call.made]
        if not sources or any(source is None for source in sources):
            return False
        is_last = self._is_last(call, self._tracks.of(call.reads[0]).is_last)
        for made, source in zip(call.made, sources, strict=True):
            if not any(made is read for read in call.reads):
                self._tracks.set(made, self._tracks.of(source)._replace(is_last=is_last))
        return True

    def _find_inputs(self, call: Call) -> None:
        for tensor in call.reads:
            if self._tracks.knows(tensor):
                continue
            if type(tensor).__name__ == "Parameter":
                name = f"weight {len(self.weights.known) + 1}"
                self.add_weight(tensor, Weight(name, tensor.numel(), tensor.requires_grad))
            else:
                self.add_input(tensor)

    def _confirm(self, call: Call, operation: Operation, live: tuple[int, ...], made: int) -> None:
        """Follow the axes of the input as far as they stay what they were."""
        if not live or live[0] not in self._whole or not call.reads:
            return
        dims = tuple(call.reads[0].shape)
        if self._dims[live[0]] != dims:
            return
        is_spatial = operation.type in CHANNELS_FIRST or call.name in CHANNELS_FIRST
        if is_spatial and len(dims) > 2 and self._tracks.of(call.reads[0]).tensor == live[0]:
            self.confirms_first = True
        elif call.made and tuple(call.made[0].shape) == dims and call.role == "elementwise":
            self._whole.add(made)

    @staticmethod
    def _is_last(call: Call, source: bool) -> bool:
        """Whether what a call makes has its channels last."""
        if call.type in CHANNELS_FIRST or call.name in CHANNELS_FIRST:
            return False
        if call.type in CHANNELS_LAST or call.name in CHANNELS_LAST:
            return True
        if call.name == "permute":
            axes = len(call.get("dims"))
            order = [axis % axes for axis in call.get("dims")]
            if order and order[-1] == 1:
                return True
            if axes > 2 and order[1] == axes - 1:
                return False
        elif call.name == "transpose":
            axes = call.made[0].dim()
            swapped = {axis % axes for axis in (call.get("dim0"), call.get("dim1"))} if axes else ()
            if axes > 2 and swapped == {1, axes - 1}:
                return not source
        return source

    # What was recorded

    def index_of(self, tensor: Any) -> int | None:
        """The graph's tensor behind a result, which takes the shape that the result has."""
        track = self._tracks.of(tensor)
        index = track.tensor
        draft = self._drafts[index] if index is not None else None
        if index is None or draft is None or draft.type in ("conv", "conv_transpose"):
            return index
        dims = tuple(tensor.shape)
        if product(dims) == product(self._dims[index]):
            last = self._layouts.last(dims)
            self._shapes[index] = last if track.is_last else self._layouts.first(dims)
        return index

    def graph(self, outputs: Sequence[int]) -> Graph:
        """Inputs first, then rows in order."""
        rows = [index for index, draft in enumerate(self._drafts) if draft is not None]
        order = {old: new for new, old in enumerate([*self._inputs, *rows])}
        names = self.names()
        nodes = []
        for old in rows:
            draft: Any = self._drafts[old]
            inputs = tuple(order[index] for index in draft.inputs)
            operation = self._checked(draft, self._shapes[old])
            nodes.append(Node(names[id(draft)], operation, inputs, self._shapes[old]))
        shapes = tuple(self._shapes[index] for index in self._inputs) or ((1,),)
        if not self._inputs:
            nodes = [node._replace(inputs=tuple(i + 1 for i in node.inputs)) for node in nodes]
        shift = 0 if self._inputs else 1
        found = tuple(order[index] + shift for index in outputs) or (len(shapes) + len(nodes) - 1,)
        scopes = {path: kind for path, kind in self.classes.items() if path}
        drafts: Any = [self._drafts[old] for old in rows]
        written = {names[id(draft)]: draft.written for draft in drafts}
        return Graph(shapes, tuple(nodes), found, scopes, written=written)

    def _checked(self, draft: Draft, shape: Shape) -> Operation:
        """An operation of the engine, unless the shapes of the graph would mislead it."""
        operation = draft.operation
        if draft.exact is not None:
            reads = tuple(self._shapes[index] for index in draft.inputs)
            if draft.repeat == 1 and reads and _fits(operation, reads, shape, draft.exact):
                return operation
            return _foreign(operation, draft.exact, draft.repeat * self.batch)
        if draft.repeat > 1:
            return _foreign(operation, operation.cost((), ()), draft.repeat)
        return operation

    def total(self, graph: Graph) -> tuple[int, int, int]:
        """Parameters, MACs and element operations, to compare two runs by."""
        return tuple(count(graph, self.batch).total)  # type: ignore[return-value]

    def names(self) -> dict[int, str]:
        """A leaf's only operation has the leaf's path; others add what they are."""
        drafts = [draft for draft in self._drafts if draft is not None]
        work = Counter((d.path, d.call) for d in drafts)
        used: Counter[str] = Counter()
        names: dict[int, str] = {}
        taken: set[str] = set()
        for draft in drafts:
            path = draft.path
            alone = path in self.leaves and path and work[path, draft.call] == 1
            kind = draft.type.replace("::", "_")
            name = path if alone else f"{path}.{kind}" if path else kind
            used[name] += 1
            label = name
            while label in taken or (label != name and label in self.classes):
                used[name] += label != name
                label = f"{name}_{used[name]}"
            taken.add(label)
            names[id(draft)] = label
        return names


def _fits(operation: Operation, reads: tuple[Shape, ...], made: Shape, exact: Cost) -> bool:
    """Whether the engine finds in the graph what PyTorch's shapes say."""
    try:
        return operation.cost(reads, made) == exact
    except (ConvcostError, IndexError, ValueError):
        return False


def _foreign(operation: Operation, cost: Cost, times: int) -> Foreign:
    """An operation as a foreign one, with its work as often as it ran."""
    names = {"conv": "convolution", "conv_transpose": "convolution"}
    done = cost.for_batch(times)
    return Foreign(names.get(operation.type, operation.type), operation.kind, *done)


def _is_in(tensor: Any, others: Sequence[Any]) -> bool:
    return any(tensor is other for other in others)


def _dims(call: Call) -> tuple[int, ...]:
    made = call.made or list(call.writes)
    return tuple(made[0].shape)
