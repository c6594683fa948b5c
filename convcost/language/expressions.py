"""Safe, exact arithmetic for design files: text -> a closure over a scope of names.

Owns the language: whole numbers and decimals (kept as fractions: ``64 * 0.75`` is exactly 48),
``+ - * / // %``, comparisons, ``and or not``, ``a if c else b``, ``name[0]``, and the functions
in ``EXACT``. Python's own parser reads it; every node outside the list below is refused before
anything runs, and nothing is ever handed to ``eval``.

Why not simpleeval: it computes decimals and ``/`` in floating point, walks the syntax tree anew
at each evaluation (a stream evaluates one design a hundred thousand times), and keeps no column
for the caret. Bounds here: ``MAX_LENGTH`` characters, ``MAX_DEPTH`` nested nodes, results below
``MAX_RESULT`` in size.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from convcost.engine.shapes import is_known
from convcost.errors import ConvcostError, SpecError, did_you_mean, shorten

Scope: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Scope], Any]
Functions: TypeAlias = Mapping[str, Callable[..., Any]]

MAX_LENGTH = 400
MAX_DEPTH = 24
MAX_RESULT = 2**63

ALLOWED = "numbers, names, + - * / // %, comparisons, and/or/not, a if b else c and "


class ExpressionError(ConvcostError):
    """An expression is malformed or has no value. ``span`` marks the part to blame."""

    def __init__(
        self, message: str, text: str, span: tuple[int, int], *, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.span = span
        self.field: str | None = None
        """The key of the file that holds the expression, once somebody knows it."""

    def at(self, place: str | None) -> SpecError:
        """The same for a reader: where the expression stands, and a caret in its text."""
        return SpecError(self.message, text=self.text, span=self.span, place=place, hint=self.hint)


def floor(value: Any) -> Any:
    """The largest whole number not above ``value``."""
    return value // 1


def ceil(value: Any) -> Any:
    """The smallest whole number not below ``value``."""
    return -(-value // 1)


def round_to(value: Any, divisor: Any) -> Any:
    """The nearest multiple of ``divisor``, at least one, not below 90 % of ``value``.

    The rule for channel counts of Sandler et al. 2018 (their released code): round half up, and
    where that loses more than a tenth take the next multiple.
    """
    nearest = max(divisor, (2 * value + divisor) // (2 * divisor) * divisor)
    return nearest + divisor if 10 * nearest < 9 * value else nearest


EXACT: Functions = {"ceil": ceil, "floor": floor, "round_to": round_to, "min": min, "max": max}
"""The functions of the language, on numbers."""

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: lambda dividend, divisor: dividend // _divisor(divisor),
    ast.Mod: lambda dividend, divisor: dividend % _divisor(divisor),
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _divisor(value: Any) -> Any:
    """A divisor that is not zero: symbols would divide by it, to a value without a meaning."""
    if value == 0:
        raise ZeroDivisionError
    return value


def divide(dividend: Any, divisor: Any) -> Any:
    """Exact division: a fraction, or a whole number where nothing is left over."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        dividend = Fraction(dividend)
    return whole_if_possible(dividend / _divisor(divisor))


def whole_if_possible(value: Any) -> Any:
    """A fraction without a remainder as an int; anything else as it is."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return value


def compile_expression(text: str, functions: Functions = EXACT) -> Evaluate:
    """``text`` as a function of a scope. Raises ExpressionError with a span in ``text``."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression of {len(text)} characters is too long",
            text,
            (0, 1),
            hint=f"at most {MAX_LENGTH}",
        )
    try:
        with warnings.catch_warnings():
            # What Python only warns of ("1if x else 2") is no expression here.
            warnings.simplefilter("error", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        column = max(0, (error.offset or 1) - 1)
        raise ExpressionError(
            f"{shorten(text)!r} is not an expression", text, (column, column + 1)
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"{shorten(text)!r} is not an expression", text, (0, 1)) from None
    compiler = _Compiler(text.strip(), functions)
    return compiler.guarded(compiler.compile(tree.body, 0))


class _Compiler:
    """Turns a checked syntax tree into nested closures."""

    def __init__(self, text: str, functions: Functions) -> None:
        self.text = text
        self.functions = functions

    def error(self, node: ast.expr, message: str, hint: str | None = None) -> ExpressionError:
        line = self.text.encode()
        start = len(line[: node.col_offset].decode(errors="replace"))
        end = len(line[: node.end_col_offset].decode(errors="replace"))
        return ExpressionError(message, self.text, (start, end), hint=hint)

    def guarded(self, evaluate: Evaluate) -> Evaluate:
        """The same with arithmetic mistakes turned into one error and the size bounded."""
        text = self.text

        def run(scope: Scope) -> Any:
            try:
                value = evaluate(scope)
            except ZeroDivisionError:
                raise ExpressionError("division by zero", text, (0, len(text))) from None
            except TypeError:
                raise ExpressionError(
                    "values of these kinds do not go together", text, (0, len(text))
                ) from None
            if is_known(value) and not -MAX_RESULT < value < MAX_RESULT:
                raise ExpressionError("the result is too large", text, (0, len(text)))
            if isinstance(value, Fraction) and value.denominator > MAX_RESULT:
                raise ExpressionError(
                    "the result has too many decimals",
                    text,
                    (0, len(text)),
                    hint="fractions end at a denominator of 2^63; round it with floor or ceil",
                )
            return whole_if_possible(value)

        return run

    def compile(self, node: ast.expr, depth: int) -> Evaluate:
        """One node; refuses what the language does not have."""
        if depth > MAX_DEPTH:
            raise self.error(node, "the expression is nested too deeply")
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise self.error(
                node,
                f"{shorten(ast.unparse(node), 30)!r} is not arithmetic",
                f"allowed: {ALLOWED}{', '.join(self.functions)}",
            )
        evaluate: Evaluate = handler(node, depth + 1)
        return evaluate

    def _constant(self, node: ast.Constant, depth: int) -> Evaluate:
        value: Any = node.value
        if isinstance(value, str):
            return lambda scope: value  # only comparisons take a text: see _number
        if isinstance(value, float):
            source = ast.get_source_segment(self.text, node) or ""
            if len(source) > 20 or not set(source) <= set("0123456789."):
                raise self.error(node, f"{shorten(source)} is not a plain decimal")
            value = whole_if_possible(Fraction(source))
        elif not isinstance(value, int) or abs(value) >= MAX_RESULT:
            raise self.error(node, f"{shorten(repr(node.value), 30)} is not a number")
        return lambda scope: value

    def _name(self, node: ast.Name, depth: int) -> Evaluate:
        name = node.id

        def read(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                known = [*scope, *self.functions]
                raise self.error(
                    node, f"{name} is not known here", did_you_mean(name, known)
                ) from None

        return read

    def _binop(self, node: ast.BinOp, depth: int) -> Evaluate:
        kind = type(node.op)
        apply = divide if kind is ast.Div else _BINARY.get(kind)
        if apply is None:
            raise self.error(
                node, f"{shorten(ast.unparse(node), 30)!r} uses an operator outside + - * / // %"
            )
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda scope: apply(_number(left(scope)), _number(right(scope)))

    def _unaryop(self, node: ast.UnaryOp, depth: int) -> Evaluate:
        operand = self.compile(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return lambda scope: not operand(scope)
        if isinstance(node.op, ast.USub):
            return lambda scope: -_number(operand(scope))
        if isinstance(node.op, ast.UAdd):
            return lambda scope: _number(operand(scope))
        raise self.error(node, "~ is not arithmetic")

    def _boolop(self, node: ast.BoolOp, depth: int) -> Evaluate:
        parts = [self.compile(value, depth) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda scope: all(part(scope) for part in parts)
        return lambda scope: any(part(scope) for part in parts)

    def _compare(self, node: ast.Compare, depth: int) -> Evaluate:
        operators = [_COMPARE.get(type(op)) for op in node.ops]
        if None in operators:
            raise self.error(node, "a comparison is one of == != < <= > >=")
        parts = [self.compile(part, depth) for part in (node.left, *node.comparators)]

        def run(scope: Scope) -> bool:
            values = [part(scope) for part in parts]
            pairs = zip(operators, values, values[1:], strict=False)
            return all(bool(op(a, b)) for op, a, b in pairs if op is not None)

        return run

    def _ifexp(self, node: ast.IfExp, depth: int) -> Evaluate:
        test, yes, no = (self.compile(n, depth) for n in (node.test, node.body, node.orelse))
        return lambda scope: yes(scope) if test(scope) else no(scope)

    def _subscript(self, node: ast.Subscript, depth: int) -> Evaluate:
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if type(index) is not int or not 0 <= index <= 2:
            raise self.error(node, "an axis is written [0], [1] or [2]")
        value = self.compile(node.value, depth)

        def pick(scope: Scope) -> Any:
            sizes = value(scope)
            if not isinstance(sizes, tuple):
                return sizes
            if index >= len(sizes):
                raise self.error(node, f"there are only {len(sizes)} axes")
            return sizes[index]

        return pick

    def _call(self, node: ast.Call, depth: int) -> Evaluate:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in self.functions:
            raise self.error(
                node,
                f"{shorten(ast.unparse(node.func), 30)} is not a function here",
                f"known: {', '.join(self.functions)}",
            )
        wanted = {"ceil": (1, 1), "floor": (1, 1), "round_to": (2, 2)}.get(name, (2, 8))
        if node.keywords or not wanted[0] <= len(node.args) <= wanted[1]:
            counts = {(1, 1): "1 argument", (2, 2): "2 arguments"}.get(wanted, "2 to 8 arguments")
            raise self.error(node, f"{name} takes {counts}")
        apply = self.functions[name]
        parts = [self.compile(part, depth) for part in node.args]
        return lambda scope: apply(*[_number(part(scope)) for part in parts])


def _number(value: Any) -> Any:
    """A value that arithmetic may use: not text, a flag or a list of sizes."""
    if isinstance(value, str | bool | tuple) or value is None:
        raise TypeError
    return value
