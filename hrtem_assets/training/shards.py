"""Single rows of a store's arrays, straight from their shards: what zarr-python reads, in a fraction of its time."""

import json
from typing import Any

import numpy as np
from numcodecs import blosc
from numpy.typing import NDArray

from hrtem_assets.store import StoreError, StoreReader
from hrtem_assets.store.files import MARK

# a chunk without entry holds nothing but the fill value
_ABSENT = 2**64 - 1
_CHECKSUM_BYTES = 4


class ShardReader:
    """Reads rows of one array of a finished store; holds no open file, so it may be forked and pickled.

    Args:
        store: a `CheckedStore` to hold each shard's file against its digest when it is first read; a `StoreReader` to
            trust the files.
        variable: name of an array whose chunks are whole rows.

    Raises:
        StoreError: if the array is absent, or not encoded as our stores are.
    """

    def __init__(self, store: StoreReader, variable: str) -> None:
        self.path, self._store = store.path / variable, store
        try:
            text = store.content(f"{variable}/{MARK}")
            if text is None:
                raise FileNotFoundError(self.path / MARK)
            metadata = json.loads(text)
            (sharding,) = metadata["codecs"]
            inner = sharding["configuration"]
            rows, *whole = metadata["chunk_grid"]["configuration"]["chunk_shape"]
            encoding = [codec["name"] for codec in inner["codecs"]]
            expected = (
                metadata["shape"][1:] == whole
                and inner["chunk_shape"] == [1, *whole]
                and encoding == ["bytes", "blosc"]
                and inner["codecs"][0].get("configuration", {}).get("endian", "little") == "little"
                and inner["index_location"] == "end"
            )
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise StoreError(
                f"{self.path} is not a sharded array: {type(error).__name__}: {error}"
            ) from error
        if not expected:
            raise StoreError(
                f"{self.path} is not encoded as this package does; open it with xarray.open_zarr"
            )
        self.shape = tuple(whole)
        self.dtype = np.dtype(metadata["data_type"])
        # of labels that are stored in steps
        self.scale_factor: float | None = metadata.get("attributes", {}).get("scale_factor")
        attributes = metadata.get("attributes", {})
        # of labels that are numbers for something
        self.meanings: dict[int, str] = dict(
            zip(attributes.get("flag_values", ()), attributes.get("flag_meanings", "").split(), strict=True)
        )
        self.fill_value: Any = metadata["fill_value"]
        self._rows: int = rows
        self._index: dict[int, NDArray[np.uint64] | None] = {}

    def row(self, index: int) -> NDArray[Any]:
        """One row's values.

        Args:
            index: along the first dimension.

        Raises:
            DamagedError: if its file is not the one that was written; names the repair.
            StoreError: if its chunk cannot be decoded.
        """
        shard, chunk = divmod(index, self._rows)
        if shard not in self._index:
            self._index[shard] = self._read_index(shard)
        entries = self._index[shard]
        if entries is None or entries[chunk, 0] == _ABSENT:
            return np.full(self.shape, self.fill_value, self.dtype)
        offset, length = (int(v) for v in entries[chunk])
        encoded = self._store.content(self._key(shard), offset, length) or b""
        values = np.empty(self.shape, self.dtype)
        try:
            # Blosc would read beyond the end of a file that was cut short
            if len(encoded) < length:
                raise ValueError(f"{len(encoded)} bytes of {length}")
            blosc.decompress(encoded, values)
        except (RuntimeError, ValueError) as error:
            raise StoreError(
                f"row {index} of {self.path} cannot be decoded ({error}): the file is damaged; "
                f"delete the store and materialize the partition again"
            ) from error
        return values

    def _read_index(self, shard: int) -> NDArray[np.uint64] | None:
        """Offset and length of each chunk of a shard; None for a shard that holds nothing."""
        size = 16 * self._rows
        end = self._store.content(self._key(shard), -size - _CHECKSUM_BYTES)
        return None if end is None else np.frombuffer(end[:size], "<u8").reshape(self._rows, 2)

    def _key(self, shard: int) -> str:
        """The file of a shard by its name within the store."""
        return "/".join([self.path.name, "c", str(shard), *["0"] * len(self.shape)])
