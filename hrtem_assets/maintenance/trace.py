"""Where one image came from: the chain of stores behind it, and its rebuilding from nothing to compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.asset import Assignment, Source, source_key
from hrtem_assets.assets.lineage import lineage_in, upstream_partitions
from hrtem_assets.base.errors import HrtemError
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.store import (
    DEVICES,
    Layout,
    PartitionId,
    Schema,
    StoreError,
    StoreInfo,
    StorePath,
    StoreReader,
    differences,
    find_store,
    zarr_files,
)
from hrtem_assets.store.commits import Product, digest
from hrtem_assets.store.reading import materialize_command

# what may differ between then and now without being another image that is asked for
_VERSIONS = ("code_version", "packages", "settings.engine_versions", "upstream")


class UnknownStructureError(HrtemError, IndexError):
    """A row beyond the last; the message says which there are."""


@dataclass(frozen=True)
class Link:
    """One store of the chain, and what it says of the image, or of its structure.

    Attributes:
        info: the store.
        partition: which.
        row: the row of the store.
        seeds: by record name.
        drawn: what was drawn for an image, in words, such as `c30 = 1203 µm`.
        digest: of the structure's arrays and records, hexadecimal.
        run_id: of the run that made the structure.
        made_at: when it was committed.
        seconds: it took to make.
        upstream_changed: in words, what is upstream now that the structure was not made from.
        failure: why the structure could not be made; empty if it was.
    """

    info: StoreInfo
    partition: PartitionId
    row: int
    seeds: Mapping[str, int]
    drawn: tuple[str, ...]
    digest: str
    run_id: str
    made_at: datetime
    seconds: float
    upstream_changed: tuple[str, ...]
    failure: str


@dataclass(frozen=True)
class Comparison:
    """One asset of a rebuilt image beside the stored one.

    Attributes:
        partition: which.
        different: what differs, in words; empty if it is identical to the last bit.
        versions: what decides numbers and has another version now, or is another device.
    """

    partition: PartitionId
    different: tuple[str, ...]
    versions: tuple[str, ...]


def trace(layout: Layout, partition: PartitionId, index: int) -> list[Link]:
    """The stores behind one row of a partition, from the partition itself up to `structures`.

    Args:
        layout: where stores lie.
        partition: a partition with a finished store.
        index: its row.

    Raises:
        StoreError: if a store of the chain is absent.
        UnknownStructureError: if there is no such row.
    """
    info = find_store(layout, partition)
    if not 0 <= index < info.rows:
        raise UnknownStructureError(
            f"{partition} holds {info.rows} {info.row_word}s: ask for one from 0 to {info.rows - 1}, not {index}"
        )
    structure, draw = divmod(index, info.rows_per_structure)
    return [_link(layout, member, structure, draw) for member in _chain(partition)]


def rebuild(campaign: Campaign, layout: Layout, partition: PartitionId, index: int) -> Iterator[Comparison]:
    """Make one row anew through every asset behind a partition, from nothing, and compare each with its store.

    Args:
        campaign: settings and seed; overrides that the partition recorded are put on top.
        layout: where the stores to compare with lie.
        partition: a partition with a finished store.
        index: its row.

    Raises:
        StoreError: if a store of the chain is absent, or the campaign's settings are no longer those it was made with.
        UnknownStructureError: if there is no such row.
    """
    rows = {link.partition: link.row for link in reversed(trace(layout, partition, index))}
    info = find_store(layout, partition)
    campaign = with_overrides(campaign, info.attributes["provenance"].get("overrides", {}))
    structure, draw = divmod(index, info.rows_per_structure)
    specimen = campaign.specimen(partition.specimen)
    versions = {member: _versions(campaign, layout, member) for member in rows}
    sources: dict[str, Source] = {}
    failures: dict[str, str] = {}
    for member, row in rows.items():
        asset = ASSETS[member.asset]
        work = Assignment(
            campaign,
            specimen,
            structure,
            (member.condition,),
            sources,
            failures=dict(failures),
            draw=draw if asset.per_condition else 0,
        )
        product = asset.products([work])[0][member.condition]
        schema = asset.schema(campaign, specimen, member.condition)
        path = layout.store(member)
        yield Comparison(
            member,
            _differences(path, schema, product, row),
            (*versions[member], *_devices(path, row, product)),
        )
        sources[source_key(member.asset, member.condition)] = _Rebuilt(schema, product)
        if product.failure:
            failures[source_key(member.asset, member.condition)] = product.failure


@dataclass(frozen=True)
class _Rebuilt:
    """A row that was just made, for the assets downstream to read as if it were stored."""

    schema: Schema
    product: Product

    def read(self, variable: str, index: int) -> NDArray[Any]:
        (named,) = (v for v in (*self.schema.arrays, *self.schema.records) if v.name == variable)
        made = self.product.arrays.get(variable, self.product.record.get(variable, named.fill_value))
        return zarr_files.stored(named, made)

    def has(self, variable: str) -> bool:
        return any(v.name == variable for v in (*self.schema.arrays, *self.schema.records))

    def digest(self, index: int) -> int:
        return digest(self.schema, self.product)


def _chain(partition: PartitionId) -> list[PartitionId]:
    """A partition and everything upstream of it, each once, downstream first."""
    members, queue = {partition: None}, [partition]
    while queue:
        member = queue.pop()
        for upstream in upstream_partitions(member):
            if upstream not in members:
                members[upstream] = None
                queue.append(upstream)
    order = list(ASSETS)
    return sorted(members, key=lambda p: order.index(p.asset), reverse=True)


def _link(layout: Layout, partition: PartitionId, structure: int, draw: int) -> Link:
    info = find_store(layout, partition)
    # a store whose rows are structures has one for all draws
    row = structure * info.rows_per_structure + (draw if info.rows_per_structure > 1 else 0)
    if row >= info.rows:
        raise UnknownStructureError(
            f"{partition} holds {info.structures} structures, and not structure {structure}; make it again with: "
            f"{materialize_command(partition)}"
        )

    store = StoreReader(info.path)

    def value(name: str) -> Any:
        return store.read(name, row).item()

    def in_words(name: str) -> str:
        unit = store.array(name).attrs.get("units", "1")
        return f"{name} = {value(name):.6g}" + ("" if unit == "1" else f" {unit}")

    changed = [
        f"{upstream} has been made again since, with another recipe"
        for upstream in upstream_partitions(partition)
        if find_store(layout, upstream).recipe.digest != info.recipe.upstream[upstream.asset]
    ]
    others = lineage_in(layout).outdated(partition)
    changed += [others[row]] if row in others else []
    return Link(
        info=info,
        partition=partition,
        row=row,
        seeds={n: value(n) for n in info.attributes["records"] if n.split("_")[-1] == "seed"},
        drawn=tuple(in_words(name) for name in ASSETS[partition.asset].drawn_records(info.recipe)),
        digest=f"{value('digest'):016x}",
        run_id=info.attributes["provenance"]["runs"][value("run")],
        made_at=datetime.fromtimestamp(value("committed_at") / 1000, UTC),
        seconds=value("seconds"),
        upstream_changed=tuple(changed),
        failure=info.failures.get(row, ""),
    )


def _versions(campaign: Campaign, layout: Layout, partition: PartitionId) -> tuple[str, ...]:
    """Versions that differ between a store's recipe and the one that the campaign gives now.

    Raises:
        StoreError: if settings or seed differ: the campaign no longer asks for these numbers.
    """
    recorded = find_store(layout, partition).recipe
    now = ASSETS[partition.asset].recipe(campaign, campaign.specimen(partition.specimen), partition.condition)
    lines = differences(recorded, now)
    asked = [line for line in lines if not line.startswith(_VERSIONS)]
    if asked:
        shown = "\n  ".join(asked)
        raise StoreError(
            f"{partition} cannot be rebuilt from campaign {campaign.name!r}, whose settings differ:\n  {shown}\n"
            f"name the campaign that it was made with in HRTEM_CAMPAIGN"
        )
    return tuple(line for line in lines if not line.startswith("upstream"))


def _devices(path: StorePath, index: int, product: Product) -> Iterator[str]:
    """What computed, where that was something else: it rounds differently."""
    made_on = DEVICES[int(StoreReader(path).read("device", index))]
    if made_on != product.device:
        yield f"device: {made_on} (stored), {product.device} (here), equal to 1e-5 of the wave"


def _differences(path: StorePath, schema: Schema, product: Product, index: int) -> tuple[str, ...]:
    store = StoreReader(path)
    if int(store.read("digest", index)) == digest(schema, product):
        return ()
    words = []
    pruned = store.info.pruned
    for variable in (v for v in (*schema.arrays, *schema.records) if v.name not in pruned):
        value = product.arrays.get(variable.name, product.record.get(variable.name, variable.fill_value))
        made, held = zarr_files.stored(variable, value), store.read(variable.name, index)
        if made.shape != held.shape:
            words.append(f"{variable.name}: shape {made.shape}, stored {held.shape}")
        elif not np.array_equal(made, held, equal_nan=made.dtype.kind in "fc"):
            words.append(f"{variable.name}: {_how_far(made, held)}")
    return tuple(words) or ("its stored digest; ask: hrtem verify",)


def _how_far(made: NDArray[Any], held: NDArray[Any]) -> str:
    kind = np.complex128 if made.dtype.kind == "c" else np.float64
    apart = np.abs(made.astype(kind) - held.astype(kind))
    return f"{np.count_nonzero(made != held)} of {made.size} values differ, by {np.nanmax(apart):.3g} at most"
