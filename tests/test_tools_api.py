"""Other tools from Python: the same answers as the commands give."""

from __future__ import annotations

import json

import pytest
from conftest import Run

import convcost
from convcost.errors import ConvcostError


def test_conventions_and_reconcile_answer_as_the_commands_do(invoke: Run) -> None:
    told = json.loads(invoke("conventions", "lenet5", "--json").out)
    assert json.loads(convcost.conventions("lenet5").render("json")) == told
    derived = json.loads(invoke("conventions", "lenet5", "--tool", "thop", "--json").out)
    assert json.loads(convcost.conventions("lenet5", tool="thop").render("json")) == derived
    traced = json.loads(invoke("reconcile", "resnet18", "1.82G", "--json").out)
    assert json.loads(convcost.reconcile("resnet18", reported="1.82G").render("json")) == traced
    params = json.loads(invoke("reconcile", "resnet18", "--params", "11.7M", "--json").out)
    assert json.loads(convcost.reconcile("resnet18", params="11.7M").render("json")) == params


def test_settings_reach_the_network() -> None:
    half = convcost.reconcile("mobilenet_v1", reported="150M", width=0.5).render()
    assert half.startswith("mobilenet_v1: 150M MACs printed, ")
    assert "exact" in half


@pytest.mark.parametrize("figures", [{}, {"reported": "1G", "params": "1M"}])
def test_one_figure_is_traced(figures: dict[str, str]) -> None:
    with pytest.raises(ConvcostError, match="reconcile takes one figure: reported or params"):
        convcost.reconcile("resnet18", **figures)


def test_one_tool_or_rules_beside_them() -> None:
    with pytest.raises(ConvcostError, match="no other stands beside it"):
        convcost.conventions("lenet5", tool="thop", also=["./lab.toml"])
