"""Axes of a sweep: the values that a text means, and what is refused; files that are joined."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from convcost import count
from convcost.engine.counting import Count
from convcost.errors import ConvcostError, SpecError
from convcost.studies import joining, space
from convcost.studies.by_module import Share, by_module, by_operator, module_of
from convcost.studies.joining import read_join
from convcost.studies.space import (
    MAX_VALUE,
    MAX_VALUES,
    Axis,
    axis_of,
    in_full,
    is_tie,
    make_space,
    parse_axis,
    parse_tie,
    read_values,
)

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("8", [8]),
        ("8..8", [8]),
        ("8..11", [8, 9, 10, 11]),
        ("8..12:2", [8, 10, 12]),
        ("8..11:2", [8, 10]),
        ("-1..1", [-1, 0, 1]),
        ("0.5..0.5:1", [HALF]),
        ("0.5..2:0.5", [HALF, 1, Fraction(3, 2), 2]),
        ("0.5..1.9:0.5", [HALF, 1, Fraction(3, 2)]),
        ("1..2:0.5", [1, Fraction(3, 2), 2]),
        ("1..2.5:1", [1, 2]),
        ("1..8:x2", [1, 2, 4, 8]),
        ("1..9:x2", [1, 2, 4, 8]),
        ("1..1:x2", [1]),
        ("1..4:x1.5", [1, Fraction(3, 2), Fraction(9, 4), Fraction(27, 8)]),
        ("0.5..2:x2", [HALF, 1, 2]),
        ("8, 16,8", [8, 16]),
        ("1,1..3,2", [1, 2, 3]),
        ("true,1,false", [True, 1, False]),
        ("3,3x1,same", [3, (3, 1), "same"]),
        ("1.0,1.5", [1, Fraction(3, 2)]),
        ("./a.toml,../b.toml", ["./a.toml", "../b.toml"]),
    ],
)
def test_values_of_an_axis(text: str, values: list[Any]) -> None:
    found = list(read_values(text))
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8..7", "8..7 is empty: 8 is above 7"),
        ("0.5..2", "0.5..2 needs a step"),
        ("1..2.5", "1..2.5 needs a step"),
        ("1..3:0", "1..3:0 has a step of 0"),
        ("1..3:-1", "1..3:-1 has a step of -1"),
        ("1..8:x1", "1..8:x1 does not grow"),
        ("1..8:x0.5", "1..8:x0.5 does not grow"),
        ("0..8:x2", "0..8:x2 does not grow"),
        ("-1..8:x2", "-1..8:x2 does not grow"),
        ("1,", "a value is missing"),
        (",1", "a value is missing"),
        ("", "a value is missing"),
        ("a..3", "'a' in a..3 is no number"),
        ("1..b", "'b' in 1..b is no number"),
        ("1..3:c", "'c' in 1..3:c is no number"),
        ("a\x07", "'a\ufffd' is not a value"),
    ],
)
def test_what_is_no_value(text: str, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        read_values(text)
    assert caught.value.message == message


def test_a_list_has_an_end_and_a_range_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_VALUES == 100_000
    assert len(read_values(f"1..{10 * MAX_VALUES}")) == 10 * MAX_VALUES
    monkeypatch.setattr(space, "MAX_VALUES", 4)
    assert list(read_values("1..3,9")) == [1, 2, 3, 9]
    assert len(read_values("0.5..2:0.5")) == len(read_values("1..8:x2")) == 4
    for text, message in (
        ("1..4,9", "5 values are too many for a list"),
        ("0.5..2.5:0.5", "0.5..2.5:0.5 has 5 values"),
        ("1..16:x2", "1..16:x2 has too many values"),
    ):
        with pytest.raises(ConvcostError) as caught:
            read_values(text)
        assert caught.value.message == message


@pytest.mark.parametrize("text", ["out", "out ", "=8", " =8", ""])
def test_an_axis_has_a_name_and_values(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_axis(text)
    assert caught.value.lines()[:2] == ["an axis is NAME=VALUES", f"  --vary {text}"]


def test_an_axis_is_called_by_words() -> None:
    assert parse_axis(" a.out =8").name == "a.out"
    assert parse_axis("a-b=8").name == "a-b"
    for name in ("a b", "a..b", ".a", "3"):
        with pytest.raises(SpecError) as caught:
            parse_axis(f"{name}=8")
        assert caught.value.message == f"{name!r} is not the name of a parameter"


def test_values_have_an_end() -> None:
    assert parse_axis(f"a={MAX_VALUE}").values == [MAX_VALUE]
    assert parse_axis(f"a=-{MAX_VALUE},1").values == [-MAX_VALUE, 1]
    for text in (f"a={MAX_VALUE + 1}", f"a=1..{MAX_VALUE + 1}", f"a=-{MAX_VALUE + 1}..1"):
        with pytest.raises(SpecError) as caught:
            parse_axis(text)
        assert caught.value.message.endswith("is too large")


def test_one_axis_or_one_setting_each() -> None:
    made = make_space(["out=8,16"], ["groups=out // 8"])
    assert [axis.name for axis in made.axes] == ["out"]
    assert [tie.name for tie in made.ties] == ["groups"]
    for varied, tied in (
        (["out=8", "out=9"], []),
        (["out=8", "out_channels=9"], []),
        (["out=8"], ["out_channels=in"]),
    ):
        with pytest.raises(SpecError) as caught:
            make_space(varied, tied)
        assert caught.value.message == "out_channels is given twice"


def test_values_of_python_are_exact() -> None:
    class Scalar:
        def item(self) -> float:
            return 0.5

    assert axis_of("a", [0.1, 2.0, Fraction(4, 2), True, 1, Scalar(), (3, 1)]).values == [
        *(Fraction(1, 10), 2, True, 1, HALF, (3, 1)),
    ]
    assert axis_of("a", range(3)).values == range(3)
    for values, message in (
        ([], "a has no values"),
        ([float("nan")], "a holds nan, which is no number"),
        ([float("inf")], "a holds inf, which is no number"),
        ([None], "a holds a NoneType, not a number, a flag or a word"),
    ):
        with pytest.raises(SpecError) as caught:
            axis_of("a", values)
        assert caught.value.message == message


def test_short_names_are_written_out_in_an_expression() -> None:
    assert in_full("in + out // kernel") == "in_channels + out_channels // kernel_size"
    assert in_full("a.in + inner + kernels") == "a.in + inner + kernels"
    assert in_full("in(3) + min(out, 4)") == "in(3) + min(out_channels, 4)"
    assert is_tie("2 * out", ["out"])
    assert is_tie("2 * out_channels", ["out"])
    assert not is_tie("2 * groups", ["out"])
    assert not is_tie("8", ["out"])


def test_a_tie_is_an_expression() -> None:
    assert parse_tie(" groups = out // 2").name == "groups"
    with pytest.raises(SpecError):
        parse_tie("groups=out +")


# Files that are joined

AXES = (Axis("out", [8, 16]), Axis("stride", [1, 2]))


def joined(tmp_path: Path, text: str, taken: tuple[str, ...] = ()) -> Any:
    path = tmp_path / "measured.csv"
    path.write_text(text)
    return read_join(str(path), AXES, taken)


def test_columns_are_joined_by_the_axes_that_the_header_names(tmp_path: Path) -> None:
    join = joined(tmp_path, "stride, out ,ms,note\n1,8,1.5,fast\n\n2,8,2.0,\n1,16,3,1_0\n")
    assert join.on == ("stride", "out")
    assert join.columns == ("ms", "note")
    assert join.find({"out": 8, "stride": 1}) == {"ms": Fraction(3, 2), "note": "fast"}
    assert join.find({"out": 8, "stride": 2}) == {"ms": 2, "note": None}
    assert join.find({"out": 16, "stride": 1}) == {"ms": 3, "note": "1_0"}
    assert join.find({"out": 16, "stride": 2}) is None


def test_an_axis_may_be_called_by_its_long_name(tmp_path: Path) -> None:
    assert joined(tmp_path, "out_channels,ms\n8,1\n").on == ("out",)


@pytest.mark.parametrize(
    ("text", "taken", "message"),
    [
        ("ms,note\n1,2\n", (), "no column is called like an axis"),
        ("", (), "no column is called like an axis"),
        ("out,ms\n8,1\n", ("ms",), "ms is a column already"),
        ("out,ms,ms\n8,1,2\n", (), "ms is a column already"),
        ("out,ms\n8\n", (), "1 cells, the header has 2"),
        ("out,ms\n8,1,2\n", (), "3 cells, the header has 2"),
        ("out,ms\n8,1\n8,2\n", (), "these axes are there twice"),
        ("out,ms\n8\x07,1\n", (), "'8\ufffd' is not a value"),
    ],
)
def test_a_file_that_cannot_be_joined(
    tmp_path: Path, text: str, taken: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        joined(tmp_path, text, taken)
    assert caught.value.message == message


@pytest.mark.parametrize("figure", ["macs", "params", "peak"])
def test_a_column_that_is_joined_is_no_figure(tmp_path: Path, figure: str) -> None:
    path = tmp_path / "measured.csv"
    path.write_text(f"out,{figure}\n8,1\n")
    with pytest.raises(SpecError) as caught:
        read_join(str(path), AXES)
    assert caught.value.lines() == [
        f"{figure} is a column already",
        f"  {path}",
        "  rename it in the file",
    ]


def test_a_table_that_is_joined_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MAX_ROWS", 2)
    assert len(joined(tmp_path, "out,ms\n8,1\n16,2\n").table) == 2
    with pytest.raises(SpecError) as caught:
        joined(tmp_path, "out,ms\n8,1\n16,2\n32,3\n")
    assert caught.value.message == "more than 2 rows"
    assert str(caught.value.place).endswith("measured.csv:4")


def test_a_wrong_line_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        joined(tmp_path, "out,ms\n8,1\n\n16,1,2\n")
    assert str(caught.value.place).endswith("measured.csv:4")


# Sums by module and by operator


def nested() -> Count:
    """Two blocks of two layers each, and one layer beside them."""
    return count("8x8x4", "bottleneck 3x3 8, conv 1x1 4").counted


def test_sums_of_modules_are_sums_of_their_rows() -> None:
    counted = nested()
    sums = by_module(counted)
    whole = sums[""]
    assert (whole.params, whole.macs) == (counted.params, counted.macs)
    assert whole.rows == len(counted.rows)
    top = by_module(counted, depth=1)
    assert all("." not in name for name in top)
    assert sum(share.macs for name, share in top.items() if name) <= whole.macs
    assert list(by_module(counted, depth=0)) == [""]
    for name, share in sums.items():
        rows = [
            row
            for row in counted.rows
            if not name or f"{module_of(row.name, counted.graph.scopes)}.".startswith(f"{name}.")
        ]
        assert share.rows == len(rows)
        assert share.macs == sum(row.cost.macs for row in rows if row.cost)
        assert share.params == sum(row.cost.params for row in rows if row.cost)


def test_sums_of_operators_come_with_the_most_macs_first() -> None:
    counted = nested()
    sums = by_operator(counted)
    assert sum(share.macs for share in sums.values()) == counted.macs
    macs = [share.macs for share in sums.values()]
    assert macs == sorted(macs, reverse=True)
    assert {row.type for row in counted.rows} == set(sums)


def test_a_row_without_a_cost_is_told_apart() -> None:
    assert Share().plus(None) == Share(0, 0, 0, 1, 1)
    assert Share(1, 2, 3, 4, 5).plus(None) == Share(1, 2, 3, 5, 6)


@pytest.mark.parametrize(
    ("name", "scopes", "module"),
    [
        ("a.b", {}, "a"),
        ("a", {}, ""),
        ("a.b", {"a.b": "Block"}, "a.b"),
        ("a.b_2", {"a.b": "Block"}, "a.b"),
        ("a.b_2", {"a.b_2": "Block", "a.b": "Block"}, "a.b_2"),
        ("a.b.c", {"a": "Block"}, "a"),
        ("a.b.c", {"x": "Block"}, ""),
        ("a.b.c.d", {"a": "Net", "a.b": "Block"}, "a.b"),
    ],
)
def test_the_module_that_a_row_ran_in(name: str, scopes: dict[str, str], module: str) -> None:
    assert module_of(name, scopes) == module
