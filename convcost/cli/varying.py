"""What ``sweep`` and ``fit`` share: the options of a space, progress, and numpy where needed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from convcost.cli import options as o
from convcost.errors import MissingExtraError

if TYPE_CHECKING:
    from convcost.language.library import Library
    from convcost.studies.candidates import Family
    from convcost.studies.space import Space

SPACE = "Space"
"""The group of options in ``--help``."""

Vary = Annotated[
    list[str] | None,
    o.option(
        SPACE,
        *("--vary", "-v"),
        metavar="NAME=VALUES",
        help="An axis: out=16..512:16, width=0.25,0.5,1, kernel=3,5,7, groups=1..64:x2, "
        "design=standard,separable, input=128..224:32; repeatable.",
    ),
]
Setting = Annotated[
    list[str] | None,
    o.option(
        SPACE,
        "--set",
        metavar="NAME=VALUE",
        help="A fixed parameter, or one that hangs on axes: out=6*in; repeatable.",
    ),
]


class SpaceOptions(NamedTuple):
    """The options that describe a space."""

    vary: Vary = None
    set_: Setting = None
    kernel: o.Kernel = None
    out: o.Out = None
    stride: o.Stride = None
    input: o.Inputs = None
    batch: o.Batch = None
    bias: o.Bias = None
    norm: o.Norm = None
    activation: o.Activation = None
    design_path: o.DesignPath = None


NO_SPACE = SpaceOptions()


def opened_space(words: list[str], options: SpaceOptions) -> "tuple[Library, Family, Space]":
    """What is varied, and over what. Raises SpecError."""
    from convcost.cli.settings import batch_size
    from convcost.errors import SpecError
    from convcost.language.library import Library
    from convcost.language.running import EVERYTHING, WEIGHTS_ONLY
    from convcost.quantities import parse_shape
    from convcost.sources.asked import Wanted
    from convcost.studies.opening import Asked, open_space

    need_numpy()
    library = Library(options.design_path or ())
    shapes = options.input or []
    if len(shapes) > 1:
        raise SpecError("the input shape is given twice", place=f"--input {shapes[1]}")
    wanted = Wanted(options.norm, options.activation, options.bias)
    switches = None
    if wanted != Wanted():
        names = [word for word in words if library.knows(word)]
        is_network = any(library.find(name).kind == "network" for name in names)
        switches = wanted.over(EVERYTHING if is_network else WEIGHTS_ONLY)
    asked = Asked(
        tuple(words),
        tuple(options.vary or ()),
        (*(options.set_ or ()), *_layer_settings(options)),
        parse_shape(shapes[0]) if shapes else None,
        batch_size(options.batch),
        switches,
    )
    family, space = open_space(library, asked)
    return library, family, space


def _layer_settings(options: SpaceOptions) -> Iterator[str]:
    """``--kernel 3`` is ``--set kernel_size=3`` for every candidate. Raises SpecError."""
    from convcost.errors import SpecError, shorten

    given = {"kernel": options.kernel, "out": options.out, "stride": options.stride}
    for name, value in given.items():
        if value is None:
            continue
        if "," in value:
            place = f"--{name} {shorten(value, 60)}"
            hint = f"several vary: --vary {name}={shorten(value, 40)}"
            raise SpecError(f"--{name} is one value for all candidates", place=place, hint=hint)
        yield f"--{name}={value}"


def need_numpy() -> None:
    """Raise MissingExtraError where numpy is not installed."""
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        raise MissingExtraError("a sweep", "numpy", "sweep")


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal and the space is large."""
    if not sys.stderr.isatty() or total < 1_000_000:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.completed:,.0f} of {task.total:,.0f}"), BarColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def path_of(output: str | None, ending: str) -> Path | None:
    """The file of ``--output`` where it has this ending."""
    return Path(output) if output is not None and output.lower().endswith(ending) else None
