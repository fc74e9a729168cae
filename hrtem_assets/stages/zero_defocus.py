"""Zero defocus: the calibrated focus of least contrast of each structure; one row is a structure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Optics, Specimen
from hrtem_assets.device.choice import DeviceRequest, backend_for, describe
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.transfer import spectra
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.stages.base import Assignment, Made, Stage
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import read_structure
from hrtem_assets.store.schema import Schema, Variable

MOST_EVALUATIONS = 128


class ZeroDefocusStage(Stage):
    """Search the two published grids for the focus of least image variance of the vacuum waves."""

    name = "zero_defocus"
    description = "Calibrated focus of least contrast of the particles in vacuum. One row is a structure."
    code_version = "3"
    upstream = ("structures", "exit_waves")

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "optics": optics_settings(campaign.optics),
            "calibration": campaign.calibration.model_dump(mode="json"),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "ducc0", "numba", "llvmlite")

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        curve = (("evaluation",), (MOST_EVALUATIONS,))
        return Schema(
            arrays=(),
            records=(
                Variable(
                    "zero_defocus",
                    units="Å",
                    long_name="calibrated zero defocus from the exit plane, underfocus positive",
                ),
                Variable(
                    "particle_depth",
                    units="Å",
                    long_name="mean distance of particle atoms before the exit plane",
                ),
                Variable(
                    "curve_defocus", *curve, units="Å", long_name="defoci evaluated; NaN beyond the last"
                ),
                Variable("curve_variance", *curve, long_name="variance of the vacuum image at each"),
            ),
            coordinates={},
            structures_per_shard=1,
            title=f"Zero defocus of {specimen.key}: one row is a structure",
        )

    def make(self, work: Assignment) -> Made:
        campaign, index, sources = work.campaign, work.index, work.sources
        simulation = campaign.simulation
        depths = particle_depths_a(sources, index)
        found = find_zero_defocus(
            spectra(
                read_structure(sources["exit_waves"], "vacuum", index),
                simulation.output_sampling_a,
                simulation.beam_energy_kev,
                campaign.optics,
                backend_for(work.device),
            ),
            (float(depths.min()), float(depths.max())),
            campaign.calibration,
        )
        record = {
            "zero_defocus": found.zero_a,
            "particle_depth": float(depths.mean()),
            "curve_defocus": found.defocus_a,
            "curve_variance": found.variance,
        }
        return {None: ({}, record)}

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def particle_depths_a(sources: Mapping[str, Place], index: int) -> NDArray[np.float64]:
    """Distances of a structure's particle atoms before the exit plane, float64 (N,), Å."""
    structures = sources["structures"]
    count = int(read_structure(structures, "atom_count", index))
    particles = int(np.count_nonzero(read_structure(structures, "particle", index)[:count] != SUBSTRATE))
    z = read_structure(structures, "positions", index)[:particles, 2].astype(np.float64)
    # the exit plane lies above the particles or, where the beam meets them first, below the film
    return np.abs(float(read_structure(sources["exit_waves"], "exit_plane_z", index)) - z)


def optics_settings(optics: Optics) -> dict[str, Any]:
    """The optics that act on a wave; the jitter of the defocus is the images' own."""
    return optics.model_dump(mode="json", exclude={"defocus_jitter_nm"})
