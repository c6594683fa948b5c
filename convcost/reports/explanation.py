"""An explanation as a blackboard for people, a table, and a document."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from convcost.engine.cost import Cost
from convcost.engine.counting import Row
from convcost.engine.operations.base import Product, grouped, windowed
from convcost.engine.shapes import product
from convcost.quantities import format_count, format_shape, format_sizes, known_shape
from convcost.reports import notes
from convcost.reports.documents import decimal, described
from convcost.reports.escaping import visible
from convcost.reports.report import UNFOLDED, Column, Report
from convcost.reports.theme import paint
from convcost.studies.explanation import Explanation, Step, Versus, explain_row

EXPLAIN_SCHEMA = "convcost.explain/1"
LONGEST_LINE = 100
"""Prose is hard to read in longer lines."""

LABEL = 18
"""Width of the words on the left of the blackboard."""


def blackboard(explanation: Explanation, width: int = 80) -> str:
    """The whole derivation as text of at most ``width`` columns."""
    counted = explanation.counted
    lines = [f"{visible(explanation.subject.name)} on {format_shape(counted.input)}"]
    lines += _wrap(explanation.summary, width)
    for step in explanation.steps:
        lines += ["", *_step(step, counted.batch, width)]
    lines += ["", *_together(explanation, width)]
    if explanation.versus is not None:
        lines += ["", *_versus(explanation, explanation.versus, width)]
    for remark in explanation.remarks:
        lines += _wrap(f"note: {remark}", width)
    lines += ["", notes.caption(counted.batch)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def derivation(rows: Iterable[Row], batch: int, width: int = 80) -> str:
    """Where the numbers of some layers come from, one after the other."""
    steps = (_step(explain_row(row), batch, width) for row in rows)
    return "\n\n".join("\n".join(lines) for lines in steps)


def _step(step: Step, batch: int, width: int) -> list[str]:
    row = step.row
    shapes = f"{format_shape(row.inputs[0])} -> {format_shape(row.node.output)}"
    lines = [f"{visible(row.name)}: {_what(step)}, {shapes}"]
    if not step.products or row.cost is None:
        return lines + _without_macs(step, width)
    lines += _sizes(step, width)
    biases = row.node.operation.biases(row.node.output)
    if len(step.products) == 1:
        lines += _factors(step, step.products[0], batch, width, biases)
    else:
        for part in step.products:
            lines += _line(part.name, "", width)
            lines += _factors(step, part, batch, width, 0)
        if biases:
            lines += _line("biases", format_count(biases), width)
    for remark in step.remarks:
        lines += _wrap(f"  note: {remark}", width)
    return lines


def _sizes(step: Step, width: int) -> list[str]:
    """How the map gets its size, once where all axes agree."""
    lines: list[str] = []
    for axis in dict.fromkeys(step.axes):
        pads = f" + {axis.before} + {axis.after}" if axis.before or axis.after else ""
        text = f"floor(({axis.size}{pads} - {axis.extent}) / {axis.stride}) + 1 = {axis.output}"
        lines += _line("" if lines else "output size", text, width)
    padded = any(axis.before or axis.after for axis in step.axes)
    why = f"(input{' + padding on both sides' * padded} - kernel, over stride)"
    return [*lines, *_line("", why, width)] if lines else []


def _factors(step: Step, part: Product, batch: int, width: int, biases: int) -> list[str]:
    """One product: a kernel and why, how many, then work and values."""
    per_kernel, weights = [*part.kernel, part.channels_seen], part.kernel_weights
    total = format_count(part.kernels * weights)
    lines = []
    if part.is_learned:
        text = f"{_product(per_kernel)} = {format_count(weights)} weights"
        lines += _line("one kernel", text, width)
        lines += _line("", f"({_why(step, part)})", width)
        one_each = f"one for each {part.positions_are} channel"
        if len(step.products) > 1:
            one_each = "one for each value at a position"
        lines += _line("kernels", f"{format_count(part.kernels)}, {one_each}", width)
        lines += _line("parameters", f"{_product([part.kernels, weights])} = {total}", width)
        if biases:
            summed = format_count(part.weights + biases)
            lines += _line("", f"{total} + {biases} biases = {summed}", width)
    value = f"one {part.positions_are} value"
    lines += _line(value, f"{format_count(weights)} multiply-accumulates", width)
    sizes = [*([batch] if batch != 1 else []), *part.positions, part.kernels]
    values = product(sizes)
    what = f"{_product(sizes)} = {format_count(values)}"
    lines += _line(f"{part.positions_are} values", what, width)
    macs = f"{_product([values, weights])} = {format_count(values * weights)}"
    return lines + _line("MACs", macs, width)


def _what(step: Step) -> str:
    """``conv 3x3, 256 groups``."""
    words = [step.row.type]
    if step.kernel:
        words[0] += f" {format_shape(step.kernel)}"
    window = windowed(step.row.node.operation)
    if window is not None:
        for field, sizes in (("stride", window.stride), ("dilation", window.dilation)):
            if any(size != 1 for size in sizes):
                words.append(f"{field} {format_sizes(sizes)}")
    groups = _groups(step)
    if groups != 1:
        words.append(f"{groups} groups")
    return ", ".join(words)


def _groups(step: Step) -> int:
    operation = grouped(step.row.node.operation)
    return 1 if operation is None else operation.groups


def _why(step: Step, part: Product) -> str:
    """Why a kernel is as large as it is."""
    groups = _groups(step)
    seen = part.channels_seen
    if part.positions_are == "input":
        return f"each input value is spread over {seen} output channels"
    if len(step.products) > 1:
        return f"it spans all {seen} values that it reads, and their products are summed"
    if groups == 1:
        return f"it spans all {seen} input channels, and their products are summed"
    channels = "channel" if seen == 1 else "channels"
    return f"it spans {seen} {channels}: {step.row.inputs[0][-1]} input channels / {groups} groups"


def _without_macs(step: Step, width: int) -> list[str]:
    row = step.row
    if row.cost is None:
        return _line("cost", "not known", width)
    if row.cost.macs:
        return _counted_elsewhere(row.cost, width)
    if not row.cost.element_ops and not row.cost.params:
        return _line("cost", "free: values are only moved", width)
    lines = _line("element ops", f"{format_count(row.cost.element_ops)}, none of them a MAC", width)
    if row.cost.params:
        lines += _line("parameters", format_count(row.cost.params), width)
    return lines


def _counted_elsewhere(cost: Cost, width: int) -> list[str]:
    """A product whose factors a foreign model does not tell apart."""
    lines = _line("parameters", format_count(cost.params), width) if cost.params else []
    lines += _line("MACs", f"{format_count(cost.macs)}, from the sizes in the model's file", width)
    if cost.element_ops:
        words = f"{format_count(cost.element_ops)}, none of them a MAC"
        lines += _line("element ops", words, width)
    return lines


def _together(explanation: Explanation, width: int) -> list[str]:
    """The sums over all layers."""
    counted = explanation.counted
    costs = [step.row.cost for step in explanation.steps if step.row.cost is not None]
    lines = ["together"]
    for label, values, total in (
        ("parameters", [cost.params for cost in costs], counted.params),
        ("MACs", [cost.macs for cost in costs], counted.macs),
    ):
        parts = [format_count(value) for value in values if value]
        text = f"{' + '.join(parts)} = " if 1 < len(parts) <= 12 else ""
        lines += _line(label, text + format_count(total), width)
    return lines


def _versus(explanation: Explanation, versus: Versus, width: int) -> list[str]:
    """The ratios, as sums of fractions and in closed form."""
    counted = explanation.counted
    lines = [f"against {versus.name}"]
    rows = (
        ("parameters", counted.params, versus.counted.params, versus.params_closed_form),
        ("MACs", counted.macs, versus.counted.macs, versus.macs_closed_form),
    )
    for label, own, base, closed in rows:
        if not base:
            continue
        ratio = f"{own / base:.4f}"
        lines += _line(label, f"{format_count(own)} / {format_count(base)} = {ratio}", width)
        parts = [_share(step, label, base) for step in explanation.steps]
        shares = [f"{part.numerator}/{part.denominator}" for part in parts if part]
        if 1 < len(shares) <= 6:
            lines += _line("  layer by layer", f"{' + '.join(shares)} = {ratio}", width)
        if closed is not None:
            # A call such as max(1, a) stays in one piece, whatever the width.
            whole = closed.replace(", ", ",\N{NO-BREAK SPACE}")
            form = _line("  closed form", f"{whole} = {ratio}", width)
            lines += [line.replace("\N{NO-BREAK SPACE}", " ") for line in form]
    return lines


def _share(step: Step, label: str, base: int) -> Fraction:
    """What a layer is of the whole baseline."""
    cost = step.row.cost
    if cost is None:
        return Fraction(0)
    return Fraction(cost.params if label == "parameters" else cost.macs, base)


def _product(values: Iterable[int | None]) -> str:
    return " x ".join(format_count(value) for value in values if value is not None)


def _line(label: str, text: str, width: int) -> list[str]:
    """``  label   text``; a text that is too long goes on below itself."""
    import textwrap

    indent = " " * (LABEL + 2)
    first = f"  {label:<{LABEL}}"
    width = max(width, 40)
    room = width - len(indent)
    words = [word if len(word) <= room else word.replace(")/(", ") /(") for word in text.split(" ")]
    return textwrap.wrap(
        " ".join(words),
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    ) or [first]


def _wrap(text: str, width: int) -> list[str]:
    import textwrap

    indent = " " * (len(text) - len(text.lstrip()) + (2 if "note:" in text else 0))
    return textwrap.wrap(text, max(width, 40), subsequent_indent=indent)


def explanation_report(explanation: Explanation) -> Report:
    """The same as a table and a document."""
    number = format_count
    columns = (
        Column("layer", "layer"),
        Column("type", "type"),
        Column("kernel_weights", "one kernel", number, align="right"),
        Column("kernels", "kernels", number, align="right"),
        Column("params", "params", number, align="right"),
        Column("macs_per_value", "MACs a value", number, align="right"),
        Column("positions", "positions", number, align="right"),
        Column("macs", "MACs", number, align="right"),
    )
    rows = tuple(_table_row(step) for step in explanation.steps)
    counted = explanation.counted
    total = ("total", "", "", "", counted.params, "", "", counted.macs)
    plain = tuple(
        Column(c.key, c.title, _blank_or(c.show), c.align) if c.align == "right" else c
        for c in columns
    )
    return Report(
        title=f"{explanation.subject.name} on {format_shape(counted.input)}",
        columns=plain,
        rows=rows,
        total=total,
        caption=notes.caption(counted.batch),
        notes=explanation.remarks,
        document=lambda: explanation_document(explanation),
        records=lambda: (explanation_document(explanation),),
        drawings=lambda width: [
            ("derivation", [[(line, "")] for line in blackboard(explanation, width).splitlines()])
        ],
        own={"table": lambda look: _painted(blackboard(explanation, _room(look.room)), look.color)},
    )


def _room(width: int) -> int:
    """How wide the blackboard is, but for those who fold lines themselves."""
    return width if width == UNFOLDED else min(width, LONGEST_LINE)


def _painted(text: str, color: bool) -> str:
    """The blackboard in colour: headings bold, what is beside the derivation dim."""
    if not color:
        return text
    lines: list[str] = []
    is_aside = False
    for number, line in enumerate(text.splitlines()):
        style = "" if not line or line[0] == " " or number == 1 else "head"
        is_aside = is_aside or line.lstrip().startswith(("note: ", "1 MAC", "("))
        lines.append(paint(line, "note" if is_aside else style))
        is_aside = is_aside and line.lstrip().startswith("(") and not line.endswith(")")
    return "\n".join(lines) + "\n"


def _blank_or(show: Any) -> Any:
    return lambda cell: cell if cell == "" else show(cell)


def _table_row(step: Step) -> tuple[Any, ...]:
    cost = step.row.cost
    positions = "" if step.positions is None else product(step.positions)
    known = [step.kernel_weights, step.kernels, step.macs_per_value]
    weights, kernels, macs = ("" if value is None else value for value in known)
    params, total = (None, None) if cost is None else (cost.params, cost.macs)
    return (step.row.name, step.row.type, weights, kernels, params, macs, positions, total)


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON: every factor of every product."""
    counted, versus = explanation.counted, explanation.versus
    document: dict[str, Any] = {
        "schema": EXPLAIN_SCHEMA,
        "design": explanation.subject.name,
        "summary": explanation.summary,
        "input": known_shape(counted.input),
        "output": known_shape(counted.output),
        "batch": counted.batch,
        "layers": [_step_document(step) for step in explanation.steps],
        "params": counted.params,
        "macs": counted.macs,
        "remarks": list(explanation.remarks),
    }
    if versus is not None:
        document["versus"] = {
            "design": versus.name,
            "params": versus.counted.params,
            "macs": versus.counted.macs,
            "params_ratio": decimal(versus.params_ratio),
            "macs_ratio": decimal(versus.macs_ratio),
            "params_closed_form": versus.params_closed_form,
            "macs_closed_form": versus.macs_closed_form,
        }
    return document


def _step_document(step: Step) -> dict[str, Any]:
    row, cost = step.row, step.row.cost
    return described(row) | {
        "kernel_size": step.kernel,
        "channels_seen": step.channels_seen,
        "kernel_weights": step.kernel_weights,
        "kernels": step.kernels,
        "macs_per_value": step.macs_per_value,
        "positions": step.positions,
        "positions_are": step.positions_are,
        "products": [_product_document(part) for part in step.products],
        "params": None if cost is None else cost.params,
        "macs": None if cost is None else cost.macs,
        "element_ops": None if cost is None else cost.element_ops,
        "remarks": list(step.remarks),
    }


def _product_document(part: Product) -> dict[str, Any]:
    """One product of a layer, factor by factor."""
    return {
        "name": part.name,
        "kernel_size": part.kernel,
        "channels_seen": part.channels_seen,
        "kernels": part.kernels,
        "positions": part.positions,
        "is_learned": part.is_learned,
        "macs": part.macs,
    }
