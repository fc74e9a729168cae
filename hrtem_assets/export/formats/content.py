"""What an export format writes and says of its files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hrtem_assets.export.formats.collection import Collection
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


@dataclass(frozen=True)
class Records:
    """Rows that readers of Croissant can go through, beside the table.

    Attributes:
        name: of the rows.
        description: one line.
        files: the kind of file that they lie in.
        fields: what each row has, by name: the data type, and where it is found in a file.
    """

    name: str
    description: str
    files: FileKind
    fields: Mapping[str, tuple[str, Mapping[str, Any]]]


class ExportFormat(ABC):
    """One way to write data for others: a partition, or a series in one data set."""

    name: ClassVar[str]
    asset: ClassVar[str]
    """The asset whose partitions it writes."""
    library: ClassVar[str]
    """Who reads it."""
    files: ClassVar[tuple[FileKind, ...]]
    """The files of a partition."""
    example: ClassVar[str]
    """Python that opens it, run in the folder."""

    @property
    def asset_name(self) -> str:
        """Name of the asset that is the export, for example `export_hdf5`."""
        return f"export_{self.name}"

    def files_of(self, data: Collection) -> tuple[FileKind, ...]:
        """The files of an export."""
        return self.files

    def front_matter(self, splits: Mapping[str, int]) -> dict[str, Any]:
        """What the card's YAML says of it beside the usual, for hubs.

        Args:
            splits: how many images each split holds.
        """
        return {}

    def records(self, data: Collection) -> tuple[Records, ...]:
        """Images, labels or particles that readers of Croissant can go through, where there are such readers."""
        return ()

    @abstractmethod
    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        """Write the data files, row by row.

        Args:
            data: stores of `asset`.
            folder: an empty folder.
            done: to be called after each row.
        """


class PartitionFormat(ExportFormat):
    """A format whose files hold one partition each, as stacks of equal images do; a series has a folder for each."""

    def files_of(self, data: Collection) -> tuple[FileKind, ...]:
        """The files of an export."""
        if not data.is_series:
            return self.files
        within = "*/*" if data.has_images else "*"
        return tuple(FileKind(f"{within}/{f.pattern}", f.media_type, f.description) for f in self.files)

    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        """Write the files of every partition."""
        for source in data.sources:
            place = folder / data.place(source)
            place.mkdir(parents=True, exist_ok=True)
            self.write_partition(source, place, done)

    @abstractmethod
    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        """Write the files of one partition into a folder; `done` is to be called after each row."""


TABLE = FileKind(
    "table.csv",
    "text/csv",
    "one row per structure, or image of one; numbers, seeds and, of images, their split",
)
