"""What an export format writes and says of its files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hrtem_assets.export.formats.source import Source


@dataclass(frozen=True)
class FileKind:
    """One data file of an export, or a set of alike ones.

    Attributes:
        pattern: file name relative to the folder, or a glob.
        media_type: MIME type.
        description: what is in it.
    """

    pattern: str
    media_type: str
    description: str


class ExportFormat(ABC):
    """One way to write a partition for others."""

    name: ClassVar[str]
    asset: ClassVar[str]
    """The asset whose partitions it writes."""
    library: ClassVar[str]
    """Who reads it."""
    files: ClassVar[tuple[FileKind, ...]]
    example: ClassVar[str]
    """Python that opens it, run in the folder."""

    @property
    def asset_name(self) -> str:
        """Name of the asset that is the export, for example `export_hdf5`."""
        return f"export_{self.name}"

    def front_matter(self, splits: Mapping[str, int]) -> dict[str, Any]:
        """What the card's YAML says of it beside the usual, for hubs.

        Args:
            splits: how many images each split holds.
        """
        return {}

    @abstractmethod
    def write(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        """Write the data files, row by row.

        Args:
            source: a store of `asset`.
            folder: an empty folder.
            done: to be called after each row.
        """


TABLE = FileKind(
    "table.csv",
    "text/csv",
    "one row per structure, or image of one; numbers, seeds and, of images, their split",
)
