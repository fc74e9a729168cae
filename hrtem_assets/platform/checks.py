"""Asset checks: the engines held against each other, for every specimen."""

from typing import Any

import dagster as dg
import numpy as np
from PIL import Image

from hrtem_assets.pictures import contact_sheet, phase_image, preview_markdown, thumbnail_markdown
from hrtem_assets.platform.assets import POOL
from hrtem_assets.platform.house import House
from hrtem_assets.waves.cross_check import BOUNDS, REFERENCE_ENGINE, CrossCheck, cross_check

TILE_PX = 320
# phase differences are a few mrad
MAGNIFIED = 100


def campaign_checks(exit_waves: dg.AssetsDefinition) -> list[dg.AssetChecksDefinition]:
    """The checks of a campaign's assets.

    Args:
        exit_waves: the asset whose engines are checked; the check has its partitions.
    """

    @dg.asset_check(
        asset=exit_waves,
        partitions_def=exit_waves.partitions_def,
        pool=POOL,
        description="All installed engines compute the same displaced particle of the specimen's lattice: "
        "fused must repeat abTEM's numbers, and Prismatic, which shares no code with them, agree as documented.",
    )
    def engines_agree(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> dg.AssetCheckResult:
        found = cross_check(house.campaign, house.campaign.specimen(context.partition_key))
        for name, words in found.broken.items():
            context.log.error(f"{name} disagrees with {REFERENCE_ENGINE}: {'; '.join(words)}")
        for name, reason in found.absent.items():
            context.log.info(f"{name} was not compared: {reason}")
        return dg.AssetCheckResult(passed=not found.broken, metadata=_metadata(found))

    return [engines_agree]


def _metadata(found: CrossCheck) -> dict[str, Any]:
    picture = difference_picture(found)
    shown: dict[str, Any] = {
        "thumbnail": dg.MetadataValue.md(thumbnail_markdown(picture, "engines")),
        "preview": dg.MetadataValue.md(preview_markdown(picture, "engines", width_px=512)),
        "compared": f"{', '.join(found.agreements)} with {REFERENCE_ENGINE}, {found.atoms} atoms",
        "not_compared": "; ".join(f"{name}: {why}" for name, why in found.absent.items()) or "none",
        "broken": "; ".join(f"{name}: {', '.join(words)}" for name, words in found.broken.items()) or "none",
    }
    for name, agreement in found.agreements.items():
        bounds = BOUNDS[name]
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


def difference_picture(found: CrossCheck) -> Image.Image:
    """The phase of the reference wave, and for each other engine the difference of its phase, magnified.

    Args:
        found: waves and agreements of a cross-check.
    """
    reference = found.waves[REFERENCE_ENGINE]
    tiles = [phase_image(reference, found.sampling_a, size_px=TILE_PX)]
    captions = [f"phase by {REFERENCE_ENGINE}"]
    for name, agreement in found.agreements.items():
        difference = np.angle(found.waves[name] * reference.conj())
        # wave of that phase, for the key to show it in rad
        tiles.append(phase_image(np.exp(1j * MAGNIFIED * difference), found.sampling_a, size_px=TILE_PX))
        captions.append(f"{MAGNIFIED} x ({name} - {REFERENCE_ENGINE}), rms {agreement.rms_phase_rad:.1e} rad")
    return contact_sheet(tiles, captions, columns=len(tiles))
