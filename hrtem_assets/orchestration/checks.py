"""Asset checks: the engines held against each other for every specimen, and what must be known of what was made."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import numpy as np
from PIL import Image

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.figures import contact_sheet, phase_image, preview_markdown, thumbnail_markdown
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.maintenance.words import verdict_lines
from hrtem_assets.orchestration.assets import POOL
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import Layout, PartitionId, find_store
from hrtem_assets.waves.cross_check import REFERENCE_ENGINE, CrossCheck, cross_check
from hrtem_assets.waves.registry import ENGINES

TILE_PX = 320
# phase differences are a few mrad
MAGNIFIED = 100


def campaign_checks(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """The checks of a campaign's assets, with their partitions.

    Args:
        assets: all of them.
    """
    by_name = {definition.key.to_user_string(): definition for definition in assets}
    # a run of images makes many partitions, which a check cannot tell apart; what they inherit is checked here
    plain = [name for name, asset in ASSETS.items() if not asset.per_condition]
    return [
        _engines_agree(by_name["exit_waves"]),
        *(check(by_name[name]) for name in plain for check in (_intact, _nothing_to_remark)),
    ]


def _nothing_to_remark(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    def judge(layout: Layout, partition: PartitionId) -> dg.AssetCheckResult:
        said = remarks(find_store(layout, partition))
        return dg.AssetCheckResult(
            passed=not said, severity=dg.AssetCheckSeverity.WARN, metadata={"remarks": _listed(said)}
        )

    return _check(
        asset,
        "nothing_to_remark",
        "Every structure could be made with all its particles, no zero defocus has a second minimum "
        "almost as good, and masks cover their particles.",
        judge,
    )


def _intact(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    def judge(layout: Layout, partition: PartitionId) -> dg.AssetCheckResult:
        verdict = verify_partition(layout, partition)
        return dg.AssetCheckResult(
            passed=verdict.intact, metadata={"verdict": _listed(list(verdict_lines(verdict)))}
        )

    return _check(
        asset,
        "intact",
        "Every value is the one that was written, within what physics allows, and made from what lies "
        "upstream now: what `hrtem verify` finds.",
        judge,
    )


def _check(
    asset: dg.AssetsDefinition,
    name: str,
    description: str,
    judge: Callable[[Layout, PartitionId], dg.AssetCheckResult],
) -> dg.AssetChecksDefinition:
    """A check of one partition of an asset, by its store."""

    @dg.asset_check(
        asset=asset, name=name, partitions_def=asset.partitions_def, pool=POOL, description=description
    )
    def check(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.AssetCheckResult:
        return judge(workspace.layout, PartitionId(asset.key.to_user_string(), context.partition_key))

    return check


def _listed(lines: Sequence[str]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in lines) or "none")


def _engines_agree(exit_waves: dg.AssetsDefinition) -> dg.AssetChecksDefinition:

    @dg.asset_check(
        asset=exit_waves,
        partitions_def=exit_waves.partitions_def,
        pool=POOL,
        description="All installed engines compute the same displaced particle of the specimen's lattice: "
        "fused must repeat abTEM's numbers, and Prismatic, which shares no code with them, agree as documented.",
    )
    def engines_agree(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.AssetCheckResult:
        comparison = cross_check(workspace.campaign, workspace.campaign.specimen(context.partition_key))
        for name, words in comparison.broken.items():
            context.log.error(f"{name} disagrees with {REFERENCE_ENGINE}: {'; '.join(words)}")
        for name, reason in comparison.absent.items():
            context.log.info(f"{name} was not compared: {reason}")
        return dg.AssetCheckResult(passed=not comparison.broken, metadata=_metadata(comparison))

    return engines_agree


def _metadata(comparison: CrossCheck) -> dict[str, Any]:
    picture = difference_picture(comparison)
    shown: dict[str, Any] = {
        "thumbnail": dg.MetadataValue.md(thumbnail_markdown(picture, "engines")),
        "preview": dg.MetadataValue.md(preview_markdown(picture, "engines", width_px=512)),
        "compared": f"{', '.join(comparison.agreements)} with {REFERENCE_ENGINE}, {comparison.atoms} atoms",
        "not_compared": "; ".join(f"{name}: {why}" for name, why in comparison.absent.items()) or "none",
        "broken": "; ".join(f"{name}: {', '.join(words)}" for name, words in comparison.broken.items())
        or "none",
    }
    for name, agreement in comparison.agreements.items():
        bounds = ENGINES[name].bounds
        shown |= {
            f"{name}_correlation": agreement.correlation,
            f"{name}_rms_phase_rad": agreement.rms_phase_rad,
            f"{name}_slope": agreement.slope,
            f"{name}_relative_difference": agreement.relative_difference,
            f"{name}_bounds": f"correlation >= {bounds.least_correlation}, rms phase <= "
            f"{bounds.most_rms_phase_rad} rad, slope 1 +- {bounds.most_slope_error}, relative difference <= "
            f"{bounds.most_relative_difference}",
        }
    return shown


def difference_picture(comparison: CrossCheck) -> Image.Image:
    """The phase of the reference wave, and for each other engine the difference of its phase, magnified.

    Args:
        comparison: waves and agreements of a cross-check.
    """
    reference = comparison.waves[REFERENCE_ENGINE]
    tiles = [phase_image(reference, comparison.sampling_a, size_px=TILE_PX)]
    captions = [f"phase by {REFERENCE_ENGINE}"]
    for name, agreement in comparison.agreements.items():
        difference = np.angle(comparison.waves[name] * reference.conj())
        # wave of that phase, for the key to show it in rad
        tiles.append(phase_image(np.exp(1j * MAGNIFIED * difference), comparison.sampling_a, size_px=TILE_PX))
        captions.append(f"{MAGNIFIED} x ({name} - {REFERENCE_ENGINE}), rms {agreement.rms_phase_rad:.1e} rad")
    return contact_sheet(tiles, captions, columns=len(tiles))
