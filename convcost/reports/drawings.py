"""A graph in the languages of drawing programs: Graphviz' dot, and Mermaid for Markdown pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convcost.engine.graph import Graph
from convcost.quantities import format_shape
from convcost.reports.count import format_share
from convcost.studies.census import shares


def dot(name: str, graph: Graph) -> str:
    """A digraph: a box a layer, an arrow a tensor with its shape."""
    lines = [f'digraph "{_escaped(name)}" {{', "  node [shape=box, fontname=sans];"]
    for number, shape in enumerate(graph.inputs):
        lines.append(f'  t{number} [label="input\\n{format_shape(shape)}", shape=ellipse];')
    first = len(graph.inputs)
    for number, words in enumerate(_labels(graph), start=first):
        label = "\\n".join(map(_escaped, words))
        lines.append(f'  t{number} [label="{label}"];')
    for number, node in enumerate(graph.nodes, start=first):
        for tensor in node.inputs:
            lines.append(f'  t{tensor} -> t{number} [label="{format_shape(graph.shape(tensor))}"];')
    return "\n".join([*lines, "}", ""])


def mermaid(name: str, graph: Graph) -> str:
    """A flowchart from top to bottom, to stand in a fenced block of a Markdown page."""
    lines = ["---", f'title: "{_entities(name)}"', "---", "flowchart TD"]
    for number, shape in enumerate(graph.inputs):
        lines.append(f'  t{number}(["input {format_shape(shape)}"])')
    first = len(graph.inputs)
    for number, words in enumerate(_labels(graph), start=first):
        lines.append(f'  t{number}["{"<br>".join(map(_entities, words))}"]')
    for number, node in enumerate(graph.nodes, start=first):
        for tensor in node.inputs:
            lines.append(f"  t{tensor} -->|{format_shape(graph.shape(tensor))}| t{number}")
    return "\n".join([*lines, ""])


DRAWINGS: Mapping[str, Callable[[str, Graph], str]] = {"dot": dot, "mermaid": mermaid}
"""Every drawing by the word that ``designs NAME --format`` takes."""


def _labels(graph: Graph) -> list[list[str]]:
    """For each layer its name, what it is with the shape it makes, and its share of the MACs."""
    found = []
    for node, share in zip(graph.nodes, shares(graph), strict=True):
        what = " ".join(filter(None, [node.operation.type, node.operation.words()]))
        words = [what] if node.name in (node.operation.type, what) else [node.name, what]
        part = "" if share is None else format_share(share)
        words += [f"{part} of the MACs"] if part else []
        found.append([*words, *([format_shape(node.output)])])
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _entities(text: str) -> str:
    """Text that a Mermaid label takes as it is."""
    return "".join(
        char if char.isalnum() or char in " .,:;-+%_/" else f"#{ord(char)};" for char in text
    )
