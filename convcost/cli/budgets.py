"""Options of ``check``: limits on figures, and the baseline."""

from pathlib import Path
from typing import Annotated, NamedTuple

from convcost.cli import options as o

BASELINE, PROJECT = "Baseline", "Project"
"""Groups of options that only this command has."""

Max = Annotated[
    list[str] | None,
    o.option(
        o.LIMITS,
        "--max",
        metavar="FIGURE=N",
        help="Exit 1 above: macs=4.1G, peak=320KiB; repeatable.",
    ),
]
Warn = Annotated[
    list[str] | None,
    o.option(o.LIMITS, "--warn", metavar="FIGURE=N", help="A warning above; repeatable."),
]
MaxIncrease = Annotated[
    list[str] | None,
    o.option(
        o.LIMITS,
        "--max-increase",
        metavar="FIGURE=N",
        help="Exit 1 that much above the baseline: params=1%, macs=10k; repeatable.",
    ),
]
Uncounted = Annotated[
    str | None,
    o.option(
        o.LIMITS,
        "--uncounted",
        metavar="fail|warn|allow",
        help="What layers do that cannot be counted (fail).",
    ),
]
Where = Annotated[
    str | None,
    o.option(
        o.LIMITS,
        "--where",
        metavar="CONDITION",
        help="Only these models: \"mixes == 'both' and macs > 10M\".",
    ),
]


Name = Annotated[
    str | None,
    o.option(o.LIMITS, "--name", metavar="NAME", help="What the check is called in the baseline."),
]


class LimitOptions(NamedTuple):
    """Limits on models that are named in the command."""

    name: Name = None
    max_: Max = None
    warn: Warn = None
    max_increase: MaxIncrease = None
    uncounted: Uncounted = None
    where: Where = None


class BaselineOptions(NamedTuple):
    """Which baseline, and what happens with it."""

    baseline: Annotated[
        Path | None,
        o.option(BASELINE, "--baseline", metavar="FILE", help="Figures to compare with."),
    ] = None
    baseline_ref: Annotated[
        str | None,
        o.option(
            BASELINE,
            "--baseline-ref",
            metavar="REF",
            help="The baseline as it stands in that commit of git.",
        ),
    ] = None
    allow_missing_baseline: Annotated[
        bool,
        o.option(
            BASELINE,
            "--allow-missing-baseline",
            help="Without a baseline relative limits are not checked, and that is fine.",
        ),
    ] = False
    update: Annotated[
        bool,
        o.option(BASELINE, "--update", help="Write the baseline, print what changed."),
    ] = False


NO_LIMITS = LimitOptions()
NO_BASELINE = BaselineOptions()
"""Nothing given."""
