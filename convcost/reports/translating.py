"""Reports, help and errors in another language, translated where they leave convcost.

One catalogue a language (``convcost/locale``) holds English messages with ``{}`` where a value
stands. A text is looked up as it is, and else matched with these templates; what no message fits
stays English. Nothing of this is imported, and nothing costs anything, while English is spoken.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convcost.reports.report import UNFOLDED, Column, Look, Report
from convcost.reports.widths import cell_width, fold, padded

LOCALE = Path(__file__).parent.parent / "locale"
LANGUAGES = ("en", "zh")

TEXTS = ("params_ratio", "macs_ratio", "macs_change", "mixes", "does", "summary", "family")
"""Columns whose cells are our words; all others hold what users and papers named."""

_HOLE = re.compile(r"\{#?\}")
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m([^\x1b]*)\x1b\[0m|([^\x1b]+)")
_LABELLED = re.compile(r"(\s+)(\S.*?)(\s{2,})(\S.*)")


def language(choice: str) -> str:
    """``en`` or ``zh``; ``auto`` asks the environment, as gettext does."""
    if choice != "auto":
        return choice
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    found = next(filter(None, (os.environ.get(name) for name in variables)), "")
    return "zh" if found.lower().startswith("zh") else "en"


def _pattern(source: str) -> re.Pattern[str]:
    """What fits a message with values in its holes."""
    parts = re.split(r"(\{#?\})", source)
    holes = {"{}": "(.+?)", "{#}": "([0-9x]+)"}
    return re.compile("".join(holes.get(part) or re.escape(part) for part in parts))


class Translator:
    """One language."""

    def __init__(self, name: str) -> None:
        catalogue = gettext.translation("convcost", LOCALE, [name])
        messages: dict[str, str] = vars(catalogue)["_catalog"]
        self._gettext = catalogue.gettext
        self._messages = messages
        # The more of a sentence is fixed, the better it fits; one without words fits anything.
        templates = [
            source
            for source in messages
            if _HOLE.search(source) and _HOLE.sub("", source).strip(": ")
        ]
        templates.sort(key=lambda source: -len(_HOLE.sub("", source)))
        self._templates = [(_pattern(source), messages[source]) for source in templates]
        self._known: dict[str, str] = {}

    def text(self, message: str) -> str:
        """A message in this language; one that is not known stays as it is."""
        if not message:
            return message
        if message not in self._known:
            self._known[message] = self._translated(message)
        return self._known[message]

    def knows(self, message: str) -> bool:
        """Whether there is a message for it."""
        return message in self._messages or any(p.fullmatch(message) for p, _ in self._templates)

    def _translated(self, message: str) -> str:
        if message in self._messages:
            return self._gettext(message)
        for pattern, text in self._templates:
            match = pattern.fullmatch(message)
            if match is not None:
                values = [self._value(value) for value in match.groups()]
                return text.format(*values)
        return message

    def _value(self, value: str) -> str:
        """A value of a sentence: words such as ``both`` or ``9.00x fewer`` are ours, too."""
        parts = value.split(", ")
        if all(map(self._is_ours, parts)):
            return "\N{FULLWIDTH COMMA}".join(map(self._translated, parts))
        return value

    def _is_ours(self, value: str) -> bool:
        counted = (" fewer", " more", " with MACs", " element-wise", " free")
        return value in self._messages or value.endswith(counted) or " not counted: " in value

    def report(self, report: Report) -> Report:
        """A report whose words for people are in this language; numbers and names stay."""
        return report._replace(
            title=self.text(report.title),
            columns=tuple(map(self._column, report.columns)),
            total=report.total and tuple(self._total(cell) for cell in report.total),
            caption=self.text(report.caption),
            notes=tuple(map(self._note, report.notes)),
            answer=self.text(report.answer),
            short=tuple(map(self._note, report.short)),
            own={form: self._page(write) for form, write in report.own.items() if form == "table"}
            | {form: write for form, write in report.own.items() if form != "table"},
        )

    def _note(self, note: str) -> str:
        """A line below a table; an indented one has a label."""
        return self._labelled(note, UNFOLDED)[0] if note[:1] == " " else self.text(note)

    def _total(self, cell: Any) -> Any:
        return self.text(cell) if cell in ("total", "whole network") else cell

    def _column(self, column: Column) -> Column:
        title = self.text(column.title)
        if column.key not in TEXTS:
            return column._replace(title=title)
        show = column.show
        return column._replace(title=title, show=lambda cell: self.text(show(cell)))

    def _page(self, write: Any) -> Any:
        def page(look: Look) -> str:
            text = write(look._replace(width=UNFOLDED, color=True, brief=False))
            lines = (line for one in text.splitlines() for line in self._line(one, look))
            return "".join(f"{line}\n" for line in lines)

        return page

    def _line(self, line: str, look: Look) -> Iterator[str]:
        """A line of a page: a label and what belongs to it, or words in their colours."""
        pieces = [(codes, text or plain) for codes, text, plain in _ESCAPE.findall(line)]
        if len(pieces) == 1:
            codes, text = pieces[0]
            for shown in self._labelled(text, look.width):
                yield f"\x1b[{codes}m{shown}\x1b[0m" if codes and look.color else shown
            return
        parts = []
        for codes, text in pieces:
            shown = self._kept(text)
            parts.append(f"\x1b[{codes}m{shown}\x1b[0m" if codes and look.color else shown)
        yield "".join(parts).rstrip()

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
        if " " not in rest:
            return [text]  # a name or a number
        start = padded(indent + self.text(label), room)
        if cell_width(start) > room:
            start += "  "
        lines = fold(self.text(rest), max(width - cell_width(start), 20))
        return [f"{start if at == 0 else ' ' * room}{one}" for at, one in enumerate(lines)]
