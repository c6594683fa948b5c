"""Reports as LaTeX tables in the style of booktabs.

A table of more than a page becomes a longtable, one that is wide gets smaller type or is scaled
to the line, and sentences stand below it. It compiles with pdfLaTeX, whatever names hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcost.reports.escaping import latex_text
from convcost.reports.report import PLAIN_LOOK, Cell, Column, Look, Report
from convcost.reports.widths import cell_width

PAGE = 45
"""The most rows of a table that stays on one page."""

SIZES = ((60, ""), (67, "\\small"), (76, "\\footnotesize"), (92, "\\scriptsize"))
"""How many characters of a type go into a line of an article, with gaps of 4 points."""

GAP = 2
"""Characters that stand for the gap of a column."""

LONGEST_CELL = 30
"""A longer text goes over several lines of its cell."""


def render(reports: Sequence[Report], look: Look = PLAIN_LOOK) -> str:
    """A table for each report; the first line names the packages of the preamble."""
    return "\n".join("\n".join([*_table(report), ""]) for report in reports)


def _table(report: Report) -> Iterator[str]:
    chosen = [i for i, c in enumerate(report.columns) if c.people and not (c.bar or c.prose)]
    columns = [report.columns[i] for i in chosen]
    texts = [_texts(report, columns, [row[i] for i in chosen]) for row in report.rows]
    total = None if report.total is None else [report.total[i] for i in chosen]
    sums = [] if total is None else [_texts(report, columns, total)]
    head = [column.title for column in columns]
    widths = [max(map(cell_width, cells)) for cells in zip(head, *texts, *sums, strict=True)]
    is_long = len(texts) > PAGE
    needed = sum(min(width, LONGEST_CELL) + GAP for width in widths)
    is_scaled = needed > SIZES[-1][0] and not is_long
    packages = ["booktabs", *["longtable"] * is_long, *["graphicx"] * is_scaled]
    layout = "".join(map(_place, columns, widths))
    caption = f"\\caption{{{latex_text(report.title)}. {latex_text(report.caption)}.}}"
    yield f"% \\usepackage{{{','.join(packages)}}}"
    yield from _start(is_long, _size(needed), caption)
    if is_scaled:
        yield "\\resizebox{\\linewidth}{!}{%"
    yield f"\\begin{{{'longtable' if is_long else 'tabular'}}}{{{layout}}}"
    if is_long:
        yield f"{caption} \\\\"
    yield "\\toprule"
    yield _line(head)
    yield "\\midrule"
    if is_long:
        yield "\\endhead"
    yield from map(_line, texts)
    if sums:
        yield "\\midrule"
        yield from map(_line, sums)
    yield "\\bottomrule"
    yield "\\end{longtable}" if is_long else "\\end{tabular}" + "}" * is_scaled
    yield from map(_sentence, _sentences(report))
    yield "\\endgroup" if is_long else "\\end{table}"


def _start(is_long: bool, size: str, caption: str) -> Iterator[str]:
    """What comes before the table itself."""
    yield "\\begingroup" if is_long else "\\begin{table}"
    if size:
        yield size
    if size or is_long:
        yield "\\setlength{\\tabcolsep}{4pt}"
    if not is_long:
        yield "\\centering"
        yield caption


def _size(needed: int) -> str:
    """The largest type in which a row of so many characters fits."""
    return next((size for room, size in SIZES if needed <= room), SIZES[-1][1])


def _place(column: Column, width: int) -> str:
    """Numbers at the right; texts that are long in lines of their own."""
    if column.align == "right":
        return "r"
    return f"p{{{LONGEST_CELL // 2}em}}" if width > LONGEST_CELL else "l"


def _sentences(report: Report) -> Iterator[str]:
    """What is said about rows that differ, and the answer."""
    for index, column in enumerate(report.columns):
        texts = [report.text(column, row[index]) for row in report.rows]
        if column.prose and len(set(texts)) > 1:
            names = [report.text(report.columns[0], row[0]) for row in report.rows]
            yield from (f"{name}: {text}." for name, text in zip(names, texts, strict=True) if text)
    if report.answer:
        yield f"{report.answer}."


def _sentence(text: str) -> str:
    return f"\\par\\smallskip{{\\footnotesize\\raggedright {latex_text(text)}\\par}}"


def _texts(report: Report, columns: Sequence[Column], cells: Sequence[Cell]) -> list[str]:
    return [report.text(column, cell) for column, cell in zip(columns, cells, strict=True)]


def _line(texts: Sequence[str]) -> str:
    """One row. A bracket or a star at its start would belong to the line end before it."""
    row = " & ".join(map(latex_text, texts))
    return ("{}" if row.startswith(("[", "*")) else "") + f"{row} \\\\"
