"""Options on how a network is run, for figures in bytes: types, rules, planner, patches."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, NamedTuple

from convcost.cli import options as o
from convcost.engine.memory.liveness import IN_PLACE, PLANNERS
from convcost.errors import ConvcostError, SpecError, either, shorten
from convcost.quantities import looks_like_shape, parse_shape

if TYPE_CHECKING:
    from convcost.engine.graph import Graph
    from convcost.engine.memory.execution import Execution

Dtype = Annotated[
    str | None,
    o.option(
        o.MEMORY,
        *("--dtype", "--precision"),
        metavar="TYPES",
        help="Type of a value: int8, float16, ...; weights=int4,activations=int8.",
    ),
]
Unfused = Annotated[
    bool,
    o.option(o.MEMORY, "--unfused", help="Every norm, activation and sum has a tensor of its own."),
]
InPlace = Annotated[
    list[str] | None,
    o.option(
        o.MEMORY,
        "--in-place",
        metavar="KINDS",
        help=f"What else is written in place: {', '.join(IN_PLACE)}; repeatable.",
    ),
]
Planner = Annotated[
    str,
    o.option(
        o.MEMORY,
        "--planner",
        metavar="NAME",
        help=f"What peak is: {', '.join(PLANNERS)} (TensorFlow Lite Micro's arena).",
    ),
]
PatchGrid = Annotated[
    str | None,
    o.option(
        o.MEMORY,
        "--patches",
        metavar="ROWSxCOLS",
        help="Run the first layers piece by piece: 4x4.",
    ),
]
Until = Annotated[
    str | None,
    o.option(
        o.MEMORY, "--until", metavar="LAYER", help="The last layer or block that runs in patches."
    ),
]


class MemoryOptions(NamedTuple):
    """The options that say how a network is run, for figures in bytes."""

    dtype: Dtype = None
    unfused: Unfused = False
    in_place: InPlace = None
    planner: Planner = "live"
    patches: PatchGrid = None
    until: Until = None


NO_MEMORY = MemoryOptions()
"""Nothing given."""

BY_RULE = frozenset({"peak", "largest", "outputs", "live"})
"""Figures that depend on how a network is run."""

BY_TYPES = BY_RULE | {"weights", "bytes", "intensity", "bops", "input_bytes", "output_bytes"}
"""Figures that depend on the types of values."""


def asked_execution(options: MemoryOptions) -> "Execution":
    """How a network is run, as the options say. Raises SpecError with the option to blame."""
    from convcost.engine.memory.execution import execution

    try:
        return execution(
            options.dtype or "float32",
            fused=not options.unfused,
            in_place=_kinds(options),
            planner=options.planner,
            patches=patch_grid(options.patches),
            until=options.until,
        )
    except ConvcostError as problem:
        place = ", ".join(given_words(options).values())
        raise SpecError(problem.message, place=place or None, hint=problem.hint) from None


def refuse_unused(options: MemoryOptions, shown: Collection[str], where: str) -> None:
    """Refuse an option that none of the figures ``shown`` in ``where`` depends on."""
    for name, text in given_words(options).items():
        needed = BY_TYPES if name == "--dtype" else BY_RULE
        if needed.isdisjoint(shown):
            raise SpecError(
                f"{name} changes nothing in {where}",
                place=text,
                hint=f"it is for figures such as {either(sorted(needed))}",
            )


def refuse_types(options: MemoryOptions, graphs: Collection["Graph"]) -> None:
    """Refuse ``--dtype`` where every file states the types of its values itself."""
    if options.dtype and graphs and all(graph.bits is not None for graph in graphs):
        raise SpecError(
            "--dtype changes nothing here: the types stand in the file",
            place=given_words(options)["--dtype"],
            hint="leave it out",
        )


def _kinds(options: MemoryOptions) -> tuple[str, ...]:
    """``--in-place depthwise,residual`` as words."""
    return tuple(word.strip() for words in options.in_place or () for word in words.split(","))


def given_words(options: MemoryOptions) -> dict[str, str]:
    """The options that were given, as typed."""
    texts = {
        "--dtype": options.dtype,
        "--in-place": ",".join(_kinds(options)),
        "--planner": options.planner if options.planner != "live" else None,
        "--patches": options.patches,
        "--until": options.until,
    }
    given = {name: f"{name} {shorten(text, 60)}" for name, text in texts.items() if text}
    return given | ({"--unfused": "--unfused"} if options.unfused else {})


def patch_grid(text: str | None) -> tuple[int, int] | None:
    """``4x4`` as rows and columns. Raises ConvcostError."""
    if text is None:
        return None
    sizes = parse_shape(text) if looks_like_shape(text) else ()
    if len(sizes) != 2:
        raise ConvcostError(
            f"{shorten(text, 40)} is no number of patches", hint="write rows x columns: 4x4"
        )
    return sizes[0], sizes[1]
