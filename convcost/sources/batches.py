"""Models that a file fixes to one batch, counted for another one."""

from __future__ import annotations

from dataclasses import replace

from convcost.engine.operations.foreign import Foreign
from convcost.errors import ConvcostError, shorten
from convcost.language.building import Subject


def for_batch(subject: Subject, own: int, batch: int) -> Subject:
    """A model counted for ``own`` samples, for ``batch`` of them: work is linear in them."""
    nodes = []
    for node in subject.graph.nodes:
        operation = node.operation
        if isinstance(operation, Foreign) and not operation.is_constant:
            work = (operation.macs * batch, operation.element_ops * batch)
            if any(amount % own for amount in work):
                raise ConvcostError(
                    f"{shorten(node.name, 60)} cannot be counted for a batch of {batch}",
                    hint=f"the file is written for a batch of {own}",
                )
            operation = replace(operation, macs=work[0] // own, element_ops=work[1] // own)
        nodes.append(node._replace(operation=operation))
    return subject._replace(graph=subject.graph._replace(nodes=tuple(nodes)), batch=batch)
