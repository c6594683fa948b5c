"""What a caller of ``from_torch`` gives, as arguments of ``forward``: slots and fixed values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, did_you_mean, either, shorten
from convcost.sources.torch.inputs import InputWord, Variant, checked_dtype, parse_input


class Given(NamedTuple):
    """Arguments of forward. Slots (InputWord) are filled with tensors, one order after another."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any]

    def slots(self) -> dict[str, InputWord]:
        """The inputs that are shapes, by a name for each: its own, or its position."""
        found = {str(n): value for n, value in enumerate(self.positional)}
        return {
            key: value
            for key, value in (*found.items(), *self.named.items())
            if isinstance(value, InputWord)
        }

    def filled(self, tensors: Mapping[str, Any], fix: Any) -> tuple[list[Any], dict[str, Any]]:
        """Arguments with tensors in the slots; other values go through ``fix``."""
        positional = [
            tensors[str(n)] if str(n) in tensors else fix(value)
            for n, value in enumerate(self.positional)
        ]
        named = {
            name: tensors[name] if name in tensors else fix(value)
            for name, value in self.named.items()
        }
        return positional, named


def read_given(torch: Any, given: Any, dtypes: Any = None) -> Given:
    """Shapes, example tensors, or a mapping or tuple of them. Raises ConvcostError."""
    if isinstance(given, Mapping):
        if not given:
            raise ConvcostError("the input shape is missing")
        unnamed = [_slot(torch, value, "") for name, value in given.items() if not name]
        named = {name: _slot(torch, value, name) for name, value in given.items() if name}
    elif isinstance(given, Sequence) and not _is_shape(given) and not isinstance(given, str):
        if not given:
            raise ConvcostError("the input shape is missing")
        unnamed, named = [_slot(torch, value, "") for value in given], {}
    else:
        unnamed, named = [_slot(torch, given, "")], {}
    for value in list(unnamed):  # "image=224x224x3" says its name itself
        if isinstance(value, InputWord) and value.name:
            unnamed.remove(value)
            named[value.name] = value
    return _with_dtypes(Given(tuple(unnamed), named), dtypes)


def _with_dtypes(given: Given, dtypes: Any) -> Given:
    if dtypes is None:
        return given
    table = (
        {key: checked_dtype(str(value)) for key, value in dtypes.items()}
        if isinstance(dtypes, Mapping)
        else None
    )
    one = None if table is not None else checked_dtype(str(dtypes))
    known = {*given.named, ""}
    if table is not None and (wrong := next((n for n in table if n not in known), None)):
        raise ConvcostError(
            f"a data type for {wrong}, which is no input", hint=did_you_mean(wrong, known - {""})
        )

    def typed(value: Any, name: str) -> Any:
        kind = one if table is None else table.get(name)
        return value._replace(dtype=kind) if kind and isinstance(value, InputWord) else value

    return Given(
        tuple(typed(value, "") for value in given.positional),
        {name: typed(value, name) for name, value in given.named.items()},
    )


def _slot(torch: Any, value: Any, name: str) -> Any:
    """A shape as a slot; tensors, lists of them and plain values stay what they are."""
    if isinstance(value, InputWord):
        return value._replace(name=name or value.name)
    if isinstance(value, str):
        word = parse_input(value)
        return word._replace(name=name or word.name)
    if _is_shape(value):
        if not all(0 < size < 2**31 for size in value):
            raise ConvcostError(f"sizes are whole numbers from 1, not {shorten(str(value))}")
        return InputWord(name, tuple(value))
    return value


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(type(size) is int for size in value)
    )


def bind(model: Any, given: Given) -> Given:
    """The arguments as forward takes them; missing and unknown ones are named."""
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):
        return given
    main = getattr(model, "main_input_name", None)  # a convention of transformers
    parameters = signature.parameters
    names = list(parameters)
    if given.positional and isinstance(main, str) and main in names and names[0] != main:
        given = Given(given.positional[1:], {main: given.positional[0], **given.named})
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    kind = type(model).__name__
    unknown = next((name for name in given.named if name not in names), None)
    if unknown is not None and not takes_any:
        raise ConvcostError(
            f"forward of {kind} has no argument {unknown}", hint=did_you_mean(unknown, names)
        )
    try:
        bound = signature.bind_partial(*given.positional, **given.named).arguments
    except TypeError as error:
        takes = f"forward takes {either(names)}".replace(" or ", " and ")
        raise ConvcostError(f"forward of {kind}: {error}", hint=takes) from None
    missing = [
        name
        for name, p in parameters.items()
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and name not in bound
    ]
    if missing:
        words = either(missing).replace(" or ", " and ")
        raise ConvcostError(
            f"forward of {kind} needs {words} too" if bound else f"forward of {kind} needs {words}",
            hint=f"give each a shape by its name: {', '.join(f'{name}=...' for name in names)}",
        )
    return given


def batch_of(torch: Any, given: Given, choice: Mapping[str, Variant], batch: int | None) -> int:
    """The batch of a run: what was asked for, or the first axis that all inputs share."""
    from convcost.sources.torch.watching import tensors_in

    examples = [tuple(t.shape) for t in tensors_in(torch, (given.positional, given.named))]
    if batch is not None:
        wrong = next((s for s in examples if len(s) > 1 and s[0] != batch), None)
        if wrong is not None:
            raise ConvcostError(
                f"a batch of {batch} does not fit the example tensor: its first axis is {wrong[0]}"
            )
        return batch
    if not examples and all(v.axes.startswith(("batch", "length")) for v in choice.values()):
        return 1
    shapes = [*examples, *(variant.dims for variant in choice.values())]
    firsts = {shape[0] for shape in shapes if len(shape) > 1}
    return firsts.pop() if len(firsts) == 1 and 0 not in firsts else 1
