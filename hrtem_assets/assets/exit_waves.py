"""Exit waves: multislice of the whole structure and of its particles in vacuum; one row is a structure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, sampling_a
from hrtem_assets.assets.structures import read_stored_structure
from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.choice import DeviceRequest, backend_for, describe
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.engines import idle_settings
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.figures import TILE_PX, PartitionPicture, phase_image
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, Coordinate, Recipe, Schema, Variable, pixel_coordinates
from hrtem_assets.waves.exit_waves import simulate_together
from hrtem_assets.waves.precision import round_mantissa
from hrtem_assets.waves.registry import ENGINES, engine, runs_on_devices

# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 406_000_000
_COMPLEX_BYTES = 8
_LEAST_INTENSITY = 0.9


class ExitWavesAsset(Asset):
    """Simulate frozen phonons and keep the waves on the output grid at the exit plane."""

    name = "exit_waves"
    description = (
        "Multislice exit waves of whole structures and of their particles in vacuum. One row is a structure."
    )
    upstream = ("structures",)
    run_settings = (RunSetting("simulation", "engine and simulation overrides", without=("cell_a",)),)
    cost_grows_with = "height"
    card_rows = (
        ("simulation.engine", "multislice engine"),
        ("simulation.parametrization", "scattering potential"),
        ("simulation.beam_energy_kev", "beam energy [keV]"),
        ("simulation.sampling_a", "sampling of the simulation [Å]"),
        ("simulation.slice_thickness_a", "slice thickness [Å]"),
        ("simulation.frozen_phonons", "frozen phonons"),
        ("simulation.thermal_profile", "thermal displacements"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        simulation = campaign.simulation_of(specimen)
        return {
            "simulation": simulation.model_dump(mode="json", exclude=idle_settings(simulation.engine)),
            "rms_displacements_a": campaign.rms_displacements_a(specimen),
            # the recipe keeps the word of earlier versions: with another every store of waves would be stale
            "film_rms_displacement_a": campaign.substrate_rms_displacement_a,
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
                Variable(
                    "full", dims, shape, "complex64", "1", "exit wave of particles and substrate", chunk
                ),
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

    def figures(self, column: Column) -> dict[str, float]:
        return {f"mean_{name}": float(column(name).mean()) for name in ("full_intensity", "vacuum_intensity")}

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        tiles, captions = [], []
        pruned = store.info.pruned
        shows = {"full": "particles and substrate", "vacuum": "particles in vacuum"}
        for i in shown[:2]:
            for name, text in ((n, t) for n, t in shows.items() if n not in pruned):
                wave = store.read(name, i).mean(axis=0)
                tiles.append(phase_image(wave, sampling_a(store), size_px=TILE_PX))
                captions.append(f"structure {i}: phase, {text}")
        return PartitionPicture(tiles, captions)

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        # rounding to few mantissa bits can shift all amplitudes alike
        most = 1.0001 + 2.0 ** -recipe.settings["simulation"]["wave_mantissa_bits"]
        # the vacuum wave may have been pruned
        for name in sorted({"full", "vacuum"} & values.keys()):
            intensity = mean_intensity(values[name])
            if not _LEAST_INTENSITY < intensity <= most:
                yield f"mean intensity of {name} = {intensity:.6g} is not between {_LEAST_INTENSITY} and {most:.6g}"
            if not math.isclose(intensity, float(values[f"{name}_intensity"]), rel_tol=1e-9):
                yield f"{name}_intensity is not the mean intensity of {name}"

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        simulation = campaign.simulation_of(specimen)
        phonons, pixels = simulation.frozen_phonons, simulation.output_grid**2
        # displaced atoms with their random numbers, and those of one configuration in slices
        atoms = most.atoms * (48 * phonons + 110)
        # full and vacuum waves, as computed and as stored
        waves = 4 * phonons * pixels * _COMPLEX_BYTES
        calculation = ENGINES[simulation.engine]().memory_bytes(simulation, most.height_a)
        return _PROCESS_BYTES + atoms + waves + calculation

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        simulation = campaign.simulation
        waves = 2 * simulation.frozen_phonons * simulation.output_grid**2 * _COMPLEX_BYTES
        # of every 32 bits the mantissa's stay
        return waves * simulation.wave_mantissa_bits // 32

    def make(self, works: Sequence[Assignment]) -> list[Made]:
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
