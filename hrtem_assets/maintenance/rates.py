"""What a structure of each asset costs on this machine, measured on the stores already made."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from statistics import median, mode

import numpy as np

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import Partitions, stored_bytes
from hrtem_assets.campaign import Campaign
from hrtem_assets.store import DEVICES, PartitionId, StoreReader, differences

# structures of which most are no worker's first
MANY = 8
# enough to average over, few enough to answer at once
MOST_STORES = 3
# these differ between runs and campaigns without changing the cost
_COSTLESS = (
    *("settings.train_structures", "settings.images_per_structure", "settings.engine_versions"),
    *("code_version", "packages", "seed"),
)


@dataclass(frozen=True)
class Rate:
    """What one structure costs, with all its images where an asset makes images.

    Attributes:
        seconds: of one worker's time.
        bytes: on disk.
        memory_bytes: most that a worker process has held.
        device: what computed it, `cpu` or `cuda`.
        basis: specimens that it was measured on.
    """

    seconds: float
    bytes: float
    memory_bytes: int
    device: str
    basis: tuple[str, ...]


class Rates:
    """Rates by asset and specimen, from finished stores that cost what the campaign's own would.

    A specimen without stores takes the mean of the others; structures and exit waves in proportion to the mean
    height of the cell, on which the number of slices depends.

    Args:
        partitions: campaign and stores.
    """

    def __init__(self, partitions: Partitions) -> None:
        self.partitions = partitions
        self._stores: dict[str, dict[str, list[PartitionId]]] = defaultdict(lambda: defaultdict(list))
        for partition in partitions.finished:
            self._stores[partition.asset][partition.specimen].append(partition)
        self._measured = cache(self._measure)

    def rate(self, asset: str, specimen: str, condition: str | None = None) -> Rate | None:
        """What a structure of an asset costs; None where no store of the asset can tell.

        Args:
            asset: asset name.
            specimen: specimen key.
            condition: condition key, if it has one. Stores under conditions with the same effects are preferred.
        """
        effects = None if condition is None else self._effects(condition)
        measured = self._measured(asset, specimen, effects) or self._measured(asset, specimen, None)
        if measured is not None:
            return measured
        campaign = self.partitions.campaign
        others = {
            key: rate
            for key in self._stores[asset]
            if key in campaign.specimens
            and (rate := self._measured(asset, key, effects) or self._measured(asset, key, None)) is not None
        }
        if not others:
            return None
        height_a = {key: mean_height_a(campaign, key) for key in (*others, specimen)}
        grows = ASSETS[asset].cost_grows_with == "height"
        grow = {key: height_a[specimen] / height_a[key] if grows else 1.0 for key in others}
        return Rate(
            float(np.mean([r.seconds * grow[key] for key, r in others.items()])),
            float(np.mean([r.bytes for r in others.values()])),
            max(r.memory_bytes for r in others.values()),
            mode(r.device for r in others.values()),
            tuple(others),
        )

    def _effects(self, condition: str) -> tuple[str, ...]:
        """What acts on images under a condition: what their cost depends on most."""
        campaign = self.partitions.campaign
        known = condition in campaign.condition_by_key
        return tuple(effect.name for effect in campaign.effects(condition)) if known else ()

    def _measure(self, asset: str, specimen: str, effects: tuple[str, ...] | None) -> Rate | None:
        seconds: list[float] = []
        sizes: list[float] = []
        devices: list[str] = []
        memory_bytes = 0
        # as many as the campaign asks for: a row costs the same, however many there are of a structure
        rows = ASSETS[asset].rows_per_structure(self.partitions.campaign)
        for partition in self._stores[asset][specimen]:
            if len(seconds) == MOST_STORES:
                break
            if effects is not None and self._effects(partition.condition or "") != effects:
                continue
            info = self.partitions.info(partition)
            if info is None or not self._costs_the_same(partition):
                continue
            store = StoreReader(info.path)
            times = store.column("seconds").tolist()
            # the first structure of each worker process may also compile; the median of many leaves these out
            seconds.append(rows * (median(times) if len(times) >= MANY else min(times)))
            sizes.append(rows * stored_bytes(info.path) / info.rows)
            memory_bytes = max(memory_bytes, int(store.column("peak_memory").max()))
            devices += [DEVICES[k] for k in store.column("device")]
        if not seconds:
            return None
        return Rate(float(np.mean(seconds)), float(np.mean(sizes)), memory_bytes, mode(devices), (specimen,))

    def _costs_the_same(self, partition: PartitionId) -> bool:
        """Whether a store was made with settings of the campaign's that decide its cost."""
        campaign, info = self.partitions.campaign, self.partitions.info(partition)
        if info is None or partition.specimen not in campaign.specimens:
            return False
        if partition.condition is not None and partition.condition not in campaign.condition_by_key:
            return False
        changed = [
            line.split(":")[0] for line in differences(info.recipe, self.partitions.recipe(partition, {}))
        ]
        schema = ASSETS[partition.asset].schema(
            campaign, campaign.specimen(partition.specimen), partition.condition
        )
        if schema.arrays:
            # their shapes tell what upstream's settings decide of the cost
            store = StoreReader(info.path)
            shapes = [store.array(v.name).shape[1:] for v in schema.arrays]
            if shapes != [v.shape for v in schema.arrays]:
                return False
        costless = (*_COSTLESS, "upstream") if schema.arrays else _COSTLESS
        return all(name.startswith(costless) for name in changed)


def mean_height_a(campaign: Campaign, specimen: str) -> float:
    """Mean height of a specimen's cell along the beam, in Å: substrate, clearance, particle and empty space."""
    substrate, chosen = campaign.substrate, campaign.specimen(specimen)
    size = chosen.size
    if not chosen.phases:
        # a class of sizes chooses among files, and may be wide
        most_a = campaign.most_extent_a(chosen)
        size = size.model_copy(update={"radius_min_a": most_a, "radius_max_a": most_a})
    return (
        (substrate.thickness_min_a + substrate.thickness_max_a) / 2
        + 2 * substrate.contamination.thickness_max_a
        + campaign.placement.clearance_a
        + size.radius_min_a
        + size.radius_max_a
        + 2 * campaign.simulation.vacuum_a
    )
