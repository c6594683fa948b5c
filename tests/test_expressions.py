"""The arithmetic of design files: exact, bounded, and nothing but arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.language.expressions import (
    ALLOWED,
    MAX_LENGTH,
    MAX_RESULT,
    ExpressionError,
    compile_expression,
    round_to,
)

SCOPE = {
    "channels": 64,
    "in_channels": 256,
    "kernel_size": (3, 5),
    "stride": 2,
    "bias": False,
    "first": "keep",
}


def value(text: str, **scope: Any) -> Any:
    return compile_expression(text)({**SCOPE, **scope})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("1 + 2 * 3", 1 + 2 * 3),
        ("(1 + 2) * 3", (1 + 2) * 3),
        ("7 - 10", 7 - 10),
        ("-7 // 2", -4),
        ("7 // 2", 3),
        ("7 % 4", 3),
        ("+7", 7),
        ("channels // 4", 64 // 4),
        ("max(1, channels // 100)", 1),
        ("min(channels, in_channels)", 64),
        ("max(1, 2, 3)", 3),
        ("ceil(7 / 2)", 4),
        ("floor(7 / 2)", 3),
        ("ceil(-7 / 2)", -3),
        ("floor(-7 / 2)", -4),
        ("ceil(6 / 2)", 3),
        ("kernel_size[0]", 3),
        ("kernel_size[1] - 1", 5 - 1),
        ("stride[0]", 2),
        ("channels if stride == 1 else in_channels", 256),
        ("stride == 2", True),
        ("stride != 2", False),
        ("1 < stride <= 2", True),
        ("1 < stride < 2", False),
        ("stride >= 3 or channels > 10", True),
        ("stride >= 3 and channels > 10", False),
        ("not bias", True),
        ("first == 'keep'", True),
        ("first != 'keep'", False),
        ("first == 'drop' or stride == 2", True),
        ("stride == 'keep'", False),
        ("True", True),
    ],
)
def test_an_expression_has_the_value_of_ordinary_arithmetic(text: str, expected: object) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64 * 0.75", 48),
        ("ceil(64 * 0.75)", 48),
        ("ceil(100 * 0.07)", 7),  # 100 * 0.07 is 7.000000000000001 in floating point
        ("floor(100 * 0.29)", 29),  # 100 * 0.29 is 28.999999999999996 in floating point
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 3 * 3", 1),
        ("3 / 2", Fraction(3, 2)),
        ("9007199254740993 * 1.0", 9007199254740993),  # 2**53 + 1 has no float
        ("4 / 2", 2),
    ],
)
def test_decimals_and_division_are_exact(text: str, expected: object) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("channels", "factor", "expected"),
    [
        # Channel counts of MobileNetV2 by width multiplier (Sandler et al. 2018, released code:
        # make_divisible(v, 8): nearest multiple, at least 8, not below 0.9 v).
        (32, "0.75", 24),
        (32, "0.35", 16),
        (16, "0.35", 8),
        (24, "0.35", 8),
        (64, "0.35", 24),
        (96, "0.35", 32),
        (96, "1.4", 136),
        (160, "1.4", 224),
        (24, "1.3", 32),
        (1, "1.0", 8),
        (12, "1.0", 16),  # halfway goes up
        (11, "1.0", 16),  # 8 would lose more than a tenth
    ],
)
def test_round_to_follows_the_rule_of_mobilenet_v2(
    channels: int, factor: str, expected: int
) -> None:
    assert value(f"round_to({channels} * {factor}, 8)") == expected


@given(st.fractions(1, 5000), st.integers(1, 64))
def test_round_to_gives_a_multiple_that_is_near_and_never_much_smaller(
    size: Fraction, divisor: int
) -> None:
    result = round_to(size, divisor)
    assert result % divisor == 0
    assert result >= divisor
    assert result >= size * Fraction(9, 10)
    assert result - size <= divisor or result == divisor


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_floor_and_ceil_enclose_a_quotient(dividend: int, divisor: int) -> None:
    below, above = value(f"floor({dividend} / {divisor})"), value(f"ceil({dividend} / {divisor})")
    assert below * divisor <= dividend <= above * divisor
    assert above - below == (dividend % divisor != 0)


def test_only_the_branch_that_counts_is_computed() -> None:
    assert value("1 / 0 if bias else 5") == 5
    assert value("bias and 1 / 0 == 1") is False


FUNCTIONS = "ceil, floor, round_to, min, max"
NOT_ARITHMETIC = f"allowed: {ALLOWED}{FUNCTIONS}"
NO_FUNCTION = f"known: {FUNCTIONS}"

REFUSED = [
    ("", (0, 1), "'' is not an expression", None),
    ("1 if", (0, 1), "'1 if' is not an expression", None),
    ("64 * * 2", (5, 6), "'64 * * 2' is not an expression", None),
    ("1; 2", (1, 2), "'1; 2' is not an expression", None),
    ("a = 3", (2, 3), "'a = 3' is not an expression", None),
    ("__import__('os')", (0, 16), "__import__ is not a function here", NO_FUNCTION),
    ("open('x')", (0, 9), "open is not a function here", NO_FUNCTION),
    ("channels.real", (0, 13), "'channels.real' is not arithmetic", NOT_ARITHMETIC),
    ("().__class__", (0, 12), "'().__class__' is not arithmetic", NOT_ARITHMETIC),
    ("1 + (lambda: 1)()", (4, 17), "lambda: 1 is not a function here", NO_FUNCTION),
    ("lambda: 1", (0, 9), "'lambda: 1' is not arithmetic", NOT_ARITHMETIC),
    ("[1]", (0, 3), "'[1]' is not arithmetic", NOT_ARITHMETIC),
    ("(x := 3)", (1, 7), "'(x := 3)' is not arithmetic", NOT_ARITHMETIC),
    ("2 ** 100", (0, 8), "'2 ** 100' uses an operator outside + - * / // %", None),
    ("10**10**10", (0, 10), "'10 ** 10 ** 10' uses an operator outside + - * / // %", None),
    ("1 << 99", (0, 7), "'1 << 99' uses an operator outside + - * / // %", None),
    ("~stride", (0, 7), "~ is not arithmetic", None),
    ("stride is 2", (0, 11), "a comparison is one of == != < <= > >=", None),
    ("stride in kernel_size", (0, 21), "a comparison is one of == != < <= > >=", None),
    ("2 * 'a'", (0, 7), "values of these kinds do not go together", None),
    ("None", (0, 4), "None is not a number", None),
    ("1e3", (0, 3), "1e3 is not a plain decimal", None),
    ("2j", (0, 2), "2j is not a number", None),
    ("99999999999999999999", (0, 20), "99999999999999999999 is not a number", None),
    ("ceil(1, 2)", (0, 10), "ceil takes 1 argument", None),
    ("round_to(3)", (0, 11), "round_to takes 2 arguments", None),
    ("min(3)", (0, 6), "min takes 2 to 8 arguments", None),
    ("max(*kernel_size)", (0, 17), "max takes 2 to 8 arguments", None),
    ("kernel_size[3]", (0, 14), "an axis is written [0], [1] or [2]", None),
    ("kernel_size[-1]", (0, 15), "an axis is written [0], [1] or [2]", None),
    ("kernel_size[stride]", (0, 19), "an axis is written [0], [1] or [2]", None),
    ("kernel_size[2]", (0, 14), "there are only 2 axes", None),
    ("2 * chanels", (4, 11), "chanels is not known here", "did you mean channels?"),
    ("channels / 0", (0, 12), "division by zero", None),
    ("channels // (stride - 2)", (0, 24), "division by zero", None),
    ("channels % 0", (0, 12), "division by zero", None),
    ("kernel_size * 2", (0, 15), "values of these kinds do not go together", None),
    ("bias + 1", (0, 8), "values of these kinds do not go together", None),
    ("9223372036854775807 * 2", (0, 23), "the result is too large", None),
    ("1" * 401, (0, 1), "an expression of 401 characters is too long", f"at most {MAX_LENGTH}"),
]


@pytest.mark.parametrize(("text", "span", "message", "hint"), REFUSED)
def test_anything_but_arithmetic_is_refused(
    text: str, span: tuple[int, int], message: str, hint: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    error = caught.value
    assert (error.message, error.span, error.hint) == (message, span, hint)
    assert error.text == text


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ExpressionError) as caught:
        value("-" * 30 + "1")
    assert caught.value.message == "the expression is nested too deeply"


def test_the_caret_is_right_behind_letters_outside_ascii() -> None:
    with pytest.raises(ExpressionError) as caught:
        value("größe + chanels", größe=1)
    assert caught.value.span == (8, 15)


PIECES = st.sampled_from(
    (
        *"0123456789+-*/%()[],.<>=!~^&|@:; \t\n'\"\\{}#_éx",
        *("channels", "kernel_size", " if ", " else ", " and ", " not ", "//", "**", "==", "for"),
        *("ceil(", "round_to(", "min(", "__class__", "import", "0x", "1e9", "True", "lambda"),
    )
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40))
@settings(max_examples=400)
def test_random_text_has_a_bounded_value_or_an_error_of_its_own(text: str) -> None:
    try:
        result = value(text)
    except ExpressionError as error:
        start, end = error.span
        assert 0 <= start < end <= max(len(error.text), 1) + 1
        return
    if isinstance(result, int):
        assert -MAX_RESULT < result < MAX_RESULT
