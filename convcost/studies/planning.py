"""Cost as a column: a space as a small object that other engines run and read.

A plan is data: what is varied, over which axes, which figures. It is pickled to where the rows
are, and makes its records there. It hands over numbers, never formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.engine.columns import HIGH, LOW, Array, Column, column
from convcost.engine.memory.execution import execution
from convcost.errors import ConvcostError, SpecError
from convcost.language.library import Library
from convcost.studies.arrow import FLOAT64, INT64, TEXT, Field, Values, capsule
from convcost.studies.machine import BOX, BUILT, Machine, axis_columns
from convcost.studies.measuring import RATIOS, figure_keys, measured_keys
from convcost.studies.opening import Asked, open_space
from convcost.studies.space import Axis, axis_of, parse_axis
from convcost.studies.sweep import check_any
from convcost.studies.views import Tally, number

if TYPE_CHECKING:
    from convcost.studies.machine import Box

Columns = dict[str, Array]

NOT_BUILT = "is_built"
"""The column that says which candidates can be built; their figures are -1 where it is false."""


class Plan:
    """What a space costs, as a function of columns and as a stream of them. Picklable."""

    def __init__(
        self,
        words: Sequence[str],
        axes: Sequence[Axis | str],
        *,
        settings: Sequence[str] = (),
        figures: Sequence[str] = ("params", "macs"),
        dtype: str = "float32",
        batch: int = 1,
        design_path: Sequence[str] = (),
    ) -> None:
        """``axes``: with values, or names only where values will come in columns."""
        self.words, self.axes = tuple(words), tuple(axes)
        self.settings, self.figures = tuple(settings), figure_keys(figures)
        self.dtype, self.batch, self.design_path = dtype, batch, tuple(design_path)
        self._machines: dict[tuple[bool, ...], Machine] = {}
        self._check()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the records, which are made anew where it arrives."""
        return {**self.__dict__, "_machines": {}}

    def __repr__(self) -> str:
        return (
            f"<Plan {' '.join(self.words)}: {', '.join(self.names)} -> {', '.join(self.figures)}>"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a call needs."""
        return tuple(axis if isinstance(axis, str) else axis.name for axis in self.axes)

    def _check(self) -> None:
        """Raise SpecError for what can be known to be wrong before there are numbers."""
        for name in RATIOS:
            if name in self.figures:
                above, below = RATIOS[name]
                raise SpecError(f"{name} is a ratio", hint=f"ask for {above} and {below}")
        self._machine([True] * len(self.axes))

    def _machine(self, whole: Sequence[bool]) -> Machine:
        """The machine for columns of these kinds: whole numbers, or others."""
        key = tuple(whole)
        if key not in self._machines:
            some = (range(1, 2), ("",))
            axes = tuple(
                Axis(name, some[0] if is_whole else list(some[1]))
                for name, is_whole in zip(self.names, whole, strict=True)
            )
            family, space = self._open(axes, resolve=False)
            how = execution(self.dtype)
            self._machines[key] = Machine(family, space, measured_keys(self.figures), how)
        return self._machines[key]

    def _open(self, axes: Sequence[Axis], *, resolve: bool) -> Any:
        library = Library([Path(folder) for folder in self.design_path])
        asked = Asked(self.words, tuple(axes), self.settings, None, self.batch)
        return open_space(library, asked, resolve=resolve)

    def __call__(self, columns: Mapping[str, Any]) -> Columns:
        """The figures of each row, as int64 (Python integers where they leave it).

        ``columns`` has an array for each name of the plan, all of one length or stretching to
        one shape; further ones are not read. Rows that cannot be built have -1 and ``is_built``
        false. Raises SpecError for a column that is missing.
        """
        import numpy as np

        missing = [name for name in self.names if name not in columns]
        if missing:
            raise SpecError(f"there is no column {missing[0]}", hint=f"needed: {self.names}")
        arrays = np.broadcast_arrays(*[_array(columns[name]) for name in self.names])
        shape = arrays[0].shape
        flat = [array.reshape(-1) for array in arrays]
        parts = [
            self._rows([array[start : start + BOX] for array in flat])
            for start in range(0, len(flat[0]), BOX)
        ]
        if not parts:
            parts = [_nothing(self.figures)]
        return {
            name: np.concatenate([part[name] for part in parts]).reshape(shape) for name in parts[0]
        }

    def _rows(self, arrays: Sequence[Array]) -> Columns:
        """One stretch of rows; combinations of decimals and words go one by one."""
        import numpy as np

        whole = [array.dtype.kind in "iu" for array in arrays]
        machine = self._machine(whole)
        numbers = [array for array, is_whole in zip(arrays, whole, strict=True) if is_whole]
        others = [array for array, is_whole in zip(arrays, whole, strict=True) if not is_whole]
        names = [name for name, is_whole in zip(self.names, whole, strict=True) if not is_whole]
        size = len(arrays[0])
        made = {key: np.full(size, -1, dtype=np.int64) for key in self.figures}
        made[NOT_BUILT] = np.zeros(size, dtype=bool)
        for choice, places in _combinations(others):
            pairs = zip(names, choice, strict=True)
            values = [axis_of(name, [value]).values[0] for name, value in pairs]
            self._fill(machine, values, [array[places] for array in numbers], places, made)
        return made

    def _fill(
        self,
        machine: Machine,
        choice: Sequence[Any],
        numbers: Sequence[Array],
        places: Array,
        made: Columns,
    ) -> None:
        import numpy as np

        function = machine.function(choice, is_on_axes=False)
        shape = made[NOT_BUILT][places].shape
        filled = function.run_columns([_whole_column(one) for one in numbers], shape)
        built = np.array([label == BUILT for label in function.labels], dtype=bool)[filled.labels]
        made[NOT_BUILT][places] = built
        for key, result in zip(measured_keys(self.figures), filled.columns, strict=False):
            values = np.broadcast_to(result.values, shape)
            if values.dtype == object or not LOW <= result.low <= result.high <= HIGH:
                made[key] = made[key].astype(object)
            made[key][places] = values if built.all() else np.where(built, values, -1)

    def batches(self, size: int = BOX) -> Batches:
        """Every candidate of the space, as an Arrow stream. Raises SpecError without values."""
        without = [axis for axis in self.axes if isinstance(axis, str)]
        if without:
            raise SpecError(f"{without[0]} has no values", hint="vary={'in': range(16, 513)}")
        return Batches(self, size)


def _array(values: Any) -> Array:
    """Anything array-like: numpy, a list, a column of another engine."""
    import numpy as np

    return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)


def _whole_column(values: Array) -> Column:
    import numpy as np

    if values.dtype.kind == "u" and len(values) and int(values.max()) > HIGH:
        raise ConvcostError(f"{int(values.max())} is too large")
    return column(values.astype(np.int64))


def _nothing(figures: Sequence[str]) -> Columns:
    import numpy as np

    empty: Columns = {key: np.zeros(0, dtype=np.int64) for key in figures}
    return {**empty, NOT_BUILT: np.zeros(0, dtype=bool)}


def _combinations(arrays: Sequence[Array]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each combination of values that is there, and its places."""
    import numpy as np

    if not arrays:
        yield (), slice(None)
        return
    places: dict[tuple[Any, ...], list[int]] = {}
    for at, values in enumerate(zip(*[array.tolist() for array in arrays], strict=True)):
        places.setdefault(values, []).append(at)
    for values, there in places.items():
        yield values, np.array(there)


class Batches:
    """The candidates of a plan, batch by batch: read it once as Arrow, or loop over it."""

    def __init__(self, plan: Plan, size: int) -> None:
        axes = [axis for axis in plan.axes if not isinstance(axis, str)]
        self._family, self._space = plan._open(axes, resolve=True)
        keys = measured_keys(plan.figures)
        self._machine = Machine(self._family, self._space, keys, execution(plan.dtype))
        self._plan, self._size = plan, size

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns: axes, then figures; a figure is null where nothing can be built."""
        axes = [Field(axis.name, _format(axis)) for axis in self._space.axes]
        return (*axes, *(Field(key, INT64) for key in self._plan.figures))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's C stream interface, which polars, DuckDB, pyarrow and others read."""
        return capsule(self.fields, map(self._values, self._boxes()))

    def _boxes(self) -> Iterator[Box]:
        """The boxes of the space. Raises ConvcostError where nothing in it could be built."""
        tally = Tally()
        for box in self._machine.boxes(most=self._size):
            tally.add(box)
            yield box
        check_any(self._machine, tally)

    def __iter__(self) -> Iterator[Columns]:
        """Batches as numpy columns, with ``is_built``."""
        import numpy as np

        for box in self._boxes():
            columns: Columns = {name: values.data for name, values in self._values(box).items()}
            yield {**columns, NOT_BUILT: np.broadcast_to(box.built, box.shape).reshape(-1)}

    def _values(self, box: Box) -> dict[str, Values]:
        import numpy as np

        made: dict[str, Values] = {}
        size = box.size
        for axis, one in zip(self._space.axes, axis_columns(box), strict=True):
            if isinstance(one, Column):
                made[axis.name] = Values(np.broadcast_to(one.values, box.shape).reshape(-1))
            else:
                shown = number(one) if _format(axis) != TEXT else _text(one)
                made[axis.name] = Values(np.full(size, shown))
        valid = None
        if box.built is not True:
            valid = np.broadcast_to(box.built, box.shape).reshape(-1)
        figures = box.figures or [Column(0, 0, 0)] * len(self._plan.figures)
        for key, one in zip(measured_keys(self._plan.figures), figures, strict=True):
            if not LOW <= one.low <= one.high <= HIGH:
                raise ConvcostError(f"{key} leaves 64 bits", hint="narrow the axes")
            values = np.broadcast_to(one.values, box.shape).reshape(-1)
            made[key] = Values(values if valid is None else np.where(valid, values, 0), valid)
        return made


def _format(axis: Axis) -> str:
    if axis.is_whole:
        return INT64
    numbers = all(not isinstance(value, str | bool | tuple) for value in axis.values)
    return FLOAT64 if numbers else TEXT


def _text(value: Any) -> str:
    from convcost.quantities import format_shape

    if isinstance(value, tuple):
        return format_shape(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def plan(
    *what: str,
    vary: str | Sequence[str] | Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    figures: Sequence[str] = ("params", "macs"),
    dtype: str = "float32",
    batch: int = 1,
    design_path: Sequence[str] = (),
) -> Plan:
    """A plan for a design, a network or a one-line layer (with an input shape before it).

    ``vary`` has names (``"in"``), axes as texts (``"in=16..512:16"``), or values by name;
    ``settings`` are fixed, or expressions over what varies (``{"out": "6*in"}``). Raises
    SpecError.
    """
    axes: list[Axis | str] = []
    if isinstance(vary, str):
        vary = [vary]
    if isinstance(vary, Mapping):
        axes += [axis_of(name, values) for name, values in vary.items()]
    else:
        axes += [parse_axis(one) if "=" in one else one for one in vary]
    texts = [f"{name}={_setting(value)}" for name, value in (settings or {}).items()]
    return Plan(
        what,
        axes,
        settings=texts,
        figures=figures,
        dtype=dtype,
        batch=batch,
        design_path=design_path,
    )


def _setting(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else _text(value)
