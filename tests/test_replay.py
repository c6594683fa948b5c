"""The replay of a stream cannot differ from the ordinary count; it can only decline."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from generated import Document, Line, designs, library_of, lines
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from convcost.engine.counting import count
from convcost.engine.replaying import compile_record
from convcost.engine.tracing import NotTraceableError, Trace, Traced, TracedRatio
from convcost.errors import ConvcostError
from convcost.language.building import build_spec
from convcost.language.expressions import divide, whole_if_possible
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Switches
from convcost.studies.streaming import StreamCounter, Totals


class Tally:
    """How many lines were replayed, left to the ordinary way, or answered wrongly."""

    def __init__(self) -> None:
        self.replayed = self.declined = self.refused = 0
        self.wrong: list[tuple[Line, Totals, Totals | None]] = []


def ordinary(library: Library, spec: LayerSpec, switches: Switches) -> Totals | None:
    """The totals by the ordinary build and count; None where they raise."""
    try:
        subject = build_spec(library, spec, switches=switches)
    except ConvcostError:
        return None
    done = count(subject.graph, subject.batch)
    return Totals(
        done.input,
        done.output,
        done.batch,
        done.params,
        done.macs,
        done.element_ops,
        subject.unused,
    )


def compare(library: Library, stream: list[Line], switches: Switches, tally: Tally) -> None:
    """Count each line both ways."""
    counter = StreamCounter(library, switches)
    for line in stream:
        try:
            spec = LayerSpec.model_validate(line)
        except ValidationError:
            continue
        replayed, truth = counter.totals(spec, None, None), ordinary(library, spec, switches)
        if replayed is None:
            tally.refused += truth is None
            tally.declined += truth is not None
            continue
        tally.replayed += 1
        if replayed != truth:
            tally.wrong.append((line, replayed, truth))


def random_stream(rng: Random, length: int) -> tuple[Library, list[Line], Switches, dict[str, Any]]:
    """Designs that nobody wrote, and lines that use them, kinds mixed."""
    while True:
        documents = designs(rng, rng.randint(1, 4))
        try:
            library = library_of(documents)
            break
        except ConvcostError:
            continue
    stream = [
        line
        for name, document in documents.items()
        for line in lines(rng, name, document, length // len(documents))
    ]
    if rng.random() < 0.3:
        rng.shuffle(stream)
    switches = rng.choice((WEIGHTS_ONLY, EVERYTHING, Switches(bias=True)))
    return library, stream, switches, documents


@given(st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_a_stream_of_generated_designs_is_counted_as_line_by_line(rng: Random) -> None:
    library, stream, switches, documents = random_stream(rng, 40)
    tally = Tally()
    compare(library, stream, switches, tally)
    assert tally.wrong == [], documents


def test_most_generated_lines_that_can_be_counted_are_replayed() -> None:
    """The property above would hold for a replay that always declines."""
    tally = Tally()
    for seed in range(12):
        library, stream, switches, _ = random_stream(Random(seed), 240)
        compare(library, stream, switches, tally)
    assert tally.wrong == []
    assert tally.replayed > tally.declined
    assert tally.refused > 50


def conv(**fields: Any) -> Document:
    return {"type": "conv", "kernel_size": 1, "out_channels": "out_channels", **fields}


DESIGNS: dict[str, Document] = {
    "decimal_when": {"layers": [conv(when="in_channels < 64.5", out_channels=8)]},
    "decimal_max": {"layers": [conv(out_channels="max(in_channels, 10.5) // 1")]},
    "decimal_if": {"layers": [conv(out_channels="8 if 64.5 > in_channels else 16")]},
    "equal_decimal": {
        "parameters": {"middle": "in_channels"},
        "layers": [conv(when="middle != in_channels", out_channels="in_channels")],
    },
    "a_flag": {
        "parameters": {"deep": {}},
        "layers": [conv(when="deep == 1", out_channels=8), conv(out_channels=8)],
    },
    "a_word": {
        "parameters": {"mode": "fast"},
        "layers": [conv(when="mode == in_channels", out_channels=8), conv(out_channels=4)],
    },
    "unused_stride": {
        "layers": [{"type": "inner", "stride": "in_channels - 4"}, conv(out_channels=4)]
    },
    "inner": {"parameters": {"stride": 1}, "layers": [conv(out_channels=4)]},
}


@pytest.mark.parametrize(
    "stream",
    [
        *[
            [{"type": kind, "input": [8, 8, c]} for c in (64, 65, 8, 200, 10, 11)]
            for kind in ("decimal_when", "decimal_max", "decimal_if", "unused_stride")
        ],
        [
            {"type": "equal_decimal", "input": [8, 8, c], "middle": m}
            for c, m in ((2, 2.0), (3, 2.0), (2, 2), (2, 1.0), (1, 1), (2, 2.0))
        ],
        [{"type": "a_flag", "input": [8, 8, 4], "deep": d} for d in (True, 1, 1.0, 0, False, 0.0)],
        [
            {"type": "a_word", "input": [8, 8, c], "mode": m}
            for c in (4, 5)
            for m in ("x", 4, 5, 4.0)
        ],
        [
            {"type": "inverted_residual", "input": [8, 8, c], "out": 2, "expanded_channels": e}
            for c, e in ((2, 2.0), (3, 2.0), (4, 4.0), (2, 4.0), (2, 2))
        ],
        [
            {"type": "bottleneck", "input": [8, 8, 8], "out": 8, "padding": p}
            for p in (1, [1, 1], 1)
        ],
        [
            {"type": "conv", "input": [8, 8, 4], "kernel": 3, "out": 8, "padding": p}
            for p in ([[0, 1], [1, 2]], [[1, 1], [1, 1]], [[0, 1], [1, 2]], [[0, 0], [0, 0]])
        ],
    ],
    ids=lambda stream: stream[0]["type"],
)
def test_no_line_is_answered_for_another_kind_of_value(stream: list[Line]) -> None:
    tally = Tally()
    compare(library_of(DESIGNS), stream * 2, WEIGHTS_ONLY, tally)
    assert tally.wrong == []


# --- What a number under observation does ----------------------------------------------------


def traced(value: int) -> Traced:
    return Trace().input(value)


@pytest.mark.parametrize("other", ["64", "same", (), (64,), None])
def test_a_number_never_equals_a_text_a_tuple_or_nothing(other: object) -> None:
    number = traced(64)
    assert (number == other) is False
    assert (number != other) is True
    assert (other == number) is False
    assert (other != number) is True


@pytest.mark.parametrize("other", [64.0, 0.5, 1j, [64], object(), {}])
def test_a_number_beside_a_foreign_kind_declines(other: Any) -> None:
    number = traced(64)
    compared: tuple[Callable[[], object], ...] = (
        lambda: number == other,
        lambda: number != other,
        lambda: number < other,
        lambda: number >= other,
        lambda: number + other,
        lambda: other * number,
        lambda: number // other,
    )
    for compare_them in compared:
        with pytest.raises(NotTraceableError):
            compare_them()


@pytest.mark.parametrize("other", ["64", (64,), None])
def test_a_number_has_no_order_with_a_text_a_tuple_or_nothing(other: Any) -> None:
    with pytest.raises(NotTraceableError):
        _ = traced(64) < other
    with pytest.raises(NotTraceableError):
        _ = traced(64) >= other


def test_what_is_more_than_whole_number_arithmetic_declines() -> None:
    number = traced(64)
    for act in (
        lambda: number**2,
        lambda: hash(number / 3),
        lambda: float(number / 3),
        lambda: hash(number),
        lambda: {number: 1},
        lambda: abs(number),
        lambda: float(number),
        lambda: round(number),
        lambda: divmod(number, 2),
    ):
        with pytest.raises(NotTraceableError):
            act()


@pytest.mark.parametrize(
    "act", [int, range, lambda n: int(n / 3), lambda n: int(-n / 3), "abcdefghij".__mul__]
)
def test_a_number_that_is_needed_itself_pins_the_record(act: Any) -> None:
    trace = Trace()
    number = trace.input(64)
    act(number)
    replay = compile_record(trace.record([number]))
    assert replay(64) == (64,)
    assert replay(99) is None


@given(st.integers(-99, 99), st.integers(-99, 99), st.fractions(max_denominator=9))
def test_a_guard_against_a_fraction_takes_the_side_of_the_number(
    first: int, second: int, bound: Fraction
) -> None:
    relations: tuple[Any, ...] = (
        *(Fraction.__lt__, Fraction.__le__),
        *(Fraction.__gt__, Fraction.__ge__),
    )
    for relation in relations:
        trace = Trace()
        number = trace.input(first)
        side = relation(bound, number)
        if side is NotImplemented:
            mirrored = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__"}
            side = getattr(number, mirrored.get(relation.__name__, "__le__"))(bound)
        assert side == relation(bound, first)
        answered = compile_record(trace.record([1]))(second) is not None
        assert answered == (relation(bound, second) == side)


@pytest.mark.parametrize("write", [str, "{}".format, "{:,}".format, "a{}".format])
def test_a_text_of_a_number_says_which_it_is_and_is_no_numbers_text(write: Any) -> None:
    trace = Trace()
    trace.input(64)
    assert "<x1>" in write(trace.input(65))


numbers = st.integers(-30, 30)
fractions = st.fractions(-9, 9, max_denominator=6)


@given(
    st.lists(st.tuples(st.sampled_from("+-*/%f<=?"), numbers | fractions), max_size=6),
    numbers,
    numbers,
    numbers,
    numbers,
)
def test_fractions_of_a_traced_number_are_those_of_the_number(
    program: list[tuple[str, Any]], first: int, first_other: int, second: int, other: int
) -> None:
    """A random program, run on numbers and on traced numbers, then replayed on others."""

    def run(value: Any, factor: Any) -> Any:
        for operator, constant in program:
            if operator == "+":
                value = value + constant
            elif operator == "-":
                value = constant - value
            elif operator == "*":
                value = value * factor
            elif operator == "/":
                value = divide(value, constant) if constant else divide(constant, value)
            elif operator == "%":
                value = value % constant
            elif operator == "f":
                value = value // constant
            elif operator == "<":
                value = min(value, constant)
            elif operator == "=":
                value = value if value == constant else value + factor
            else:
                value = whole_if_possible(value) // 1
        return whole_if_possible(value)

    trace = Trace()
    try:
        expected = run(first, first_other)
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            run(trace.input(first), trace.input(first_other))
        return
    made = run(trace.input(first), trace.input(first_other))
    top, bottom = (made.top, made.bottom) if isinstance(made, TracedRatio) else (made, 1)
    if isinstance(made, Fraction) and not isinstance(made, TracedRatio):
        top, bottom = made.numerator, made.denominator
    replay = compile_record(trace.record([top, bottom]))
    assert Fraction(*replay(first, first_other) or ()) == expected
    replayed = replay(second, other)
    if replayed is not None:
        assert Fraction(*replayed) == run(second, other)


@given(st.integers(-99, 99), st.fractions(max_denominator=3))
def test_a_number_equals_a_fraction_where_it_is_that_number(value: int, bound: Fraction) -> None:
    assert (traced(value) == bound) == (value == bound)
    assert (bound != traced(value)) == (value != bound)
