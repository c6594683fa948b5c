"""Numbers in and out: exact in, rounded once on the way out, and readable again."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.quantities import (
    MAX_SIZE,
    format_bytes,
    format_change,
    format_count,
    format_human,
    format_percent,
    format_shape,
    format_times,
    looks_like_shape,
    parse_bytes,
    parse_count,
    parse_shape,
)

counts = st.integers(0, 10**15)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("56x56x256", (56, 56, 256)),
        ("56X56X256", (56, 56, 256)),
        ("56\u00d756\u00d7256", (56, 56, 256)),
        (" 16000x1 ", (16000, 1)),
        ("7", (7,)),
        (f"{2**31 - 1}x1", (2**31 - 1, 1)),
        ("007x1", (7, 1)),
    ],
)
def test_a_shape_is_sizes_joined_by_x(text: str, shape: tuple[int, ...]) -> None:
    assert parse_shape(text) == shape


@given(st.lists(st.integers(1, MAX_SIZE), min_size=1, max_size=4).map(tuple))
def test_a_shape_survives_being_written_and_read(shape: tuple[int, ...]) -> None:
    assert looks_like_shape(format_shape(shape))
    assert parse_shape(format_shape(shape)) == shape


@pytest.mark.parametrize(
    "text", ["", "x", "3x", "x3", "3xx3", "3 3", "3x3,3", "(3x3", "-3x3", "3.0x3", "\u0663x3"]
)
def test_anything_else_is_no_shape(text: str) -> None:
    assert not looks_like_shape(text)
    with pytest.raises(ConvcostError) as caught:
        parse_shape(text)
    assert str(caught.value) == (
        f"{text!r} is not a shape\n  write sizes joined by x, channels last: 56x56x256"
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("462422016", 462422016),
        ("462_422_016", 462422016),
        ("462,422,016", 462422016),
        ("300M", 300 * 10**6),
        ("300 M", 300 * 10**6),
        ("1.5G", 1500 * 10**6),
        ("0.05k", 50),
        ("4K", 4 * 10**3),
        ("2T", 2 * 10**12),
        ("0", 0),
    ],
)
def test_a_count_is_read_exactly(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "M", "-3", "1e", "1.5.2M", "3MB", "1,00", "many", "NaN"])
def test_anything_else_is_no_count(text: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        parse_count(text)
    assert str(caught.value) == (
        f"{text!r} is not a count\n  write it like 462422016, 300M or 1.5G"
    )


def test_a_count_is_whole() -> None:
    with pytest.raises(ConvcostError) as caught:
        parse_count("1.0005K")
    assert str(caught.value) == "'1.0005K' is not a whole number"


@given(counts)
def test_a_count_survives_being_written_and_read(count: int) -> None:
    assert parse_count(format_count(count)) == count


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 K"),
        (1004, "1.00 K"),
        (1006, "1.01 K"),
        (9_994, "9.99 K"),
        (9_996, "10.0 K"),
        (99_940, "99.9 K"),
        (99_960, "100 K"),
        (999_499, "999 K"),
        (999_501, "1.00 M"),
        (147_456, "147 K"),
        (462_422_016, "462 M"),
        (999_999_999, "1.00 G"),
        (4_089_184_256, "4.09 G"),
        (10**12, "1.00 T"),
        (999_999 * 10**12, "999,999 T"),
    ],
)
def test_a_short_count_has_three_digits_and_a_decimal_unit(count: int, text: str) -> None:
    assert format_human(count) == text


@given(counts)
def test_a_short_count_never_shows_a_thousand_of_a_unit(count: int) -> None:
    number, _, unit = format_human(count).partition(" ")
    if unit != "T":
        assert float(number) < 1000
    if unit:
        assert float(number.replace(",", "")) >= 1
        assert len(re.sub(r"[.,]", "", number)) >= 3


@given(counts)
def test_a_short_count_is_right_to_three_digits(count: int) -> None:
    shown = parse_count(format_human(count).replace(",", ""))
    assert abs(shown - count) * 1000 <= 5 * count


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (802_816, "784 KiB"),
        (56 * 56 * 256 * 4, "3.06 MiB"),
        (1024**2 - 1, "1.00 MiB"),
        (1024**3, "1.00 GiB"),
        (3 * 1024**4, "3.00 TiB"),
    ],
)
def test_bytes_have_binary_units(count: int, text: str) -> None:
    assert format_bytes(count) == text


@given(counts)
def test_bytes_never_show_1024_of_a_unit(count: int) -> None:
    number, unit = format_bytes(count).split(" ")
    assert unit == "TiB" or float(number.replace(",", "")) < 1024


@pytest.mark.parametrize(
    ("count", "baseline", "text"),
    [
        (51_380_224, 462_422_016, "9.00x fewer"),
        (58_605_568, 462_422_016, "7.89x fewer"),
        (23_281_664, 462_422_016, "19.9x fewer"),
        (200, 100, "2.00x more"),
        (100, 100, "same"),
        (0, 100, "none"),
        (0, 0, "same"),
        (100, 0, "-"),
        (1, 1234, "1,234x fewer"),
        (1000, 1001, "1.00x fewer"),
        (1, 999_999, "999,999x fewer"),
    ],
)
def test_a_change_says_how_many_times_fewer_or_more(count: int, baseline: int, text: str) -> None:
    assert format_change(count, baseline) == text


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_change_is_right_to_three_digits(count: int, baseline: int) -> None:
    text = format_change(count, baseline)
    if text == "same":
        assert count == baseline
        return
    number, _, word = text.partition("x ")
    shown = Fraction(number.replace(",", ""))
    exact = Fraction(max(count, baseline), min(count, baseline))
    assert abs(shown - exact) * 1000 <= 5 * exact
    assert word == ("fewer" if count < baseline else "more")


def test_a_ratio_rounds_up_into_the_next_digit() -> None:
    assert format_times(Fraction(9_996, 1000)) == "10.0x"
    assert format_times(Fraction(99_960, 1000)) == "100x"


def test_percentages_have_one_decimal() -> None:
    assert format_percent(1, 3) == "33.3 %"
    assert format_percent(0, 3) == "0.0 %"
    assert format_percent(3, 3) == "100.0 %"
    assert format_percent(0, 0) == "-"


@pytest.mark.parametrize(
    ("text", "count"),
    [("3KiB", 3 * 1024), ("3MiB", 3 * 1024**2), ("3GiB", 3 * 1024**3), ("3TiB", 3 * 1024**4)],
)
def test_each_binary_unit_is_1024_of_the_one_before(text: str, count: int) -> None:
    """IEC 80000-13."""
    assert parse_bytes(text) == count
