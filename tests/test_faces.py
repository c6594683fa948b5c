"""Every operation is known by its faces: whoever adds one cannot forget a place in silence."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convcost.engine import operations
from convcost.engine.counting import Row, count
from convcost.engine.operations.base import Operation, Weighted
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.shapes import Shape, product
from convcost.errors import ConvcostError, SpecError
from convcost.language.library import Library
from convcost.language.primitives import PRIMITIVES
from convcost.sources.specs import build_document
from convcost.studies.explanation import explain_row

PACKAGE = Path(__file__).parent.parent / "convcost"
LIBRARY = Library()

CASES: dict[str, tuple[Shape, dict[str, Any]]] = {
    "conv": ((8, 6, 4), {"kernel_size": [3, 2], "out_channels": 6, "groups": 2, "bias": True}),
    "conv_transpose": ((4, 3, 4), {"kernel_size": 3, "out_channels": 6, "groups": 2, "stride": 2}),
    "linear": ((8, 4), {"out_channels": 3, "bias": True}),
    "max_pool": ((8, 6, 4), {"kernel_size": 2}),
    "avg_pool": ((8, 6, 4), {"kernel_size": 2}),
    "adaptive_avg_pool": ((8, 6, 4), {"output_size": 2}),
    "adaptive_max_pool": ((8, 6, 4), {"output_size": 2}),
    "channel_shuffle": ((8, 6, 4), {"groups": 2}),
}
"""Settings for the primitives that need some; the others are built bare on 8x6x4."""

CASES |= {
    "deform_conv": CASES["conv"],
    "matmul": ((6, 6), {}),
    "attention": ((8, 6, 4), {"heads": 2, "bias": True}),
    "lstm": ((8, 4), {"out_channels": 3, "layers": 2, "bidirectional": True, "bias": True}),
    "gru": ((8, 4), {"out_channels": 3, "bias": True}),
    "rnn": ((8, 4), {"out_channels": 3}),
    "pad": ((8, 6, 4), {"padding": 1}),
    "crop": ((8, 6, 4), {"output_size": 2}),
    "reshape": ((8, 6, 4), {"shape": [-1, 4]}),
}

TWO = ("add", "mul", "concat", "matmul")


def classes() -> Iterator[type[Operation]]:
    """Every concrete operation of the engine."""
    for info in pkgutil.iter_modules(operations.__path__):
        module = importlib.import_module(f"convcost.engine.operations.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            is_own = cls.__module__ == module.__name__ and dataclasses.is_dataclass(cls)
            if is_own and issubclass(cls, Operation):
                yield cls


def row_of(kind: str) -> Row:
    """One primitive, built and counted."""
    shape, fields = CASES.get(kind, ((8, 6, 4), {}))
    source = {"from": ["input", "input"]} if kind in TWO else {}
    document = {"input": list(shape), "layers": [{"type": kind, **fields, **source}]}
    return count(build_document(LIBRARY, document, "net.json").graph).rows[0]


@pytest.mark.parametrize("kind", PRIMITIVES)
def test_every_setting_of_an_operation_is_told(kind: str) -> None:
    row = row_of(kind)
    operation: Any = row.node.operation
    told = row.settings
    for field in dataclasses.fields(operation):
        if field.name not in told and field.kw_only:  # said only where it is not the ordinary
            assert getattr(operation, field.name) == field.default
            continue
        if field.name == "slopes" and operation.slopes is None:
            continue
        if field.name != "out_channels":  # it is the last size of the output
            assert field.name in told, f"{kind}.settings() forgets {field.name}"
            if field.name != "padding" or kind in ("pad", "crop"):
                assert told[field.name] == getattr(operation, field.name)


@pytest.mark.parametrize("kind", PRIMITIVES)
def test_the_products_of_a_layer_are_its_macs_and_weights(kind: str) -> None:
    row = row_of(kind)
    assert row.cost is not None
    assert sum(part.macs for part in row.products) == row.cost.macs
    assert bool(row.products) == (row.node.operation.kind == "macs")
    if row.products:
        biases = row.node.operation.biases(row.node.output)
        assert bool(biases) == row.node.operation.has_bias
        assert sum(part.weights for part in row.products) + biases == row.cost.params


@pytest.mark.parametrize("kind", PRIMITIVES)
def test_an_explanation_multiplies_out(kind: str) -> None:
    row = row_of(kind)
    step = explain_row(row)
    assert row.cost is not None
    if row.products and len(row.products) == 1:
        assert step.positions is not None and step.kernels and step.macs_per_value
        assert product(step.positions) * step.kernels * step.macs_per_value == row.cost.macs


def test_an_operation_with_a_bias_says_so() -> None:
    for cls in classes():
        assert dataclasses.is_dataclass(cls)
        if any(field.name == "bias" for field in dataclasses.fields(cls)):
            assert issubclass(cls, Weighted) or cls.has_bias is not Operation.has_bias, cls


def test_what_is_foreign_has_no_faces_of_its_own() -> None:
    assert Foreign("conv", "macs", macs=5).settings((8, 8, 4)) == {}
    assert Foreign("linear", "macs", macs=5).products(((4,),), (4,)) == ()
    for name in vars(Operation):
        if not name.startswith("_") and name not in ("kind", "type", "per_sample", "words"):
            inherited = name in ("shuffles", "flattens", "renames")
            assert inherited or name in vars(Imported), f"Imported does not hand on {name}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_nobody_asks_an_operation_behind_its_type(path: Path) -> None:
    text = path.read_text("utf-8")
    for forbidden in ("operation: Any", "getattr(operation", "row.type ==", "row.type in"):
        assert forbidden not in text


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"type": "conv", "kernel_size": 1, "out_channels": 4}, "conv reads one layer, not 2"),
        ({"type": "batch_norm"}, "batch_norm reads one layer, not 2"),
        ({"type": "activation"}, "activation reads one layer, not 2"),
        ({"type": "linear", "out_channels": 4}, "linear reads one layer, not 2"),
        ({"type": "max_pool", "kernel_size": 2}, "max_pool reads one layer, not 2"),
        ({"type": "split"}, "split reads one layer, not 2"),
        ({"type": "flatten"}, "flatten reads one layer, not 2"),
        ({"type": "separable", "out_channels": 4}, "separable reads one layer, not 2"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_layer_that_reads_too_much_is_refused(layer: dict[str, Any], message: str) -> None:
    first = {"name": "a", "type": "conv", "kernel_size": 1, "out_channels": 4}
    document = {"input": [8, 8, 4], "layers": [first, {**layer, "from": ["a", "input"]}]}
    with pytest.raises(ConvcostError) as caught:
        build_document(LIBRARY, document, "net.json")
    assert caught.value.message == message
    assert caught.value.hint == "add, mul or concat make one of several"


@pytest.mark.parametrize("kind", TWO)
def test_a_join_needs_two(kind: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        build_document(LIBRARY, {"input": [8, 8, 4], "layers": [{"type": kind}]}, "net.json")
    more = "" if kind == "matmul" else " or more"
    assert caught.value.message == f"{kind} reads two layers{more}"
    assert caught.value.hint == "name them with from"


def test_a_switched_off_norm_of_two_layers_is_refused_too() -> None:
    from convcost.language.building import build_network
    from convcost.language.compiling import compile_design

    document = {"layers": [{"type": "batch_norm", "from": ["input", "input"]}]}
    with pytest.raises(SpecError, match="batch_norm reads one layer, not 2"):
        build_network(LIBRARY, compile_design(document, "two"), input=(8, 8, 4))
