"""Exit waves: multislice of the whole structure and of its particles in vacuum; one row is a structure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.device.backend import Backend
from hrtem_assets.device.choice import DeviceRequest, backend_for, describe
from hrtem_assets.stages.base import Assignment, Made, Stage
from hrtem_assets.stages.structures import read_stored_structure
from hrtem_assets.store.schema import Coordinate, Schema, Variable, pixel_coordinates
from hrtem_assets.waves.exit_waves import simulate_together
from hrtem_assets.waves.precision import round_mantissa
from hrtem_assets.waves.registry import engine, runs_on_devices

# settings that decide nothing in other engines, and so do not belong in their recipes
_ACTS_IN = {"fused_mode": ("fused",), "prismatic": ("prismatic",), "projection": ("abtem", "fused")}


class ExitWavesStage(Stage):
    """Simulate frozen phonons and keep the waves on the output grid at the exit plane."""

    name = "exit_waves"
    description = (
        "Multislice exit waves of whole structures and of their particles in vacuum. One row is a structure."
    )
    upstream = ("structures",)

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        simulation = campaign.simulation_of(specimen)
        idle = {name for name, engines in _ACTS_IN.items() if simulation.engine not in engines}
        return {
            "simulation": simulation.model_dump(mode="json", exclude=idle),
            "rms_displacements_a": campaign.rms_displacements_a(specimen),
            "film_rms_displacement_a": campaign.film_rms_displacement_a,
            "engine_versions": engine(simulation.engine).versions(),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "ducc0")

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        simulation = campaign.simulation
        n, phonons = simulation.output_grid, simulation.frozen_phonons
        dims, shape, chunk = ("phonon", "y", "x"), (phonons, n, n), (1, n, n)
        return Schema(
            arrays=(
                Variable("full", dims, shape, "complex64", "1", "exit wave of particles and film", chunk),
                Variable("vacuum", dims, shape, "complex64", "1", "exit wave of the particles alone", chunk),
            ),
            records=(
                Variable("exit_plane_z", units="Å", long_name="z of the exit plane in the structure's frame"),
                Variable("full_intensity", long_name="mean intensity of the full wave; 1 without losses"),
                Variable("vacuum_intensity", long_name="mean intensity of the vacuum wave"),
                Variable("seed", dtype="uint64", long_name="seed of the thermal displacements"),
            ),
            coordinates={
                **pixel_coordinates(n, simulation.output_sampling_a),
                "phonon": Coordinate(np.arange(phonons), long_name="frozen-phonon configuration"),
            },
            structures_per_shard=1,
            title=f"Exit waves of {specimen.key} by {campaign.simulation_of(specimen).engine}: one row is a structure",
        )

    def make(self, work: Assignment) -> Made:
        return self.make_together([work])[0]

    def make_together(self, works: Sequence[Assignment]) -> list[Made]:
        campaign, specimen, sources = works[0].campaign, works[0].specimen, works[0].sources
        indices = [work.index for work in works]
        structures = [
            read_stored_structure(sources["structures"], i, campaign.simulation.cell_a) for i in indices
        ]
        device = self._device(campaign, specimen, works[0].device)
        made: list[Made] = []
        simulated = simulate_together(campaign, specimen, structures, indices, device)
        for index, (waves, exit_plane_z_a) in zip(indices, simulated, strict=True):
            arrays = {}
            for name in ("full", "vacuum"):
                values = getattr(waves, name)
                on_host = values if device is None else device.to_host(values)
                arrays[name] = round_mantissa(on_host, campaign.simulation.wave_mantissa_bits)
            record = {
                "exit_plane_z": exit_plane_z_a,
                "full_intensity": mean_intensity(arrays["full"]),
                "vacuum_intensity": mean_intensity(arrays["vacuum"]),
                "seed": structure_seed(campaign, specimen.key, index, "exit_waves"),
            }
            made.append({None: (arrays, record)})
        return made

    def structures_at_once(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> int:
        simulation = campaign.simulation_of(specimen)
        backend = self._device(campaign, specimen, device)
        return engine(simulation.engine, backend).structures_at_once(simulation)

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(self._device(campaign, specimen, device))

    def _device(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> Backend | None:
        # an engine that stays on the processor must not keep a device busy
        return backend_for(device) if runs_on_devices(campaign.simulation_of(specimen).engine) else None


def mean_intensity(waves: NDArray[np.complex64]) -> float:
    """Mean of |psi|^2 over all pixels and phonons, in double precision."""
    parts = waves.view(np.float32)
    return float(np.einsum("...i,...i->...", parts, parts, dtype=np.float64).sum() / waves.size)
