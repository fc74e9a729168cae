"""Jobs: the two halves of the work on one partition, selectable in the UI."""

from typing import Any

import dagster as dg

from hrtem_assets.assets import ASSETS

SPECIMENS_JOB, IMAGES_JOB = "specimens", "images"


def campaign_jobs() -> list[Any]:
    """`specimens` makes everything that no condition changes; `images` what follows under conditions."""
    return [
        dg.define_asset_job(
            SPECIMENS_JOB,
            selection=dg.AssetSelection.assets(*(a.name for a in ASSETS.values() if not a.per_condition)),
            description="Structures, exit waves, zero defocus and labels of a specimen.",
        ),
        dg.define_asset_job(
            IMAGES_JOB,
            selection=dg.AssetSelection.assets(*(a.name for a in ASSETS.values() if a.per_condition)),
            description="Micrographs and training sets of a specimen under a condition.",
        ),
    ]
