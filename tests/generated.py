"""Random design files, and lines of JSON that use them, as no author would write but one could.

Everything hangs on one ``random.Random``, so that hypothesis (``st.randoms()``), a script that
runs for hours, and a seed in a bug report draw from the same designs. Most of what is made can be
built; some of it on purpose cannot, since what follows an error must be right, too.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from convcost.language.library import Library

Document = dict[str, Any]
Line = dict[str, Any]

SHIPPED = {
    "separable": ("kernel_size", "out_channels", "stride"),
    "bottleneck": ("kernel_size", "out_channels", "stride", "reduction"),
    "inverted_residual": ("out_channels", "expansion", "expanded_channels", "stride"),
    "squeeze_excitation": ("reduction", "hidden_channels"),
    "grouped": ("kernel_size", "out_channels", "groups"),
}
"""Shipped designs that generated ones may nest, and what they say of them."""

NOT_NUMBERS = ("word", "padding", "deep")
"""Parameters that hold something else; they stand in arithmetic only now and then."""
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 31, 32, 48, 60, 64, 96)
DECIMALS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 4.0, 10.5, 63.5, 64.0, 64.5)


def number(rng: Random, names: list[str], depth: int = 2) -> str:
    """An expression that gives a number, or text that fails where it is evaluated."""
    draw = rng.random()
    if depth == 0 or draw < 0.35:
        return rng.choice(names) if rng.random() < 0.7 else literal(rng)
    left, right = number(rng, names, depth - 1), number(rng, names, depth - 1)
    if draw < 0.6:
        operator = rng.choice(("+", "-", "*", "*", "//", "%", "/"))
        return f"({left} {operator} {right})"
    if draw < 0.78:
        return f"{rng.choice(('min', 'max', 'max'))}({left}, {right})"
    if draw < 0.88:
        return f"{rng.choice(('floor', 'ceil'))}({left})"
    if draw < 0.93:
        return f"round_to({left}, {rng.choice((4, 8))})"
    return f"({left} if {condition(rng, names, depth - 1)} else {right})"


def literal(rng: Random) -> str:
    """A whole number or a decimal."""
    return str(rng.choice(SIZES)) if rng.random() < 0.6 else str(rng.choice(DECIMALS))


def condition(rng: Random, names: list[str], depth: int = 1) -> str:
    """An expression that is true or false."""
    draw = rng.random()
    if depth > 0 and draw < 0.25:
        word = rng.choice(("and", "or"))
        return f"({condition(rng, names, 0)} {word} {condition(rng, names, 0)})"
    if draw < 0.35:
        return f"not {rng.choice(names)}"
    if draw < 0.42:
        return rng.choice(names)
    operator = rng.choice(("==", "!=", "<", "<=", ">", ">="))
    return f"{number(rng, names, 1)} {operator} {number(rng, names, 1)}"


def size(rng: Random, names: list[str]) -> int | str:
    """A size of a layer; mostly one that can be built, whatever the names hold."""
    draw = rng.random()
    if draw < 0.3:
        return rng.choice(SIZES)
    if draw < 0.6:
        return rng.choice(names)
    if draw < 0.9:
        return f"max(1, floor({number(rng, names)}))"
    return number(rng, names)


PARAMETERS: dict[str, tuple[Any, ...]] = {
    "kernel_size": (1, 3, 3, [3, 1], [1, 3]),
    "out_channels": ("in_channels", 8, 16, "in_channels * 2", "max(in_channels, 10.5) // 1"),
    "stride": (1, 1, 2, [2, 1]),
    "padding": ("same", "valid", 1, [1, 0]),
    "groups": (1, 1, 2, "in_channels"),
    "ratio": (0.5, 0.25, 1.5, 2, "in_channels / 64", "in_channels / 2"),
    "width": (8, 16.0, 64, "min(in_channels, 32)", "in_channels // 2 * 2"),
    "deep": (False, True),
    "word": ("relu", "none", "hard_swish"),
    "limit": (64.5, 32, 31.5, "in_channels + 0.5"),
}
"""Parameters and the defaults that they may have; lines give the same ones."""


def design(rng: Random, others: dict[str, Document]) -> Document:
    """A design file as a document; ``others`` are designs that it may nest."""
    names = rng.sample(list(PARAMETERS), rng.randint(1, 6))
    numbers = [name for name in names if name not in NOT_NUMBERS]
    scope = ["in_channels", *(numbers if rng.random() < 0.9 else names)]
    if rng.random() < 0.02:
        scope.append("missing")
    parameters: Document = {}
    for name in names:
        default = rng.choice(PARAMETERS[name])
        if isinstance(default, str) and rng.random() < 0.3 and name not in ("padding", "word"):
            default = number(rng, ["in_channels", *parameters])
        parameters[name] = {} if rng.random() < 0.04 else {"default": default}
    layers = [layer(rng, at, names, scope, others) for at in range(rng.randint(1, 4))]
    return {"parameters": parameters, "layers": layers}


def layer(
    rng: Random, place: int, names: list[str], scope: list[str], others: dict[str, Document]
) -> Document:
    """One layer: a primitive, a design of the same run, or a shipped one."""
    kind = rng.choice((*["conv"] * 6, "linear", "max_pool", "split", "channel_shuffle", "slice"))
    if rng.random() < 0.25:
        kind = rng.choice((*SHIPPED, *others, *others))
    made: Document = {"name": f"l{place}", "type": kind}
    scope = [*scope, "channels"]
    if kind == "conv":
        made["kernel_size"] = "kernel_size" if "kernel_size" in names else rng.choice((1, 3, 2))
    fields: tuple[str, ...] = {
        "conv": ("out_channels", "groups", "stride", "padding"),
        "linear": ("out_channels",),
        "max_pool": ("kernel_size", "stride"),
        "split": ("parts",),
        "channel_shuffle": ("groups",),
        "slice": ("stop",),
        **SHIPPED,
    }.get(kind) or tuple(others[kind]["parameters"])
    needed = ("out_channels", "kernel_size") if kind in SHIPPED else fields[:1]
    for field in fields:
        if (field in needed and kind != "split") or rng.random() < 0.3:
            made[field] = field_value(rng, field, names, scope)
    if rng.random() < 0.3:
        made["when"] = condition(rng, [*scope, *names])
    if rng.random() < 0.15:
        made["repeat"] = rng.choice((2, 3, size(rng, scope)))
    if kind in ("conv", "linear"):
        if rng.random() < 0.3:
            made["norm"] = "batch_norm"
        if rng.random() < 0.3:
            made["activation"] = "word" if "word" in names else "relu"
    return made


def field_value(rng: Random, field: str, names: list[str], scope: list[str]) -> Any:
    """What a layer says of one field."""
    if field == "padding":
        return "padding" if "padding" in names else rng.choice(("same", 1, "valid"))
    if field in ("deep", "word"):
        return rng.choice(PARAMETERS[field])
    if field == "ratio":
        return rng.choice((0.5, 2, number(rng, scope)))
    if field in ("groups", "stride", "parts", "kernel_size", "reduction", "expansion"):
        simple = rng.random() < 0.8
        return rng.choice((1, 1, 2, 3)) if simple else rng.choice(scope)
    return size(rng, scope)


def designs(rng: Random, count: int) -> dict[str, Document]:
    """``count`` designs by name, later ones nesting earlier ones."""
    made: dict[str, Document] = {}
    for at in range(count):
        made[f"d{at}"] = design(rng, made)
    return made


def library_of(documents: dict[str, Document]) -> Library:
    """A library in which ``documents`` are known by name, as if each had been a user's file."""
    from convcost.language.compiling import compile_design
    from convcost.language.toml import checked_design

    library = Library()
    for name, document in documents.items():
        checked = checked_design(json.loads(json.dumps(document)), f"{name}.toml")
        library._compiled[name] = compile_design(checked, name, place=f"{name}.toml")
    return library


def argument(rng: Random, field: str) -> Any:
    """A value that a line gives, of whatever kind."""
    draw = rng.random()
    if draw < 0.04:
        return rng.choice((True, 1.0, 2.5, "same", "x", [1, 2.0], [True, 1], [1, 2, 3, 4], None, 0))
    if field in ("deep",):
        return rng.random() < 0.5
    if field in ("word", "padding"):
        return rng.choice(PARAMETERS[field])
    if field in ("ratio", "limit"):
        return rng.choice(DECIMALS) if draw < 0.6 else rng.choice(SIZES)
    if field in ("kernel_size", "stride"):
        return rng.choice(([3, 1], [1, 1], [3, 3]) if draw < 0.2 else (1, 2, 3))
    if field == "groups":
        return rng.choice((1, 1, 2, 4))
    return rng.choice(SIZES) if draw < 0.85 else float(rng.choice(SIZES))


def lines(rng: Random, kind: str, document: Document, count: int) -> list[Line]:
    """Lines of one kind: the same fields, other values; now and then one of another kind."""
    parameters = document["parameters"]
    fields = [name for name in parameters if not parameters[name] or rng.random() < 0.5]
    fields += [name for name in ("bias", "nonsense", "groups") if rng.random() < 0.02]
    axes = rng.choice((2, 2, 2, 1, 3))
    made = []
    for _ in range(count):
        strays = rng.random() < 0.1
        sides = [rng.randint(1, 40) for _ in range(axes if not strays else rng.randint(0, 3))]
        line: Line = {"type": kind, "input": [*sides, rng.choice(SIZES)]}
        for field in fields:
            if not strays or rng.random() < 0.5:
                line[field] = argument(rng, field) if field != "bias" else rng.random() < 0.5
        made.append(line)
    return made
