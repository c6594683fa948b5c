"""One command as people type it: what the parser is given, and what ``--help`` looks like.

The parser would keep the last of two values, and knows nothing of a design's own parameters:
both are settled here, before it sees the words.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from typer.core import TyperCommand

from convcost.cli.tokens import BARE, format_word, is_flag, is_short, is_value, may_be_bare
from convcost.errors import SpecError, shorten

DEFAULT_PANEL = "Options"

LEAVE_ONE = "leave one of them out"
NO_COLOR = ("--no-color", "--no-colour")

TOGETHER = frozenset({"--get", "--columns"})
"""Options whose values may always be several, with commas."""

EACH_OF = frozenset({"--kernel", "--out", "--stride", "--dilation", "--groups"})
EACH_COMMANDS = frozenset({"compare", "count", "conventions"})
"""Options that may have several values, and the commands that then answer for each of them."""


class Command(TyperCommand):
    """Examples first, options in groups; an option given twice is an error."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Settle what the parser could not, then parse.

        Typer makes a validator for each option of a command, given or not: a tenth of a short
        run. Those that were not given keep their defaults without one.
        """
        scan = Scan(self, ctx, args)
        settled = scan.settled()
        every = self.params
        try:
            self.params = [param for param in every if scan.needs(param)]
            rest = super().parse_args(ctx, settled)
        finally:
            self.params = every
        for param in every:
            if not scan.needs(param):
                ctx.params[param.name] = param.default
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, examples, options by group."""
        said = spoken(ctx)
        self.format_usage(ctx, formatter)
        write_paragraphs(self.help, said, formatter)
        self.format_epilog(ctx, formatter)
        for panel, options in self._panels(ctx).items():
            with formatter.section(_heading(said(panel))):
                write_options([(name, said(help)) for name, help in options], formatter)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """``Usage: convcost compare [OPTIONS] ...``."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{spoken(ctx)('Usage')}: ")

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples, a line each."""
        lines = [line for line in (self.epilog or "").splitlines() if line]
        if lines:
            with formatter.section(_heading(spoken(ctx)(lines[0].rstrip(":")))):
                for line in lines[1:]:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``[OPTIONS]`` and the words."""
        return [piece for piece in super().collect_usage_pieces(ctx) if piece]

    def _panels(self, ctx: Any) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = None if getattr(param, "hidden", False) else _record(param)
            if record is not None:
                panel = getattr(param, "rich_help_panel", None) or _panel_of(param)
                found.setdefault(panel, []).append(record)
        return found


FIRST_COLUMN = 26
"""The room for options and their values."""


def write_options(options: list[tuple[str, str]], formatter: Any) -> None:
    """Options and what they are for, side by side."""
    names = max((len(name) for name, _ in options), default=0)
    room = formatter.width - min(names, FIRST_COLUMN) - 4
    rows = [(name, _folded(help, room)) for name, help in options]
    formatter.write_dl(rows, col_max=FIRST_COLUMN)


def _folded(text: str, room: int) -> str:
    """A text for the formatter, which knows letters only: Chinese comes to it in lines."""
    if text.isascii():
        return text
    from convcost.reports.widths import fold

    return "\b\n" + "\n".join(fold(text, room))  # what follows a \b is not wrapped again


def write_paragraphs(text: str | None, said: Callable[[str], str], formatter: Any) -> None:
    """What a command does, a paragraph at a time."""
    for paragraph in (text or "").split("\n\n"):
        formatter.write_paragraph()
        with formatter.indentation():
            room = formatter.width - formatter.current_indent
            formatter.write_text(_folded(said(" ".join(paragraph.split())), room))


def write_group_help(group: Any, ctx: Any, formatter: Any) -> None:
    """The help of all commands together, in the language that was asked for."""
    said = spoken(ctx)
    pieces = " ".join(group.collect_usage_pieces(ctx))
    formatter.write_usage(ctx.command_path, pieces, prefix=f"{said('Usage')}: ")
    write_paragraphs(group.help, said, formatter)
    records = [record for param in group.get_params(ctx) if (record := param.get_help_record(ctx))]
    with formatter.section(_heading(said(DEFAULT_PANEL))):
        write_options([(name, said(" ".join(help.split()))) for name, help in records], formatter)
    group.format_commands(ctx, formatter)


def spoken(ctx: Any) -> Callable[[str], str]:
    """How words are said in the language that was asked for."""
    choice = (ctx.obj or {}).get("lang", "en")
    if choice == "en":
        return lambda text: text
    from convcost.cli.speaking import translator

    speaker = translator(choice)
    return (lambda text: text) if speaker is None else speaker.text


def _heading(text: str) -> str:
    from convcost.reports.theme import paint

    return paint(text, "heading")


def _panel_of(param: Any) -> str:
    return "Words" if param.param_type_name == "argument" else DEFAULT_PANEL


def _record(param: Any) -> tuple[str, str] | None:
    """``--kernel, -k K`` and what it means; further spellings are accepted, not shown."""
    help = getattr(param, "help", None) or ""
    if param.param_type_name == "argument":
        return (
            param.make_metavar_text() if hasattr(param, "make_metavar_text") else _words(param),
            help,
        )
    longs = [name for name in param.opts if name.startswith("--")][:1]
    shorts = [name for name in param.opts if not name.startswith("--")][:1]
    names = ", ".join([*longs, *shorts])
    if param.secondary_opts:
        names += f" / {param.secondary_opts[0]}"
    metavar = "" if getattr(param, "is_flag", False) else f" {param.metavar or param.name.upper()}"
    return names + metavar, help


def _words(param: Any) -> str:
    return str(param.metavar or param.name.upper())


class Scan:
    """One walk over the words of a command, option by option."""

    def __init__(self, command: Any, ctx: Any, args: Sequence[str]) -> None:
        self._ctx = ctx
        self.command = str(ctx.info_name)
        self._args = list(args)
        self.params = {
            name: p
            for p in command.get_params(ctx)
            for name in (*p.opts, *p.secondary_opts)
            if p.param_type_name == "option"
        }
        self._given: dict[str, tuple[str, str | None]] = {}
        self._seen: set[str] = set()
        self.words: list[str] = []

    def settled(self) -> list[str]:
        """The same words for the parser. Raises SpecError for what it would misread."""
        self.words = [word for kind, word, _ in self._walk() if kind == "word"]
        out: list[str] = []
        for kind, name, value in self._walk():
            if kind == "word":
                out.append(name)
            elif kind == "own":
                out += self._own(name, value)
            else:
                out += self._known(name, value)
        return out

    def needs(self, param: Any) -> bool:
        """Whether the parser has to look at a parameter: it was given, or may be elsewhere."""
        if param.param_type_name == "argument" or param.is_eager or param.required:
            return True
        if param.name in self._seen or not _HELP.isdisjoint(self._args):
            return True
        variables = getattr(param, "envvar", None) or ()
        return any(
            name in os.environ
            for name in ([variables] if isinstance(variables, str) else variables)
        )

    def _walk(self) -> Iterator[tuple[str, str, str | None]]:
        """("word", text, None), or ("option" or "own", name, value) where it has one."""
        args = iter(enumerate(self._args))
        for index, token in args:
            following = self._args[index + 1] if index + 1 < len(self._args) else None
            if token == "--":
                yield "word", token, None
                for _, rest in args:
                    yield "word", rest, None
            elif token.startswith("--"):
                kind, name, value, takes_next = self._long(token, following)
                yield kind, name, next(args)[1] if takes_next else value
            elif is_short(token):
                short = self.params.get(token[:2])
                if short is None:
                    yield ("own" if len(token) == 2 else "word"), token, None
                elif len(token) > 2 or is_flag(short) or following is None:
                    yield "option", token[:2], token[2:] or None
                else:
                    yield "option", token[:2], next(args)[1]
            else:
                yield "word", token, None

    def _long(self, token: str, following: str | None) -> tuple[str, str, str | None, bool]:
        """``--name=value`` or ``--name``: its kind, name and value, or whether that comes next."""
        name, equals, value = token.partition("=")
        proper = name if name in self.params else name.replace("_", "-")
        param = self.params.get(proper)
        if param is None:
            takes_next = not equals and following is not None and not following.startswith("--")
            return "own", name, value if equals else None, takes_next
        if equals:
            return "option", proper, value, False
        if is_flag(param) or following is None or not is_value(param, following):
            return "option", proper, BARE if may_be_bare(param) else None, False
        return "option", proper, None, True

    def _known(self, name: str, value: str | None) -> list[str]:
        param = self.params[name]
        self._seen.add(param.name)
        if param.opts[0] == "--format" and value is not None:
            value = format_word(value)
        self._refuse_second(param, name, value)
        if value is None:
            return [name]
        return (
            [f"{name}={value}"]
            if name.startswith("--")
            else [f"{name}{value}"]
            if value
            else [name, value]
        )

    def _refuse_second(self, param: Any, name: str, value: str | None) -> None:
        """The parser would keep the last of two: ``-o 16 -o 32``, ``--bias --no-bias``."""
        if param.multiple or (is_flag(param) and not param.secondary_opts):
            return
        first = self._given.get(param.name)
        self._given[param.name] = (name, value)
        if first is None or (is_flag(param) and first == (name, value)):
            return
        both = [word if text is None else f"{word} {text}" for word, text in (first, (name, value))]
        if is_flag(param):
            raise SpecError(f"{both[0]} and {both[1]} are both given", hint=LEAVE_ONE)
        option = param.opts[0]
        takes_several = option in TOGETHER or (option in EACH_OF and self.command in EACH_COMMANDS)
        one = f"{option} {first[1]},{value}"
        raise SpecError(
            f"{option} is given twice",
            place=shorten(", ".join(both), 72),
            hint=f"several values go into one option: {shorten(one)}"
            if takes_several
            else LEAVE_ONE,
        )

    def _own(self, name: str, value: str | None) -> list[str]:
        """An option that the command does not have: a parameter of a design, or a mistake."""
        field = name[2:].replace("-", "_")
        if value is not None and "--set" in self.params and self._has_parameter(field):
            self._seen.add(self.params["--set"].name)
            return [f"--set={name}={value}"]  # as typed: a refusal can name it
        if (limit := self._limit(name, value)) is not None:
            return limit
        if name in NO_COLOR and "--color" in self.params:
            return self._known("--color", "never")
        from convcost.cli.guessing import refused_option

        raise refused_option(self, name, value)

    def _limit(self, name: str, value: str | None) -> list[str] | None:
        """A limit in the spelling of this command: ``--max-macs 4G`` and ``--max macs=4G`` are one.

        None where it is neither.
        """
        figure, equals, number = (value or "").partition("=")
        if name == "--max" and equals and f"--max-{figure}" in self.params:
            return self._known(f"--max-{figure}", number)
        figure = name.removeprefix("--max-")
        if figure != name and value is not None and "--max" in self.params:
            return self._known("--max", f"{figure.replace('-', '_')}={value}")
        return None

    def given_names(self) -> set[str]:
        """The options that were typed and that the command has."""
        return {name for kind, name, _ in self._walk() if kind == "option"}

    def _has_parameter(self, field: str) -> bool:
        """Whether something that is named here may have a parameter of that name."""
        from convcost.sources.words import is_torch_word

        is_open = any(is_torch_word(word) or word.endswith(".toml") for word in self._names())
        return is_open or field in self.parameters()

    def _names(self) -> list[str]:
        """The words, and what options name."""
        named = ("--design", "-D", "--designs", "--type", "--to", "--from")
        names = [value for _, name, value in self._walk() if name in named and value]
        return [*self.words, *(part for name in names for part in name.split(","))]

    def parameters(self) -> list[str]:
        """The parameters of the designs and networks that are named."""
        from pathlib import Path

        from convcost.errors import ConvcostError
        from convcost.language.library import Library

        folders = [Path(v) for _, name, v in self._walk() if name == "--design-path" and v]
        library = Library([folder for folder in folders if folder.is_dir()])
        found: dict[str, None] = {}
        for word in self._names():
            with suppress(ConvcostError):
                if library.knows(word):
                    found.update(dict.fromkeys(library.find(word).parameters))
        return list(found)


_HELP = frozenset({"--help", "-h"})
"""Options that show all others."""
