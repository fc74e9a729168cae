"""Where every store lies: one folder per asset, one Zarr store per partition."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from upath import UPath

from hrtem_assets.base.environment import environment
from hrtem_assets.base.files import shown
from hrtem_assets.store.errors import PartitionKeyError, StoreError
from hrtem_assets.store.files import StorePath, file_in_the_way, store_path

PathType = TypeVar("PathType", Path, UPath, StorePath)
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def data_root() -> Path:
    """The folder of everything written: `HRTEM_DATA`, or `data` in the working directory.

    Raises:
        StoreError: if there is a file of that name, or on the way to it.
    """
    return _no_file(Path(environment().data).expanduser().resolve(), "HRTEM_DATA")


@dataclass(frozen=True)
class PartitionId:
    """One partition of one asset.

    Attributes:
        asset: asset name such as `exit_waves`.
        specimen: specimen key such as `CdSe-medium`.
        condition: condition key such as `df-10nm_400e`; None for assets without conditions.
    """

    asset: str
    specimen: str
    condition: str | None = None

    def __post_init__(self) -> None:
        for part in self.parts:
            # keys arrive from partition tags that anyone may set: they must not lead out of the root
            if not _SAFE.fullmatch(part) or ".." in part:
                raise PartitionKeyError(
                    f"partition key part {shown(part)} of {self.asset!r} is refused: only letters, digits and '_.+-' "
                    f"may stand in it, and no '..'"
                )

    @property
    def parts(self) -> tuple[str, ...]:
        """Asset, specimen and, where there is one, condition."""
        return (self.asset, self.specimen) + ((self.condition,) if self.condition is not None else ())

    def __str__(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True)
class Layout:
    """Where everything written lies.

    Attributes:
        root: folder of everything written, usually `data`.
        elsewhere: folder or object store of the stores, if not `assets` under the root.
    """

    root: Path
    elsewhere: StorePath | None = None

    @property
    def assets(self) -> StorePath:
        """Folder or object store of the stores."""
        return self.root / "assets" if self.elsewhere is None else self.elsewhere

    def store(self, partition: PartitionId) -> StorePath:
        """Where a finished store lies, for example `assets/micrographs/CdSe-medium/df-10nm_400e.zarr`."""
        return _under(self.assets, partition, ".zarr")

    def build(self, partition: PartitionId, digest: str) -> StorePath:
        """Where a store of a given recipe is filled until it is complete."""
        return _under(self.assets / ".building", partition, f"/{digest}.zarr")

    def journal(self, partition: PartitionId, digest: str) -> StorePath:
        """Folder of the records of committed structures of a store being filled."""
        return _under(self.assets / ".building", partition, f"/{digest}.journal")

    def lock(self, partition: PartitionId) -> StorePath:
        """File whose lock, or beginning of the names of the objects that says that a partition is being filled."""
        return _under(self.assets / ".building", partition, "/lock")

    def fence(self, partition: PartitionId) -> StorePath:
        """File that says whose workers may commit to a partition."""
        return _under(self.assets / ".building", partition, "/fence")

    def superseded(self, partition: PartitionId, name: str) -> StorePath:
        """Where a store goes that another recipe has replaced."""
        return _under(self.assets / ".superseded", partition, f"/{name}.zarr")

    @property
    def published_folder(self) -> StorePath:
        """Folder or prefix of the notes of what was published."""
        return self.assets / ".published"

    def published(self, partition: PartitionId) -> StorePath:
        """The note of a partition that was published."""
        return _under(self.published_folder, partition, ".json")

    def picture(self, partition: PartitionId) -> Path:
        """The partition's picture at full size."""
        return _under(self.root / "pictures", partition, ".png")


def layout_from_environment() -> Layout:
    """Folders and object stores that `HRTEM_DATA` and `HRTEM_ASSETS` name; `data`, and `assets` in it, by default.

    Raises:
        StoreError: if `HRTEM_ASSETS` is a URL of an unknown kind, or the package that it needs is missing, or a file
            is in the way.
    """
    named = environment().assets
    elsewhere = _no_file(store_path(named), "HRTEM_ASSETS") if named else None
    return Layout(data_root(), elsewhere)


def _no_file(folder: PathType, variable: str) -> PathType:
    if file := file_in_the_way(folder):
        raise StoreError(
            f"{folder} ({variable}) cannot be a folder: {file} is a file; move that, or name another folder in "
            f"{variable}"
        )
    return folder


def _under(folder: PathType, partition: PartitionId, ending: str) -> PathType:
    return folder.joinpath(*partition.parts[:-1], partition.parts[-1] + ending)
