"""convcost: what does a convolution design cost?

>>> import convcost
>>> convcost.count("56x56x256", "conv 3x3 64").macs
462422016
>>> convcost.compare("56x56x256", kernel_size=3, out_channels=64)["separable"].params
18688

Names are imported on first use, so that ``import convcost`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convcost.api import (
        check,
        compare,
        count,
        count_all,
        counting,
        designs,
        diff,
        explain,
        formula,
        from_torch,
        load,
        swap,
    )
    from convcost.errors import ConvcostError, SpecError
    from convcost.language.layers import LayerSpec
    from convcost.results import CheckResult, ComparisonResult, CountResult, DiffResult
    from convcost.spaces import SweepResult, sweep
    from convcost.studies.planning import plan
    from convcost.tools import conventions, reconcile

__version__ = "0.1.0"

__all__ = [
    "CheckResult",
    "ComparisonResult",
    "ConvcostError",
    "CountResult",
    "DiffResult",
    "LayerSpec",
    "SpecError",
    "SweepResult",
    "check",
    "compare",
    "conventions",
    "count",
    "count_all",
    "counting",
    "designs",
    "diff",
    "explain",
    "formula",
    "from_torch",
    "load",
    "plan",
    "reconcile",
    "swap",
    "sweep",
]

_HOMES = {
    "plan": "convcost.studies.planning",
    "ConvcostError": "convcost.errors",
    "SpecError": "convcost.errors",
    "LayerSpec": "convcost.language.layers",
    "CheckResult": "convcost.results",
    "ComparisonResult": "convcost.results",
    "CountResult": "convcost.results",
    "DiffResult": "convcost.results",
    "SweepResult": "convcost.spaces",
    "sweep": "convcost.spaces",
    "conventions": "convcost.tools",
    "reconcile": "convcost.tools",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'convcost' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "convcost.api")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
