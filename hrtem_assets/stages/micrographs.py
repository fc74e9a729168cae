"""Micrographs: electron counts under one imaging condition; one row is an image."""

from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.device.choice import DeviceRequest, backend_for, describe
from hrtem_assets.imaging.dose import electron_counts
from hrtem_assets.imaging.transfer import intensity, spectra
from hrtem_assets.stages.base import Assignment, Made, Stage
from hrtem_assets.stages.zero_defocus import optics_settings
from hrtem_assets.store.reading import read_structure
from hrtem_assets.store.schema import Schema, Variable, pixel_coordinates


class MicrographsStage(Stage):
    """Image each structure's waves at its own defocus about the nominal one, with shot noise."""

    name = "micrographs"
    description = "Electron counts at a defocus and a dose. One row is an image."
    code_version = "3"
    upstream = ("exit_waves", "zero_defocus")
    per_condition = True

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "optics": optics_settings(campaign.optics),
            "defocus_jitter_nm": campaign.optics.defocus_jitter_nm,
            "condition": campaign.condition(condition or "").model_dump(mode="json"),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "ducc0", "numba", "llvmlite")

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
                Variable("mean_counts", units="electrons", long_name="mean of the image"),
                Variable("most_counts", dtype="uint16", units="electrons", long_name="largest pixel"),
                Variable("seed", dtype="uint64", long_name="seed of defocus draw and shot noise"),
            ),
            coordinates=pixel_coordinates(n, campaign.simulation.output_sampling_a),
            structures_per_shard=16,
            title=f"Micrographs of {specimen.key} at {condition}: one row is an image",
        )

    def make(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        simulation, device = campaign.simulation, backend_for(work.device)
        waves = spectra(
            read_structure(sources["exit_waves"], "full", index),
            simulation.output_sampling_a,
            simulation.beam_energy_kev,
            campaign.optics,
            device,
        )
        zero_a = float(read_structure(sources["zero_defocus"], "zero_defocus", index))
        made = {}
        for key in work.conditions:
            condition = campaign.condition(key or "")
            seed = structure_seed(campaign, specimen.key, index, f"{self.name}/{key}")
            rng = np.random.default_rng(seed)
            defocus_nm = rng.normal(condition.defocus_nm, campaign.optics.defocus_jitter_nm)
            exit_plane_defocus_a = zero_a + 10 * defocus_nm
            image = intensity(waves, exit_plane_defocus_a)
            counts = electron_counts(
                image, condition.dose_e_per_a2, simulation.output_sampling_a, rng, device
            )
            record = {
                "defocus": defocus_nm,
                "exit_plane_defocus": exit_plane_defocus_a,
                "dose": condition.dose_e_per_a2,
                "mean_counts": float(counts.mean()),
                "most_counts": int(counts.max()),
                "seed": seed,
            }
            made[key] = ({"counts": counts}, record)
        return made

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))
