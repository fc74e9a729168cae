"""Where one image came from: the chain of stores behind it, and its rebuilding from nothing to compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.stages import STAGES
from hrtem_assets.stages.base import Assignment, source_key
from hrtem_assets.store import zarr_files
from hrtem_assets.store.commits import Product, digest
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import StoreError, StoreInfo, find_store, read_structure, store_info
from hrtem_assets.store.recipe import differences
from hrtem_assets.store.schema import DEVICES, Schema
from hrtem_assets.upkeep.census import upstream_partitions

# what may differ between then and now without being another image that is asked for
_VERSIONS = ("code_version", "packages", "settings.engine_versions", "upstream")


@dataclass(frozen=True)
class Link:
    """One store of the chain, and what it says of the structure.

    Attributes:
        info: the store.
        partition: which.
        seeds: by record name.
        digest: of the structure's arrays and records, hexadecimal.
        run_id: of the run that made the structure.
        made_at: when it was committed.
        seconds: it took to make.
        upstream_changed: upstream assets whose store is no longer the one that it was made from.
    """

    info: StoreInfo
    partition: PartitionId
    seeds: Mapping[str, int]
    digest: str
    run_id: str
    made_at: datetime
    seconds: float
    upstream_changed: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """One stage of a rebuilt image beside the stored one.

    Attributes:
        partition: which.
        different: what differs, in words; empty if it is identical to the last bit.
        versions: what decides numbers and has another version now, or is another device.
    """

    partition: PartitionId
    different: tuple[str, ...]
    versions: tuple[str, ...]


def trace(layout: Layout, partition: PartitionId, index: int) -> list[Link]:
    """The stores behind one structure of a partition, from the partition itself up to `structures`.

    Args:
        layout: where stores lie.
        partition: a partition with a finished store.
        index: structure index.

    Raises:
        StoreError: if a store of the chain is absent.
        IndexError: if there is no such structure.
    """
    return [_link(layout, member, index) for member in _chain(partition)]


def rebuild(campaign: Campaign, layout: Layout, partition: PartitionId, index: int) -> Iterator[Comparison]:
    """Make one structure anew through every stage behind a partition, from nothing, and compare each with its store.

    Args:
        campaign: settings and seed; overrides that the partition recorded are put on top.
        layout: where the stores to compare with lie.
        partition: a partition with a finished store.
        index: structure index.

    Raises:
        StoreError: if a store of the chain is absent, or the campaign's settings are no longer those it was made with.
        IndexError: if there is no such structure.
    """
    chain = [link.partition for link in reversed(trace(layout, partition, index))]
    campaign = with_overrides(
        campaign, find_store(layout, partition).attributes["provenance"].get("overrides", {})
    )
    specimen = campaign.specimen(partition.specimen)
    versions = {member: _versions(campaign, layout, member) for member in chain}
    with TemporaryDirectory(prefix="hrtem-rebuild-") as folder:
        sources: dict[str, Place] = {}
        for member in chain:
            stage = STAGES[member.asset]
            work = Assignment(campaign, specimen, index, (member.condition,), sources)
            product = stage.products(work)[member.condition]
            schema = stage.schema(campaign, specimen, member.condition)
            there = layout.store(member)
            yield Comparison(
                member,
                _differences(there, schema, product, index),
                (*versions[member], *_devices(there, index, product)),
            )
            path = Layout(Path(folder)).store(member)
            _write_alone(path, schema, product, index)
            sources[source_key(member.asset, member.condition)] = path


def _chain(partition: PartitionId) -> list[PartitionId]:
    """A partition and everything upstream of it, each once, downstream first."""
    found, queue = {partition: None}, [partition]
    while queue:
        member = queue.pop()
        for upstream in upstream_partitions(STAGES[member.asset], member):
            if upstream not in found:
                found[upstream] = None
                queue.append(upstream)
    order = list(STAGES)
    return sorted(found, key=lambda p: order.index(p.asset), reverse=True)


def _link(layout: Layout, partition: PartitionId, index: int) -> Link:
    info = find_store(layout, partition)
    if not 0 <= index < info.structures:
        raise IndexError(
            f"{partition} holds {info.structures} structures: ask for one from 0 to {info.structures - 1}, "
            f"not {index}"
        )

    def value(name: str) -> Any:
        return read_structure(info.path, name, index).item()

    changed = [
        upstream.asset
        for upstream in upstream_partitions(STAGES[partition.asset], partition)
        if find_store(layout, upstream).recipe.digest != info.recipe.upstream[upstream.asset]
    ]
    return Link(
        info=info,
        partition=partition,
        seeds={n: value(n) for n in info.attributes["records"] if n.split("_")[-1] == "seed"},
        digest=f"{value('digest'):016x}",
        run_id=info.attributes["provenance"]["runs"][value("run")],
        made_at=datetime.fromtimestamp(value("committed_at") / 1000, UTC),
        seconds=value("seconds"),
        upstream_changed=tuple(changed),
    )


def _versions(campaign: Campaign, layout: Layout, partition: PartitionId) -> tuple[str, ...]:
    """Versions that differ between a store's recipe and the one that the campaign gives now.

    Raises:
        StoreError: if settings or seed differ: the campaign no longer asks for these numbers.
    """
    found = find_store(layout, partition).recipe
    now = STAGES[partition.asset].recipe(campaign, campaign.specimen(partition.specimen), partition.condition)
    lines = differences(found, now)
    asked = [line for line in lines if not line.startswith(_VERSIONS)]
    if asked:
        shown = "\n  ".join(asked)
        raise StoreError(
            f"{partition} cannot be rebuilt from campaign {campaign.name!r}, whose settings are others:\n  {shown}\n"
            f"name the campaign that it was made with in HRTEM_CAMPAIGN"
        )
    return tuple(line for line in lines if not line.startswith("upstream"))


def _devices(path: Place, index: int, product: Product) -> Iterator[str]:
    """What computed, where that was something else: it rounds differently."""
    made_on = DEVICES[int(read_structure(path, "device", index))]
    if made_on != product.device:
        yield f"device: {made_on} (stored), {product.device} (here), equal to 1e-5 of the wave"


def _differences(path: Place, schema: Schema, product: Product, index: int) -> tuple[str, ...]:
    if int(read_structure(path, "digest", index)) == digest(schema, product):
        return ()
    words = []
    pruned = store_info(path).pruned
    for variable in (v for v in (*schema.arrays, *schema.records) if v.name not in pruned):
        given = product.arrays.get(variable.name, product.record.get(variable.name, variable.fill_value))
        made, held = zarr_files.stored(variable, given), read_structure(path, variable.name, index)
        if made.shape != held.shape:
            words.append(f"{variable.name}: shape {made.shape}, stored {held.shape}")
        elif not np.array_equal(made, held, equal_nan=made.dtype.kind in "fc"):
            words.append(f"{variable.name}: {_how_far(made, held)}")
    return tuple(words) or ("its stored digest; ask: hrtem verify",)


def _how_far(made: NDArray[Any], held: NDArray[Any]) -> str:
    kind = np.complex128 if made.dtype.kind == "c" else np.float64
    apart = np.abs(made.astype(kind) - held.astype(kind))
    return f"{np.count_nonzero(made != held)} of {made.size} values differ, by {np.nanmax(apart):.3g} at most"


def _write_alone(path: Place, schema: Schema, product: Product, index: int) -> None:
    """A store that holds one structure at its own index and nothing else, for the stages downstream to read."""
    zarr_files.create(path, schema, index + 1)
    if product.arrays:
        zarr_files.write_structures(
            path, index, {name: values[None] for name, values in product.arrays.items()}
        )
    zarr_files.write_records(path, schema, [*([{}] * index), product.record])
