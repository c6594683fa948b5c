"""What was asked for beside the words: input, batch, settings, switches, costs, design folders.

One value for every way in: the command line, the Python API and a stream fill it, the sources
read it. ``typed`` keeps what the user wrote for each part, so that a refusal can name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from convcost.engine.shapes import Shape
from convcost.language.running import Switches

if TYPE_CHECKING:
    from convcost.language.expressions import Evaluate

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Wanted(NamedTuple):
    """Normalisation, activation and biases: on, off, or as the subject's own kind has it."""

    norm: bool | None = None
    activation: bool | None = None
    bias: bool | None = None

    def over(self, default: Switches) -> Switches:
        """The default with those switches changed that were given."""
        return Switches(
            norm=default.norm if self.norm is None else self.norm,
            activation=default.activation if self.activation is None else self.activation,
            bias=default.bias if self.bias is None else self.bias,
        )


class Each(NamedTuple):
    """Several values for one setting: the question is asked once for each."""

    values: tuple[Any, ...]


class Asked(NamedTuple):
    """Everything that was given beside the words.

    ``input`` is a shape without batch, channels last, and ``input_word`` what was typed for it
    as an option (``[1,3,224,224]``: all axes of a model's input); ``inputs`` are further inputs
    as typed (``mask=77``), for models with several; ``settings`` describe layers and designs
    (``kernel_size``, ``reduction``); ``costs`` are the MACs of operations that nobody knows;
    ``channels_first``: sizes are read as C x H x W; ``base`` replaces a kind's own switches
    before ``wanted`` changes them.
    """

    input: Shape | None = None
    input_word: str | None = None
    inputs: tuple[str, ...] = ()
    batch: int | None = None
    settings: Mapping[str, Any] = NOTHING
    wanted: Wanted = Wanted()
    costs: Mapping[str, Evaluate] = NOTHING
    channels_first: bool = False
    device: str | None = None
    base: Switches | None = None
    typed: Mapping[str, str] = NOTHING

    def given(self) -> list[str]:
        """The parts that were given, by the names that sources list in ``takes``."""
        parts = {
            "input": self.input is not None or self.input_word is not None,
            "inputs": bool(self.inputs),
            "batch": self.batch is not None,
            "settings": bool(self.settings),
            "norm": self.wanted.norm is not None,
            "activation": self.wanted.activation is not None,
            "bias": self.wanted.bias is not None,
            "costs": bool(self.costs),
            "layout": self.channels_first,
            "device": self.device is not None,
        }
        return [part for part, is_given in parts.items() if is_given]

    def cases(self) -> Iterator[tuple[str, Asked]]:
        """One question for each combination of listed values, and what tells them apart."""
        lists = {name: v.values for name, v in self.settings.items() if isinstance(v, Each)}
        if not lists:
            yield "", self
            return
        for values in product(*lists.values()):
            chosen = dict(zip(lists, values, strict=True))
            label = " ".join(f"{name}={value_word(value)}" for name, value in chosen.items())
            yield label, self._replace(settings={**self.settings, **chosen})

    def switches(self, default: Switches) -> Switches:
        """Those of the subject's kind, with what was asked instead."""
        return self.wanted.over(default if self.base is None else self.base)

    def shape(self, shape: Shape) -> Shape:
        """A shape as typed, channels last."""
        return (*shape[1:], shape[0]) if self.channels_first else shape


NOTHING_ASKED: Final = Asked()
"""Only the words."""


def value_word(value: Any) -> str:
    """A setting as it is typed: ``3x1``, ``64``."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
