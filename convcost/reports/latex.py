"""Reports as LaTeX tables in the style of booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from convcost.reports.escaping import latex_text
from convcost.reports.report import PLAIN_LOOK, Cell, Column, Look, Report


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """A table environment for each report; the preamble needs ``\\usepackage{booktabs}``."""
    return "\n".join(map(_table, reports))


def _table(report: Report) -> str:
    chosen = [i for i, c in enumerate(report.columns) if c.people and not c.bar]
    columns = [report.columns[i] for i in chosen]
    layout = "".join("r" if column.align == "right" else "l" for column in columns)
    lines = [
        "% \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{latex_text(report.title)}. {latex_text(report.caption)}.}}",
        f"\\begin{{tabular}}{{{layout}}}",
        "\\toprule",
        _line([column.title for column in columns]),
        "\\midrule",
        *(_line(_cells(report, columns, [row[i] for i in chosen])) for row in report.rows),
    ]
    if report.total is not None:
        total = report.total
        lines += ["\\midrule", _line(_cells(report, columns, [total[i] for i in chosen]))]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}", ""])


def _cells(report: Report, columns: Sequence[Column], cells: Sequence[Cell]) -> list[str]:
    return [report.text(column, cell) for column, cell in zip(columns, cells, strict=True)]


def _line(texts: Sequence[str]) -> str:
    return " & ".join(map(latex_text, texts)) + " \\\\"
