"""Spaces from Python: ``sweep`` as a function, and its result with rows, table and chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from convcost.engine.memory.execution import PLAIN, Execution
from convcost.errors import ConvcostError, MissingExtraError
from convcost.results import Shown

if TYPE_CHECKING:
    from convcost.reports.report import Report
    from convcost.studies.cloud import Cloud
    from convcost.studies.space import Axis
    from convcost.studies.sweep import Sweep, Wish
    from convcost.studies.views import Row


class SweepResult(Shown):
    """Candidates of a space with their figures. Iterating gives rows, mappings by name."""

    def __init__(self, name: str, swept: Sweep, wish: Wish, cloud: Cloud) -> None:
        self.name: Final = name
        self.swept: Final = swept
        self._wish, self._cloud = wish, cloud

    @property
    def rows(self) -> list[Row]:
        """A mapping a candidate: axes, figures, joined columns; numbers are exact."""
        return self.swept.rows

    @property
    def candidates(self) -> int:
        """How many combinations the space has."""
        return self.swept.candidates

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def report(self) -> Report:
        """The table, and the dots of its chart."""
        from convcost.reports.clouds import sweep_scatter
        from convcost.reports.sweep import sweep_report

        axes = [axis.name for axis in self.swept.axes]
        return sweep_report(self.swept, self._wish, self.name)._replace(
            chart=lambda: sweep_scatter(self.name, axes, self._cloud, self.candidates)
        )

    def __repr__(self) -> str:
        return f"<SweepResult {self.name}: {len(self)} of {self.candidates:,} candidates>"


def sweep(
    *what: str | Path,
    vary: Mapping[str, Any] | Sequence[str],
    settings: Mapping[str, Any] | None = None,
    where: str | None = None,
    pareto: str | None = None,
    sort: str | None = None,
    most: int | None = None,
    columns: Sequence[str] = (),
    join: str | Path | None = None,
    input: str | Sequence[int] | None = None,
    batch: int = 1,
    design_path: Sequence[str | Path] = (),
    execution: Execution = PLAIN,
) -> SweepResult:
    """Cost every candidate of a space: ``sweep("mobilenet_v1", vary={"width": [0.5, 1]})``.

    ``vary``: values by axis (a text such as ``"16..512:16"``, a range, a list), or texts as
    ``--vary`` takes them; ``settings`` are fixed, or expressions over axes. The others are the
    options of ``convcost sweep``. Needs the extra ``convcost[sweep]``. Raises ConvcostError.
    """
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        raise MissingExtraError("a sweep", "numpy", "sweep")
    from convcost.api import read_shape
    from convcost.language.library import Library
    from convcost.studies.cloud import Cloud, drawn_figures
    from convcost.studies.joining import read_join
    from convcost.studies.machine import Machine
    from convcost.studies.measuring import measured_keys
    from convcost.studies.opening import Asked, open_space
    from convcost.studies.sweep import make_wish
    from convcost.studies.sweep import sweep as walk

    words = tuple(map(str, what))
    fixed = tuple(f"{name}={_text(value)}" for name, value in (settings or {}).items())
    shape = None if input is None else read_shape(input)
    library = Library([Path(folder) for folder in design_path])
    family, space = open_space(library, Asked(words, _axes(vary), fixed, shape, batch))
    table = None if join is None else read_join(str(join), space.axes)
    wish = make_wish(
        space.axes,
        where=where,
        pareto=pareto,
        sort=sort,
        most=most,
        join=table,
        show=columns,
    )
    cloud = Cloud(*drawn_figures(wish, tuple(columns)))
    machine = Machine(family, space, measured_keys(wish.keys), execution)
    swept = walk(machine, wish, beside=cloud.add)
    return SweepResult(" ".join(words) or "designs", swept, wish, cloud)


def _axes(vary: Mapping[str, Any] | Sequence[str]) -> tuple[str | Axis, ...]:
    """Axes as they are opened: texts, or names with values."""
    from convcost.studies.space import axis_of

    if isinstance(vary, str):
        raise ConvcostError("vary takes several axes", hint='vary=["out=16..64"] or a mapping')
    if not isinstance(vary, Mapping):
        return tuple(vary)
    return tuple(
        f"{name}={values}"
        if isinstance(values, str)
        else axis_of(name, values if isinstance(values, Iterable) else [values])
        for name, values in vary.items()
    )


def _text(value: Any) -> str:
    """A setting as ``--set`` takes it."""
    from convcost.quantities import format_shape

    if isinstance(value, bool):
        return str(value).lower()
    return format_shape(value) if isinstance(value, list | tuple) else str(value)
