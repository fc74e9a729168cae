"""Zero defocus: the calibrated focus of least contrast of each structure; one row is a structure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import (
    Asset,
    Assignment,
    Column,
    Made,
    RunSetting,
    Source,
    Unmakeable,
)
from hrtem_assets.assets.remarks import unclear_foci
from hrtem_assets.backend.choice import DeviceRequest, backend_for, describe
from hrtem_assets.base.model import recipe_settings
from hrtem_assets.campaign import CALIBRATION_OPTICS, Aberrations, Campaign, Optics, Specimen
from hrtem_assets.figures import TILE_PX, PartitionPicture, variance_curve
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import CalibrationError, find_zero_defocus
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.store import CheckedStore, Recipe, Schema, StoreInfo, Variable

# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 316_000_000


class ZeroDefocusAsset(Asset):
    """Search the two published grids for the focus of least image variance of the vacuum waves.

    Without residual aberrations, whatever those of the images, unless `calibration.lens` is `own`: defocus then counts
    from the Gaussian focus of the particles. An image of least variance through astigmatism or spherical aberration may
    lie nowhere near them.
    """

    name = "zero_defocus"
    description = "Calibrated focus of least contrast of the particles in vacuum. One row is a structure."
    # 4: both grids in full, and without the images' aberrations
    code_version = "4"
    upstream = ("structures", "exit_waves")
    run_settings = (
        RunSetting("optics", "microscope overrides"),
        RunSetting("calibration", "search overrides"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        optics = campaign.calibration_optics
        decide = {*CALIBRATION_OPTICS, *(("aberrations",) if optics.aberrations != Aberrations() else ())}
        return {
            "optics": recipe_settings(optics, exclude=Optics.model_fields.keys() - decide),
            "calibration": recipe_settings(campaign.calibration),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "ducc0", "numba", "llvmlite")

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        curve = (("evaluation",), (campaign.most_evaluations(specimen),))
        return Schema(
            arrays=(),
            records=(
                Variable(
                    "zero_defocus",
                    units="Å",
                    long_name="calibrated zero defocus from the exit plane without residual aberrations, underfocus "
                    "positive",
                ),
                Variable(
                    "second_minimum",
                    units="Å",
                    long_name="next best minimum of the first grid; NaN if it has no other",
                ),
                Variable(
                    "minimum_ratio",
                    long_name="least variance at the second minimum by that at the first, on the first grid",
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

    def figures(self, column: Column) -> dict[str, float]:
        zero_a = column("zero_defocus")
        return {
            "mean_zero_defocus_a": float(zero_a.mean()),
            "mean_zero_minus_particle_depth_a": float((zero_a - column("particle_depth")).mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        tiles, captions = [], []
        for i in shown:
            zero = float(store.read("zero_defocus", i))
            defocus, variance = (store.read(f"curve_{name}", i) for name in ("defocus", "variance"))
            tried = ~np.isnan(defocus)
            tiles.append(variance_curve(defocus[tried], variance[tried], zero, width_px=TILE_PX))
            captions.append(f"structure {i}: zero {zero:.1f} Å before the exit plane")
        return PartitionPicture(tiles, captions)

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        zero_a = float(values["zero_defocus"])
        curve_a = values["curve_defocus"][np.isfinite(values["curve_defocus"])]
        if zero_a not in curve_a or not curve_a.min() < zero_a < curve_a.max():
            yield f"zero_defocus = {zero_a:g} Å is not inside the curve searched"
        if float(values["minimum_ratio"]) < 1:
            yield f"minimum_ratio = {float(values['minimum_ratio']):g} is below 1: the second minimum is the lower"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        yield from unclear_foci(
            info, column("minimum_ratio"), column("zero_defocus"), column("second_minimum")
        )

    def reads_vacuum_waves(self, campaign: Campaign) -> bool:
        return True

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        return imaging_bytes(campaign, most)

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        return 8_000

    def make_one(self, work: Assignment) -> Made:
        campaign, index, sources = work.campaign, work.index, work.sources
        simulation = campaign.simulation
        depths = particle_depths_a(sources, index)
        if not depths.size:
            return {None: Unmakeable("its particles have no atoms within the cell")}
        vacuum = FocalSeries.of(
            sources["exit_waves"].read("vacuum", index),
            simulation.output_sampling_a,
            wavelength_a(simulation.beam_energy_kev),
            campaign.calibration_optics,
            backend_for(work.device),
        )
        try:
            focus = find_zero_defocus(vacuum, (float(depths.min()), float(depths.max())), campaign.search)
        except CalibrationError as error:
            return {None: Unmakeable(str(error))}
        record = {
            "zero_defocus": focus.zero_a,
            "second_minimum": focus.second_minimum_a,
            "minimum_ratio": focus.minimum_ratio,
            "particle_depth": float(depths.mean()),
            "curve_defocus": focus.defocus_a,
            "curve_variance": focus.variance,
        }
        return {None: ({}, record)}

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def particle_depths_a(sources: Mapping[str, Source], index: int) -> NDArray[np.float64]:
    """Distances of a structure's particle atoms before the exit plane, float64 (N,), Å."""
    structures = sources["structures"]
    count = int(structures.read("atom_count", index))
    particles = int(np.count_nonzero(structures.read("particle", index)[:count] != SUBSTRATE))
    z = structures.read("positions", index)[:particles, 2].astype(np.float64)
    # the exit plane lies above the particles or, where the beam meets them first, below the substrate
    return np.abs(float(sources["exit_waves"].read("exit_plane_z", index)) - z)


def imaging_bytes(campaign: Campaign, most: Bounds) -> int:
    """Most memory that imaging the waves of one structure takes, libraries included; fitted to measured peaks.

    Args:
        campaign: grid and phonons.
        most: what structures hold at most.
    """
    pixels = campaign.simulation.output_grid**2
    phonons, points = campaign.simulation.frozen_phonons, 1
    microscopes = [campaign.microscope(c.key) for c in campaign.conditions]
    for optics in (microscope.optics for microscope in microscopes):
        if optics.spatial_coherence == "quadrature" and optics.convergence_mrad != 0:
            points = max(points, optics.source_points**2)
    # aberrations, filters and noise in double precision
    drawn = 0 if all(m == Microscope() for m in microscopes) else 160 * pixels
    # waves as read, their spectra, and these as the transforms want them
    waves = 26 * phonons * pixels + 16 * phonons * (points - 1) * pixels
    return _PROCESS_BYTES + waves + drawn + 60 * pixels + 60 * most.atoms
