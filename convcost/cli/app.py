"""The table of commands, and the one catcher: errors -> lines on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from convcost import __version__
from convcost.cli.coloring import typed, wants_color, without_color
from convcost.cli.exits import BUG, CLOSED_PIPE, DONE, INTERRUPTED, WRONG_INPUT
from convcost.cli.interruption import Interrupted
from convcost.cli.writer import Unwritable, complain

COMMANDS = {
    "compare": "Set designs side by side: parameters, MACs, what each one sees.",
    "count": "Count layers, designs and networks, layer by layer.",
    "diff": "Show what is different between two networks, layer by layer.",
    "check": "Check models against limits and a baseline, for a pipeline.",
    "swap": "Replace layers of a network by a design, before and after.",
    "sweep": "Cost every candidate of a space: conditions, fronts, orders.",
    "fit": "Find the candidate nearest to a figure, or best within limits.",
    "explain": "Show where each number comes from, step by step.",
    "formula": "Derive parameters and MACs in symbols.",
    "conventions": "Tell what other cost counters would report, and why.",
    "reconcile": "Trace a printed figure to the convention behind it.",
    "designs": "Show the designs that are built in, or one of them.",
    "schema": "Print the JSON Schema of specs and results.",
}
"""Every command, with the line that ``--help`` shows; each is a module of this folder."""


class LazyGroup(TyperGroup):
    """Builds a command when it is asked for: the others cost nothing."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The same, with or without colour: help is printed while words are still parsed."""
        extra.setdefault("color", wants_color(sys.stdout, typed("--color", args)))
        extra.setdefault("obj", {"lang": typed("--lang", args, "en")})
        return super().make_context(info_name, args, parent, **extra)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """What there is to type, in the language that was asked for."""
        if ctx.obj["lang"] == "en":
            super().format_help(ctx, formatter)
            return
        from convcost.cli.command import write_group_help

        write_group_help(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Every command with its line, from the table: none of them is imported."""
        from convcost.cli.command import spoken
        from convcost.reports.theme import paint

        said = spoken(ctx)
        with formatter.section(paint(said("Commands"), "heading")):
            formatter.write_dl(
                [(paint(name, "command"), said(text)) for name, text in COMMANDS.items()]
            )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        from convcost.cli.command import Command

        module = import_module(f"convcost.cli.{cmd_name}")
        one = typer.Typer(add_completion=False, rich_markup_mode=None)
        one.command(
            cmd_name,
            cls=Command,
            help=module.run.__doc__,
            short_help=COMMANDS[cmd_name],
            epilog=getattr(module, "EXAMPLES", None),
        )(module.run)
        return typer.main.get_command(one)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was named, or the one that the words are for."""
        if args and args[0] not in COMMANDS:
            from convcost.cli.unnamed import command_for

            args = [command_for(args), *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="convcost",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"convcost {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    lang: Annotated[str, typer.Option("--lang", hidden=True)] = "en",
    color: Annotated[str, typer.Option("--color", hidden=True)] = "auto",
) -> None:
    """What does a convolution design cost? Exact parameters and MACs, without a framework.

    convcost compare 56x56x256 --kernel 3 --out 64
    """


def run(arguments: list[str] | None = None) -> int:
    """Run one command; every error ends here."""
    from convcost.errors import ConvcostError

    try:
        words = sys.argv[1:] if arguments is None else arguments
        code = app(args=_in_order(words), standalone_mode=False, prog_name="convcost")
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except ConvcostError as error:
        return _wrong_input(error)
    except BrokenPipeError:
        return CLOSED_PIPE
    except SystemExit as leaving:
        # The command-line library turns a closed pipe into exit code 1, and nothing else.
        return CLOSED_PIPE if leaving.code == 1 else int(leaving.code or 0)
    except (Interrupted, KeyboardInterrupt):
        return INTERRUPTED
    except Unwritable as error:
        return _refused(f"cannot write the answer: {error}")
    except MemoryError:
        return _refused("there is not enough memory for this")
    except OSError as error:
        return _refused(f"cannot read or write: {(error.strerror or str(error)).lower()}")
    except Exception as error:
        code = _usage_error(error)
        return _bug(error) if code is None else code


BEFORE = ("--lang", "--color", "--colour")
"""Options that may stand before the command: they are for whatever it is."""


OWN = ("--help", "-h", "--version", "-V", "--install-", "--show-")
"""Options that need no command."""


def _in_order(words: Sequence[str]) -> list[str]:
    """``--lang zh count resnet18`` as ``count --lang zh resnet18``: the command takes them."""
    moved: list[str] = []
    rest = list(words)
    while rest:
        name, equals, _ = rest[0].partition("=")
        if name in (f"--no-{color}" for color in ("color", "colour")):
            moved += ["--color", "never"]
            rest = rest[1:]
        elif name in BEFORE and (equals or len(rest) > 1):
            moved += rest[: 1 if equals else 2]
            rest = rest[1 if equals else 2 :]
        else:
            break
    if not rest or rest[0].startswith("-"):
        if len(rest) > 1 and not rest[0].startswith(OWN) and not COMMANDS.keys().isdisjoint(rest):
            from convcost.cli.unnamed import command_for

            command_for(words)  # an option of the command stands before it: an error
        return list(words)  # nothing to hand them to: help, or a mistake
    return [rest[0], *moved, *rest[1:]]


def _wrong_input(error: Any) -> int:
    from convcost.cli.output import print_error

    print_error(error)
    return WRONG_INPUT


def _refused(message: str) -> int:
    """A full disk or a full memory is neither a success nor a bug."""
    from convcost.cli.speaking import speech

    complain(speech()(f"error: {message}\n"))
    return WRONG_INPUT


def _usage_error(error: Exception) -> int | None:
    """A mistake in the options, as the command-line library words it; None for other errors."""
    from convcost.errors import shorten

    kind = type(error).__name__
    if kind == "Abort":
        return INTERRUPTED
    show = getattr(error, "format_message", None)
    if show is None:
        return None
    message = show().strip()
    if kind == "NoArgsIsHelpError":
        sys.stdout.write(f"{message if wants_color(sys.stdout) else without_color(message)}\n")
        return DONE
    message = message.partition(" (Possible")[0].partition(" Did you mean")[0].rstrip(".")
    context = getattr(error, "ctx", None)
    lines = [shorten(_own_words(message[:1].lower() + message[1:]), 300)]
    if context is not None:
        lines.append(f"  see {context.command_path} --help")
    from convcost.cli.output import print_lines

    print_lines(lines, context is not None)
    return WRONG_INPUT


def _own_words(message: str) -> str:
    """What a validator of the command-line library says, as convcost says it."""
    import re

    said = {
        r"[Ii]nput should be greater than or equal to (\S+)": r"it must be \1 or more",
        r"[Ii]nput should be less than or equal to (\S+)": r"it must be \1 or less",
        r"[Ii]nput should be a valid integer.*": "it must be a whole number",
        r"[Ii]nput should be a valid number.*": "it must be a number",
        r"[Ii]nput should be a valid boolean.*": "it must be true or false",
    }
    for pattern, words in said.items():
        message = re.sub(pattern, words, message)
    return message


def _bug(error: Exception) -> int:
    if os.environ.get("CONVCOST_DEBUG") == "1":
        import traceback

        complain("".join(traceback.format_exception(error)))
        return BUG
    complain(
        f"error: a bug in convcost {__version__}: {type(error).__name__}: {error}\n"
        "  run it again with CONVCOST_DEBUG=1 and report what it prints\n"
    )
    return BUG
