"""What a structure of each asset costs on this machine, measured on the stores already made."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from statistics import median, mode

import numpy as np

from hrtem_assets.campaign import Campaign
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.reading import open_array, read_column
from hrtem_assets.store.recipe import differences
from hrtem_assets.store.schema import DEVICES
from hrtem_assets.upkeep.census import Census, stored_bytes

# structures of which most are no worker's first
MANY = 8
# enough to average over, few enough to answer at once
MOST_STORES = 3
# these differ between runs and campaigns without changing the cost
_COSTLESS = ("settings.train_structures", "settings.engine_versions", "code_version", "packages", "seed")
# work grows with the number of slices
_GROWS_WITH_HEIGHT = ("structures", "exit_waves")


@dataclass(frozen=True)
class Rate:
    """What one structure costs.

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
        census: campaign and stores.
    """

    def __init__(self, census: Census) -> None:
        self.census = census
        self._stores: dict[str, dict[str, list[PartitionId]]] = defaultdict(lambda: defaultdict(list))
        for partition in census.finished:
            self._stores[partition.asset][partition.specimen].append(partition)
        self._measured = cache(self._measure)

    def rate(self, asset: str, specimen: str) -> Rate | None:
        """What a structure of an asset costs; None where no store of the asset can tell.

        Args:
            asset: asset name.
            specimen: specimen key.
        """
        own = self._measured(asset, specimen)
        if own is not None:
            return own
        campaign = self.census.campaign
        others = {
            key: rate
            for key in self._stores[asset]
            if key in campaign.specimens and (rate := self._measured(asset, key)) is not None
        }
        if not others:
            return None
        height_a = {key: mean_height_a(campaign, key) for key in (*others, specimen)}
        grow = {
            key: height_a[specimen] / height_a[key] if asset in _GROWS_WITH_HEIGHT else 1.0 for key in others
        }
        return Rate(
            float(np.mean([r.seconds * grow[key] for key, r in others.items()])),
            float(np.mean([r.bytes for r in others.values()])),
            max(r.memory_bytes for r in others.values()),
            mode(r.device for r in others.values()),
            tuple(others),
        )

    def _measure(self, asset: str, specimen: str) -> Rate | None:
        seconds: list[float] = []
        sizes: list[float] = []
        devices: list[str] = []
        memory_bytes = 0
        for partition in self._stores[asset][specimen]:
            if len(seconds) == MOST_STORES:
                break
            info = self.census.info(partition)
            if info is None or not self._costs_the_same(partition):
                continue
            times = read_column(info.path, "seconds").tolist()
            # the first structure of each worker process may also compile; the median of many leaves these out
            seconds.append(median(times) if len(times) >= MANY else min(times))
            sizes.append(stored_bytes(info.path) / info.structures)
            memory_bytes = max(memory_bytes, int(read_column(info.path, "peak_memory").max()))
            devices += [DEVICES[k] for k in read_column(info.path, "device")]
        if not seconds:
            return None
        return Rate(float(np.mean(seconds)), float(np.mean(sizes)), memory_bytes, mode(devices), (specimen,))

    def _costs_the_same(self, partition: PartitionId) -> bool:
        """Whether a store was made with settings of the campaign's that decide its cost."""
        campaign, info = self.census.campaign, self.census.info(partition)
        if info is None or partition.specimen not in campaign.specimens:
            return False
        if partition.condition is not None and partition.condition not in campaign.condition_by_key:
            return False
        changed = [line.split(":")[0] for line in differences(info.recipe, self.census.recipe(partition, {}))]
        schema = STAGES[partition.asset].schema(
            campaign, campaign.specimen(partition.specimen), partition.condition
        )
        if schema.arrays:
            # their shapes tell what upstream's settings decide of the cost
            shapes = [open_array(info.path, v.name).shape[1:] for v in schema.arrays]
            if shapes != [v.shape for v in schema.arrays]:
                return False
        costless = (*_COSTLESS, "upstream") if schema.arrays else _COSTLESS
        return all(name.startswith(costless) for name in changed)


def mean_height_a(campaign: Campaign, specimen: str) -> float:
    """Mean height of a specimen's cell along the beam, in Å: film, clearance, particle and empty space."""
    film, size = campaign.substrate, campaign.specimen(specimen).size
    return (
        (film.thickness_min_a + film.thickness_max_a) / 2
        + campaign.placement.clearance_a
        + size.radius_min_a
        + size.radius_max_a
        + 2 * campaign.simulation.vacuum_a
    )
