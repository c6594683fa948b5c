"""Operations asked by themselves: what they refuse, and what they say of window and channels."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from fractions import Fraction
from math import gcd
from typing import Any

import pytest
import sympy

from convcost.engine.cost import Cost
from convcost.engine.graph import MAX_EXTENT, GraphBuilder
from convcost.engine.operations import attention, rearranging, reshaping
from convcost.engine.operations.attention import Attention, MatMul
from convcost.engine.operations.base import Operation, Reads, grouped, weighted, windowed
from convcost.engine.operations.convolution import Conv, DeformConv
from convcost.engine.operations.elementwise import BatchNorm
from convcost.engine.operations.foreign import Foreign, Imported
from convcost.engine.operations.linear import Linear
from convcost.engine.operations.pooling import MaxPool, visited, widest
from convcost.engine.operations.rearranging import Reshape, Transpose
from convcost.engine.operations.recurrent import Lstm
from convcost.engine.operations.reshaping import ChannelShuffle, Flatten, Slice, Upsample
from convcost.engine.receptive_field import mixing, receptive_fields
from convcost.engine.shapes import Shape, divides, divisors, exact_div
from convcost.engine.tracing import MAX_STEPS, NotTraceableError, Trace
from convcost.engine.windows import Window
from convcost.errors import ConvcostError, OperationError

MODULES = (attention, rearranging, reshaping)

CONV = Conv((3, 3), 6, (1, 1), ((1, 1), (1, 1)), (1, 1), 1, True)
DEFORM = DeformConv((3, 3), 6, (1, 1), ((1, 1), (1, 1)), (1, 1), 1, False)


def refused(operation: Operation, *inputs: Shape) -> str:
    with pytest.raises(OperationError) as caught:
        operation.output(*inputs)
    return caught.value.message


# What is refused


@pytest.mark.parametrize(
    ("operation", "inputs", "message"),
    [
        (MatMul(), ((4, 5), (6, 7)), "matmul: 4x5 and 6x7 do not fit: 5 columns and 6 rows"),
        (MatMul(True), ((4, 5), (6, 7)), "matmul: 4x5 and 6x7 do not fit: 5 columns and 7 rows"),
        (MatMul(), ((5,), (5,)), "matmul: 5 and 5 are no two matrices of one kind"),
        (MatMul(), ((4, 5), (2, 5, 6)), "matmul: 4x5 and 2x5x6 are no two matrices of one kind"),
        (
            MatMul(),
            ((2, 4, 5), (3, 5, 6)),
            "matmul: 2x4x5 and 3x5x6 differ in the axes before the matrix",
        ),
        (Attention(3), ((8, 8, 4),), "heads=3 does not divide 4 channels"),
        (
            DEFORM,
            ((8, 8, 4), (7, 8, 18)),
            "offsets on 7x8 do not fit an output of 8x8",
        ),
        (
            DEFORM,
            ((8, 8, 4), (8, 8, 18), (8, 7, 9)),
            "offsets on 8x7 do not fit an output of 8x8",
        ),
        (Slice(2, 5), ((8, 4),), "slice 2:5 is not inside 4 channels"),
        (Slice(2, 2), ((8, 4),), "slice 2:2 is not inside 4 channels"),
        (Slice(-1, 2), ((8, 4),), "slice -1:2 is not inside 4 channels"),
        (ChannelShuffle(3), ((8, 4),), "groups=3 does not divide 4 channels"),
    ],
)
def test_sizes_that_do_not_fit(
    operation: Operation, inputs: tuple[Shape, ...], message: str
) -> None:
    assert refused(operation, *inputs) == message


def test_sizes_that_fit() -> None:
    assert MatMul().output((2, 4, 5), (2, 5, 6)) == (2, 4, 6)
    assert MatMul(True).output((4, 5), (6, 5)) == (4, 6)
    assert DEFORM.output((8, 8, 4), (8, 8, 18), (8, 8, 9)) == (8, 8, 6)
    assert Slice(0, 4).output((8, 4)) == (8, 4)
    assert Slice(3, 4).output((8, 4)) == (8, 1)


@pytest.mark.parametrize("given", [0, 1, 3])
def test_a_matrix_product_reads_two(given: int) -> None:
    builder = GraphBuilder((4, 4))
    with pytest.raises(OperationError):
        builder.add("it", MatMul(), (0,) * given)
    assert builder.add("it", MatMul(), (0, 0)) == 1


def test_a_deformable_convolution_reads_one_to_three() -> None:
    for given in range(1, 4):
        DeformConv.reads.check("deform_conv", given)
    for given in (0, 4):
        with pytest.raises(OperationError):
            DeformConv.reads.check("deform_conv", given)


@pytest.mark.parametrize("reads", [Reads(1, 1), Reads(2, 2), Reads(1, 3), Reads(2, None)])
def test_so_many_inputs_and_no_others(reads: Reads) -> None:
    most = reads.most if reads.most is not None else 9
    for given in range(10):
        if reads.fewest <= given <= most:
            reads.check("it", given)
        else:
            with pytest.raises(OperationError):
                reads.check("it", given)


def test_no_size_grows_beyond_63_bits() -> None:
    builder = GraphBuilder((2, 1, 4))
    once = builder.add("a", Upsample((2**31, 1)), (0,))
    twice = builder.add("b", Upsample((2**31, 1)), (once,))
    assert builder.shapes[twice] == (MAX_EXTENT, 1, 4) == (2**63, 1, 4)
    with pytest.raises(ConvcostError) as caught:
        builder.add("c", Upsample((2, 1)), (twice,))
    assert caught.value.message == "upsample makes a size beyond 2^63"


# Windows and channels


def test_a_layer_of_all_channels_mixes_as_many_as_it_reads() -> None:
    assert Attention(2).channel_mixing((8, 8, 4)) == 4
    assert MatMul().channel_mixing((8, 6)) == 6
    assert Lstm(3).channel_mixing((8, 5)) == 5
    assert Linear(3, False).channel_mixing((7,)) == 7


def test_a_recurrent_layer_sees_the_whole_sequence_at_every_step() -> None:
    assert Lstm(3).window((8, 5)) == Window((8,), (1,))


def test_windows_by_their_nature() -> None:
    assert (windowed(CONV), grouped(CONV), weighted(CONV)) == (CONV, CONV, CONV)
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    assert (windowed(pool), grouped(pool), weighted(pool)) == (pool, None, None)
    shuffle = ChannelShuffle(2)
    assert (windowed(shuffle), grouped(shuffle), weighted(shuffle)) == (None, shuffle, None)
    linear = Linear(3, True)
    assert (windowed(linear), grouped(linear), weighted(linear)) == (None, None, linear)


def test_enlarging_looks_at_neighbours_only_where_it_blends() -> None:
    """Of factor 2, copied: two values share one position. Blended: twice as wide."""
    assert Upsample((2, 4)).window((8, 8, 4)) == Window(
        (1 + Fraction(1, 2), 1 + Fraction(3, 4)), (Fraction(1, 2), Fraction(1, 4))
    )
    assert Upsample((2,), "bilinear").window((8, 4)) == Window(
        (1 + Fraction(2 * 2 - 1, 2),), (Fraction(1, 2),)
    )


def test_a_view_of_one_value_is_no_mixing() -> None:
    def mixes(*operations: Operation, shape: Shape = (8, 8, 4)) -> str:
        builder = GraphBuilder(shape)
        tensor = 0
        for number, operation in enumerate(operations):
            tensor = builder.add(f"l{number}", operation, (tensor,))
        return mixing(builder.finish(tensor))

    pool = MaxPool((2, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
    point = Conv((1, 1), 6, (1, 1), ((0, 0), (0, 0)), (1, 1), 1, False)
    depthwise = Conv((1, 1), 4, (1, 1), ((0, 0), (0, 0)), (1, 1), 4, False)
    assert mixes(BatchNorm()) == "nothing"
    assert mixes(depthwise) == "nothing"
    assert mixes(pool) == "space"
    assert mixes(point) == "channels"
    assert mixes(ChannelShuffle(2)) == "channels"
    assert mixes(pool, point) == "space and channels"
    assert mixes(CONV) == "space and channels"


def test_a_join_sees_what_its_widest_branch_sees_and_all_is_wider_than_any() -> None:
    from convcost.engine.operations.elementwise import Mul
    from convcost.engine.operations.pooling import AdaptiveAvgPool

    builder = GraphBuilder((8, 8, 4))
    wide = builder.add("wide", MaxPool((5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1)), (0,))
    everything = builder.add("all", AdaptiveAvgPool((1, 1)), (0,))
    joined = builder.add("join", Mul(), (wide, everything))
    again = builder.add("again", MaxPool((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), (joined,))
    fields = receptive_fields(builder.finish(again))
    assert fields[wide].size == (5, 5)
    assert fields[everything].size in (None, (8, 8))
    # What has seen everything sees everything, whatever comes after it.
    assert fields[joined].size == fields[everything].size
    assert (fields[again].size or (8, 8)) >= (8, 8)


@pytest.mark.parametrize("operation", [Transpose((1, 0)), Reshape((-1, 4)), Flatten()])
def test_what_lies_in_another_order_may_come_from_anywhere(operation: Operation) -> None:
    builder = GraphBuilder((8, 4))
    tensor = builder.add("it", operation, (0,))
    assert receptive_fields(builder.finish(tensor))[tensor].size is None


# Adaptive pools


@pytest.mark.parametrize("size", range(1, 13))
@pytest.mark.parametrize("out", range(1, 13))
def test_adaptive_windows_as_their_definition_has_them(size: int, out: int) -> None:
    """Output i covers floor(i * size / out) to ceil((i + 1) * size / out)."""
    windows = [-(-(i + 1) * size // out) - i * size // out for i in range(out)]
    assert visited(size, out) == sum(windows) == size + out - gcd(size, out)
    assert widest(size, out) == max(windows)


def test_adaptive_windows_of_a_size_with_a_letter() -> None:
    height: Any = sympy.Symbol("H", integer=True, positive=True)
    two: Any = visited(height, 2)
    three: Any = visited(height, 3)
    assert visited(height, 1) is height
    assert two.subs(height, 7) == visited(7, 2)
    assert three.subs(height, 8) == visited(8, 3)


# What a file of another framework wraps


def imported(inner: Any, copies: int = 1, fused: int = 0) -> Imported:
    return Imported(inner, params=7, copies=copies, fused=fused)


def test_a_wrapped_layer_works_on_every_slice() -> None:
    inner = imported(CONV, copies=5)
    one = CONV.cost(((8, 8, 4),), (8, 8, 6))
    assert inner.output((5, 8, 8, 4)) == (5, 8, 8, 6)
    cost = inner.cost(((5, 8, 8, 4),), (5, 8, 8, 6))
    assert cost == Cost(7, 5 * one.macs, 5 * one.element_ops)
    assert inner.biases((5, 8, 8, 6)) == 6
    assert inner.window((5, 8, 8, 4)) == Window((1, 3, 3), (1, 1, 1))
    assert inner.channel_mixing((5, 8, 8, 4)) == 4
    assert inner.learned(((5, 8, 8, 4),), (5, 8, 8, 6)) == 3 * 3 * 4 * 6 + 6
    (part,) = inner.products(((5, 8, 8, 4),), (5, 8, 8, 6))
    assert part.positions == (5, 8, 8)


def test_a_wrapped_layer_of_one_slice_is_the_layer() -> None:
    inner = imported(CONV)
    assert inner.output((8, 8, 4)) == (8, 8, 6)
    assert inner.window((8, 8, 4)) == Window((3, 3), (1, 1))
    assert inner.products(((8, 8, 4),), (8, 8, 6)) == CONV.products(((8, 8, 4),), (8, 8, 6))
    assert inner.learned(((8, 8, 4),), (8, 8, 6)) == 3 * 3 * 4 * 6 + 6


def test_running_statistics_are_shared_by_all_slices() -> None:
    assert imported(BatchNorm(), copies=5).buffers(((5, 8, 8, 4),), (5, 8, 8, 4)) == 2 * 4
    assert imported(BatchNorm()).buffers(((8, 8, 4),), (8, 8, 4)) == 2 * 4


def test_what_is_foreign_has_no_window() -> None:
    assert imported(Foreign("it", "macs", macs=5)).window((8, 8, 4)) is None


# Flags


def classes() -> Iterator[type[Operation]]:
    """Every operation of the engine that has a type of its own."""
    for module in MODULES:
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, Operation) and isinstance(getattr(cls, "type", None), str):
                yield cls


FLAGS = {
    "flattens": {"attention", "matmul", "transpose", "reshape", "flatten"},
    "renames": {"flatten", "reshape", "dropout", "identity"},
    "shuffles": {"channel_shuffle"},
}
"""Operations whose values see every position, name the memory of their input, mix channels."""


@pytest.mark.parametrize("flag", FLAGS)
def test_which_operations_have_a_flag(flag: str) -> None:
    found = {cls.type for cls in classes() if getattr(cls, flag) is True}
    assert found == FLAGS[flag]


# Shared arithmetic


def test_divisors_rise_and_end_at_the_number() -> None:
    assert divisors(12) == (1, 2, 3, 4, 6, 12)
    assert divisors(49) == (1, 7, 49)
    assert divisors(1) == (1,)
    assert divisors(10_000_000)[-1] == 10_000_000
    assert divisors(10_000_001) == ()
    assert divisors(sympy.Symbol("C")) == ()


def test_a_division_of_letters_stays_one() -> None:
    channels = sympy.Symbol("C", integer=True, positive=True)
    assert exact_div(channels, 4) == channels / 4
    assert exact_div(12, channels) == 12 / channels
    assert exact_div(12, 4) == 3
    assert divides(4, channels)
    assert not divides(5, 12)


# Numbers under observation


def test_a_number_with_itself_leaves_no_step() -> None:
    """Groups are often the channels: C - C, C // C and C % C are known whatever C is."""
    trace = Trace()
    number = trace.input(8)
    assert (number - number, number // number, number % number) == (0, 1, 0)
    assert all(type(made) is int for made in (number - number, number // number, number % number))
    assert number + 0 is number
    assert 0 + number is number
    assert number - 0 is number
    assert number * 1 is number
    assert 1 * number is number
    assert number // 1 is number
    assert number % 1 == 0
    assert +number is number
    assert trace.record([number]).lines == tuple(
        line for line in trace.record([number]).lines if hasattr(line, "holds")
    )


def test_a_step_is_recorded_once() -> None:
    trace = Trace()
    first, second = trace.input(8), trace.input(3)
    assert first + second is first + second
    assert len(trace.record([first]).lines) == 1


def test_a_record_has_an_end() -> None:
    trace = Trace()
    number = trace.input(1)
    made = number
    for step in range(MAX_STEPS):
        made = made + (step + 2)
    with pytest.raises(NotTraceableError):
        made + 1


def test_mirrored_operations_are_those_of_numbers() -> None:
    trace = Trace()
    number = trace.input(7)
    third = number / 3
    for made, expected in (
        (100 // number, 100 // 7),
        (100 % number, 100 % 7),
        (100 - number, 100 - 7),
        (-number, -7),
    ):
        assert made == expected
    for made, exact in (
        (100 // third, 100 // Fraction(7, 3)),
        (100 % third, 100 % Fraction(7, 3)),
        (Fraction(1, 2) - third, Fraction(1, 2) - Fraction(7, 3)),
        (1 / third, Fraction(3, 7)),
        (2 / number, Fraction(2, 7)),
        (+third, Fraction(7, 3)),
        (third % 2, Fraction(7, 3) % 2),
    ):
        assert made == exact
    assert (third != None, third == "7/3", third != (7, 3)) == (True, False, True)  # noqa: E711
    assert (bool(third), bool(third - third)) == (True, False)
    assert (int(third), int(-third)) == (2, -2)
    assert (third < 3, third <= 2, third > 2, third >= 3) == (True, False, True, False)
    assert str(third) == repr(third) == f"{third}" == "<x0>/3"
    with pytest.raises(ZeroDivisionError):
        number / 0
    with pytest.raises(ZeroDivisionError):
        number // 0


def test_products_name_their_layer_where_there_are_several() -> None:
    def names(layers: int) -> list[str]:
        layer = Lstm(8, layers=layers)
        return [product.name for product in layer.products(((5, 3),), (5, 8))]

    assert names(1) == ["input", "state"]
    assert names(2) == [
        "input of layer 1",
        "state of layer 1",
        "input of layer 2",
        "state of layer 2",
    ]
