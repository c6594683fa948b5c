"""Where designs and networks come from: the shipped folders, the user's folders, single files.

A library compiles a file when its name is first asked for, and never reads the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from convcost.errors import ConvcostError, OperationError, SpecError, shorten
from convcost.language.expressions import EXACT, Functions
from convcost.language.names import proper_name
from convcost.language.primitives import PRIMITIVES, layer_hint
from convcost.language.running import Design

PACKAGE = Path(__file__).parent.parent
SHIPPED = (PACKAGE / "designs", PACKAGE / "networks")

MAX_PROPER = 1000
"""How many names are remembered with what they mean: a stream may hold any number."""

MAX_NAME = 100
"""The longest name of a design, as in its file; a longer word is no file name either."""


Expand: TypeAlias = Callable[[Mapping[str, Any], str], dict[str, Any]]


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def _as_it_is(document: Mapping[str, Any], place: str) -> dict[str, Any]:
    return dict(document)


class Library:
    """Finds designs by name. ``folders`` are the user's own, looked at after the shipped ones."""

    def __init__(
        self,
        folders: Sequence[Path] = (),
        *,
        functions: Functions = EXACT,
        expand: Expand = _as_it_is,
    ) -> None:
        """``expand`` turns what else may stand in a user's file into the language's objects."""
        for folder in folders:
            if not folder.is_dir():
                raise SpecError(f"{shorten(str(folder))} is not a folder of designs")
        self._folders = tuple(folders)
        self._functions = functions
        self._expand = expand
        self._compiled: dict[str, Design] = {}
        self._files: dict[str, Path] = {}
        self._proper: dict[str, str] = {}
        self._shipped: dict[Path, list[str]] = {}

    def find(self, name: str) -> Design:
        """The design or network of that name. Raises OperationError (field ``type``)."""
        design = self._compiled.get(name)
        if design is None:
            proper = self.proper(name)
            design = self._compiled.get(proper) or self._load(proper)
            self._compiled[name] = self._compiled[proper] = design
        return design

    def with_functions(self, functions: Functions) -> Library:
        """A library of the same folders whose expressions use other functions."""
        other = Library(self._folders, functions=functions, expand=self._expand)
        other._files = dict(self._files)
        return other

    def add_file(self, path: Path) -> Design:
        """Make the design in a single file known by its name, as an equal of the shipped ones."""
        design = self.read(path)
        if self._path(design.name) not in (None, path):
            raise SpecError(
                f"there is another design called {design.name}",
                place=str(path),
                hint="rename this one",
            )
        self._files[design.name] = path
        self._proper.clear()
        self._compiled[design.name] = design
        return design

    def knows(self, name: str) -> bool:
        """Whether there is a design or network of that name."""
        return name in self._compiled or self._path(self.proper(name)) is not None

    def is_own(self, name: str) -> bool:
        """Whether a design of exactly this name is the user's own."""
        if name in self._files:
            return True
        path = self._path(name) if self._folders else None
        return path is not None and path.parent not in SHIPPED

    def proper(self, name: str) -> str:
        """The proper name of a layer type, design or network; an unknown word stays as it is.

        A name that stands in the table or has a file comes before any other reading of it.
        """
        if name in PRIMITIVES or len(name) > MAX_NAME:
            return name
        proper = self._proper.get(name)
        if proper is None:
            proper = name
            if self._path(name) is None:
                known = [*PRIMITIVES, *self._files, *self.names()]
                proper = proper_name(name, known) or name
            if len(self._proper) < MAX_PROPER:
                self._proper[name] = proper
        return proper

    def _load(self, name: str) -> Design:
        path = self._path(name)
        if path is None:
            raise self._unknown(name)
        return self.read(path)

    def _unknown(self, name: str) -> OperationError:
        shown = shorten(name, 40)
        if name in PRIMITIVES:
            return OperationError(
                f"{shown} is a layer type, not a design",
                field="type",
                hint="standard is the design of one conv" if name == "conv" else None,
            )
        return OperationError(
            f"{shown} is not a layer type or design",
            field="type",
            hint=layer_hint(name, self.names()),
        )

    def _path(self, name: str) -> Path | None:
        if name in self._files:
            return self._files[name]
        plain_name = name.replace("_", "").replace("-", "").replace(".", "")
        if not plain_name.isalnum() or not name.isascii() or name[0] in ".-":
            return None
        if len(name) > MAX_NAME:
            return None
        for folder in (*SHIPPED, *self._folders):
            path = folder / f"{name}.toml"
            if path.is_file():
                return path
        return None

    def read(self, path: Path) -> Design:
        """Compile one file, shipped or a user's."""
        from convcost.language.compiling import compile_design
        from convcost.language.toml import checked_design, read_toml

        # What is shipped has been through the models in the tests; a user's file goes now.
        shipped = path.parent in SHIPPED
        place = None if shipped else str(path)
        document = read_toml(path)
        if place is not None:
            document = checked_design(self._expand(document, place), place)
            name = document.get("name", path.stem)
            if any((folder / f"{name}.toml").is_file() for folder in SHIPPED):
                raise SpecError(
                    f"{name} is the name of a shipped design", place=place, hint="choose another"
                )
        return compile_design(
            document,
            path.stem,
            place=place,
            functions=self._functions,
            proper=self.proper,
            knows=self.knows,
        )

    def source_text(self, name: str) -> str:
        """The file of a design as it stands, to start another from. Raises OperationError."""
        path = self._path(self.proper(name))
        if path is None:
            raise self._unknown(name)
        return path.read_text("utf-8")

    def names(self) -> list[str]:
        """All names, shipped ones first, without reading a file."""
        own = [name for folder in self._folders for name in _stems(folder)]
        return list(dict.fromkeys([*self._shipped_in(0), *self._shipped_in(1), *own]))

    def _shipped_in(self, index: int) -> list[str]:
        """Names in a shipped folder, which is looked at once: every unknown name asks for them."""
        folder = SHIPPED[index]
        if folder not in self._shipped:
            self._shipped[folder] = _stems(folder)
        return self._shipped[folder]

    def readable(self, names: Iterable[str] | None = None) -> tuple[list[Design], list[str]]:
        """The designs that can be read, and a sentence for each file that cannot."""
        designs, left_out = [], []
        for name in self.names() if names is None else names:
            try:
                designs.append(self.find(name))
            except OperationError:
                left_out.append((name, "a name is of letters, digits, _, - and ."))
            except ConvcostError as error:
                left_out.append((name, error.message))
        shipped = {*self._shipped_in(0), *self._shipped_in(1)}
        for folder in self._folders if names is None else ():
            left_out += [
                (n, "a shipped design has that name") for n in _stems(folder) if n in shipped
            ]
        return designs, [f"{self._shown_path(name)} is left out: {why}" for name, why in left_out]

    def _shown_path(self, name: str) -> str:
        paths = [folder / f"{name}.toml" for folder in self._folders]
        return shorten(
            str(next((path for path in paths if path.is_symlink() or path.exists()), name))
        )
