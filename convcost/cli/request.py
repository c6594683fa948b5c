"""What a command line asks for: words and options, turned into subjects to count."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from convcost.api import read_mapping
from convcost.cli.options import LayerOptions, batch_size
from convcost.engine.shapes import Shape
from convcost.errors import ConvcostError, OperationError, SpecError, did_you_mean, shorten
from convcost.language.building import Subject, build_network, build_spec
from convcost.language.expressions import Evaluate
from convcost.language.layers import LayerSpec
from convcost.language.library import Library
from convcost.language.places import FileOrigin, OptionOrigin
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import EVERYTHING, WEIGHTS_ONLY, Design, Switches
from convcost.quantities import parse_shape
from convcost.sources.table import Words, classify


class Request(NamedTuple):
    """The parsed command line of ``count`` and ``compare``."""

    words: Words
    input: Shape | None
    designs: tuple[str, ...]
    settings: dict[str, Any]
    origin: OptionOrigin
    batch: int | None
    library: Library
    given_switches: tuple[bool | None, bool | None, bool | None]
    named_inputs: Mapping[str, Shape] = MappingProxyType({})
    costs: Mapping[str, Evaluate] = MappingProxyType({})

    @classmethod
    def read(cls, words: Sequence[str], options: LayerOptions) -> "Request":
        """Classify the words and read the options. Raises SpecError."""
        settings, typed = options.settings()
        library = Library(options.design_path or ())
        found = classify(words, library)
        shape = found.input
        named: dict[str, Shape] = {}
        for text in options.input or ():
            name, equals, value = text.rpartition("=")
            if equals:
                named[name] = _shape_option(value, text)
                continue
            if shape is not None:
                raise SpecError("the input shape is given twice", place=f"--input {text}")
            shape = _shape_option(text, text)
        return cls(
            words=found,
            input=shape,
            designs=tuple(options.design or ()),
            settings=settings,
            origin=OptionOrigin(typed),
            batch=batch_size(options.batch),
            library=library,
            given_switches=(options.norm, options.activation, options.bias),
            named_inputs=named,
            costs=dict(map(_cost_option, options.cost or ())),
        )

    @property
    def is_one_stream(self) -> bool:
        """Whether one file with specs, or stdin, is all that is asked for."""
        from convcost.cli.sources import is_model

        words = self.words
        return (
            len(words.files) == 1
            and not is_model(words.files[0])
            and not (words.texts or words.designs or self.designs)
            and not self._for_designs()
        )

    @property
    def has_networks(self) -> bool:
        """Whether a network is asked for by name."""
        return any(
            self.design(name).kind == "network"
            for name in (*self.words.designs, *self.designs)
            if name not in PRIMITIVES
        )

    def switches(self, default: Switches) -> Switches:
        """The default with those switches changed that were given."""
        norm, activation, bias = self.given_switches
        return Switches(
            norm=default.norm if norm is None else norm,
            activation=default.activation if activation is None else activation,
            bias=default.bias if bias is None else bias,
        )

    @property
    def file_switches(self) -> Switches | None:
        """None where the file's own kind decides."""
        if all(switch is None for switch in self.given_switches):
            return None
        return self.switches(WEIGHTS_ONLY)

    def check(self) -> None:
        """Refuse what asks for nothing, or options that nothing takes."""
        words = self.words
        nothing = not (words.texts or words.designs or words.files or self.designs)
        if nothing and self.input is None:
            raise SpecError(
                "there is nothing to count",
                hint='try: convcost count 56x56x256 "conv 3x3 64", or a file, or - for stdin',
            )
        if words.texts and self.input is None:
            text = words.texts[0]
            if text.replace("_", "").replace("-", "").isalnum():
                raise SpecError(
                    f"{shorten(text, 40)} is not a network, a design or a file",
                    hint=did_you_mean(text, [*PRIMITIVES, *self.library.names()]),
                )
            raise SpecError(
                "the input shape is missing",
                text=text,
                span=(0, len(text)),
                hint="put it first: 56x56x256 (height, width, channels)"
                if " " in text
                else "put a shape first (56x56x256), or name a file or a network",
            )
        with_options = words.designs or self.designs or words.files or nothing
        if not with_options:
            self.refuse_settings(
                "is not for layers that are written out", "write it into the layer, or use --design"
            )

    def refuse_settings(self, why: str, hint: str) -> None:
        """Raise SpecError for the first option that nothing takes. Biases reach all layers."""
        for field in self._for_designs():
            raise SpecError(f"{field} {why}", place=self.origin.words[field], hint=hint)

    def _for_designs(self) -> list[str]:
        """The options that only a named design can take."""
        return [name for name in self.settings if name != "bias"]

    def text(self, text: str) -> Subject:
        """A one-line spec on the request's input."""
        assert self.input is not None
        from convcost.sources.text import build_text

        return build_text(
            self.library,
            text,
            self.input,
            batch=self.batch,
            switches=self.switches(WEIGHTS_ONLY),
            bias=self.given_switches[2],
        )

    def named(self, name: str) -> Subject:
        """A design or network by name or file, with the options as its arguments."""
        if name in PRIMITIVES:
            spec = read_mapping({"type": name, **self.settings}, self.origin)
            return build_spec(self.library, spec, self.origin, input=self.input, batch=self.batch)
        design = self.design(name)
        settings = self.checked_settings()
        if not design.accepts("bias"):
            # A network says itself where biases are; the option only switches those.
            settings.pop("bias", None)
        default = EVERYTHING if design.kind == "network" else WEIGHTS_ONLY
        return build_network(
            self.library,
            design,
            input=self.input,
            batch=self.batch,
            arguments=settings,
            switches=self.switches(default),
            origin=self.origin,
        )

    def checked_settings(self) -> dict[str, Any]:
        """The options' values after the same checks that a JSON spec goes through."""
        spec: LayerSpec = read_mapping(self.settings, self.origin)
        return spec.settings()

    def design(self, name: str, option: str = "--design") -> Design:
        """A design by name, or from a file."""
        from convcost.sources.table import is_file_name

        if is_file_name(name) and not self.library.knows(name):
            return self.library.add_file(Path(name))
        try:
            return self.library.find(name)
        except OperationError as problem:
            raise SpecError(
                problem.message, place=f"{option} {shorten(name, 60)}", hint=problem.hint
            ) from None

    def adopt(self, name: str, option: str = "--design") -> str:
        """The name under which the library finds a design; a file is added to it."""
        if name in PRIMITIVES:
            return name
        return self.design(name, option).name

    def library_name(self, name: str, origin: FileOrigin) -> str:
        """The proper name of a type that a spec names."""
        if name in PRIMITIVES:
            return name
        try:
            return self.library.find(name).name
        except OperationError as problem:
            raise origin.error(problem) from None


def _cost_option(text: str) -> tuple[str, Evaluate]:
    """``MyOp=2*out`` as a name and a function of the sizes."""
    from convcost.language.expressions import ExpressionError, compile_expression

    name, equals, expression = text.partition("=")
    if not equals or not name or not expression:
        raise SpecError(
            "a cost is given as TYPE=EXPRESSION", place=f"--cost {text}", hint="--cost MyOp=2*out"
        )
    try:
        return name, compile_expression(expression)
    except ExpressionError as problem:
        raise problem.at(f"--cost {shorten(text, 60)}") from None


def _shape_option(text: str, typed: str) -> Shape:
    try:
        return parse_shape(text)
    except ConvcostError as problem:
        place = f"--input {shorten(typed, 60)}"
        raise SpecError(problem.message, place=place, hint=problem.hint) from None
