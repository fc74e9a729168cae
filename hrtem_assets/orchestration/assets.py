"""The data assets as Dagster knows them."""

import dagster as dg

from hrtem_assets.assets import ASSETS, Asset
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.assets.overrides import effective_campaigns
from hrtem_assets.campaign import Campaign, with_overrides
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.loading import compute_from_environment
from hrtem_assets.orchestration.again import done_again
from hrtem_assets.orchestration.configs import CONFIGS, AssetConfig
from hrtem_assets.orchestration.partitions import asset_partitions, by_specimen, partition_key
from hrtem_assets.orchestration.recipes import recipe_key, record_recipes
from hrtem_assets.orchestration.recording import forget_version, record, recorded_result
from hrtem_assets.orchestration.reports import data_version, report
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import store_info
from hrtem_assets.store.room import folders_of, room_in

# every asset uses all workers by itself, so one at a time
POOL = "compute"
IMAGES_PER_RUN = 16
GROUP = "hrtem"


def campaign_assets(campaign: Campaign) -> list[dg.AssetsDefinition]:
    """Each asset, partitioned by the campaign's specimens and, where it has them, conditions."""
    return [
        _definition(
            asset, CONFIGS[asset.name], asset_partitions(campaign, asset), column_schema(campaign, asset)
        )
        for asset in ASSETS.values()
    ]


def _definition(
    asset: Asset,
    config_type: type[AssetConfig],
    partitions: dg.PartitionsDefinition,
    columns: dg.TableSchema,
) -> dg.AssetsDefinition:
    @dg.asset(
        name=asset.name,
        description=asset.description,
        partitions_def=partitions,
        deps=[*asset.upstream, recipe_key(asset.name)],
        # all conditions of a specimen in one run: its waves are read once
        backfill_policy=dg.BackfillPolicy.multi_run(IMAGES_PER_RUN if asset.per_condition else 1),
        group_name=GROUP,
        pool=POOL,
        code_version=asset.code_version,
        metadata={"dagster/column_schema": columns},
    )
    def definition(
        context: dg.AssetExecutionContext,
        config: config_type,  # type: ignore[valid-type]
        workspace: dg.ResourceParam[Workspace],
    ) -> dg.MaterializeResult:
        with done_again(context), room_in(*folders_of(workspace.layout)):
            return _materialize(context, asset, config, workspace)

    return definition


def _materialize(
    context: dg.AssetExecutionContext, asset: Asset, config: AssetConfig, workspace: Workspace
) -> dg.MaterializeResult:
    """Fill and publish every partition of the run, specimen by specimen."""
    overrides = config.overrides()
    # a bad value must fail before any work, also where upstream is still missing
    with_overrides(workspace.campaign, overrides)
    keys = list(context.partition_keys)
    record_recipes(context.instance, workspace.campaign, asset.name, keys)
    forget_version(context, recipe_key(asset.name))
    for specimen_key, conditions in by_specimen(keys).items():
        for effective in effective_campaigns(
            workspace.campaign, asset, specimen_key, conditions, workspace.layout, overrides
        ):
            paths = fill(
                asset,
                effective.campaign,
                specimen_key,
                tuple(effective.conditions),
                workspace.layout,
                count=config.count,
                compute=compute_from_environment(config.workers),
                device=config.device,
                provenance=workspace.provenance(context.run.run_id, effective.overrides),
                log=context.log.info,
            )
            for condition, path in paths.items():
                partition = asset.partition(effective.campaign.specimen(specimen_key), condition)
                for words in remarks(store_info(path)):
                    context.log.warning(f"{partition}: {words}")
                record(
                    context,
                    partition_key(specimen_key, condition),
                    report(workspace.layout, partition),
                    data_version(store_info(path)),
                )
    return recorded_result()


def column_schema(campaign: Campaign, asset: Asset) -> dg.TableSchema:
    """What a store of an asset holds, as the UI lists columns: type, dimensions, unit and meaning of each variable.

    Args:
        campaign: it decides the sizes.
        asset: any.
    """
    condition = campaign.conditions[0].key if asset.per_condition else None
    schema = asset.schema(campaign, next(iter(campaign.specimens.values())), condition)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                variable.name,
                " ".join(
                    (
                        variable.dtype,
                        *(f"{dim} {size}" for dim, size in zip(variable.dims, variable.shape, strict=True)),
                    )
                ),
                description=f"{variable.long_name or variable.name} [{variable.units}]",
            )
            for variable in (*schema.arrays, *schema.records)
        ]
    )
