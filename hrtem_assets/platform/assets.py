"""The six data assets."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.compute.fill import fill
from hrtem_assets.compute.overrides import effective_campaigns
from hrtem_assets.compute.workers import available_workers
from hrtem_assets.platform.configs import (
    ExitWavesConfig,
    LabelsConfig,
    MicrographsConfig,
    StageConfig,
    StructuresConfig,
    TrainingSetsConfig,
    ZeroDefocusConfig,
)
from hrtem_assets.platform.house import House
from hrtem_assets.platform.partitions import by_specimen, image_partitions, specimen_partitions
from hrtem_assets.platform.reports import data_version, report
from hrtem_assets.stages import STAGES
from hrtem_assets.store.reading import store_info

# every stage uses all workers by itself, so one at a time
POOL = "compute"
IMAGES_PER_RUN = 16
GROUP = "hrtem"


def campaign_assets(campaign: Campaign) -> list[dg.AssetsDefinition]:
    """The six assets of a campaign, partitioned by its specimens and conditions."""
    specimens, images = specimen_partitions(campaign), image_partitions(campaign)

    @dg.asset(
        partitions_def=specimens,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["structures"].code_version,
    )
    def structures(
        context: dg.AssetExecutionContext, config: StructuresConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Atomic models: particles on an amorphous film. One row is a structure."""
        yield from _materialize(context, config, house)

    @dg.asset(
        partitions_def=specimens,
        deps=[structures],
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["exit_waves"].code_version,
    )
    def exit_waves(
        context: dg.AssetExecutionContext, config: ExitWavesConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Multislice exit waves of whole structures and of their particles in vacuum. One row is a structure."""
        yield from _materialize(context, config, house)

    @dg.asset(
        partitions_def=specimens,
        deps=[structures, exit_waves],
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["zero_defocus"].code_version,
    )
    def zero_defocus(
        context: dg.AssetExecutionContext, config: ZeroDefocusConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Calibrated focus of least contrast of the particles in vacuum. One row is a structure."""
        yield from _materialize(context, config, house)

    @dg.asset(
        partitions_def=specimens,
        deps=[structures, exit_waves],
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["labels"].code_version,
    )
    def labels(
        context: dg.AssetExecutionContext, config: LabelsConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Soft labels and masks from the phase of the vacuum waves, for every condition. One row is a structure."""
        yield from _materialize(context, config, house)

    @dg.asset(
        partitions_def=images,
        deps=[exit_waves, zero_defocus],
        # all conditions of a specimen in one run: its waves are read once
        backfill_policy=dg.BackfillPolicy.multi_run(IMAGES_PER_RUN),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["micrographs"].code_version,
    )
    def micrographs(
        context: dg.AssetExecutionContext, config: MicrographsConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Electron counts at a defocus and a dose. One row is an image."""
        yield from _materialize(context, config, house)

    @dg.asset(
        partitions_def=images,
        deps=[labels, micrographs],
        backfill_policy=dg.BackfillPolicy.multi_run(IMAGES_PER_RUN),
        group_name=GROUP,
        pool=POOL,
        code_version=STAGES["training_sets"].code_version,
    )
    def training_sets(
        context: dg.AssetExecutionContext, config: TrainingSetsConfig, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult]:
        """Central crops with masks, statistics and split, ready to train on. One row is an image."""
        yield from _materialize(context, config, house)

    return [structures, exit_waves, zero_defocus, labels, micrographs, training_sets]


def _materialize(
    context: dg.AssetExecutionContext, config: StageConfig, house: House
) -> Iterator[dg.MaterializeResult]:
    """Fill and publish every partition of the run, specimen by specimen."""
    stage = STAGES[context.asset_key.to_user_string()]
    own = config.overrides()
    # a bad value must fail before any work, also where upstream is still missing
    with_overrides(house.campaign, own)
    keys = list(context.partition_keys)
    for specimen_key, conditions in by_specimen(keys).items():
        for seen in effective_campaigns(house.campaign, stage, specimen_key, conditions, house.layout, own):
            paths = fill(
                stage,
                seen.campaign,
                specimen_key,
                tuple(seen.conditions),
                house.layout,
                count=getattr(config, "count", None),
                workers=config.worker_count(available_workers()),
                provenance=house.provenance(context.run.run_id, seen.overrides),
                log=context.log.info,
            )
            for condition, path in paths.items():
                shown: dict[str, Any] = report(
                    house.layout, stage.partition(seen.campaign.specimen(specimen_key), condition)
                )
                if len(keys) == 1:
                    yield dg.MaterializeResult(metadata=shown, data_version=data_version(store_info(path)))
                else:
                    context.add_asset_metadata(
                        shown, partition_key=f"{condition}|{specimen_key}" if condition else specimen_key
                    )
    if len(keys) > 1:
        yield dg.MaterializeResult()
