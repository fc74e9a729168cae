"""Reading finished stores back: checksums, completeness, recipe chain and physics, and what repairs the damaged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.compute.workers import map_processes
from hrtem_assets.stages import STAGES
from hrtem_assets.store import places
from hrtem_assets.store.integrity import SEAL, content_digest, seal_holds, shard_digest, structure_digest
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import (
    StoreError,
    StoreInfo,
    open_array,
    prune_command,
    read_column,
    repair_command,
    store_info,
)
from hrtem_assets.upkeep.census import upstream_partitions
from hrtem_assets.upkeep.ranges import out_of_range


@dataclass(frozen=True)
class Verdict:
    """What reading a store back found.

    Attributes:
        partition: which.
        structures: how many it says it holds; 0 if it cannot say.
        whole: what is wrong with the store as a whole: nothing of it can be trusted.
        damaged: what is wrong with single structures, by index.
        chain: what is wrong with its upstream stores.
        overrides: settings that it was made with instead of the campaign's.
        repair: commands that repair it, in order; empty if it is intact.
    """

    partition: PartitionId
    structures: int
    whole: tuple[str, ...]
    damaged: Mapping[int, tuple[str, ...]]
    chain: tuple[str, ...]
    overrides: Mapping[str, Any]
    repair: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.whole or self.damaged or self.chain)


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
    """Read one finished store back in full.

    Args:
        layout: where stores lie.
        partition: a partition with a finished store.
    """
    try:
        info = store_info(layout.store(partition))
    except StoreError as error:
        remake = (prune_command(partition), repair_command(partition))
        return Verdict(partition, 0, (str(error.__cause__ or error),), {}, (), {}, remake)
    whole = _whole(info, partition)
    chain, repair = ([], []) if whole else _chain(layout, partition, info)
    damaged = {} if whole else _damaged(info)
    if whole or damaged:
        repair += [prune_command(partition), repair_command(partition)]
    return Verdict(
        partition=partition,
        structures=info.structures,
        whole=tuple(whole),
        damaged=damaged,
        chain=tuple(chain),
        overrides={} if whole else info.attributes["provenance"].get("overrides", {}),
        repair=tuple(dict.fromkeys(repair)),
    )


def _verify_task(task: tuple[Layout, PartitionId]) -> Verdict:
    return verify_partition(*task)


def _whole(info: StoreInfo, partition: PartitionId) -> list[str]:
    if SEAL not in info.attributes:
        return ["it carries no seal: its attributes were edited, or it was written before stores had one"]
    if not seal_holds(info.path):
        return ["its metadata, attributes, records or coordinates are not those that were written"]
    found = []
    recipe = info.recipe
    if info.attributes["recipe_digest"] != recipe.digest:
        found.append("its recipe does not have the hash that it names")
    if PartitionId(recipe.asset, recipe.specimen, recipe.condition) != partition:
        found.append(
            f"it is another partition's: {recipe.asset} of {recipe.specimen} {recipe.condition or ''}"
        )
    return found


def _chain(layout: Layout, partition: PartitionId, info: StoreInfo) -> tuple[list[str], list[str]]:
    """What is wrong upstream, and what repairs it."""
    words: list[str] = []
    repair: list[str] = []
    for upstream in upstream_partitions(STAGES[partition.asset], partition):
        try:
            held = store_info(layout.store(upstream))
        except StoreError:
            words.append(f"{upstream}, which it was made from, is not there")
            repair.append(repair_command(upstream))
            continue
        if held.recipe.digest != info.recipe.upstream[upstream.asset]:
            words.append(f"{upstream} has been made again since, with another recipe")
            repair.append(repair_command(partition))
        elif held.structures < info.structures:
            words.append(f"{upstream} holds {held.structures} structures, fewer than {info.structures}")
            repair.append(repair_command(upstream))
    return words, repair


def _damaged(info: StoreInfo) -> dict[int, tuple[str, ...]]:
    """What is wrong with each structure; the records are under the seal, which holds."""
    path, attributes = info.path, info.attributes
    names = [*attributes["arrays"], *attributes["records"]]
    arrays = {name: open_array(path, name) for name in names}
    short = [name for name, array in arrays.items() if array.shape[0] != info.structures]
    if short:
        reason = (f"{', '.join(short)} do not hold {info.structures} structures",)
        return dict.fromkeys(range(info.structures), reason)
    digests = _column(info, "digest")
    records = {name: _column(info, name) for name in attributes["records"]}
    checks = {name: _column(info, name) for name in ("array_digest", "shard_digest") if attributes["arrays"]}
    sampling_a = float(np.diff(_column(info, "x")[:2])[0]) if places.is_made(path / "x") else float("nan")
    step = int(attributes["structures_per_shard"])
    found: dict[int, tuple[str, ...]] = {}
    for first in range(0, info.structures, step):
        inside = range(first, min(first + step, info.structures))
        files = {name: shard_digest(path, name, first // step) for name in attributes["arrays"]}
        for index in inside:
            words: list[str] = []
            values: dict[str, NDArray[Any]] = {}
            of_arrays = [int(number) for number in checks["array_digest"][index]] if checks else []
            for k, name in enumerate(attributes["arrays"]):
                if not checks["shard_digest"][index, k]:
                    # pruned: what was there is known by its digest alone
                    continue
                if files[name] != int(checks["shard_digest"][index, k]):
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
            if not any("cannot be read" in w for w in words):
                words += out_of_range(info.recipe, values | of_records, sampling_a)
            if words:
                found[index] = tuple(words)
    return found


def _value(array: zarr.Array[Any], index: int) -> NDArray[Any]:
    return np.asarray(array[index])


def _column(info: StoreInfo, name: str) -> NDArray[Any]:
    return read_column(info.path, name)
