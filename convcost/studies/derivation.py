"""The question of ``formula``: what does a design cost in symbols?

The design is built and counted by the ordinary engine, on sympy symbols in place of numbers.
The only file that knows sympy; it is an extra, imported on use.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.engine.counting import count
from convcost.errors import ConvcostError, MissingExtraError, OperationError
from convcost.language.building import Subject, build_network
from convcost.language.expressions import Functions
from convcost.language.library import Library

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
    """The formulas of a design. ``arguments`` are for it alone, ``fixed`` for both designs.

    Raises ConvcostError where a design decides by the numbers themselves, and
    MissingExtraError without sympy.
    """
    sympy = _sympy()
    symbols = symbolic_library(library)
    own = _costs(sympy, symbols, name, axes, {**(fixed or {}), **(arguments or {})})
    base = _costs(sympy, symbols, versus, axes, dict(fixed or {}))
    ratios = [
        sympy.expand(sympy.cancel(cost / other)) if other != 0 else sympy.nan
        for cost, other in zip(own, base, strict=True)
    ]
    title = symbols.find(name).name
    return Derivation(title, symbols.find(versus).name, *map(sympy.factor_terms, own), *ratios)


def _costs(
    sympy: Any, library: Library, name: str, axes: int, settings: dict[str, Any]
) -> tuple[Any, Any]:
    try:
        design = library.find(name)
    except OperationError as problem:
        raise ConvcostError(problem.message, hint=problem.hint) from None
    letters = sympy.symbols(f"{' '.join(AXES[axes])} Cin Cout K", integer=True, positive=True)
    if design.kind == "network":
        raise ConvcostError(
            f"{name} is a network: its layers have sizes of their own, and no single formula",
            hint="formula is for designs; convcost count shows its numbers",
        )
    *spatial, channels, out, kernel = letters
    symbols = {"kernel_size": kernel, "out_channels": out}
    arguments = {key: symbol for key, symbol in symbols.items() if design.accepts(key)}
    known = {key: value for key, value in settings.items() if design.accepts(key)}
    try:
        subject = build_network(
            library,
            design,
            input=(*spatial, channels),
            arguments={**arguments, **known},
        )
    except ConvcostError as problem:
        raise ConvcostError(
            f"{name} has no single formula: {problem.message}",
            hint="it decides by the numbers themselves; fix the parameter with --set",
        ) from None
    total = count(subject.graph).total
    return sympy.sympify(total.params), sympy.sympify(total.macs)


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
    """An expression in LaTeX."""
    import sympy

    return str(sympy.latex(expression))


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
