"""Formulas as a Report: text for people, LaTeX for papers, Python's syntax for programs."""

from __future__ import annotations

from typing import Any

from convcost.reports.escaping import latex_text
from convcost.reports.report import Column, Report
from convcost.studies.derivation import ASSUMPTION, Derivation, as_latex, as_python, as_text

FORMULA_SCHEMA = "convcost.formula/1"


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

    def text(show: Any) -> str:
        width = max(len(title) for title, _ in parts.values())
        lines = [f"{title:<{width}}  {show(value)}" for title, value in parts.values()]
        return "\n".join([derived.design, *lines, ASSUMPTION]) + "\n"

    def equations() -> str:
        lines = [
            f"\\text{{{latex_text(title)}}} &= {as_latex(value)}" for title, value in parts.values()
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
        own={"table": lambda look: text(as_text), "latex": lambda look: equations()},
    )
