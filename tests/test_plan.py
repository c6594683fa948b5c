"""``plan``: cost as a column. The same numbers as ``count``, wherever the columns live."""

from __future__ import annotations

import ctypes
import pickle
from random import Random
from typing import Any

import numpy as np
import pytest

import convcost
from convcost.errors import ConvcostError, SpecError
from convcost.studies import arrow
from convcost.studies.planning import Plan


def columns(rng: Random, size: int) -> dict[str, Any]:
    return {
        "in": np.array([rng.randint(1, 512) for _ in range(size)]),
        "out": np.array([rng.randint(1, 512) for _ in range(size)]),
        "kernel_size": np.array([rng.choice((1, 3, 5)) for _ in range(size)]),
    }


def test_a_plan_costs_each_row_as_count_does() -> None:
    plan = convcost.plan("56x56", "separable", vary=["in", "out", "kernel_size"])
    given = columns(Random(1), 200)
    made = plan(given)
    assert list(made) == ["params", "macs", "is_built"]
    assert made["params"].dtype == made["macs"].dtype == np.int64
    for c, o, k, params, macs in zip(*given.values(), made["params"], made["macs"], strict=True):
        assert (params, macs) == (k * k * c + c * o, 56 * 56 * (k * k * c + c * o))
        counted = convcost.count(f"56x56x{c}", f"separable {k} {o}")
        assert (counted.params, counted.macs) == (params, macs)


def test_a_plan_is_small_and_works_where_it_is_sent() -> None:
    plan = convcost.plan("56x56", "separable", vary=["in", "out", "kernel_size"])
    given = columns(Random(2), 50)
    before = plan(given)
    sent = pickle.dumps(plan)
    assert len(sent) < 1000
    after = pickle.loads(sent)(given)
    assert all((before[name] == after[name]).all() for name in before)


def test_decimals_words_and_columns_that_stretch() -> None:
    plan = convcost.plan("mobilenet_v1", vary=["width", "input"])
    made = plan({"width": np.array([[0.5], [1.0]]), "input": np.array([128, 224])})
    assert made["macs"].tolist() == [
        [convcost.count("mobilenet_v1", width=w, input=f"{r}x{r}x3").macs for r in (128, 224)]
        for w in (0.5, 1)
    ]
    designs = convcost.plan(
        "8x8x4", vary=["design", "out"], settings={"kernel": 3}, figures=["params"]
    )
    made = designs({"design": ["standard", "separable", "nonsense"], "out": [8, 8, 8]})
    assert made["params"].tolist() == [3 * 3 * 4 * 8, 3 * 3 * 4 + 4 * 8, -1]
    assert made["is_built"].tolist() == [True, True, False]


def test_rows_that_cannot_be_built_have_no_figures() -> None:
    plan = convcost.plan("8x8x12", "conv 3x3 12", vary=["groups"])
    made = plan({"groups": [1, 2, 5, 12, 0, -3]})
    assert made["is_built"].tolist() == [True, True, False, True, False, False]
    assert made["params"].tolist() == [9 * 144, 9 * 72, -1, 9 * 12, -1, -1]


def test_rows_beyond_64_bits_are_integers_of_python() -> None:
    plan = convcost.plan("100000x100000", "1x1", vary=["in", "out"])
    big = 2**31 - 1
    made = plan({"in": [big, 1], "out": [big, 1]})
    assert made["macs"].tolist() == [10**10 * big * big, 10**10]
    batches = convcost.plan("100000x100000", "1x1", vary={"in": [big], "out": [big]}).batches()
    with pytest.raises(ConvcostError, match="macs leaves 64 bits"):
        list(batches)


def test_no_rows_give_no_rows() -> None:
    plan = convcost.plan("8x8x12", "conv 3x3", vary=["out"])
    made = plan({"out": np.zeros(0, dtype=np.int64)})
    assert {name: values.tolist() for name, values in made.items()} == {
        "params": [],
        "macs": [],
        "is_built": [],
    }


def test_one_axis_may_stand_alone() -> None:
    plan = convcost.plan("8x8x4", "conv 3x3", vary="out=8,16")
    assert [batch["params"].tolist() for batch in plan.batches()] == [[9 * 4 * 8, 9 * 4 * 16]]


def test_a_missing_column_and_a_missing_value_are_said() -> None:
    plan = convcost.plan("8x8", "conv 3x3", vary=["in", "out"])
    with pytest.raises(SpecError) as caught:
        plan({"in": [1]})
    assert caught.value.message == "there is no column out"
    with pytest.raises(SpecError) as caught:
        plan.batches()
    assert caught.value.message == "in has no values"
    with pytest.raises(ConvcostError) as failed:
        list(convcost.plan("8x8x4", "conv 3x3 8", vary={"groups": [3, 5]}).batches())
    assert failed.value.message == (
        "none of 2 candidates can be built: groups=3 does not divide 4 input channels"
    )


SPACE: dict[str, Any] = {"in": range(2, 9), "groups": range(1, 4)}


def space() -> Plan:
    return convcost.plan("8x8", "conv 3x3", vary=SPACE, settings={"out": "2*in"})


def wanted() -> list[tuple[int, int, int | None, int | None]]:
    rows: list[tuple[int, int, int | None, int | None]] = []
    for c in SPACE["in"]:
        for g in SPACE["groups"]:
            params = 9 * c * 2 * c // g if c % g == 0 else None
            rows.append((c, g, params, None if params is None else 64 * params))
    return rows


def test_batches_are_the_whole_space_in_order() -> None:
    for size in (1 << 18, 5):
        rows: list[tuple[Any, ...]] = []
        for batch in space().batches(size):
            rows += zip(*[values.tolist() for values in batch.values()], strict=True)
        assert [(c, g) for c, g, *_ in rows] == [(c, g) for c, g, *_ in wanted()]
        assert [p if built else None for _, _, p, _, built in rows] == [
            p for _, _, p, _ in wanted()
        ]


def test_the_arrow_stream_is_what_the_c_interface_says() -> None:
    """Read as C would: schema, arrays with their masks, the end, release."""
    source = space().batches()
    capsule = source.__arrow_c_stream__()
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    stream = arrow._Stream.from_address(get(capsule, b"arrow_array_stream"))
    pointer = ctypes.pointer(stream)
    schema, array = arrow._Schema(), arrow._Array()
    assert stream.get_schema(pointer, ctypes.pointer(schema)) == 0
    children = [schema.children[n].contents for n in range(schema.n_children)]
    assert [(child.name, child.format) for child in children] == [
        (name, b"l") for name in (b"in", b"groups", b"params", b"macs")
    ]
    assert schema.format == b"+s"
    assert stream.get_next(pointer, ctypes.pointer(array)) == 0
    assert (array.length, array.n_children) == (len(wanted()), 4)
    read = []
    for number in range(4):
        child = array.children[number].contents
        values = (ctypes.c_int64 * child.length).from_address(child.buffers[1])
        bits = child.buffers[0] and (ctypes.c_uint8 * 3).from_address(child.buffers[0])
        there = [not bits or bits[at // 8] >> at % 8 & 1 for at in range(child.length)]
        read.append([v if t else None for v, t in zip(values, there, strict=True)])
        assert child.null_count == read[-1].count(None)
    assert list(zip(*read, strict=True)) == wanted()
    array.release(ctypes.pointer(array))
    assert not array.release
    end = arrow._Array()
    assert stream.get_next(pointer, ctypes.pointer(end)) == 0
    assert not end.release
    schema.release(ctypes.pointer(schema))
    stream.release(pointer)
    assert not stream.release


def test_an_error_in_a_stream_is_a_sentence() -> None:
    plan = convcost.plan("100000x100000", "1x1", vary={"in": [2**31 - 1], "out": [2**31 - 1]})
    capsule = plan.batches().__arrow_c_stream__()
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    stream = arrow._Stream.from_address(get(capsule, b"arrow_array_stream"))
    pointer, array = ctypes.pointer(stream), arrow._Array()
    assert stream.get_next(pointer, ctypes.pointer(array)) == arrow.EIO
    error = ctypes.cast(stream.get_last_error(pointer), ctypes.c_char_p).value
    assert (error or b"").splitlines() == [b"macs leaves 64 bits", b"  narrow the axes"]
    stream.release(pointer)


def test_streams_that_nobody_reads_leave_nothing_behind() -> None:
    import gc
    import weakref

    source = arrow._Source((), iter(()))
    gone = weakref.ref(source)
    reference = arrow._keep(source)
    del source
    gc.collect()
    assert gone() is not None
    arrow._let_go(reference)
    gc.collect()
    assert gone() is None
    for _ in range(100):
        space().batches().__arrow_c_stream__()
