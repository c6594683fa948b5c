"""Counting plain code, and sums by module and operator."""

from __future__ import annotations

from typing import Any

import pytest
from torch_truth import MARKS, nn, torch

from convcost.engine.counting import count
from convcost.errors import ConvcostError
from convcost.results import CountResult
from convcost.sources.torch.context import Counting
from convcost.sources.torch.module import from_torch
from convcost.studies.by_module import by_module, by_operator, module_of

pytestmark = MARKS


def net() -> Any:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))


CONV, HEAD = 2 * 6 * 6 * 4 * 27, 2 * 144 * 5


def test_a_training_step_counts_as_pytorch_counts_it() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    module = net()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    image, label = torch.zeros(2, 3, 8, 8), torch.zeros(2, dtype=torch.long)

    def step() -> None:
        loss = nn.functional.cross_entropy(module(image), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    with Counting() as counting:
        step()
        step()
    with FlopCounterMode(display=False) as theirs:
        step()
        step()
    # Backward: the gradient of each weight, and that of the head's input; images need none.
    assert counting.macs == 2 * (CONV + HEAD + CONV + 2 * HEAD)
    assert counting.macs * 2 == theirs.get_total_flops()
    assert counting.params == sum(parameter.numel() for parameter in module.parameters())
    assert not counting.counted.uncounted
    assert by_module(counting.counted)["Sequential.3"].macs == 2 * HEAD


def test_loops_and_plain_tensors() -> None:
    with Counting("loop") as counting:
        state = torch.ones(4, 5) @ torch.ones(5, 6)
        for _ in range(3):
            state = torch.tanh(state)
    assert (counting.macs, counting.element_ops) == (4 * 5 * 6, 3 * 4 * 6)
    assert [row.name for row in counting.counted.rows] == ["matmul", "tanh", "tanh_2", "tanh_3"]
    subject = counting.subject
    assert "4x6" in str(CountResult(subject.name, count(subject.graph), (), subject.notes))


def test_two_models_of_one_class_have_two_names() -> None:
    first, second = nn.Linear(8, 4), nn.Linear(4, 2)
    with Counting() as counting:
        second(first(torch.zeros(3, 8)))
        first(torch.zeros(1, 8))
    assert [row.name for row in counting.counted.rows] == ["Linear", "Linear_2", "Linear_3"]
    assert (counting.macs, counting.params) == (4 * 8 * 4 + 3 * 4 * 2, 8 * 4 + 4 + 4 * 2 + 2)


def test_names_of_rows_are_not_those_of_other_modules() -> None:
    module = nn.ModuleDict({"a": nn.ReLU(), "a_2": nn.Sigmoid()})
    with Counting() as counting:
        for key in ("a", "a", "a_2", "a"):
            module[key](torch.zeros(3))
    names = [row.name for row in counting.counted.rows]
    assert len(set(names)) == 4


def test_activations_are_not_kept() -> None:
    import weakref

    with Counting():
        made = torch.zeros(3) + 1
        held = weakref.ref(made)
        del made
        assert held() is None


def test_a_block_is_read_after_its_end() -> None:
    with Counting() as counting, pytest.raises(ConvcostError) as caught:
        assert counting.macs
    assert caught.value.lines() == ["the counting block has not ended"]
    assert counting.macs == 0
    with pytest.raises(ConvcostError) as caught, counting:
        pass
    assert caught.value.lines() == ["a counting block runs once", "  make a new one"]


def test_an_error_in_the_block_is_the_users_own() -> None:
    with pytest.raises(ZeroDivisionError), Counting() as counting:
        torch.zeros(3) + 1 / 0
    with pytest.raises(ConvcostError):
        assert counting.subject


def test_sums_by_module_and_operator() -> None:
    block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 1))
    counted = count(from_torch(nn.Sequential(block, block, nn.Flatten()), "8x8x4").graph)
    sums = by_module(counted)
    assert list(sums) == ["", "0", "0.0", "0.1", "0.2"]
    assert sums["0"].macs == sums[""].macs == 2 * 8 * 8 * (4 * 4 * 9 + 4 * 4)
    assert (sums["0.0"].rows, sums["0.0"].params) == (2, 4 * 4 * 9 + 4)
    assert list(by_module(counted, depth=1)) == ["", "0"]
    operators = by_operator(counted)
    assert list(operators) == ["conv", "relu"]
    assert operators["conv"].macs == counted.macs
    assert operators["relu"].element_ops == 2 * 8 * 8 * 4
    assert sum(share.params for share in operators.values()) == counted.params


def test_modules_of_rows() -> None:
    scopes = {"a": "A", "a.b": "B", "a.c_2": "C"}
    names = {
        "a.b": "a.b",
        "a.b_2": "a.b",
        "a.b.add": "a.b",
        "a.b.add_3": "a.b",
        "a.c_2": "a.c_2",
        "a.relu": "a",
        "mul": "",
    }
    assert {name: module_of(name, scopes) for name in names} == names
