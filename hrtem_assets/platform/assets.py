"""The data assets, one per stage."""

import dagster as dg

from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.compute.fill import fill
from hrtem_assets.compute.loading import compute_from_environment
from hrtem_assets.compute.overrides import effective_campaigns
from hrtem_assets.platform.again import done_again
from hrtem_assets.platform.automation import missing_at_night
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
from hrtem_assets.platform.partitions import asset_partitions, by_specimen, partition_key
from hrtem_assets.platform.recipes import recipe_key, record_recipes
from hrtem_assets.platform.recording import forget_version, record, recorded_result
from hrtem_assets.platform.reports import data_version, report
from hrtem_assets.stages import STAGES, Stage
from hrtem_assets.store.reading import store_info
from hrtem_assets.store.room import room_in

# every stage uses all workers by itself, so one at a time
POOL = "compute"
IMAGES_PER_RUN = 16
GROUP = "hrtem"


CONFIGS: dict[str, type[StageConfig]] = {
    "structures": StructuresConfig,
    "exit_waves": ExitWavesConfig,
    "zero_defocus": ZeroDefocusConfig,
    "labels": LabelsConfig,
    "micrographs": MicrographsConfig,
    "training_sets": TrainingSetsConfig,
}


def campaign_assets(campaign: Campaign) -> list[dg.AssetsDefinition]:
    """One asset per stage, partitioned by the campaign's specimens and, where it has them, conditions."""
    condition = missing_at_night(campaign)
    return [
        _stage_asset(stage, CONFIGS[stage.name], asset_partitions(campaign, stage), condition)
        for stage in STAGES.values()
    ]


def _stage_asset(
    stage: Stage,
    config_type: type[StageConfig],
    partitions: dg.PartitionsDefinition,
    condition: dg.AutomationCondition,
) -> dg.AssetsDefinition:
    @dg.asset(
        name=stage.name,
        description=stage.description,
        partitions_def=partitions,
        deps=[*stage.upstream, recipe_key(stage.name)],
        # all conditions of a specimen in one run: its waves are read once
        backfill_policy=dg.BackfillPolicy.multi_run(IMAGES_PER_RUN if stage.per_condition else 1),
        group_name=GROUP,
        pool=POOL,
        automation_condition=condition,
        code_version=stage.code_version,
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: config_type,  # type: ignore[valid-type]
        house: dg.ResourceParam[House],
    ) -> dg.MaterializeResult:
        with done_again(context), room_in(house.layout.root):
            return _materialize(context, stage, config, house)

    return asset


def _materialize(
    context: dg.AssetExecutionContext, stage: Stage, config: StageConfig, house: House
) -> dg.MaterializeResult:
    """Fill and publish every partition of the run, specimen by specimen."""
    own = config.overrides()
    # a bad value must fail before any work, also where upstream is still missing
    with_overrides(house.campaign, own)
    keys = list(context.partition_keys)
    record_recipes(context.instance, house.campaign, stage.name, keys)
    forget_version(context, recipe_key(stage.name))
    for specimen_key, conditions in by_specimen(keys).items():
        for seen in effective_campaigns(house.campaign, stage, specimen_key, conditions, house.layout, own):
            paths = fill(
                stage,
                seen.campaign,
                specimen_key,
                tuple(seen.conditions),
                house.layout,
                count=getattr(config, "count", None),
                compute=compute_from_environment(config.workers),
                device=config.device,
                provenance=house.provenance(context.run.run_id, seen.overrides),
                log=context.log.info,
            )
            for condition, path in paths.items():
                partition = stage.partition(seen.campaign.specimen(specimen_key), condition)
                record(
                    context,
                    partition_key(specimen_key, condition),
                    report(house.layout, partition),
                    data_version(store_info(path)),
                )
    return recorded_result()
