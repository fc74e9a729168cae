"""A finished store read back with every byte held against its seal and digests before it is used."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.store import files
from hrtem_assets.store.checked_files import CheckedFiles
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.files import MARK, StorePath
from hrtem_assets.store.integrity import SEAL, files_digest, read_sealed
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import (
    StoreInfo,
    damaged_error,
    find_store,
    info_of,
    missing_error,
    partition_of,
    replaced_error,
)

if TYPE_CHECKING:
    import xarray as xr

# a store that is just being replaced is whole again after two renamings
_LOOKS, _LOOK_S = 20, 0.05


class CheckedStore(StoreReader):
    """A finished store whose records were held against its seal on opening; its arrays are when they are read.

    What the seal covers is kept in memory, so that what was checked is what is used. Of each array the shard that was
    read last is kept, too. Nothing is open, so it may be pickled.

    Args:
        path: a finished store.
        once: whether a shard that was held against its digest is trusted from then on; else it is at each reading.

    Raises:
        DamagedError: if metadata, records or coordinates are not those that were written; names the repair.
        StoreError: if it is not a complete store.
    """

    def __init__(self, path: StorePath, *, once: bool = False) -> None:
        super().__init__(path)
        self._once = once
        self._sealed = _read_whole(path)
        self.info = info_of(path, self._sealed[MARK])
        self._held: set[str] = set()
        self._last: dict[str, tuple[str, bytes | None]] = {}
        self._columns: dict[str, NDArray[Any]] = {}
        # read now: zarr may ask for files from a thread of its own, which must not wait for zarr
        self._shard_digests = self.column("shard_digest") if self.info.attributes["arrays"] else None

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_last": {}}

    @property
    def seal(self) -> str:
        """Changes whenever the store is replaced by another."""
        return str(self.info.attributes[SEAL])

    @cached_property
    def zarr_store(self) -> CheckedFiles:
        """The store as zarr and xarray open it; an array's files are held against their digests when they are read."""
        return CheckedFiles(self)

    def array(self, variable: str) -> zarr.Array[Any]:
        """One variable, not yet read.

        Raises:
            KeyError: if there is no such variable.
        """
        if f"{variable}/{MARK}" not in self._sealed:
            raise KeyError(f"{self.path} holds no variable {variable!r}")
        return super().array(variable)

    def column(self, variable: str) -> NDArray[Any]:
        """All structures' values of one small variable, or those of a coordinate.

        Raises:
            KeyError: if there is no such variable.
        """
        if variable not in self._columns:
            self._columns[variable] = np.asarray(self.array(variable)[:])
        return self._columns[variable]

    def read(self, variable: str, index: int) -> NDArray[Any]:
        """One structure's values of one variable.

        Args:
            variable: its name.
            index: structure index.

        Raises:
            DamagedError: if the bytes are not those that were written; names the repair.
            ReplacedError: if the store has been replaced meanwhile.
            StoreError: if the values have been pruned.
        """
        if variable not in self.info.attributes["arrays"]:
            return np.asarray(self.column(variable)[index])
        if not self._recorded(variable, index):
            raise missing_error(self.info, variable, index)
        return np.asarray(self.array(variable)[index])

    def digest(self, index: int) -> int:
        """One number for all values of a structure."""
        return int(self.column("digest")[index])

    def content(self, key: str, start: int | None = None, length: int | None = None) -> bytes | None:
        """A file of the store, or a part of it, held against seal and digests; None if it belongs so.

        Args:
            key: its name within the store.
            start: first byte; negative from the end; None for the whole.
            length: bytes wanted; None for all that follow.

        Raises:
            DamagedError: if the file is not the one that was written.
        """
        array, *rest = key.split("/")
        if array not in self.info.attributes["arrays"] or rest[:1] != ["c"]:
            return _part(self._sealed.get(key), start, length)
        last = self._last.get(array)
        if last is not None and last[0] == key:
            return _part(last[1], start, length)
        if key in self._held:
            try:
                return files.read_part(self.path / key, start or 0, length)
            except FileNotFoundError:
                raise self._wrong(array, int(rest[1])) from None
        content = self._read_shard(array, int(rest[1]), key)
        self._last[array] = (key, content)
        if self._once and content is not None:
            self._held.add(key)
        return _part(content, start, length)

    @property
    def sealed(self) -> Mapping[str, bytes]:
        """All that the seal covers, by name within the store."""
        return self._sealed

    def _read_shard(self, array: str, shard: int, key: str) -> bytes | None:
        """A shard's file, held against its digest; None for one that holds nothing but fill values."""
        recorded = self._recorded(array, shard * self._step)
        if not recorded:
            return None
        try:
            content = files.read(self.path / key)
        except FileNotFoundError:
            content = None
        if files_digest([] if content is None else [(key, content)]) != recorded:
            raise self._wrong(array, shard)
        return content

    @property
    def _step(self) -> int:
        return int(self.info.attributes["structures_per_shard"])

    def _recorded(self, array: str, index: int) -> int:
        """The digest of the file that holds a structure's values; 0 if they have been pruned."""
        assert self._shard_digests is not None
        return int(self._shard_digests[index, self.info.attributes["arrays"].index(array)])

    def _wrong(self, array: str, shard: int) -> StoreError:
        """Why a file is not the one that was written: replaced by a writer just now, or damaged."""
        try:
            replaced = files.read(self.path / MARK) != self._sealed[MARK]
        except FileNotFoundError:
            replaced = True
        if replaced:
            return replaced_error(self.path)
        first = shard * self._step
        last = min(first + self._step, self.info.rows) - 1
        word = self.info.row_word
        which = f"{word} {first}" if first == last else f"{word}s {first} to {last}"
        return damaged_error(
            self.path,
            partition_of(self.info),
            f"the files of {array} of {which} are not those that were written",
        )


@dataclass(frozen=True)
class PinnedStore:
    """A store as it was when it was looked up: what workers are given to read from.

    Attributes:
        path: the store.
        seal: its seal then; another store in its place is refused.
    """

    path: StorePath
    seal: str

    @property
    def opened(self) -> CheckedStore:
        """The store, opened and held against its seal once in each process.

        Raises:
            DamagedError: if it is not what was written.
            ReplacedError: if another store has taken its place.
        """
        return _opened(self.path, self.seal)

    def read(self, variable: str, index: int) -> NDArray[Any]:
        """One structure's values of one variable; see `CheckedStore.read`."""
        return self.opened.read(variable, index)

    def has(self, variable: str) -> bool:
        """Whether it holds a variable for each structure."""
        return self.opened.has(variable)

    def digest(self, index: int) -> int:
        """One number for all values of a structure."""
        return self.opened.digest(index)


def pinned(info: StoreInfo) -> PinnedStore:
    """A store as it is now.

    Args:
        info: of the store.
    """
    return PinnedStore(info.path, str(info.attributes.get(SEAL)))


def open_partition(layout: Layout, partition: PartitionId) -> "xr.Dataset":
    """A partition as a lazy xarray Dataset; each file of an array is held against its digest when it is read."""
    return CheckedStore(find_store(layout, partition).path).dataset()


@lru_cache(maxsize=64)
def _opened(path: StorePath, seal: str) -> CheckedStore:
    store = CheckedStore(path)
    if store.seal != seal:
        raise replaced_error(path)
    return store


def _read_whole(path: StorePath) -> dict[str, bytes]:
    """All that the seal covers; a store that is replaced while it is read is read again."""
    for _ in range(_LOOKS):
        try:
            before = files.read(path / MARK)
            sealed = read_sealed(path)
            if sealed is not None:
                return sealed
            if files.read(path / MARK) == before:
                break
        except FileNotFoundError:
            # between the renaming of the old and that of the new
            time.sleep(_LOOK_S)
    else:
        raise replaced_error(path)
    info = info_of(path, before)
    if SEAL not in info.attributes:
        raise damaged_error(
            path,
            partition_of(info),
            "it carries no seal: its attributes were edited, or it was written before stores had one",
        )
    raise damaged_error(
        path,
        partition_of(info),
        "its metadata, attributes, records or coordinates are not those that were written",
    )


def _part(content: bytes | None, start: int | None, length: int | None) -> bytes | None:
    if content is None or start is None:
        return content
    first = start if start >= 0 else max(0, len(content) + start)
    return content[first:] if length is None else content[first : first + length]
