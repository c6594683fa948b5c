"""Words that name Python -> modules: what is imported, called, and counted.

torchvision.models:resnet50          a function of a module, or a module itself
net.nets:Net(width_mult=1.4)         with arguments
./net.py:Net                         a file
net.nets.Net                         a dotted path
timm:resnet50                        through timm.create_model, without weights
hf:bert, hf:BertConfig, hf:./folder  a configuration of transformers, without weights
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, MissingExtraError, SpecError, did_you_mean, either
from convcost.language.building import Subject
from convcost.language.expressions import Evaluate
from convcost.sources.torch.guests import guest, in_words

FILE_ENDINGS = frozenset(
    {
        *("json", "jsonl", "ndjson", "toml", "yaml", "yml", "csv", "md", "txt", "py"),
        *("onnx", "tflite", "pt", "pth", "pb", "h5", "keras", "bin", "zip"),
    }
)
"""Last parts of a dotted word that say it is a file."""


class Word(NamedTuple):
    """A word taken apart: where to look, what for, and with which arguments."""

    place: str
    name: str
    positional: tuple[Any, ...]
    arguments: Mapping[str, Any]


def is_torch_word(word: str) -> bool:
    """Whether a word names Python code that makes a module. Imports nothing."""
    head = word.partition("(")[0] if word.endswith(")") else word
    place, colon, name = head.rpartition(":")
    if colon:
        if place in ("timm", "hf"):
            return bool(name) and not any(c.isspace() for c in name)
        return _is_dotted(name) and (_is_dotted(place) or place.endswith(".py"))
    parts = head.split(".")
    if len(parts) < 2 or not _is_dotted(head) or parts[-1] in FILE_ENDINGS:
        return False
    try:
        return not Path(head).exists() and _found(parts[0])
    except (OSError, ValueError):
        return False


def _found(package: str) -> bool:
    """Whether a package can be imported, also from the folder that the user is in."""
    if package in sys.modules or Path(f"{package}.py").is_file() or Path(package).is_dir():
        return True
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def read_factory(
    word: str,
    inputs: Mapping[str, Any] | Sequence[Any],
    *,
    batch: int | None = None,
    costs: Mapping[str, Evaluate] | None = None,
    arguments: Mapping[str, Any] | None = None,
    device: str | None = None,
    dtypes: Any = None,
    name: str | None = None,
) -> Subject:
    """Import what a word names, call it, and read the module that it makes.

    ``inputs`` as ``from_torch`` takes them: shapes or raw words, by name ("" is the first
    argument of forward), or a sequence of them. ``arguments`` are keyword arguments of the
    factory; text among them is read as a Python literal where it is one. Raises ConvcostError.
    """
    from convcost.sources.torch.module import _torch, from_torch

    torch = _torch()
    if not inputs:
        raise SpecError("the input shape is missing", place=word, hint="add --input 224x224x3")
    found = take_apart(word)
    given = {**found.arguments, **{key: _literal(v) for key, v in (arguments or {}).items()}}
    with guest():
        make = _finder(found, word)
    if isinstance(make, torch.nn.Module):
        if given or found.positional:
            raise SpecError(
                f"{word} is a module, not a function: it takes no "
                f"{either(given) or 'arguments'}".replace(" or ", " and "),
                place=word,
            )
        module, again = make, None
    else:
        if not callable(make):
            kind = type(make).__name__
            raise SpecError(f"{word} is a {kind}, not a function or a torch module")
        call = _caller(torch, make, word, found.positional, given)
        module, again = call("shapes"), call
    inputs = dict(inputs) if isinstance(inputs, Mapping) else tuple(inputs)
    label = name or found.name.rpartition("/")[2].rpartition(".")[2] or found.name
    if isinstance(inputs, Mapping) and list(inputs) == [""]:
        inputs = inputs[""]
    return from_torch(
        module,
        inputs,
        batch=batch,
        costs=costs,
        name=label,
        dtypes=dtypes,
        device=device,
        real=again,
    )


def take_apart(word: str) -> Word:
    """A word as place, name and arguments. Raises SpecError."""
    head, bracket, rest = word.partition("(") if word.endswith(")") else (word, "", "")
    positional: tuple[Any, ...] = ()
    arguments: dict[str, Any] = {}
    if bracket:
        positional, arguments = _arguments(word, len(head), "f(" + rest)
    place, colon, name = head.rpartition(":")
    if not colon:
        place, _, name = head.rpartition(".")
    return Word(place, name, positional, arguments)


def _arguments(word: str, start: int, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    problem = SpecError(
        "the arguments of a factory are Python literals",
        text=word,
        span=(start, len(word)),
        hint="try (width_mult=1.4, pretrained=False)",
    )
    try:
        call = ast.parse(text, mode="eval").body
        assert isinstance(call, ast.Call)
        positional = tuple(ast.literal_eval(value) for value in call.args)
        named = {}
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in named:
                raise problem
            named[keyword.arg] = ast.literal_eval(keyword.value)
    except (SyntaxError, ValueError, AssertionError, MemoryError, RecursionError):
        raise problem from None
    return positional, named


def _literal(value: Any) -> Any:
    """Text from a command line as the Python value that it spells, else as text."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return {"true": True, "false": False, "none": None}.get(value.lower(), value)


def _finder(found: Word, word: str) -> Any:
    """The function, class or module that a word names."""
    if found.place == "timm":
        return _timm(found.name)
    if found.place == "hf":
        return _transformers(found.name)
    try:
        thing = _import(found.place)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise SpecError(f"cannot import {word}", hint=in_words(error)) from None
    for part in found.name.split("."):
        if not hasattr(thing, part):
            known = [name for name in dir(thing) if not name.startswith("_")]
            hint = did_you_mean(part, known) if known else None
            raise SpecError(f"cannot import {word}", hint=f"there is no {part}; {hint}")
        thing = getattr(thing, part)
    return thing


def _import(place: str) -> Any:
    if not place.endswith(".py"):
        if "" not in sys.path:
            sys.path.insert(0, "")
        return _import_dotted(place)
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = path.stem if path.stem not in sys.modules else f"convcost_guest_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _import_dotted(place: str) -> Any:
    """A module, or the class in a module that a longer path names."""
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        outer, _, inner = place.rpartition(".")
        # A module that imports something missing is another error than a missing module.
        if not outer or error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        thing = getattr(_import_dotted(outer), inner, None)
        if thing is None:
            raise
        return thing


def _timm(name: str) -> Callable[..., Any]:
    """A model of timm, without weights."""
    try:
        import timm
    except ImportError:
        raise _missing("timm") from None
    if not timm.is_model(name.partition(".")[0]):
        known = timm.list_models()
        raise SpecError(f"timm has no model {name}", hint=_nearest(name, known))

    def make(**arguments: Any) -> Any:
        return timm.create_model(name, **{"pretrained": False, **arguments})

    return make


def _nearest(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {either(near)}?" if near else "see timm.list_models()"


def _missing(package: str) -> MissingExtraError:
    error = MissingExtraError(f"reading {package} models", package, package)
    error.hint = f"install it with: pip install {package}"
    return error


def _transformers(name: str) -> Callable[..., Any]:
    """A model of transformers from its configuration: a model type, a class, or a folder."""
    try:
        import transformers
    except ImportError:
        raise _missing("transformers") from None

    def make(**arguments: Any) -> Any:
        thing = getattr(transformers, name, None) if name.isidentifier() else None
        if isinstance(thing, type) and hasattr(thing, "config_class"):
            return thing(thing.config_class(**arguments))
        if isinstance(thing, type):  # a configuration
            config = thing(**arguments)
        elif name in transformers.CONFIG_MAPPING:
            config = transformers.AutoConfig.for_model(name, **arguments)
        else:
            # Never over the network: a count must not depend on what is at the other end.
            config = transformers.AutoConfig.from_pretrained(
                name, local_files_only=True, **arguments
            )
        return transformers.AutoModel.from_config(config)

    return make


def _caller(
    torch: Any,
    make: Callable[..., Any],
    word: str,
    positional: tuple[Any, ...],
    arguments: Mapping[str, Any],
) -> Callable[[str], Any]:
    """Call a factory: first without weights, and where it computes with tensors, with them."""
    _check_arguments(make, word, positional, arguments)

    def call(mode: str) -> Any:
        ways = {"shapes": torch.device("meta"), "mixed": _without_weights(torch)}
        if mode in ways:
            try:
                with guest(), ways[mode], torch.random.fork_rng(devices=[]):
                    return checked(make(*positional, **arguments))
            except ConvcostError:
                raise
            except (Exception, SystemExit):  # it may compute with weights to try itself out
                return call("mixed" if mode == "shapes" else "values")
        try:
            with guest(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)  # the same values at each count
                return checked(make(*positional, **arguments))
        except ConvcostError:
            raise
        except (Exception, SystemExit) as error:
            words = "without arguments " if not (positional or arguments) else ""
            raise SpecError(f"calling {word} {words}fails", hint=in_words(error)) from None

    def checked(module: Any) -> Any:
        if not isinstance(module, torch.nn.Module):
            raise SpecError(f"{word} makes a {type(module).__name__}, not a torch module")
        return module

    return call


@contextmanager
def _without_weights(torch: Any) -> Iterator[None]:
    """Parameters lose their values as soon as a module has them; all other tensors are real."""
    from convcost.sources.torch.watching import mixing

    original = torch.nn.Module.register_parameter
    empty: dict[int, tuple[Any, Any]] = {}

    def register(module: Any, name: str, parameter: Any) -> None:
        original(module, name, parameter)
        if parameter is None or parameter.is_meta or torch.nn.parameter.is_lazy(parameter):
            return
        if id(parameter) not in empty:
            made = torch.empty_like(parameter, device="meta", requires_grad=False)
            learns = parameter.requires_grad
            empty[id(parameter)] = parameter, torch.nn.Parameter(made, requires_grad=learns)
        module._parameters[name] = empty[id(parameter)][1]

    torch.nn.Module.register_parameter = register
    try:
        with mixing(torch):
            yield
    finally:
        torch.nn.Module.register_parameter = original


def _check_arguments(
    make: Callable[..., Any], word: str, positional: Sequence[Any], arguments: Mapping[str, Any]
) -> None:
    """Arguments that the factory does not have are named before it runs."""
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        return
    parameters = signature.parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    wrong = next((name for name in arguments if name not in names), None)
    if wrong is not None:
        hint = did_you_mean(wrong, names) if names else "it takes no arguments"
        raise SpecError(f"{word} has no argument {wrong}", hint=hint)
    try:
        signature.bind(*positional, **arguments)
    except TypeError as error:
        shown = (
            f"calling {word} without arguments fails"
            if not (positional or arguments)
            else (f"calling {word} fails")
        )
        raise SpecError(shown, hint=f"TypeError: {error}") from None
