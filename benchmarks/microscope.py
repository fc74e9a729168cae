"""What a micrograph costs with everything on, by a plain one: `python -m benchmarks.microscope`, alone on the machine.

Both are made of the same waves of the paper's size, 8 frozen phonons, 640 pixels, in turn; CPU seconds, medians.
"""

import time
from statistics import median

import numpy as np

from hrtem_assets.backend.processor import PROCESSOR_BACKEND
from hrtem_assets.imaging.draws import ImageDistribution
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.exposing import expose, stored_counts
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.microscope import Microscope

SIDE_PX, SAMPLING_A, PHONONS, ROUNDS = 640, 0.2, 8, 15
MOST_RATIO = 3.0
EVERYTHING = {
    "optics": {
        "focal_spread_a": {"uniform": [5, 20]},
        "convergence_mrad": {"uniform": [0.1, 0.3]},
        "aperture_mrad": {"uniform": [25, 30]},
        "aperture_edge_mrad": 1.0,
        "tilt_mrad": {"half_normal": 1},
        "aberrations": {
            **{f"c{nm}_nm": {"half_normal": 5} for nm in (12, 21, 23)},
            **{f"c{nm}_um": {"half_normal": 1} for nm in (32, 34, 41, 43, 45)},
            **{f"c{nm}_mm": {"half_normal": 1} for nm in (50, 52, 54, 56)},
            "c30_um": {"normal": [1200, 5]},
        },
    },
    "stage": {"vibration_a": {"uniform": [0.05, 0.4]}, "drift_a": {"half_normal": 0.5}},
    "detector": {"camera": "ccd", "dead_pixels_per_mpx": 50},
}


def seconds(images: ImageDistribution, waves: np.ndarray, seed: int) -> float:
    """CPU seconds of one micrograph, from spectra to stored counts."""
    spectra = spectra_of(waves, PROCESSOR_BACKEND)
    effects = acting(images.microscope)
    start = time.process_time()
    draw = images.draw(seed)
    exposure = Exposure(
        draw.microscope,
        wavelength_a(300.0),
        SAMPLING_A,
        10 * draw.defocus_nm,
        draw.dose_e_per_a2,
        seed,
        side_px=SIDE_PX,
    )
    stored_counts(expose(spectra, effects, exposure)[0], exposure)
    return time.process_time() - start


def main() -> None:
    """Print both, and their ratio."""
    rng = np.random.default_rng(0)
    phase = 0.2 * rng.standard_normal((PHONONS, SIDE_PX, SIDE_PX), np.float32)
    waves = np.exp(1j * phase).astype(np.complex64)
    plain = ImageDistribution(Microscope(), 10.0, 400.0)
    resampled = {**EVERYTHING, "frame": {"sampling_a": {"uniform": [0.19, SAMPLING_A]}, "size_px": SIDE_PX}}
    everything = ImageDistribution(Microscope.model_validate(resampled), 10.0, 400.0)
    times: dict[str, list[float]] = {"plain": [], "everything": []}
    for seed in range(ROUNDS + 1):
        for name, images in (("plain", plain), ("everything", everything)):
            times[name].append(seconds(images, waves, seed))
    # the first of each compiles and plans
    plain_s, all_s = (median(values[1:]) for values in times.values())
    verdict = "met" if all_s <= MOST_RATIO * plain_s else "MISSED"
    print(
        f"plain {1e3 * plain_s:.0f} ms, everything on {1e3 * all_s:.0f} ms of one core: {all_s / plain_s:.2f} x "
        f"(at most {MOST_RATIO:g}: {verdict})"
    )


if __name__ == "__main__":
    main()
