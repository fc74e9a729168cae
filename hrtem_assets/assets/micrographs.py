"""Micrographs: electron counts under one imaging condition; one row is an image."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, Unmakeable, sampling_a
from hrtem_assets.assets.remarks import unclear_foci
from hrtem_assets.assets.zero_defocus import imaging_bytes, optics_settings
from hrtem_assets.backend.choice import DeviceRequest, backend_for, describe
from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.figures import TILE_PX, PartitionPicture, micrograph_image
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import effects_of
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, Recipe, Schema, StoreInfo, Variable, pixel_coordinates
from hrtem_assets.waves.electrons import wavelength_a

_STRUCTURES_PER_SHARD = 16
_MOST_LOST_COUNTS = 0.05
# a wrong draw, not a rare one
_MOST_SIGMAS = 8.0


class MicrographsAsset(Asset):
    """Image each structure's waves at its own defocus about the nominal one, through the campaign's effects."""

    name = "micrographs"
    description = "Electron counts at a defocus and a dose. One row is an image."
    # 4: numpy's own Poisson numbers, and ducc0's transforms
    code_version = "4"
    upstream = ("exit_waves", "zero_defocus")
    per_condition = True
    run_settings = (RunSetting("optics", "microscope overrides"),)
    card_rows = (
        ("optics.focal_spread_a", "focal spread [Å]"),
        ("optics.focal_spread_convention", "focal spread is given as"),
        ("optics.aberrations.c30_um", "spherical aberration [µm]"),
        ("defocus_jitter_nm", "standard deviation of the defocus [nm]"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "optics": optics_settings(campaign.optics),
            "defocus_jitter_nm": campaign.optics.defocus_jitter_nm,
            "condition": campaign.condition(condition or "").model_dump(mode="json"),
            "imaging": [effect.model_dump(mode="json") for effect in campaign.imaging],
            "imaging_code": {effect.name: effect.code_version for effect in campaign.imaging},
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return tuple(sorted({"numpy", "ducc0", *(p for e in campaign.imaging for p in e.packages)}))

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        n = campaign.simulation.output_grid
        return Schema(
            arrays=(Variable("counts", ("y", "x"), (n, n), "uint16", "electrons", "electrons per pixel"),),
            records=(
                Variable(
                    "defocus", units="nm", long_name="true defocus from zero defocus, underfocus positive"
                ),
                Variable("exit_plane_defocus", units="Å", long_name="true defocus from the exit plane"),
                Variable("dose", units="e/Å²", long_name="effective dose"),
                *effect_records(campaign),
                Variable("mean_counts", units="electrons", long_name="mean of the image"),
                Variable("most_counts", dtype="uint16", units="electrons", long_name="largest pixel"),
                Variable(
                    "minimum_ratio",
                    long_name="least variance at a second minimum of the focus search by that at zero defocus",
                ),
                Variable("seed", dtype="uint64", long_name="seed of the image's draws"),
            ),
            coordinates=pixel_coordinates(n, campaign.simulation.output_sampling_a),
            structures_per_shard=_STRUCTURES_PER_SHARD,
            title=f"Micrographs of {specimen.key} at {condition}: one row is an image",
        )

    def figures(self, column: Column) -> dict[str, float]:
        return {
            "mean_defocus_nm": float(column("defocus").mean()),
            "mean_counts": float(column("mean_counts").mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        return PartitionPicture(
            [micrograph_image(store.read("counts", i), sampling_a(store), size_px=TILE_PX) for i in shown],
            [f"structure {i}: {float(store.read('defocus', i)):+.1f} nm" for i in shown],
        )

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        counts, condition = values["counts"], recipe.settings["condition"]
        mean, least, most = float(counts.mean()), 1 - _MOST_LOST_COUNTS, 1 + _MOST_LOST_COUNTS
        exposure = Exposure.of_recipe(recipe.settings, sampling_a)
        for effect in effects_of(recipe.settings):
            least, most = effect.mean_bounds(least, most, exposure)
        noise = _MOST_SIGMAS * math.sqrt(most / counts.size)
        if not least - noise <= mean <= most + noise:
            yield f"mean counts = {mean:.4g} are not between {least:.4g} and {most:.4g}"
        if mean != float(values["mean_counts"]) or int(counts.max()) != int(values["most_counts"]):
            yield "mean_counts or most_counts are not the image's"
        off_nm = abs(float(values["defocus"]) - condition["defocus_nm"])
        if not off_nm <= _MOST_SIGMAS * recipe.settings["defocus_jitter_nm"]:
            yield f"defocus is {off_nm:.3g} nm from the nominal {condition['defocus_nm']:g} nm"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        yield from unclear_foci(info, column("minimum_ratio"))

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        # a shard of images under every condition, and one of them again as it is written
        images = 2 * (conditions + 2) * _STRUCTURES_PER_SHARD * campaign.simulation.output_grid**2
        return imaging_bytes(campaign, most) + images

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        return 70 * campaign.simulation.output_grid**2 // 100

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        simulation, backend = campaign.simulation, backend_for(work.device) or PROCESSOR_BACKEND
        spectra = spectra_of(sources["exit_waves"].read("full", index), backend)
        zero_a, minimum_ratio = (
            float(sources["zero_defocus"].read(name, index)) for name in ("zero_defocus", "minimum_ratio")
        )
        made: dict[str | None, Any] = {}
        for key in work.conditions:
            condition = campaign.condition(key or "")
            seed = structure_seed(campaign, specimen.key, index, f"{self.name}/{key}")
            defocus_nm = np.random.default_rng(seed).normal(
                condition.defocus_nm, campaign.optics.defocus_jitter_nm
            )
            exit_plane_defocus_a = zero_a + 10 * defocus_nm
            exposure = Exposure(
                campaign.optics,
                wavelength_a(simulation.beam_energy_kev),
                simulation.output_sampling_a,
                exit_plane_defocus_a,
                condition.dose_e_per_a2,
                seed,
                backend,
            )
            image, values = expose(spectra, campaign.imaging, exposure)
            try:
                counts = stored_counts(image, exposure)
            except OverflowError as error:
                made[key] = Unmakeable(str(error))
                continue
            record = {
                "defocus": defocus_nm,
                "exit_plane_defocus": exit_plane_defocus_a,
                "dose": condition.dose_e_per_a2,
                "mean_counts": float(counts.mean()),
                "most_counts": int(counts.max()),
                "minimum_ratio": minimum_ratio,
                "seed": seed,
                **values,
            }
            made[key] = ({"counts": counts}, record)
        return made

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def effect_records(campaign: Campaign) -> tuple[Variable, ...]:
    """What a campaign's imaging effects record of every image."""
    return tuple(
        Variable(name, units=unit, long_name=text)
        for effect in campaign.imaging
        for name, (unit, text) in effect.records.items()
    )
