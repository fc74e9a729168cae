"""Where every store lies: one folder per asset, one Zarr store per partition."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from upath import UPath

from hrtem_assets.store.places import Place, place_at

PlaceType = TypeVar("PlaceType", Path, UPath, Place)
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


DATA_VARIABLE = "HRTEM_DATA"
ASSETS_VARIABLE = "HRTEM_ASSETS"


def data_root() -> Path:
    """The folder of everything written: `HRTEM_DATA`, or `data` in the working directory."""
    return Path(os.environ.get(DATA_VARIABLE) or "data").expanduser().resolve()


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
                raise ValueError(
                    f"partition key part {part!r} of {self.asset!r} is refused: only letters, digits and '_.+-' "
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
    elsewhere: Place | None = None

    @property
    def assets(self) -> Place:
        """Folder or object store of the stores."""
        return self.root / "assets" if self.elsewhere is None else self.elsewhere

    def store(self, partition: PartitionId) -> Place:
        """Where a finished store lies, for example `assets/micrographs/CdSe-medium/df-10nm_400e.zarr`."""
        return _under(self.assets, partition, ".zarr")

    def build(self, partition: PartitionId, digest: str) -> Place:
        """Where a store of a given recipe is filled until it is complete."""
        return _under(self.assets / ".building", partition, f"/{digest}.zarr")

    def journal(self, partition: PartitionId, digest: str) -> Place:
        """Folder of the records of committed structures of a store being filled."""
        return _under(self.assets / ".building", partition, f"/{digest}.journal")

    def lock(self, partition: PartitionId) -> Place:
        """File whose lock, or beginning of the names of the objects that says that a partition is being filled."""
        return _under(self.assets / ".building", partition, "/lock")

    def fence(self, partition: PartitionId) -> Place:
        """File that says whose workers may commit to a partition."""
        return _under(self.assets / ".building", partition, "/fence")

    def superseded(self, partition: PartitionId, name: str) -> Place:
        """Where a store goes that another recipe has replaced."""
        return _under(self.assets / ".superseded", partition, f"/{name}.zarr")

    def picture(self, partition: PartitionId) -> Path:
        """The partition's picture at full size."""
        return _under(self.root / "pictures", partition, ".png")


def layout_from_environment() -> Layout:
    """Folders and object stores that `HRTEM_DATA` and `HRTEM_ASSETS` name; `data`, and `assets` in it, by default.

    Raises:
        StoreError: if `HRTEM_ASSETS` is a URL of an unknown kind, or the package that it needs is missing.
    """
    elsewhere = os.environ.get(ASSETS_VARIABLE)
    return Layout(data_root(), place_at(elsewhere) if elsewhere else None)


def _under(folder: PlaceType, partition: PartitionId, ending: str) -> PlaceType:
    return folder.joinpath(*partition.parts[:-1], partition.parts[-1] + ending)
