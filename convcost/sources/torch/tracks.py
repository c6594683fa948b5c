"""What stands behind each tensor of a running model: a tensor of the graph, weights, or neither.

Values live in storages, and several tensors can name one: a view that is filled fills its base.
So a tensor that was written to since it was made is what its storage is. Tensors and storages
are held weakly: a watched model uses no more memory than it would alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Weight(NamedTuple):
    """A parameter of the model."""

    name: str
    size: int
    is_trainable: bool = True


class Track(NamedTuple):
    """What a tensor holds: ``tensor`` of the graph (None: no input led to it), weights by key.

    ``is_last``: its channels are known to be the last axis. ``at`` is when it was made.
    """

    tensor: int | None = None
    roots: tuple[int, ...] = ()
    is_last: bool = False
    at: int = 0


NOTHING = Track()


class Tracks:
    """Tracks by tensor and by storage."""

    def __init__(self) -> None:
        self._tensors: dict[int, Track] = {}
        self._storages: dict[int, Track] = {}
        self._held: dict[int, Any] = {}
        self._clock = 0

    def tick(self) -> None:
        """An operation ran."""
        self._clock += 1

    def of(self, tensor: Any) -> Track:
        """What a tensor holds now."""
        track = self._tensors.get(id(tensor))
        stored = self._storages.get(_storage(tensor))
        if stored is not None and (track is None or stored.at > track.at):
            # The layout is the tensor's own, whoever wrote into it.
            return stored if track is None else stored._replace(is_last=track.is_last)
        return track or NOTHING

    def knows(self, tensor: Any) -> bool:
        """Whether anything was said about a tensor."""
        return id(tensor) in self._tensors or _storage(tensor) in self._storages

    def set(self, tensor: Any, track: Track) -> None:
        """A tensor that was made just now."""
        track = track._replace(at=self._clock)
        self._remember(tensor, track)
        self._storages.setdefault(_storage(tensor), track)

    def write(self, tensor: Any, track: Track) -> None:
        """A tensor, and so whatever shares its storage, got new values."""
        track = track._replace(at=self._clock)
        self._remember(tensor, track)
        self._storages[_storage(tensor)] = track
        self._hold(tensor)

    def _remember(self, tensor: Any, track: Track) -> None:
        key = id(tensor)
        if key not in self._tensors:
            forget = self._tensors
            self._held[key] = weakref.ref(tensor, lambda _, k=key: forget.pop(k, None))  # type: ignore[misc]
        self._tensors[key] = track
        self._hold(tensor)

    def _hold(self, tensor: Any) -> None:
        """Keep a storage's address from being given to another one."""
        key = _storage(tensor)
        if key and key not in self._held:
            from torch.multiprocessing.reductions import StorageWeakRef

            self._held[key] = StorageWeakRef(tensor.untyped_storage())


def _storage(tensor: Any) -> int:
    """The identity of the memory behind a tensor; 0 where it has none of its own kind."""
    try:
        key: int = tensor.untyped_storage()._cdata
    except Exception:  # sparse tensors, and wrappers without a storage
        return 0
    return key


def share_storage(one: Any, others: Iterable[Any]) -> Any | None:
    """The first of ``others`` that names the same memory as ``one``."""
    key = _storage(one)
    if not key:
        return None
    return next((other for other in others if _storage(other) == key), None)


class Weights:
    """The parameters of a model, by key, and which of them were counted."""

    def __init__(self) -> None:
        self.known: dict[int, Weight] = {}
        self._kept: list[Any] = []
        self._counted: dict[int, None] = {}

    def add(self, tensor: Any, weight: Weight) -> int:
        """Note a parameter; it is kept alive, so that its key stays its own."""
        self._kept.append(tensor)
        self.known.setdefault(id(tensor), weight)
        return id(tensor)

    def take(self, roots: Iterable[int]) -> tuple[int, bool]:
        """The values of weights that are read for the first time; whether none of some is new."""
        keys = dict.fromkeys(roots)
        new = [key for key in keys if key not in self._counted]
        self._counted.update(dict.fromkeys(new))
        return sum(self.known[key].size for key in new), bool(keys) and not new

    @property
    def counted(self) -> Mapping[int, Weight]:
        """The parameters that were read."""
        return {key: self.known[key] for key in self._counted}

    @property
    def idle(self) -> dict[str, int]:
        """The parameters that were not: name -> values."""
        return {w.name: w.size for key, w in self.known.items() if key not in self._counted}
