"""Every tensor of an ONNX model: its sizes, whether it holds learned numbers, and which.

Parameters are known by their tensor: each is counted once, at the first layer that reads it.
What is computed from constants stands for the learned numbers behind it, not for the shapes,
scales and lone numbers that went in as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convcost.engine.shapes import product
from convcost.sources.onnx.traits import ABSENT, GRID, UNIFORM
from convcost.sources.onnx.walking import Walk

GENERATED = ("val_", "onnx::", "const", "/")
"""How exporters begin the names of numbers that they made up; a lone one is no parameter."""

CONSTANT = "constant"
"""What others have in such names."""

FLOATS = frozenset({1, 10, 11, 16})
"""float, float16, double, bfloat16, as the format numbers them."""

QUANTISED = frozenset({2, 3, 17, 18, 19, 20, 21, 22, 23, 25, 26})
"""Types of eight bits and fewer, in which tables are stored."""

WHOLE = frozenset({6, 7, 9, 12, 13})
"""Types of sizes, indexes and conditions."""

FIRST_ONLY = frozenset(
    {
        *("Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze", "Slice", "Gather", "Transpose"),
        *("Pad", "Flatten", "Cast", "CastLike", "Identity", "Clip", "QuantizeLinear", "Split"),
        *("DequantizeLinear", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "Trilu"),
        *("GatherElements", "GatherND", "TopK", "CumSum", "ReverseSequence", "Compress"),
        *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1"),
        *("ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "Dropout"),
        *("CenterCropPad", "SplitToSequence", "SequenceAt", "DynamicQuantizeLinear", "Pow"),
    }
)
"""Operations whose first input alone holds what comes out; the others steer."""

MADE_UP = frozenset({"Shape", "Size", "Range", "EyeLike", "NonZero", "OneHot"})
"""Operations whose output is no learned number, whatever they read."""

MOVED = {"ScatterND": (0, 2), "ScatterElements": (0, 2), "Scatter": (0, 2)}
"""Where the values stand that other operations move."""


class Tensors:
    """Sizes and types by name, and the stored tensors behind what is computed from them."""

    def __init__(self, walk: Walk, traits: Mapping[str, str]) -> None:
        self.nodes = walk.nodes
        self.graph = walk.graph
        self.attributes = walk.attributes
        self.walk = walk
        self._traits = traits
        self.weights: dict[str, tuple[int, ...]] = {n: dims for n, (dims, _) in walk.stored.items()}
        self.shapes: dict[str, tuple[int, ...]] = {
            name: tuple([size for size in shape if size is not None])
            for name, shape in walk.facts.shapes.items()
            if None not in shape
        }
        self._types = walk.facts.kinds
        self._roots: dict[str, tuple[str, ...]] = {name: (name,) for name in self.weights}
        self._constants: set[str] = set()
        self._quantised: set[str] = set()
        self._aliases: set[str] = set()
        self._counted: set[str] = set()
        self.grids: set[str] = set()
        """Float tensors that are read like parameters and hold positions of cells."""
        self.tables: set[str] = set()
        """Counted tensors of several axes that are added, multiplied or moved in."""

    @property
    def inputs(self) -> list[str]:
        """The names of what has to be fed."""
        return [value.name for value in self.graph.input if value.name not in self.weights]

    def size(self, name: str) -> int:
        """How many values a tensor has; raises KeyError where that is not known."""
        return product(self.shapes[name])

    def known_size(self, names: Iterable[str]) -> int:
        """The values of those tensors whose sizes are known."""
        return sum(product(self.shapes[name]) for name in names if name in self.shapes)

    def is_whole(self, name: str) -> bool:
        """Whether a tensor holds whole numbers: indexes, sizes, conditions."""
        return self._types.get(name, 0) in WHOLE

    def is_weight(self, name: str) -> bool:
        """Whether a tensor comes from stored tensors alone."""
        return bool(self._roots.get(name))

    def is_parameter(self, root: str, *, is_table: bool = False) -> bool:
        """Learned numbers: floating point or dequantised, no lone number, no grid of positions.

        ``is_table``: rows of it are looked up, so that a quantised one is learned as well.
        """
        dims = self.weights[root]
        kind = self._types.get(root, 0)
        is_packed = is_table and kind in QUANTISED and len(dims) > 1
        if kind not in FLOATS and root not in self._quantised and not is_packed:
            return False
        if not dims or self._traits.get(root) == GRID:
            return False
        if product(dims) > 1:
            return True
        is_made_up = root.startswith(GENERATED) or CONSTANT in root.lower() or root.isdigit()
        return not is_made_up

    def fold(self, node: Any) -> None:
        """A node that computes from constants only: what it makes stands for their weights."""
        roots = self._behind(node)
        if node.op_type in ("Constant", "ConstantOfShape") and node.output:
            name = node.output[0]
            self._constants.add(name)
            self.weights[name] = self.shapes.get(name, ())
            roots = (name,)
        if node.op_type == "DequantizeLinear":
            self._quantised.update(roots)
        for name in node.output:
            # One number that is worked out from a tensor (its largest value) is not the tensor.
            is_lone = product(self.shapes.get(name, (0,))) == 1
            is_less = is_lone and any(product(self.weights[root]) > 1 for root in roots)
            self._roots[name] = () if is_less else roots
        if node.op_type == "Identity" and len(roots) == 1:
            self._alias(node.output[0], roots[0])

    def _behind(self, node: Any) -> tuple[str, ...]:
        if node.op_type in MADE_UP:
            return ()
        roots = dict.fromkeys(r for name in self.data(node) for r in self._roots.get(name, ()))
        if any(product(self.weights[root]) > 1 for root in roots):
            # Beside a tensor a lone number is an epsilon or a factor.
            return tuple(root for root in roots if product(self.weights[root]) > 1)
        return tuple(roots)

    def data(self, node: Any) -> list[str]:
        """Those inputs of a node whose values come out of it."""
        if node.op_type in FIRST_ONLY:
            return list(node.input[:1])
        if node.op_type in MOVED:
            return [node.input[at] for at in MOVED[node.op_type] if at < len(node.input)]
        return list(node.input[1:]) if node.op_type == "Where" else list(node.input)

    def _alias(self, name: str, root: str) -> None:
        """A parameter whose values the exporter keeps once, with an equal one's.

        PyTorch's exporter does so for different parameters with equal values, which are those
        that were never trained: every value is the same. Another tensor behind an ``Identity``
        is shared, as one name would be. Of values that are stored elsewhere, or lost, those in a
        row are taken for norms.
        """
        trait = self._traits.get(root)
        merged = trait == UNIFORM or (trait == ABSENT and len(self.weights[root]) == 1)
        if merged and self.is_parameter(root):
            self.weights[name] = self.weights[root]
            self._types[name] = self._types[root]
            self._roots[name] = (name,)
            self._aliases.add(name)

    def params(self, names: Iterable[str], *, certain: bool = False, is_table: bool = False) -> int:
        """The values of those weights that are read here for the first time.

        ``certain``: whatever constant stands there is a weight, as for a convolution's kernel;
        elsewhere only what looks learned is.
        """
        new = 0
        for name in names:
            for root in self._roots.get(name, ()):
                if root in self._counted:
                    continue
                if certain or self.is_parameter(root, is_table=is_table):
                    self._counted.add(root)
                    new += product(self.weights[root])
                    if not certain and not is_table and _is_map(self.weights[root]):
                        self.tables.add(root)
                elif self._traits.get(root) == GRID:
                    self.grids.add(root)
        return new

    @property
    def aliases(self) -> set[str]:
        """Counted parameters that are read through an Identity."""
        return self._aliases & self._counted

    def root_names(self, name: str) -> tuple[str, ...]:
        """The stored tensors behind a tensor."""
        return self._roots.get(name, ())


def _is_map(dims: tuple[int, ...]) -> bool:
    """Whether a tensor has values for positions, not for channels alone."""
    return sum(size > 1 for size in dims) > 1
