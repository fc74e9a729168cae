"""Exit waves for tests, and their images without noise."""

import numpy as np

from hrtem_assets.campaign import Optics
from hrtem_assets.imaging.effect import Exposure
from hrtem_assets.imaging.effects import acting
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.exposing import expose
from hrtem_assets.imaging.intensity import spectra_of
from hrtem_assets.imaging.microscope import Microscope

SAMPLING_A = 0.2
PERFECT = Optics(focal_spread_a=0.0)
USUAL = acting(Microscope())
NO_DRAWS = np.random.default_rng(0)


def random_waves(seed=0, phonons=2, shape=(48, 60), strength=0.1):
    """Waves of amplitude about 1 with power at all frequencies."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, phonons, *shape)) * strength
    return (1 + noise[0] + 1j * noise[1]).astype(np.complex64)


def band_limited(waves, cutoff_per_a):
    """The waves without spatial frequencies beyond a cut-off."""
    ky, kx = (np.fft.fftfreq(n, SAMPLING_A) for n in waves.shape[-2:])
    return np.fft.ifft2(np.fft.fft2(waves) * (np.hypot(ky[:, None], kx) < cutoff_per_a)).astype(np.complex64)


def weak_atom(n=64, sigma_v=0.01, width_a=0.6):
    """A weak phase object: a Gaussian potential in the middle."""
    x = (np.arange(n) - n // 2) * SAMPLING_A
    r2 = x[:, None] ** 2 + x[None] ** 2
    return np.exp(1j * sigma_v * np.exp(-r2 / (2 * width_a**2))).astype(np.complex64)[None]


def image(waves, defocus_a, optics=PERFECT):
    """Intensity at a defocus from the exit plane, through all effects on waves."""
    exposure = exposure_of(optics, defocus_a)
    effects = [effect for effect in acting(exposure.microscope) if effect.takes == "waves"]
    return expose(spectra_of(waves, exposure.backend), effects, exposure)[0]


def exposure_of(optics, defocus_a=0.0, **changes):
    """An exposure with these optics and an ideal detector."""
    return Exposure(Microscope(optics=optics), wavelength_a(300.0), SAMPLING_A, defocus_a, **changes)
