"""One image: the effects of a campaign, one after the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.effect import Exposure, ImagingEffect
from hrtem_assets.imaging.intensity import intensity

MOST_COUNTS = np.iinfo(np.uint16).max


def expose(
    spectra: Any, effects: Sequence[ImagingEffect], exposure: Exposure
) -> tuple[Any, dict[str, float]]:
    """The image behind some effects, and what these record.

    Args:
        spectra: complex64 (phonon, ky, kx) of the exit waves, in FFT order, where the exposure's arrays are.
        effects: in the order in which they act.
        exposure: the image.

    Returns:
        (y, x), intensity or counts, where the exposure's arrays are; values by name.
    """
    image, record = spectra, dict[str, float]()
    for effect in effects:
        if effect.takes != "waves":
            image = _as_image(image, exposure)
        image, values = effect.apply(image, exposure, exposure.generator(effect.name))
        record |= values
    return _as_image(image, exposure), record


def _as_image(image: Any, exposure: Exposure) -> Any:
    """Intensity of waves; anything else as it is."""
    return intensity(image, exposure.backend) if image.dtype.kind == "c" else image


def stored_counts(image: Any, exposure: Exposure) -> NDArray[np.uint16]:
    """Counts as they are stored, uint16 (y, x), on the host.

    Args:
        image: electrons per pixel (y, x), where the exposure's arrays are.
        exposure: the image.

    Raises:
        OverflowError: if a pixel holds more counts than 16 bits can.
    """
    counts = np.rint(exposure.backend.to_host(image))
    most = int(counts.max(initial=0))
    if most > MOST_COUNTS:
        raise OverflowError(
            f"dose_e_per_a2 = {exposure.dose_e_per_a2} gives {most} electrons in one pixel; counts are kept in 16 bits "
            f"(at most {MOST_COUNTS}): lower the dose or the pixel size"
        )
    return counts.astype(np.uint16)
