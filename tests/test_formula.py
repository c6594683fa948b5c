"""Formulas in symbols: derived by the engine itself, and true at every number."""

from __future__ import annotations

import json
import random
import sys
from fractions import Fraction
from typing import Any

import pytest
from conftest import Run, refusal

from convcost.engine.counting import Count
from convcost.engine.counting import count as count_graph
from convcost.errors import ConvcostError, OperationError
from convcost.language.building import build_network
from convcost.language.library import PACKAGE, Library
from convcost.language.values import whole
from convcost.studies.derivation import as_python, as_text, closed_forms, derive

DESIGNS = sorted(path.stem for path in (PACKAGE / "designs").glob("*.toml"))
UNDERIVABLE: set[str] = set()
"""Shipped designs without a single formula: none."""

NOTHING: dict[str, Any] = {"__builtins__": {}}


def counted(name: str, sizes: dict[str, int], axes: str, **settings: Any) -> Count:
    """The ordinary count of a design at these sizes."""
    library = Library()
    design = library.find(name)
    given = {"kernel_size": sizes["K"], "out_channels": sizes["Cout"]}
    arguments = {key: value for key, value in given.items() if design.accepts(key)}
    shape = (*(sizes[axis] for axis in axes), sizes["Cin"])
    subject = build_network(library, design, input=shape, arguments={**arguments, **settings})
    return count_graph(subject.graph)


def value(expression: str, sizes: dict[str, int]) -> Any:
    """A derived expression at these sizes, worked out by Python, exactly."""
    exact = {name: Fraction(size) for name, size in sizes.items()}
    return eval(expression, NOTHING | {"max": max, "min": min}, exact)


def random_sizes(chance: random.Random, axes: str) -> dict[str, int]:
    """Channels that every group count of the catalogue divides, and that differ."""
    cin, cout = chance.sample([128 * n for n in range(1, 9)], 2)
    return {"Cin": cin, "Cout": cout, "K": chance.choice([1, 3, 5, 7])} | {
        axis: chance.choice([8, 14, 28, 30]) for axis in axes
    }


@pytest.mark.parametrize("name", DESIGNS)
def test_formula_at_random_numbers_is_the_count(name: str) -> None:
    if name in UNDERIVABLE:
        with pytest.raises(ConvcostError, match="has no single formula"):
            derive(Library(), name)
        return
    derived = derive(Library(), name)
    params, macs = as_python(derived.params), as_python(derived.macs)
    chance = random.Random(name)
    for _ in range(8):
        sizes = random_sizes(chance, "HW")
        own, base = counted(name, sizes, "HW"), counted("standard", sizes, "HW")
        assert (value(params, sizes), value(macs, sizes)) == (own.params, own.macs), sizes
        assert value(as_python(derived.params_ratio), sizes) == Fraction(own.params, base.params)
        assert value(as_python(derived.macs_ratio), sizes) == Fraction(own.macs, base.macs)


@pytest.mark.parametrize("axes", ["L", "HW", "DHW"])
@pytest.mark.parametrize("name", ["standard", "separable", "bottleneck", "ghost"])
def test_formula_holds_in_one_two_and_three_dimensions(name: str, axes: str) -> None:
    derived = derive(Library(), name, axes=len(axes))
    sizes = random_sizes(random.Random(name + axes), axes)
    own = counted(name, sizes, axes)
    assert value(as_python(derived.params), sizes) == own.params
    assert value(as_python(derived.macs), sizes) == own.macs


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("bottleneck", {"reduction": 2}),
        ("bottleneck", {"projection": True}),
        ("inverted_residual", {"expansion": 3}),
        ("mbconv", {"expansion": 1}),
        ("grouped", {"groups": 4}),
        ("ghost", {"ratio": 4}),
        ("low_rank", {"rank": 5}),
    ],
)
def test_parameters_that_are_set_stand_in_the_formula(name: str, settings: dict[str, Any]) -> None:
    derived = derive(Library(), name, arguments=settings)
    sizes = random_sizes(random.Random(name), "HW")
    own = counted(name, sizes, "HW", **settings)
    assert value(as_python(derived.params), sizes) == own.params
    assert value(as_python(derived.macs), sizes) == own.macs


def test_ceil_is_whole_division_rounded_up_where_it_is_odd() -> None:
    derived = derive(Library(), "ghost")
    for cout in (5, 6, 7):
        sizes = {"Cin": 8, "Cout": cout, "K": 1, "H": 4, "W": 4}
        half = (cout + 1) // 2
        assert value(as_python(derived.params), sizes) == 8 * half + 3 * 3 * half


def test_separable_against_standard_is_the_equation_of_its_paper() -> None:
    derived = derive(Library(), "separable")
    assert as_text(derived.macs_ratio) == "1/Cout + 1/K^2"  # MobileNets, section 3.1


def test_text_form(invoke: Run) -> None:
    assert invoke("formula", "separable").out == (
        "separable\n"
        "params             Cin*(Cout + K^2)\n"
        "MACs               Cin*H*W*(Cout + K^2)\n"
        "params / standard  1/Cout + 1/K^2\n"
        "MACs / standard    1/Cout + 1/K^2\n"
        "stride 1 unless set; groups divide the channels; Cin and Cout differ\n"
    )


def test_latex_form(invoke: Run) -> None:
    out = invoke("formula", "separable", "--versus", "bottleneck", "--format", "latex").out
    lines = out.splitlines()
    assert lines[:5] == [
        "% separable; stride 1 unless set; groups divide the channels; Cin and Cout differ",
        r"% \usepackage{amsmath}",
        r"\begin{align*}",
        r"\text{params} &= C_{in} \left(C_{out} + K^{2}\right) \\",
        r"\text{MACs} &= C_{in} H W \left(C_{out} + K^{2}\right) \\",
    ]
    assert lines[-1] == r"\end{align*}"
    assert len(lines) == 3 + 4 + 1


def test_json_form(invoke: Run) -> None:
    assert json.loads(invoke("formula", "ghost", "--format", "json").out) == {
        "schema": "convcost.formula/1",
        "design": "ghost",
        "versus": "standard",
        "params": "(Cin*K**2 + 9)*(-(-Cout//2))",
        "macs": "H*W*(Cin*K**2 + 9)*(-(-Cout//2))",
        "params_ratio": "(-(-Cout//2))/Cout + 9*(-(-Cout//2))/(Cin*Cout*K**2)",
        "macs_ratio": "(-(-Cout//2))/Cout + 9*(-(-Cout//2))/(Cin*Cout*K**2)",
        "assumptions": "stride 1 unless set; groups divide the channels; Cin and Cout differ",
    }


def test_text_writes_ceil_and_powers_as_people_do(invoke: Run) -> None:
    assert "params             (Cin*K^2 + 9)*ceil(Cout/2)\n" in invoke("formula", "ghost").out


def test_stride_is_for_both_designs(invoke: Run) -> None:
    out = invoke("formula", "separable", "--stride", "2", "--format", "json").out
    macs = json.loads(out)["macs"]
    sizes = {"H": 28, "W": 14, "Cin": 16, "Cout": 32, "K": 3}
    assert value(macs, sizes) == 14 * 7 * (3 * 3 * 16 + 16 * 32)
    assert json.loads(out)["macs_ratio"] == "K**(-2) + 1/Cout"


def test_missing_sympy_is_one_clear_line(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert invoke("formula", "separable") == refusal(
        "error: formula needs the package sympy",
        "  install it with: pip install 'convcost[formula]'",
    )


def test_explain_works_without_sympy(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    result = invoke("explain", "separable", "56x56x256", "-k", "3", "-o", "64")
    assert result.code == 0
    assert "layer by layer" in result.out
    assert "closed form" not in result.out


def test_a_decision_by_the_numbers_is_said(invoke: Run, tmp_path: Any) -> None:
    (tmp_path / "wide.toml").write_text(
        '[[layers]]\ntype = "conv"\nkernel_size = 1\n'
        'out_channels = "8 if in_channels > 32 else 4"\n'
    )
    result = invoke("formula", "wide.toml")
    assert (result.code, result.out) == (2, "")
    first, *_ = result.err.splitlines()
    assert first.startswith("error: wide has no single formula: ")
    assert result.err.endswith(
        "  it decides by the numbers themselves; fix the parameter with --set\n"
    )


def test_unknown_design_and_format(invoke: Run) -> None:
    assert invoke("formula", "seperable") == refusal(
        "error: seperable is not a layer type or design", "  did you mean separable?"
    )
    assert invoke("formula", "separable", "--format", "svgz").code == 2


def test_closed_form_is_dropped_where_it_does_not_give_this_ratio() -> None:
    library = Library()

    def forms(name: str, channels: int, out: int) -> tuple[str | None, str | None]:
        arguments = {"kernel_size": 3, "out_channels": out}
        built = [
            build_network(
                library, library.find(each), input=(28, 28, channels), arguments=arguments
            )
            for each in (name, "standard")
        ]
        return closed_forms(library, *built)

    assert forms("separable", 256, 64) == ("1/out_channels + 1/K^2",) * 2
    assert forms("separable", 64, 64) == ("1/out_channels + 1/K^2",) * 2
    # Where no channels change, the unit splits, which the general formula does not.
    assert forms("shufflenet_v2_unit", 116, 116) == (None, None)
    assert None not in forms("shufflenet_v2_unit", 116, 232)


LINES = [
    # What a line leaves open of kernels and channels is a symbol; the rest are its numbers.
    ("1x1, dw 3x3, 1x1", "Cin*Cout + 9*Cout + Cout**2", "H*W*(Cin*Cout + 9*Cout + Cout**2)"),
    ("conv", "K**2*Cin*Cout", "H*W*K**2*Cin*Cout"),
    ("conv bias, relu", "K**2*Cin*Cout + Cout", "H*W*K**2*Cin*Cout"),
    ("conv 3x3 64", "9*Cin*64", "H*W*9*Cin*64"),
    ("pixel_shuffle 2, conv 3x3 8", "9*Cin/4*8", "4*H*W*9*Cin/4*8"),
    ("space_to_depth 2, conv 3x3 8", "9*4*Cin*8", "H*W/4*9*4*Cin*8"),
    ("attention 8", "4*Cin**2", "4*H*W*Cin**2 + 2*(H*W)**2*Cin"),
    ("deform_conv", "K**2*Cin*Cout", "H*W*K**2*Cin*Cout"),
    ("Conv2d(3, 8, 3, padding=1)", "9*Cin*8 + 8", "H*W*9*Cin*8"),
    ("(1x1 8) x3", "8*Cin + 2*64", "H*W*(8*Cin + 2*64)"),
    ("pad 1, conv 3x3 8 valid", "9*Cin*8", "H*W*9*Cin*8"),
]


@pytest.mark.parametrize(("line", "params", "macs"), LINES)
def test_a_line_of_layers_has_a_formula(line: str, params: str, macs: str) -> None:
    import sympy

    from convcost.language.library import Library
    from convcost.studies.derivation import derive

    derived = derive(Library(), line)
    symbols = sympy.symbols("H W Cin Cout K", integer=True, positive=True)
    names = {symbol.name: symbol for symbol in symbols}
    assert sympy.simplify(derived.params - sympy.sympify(params, names)) == 0
    assert sympy.simplify(derived.macs - sympy.sympify(macs, names)) == 0


@pytest.mark.parametrize(("kind", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_a_recurrent_layer_has_the_formula_of_its_gates(kind: str, gates: int) -> None:
    import sympy

    from convcost.language.library import Library
    from convcost.studies.derivation import derive

    derived = derive(Library(), f"{kind} bias", axes=1)
    steps, channels, hidden = sympy.symbols("L Cin Cout", integer=True, positive=True)
    assert sympy.expand(derived.params - gates * hidden * (channels + hidden + 2)) == 0
    assert sympy.expand(derived.macs - gates * steps * hidden * (channels + hidden)) == 0


def test_a_line_that_has_no_formula_says_why(invoke: Run) -> None:
    done = invoke("formula", "conv 3x3, foo 3x3")
    assert done.code == 2
    assert done.err.startswith(
        "error: foo is not a layer type or design\n  conv 3x3, foo 3x3\n            ^^^\n"
    )
    done = invoke("formula", "conv 3x3, conv 1x1", "--set", "stride=2")
    assert (done.code, done.err) == (
        2,
        "error: stride beside several layers: which of them is meant?\n"
        "  write it on the line, such as stride 2\n",
    )


def test_a_product_of_sizes_that_are_rounded_up_keeps_both_of_them(invoke: Run) -> None:
    out = invoke("formula", "mbconv", "--stride", "2").out
    se = "2*max(1, Cin//4)"
    inside = "Cin*H*W + Cout*ceil(H/2)*ceil(W/2) + K^2*ceil(H/2)*ceil(W/2)"
    assert f"MACs 6*Cin*({inside} + {se}) params / standard" in " ".join(out.split())


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("expansion=-1", "expansion must be at least 0, not -1"),
        ("expansion=0", "out_channels must be at least 1, not 0"),
        ("kernel_size=-3", "kernel_size must be at least 1, not -3"),
        ("stride=0", "stride must be at least 1, not 0"),
    ],
)
def test_a_formula_of_nothing_is_refused_with_the_setting(
    invoke: Run, setting: str, sentence: str
) -> None:
    place = f"  --set {setting}"
    assert invoke("formula", "mbconv", "--set", setting) == refusal(f"error: {sentence}", place)


def test_a_symbol_that_is_below_zero_is_no_size() -> None:
    sympy = pytest.importorskip("sympy")
    channels = sympy.Symbol("Cin", integer=True, positive=True)
    with pytest.raises(OperationError, match="out_channels must be at least 1, not -Cin"):
        whole(-channels, "out_channels")
    assert whole(channels, "out_channels") is channels
