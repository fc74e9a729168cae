"""A checked store as zarr and xarray open it: read only, every byte held against seal and digests."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype

if TYPE_CHECKING:
    from hrtem_assets.store.checked import CheckedStore


class CheckedFiles(Store):
    """The files of a checked store.

    Args:
        checked: what reads and checks them.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, checked: "CheckedStore") -> None:
        super().__init__(read_only=True)
        self._checked = checked

    def __str__(self) -> str:
        return str(self._checked.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CheckedFiles) and self._checked is other._checked

    def __hash__(self) -> int:
        return id(self._checked)

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """A file, or the part of it that is asked for; None if there is none."""
        match byte_range:
            case None:
                start, length = None, None
            case RangeByteRequest():
                start, length = byte_range.start, byte_range.end - byte_range.start
            case OffsetByteRequest():
                start, length = byte_range.offset, None
            case SuffixByteRequest():
                start, length = -byte_range.suffix, None
        if key in self._checked.sealed:
            content = self._checked.content(key, start, length)
        else:
            content = await asyncio.to_thread(self._checked.content, key, start, length)
        if content is None:
            return None
        return (prototype or default_buffer_prototype()).buffer.from_bytes(content)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Parts of several files."""
        return [await self.get(key, prototype, part) for key, part in key_ranges]

    async def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        return await self.get(key) is not None

    async def set(self, key: str, value: Buffer) -> None:
        """Refused: a finished store is never written to."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Refused: a finished store is never written to."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Names of the files under the seal."""
        for name in self._checked.sealed:
            yield name

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Those that begin so."""
        for name in self._checked.sealed:
            if name.startswith(prefix):
                yield name

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """What lies directly in a folder."""
        folder = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        inside = (n.removeprefix(folder) for n in self._checked.sealed if n.startswith(folder))
        for name in dict.fromkeys(n.split("/")[0] for n in inside):
            yield name
