"""Where every store lies: one folder per asset, one Zarr store per partition."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


DATA_VARIABLE = "HRTEM_DATA"


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
    """Folders under one root.

    Attributes:
        root: folder of everything written, usually `data`.
    """

    root: Path

    def store(self, partition: PartitionId) -> Path:
        """Where a finished store lies, for example `assets/micrographs/CdSe-medium/df-10nm_400e.zarr`."""
        return self._under("assets", partition, ".zarr")

    def build(self, partition: PartitionId, digest: str) -> Path:
        """Where a store of a given recipe is filled until it is complete."""
        return self._under("assets/.building", partition, f"/{digest}.zarr")

    def journal(self, partition: PartitionId, digest: str) -> Path:
        """Folder of the records of committed structures of a store being filled."""
        return self._under("assets/.building", partition, f"/{digest}.journal")

    def lock(self, partition: PartitionId) -> Path:
        """File whose lock says that a partition is being filled."""
        return self._under("assets/.building", partition, "/lock")

    def fence(self, partition: PartitionId) -> Path:
        """File that says whose workers may commit to a partition."""
        return self._under("assets/.building", partition, "/fence")

    def superseded(self, partition: PartitionId, name: str) -> Path:
        """Where a store goes that another recipe has replaced."""
        return self._under("assets/.superseded", partition, f"/{name}.zarr")

    def picture(self, partition: PartitionId) -> Path:
        """The partition's picture at full size."""
        return self._under("pictures", partition, ".png")

    def _under(self, folder: str, partition: PartitionId, ending: str) -> Path:
        return self.root.joinpath(folder, *partition.parts[:-1], partition.parts[-1] + ending)
