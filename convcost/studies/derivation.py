"""The question of ``formula``: what does a design cost in symbols?

The design is built and counted by the ordinary engine, on sympy symbols in place of numbers.
The only file that knows sympy; it is an extra, imported on use.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convcost.engine.counting import count
from convcost.errors import ConvcostError, MissingExtraError, OperationError, SpecError
from convcost.language.building import Subject, build_chain, build_network, properly
from convcost.language.expressions import Functions
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import WEIGHTS_ONLY

AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}

ASSUMPTION = "stride 1 unless set; groups divide the channels; Cin and Cout differ"


class Derivation(NamedTuple):
    """Costs as sympy expressions over H, W, Cin, Cout and K, and their ratio to another's."""

    design: str
    versus: str
    params: Any
    macs: Any
    params_ratio: Any
    macs_ratio: Any


def symbolic_library(library: Library) -> Library:
    """The same designs, with functions that know symbols."""
    return library.with_functions(_functions(_sympy()))


def derive(
    library: Library,
    name: str,
    versus: str = "standard",
    *,
    axes: int = 2,
    arguments: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Derivation:
    """The formulas of a design or of a line of layers, ``name``.

    ``arguments`` are for it alone, ``fixed`` for both designs. Raises ConvcostError where a
    design decides by the numbers themselves, and MissingExtraError without sympy.
    """
    sympy = _sympy()
    symbols = symbolic_library(library)
    own = _costs(sympy, symbols, name, axes, {**(fixed or {}), **(arguments or {})})
    base = _costs(sympy, symbols, versus, axes, dict(fixed or {}))
    ratios = [
        sympy.expand(sympy.cancel(cost / other)) if other != 0 else sympy.nan
        for cost, other in zip(own, base, strict=True)
    ]
    titles = [title_of(symbols, asked) for asked in (name, versus)]
    return Derivation(*titles, *map(sympy.factor_terms, own), *ratios)


def is_line(text: str) -> bool:
    """Whether a word is a line of layers rather than one name or file: ``1x1, dw 3x3, 1x1``."""
    return any(mark in text.strip() for mark in " ,;(>\n")


def title_of(library: Library, asked: str) -> str:
    """What a design is called; a line is called by its words."""
    return library.find(asked).name if library.knows(asked) else " ".join(asked.split())


def _costs(
    sympy: Any, library: Library, asked: str, axes: int, settings: dict[str, Any]
) -> tuple[Any, Any]:
    """Parameters and MACs of a design by name, or of a line of layers, in symbols."""
    letters = sympy.symbols(f"{' '.join(AXES[axes])} Cin Cout K", integer=True, positive=True)
    *spatial, channels, out, kernel = letters
    make = _design if library.knows(asked) else _line
    build = make(library, asked, {"kernel_size": kernel, "out_channels": out}, settings)
    try:
        total = count(build((*spatial, channels)).graph).total
    except (ConvcostError, TypeError, ZeroDivisionError) as problem:
        if isinstance(problem, ConvcostError) and _is_out_of_bounds(problem) and settings:
            place = " ".join(f"--set {key}={value}" for key, value in settings.items())
            raise SpecError(problem.message, place=place) from None
        reason = problem.message if isinstance(problem, ConvcostError) else "it needs numbers"
        if isinstance(problem, ZeroDivisionError):
            reason = "division by zero"
        raise ConvcostError(
            f"{asked} has no single formula: {reason}",
            hint="it decides by the numbers themselves; fix the parameter with --set",
        ) from None
    return _upwards(sympy, total.params), _upwards(sympy, total.macs)


def _upwards(sympy: Any, cost: Any) -> Any:
    """``cost`` with divisions that round up in place of ``-(-H // 2)``, two of which lose signs."""
    return sympy.sympify(cost).replace(
        lambda part: part.func is sympy.floor and part.args[0].could_extract_minus_sign(),
        lambda part: -sympy.ceiling(-part.args[0]),
    )


def _is_out_of_bounds(problem: ConvcostError) -> bool:
    """Whether a value is the mistake, and not that there is a symbol in place of a number."""
    return " must be at " in problem.message


Build = Callable[[Any], Subject]
"""What builds a subject on an input of symbols."""


def _design(
    library: Library, name: str, symbols: Mapping[str, Any], settings: Mapping[str, Any]
) -> Build:
    """A design with symbols where it takes a kernel and output channels."""
    design = library.find(name)
    if design.kind == "network":
        raise ConvcostError(
            f"{name} is a network: its layers have sizes of their own, and no single formula",
            hint="formula is for designs; convcost count shows its numbers",
        )
    given = {key: value for key, value in {**symbols, **settings}.items() if design.accepts(key)}
    return lambda shape: build_network(library, design, input=shape, arguments=given)


def _line(
    library: Library, text: str, symbols: Mapping[str, Any], settings: Mapping[str, Any]
) -> Build:
    """A line of layers: what it leaves open of kernels and channels becomes a symbol.

    ``settings`` are for a single layer: of several nobody could say which is meant.
    """
    from convcost.sources.text import parse

    layers = parse(text, library.is_own)
    if len(layers) > 1 and settings:
        raise ConvcostError(
            f"{next(iter(settings))} beside several layers: which of them is meant?",
            hint="write it on the line, such as stride 2",
        )
    chain = []
    for written, origin, _ in layers:
        spec = properly(library, written)
        try:
            takes = _takes(library, spec.type)
        except OperationError as problem:
            if not is_line(text):
                raise ConvcostError(problem.message, hint=problem.hint) from None
            raise origin.error(problem) from None
        fields = {key: value for key, value in {**symbols, **settings}.items() if takes(key)}
        frame = {"type": spec.type, "name": spec.name, "repeat": spec.repeat}
        fields = {**frame, **fields, **spec.settings()}
        chain.append((LayerSpec.model_construct(**fields), origin))
    return lambda shape: build_chain(chain, library, shape, None, WEIGHTS_ONLY)


def _takes(library: Library, kind: str) -> Callable[[str], bool]:
    if kind in PRIMITIVES:
        return PRIMITIVES[kind].fields.__contains__
    return library.find(kind).accepts


def closed_forms(
    library: Library, subject: Subject, baseline: Subject
) -> tuple[str | None, str | None]:
    """The ratios of parameters and of MACs to the baseline's, in symbols, for people.

    None where there is no single formula, and where the general formula does not give this
    ratio: a design may decide by the numbers (ShuffleNet V2 splits where no channels change).
    """
    shape, asked = subject.graph.inputs[0], {**baseline.arguments, **subject.arguments}
    kernel = asked.get("kernel_size", 1)
    if baseline.design is None or not library.knows(subject.design or "") or len(shape) == 1:
        return None, None
    if isinstance(kernel, str | list | tuple) or asked.get("stride", 1) != 1:
        return None, None
    arguments = {
        name: value
        for name, value in subject.arguments.items()
        if name not in ("kernel_size", "out_channels", "padding")
    }
    axes = len(shape) - 1
    try:
        derived = derive(
            library, subject.design or "", baseline.design, axes=axes, arguments=arguments
        )
    except ConvcostError:
        return None, None
    sizes = dict(zip((*AXES[axes], "Cin"), shape, strict=True))
    sizes |= {"K": kernel, "Cout": asked["out_channels"]}
    own, base = count(subject.graph).total, count(baseline.graph).total
    return (
        _where_it_holds(derived.params_ratio, sizes, own.params, base.params),
        _where_it_holds(derived.macs_ratio, sizes, own.macs, base.macs),
    )


def _where_it_holds(ratio: Any, sizes: Mapping[str, int], own: int, base: int) -> str | None:
    """A ratio in words, if these sizes make it what was counted."""
    value = ratio.subs({symbol: sizes[symbol.name] for symbol in ratio.free_symbols})
    if value * base != own:
        return None
    return as_text(ratio).replace("Cout", "out_channels").replace("Cin", "in_channels")


def as_python(expression: Any) -> str:
    """An expression in Python's syntax, with ``//``, ``max`` and ``min``."""
    import sympy
    from sympy.printing.str import StrPrinter

    class Printer(StrPrinter):  # type: ignore[misc]
        def _print_floor(self, node: Any) -> str:
            top, bottom = node.args[0].as_numer_denom()
            return f"({self._operand(top)}//{self._operand(bottom)})"

        def _print_ceiling(self, node: Any) -> str:
            top, bottom = node.args[0].as_numer_denom()
            return f"(-(-{self._operand(top)}//{self._operand(bottom)}))"

        def _operand(self, node: Any) -> str:
            text = str(self._print(node))
            return text if node.is_Symbol or node.is_Integer else f"({text})"

        def _print_Max(self, node: Any) -> str:  # noqa: N802  # sympy dispatches by class name
            return f"max({', '.join(map(self._argument, node.args))})"

        def _print_Min(self, node: Any) -> str:  # noqa: N802
            return f"min({', '.join(map(self._argument, node.args))})"

        def _argument(self, node: Any) -> str:
            text = str(self._print(node))
            return text[1:-1] if isinstance(node, sympy.floor) else text

    return str(Printer().doprint(expression))


def as_text(expression: Any) -> str:
    """An expression for people: ``1/Cout + 1/K^2``, one fraction a term."""
    import sympy

    terms = sympy.Add.make_args(expression)
    if len(terms) > 8:
        return _for_people(expression)
    parts = []
    for term in sorted(terms, key=lambda term: (term.could_extract_minus_sign(), str(term))):
        top, bottom = term.as_numer_denom()
        words = _for_people(top)
        if bottom != 1:
            under = _for_people(bottom)
            words += f"/({under})" if "*" in under else f"/{under}"
        parts.append(words)
    return " + ".join(parts).replace("+ -", "- ")


def _for_people(expression: Any) -> str:
    """Python's syntax with ``^`` for powers and ``ceil`` for a division that rounds up."""
    import re

    text = re.sub(r"\(-\(-(\w+)//(\w+)\)\)", r"ceil(\1/\2)", as_python(expression))
    return text.replace("**", "^")


def as_latex(expression: Any) -> str:
    """An expression in LaTeX, with the channels as C_{in} and C_{out}."""
    import sympy

    names = {"Cin": "C_{in}", "Cout": "C_{out}"}
    symbols = getattr(expression, "free_symbols", ())
    shown = {symbol: names[symbol.name] for symbol in symbols if symbol.name in names}
    return str(sympy.latex(expression, symbol_names=shown))


def _functions(sympy: Any) -> Functions:
    from convcost.language.expressions import EXACT

    return {
        **EXACT,
        "ceil": sympy.ceiling,
        "min": sympy.Min,
        "max": sympy.Max,
    }


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise MissingExtraError("formula", "sympy", "formula") from None
    return sympy
