"""Reports as LaTeX tables in the style of booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from convcost.reports.report import PLAIN_LOOK, Cell, Column, Look, Report

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "\u00d7": r"$\times$",
    }
)


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
        f"\\caption{{{escape(report.title)}. {escape(report.caption)}.}}",
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
    return " & ".join(map(escape, texts)) + " \\\\"


def escape(text: str) -> str:
    """Text that means itself in LaTeX; leading spaces, which show nesting, stay."""
    body = text.lstrip(" ")
    indent = "\\quad " * ((len(text) - len(body)) // 2)
    return indent + visible(body).translate(_ESCAPES)


def visible(text: str) -> str:
    """Text on one line, without characters that cannot be seen."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
