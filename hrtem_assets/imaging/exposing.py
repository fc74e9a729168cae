"""One image: the effects of a campaign, one after the other."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.imaging.detector import MOST_OF_OUTPUT, Detector
from hrtem_assets.imaging.effect import Exposure, ImagingEffect
from hrtem_assets.imaging.intensity import intensity


def expose(
    spectra: Any, effects: Sequence[ImagingEffect], exposure: Exposure
) -> tuple[Any, dict[str, float]]:
    """The image behind some effects, and what these record.

    Args:
        spectra: complex64 (phonon, ky, kx) of the exit waves, in FFT order, where the exposure's arrays are; or what
            earlier effects have made of them.
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


def before_detector(effects: Sequence[ImagingEffect], exposure: Exposure) -> list[ImagingEffect]:
    """The effects of lens and stage: all in front of the first that blurs in the detector or counts electrons.

    Args:
        effects: in the order in which they act.
        exposure: the image.
    """
    return list(
        itertools.takewhile(lambda e: not e.of_detector and e.gives(exposure.microscope) != "counts", effects)
    )


def clean_intensity(image: Any, exposure: Exposure) -> NDArray[np.float32]:
    """The intensity in front of a detector on the pixels that it stores, float32 (y, x), on the host.

    Args:
        image: what `expose` gives of the effects `before_detector`.
        exposure: the image.
    """
    values, b = exposure.backend.to_host(image), exposure.detector.binning
    ny, nx = values.shape
    return np.asarray(values.reshape(ny // b, b, nx // b, b).mean(axis=(1, 3)), np.float32)


def _as_image(image: Any, exposure: Exposure) -> Any:
    """Intensity of waves; anything else as it is."""
    return intensity(image, exposure.backend) if image.dtype.kind == "c" else image


def stored_counts(image: Any, exposure: Exposure) -> NDArray[Any]:
    """An image as it is stored, of the detector's output type (y, x), on the host.

    Args:
        image: electrons or counts per pixel (y, x), where the exposure's arrays are.
        exposure: the image.

    Raises:
        OverflowError: if a pixel holds more than the type can.
    """
    output, values = exposure.detector.output, exposure.backend.to_host(image)
    if output == "float32":
        return values.astype(np.float32)
    counts = np.rint(values)
    most, limit = int(counts.max(initial=0)), int(MOST_OF_OUTPUT[output])
    if most > limit:
        ideal = exposure.detector == Detector()
        kept = f"counts are kept in {np.dtype(output).itemsize * 8} bits (at most {limit})"
        gain = "" if ideal else f" with detector.gain = {exposure.detector.gain:g}"
        repair = "" if ideal else "set detector.saturation or a wider detector.output, or "
        raise OverflowError(
            f"dose_e_per_a2 = {exposure.dose_e_per_a2}{gain} gives {most} {'electrons' if ideal else 'counts'} in one "
            f"pixel; {kept}: {repair}lower the dose or the {'pixel size' if ideal else 'gain'}"
        )
    return np.maximum(counts, 0).astype(output)
