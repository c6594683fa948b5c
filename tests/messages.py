"""Everything that convcost says in words, found where it stands: in the code and in the data.

What a test of the catalogues holds against the translations. A sentence is a text of two words
or more, with ``{}`` for each value; what only programs read is left out by the tables below.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from convcost.language.library import PACKAGE


class Message(NamedTuple):
    """A text and where it stands."""

    place: str
    text: str


FOR_PROGRAMS = (
    *("reports/html.py", "reports/svg.py", "reports/drawings.py"),  # markup
    *("reports/check_formats.py",),  # GitHub and JUnit
    *("reports/schemas.py", "reports/check_schemas.py", "reports/convention_schemas.py"),
    *(
        "reports/space_schemas.py",
        "reports/explain_schemas.py",
        "reports/messages.py",
        "reports/translating.py",
    ),
    *("engine/replaying.py", "engine/tracing.py"),  # code, and an exception that nobody sees
    *("sources/torch/aten.py",),  # names of operators
    *("reports/plotting.py",),  # a chart is for a paper; matplotlib's fonts have no Chinese
    *("reports/scattering.py", "reports/clouds.py", "reports/charts.py", "reports/roofline.py"),
    *("reports/formats.py",),  # comments on formats, which help shows as words to type
)
"""Files whose texts no reader sees in a language."""

DESCRIBED = ("Field", "WithJsonSchema", "fullmatch", "compile", "search", "match", "sub", "split")
"""Calls whose texts are descriptions in a schema, patterns, or names between spaces."""

PARTS = (
    *("{} to {} layers", "{}: {} and {}", "matmul: {} and {}", "{} limit{}", "{} layer{}"),
    *("{} has {} that cannot be counted: its figures are lower bounds", "{} has {} {}"),
    *("{}, and the baseline does not say how many there were", "{}, and {} are allowed"),
    *("{}, at most {}", "{}, {} more than {}", "grew most", "max increase", "{}: {} {} than {}"),
    *("sees {} where {} sees {}", "mixes {}{}", "kernel {}", "{} out", "{}, not seen"),
    *("{}; figures of memory in bytes at {}", "1 batch norm", "{} batch norms"),
    *("{} of {} {} folded into layers of {}{}", "{} layer{} the same", "one for each {} channel"),
    *("(input{} - kernel, over stride)", "{} as {}{} counts them; {}"),
    *("{} have {}", "{}, line {}", "{} the {} bytes that are alive at once"),
    *("one for each value at a position", "one {} value", "{} values", "{} from {}{}"),
    *("it spans all {} values that it reads, and their products are summed",),
    *("it spans all {} input channels, and their products are summed",),
    *("it spans {} {}: {} input channels / {} groups", "fp32 f32 float single"),
    *("{} {}keeps 1 of {} positions, about 1/{} of the MACs of stride 1", "{} with {}", "{} as {}"),
    *("a 1x1 with {} reads 1 of {} positions; the others never reach the output",),
    *("a field holds a number, a flag, a word, an expression or a list of those",),
    *(
        "{}.toml: {}",
        "model {}",
        "{} macs=300M",
        "weight {}",
        "TypeError: {}",
        "is not exact with an exponent",
    ),
    *("batch norms are folded into",),
    *("{} {} convolutions: with norms of their own there are {} more parameters", "state tensor"),
    *("the file states other sizes than its operations make: {} ({}, counted {}){}",),
    *("calling {} {}fails", "forward of {} fails{}", "element operations", "F.interpolate by size"),
    *("batch, {}, channels", "batch, channels, {}"),
    "{}; or name the code: module:factory",
    *("{} {} it", "a language of convcost", "a way to compare", "a value of {}", "conv {}"),
    *("peak, weights or bytes", "peak with --planner tflm", "{} to a given size", "no such file"),
    "layers: conv, 1x1, depthwise, separable, bottleneck, max_pool, linear, relu, ...",
    # What a field must be: "{} must be ..., not {}" is one message for each of them.
    *("a whole number", "true or false", "more than {gt}", "less than {lt}", "{le} or less"),
    *("text of {min_length} or more characters", "text of at most {max_length} characters"),
    *("letters, digits, _, - and .", "one of {expected}"),
    *("{} of {}", "{} candidate{}", "k{} for a kernel"),
    # Why a class is refused: its name stands before each of them.
    *("joins several layers, a line is one after the other", "has no counterpart here"),
    "looks rows up: there is no such layer here",
    "is Flax's with features=..., and other projects' own",
    *("{} was read as {} of {}{}", "a batch of {} samples", "one sample"),
)
"""Parts of sentences that are put together: what they make is held by commands, and by reports."""

SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? (?:[a-z]{2,}|\{\})|\{\} [a-z]{2,}")
NO_SENTENCE = re.compile(
    r"^\s*(?:-[a-zA-Z] |convcost |\[\[)"  # what is typed
    r"|^[a-z_ ]*_[a-z0-9_ ]*$|::|\\|\.\*"  # names, patterns of what another library says
    r"|^[ ,;:<]| $|\n"  # the start or the end of a sentence, what an object is, examples
)


OPTION = re.compile(r"--[a-z][a-z:-]*(?: [\w.,=:*<>{}-]+)?")
"""An option and its value."""


def template(node: ast.expr) -> str | None:
    """A text as it stands in the code, with ``{}`` for each value."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        return "".join(map(str, parts))
    return None


def texts(node: ast.AST) -> Iterator[ast.expr]:
    """Every text below a node that is neither a docstring nor described away."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        yield node
        for value in getattr(node, "values", ()):
            if isinstance(value, ast.FormattedValue):
                yield from texts(value.value)
        return
    if isinstance(node, ast.Call) and called(node) in DESCRIBED:
        return
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from texts(child)


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def in_code() -> Iterator[Message]:
    """Every sentence of the code."""
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        if file in FOR_PROGRAMS:
            continue
        for node in texts(ast.parse(path.read_text("utf-8"))):
            text = template(node)
            bare = OPTION.sub("", text or "")
            if text and SENTENCE.search(bare) and not NO_SENTENCE.search(text):
                yield Message(f"convcost/{file}:{node.lineno}", text)


def columns() -> Iterator[Message]:
    """Every heading of a column that is written out."""
    for path in sorted((PACKAGE / "reports").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) == "Column" and len(node.args) > 1:
                title = template(node.args[1])
                if title and title != "{}":
                    yield Message(f"convcost/reports/{path.name}:{node.lineno}", title)


SPOKEN = ("summary", "family", "about", "otherwise")
"""Keys of data files that hold words for people."""


def in_data() -> Iterator[Message]:
    """Every sentence of designs, networks and conventions."""
    for folder in ("designs", "networks", "conventions"):
        for path in sorted((PACKAGE / folder).glob("*.toml")):
            data = tomllib.loads(path.read_text("utf-8"))
            place = f"convcost/{folder}/{path.name}"
            yield from (Message(f"{place}: {key}", text) for key, text in words(data, ""))


def words(data: Any, key: str) -> Iterator[tuple[str, str]]:
    """(key, text) of each text for people in a document."""
    if isinstance(data, dict):
        for name, value in data.items():
            inside = f"{key}.{name}" if key else name
            is_spoken = name in SPOKEN or key == "depends_on"
            if is_spoken and isinstance(value, str):
                yield inside, value
            else:
                yield from words(value, inside)
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from words(value, f"{key}[{number}]")


def same(text: str) -> str:
    """A message in the code and in a catalogue, which says more about its values, are equal so."""
    return re.sub(r"(?:\{\})+", "{}", re.sub(r"\{[#tle?]\}", "{}", text))
