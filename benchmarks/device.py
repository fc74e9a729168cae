"""Case A on a CUDA device: exit waves alone, waves to counts and labels without leaving it, and whole structures."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.case_a import CONDITIONS, SPECIMEN, Case, campaign_a, case_a
from benchmarks.whole import MADE, make
from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.labels import mask_cutoff
from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.choice import DeviceRequest, backend_for
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.execution.workers import available_workers
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import find_zero_defocus
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.labels.phase_label import phase_label
from hrtem_assets.waves.cuda.engine import CudaEngine
from hrtem_assets.waves.engine import ExitWaves
from hrtem_assets.waves.engines.fused import FusedEngine


def measure_device(
    phonons: int, repeats: int, structures: int, backend: Backend | None = None
) -> dict[str, Any]:
    """Structures per second on a device, and how far its waves are from the processor's.

    Args:
        phonons: frozen-phonon configurations.
        repeats: runs, the fastest of which counts; another one before them pays compilation, plans and tables.
        structures: made by the assets, with a worker for every core.
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
    sampling_a, wavelength = simulation.output_sampling_a, wavelength_a(simulation.beam_energy_kev)
    z = case.atoms.positions_a[:, : case.atoms.particle_atoms, 2]
    depths_a = (case.atoms.cell_a[2] - float(z.max()), case.atoms.cell_a[2] - float(z.min()))
    series = FocalSeries.of(waves.vacuum, sampling_a, wavelength, campaign.optics, device)
    zero = find_zero_defocus(series, depths_a, campaign.calibration)
    spectra = spectra_of(waves.full, device)
    for key in CONDITIONS:
        condition = campaign.condition(key)
        defocus_a, dose_e_per_a2 = zero.zero_a + 10 * condition.defocus_nm, condition.dose_e_per_a2
        exposure = Exposure(
            Microscope(optics=campaign.optics),
            wavelength,
            sampling_a,
            defocus_a,
            dose_e_per_a2,
            backend=device,
        )
        stored_counts(expose(spectra, acting(exposure.microscope), exposure)[0], exposure)
    blur_a, cutoff = specimen.lattice.label_blur_a, mask_cutoff(campaign, specimen)[0]
    threshold_rad = campaign.labels.phase_threshold_rad
    phase_label(waves.vacuum, sampling_a, threshold_rad, blur_a, cutoff, device)


def _whole(phonons: int, structures: int) -> dict[str, Any]:
    """Structures to micrographs and labels on disk, asset by asset; starting the workers included."""
    campaign, workers = campaign_a(phonons), available_workers()
    seconds = {}
    with TemporaryDirectory() as folder:
        for name in MADE:
            start = time.perf_counter()
            make(
                ASSETS[name], campaign, Path(folder), structures, LocalCompute(workers=workers), device="cuda"
            )
            seconds[name] = time.perf_counter() - start
    return {
        "workers": workers,
        "structures": structures,
        "whole_seconds": seconds,
        "whole_per_s": structures / sum(seconds.values()),
    }
