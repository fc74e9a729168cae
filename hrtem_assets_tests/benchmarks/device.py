"""Case A on a CUDA device: exit waves alone, waves to counts and labels without leaving it, and whole structures."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hrtem_assets.compute.settings import LocalCompute
from hrtem_assets.compute.workers import available_workers
from hrtem_assets.device.backend import Backend
from hrtem_assets.device.choice import DeviceRequest, backend_for
from hrtem_assets.imaging.dose import electron_counts
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.labels import phase_label
from hrtem_assets.imaging.transfer import intensity, spectra
from hrtem_assets.stages import STAGES
from hrtem_assets.stages.labels import mask_cutoff
from hrtem_assets.waves.cuda.engine import CudaEngine
from hrtem_assets.waves.engine import ExitWaves
from hrtem_assets.waves.fused.engine import FusedEngine
from hrtem_assets_tests.benchmarks.case_a import CONDITIONS, SPECIMEN, Case, campaign_a, case_a
from hrtem_assets_tests.benchmarks.whole import MADE, make


def measure_device(
    phonons: int, repeats: int, structures: int, backend: Backend | None = None
) -> dict[str, Any]:
    """Structures per second on a device, and how far its waves are from the processor's.

    Args:
        phonons: frozen-phonon configurations.
        repeats: runs, the fastest of which counts; another one before them pays compilation, plans and tables.
        structures: made by the stages, with a worker for every core.
        backend: the device; the CUDA device of this machine by default.

    Raises:
        DeviceError: if there is none.
    """
    device = backend or backend_for(DeviceRequest("cuda"))
    assert device is not None
    engine, case, one = CudaEngine(device), case_a(phonons), case_a(1)
    at_once = engine.structures_at_once(case.simulation)
    figures: dict[str, Any] = {"device": device.name, "phonons": phonons, "at_once": at_once}
    for mode in ("exact", "fast"):
        simulation = case.simulation.model_copy(update={"fused_mode": mode})

        def waves(simulation: Any = simulation) -> list[ExitWaves]:
            made = engine.exit_waves_of([case.atoms] * at_once, simulation)
            # returns when the last of them has been computed
            device.to_host(made[-1].vacuum[0, 0])
            return made

        figures[f"{mode}_waves_per_s"] = at_once / _least(waves, repeats)
        here, there = (e.exit_waves(one.atoms, simulation) for e in (FusedEngine(), engine))
        figures[f"{mode}_relative_difference"] = max(
            float(
                np.linalg.norm(getattr(there, name) - getattr(here, name))
                / np.linalg.norm(getattr(here, name))
            )
            for name in ("full", "vacuum")
        )
    figures["chain_per_s"] = 1 / _least(lambda: _chain(case, engine, device), repeats)
    return figures | (_whole(phonons, structures) if backend is None else {})


def _least(action: Callable[[], Any], repeats: int) -> float:
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def _chain(case: Case, engine: CudaEngine, device: Backend) -> None:
    """Displaced atoms to zero defocus, eleven micrographs and labels; only counts and labels leave the device."""
    campaign = campaign_a(len(case.atoms.positions_a))
    specimen, simulation = campaign.specimen(SPECIMEN), case.simulation
    (waves,) = engine.exit_waves_of([case.atoms], simulation)
    optics = (simulation.output_sampling_a, simulation.beam_energy_kev, campaign.optics, device)
    z = case.atoms.positions_a[:, : case.atoms.particle_atoms, 2]
    depths_a = (case.atoms.cell_a[2] - float(z.max()), case.atoms.cell_a[2] - float(z.min()))
    zero = find_zero_defocus(spectra(waves.vacuum, *optics), depths_a, campaign.calibration)
    full, rng = spectra(waves.full, *optics), np.random.default_rng(0)
    for key in CONDITIONS:
        condition = campaign.condition(key)
        image = intensity(full, zero.zero_a + 10 * condition.defocus_nm)
        electron_counts(image, condition.dose_e_per_a2, simulation.output_sampling_a, rng, device)
    blur_a, cutoff = specimen.lattice.label_blur_a, mask_cutoff(campaign, specimen)
    threshold_rad = campaign.labels.phase_threshold_rad
    phase_label(waves.vacuum, simulation.output_sampling_a, threshold_rad, blur_a, cutoff, device)


def _whole(phonons: int, structures: int) -> dict[str, Any]:
    """Structures to micrographs and labels on disk, stage by stage; starting the workers included."""
    campaign, workers = campaign_a(phonons), available_workers()
    seconds = {}
    with TemporaryDirectory() as folder:
        for name in MADE:
            start = time.perf_counter()
            make(
                STAGES[name], campaign, Path(folder), structures, LocalCompute(workers=workers), device="cuda"
            )
            seconds[name] = time.perf_counter() - start
    return {
        "workers": workers,
        "structures": structures,
        "whole_seconds": seconds,
        "whole_per_s": structures / sum(seconds.values()),
    }
