"""Jobs: the two halves of the work on one partition, selectable in the UI."""

from typing import Any

import dagster as dg

SPECIMENS_JOB, IMAGES_JOB = "specimens", "images"


def campaign_jobs() -> list[Any]:
    """`specimens` makes everything that no condition changes; `images` what follows under conditions."""
    return [
        dg.define_asset_job(
            SPECIMENS_JOB,
            selection=dg.AssetSelection.assets("structures", "exit_waves", "zero_defocus", "labels"),
            description="Structures, exit waves, zero defocus and labels of a specimen.",
        ),
        dg.define_asset_job(
            IMAGES_JOB,
            selection=dg.AssetSelection.assets("micrographs", "training_sets"),
            description="Micrographs and training sets of a specimen under a condition.",
        ),
    ]
