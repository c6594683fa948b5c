"""Reports, help and errors in another language, translated where they leave convcost.

One catalogue a language (``convcost/locale``) holds English messages with ``{}`` where a value
stands. A text is looked up as it is, and else matched with these templates (``messages``); what
no message fits stays English. Nothing of this is imported, and nothing costs anything, while
English is spoken.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convcost.reports.messages import Template, templates, words
from convcost.reports.report import UNFOLDED, Column, Drawing, Look, Report
from convcost.reports.theme import Span
from convcost.reports.widths import cell_width, fold, padded

LOCALE = Path(__file__).parent.parent / "locale"
LANGUAGES = ("en", "zh")

TEXTS = frozenset(
    {
        *("receptive_field", "mixes", "does"),
        *("family", "summary", "about", "verdict", "rule", "reasons", "steps", "match"),
        *("figure", "candidate", "status", "change", "changes", "difference"),
    }
)
"""Columns whose cells are our words, as those of ratios are; others hold what users named."""

DEEPEST, LONGEST = 6, 2000
"""Words in words of a message, and characters: a name may hold anything."""

_FOREIGN = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt): ")
"""What another library says when it fails."""

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m([^\x1b]*)\x1b\[0m|([^\x1b]+)")
_CALL = re.compile(r"\b\w+\([^()]*\)")
_WORDS = re.compile(r"(\\text\{|; )([^{}\n]+)(\}|$)", re.MULTILINE)
"""Words among formulas of LaTeX."""

_LABELLED = re.compile(r"(\s*)(\S.*?)(\s{2,})(\S.*)")


def language(choice: str) -> str:
    """``en`` or ``zh``; ``auto`` asks the environment, as gettext does."""
    if choice != "auto":
        return choice
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    found = next(filter(None, (os.environ.get(name) for name in variables)), "")
    return "zh" if found.lower().startswith("zh") else "en"


class Translator:
    """One language."""

    def __init__(self, name: str) -> None:
        catalogue = gettext.translation("convcost", LOCALE, [name])
        messages: dict[str, str] = vars(catalogue)["_catalog"]
        self.language = name
        self._gettext = catalogue.gettext
        self._messages = messages
        self._templates: list[Template] = templates(messages)
        self._labels = tuple(source for source in messages if source.endswith(": "))
        self._known: dict[str, str | None] = {}
        self._depth = 0

    def text(self, message: str) -> str:
        """A message in this language; one that is not known stays as it is."""
        said = self.known(message)
        return message if said is None else said

    def phrase(self, text: str) -> str:
        """Words of ours, one by one where no message is for all of them."""
        said = words(text, self)
        return text if said is None else said

    def exact(self, message: str) -> str | None:
        """A message without values in this language, or None."""
        return self._gettext(message) if message and message in self._messages else None

    def known(self, message: str) -> str | None:
        """A message in this language, or None where there is none for it."""
        if message in self._known:
            return self._known[message]
        if self._depth == DEEPEST or len(message) > LONGEST or _FOREIGN.match(message):
            return None
        self._depth += 1
        self._known[message] = said = self._translated(message)
        self._depth -= 1
        return said

    def _translated(self, message: str) -> str | None:
        if not message or message in self._messages:
            return self._gettext(message) if message else message
        for label in self._labels:
            if message.startswith(label):
                return self._gettext(label) + self.phrase(message.removeprefix(label))
        for template in self._templates:
            said = template.said(message, self)
            if said is not None:
                return said
        name, colon, rest = message.partition(": ")  # a note on one model of several
        known = self.known(rest) if colon and " " not in name else None
        return None if known is None else f"{name}\N{FULLWIDTH COLON}{known}"

    def report(self, report: Report) -> Report:
        """A report whose words for people are in this language; numbers and names stay."""
        own = {form: self._own(form, write) for form, write in report.own.items()}
        why, drawings = report.why, report.drawings
        return report._replace(
            title=self.text(report.title),
            columns=tuple(map(self._column, report.columns)),
            rows=tuple((self._name(row[0]), *row[1:]) if row else row for row in report.rows),
            total=report.total and tuple(self._name(cell) for cell in report.total),
            caption=self.phrase(report.caption),
            notes=tuple(map(self._note, report.notes)),
            answer=self.text(report.answer),
            short=tuple(map(self._note, report.short)),
            why=why and (lambda at, width: self.page(why(at, UNFOLDED), width)),
            drawings=drawings
            and (lambda width: [self._drawing(one, width) for one in drawings(UNFOLDED)]),
            own=own,
        )

    def page(self, text: str, width: int = UNFOLDED) -> str:
        """Lines of a derivation, each with its label."""
        return "\n".join(line for one in text.split("\n") for line in self._labelled(one, width))

    def error(self, lines: Sequence[str], has_hint: bool) -> list[str]:
        """An error's sentence and hint; what a user wrote stands between them as it is."""
        said = [self.text(lines[0]), *lines[1:]]
        if has_hint and len(said) > 1:
            said[-1] = f"  {self.text(said[-1].strip())}"
        return said

    def _note(self, note: str) -> str:
        """A line below a table; an indented one has a label."""
        return self._labelled(note, UNFOLDED)[0] if note[:1] == " " else self.phrase(note)

    def _name(self, cell: Any) -> Any:
        """The first cell of a row: only what sums up rows is ours."""
        is_ours = isinstance(cell, str) and (cell in SUMS or cell.startswith("+ "))
        return self.text(cell) if is_ours else cell

    def _column(self, column: Column) -> Column:
        title = self.text(column.title)
        if column.key not in TEXTS and not column.key.endswith(("_ratio", "_change")):
            return column._replace(title=title)
        show = column.show
        return column._replace(title=title, show=lambda cell: self.phrase(show(cell)))

    def _drawing(self, drawing: Drawing, width: int) -> Drawing:
        name, lines = drawing
        said: list[list[Span]] = []
        for line in lines:
            if len(line) == 1:  # a derivation
                text, style = line[0]
                said += [[(one, style)] for one in self._labelled(text, width)]
            else:
                said.append([(self._kept(text), style) for text, style in line])
        return self.text(name), said

    def _own(self, form: str, write: Any) -> Any:
        """A text of its own: a page, a page for Markdown, or words among formulas."""
        if form == "table":
            return self._page(write)
        if form == "markdown":
            return lambda look: "\n".join(map(self._markdown, write(look).split("\n")))
        return lambda look: _WORDS.sub(
            lambda words: words[1] + self.phrase(words[2]) + words[3], write(look)
        )

    def _markdown(self, line: str) -> str:
        """A line of a Markdown page: the cells of a row, or words behind a mark."""
        if line.startswith("| "):
            start, name, *cells = line.split("|")
            name = self._kept(name) if name == " check " else name  # else it is a user's
            said = (cell.replace(bare := cell.strip("* "), self.phrase(bare)) for cell in cells)
            return "|".join([start, name, *said])
        mark, space, rest = line.rpartition("**: ") if "**: " in line else line.rpartition("- ")
        return f"{mark}{space}{self.phrase(rest)}"

    def _page(self, write: Any) -> Any:
        def page(look: Look) -> str:
            text = write(look._replace(color=True, brief=False, speaker=self))
            lines = (line for one in text.splitlines() for line in self._line(one, look))
            return "".join(f"{line}\n" for line in lines)

        return page

    def _line(self, line: str, look: Look) -> Iterator[str]:
        """A line of a page: a label and what belongs to it, or words in their colours."""
        pieces = [(codes, text or plain) for codes, text, plain in _ESCAPE.findall(line)]
        if len(pieces) == 1:
            codes, text = pieces[0]
            # A command is copied: it stays on its line.
            width = UNFOLDED if text.startswith("convcost ") else look.width
            for shown in self._labelled(text, width):
                yield f"\x1b[{codes}m{shown}\x1b[0m" if codes and look.color else shown
            return
        parts = []
        for codes, text in pieces:
            shown = self._kept(text)
            parts.append(f"\x1b[{codes}m{shown}\x1b[0m" if codes and look.color else shown)
        yield (
            "".join(parts)
            .rstrip()
            .replace(" \N{FULLWIDTH LEFT PARENTHESIS}", "\N{FULLWIDTH LEFT PARENTHESIS}")
        )

    def _kept(self, text: str) -> str:
        """Words between spaces that place them."""
        body = text.strip(" ")
        if not body:
            return text
        before, after = text[: text.index(body)], text[text.index(body) + len(body) :]
        return f"{before}{self.text(body)}{after}"

    def _labelled(self, text: str, width: int) -> list[str]:
        match = _LABELLED.fullmatch(text)
        if match is None:
            return fold(self._kept(text), width, "  ")
        indent, label, gap, rest = match.groups()
        room = len(indent + label + gap)
        start = padded(indent + self.text(label), room)
        if cell_width(start) > room:
            start += "  "
        space = max(width - cell_width(start), 20)
        # A call such as max(1, a) stays in one piece, and a long product goes on at a division.
        rest = _CALL.sub(lambda call: call.group().replace(" ", "\N{NO-BREAK SPACE}"), rest)
        parts = (
            one if len(one) <= space else one.replace(")/(", ") /(") for one in rest.split(" ")
        )
        lines = fold(self._parts(" ".join(parts)), space)
        return [f"{start if at == 0 else ' ' * room}{one}" for at, one in enumerate(lines)]

    def _parts(self, text: str) -> str:
        """A text, or values with spaces between that place them."""
        parts = re.split(r"(\s{2,})", text)
        if len(parts) == 1:
            return self.phrase(text) if " " in text else text  # one word is a value
        values = (self._kept(part) if " " in part else part for part in parts[:-1])
        return "".join([*values, self.phrase(parts[-1])])


SUMS = ("total", "whole network")
"""First cells that are our words."""
