"""Found: something that was asked for, known well enough to be built, and not built yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from convcost.errors import SpecError
from convcost.language.building import Subject
from convcost.language.running import Design

FoundKind: TypeAlias = Literal["layers", "design", "network"]


class Found(NamedTuple):
    """One subject by its word. ``make`` builds it with settings; ``settings`` are those given.

    ``design`` is the design behind a name, looked up once; None for what is written out, for a
    primitive and for a foreign model. ``accepts`` says which settings have a meaning for it.
    """

    name: str
    kind: FoundKind
    make: Callable[[Mapping[str, Any]], Subject]
    settings: Mapping[str, Any] = MappingProxyType({})
    design: Design | None = None
    accepts: Callable[[str], bool] = lambda field: False
    summary: str = ""

    def subject(self) -> Subject:
        """Build it. Raises SpecError."""
        return self.make(self.settings)


class Problem(NamedTuple):
    """A spec that cannot be used, in its place among the others."""

    line: int | None
    error: SpecError
