"""Which numbers of an ONNX file are parameters, and where they count."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper
from onnx_models import (
    BOOL,
    FLOAT,
    INT,
    INT8,
    INT32,
    constant,
    figures,
    filled,
    lone,
    model,
    node,
    numbers,
    one,
    read,
    trained,
    value,
    weight,
)


def test_shared_weights_count_once_and_are_marked(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="first", pads=[1] * 4),
        helper.make_node("Conv", ["c", "w"], ["y"], name="second", pads=[1] * 4),
    ]
    result = read(model(nodes, [weight("w", 4, 4, 3, 3)]), tmp_path)
    assert (result.params, result.macs) == (4 * 4 * 9, 2 * 8 * 8 * 4 * 4 * 9)
    assert result.notes == ("weights counted at an earlier layer: second",)


def merged(first: TensorProto) -> TensorProto:
    """Two convolutions, the second of which reads the first's weight through an Identity."""
    nodes = [
        node("Identity", "a.weight", "b.weight"),
        node("Conv", "x a.weight", "c", pads=[1] * 4),
        node("Conv", "c b.weight", "y", pads=[1] * 4),
    ]
    return model(nodes, [first])


def test_equal_parameters_that_an_exporter_merged_count_each(tmp_path: Path) -> None:
    result = read(merged(filled("a.weight", 1, 4, 4, 3, 3)), tmp_path)
    assert result.params == 2 * 4 * 4 * 9
    assert result.notes == (
        "1 parameter tensors are kept once with equal ones (Identity): each is counted, 144 in all",
    )


def test_trained_values_behind_an_identity_are_shared(tmp_path: Path) -> None:
    result = read(merged(trained("a.weight", 4, 4, 3, 3)), tmp_path)
    assert result.params == 4 * 4 * 9
    assert result.notes == ("weights counted at an earlier layer: y",)


def test_values_that_are_stored_elsewhere_are_merged_norms_or_a_shared_matrix(
    tmp_path: Path,
) -> None:
    assert read(merged(weight("a.weight", 4, 4, 3, 3)), tmp_path).params == 4 * 4 * 9
    nodes = [
        node("Identity", "norm", "norm2"),
        node("Mul", "x norm", "m"),
        node("Mul", "m norm2", "y"),
    ]
    result = read(model(nodes, [weight("norm", 128)], (1, 5, 128)), tmp_path)
    assert result.params == 2 * 128


def test_unused_initialiser_is_no_parameter(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    assert read(model([node], [weight("left over", 100, 100)]), tmp_path).params == 0


# What stands behind a weight that is computed


def test_the_shape_of_a_reshaped_weight_is_no_parameter(tmp_path: Path) -> None:
    nodes = [
        node("Reshape", "w to", "r"),
        node("Conv", "x r", "y"),
    ]
    result = read(model(nodes, [trained("w", 5, 36), numbers("to", 5, 4, 3, 3)]), tmp_path)
    assert figures(result) == (5 * 36, 6 * 6 * 5 * 4 * 9, 0)


def test_a_matrix_that_is_flattened_on_the_way_has_no_more_parameters(tmp_path: Path) -> None:
    """As CNTK writes it: the shapes of both reshapes are initialisers beside the weight."""
    nodes = [
        node("Reshape", "x flat", "f"),
        node("Reshape", "w square", "m"),
        node("MatMul", "f m", "y"),
    ]
    weights = [trained("w", 4, 8, 8, 10), numbers("flat", 1, 256), numbers("square", 256, 10)]
    assert figures(read(model(nodes, weights), tmp_path)) == (256 * 10, 256 * 10, 0)


def test_the_scales_of_a_quantised_weight_are_no_parameters(tmp_path: Path) -> None:
    nodes = [
        node("DequantizeLinear", "w scale zero", "d", axis=0),
        node("Conv", "x d", "y"),
    ]
    weights = [
        weight("w", 5, 4, 3, 3, kind=INT8),
        trained("scale", 5),
        weight("zero", 5, kind=INT8),
    ]
    assert read(model(nodes, weights), tmp_path).params == 5 * 4 * 9


def test_an_epsilon_in_a_computed_weight_is_no_parameter(tmp_path: Path) -> None:
    """Weight standardisation: (w - mean) / (std + 1e-5) is still w."""
    nodes = [
        node("ReduceMean", "w axes", "mean"),
        node("Sub", "w mean", "centred"),
        node("Add", "centred eps", "moved"),
        node("Conv", "x moved", "y"),
    ]
    eps = helper.make_tensor("eps", FLOAT, (1,), [1e-5])
    result = read(model(nodes, [trained("w", 5, 4, 3, 3), eps, numbers("axes", 1, 2, 3)]), tmp_path)
    assert result.params == 5 * 4 * 9


def test_both_factors_of_a_normalised_weight_count(tmp_path: Path) -> None:
    nodes = [node("Mul", "g v", "w"), node("Conv", "x w", "y")]
    result = read(model(nodes, [trained("g", 5, 1, 1, 1), trained("v", 5, 4, 3, 3)]), tmp_path)
    assert result.params == 5 + 5 * 4 * 9


def test_a_weight_made_by_constant_of_shape_has_its_own_size(tmp_path: Path) -> None:
    nodes = [node("ConstantOfShape", "sizes", "w"), node("Conv", "x w", "y")]
    assert read(model(nodes, [numbers("sizes", 5, 4, 3, 3)]), tmp_path).params == 5 * 4 * 9


# Constants in the graph


def test_biases_and_scales_in_constant_nodes_count(tmp_path: Path) -> None:
    """As Paddle2ONNX writes them."""
    nodes = [
        constant("conv.w", trained("", 5, 4, 3, 3)),
        constant("conv.b", trained("", 1, 5, 1, 1)),
        constant("scale", trained("", 5)),
        node("Conv", "x conv.w", "c"),
        node("Add", "c conv.b", "b"),
        *[constant(name, trained("", 5)) for name in ("shift", "mean", "var")],
        node("BatchNormalization", "b scale shift mean var", "y"),
    ]
    assert read(model(nodes), tmp_path).params == 5 * 4 * 9 + 5 + 2 * 5


@pytest.mark.parametrize(("name", "params"), [("affine.w_0", 1), ("/Constant_output_0", 0)])
def test_a_lone_number_counts_by_its_name(tmp_path: Path, name: str, params: int) -> None:
    nodes = [constant(name, trained("", 1)), node("Mul", f"x {name}", "y")]
    assert read(model(nodes), tmp_path).params == params


def test_a_scalar_is_no_parameter(tmp_path: Path) -> None:
    assert one(tmp_path, "Mul", ["x", "two"], [lone("two", 2.0)]).params == 0


# Quantised models


def test_a_quantised_bias_that_is_added_counts(tmp_path: Path) -> None:
    nodes = [
        node("DequantizeLinear", "b scale", "d"),
        node("Add", "x d", "y"),
    ]
    weights = [weight("b", 4, 1, 1, kind=INT32), lone("scale", 0.1)]
    assert read(model(nodes, weights), tmp_path).params == 4


def test_a_quantised_table_counts(tmp_path: Path) -> None:
    nodes = [
        node("Gather", "table x", "rows"),
        node("DequantizeLinear", "rows scale", "y"),
    ]
    weights = [weight("table", 100, 16, kind=INT8), lone("scale", 0.1)]
    assert read(model(nodes, weights, (1, 7), kind=INT), tmp_path).params == 100 * 16


def test_a_table_of_indexes_is_none(tmp_path: Path) -> None:
    nodes = [node("Gather", "index x", "at"), node("Gather", "table at", "y")]
    weights = [numbers("index", *range(10)), trained("table", 10, 6)]
    assert read(model(nodes, weights, (1, 7), kind=INT), tmp_path).params == 10 * 6


def test_the_scale_of_a_weight_that_is_quantised_at_run_time_is_not_the_weight(
    tmp_path: Path,
) -> None:
    nodes = [
        node("DynamicQuantizeLinear", "w", "q qs qz"),
        node("DynamicQuantizeLinear", "x", "p ps pz"),
        node("Mul", "ps qs", "s"),
        node("ConvInteger", "p q pz qz", "c"),
        node("Cast", "c", "f", to=FLOAT),
        node("Mul", "f s", "y"),
    ]
    result = read(model(nodes, [trained("w", 5, 4, 3, 3)]), tmp_path)
    assert (result.params, result.notes) == (5 * 4 * 9, ())


# Tables


def test_a_table_that_is_read_through_a_slice_with_a_computed_end_counts(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s one", "end"),
        node("Slice", "positions zero end axis", "p"),
        node("Add", "x p", "y"),
    ]
    weights = [
        trained("positions", 1, 12, 16),
        *[numbers(name, number) for name, number in (("one", 1), ("zero", 0), ("axis", 1))],
    ]
    result = read(model(nodes, weights, ("batch", "seq", 16)), tmp_path, inputs={"": (5, 16)})
    assert figures(result) == (12 * 16, 0, 5 * 16)
    assert result.notes == (
        "parameters hold 192 values in tables for positions (positions): learned ones, "
        "prior boxes and grids look alike",
    )


@pytest.mark.parametrize(
    ("kind", "opset"), [("Scatter", 10), ("ScatterElements", 22), ("ScatterND", 22)]
)
def test_values_that_are_moved_into_others_are_learned_and_where_they_go_is_not(
    tmp_path: Path, kind: str, opset: int
) -> None:
    """One row of twelve is written anew; the table and the rows are learned, the places not."""
    places = (
        helper.make_tensor("at", INT, (1, 1), [2])
        if kind == "ScatterND"
        else helper.make_tensor("at", INT, (1, 16), [2] * 16)
    )
    nodes = [node(kind, "table at rows", "t"), node("Add", "x t", "y")]
    weights = [trained("table", 12, 16), places, trained("rows", 1, 16)]
    result = read(model(nodes, weights, (12, 16), opset=opset), tmp_path)
    assert result.params == 12 * 16 + 1 * 16


def test_whole_and_half_numbers_are_positions_not_parameters(tmp_path: Path) -> None:
    """The cells of a detector: 0.5, 1.5, ... and their strides."""
    grid = helper.make_tensor("anchors", FLOAT, (1, 2, 4), [0.5, 1.5, 2.5, 3.5, 0.5, 0.5, 0.5, 0.5])
    nodes = [node("Sub", "anchors x", "y")]
    result = read(model(nodes, [grid], (1, 2, 4)), tmp_path)
    assert figures(result) == (0, 0, 2 * 4)
    assert result.notes == ("8 whole and half numbers are positions, not parameters: anchors",)


# Operations that are not known


def test_the_parameters_of_an_unknown_operation_count(tmp_path: Path) -> None:
    nodes = [node("Mine", "x w b n", "y", domain="my")]
    weights = [trained("w", 5, 4), trained("b", 5), numbers("n", 1, 2, 3)]
    result = read(model(nodes, weights), tmp_path)
    assert (result.is_complete, result.params, result.macs) == (False, 5 * 4 + 5, 0)


def test_the_parameters_of_both_branches_are_in_the_file(tmp_path: Path) -> None:
    outputs = [value("o", (1, 4, 8, 8))]
    branches = {
        "then_branch": helper.make_graph(
            [node("Conv", "x outer", "o", pads=[1] * 4)], "g", [], outputs
        ),
        "else_branch": helper.make_graph(
            [node("Conv", "x inner", "o", pads=[1] * 4)],
            "g",
            [],
            outputs,
            [trained("inner", 4, 4, 3, 3)],
        ),
    }
    either = node("If", "c", "y", "either", **branches)
    proto = model([either], [trained("outer", 4, 4, 3, 3)], inputs=[value("c", (), BOOL)])
    result = read(proto, tmp_path)
    assert (result.params, result.is_complete) == (2 * 4 * 4 * 9, False)
