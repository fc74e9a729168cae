"""Images filtered in Fourier space; the image is periodic."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.effect import Exposure

Frequencies = NDArray[np.float64]


def filtered(
    image: Any, sampling_a: float, exposure: Exposure, factor: Callable[[Frequencies, Frequencies], Any]
) -> Any:
    """An image whose spectrum is multiplied by a real, even factor, float32 (y, x).

    Args:
        image: real (y, x), of the exposure's array namespace.
        sampling_a: pixel, Å.
        exposure: names the array namespace.
        factor: gives it from the frequencies (ny, 1) and (1, nx // 2 + 1), 1/Å; 1 at zero frequency keeps the mean.
    """
    xp = exposure.backend.xp
    ky: Frequencies = np.fft.fftfreq(image.shape[0], sampling_a)[:, None].astype(np.float64)
    kx: Frequencies = np.fft.rfftfreq(image.shape[1], sampling_a)[None].astype(np.float64)
    spectrum = exposure.backend.rfft2(xp.ascontiguousarray(image, np.float32))
    spectrum *= xp.asarray(np.asarray(factor(ky, kx), np.float32))
    return exposure.backend.irfft2(spectrum, image.shape[1])
