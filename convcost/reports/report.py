"""Report: the one shape that every result takes before a format renders it."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from convcost.quantities import Amount, format_shape
from convcost.reports.theme import Span

if TYPE_CHECKING:
    from convcost.reports.charts import Chart

Drawing: TypeAlias = tuple[str, Sequence[Sequence[Span]]]
"""A name, and lines of coloured text."""

Cell = Any
"""What a row holds: an int, an Amount, a Fraction, a str, a shape, or None for not known."""


class Look(NamedTuple):
    """What a terminal can show. ``brief``: somebody looks at it now, and can ask for more.

    Only a terminal is brief: what goes into a pipe, a file or a document is complete.
    ``verbose``: sentences too, which else need a terminal of some width. ``speaker``: who says it
    in another language; a page asks it for the tables inside it, and leaves its lines unfolded.
    """

    width: int = 80
    color: bool = False
    unicode: bool = True
    brief: bool = False
    verbose: bool = False
    speaker: Any = None

    @property
    def room(self) -> int:
        """How wide a sentence may be: who translates it folds it, too."""
        return self.width if self.speaker is None else UNFOLDED


UNFOLDED = 100_000
"""A width at which no sentence goes over two lines."""

PAGE_WIDTH = 80
"""How wide lines on a page are."""

PLAIN_LOOK = Look()
"""80 columns, no colour."""


class Column(NamedTuple):
    """A column. ``show`` makes a cell's text for people; machines get the value itself.

    ``rank`` 0 is always shown; a terminal that is too narrow drops the highest ranks first.
    ``bar``: cells are shares of 1, drawn, with a number before them where ``show`` makes one;
    machines get them as numbers. ``wrap``: text may go over several lines, in a column of at
    least this width. ``people``: False where people read it elsewhere, in the title say, and
    only programs want the column. ``tone``: the style of a cell, of those in ``theme``.
    ``prose``: sentences, which a terminal shows below the table where it has some width, and
    ``needed`` ones at any width, in the table where they fit. ``pair``: shown where the column
    before it is.
    """

    key: str
    title: str
    show: Callable[[Cell], str] = str
    align: Literal["left", "right"] = "left"
    rank: int = 0
    bar: bool = False
    wrap: int = 0
    people: bool = True
    tone: Callable[[Cell], str] | None = None
    prose: bool = False
    needed: bool = False
    pair: bool = False


class Report(NamedTuple):
    """A table with its totals and notes, and the same result as a JSON document.

    ``groups`` are the rows that sum up rows below them: people see them, programs do not.
    ``quiet`` are rows that matter less: a baseline, rows without cost. ``answer`` is the sentence
    that ends it; ``short`` are the lines that a terminal shows in place of caption and notes.
    ``why`` makes the derivation of a row's numbers, for pages on which one can ask for it, and
    ``drawings`` diagrams and derivations with their names, for pages with room for them; both
    are told how wide a line may be. ``chart`` is what a chart shows.
    ``document`` makes what ``--format json`` prints, ``records`` its lines for jsonl: both on
    demand, since a table needs neither. ``own`` has the
    formats in which this result is a text of its own (a derivation, a diagram) and no table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None
    caption: str
    notes: tuple[str, ...]
    document: Callable[[], dict[str, Any]]
    records: Callable[[], tuple[dict[str, Any], ...]] = tuple
    groups: frozenset[int] = frozenset()
    own: Mapping[str, Callable[[Look], str]] = MappingProxyType({})
    quiet: frozenset[int] = frozenset()
    answer: str = ""
    short: tuple[str, ...] = ()
    why: Callable[[int, int], str] | None = None
    drawings: Callable[[int], Sequence[Drawing]] | None = None
    chart: "Callable[[], Chart] | None" = None

    @property
    def lines(self) -> tuple[str, ...]:
        """All that stands below the table."""
        return tuple(filter(None, (self.caption, *self.notes, self.answer)))

    def text(self, column: Column, cell: Cell) -> str:
        """A cell as people read it; what is not known is a question mark."""
        if cell is None:
            return "?"
        if isinstance(cell, Amount):
            return cell.text(column.show)
        return column.show(cell)


class Shown(str):
    """Text for people that stands for another value for programs."""

    __slots__ = ("value",)

    value: Any

    def __new__(cls, text: str, value: Any) -> "Shown":
        """``text`` with the ``value`` that a program gets."""
        shown = super().__new__(cls, text)
        shown.value = value
        return shown


def machine_value(cell: Cell) -> Any:
    """A cell for a program: shapes as 56x56x64, exact ratios as decimals, None as empty.

    A lower bound is the text ``>=592``: a program that wants a number must not take it for one.
    """
    if isinstance(cell, Fraction):
        return float(cell)
    if isinstance(cell, Shown):
        return machine_value(cell.value)
    if isinstance(cell, Amount):
        return str(cell) if cell.is_bound else cell.value
    if isinstance(cell, tuple):
        return format_shape(cell)
    return cell
