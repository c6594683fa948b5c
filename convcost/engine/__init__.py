"""Exact costs of resolved operations: shapes in, integers out.

Knows no file, no terminal and no pydantic. Formulas live in ``operations``, wiring in ``graph``,
sums in ``counting``; ``receptive_field`` and ``memory`` answer further questions about a graph.
"""
