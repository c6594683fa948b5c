"""Where designs and networks come from: the shipped folders, the user's folders, single files.

A library compiles a file when its name is first asked for, and never reads the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from convcost.errors import OperationError, SpecError, did_you_mean, shorten
from convcost.language.expressions import EXACT, Functions
from convcost.language.primitives import PRIMITIVES
from convcost.language.running import Design

PACKAGE = Path(__file__).parent.parent
SHIPPED = (PACKAGE / "designs", PACKAGE / "networks")

MAX_NAME = 100
"""The longest name of a design, as in its file; a longer word is no file name either."""

ALIASES = {
    "1x1": "pointwise",
    "depthwise_separable": "separable",
    "shufflenet_v1": "shufflenet_v1_unit",
}
"""Other names that people use; they are accepted and never printed."""


class Library:
    """Finds designs by name. ``folders`` are the user's own, looked at after the shipped ones."""

    def __init__(self, folders: Sequence[Path] = (), *, functions: Functions = EXACT) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise SpecError(f"{shorten(str(folder))} is not a folder of designs")
        self._folders = tuple(folders)
        self._functions = functions
        self._compiled: dict[str, Design] = {}
        self._files: dict[str, Path] = {}

    def find(self, name: str) -> Design:
        """The design or network of that name. Raises OperationError (field ``type``)."""
        design = self._compiled.get(name)
        if design is None:
            design = self._compiled[name] = self._load(self._proper(name))
        return design

    def with_functions(self, functions: Functions) -> Library:
        """A library of the same folders whose expressions use other functions."""
        other = Library(self._folders, functions=functions)
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
        self._compiled[design.name] = design
        return design

    def knows(self, name: str) -> bool:
        """Whether there is a design or network of that name."""
        return name in self._compiled or self._path(self._proper(name)) is not None

    def _proper(self, name: str) -> str:
        """The name itself where there is a file of that name, else what it is an alias of."""
        return ALIASES.get(name, name) if self._path(name) is None else name

    def _load(self, name: str) -> Design:
        path = self._path(name)
        if path is None:
            raise self._unknown(name)
        return self.read(path)

    def _unknown(self, name: str) -> OperationError:
        return OperationError(
            f"{shorten(name, 40)} is not a layer type or design",
            field="type",
            hint=did_you_mean(name, [*PRIMITIVES, *ALIASES, *self.names()]),
        )

    def _path(self, name: str) -> Path | None:
        if name in self._files:
            return self._files[name]
        if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
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
            document = checked_design(document, place)
            name = document.get("name", path.stem)
            if any((folder / f"{name}.toml").is_file() for folder in SHIPPED):
                raise SpecError(
                    f"{name} is the name of a shipped design", place=place, hint="choose another"
                )
        return compile_design(document, path.stem, place=place, functions=self._functions)

    def source_text(self, name: str) -> str:
        """The file of a design as it stands, to start another from. Raises OperationError."""
        path = self._path(self._proper(name))
        if path is None:
            raise self._unknown(name)
        return path.read_text("utf-8")

    def names(self) -> list[str]:
        """All names, shipped ones first, without reading a file."""
        folders = (*SHIPPED, *self._folders)
        return list(dict.fromkeys(path.stem for f in folders for path in sorted(f.glob("*.toml"))))

    def designs(self) -> Iterator[Design]:
        """Every design and network, compiled."""
        return map(self.find, self.names())
