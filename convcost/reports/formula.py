"""Formulas as a Report: text for people, LaTeX for papers, Python's syntax for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from convcost.reports.escaping import latex_text
from convcost.reports.report import Column, Look, Report
from convcost.reports.theme import Span, joined
from convcost.reports.widths import fold
from convcost.studies.derivation import ASSUMPTION, Derivation, as_latex, as_python, as_text

FORMULA_SCHEMA = "convcost.formula/1"

LEAST_BESIDE = 56
"""In a narrower terminal a formula stands below its title."""

LATEX_LINE = 160
"""Characters of mathematics, those of fractions among them, from which on a sum goes over lines."""


def formula_report(derived: Derivation) -> Report:
    """Parameters, MACs, and both in relation to the other design."""
    parts = {
        "params": ("params", derived.params),
        "macs": ("MACs", derived.macs),
        "params_ratio": (f"params / {derived.versus}", derived.params_ratio),
        "macs_ratio": (f"MACs / {derived.versus}", derived.macs_ratio),
    }

    def document() -> dict[str, Any]:
        return {
            "schema": FORMULA_SCHEMA,
            "design": derived.design,
            "versus": derived.versus,
            **{key: as_python(value) for key, (_, value) in parts.items()},
            "assumptions": ASSUMPTION,
        }

    def text(look: Look) -> str:
        width = max(len(title) for title, _ in parts.values())
        lines: list[list[Span]] = [[(derived.design, "title")]]
        for title, value in parts.values():
            is_narrow = look.width < LEAST_BESIDE
            room = look.width - 2 - (0 if is_narrow else width)
            lines += [[(title, "head")]] if is_narrow else []
            for number, terms in enumerate(packed(_terms(as_text(value), 1), room)):
                label = "" if is_narrow else f"{'' if number else title:<{width}}"
                lines.append([(f"{label}  ", "head"), (terms, "")])
        lines += [[(line, "note")] for line in fold(ASSUMPTION, look.room, "  ")]
        return "".join(f"{joined(line, look.color)}\n" for line in lines)

    def equations() -> str:
        lines = [
            f"\\text{{{latex_text(title)}}} &= "
            + " \\\\\n&\\quad ".join(packed(_terms(as_latex(value)), LATEX_LINE, latex_width))
            for title, value in parts.values()
        ]
        head = f"% {derived.design}; {ASSUMPTION}\n% \\usepackage{{amsmath}}\n"
        body = " \\\\\n".join(lines)
        return f"{head}\\begin{{align*}}\n{body}\n\\end{{align*}}\n"

    return Report(
        title=derived.design,
        columns=(Column("figure", "figure"), Column("formula", "formula")),
        rows=tuple((title, as_python(value)) for title, value in parts.values()),
        total=None,
        caption=ASSUMPTION,
        notes=(),
        document=document,
        records=lambda: (document(),),
        own={"table": text, "latex": lambda look: equations()},
    )


def _terms(text: str, inner: int = 0) -> list[str]:
    """A sum at its signs, outside of brackets or in as many of them as ``inner``."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "({") - (char in ")}")
        if depth <= inner and at > start and re.match(r" [+-] ", text[at : at + 3]):
            parts.append(text[start:at].strip())
            start = at
    return [*parts, text[start:].strip()]


def packed(parts: Sequence[str], room: int, width: Callable[[str], int] = len) -> list[str]:
    """Parts in lines of at most ``room``, where each fits; none is cut."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} {part}"
        if width(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def latex_width(text: str) -> int:
    """About how many characters wide a formula is: of a fraction its wider part."""
    fraction = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
    while match := fraction.search(text):
        wider = max(match.groups(), key=latex_width)
        text = f"{text[: match.start()]}{wider}{text[match.end() :]}"
    text = re.sub(r"\\(left|right)|[{}^_]", "", text)
    return len(re.sub(r"\\(?!max|min)[a-z]+", "x", text))
