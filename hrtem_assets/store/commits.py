"""What a worker does to a build: it writes structures, digests them, and says in the journal that they are there."""

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store import files, zarr_files
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.integrity import content_digest, shard_digest, structure_digest
from hrtem_assets.store.journal import FAILURE, read_entry, write_entry
from hrtem_assets.store.locking import Fence
from hrtem_assets.store.schema import DEVICES, UPSTREAM_DIGEST, Schema, content_records


@dataclass(frozen=True)
class Product:
    """What was made for one row.

    Attributes:
        arrays: by the name of the schema's array, without the `structure` dimension.
        record: by the name of the schema's record: number or nested sequence of numbers.
        seconds: time it took to make.
        device: what computed it, one of `schema.DEVICES`.
        upstream: digest of the structure in each store that it was made from, by asset name.
        failure: why it could not be made; empty if it was.
    """

    arrays: Mapping[str, NDArray[Any]]
    record: Mapping[str, Any]
    seconds: float
    device: str = "cpu"
    upstream: Mapping[str, int] = field(default_factory=dict)
    failure: str = ""


def absent_product(
    schema: Schema, reason: str, seconds: float, device: str, upstream: Mapping[str, int]
) -> Product:
    """The row of a structure that cannot be made: fill values, and -1 where an integer has a sign.

    Args:
        schema: of the store.
        reason: why.
        seconds: time it took to find out.
        device: what computed, one of `schema.DEVICES`.
        upstream: digest of the structure in each store that it would be made from, by asset name.
    """
    return Product(
        {v.name: np.full(v.shape, v.fill_value, v.dtype) for v in schema.arrays},
        {v.name: np.full(v.shape, -1) for v in schema.records if np.dtype(v.dtype).kind == "i"},
        seconds,
        device,
        upstream,
        reason,
    )


@dataclass(frozen=True)
class BuildHandle:
    """The part of a build that a worker in another process needs: it writes structures and says so in the journal."""

    path: StorePath
    journal: StorePath
    run_id: str
    schema: Schema
    fence: Fence

    def commit(self, first: int, products: Sequence[Product]) -> None:
        """Write consecutive rows of one shard; they count once its journal entry is there.

        Args:
            first: index of the first row: the shard's, or that after those committed before.
            products: one per row.

        Raises:
            FencedError: if this build has been taken over or published.
        """
        with files.explained(self.path), self.fence.passed():
            self._commit(first, products)

    def _commit(self, first: int, products: Sequence[Product]) -> None:
        names, step = [v.name for v in self.schema.arrays], self.schema.structures_per_shard
        begin = first // step * step
        earlier = read_entry(self.journal, begin)["records"] if begin < first else []
        if begin + len(earlier) != first:
            raise ValueError(f"rows from {begin + len(earlier)} on must be committed before {first}")
        if names:
            stacked = {name: _stacked([p.arrays[name] for p in products]) for name in names}
            zarr_files.write_structures(self.path, first, stacked)
        # of the whole shard, for those committed before, too
        of_files = {"shard_digest": [shard_digest(self.path, name, first // step) for name in names]}
        entry = {
            "first": begin,
            "records": [r | of_files for r in earlier]
            + [
                {k: np.asarray(v).tolist() for k, v in p.record.items()}
                | {
                    **_digests(self.schema, p),
                    **of_files,
                    **_upstream(p),
                    "run_id": self.run_id,
                    "seconds": p.seconds,
                    "device": DEVICES.index(p.device),
                    "peak_memory": _peak_memory_bytes(),
                    "committed_at": time.time_ns() // 1_000_000,
                    **({FAILURE: p.failure} if p.failure else {}),
                }
                for p in products
            ],
        }
        write_entry(self.journal, entry)


def digest(schema: Schema, product: Product) -> int:
    """BLAKE2b-64 of a structure's arrays and records as they are stored; the time it took does not enter.

    Args:
        schema: of the store, with or without its bookkeeping.
        product: what was made.
    """
    return int(_digests(schema, product)["digest"])


def _digests(schema: Schema, product: Product) -> dict[str, Any]:
    """The records `digest`, and `array_digest` of each array; a structure's megabytes are hashed once for both."""
    names = set(content_records(schema))
    records = {
        v.name: zarr_files.stored(v, product.record.get(v.name, v.fill_value))
        for v in schema.records
        if v.name in names
    }
    of_arrays = [
        content_digest({v.name: zarr_files.stored(v, product.arrays[v.name])}) for v in schema.arrays
    ]
    return {"digest": structure_digest(of_arrays, records), "array_digest": of_arrays}


def _upstream(product: Product) -> dict[str, list[int]]:
    """The record of what a structure was made from, its assets sorted by name."""
    digests = [product.upstream[name] for name in sorted(product.upstream)]
    return {UPSTREAM_DIGEST: digests} if digests else {}


def _peak_memory_bytes() -> int:
    """Most resident memory that this process has ever held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def _stacked(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    # a shard of waves is one structure of many megabytes: no copy of it
    return values[0][None] if len(values) == 1 else np.stack(values)
