"""Reading finished stores back: checksums, completeness, recipe chain and physics, and what repairs the damaged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.assets.judgement import asset_remarks, violations
from hrtem_assets.assets.lineage import Lineage, lineage_in, upstream_partitions
from hrtem_assets.execution.workers import map_processes
from hrtem_assets.maintenance.known import absence
from hrtem_assets.store import Layout, PartitionId, StoreError, StoreInfo, StoreReader, files, store_info
from hrtem_assets.store.integrity import SEAL, content_digest, seal_holds, shard_digest, structure_digest
from hrtem_assets.store.ledger import displaced, published
from hrtem_assets.store.reading import materialize_command, partition_of, repair_command


@dataclass(frozen=True)
class Verdict:
    """What reading a store back found.

    Attributes:
        partition: which.
        structures: how many it says it holds; 0 if it cannot say.
        whole: what is wrong with the store as a whole: nothing of it can be trusted.
        damaged: what is wrong with single rows, by index.
        outdated: why single rows are not made from what lies upstream now, by index.
        chain: what is wrong with its upstream stores, or with what was known of itself.
        failures: why rows could not be made, by index; they are recorded, not damaged.
        remarks: what must be known of it, though nothing is wrong.
        overrides: settings that it was made with instead of the campaign's.
        repair: commands that repair it, in order; empty if it is intact.
        absent: whether there is no store at all, where there should be one.
        rows_per_structure: images of each structure, where rows are images; else 1.
    """

    partition: PartitionId
    structures: int
    whole: tuple[str, ...]
    damaged: Mapping[int, tuple[str, ...]]
    outdated: Mapping[int, str]
    chain: tuple[str, ...]
    failures: Mapping[int, str]
    overrides: Mapping[str, Any]
    repair: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    absent: bool = False
    rows_per_structure: int = 1

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.whole or self.damaged or self.outdated or self.chain)


def verify(layout: Layout, partitions: Sequence[PartitionId], workers: int) -> Iterator[Verdict]:
    """Read finished stores back, each yielded as it is done.

    Args:
        layout: where stores lie.
        partitions: which.
        workers: processes.
    """
    tasks = [(layout, partition) for partition in partitions]
    for _, verdict in map_processes(_verify_task, tasks, workers):
        yield verdict


def verify_partition(layout: Layout, partition: PartitionId) -> Verdict:
    """Read one finished store back in full; one that should be there and is not is told by what is known of it.

    Args:
        layout: where stores lie.
        partition: a partition with a finished store, or one of which it is known that there was one.
    """
    store = layout.store(partition)
    if not files.is_made(store):
        words = (absence(layout, partition),)
        return Verdict(
            partition, 0, words, {}, {}, (), {}, {}, (materialize_command(partition),), absent=True
        )
    try:
        info = store_info(store)
    except StoreError as error:
        remake = (repair_command(partition), materialize_command(partition))
        return Verdict(partition, 0, (str(error.__cause__ or error),), {}, {}, (), {}, {}, remake)
    whole = _whole(layout, info, partition)
    chain, repair = ([], []) if whole else _chain(layout, partition, info)
    damaged = {} if whole else _damaged(info)
    lineage = lineage_in(layout)
    others = {} if whole else lineage.outdated(partition)
    if whole or damaged:
        repair += [repair_command(partition), materialize_command(partition)]
    if others:
        repair += [*_made_again_first(lineage, partition), materialize_command(partition)]
    return Verdict(
        partition=partition,
        structures=info.structures,
        whole=tuple(whole),
        damaged=damaged,
        outdated=others,
        chain=tuple(chain),
        failures={} if whole else info.failures,
        remarks=() if whole or damaged else tuple(asset_remarks(info)),
        overrides={} if whole else info.attributes["provenance"].get("overrides", {}),
        repair=tuple(dict.fromkeys(repair)),
        rows_per_structure=info.rows_per_structure,
    )


def _verify_task(task: tuple[Layout, PartitionId]) -> Verdict:
    return verify_partition(*task)


def _made_again_first(lineage: Lineage, partition: PartitionId) -> list[str]:
    """Commands that make upstream stores again which are not made from what lies upstream of them."""
    commands: list[str] = []
    for upstream in upstream_partitions(partition):
        if lineage.outdated(upstream):
            commands += [*_made_again_first(lineage, upstream), materialize_command(upstream)]
    return commands


def _whole(layout: Layout, info: StoreInfo, partition: PartitionId) -> list[str]:
    if SEAL not in info.attributes:
        return ["it carries no seal: its attributes were edited, or it was written before stores had one"]
    if not seal_holds(info.path):
        return ["its metadata, attributes, records or coordinates are not those that were written"]
    faults = []
    recipe = info.recipe
    if info.attributes["recipe_digest"] != recipe.digest:
        faults.append("its recipe does not have the hash that it names")
    identity = partition_of(info)
    if identity != partition:
        home = layout.store(identity)
        back = "" if files.is_made(home) else f"; if it was moved, put it back to {home}"
        faults.append(f"it is another partition's: {identity}{back}")
    return faults


def _chain(layout: Layout, partition: PartitionId, info: StoreInfo) -> tuple[list[str], list[str]]:
    """What is wrong with the store among others, and what repairs it."""
    words: list[str] = []
    repair: list[str] = []
    noted = published(layout, partition)
    if noted.get("recipe_digest") == info.recipe.digest and noted["structures"] > info.structures:
        words.append(
            f"it holds {info.structures} structures, but {noted['structures']} were published on "
            f"{noted['published_at']}: an older copy lies in its place"
        )
        repair.append(materialize_command(partition))
    if other := displaced(layout, partition, info):
        words.append(other)
        repair.append(materialize_command(partition))
    for upstream in upstream_partitions(partition):
        try:
            held = store_info(layout.store(upstream))
        except StoreError:
            has_files = bool(files.children(layout.store(upstream)))
            words.append(
                f"{upstream}, which it was made from, is {'no complete store any more' if has_files else 'not there'}"
            )
            repair += [*([repair_command(upstream)] if has_files else []), materialize_command(upstream)]
            continue
        if held.recipe.digest != info.recipe.upstream[upstream.asset]:
            words.append(f"{upstream} has been made again since, with another recipe")
            repair.append(materialize_command(partition))
        elif not seal_holds(held.path):
            words.append(
                f"it cannot be compared with {upstream}, which it was made from: its records are damaged"
            )
            repair += [repair_command(upstream), materialize_command(upstream)]
        elif held.structures < info.structures:
            words.append(f"{upstream} holds {held.structures} structures, fewer than {info.structures}")
            repair.append(materialize_command(upstream))
    return words, repair


def _damaged(info: StoreInfo) -> dict[int, tuple[str, ...]]:
    """What is wrong with each row; the records are under the seal, which holds."""
    path, attributes, failures = info.path, info.attributes, info.failures
    names = [*attributes["arrays"], *attributes["records"]]
    store = StoreReader(path)
    arrays = {name: store.array(name) for name in names}
    short = [name for name, array in arrays.items() if array.shape[0] != info.rows]
    if short:
        reason = (f"{', '.join(short)} do not hold {info.rows} {info.row_word}s",)
        return dict.fromkeys(range(info.rows), reason)
    digests = store.column("digest")
    records = {name: store.column(name) for name in attributes["records"]}
    checks = {name: store.column(name) for name in ("array_digest", "shard_digest") if attributes["arrays"]}
    sampling_a = float(np.diff(store.column("x")[:2])[0]) if files.is_made(path / "x") else float("nan")
    step = int(attributes["structures_per_shard"])
    damage: dict[int, tuple[str, ...]] = {}
    for first in range(0, info.rows, step):
        inside = range(first, min(first + step, info.rows))
        shards = {name: shard_digest(path, name, first // step) for name in attributes["arrays"]}
        for index in inside:
            words: list[str] = []
            values: dict[str, NDArray[Any]] = {}
            of_arrays = [int(number) for number in checks["array_digest"][index]] if checks else []
            for k, name in enumerate(attributes["arrays"]):
                if not checks["shard_digest"][index, k]:
                    # pruned: what was there is known by its digest alone
                    continue
                if shards[name] != int(checks["shard_digest"][index, k]):
                    words.append(f"its files of {name} are not those that were written")
                try:
                    values[name] = _value(arrays[name], index)
                except Exception as error:  # a codec raises whatever it likes when its bytes are wrong
                    words.append(f"its {name} cannot be read ({type(error).__name__})")
                    continue
                if content_digest({name: values[name]}) != of_arrays[k]:
                    words.append(f"its values of {name} are not those that were made")
            of_records = {name: np.asarray(column[index]) for name, column in records.items()}
            if structure_digest(of_arrays, of_records) != int(digests[index]):
                words.append("its records are not those that were made")
            if index not in failures and not any("cannot be read" in w for w in words):
                words += violations(info.recipe, values | of_records, sampling_a)
            if words:
                damage[index] = tuple(words)
    return damage


def _value(array: zarr.Array[Any], index: int) -> NDArray[Any]:
    return np.asarray(array[index])
