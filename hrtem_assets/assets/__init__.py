"""The six assets: what each asset holds, which recipe decides it, and how one structure of it is made."""

from hrtem_assets.assets.asset import Asset
from hrtem_assets.assets.exit_waves import ExitWavesAsset
from hrtem_assets.assets.labels import LabelsAsset
from hrtem_assets.assets.micrographs import MicrographsAsset
from hrtem_assets.assets.structures import StructuresAsset
from hrtem_assets.assets.training_sets import TrainingSetsAsset
from hrtem_assets.assets.zero_defocus import ZeroDefocusAsset

ASSETS: dict[str, Asset] = {
    asset.name: asset
    for asset in (
        StructuresAsset(),
        ExitWavesAsset(),
        ZeroDefocusAsset(),
        LabelsAsset(),
        MicrographsAsset(),
        TrainingSetsAsset(),
    )
}

# names, and modules that other rooms may import
__all__ = [
    "ASSETS",
    "Asset",
    "asset",
    "judgement",
    "labels",
    "lineage",
    "overrides",
    "partitions",
    "pictures",
    "structures",
    "training_sets",
]
