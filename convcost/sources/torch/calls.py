"""One dispatched operation, as a record: its name, its arguments by name, what it reads and makes.

Needs no import of ``torch``: tensors and schemas answer for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convcost.sources.torch.aten import BACKWARD, NOT_KNOWN, OTHERS, TYPES, VOCABULARY


class Signature(NamedTuple):
    """What an operation's schema says, read once for each."""

    name: str
    namespace: str
    arguments: tuple[str, ...]
    written: tuple[str, ...]
    outputs: tuple[str, ...]
    tags: frozenset[str]

    @property
    def full_name(self) -> str:
        """The name as the tables have it: with its namespace where that is not ``aten``."""
        return self.name if self.namespace == "aten" else f"{self.namespace}::{self.name}"


class Call(NamedTuple):
    """One operation that ran. ``reads`` excludes tensors that are only written (``out=``)."""

    signature: Signature
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    reads: list[Any]
    made: list[Any]
    writes: Sequence[Any] = ()

    @property
    def name(self) -> str:
        """The name as the tables have it."""
        return self.signature.full_name

    @property
    def role(self) -> str | None:
        """How it is counted; None where that is not known."""
        return role_of(self.signature)

    @property
    def type(self) -> str:
        """Its name in convcost's words."""
        return TYPES.get(self.name, self.name)

    def get(self, name: str, default: Any = None) -> Any:
        """An argument by the name that it has in the schema."""
        if name in self.kwargs:
            return self.kwargs[name]
        names = self.signature.arguments
        index = names.index(name) if name in names else len(self.args)
        return self.args[index] if index < len(self.args) else default


def role_of(signature: Signature) -> str | None:
    """The role of an operation in the tables, or by what PyTorch itself says of it."""
    if signature.namespace != "aten":
        role = OTHERS.get(signature.full_name)
        if role is None and signature.namespace == "prims":
            return "elementwise" if "pointwise" in signature.tags else None
        return role
    name = signature.name
    role = VOCABULARY.get(name) or BACKWARD.get(name)
    if role is not None or name in NOT_KNOWN:
        return role
    if "pointwise" in signature.tags:
        return "elementwise"
    if "reduction" in signature.tags:
        return "reduce"
    return "gradient" if "_backward" in name else None


def signature_of(func: Any) -> Signature:
    """The signature of what PyTorch dispatches (an ``OpOverload``)."""
    schema = func._schema
    name = func.__name__.partition(".")[0]
    arguments = schema.arguments
    written = [a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write]
    return Signature(
        name.rstrip("_") if not name.startswith("__") else name,
        func.namespace,
        tuple(a.name for a in arguments),
        tuple(written),
        tuple(a.name for a in arguments if a.is_out),
        frozenset(str(tag).removeprefix("Tag.") for tag in func.tags),
    )
