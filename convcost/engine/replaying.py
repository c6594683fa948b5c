"""A record as one Python function of its inputs: what a stream runs line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from convcost.engine.records import Guard, Operand, Record, Step

Replay: TypeAlias = Callable[..., "tuple[int, ...] | None"]


def compile_record(record: Record) -> Replay:
    """A function that returns the results, or None where a guard takes another side.

    The source holds nothing but names that ``tracing`` made up, integers and operators.
    """
    values = ", ".join(map(_text, record.results))
    body = "\n ".join([*map(_line, record.lines), f"return ({values}{',' * bool(values)})"])
    inputs = ", ".join(f"x{number}" for number in range(record.inputs))
    source = f"def replay({inputs}):\n {body}\n"
    scope: dict[str, Any] = {"__builtins__": {}}
    exec(compile(source, "<replay>", "exec"), scope)
    replay: Replay = scope["replay"]
    return replay


def _line(line: Step | Guard) -> str:
    left, right = _text(line.left), _text(line.right)
    if isinstance(line, Guard):
        return f"if {'not ' * line.holds}({left} {line.operator} {right}): return None"
    return f"{line.name} = {left} {line.operator} {right}"


def _text(operand: Operand) -> str:
    if isinstance(operand, int):
        return f"({operand})" if operand < 0 else str(operand)
    return operand
