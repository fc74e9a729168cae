"""Fourier resampling of waves onto a coarser grid."""

import numpy as np
from numpy.typing import NDArray


def fourier_crop(waves: NDArray[np.complex64], shape: tuple[int, int]) -> NDArray[np.complex64]:
    """Resample periodic waves onto a coarser grid by cutting their spectrum; amplitudes are kept.

    At the Nyquist frequency of an even new grid +k and -k are the same frequency; both contributions are
    added, so that the result is the low-passed wave sampled at the new points, whichever way it is mirrored.

    Args:
        waves: complex64 (..., y, x).
        shape: new (y, x), not larger than the old.

    Returns:
        complex64 (..., *shape); a wave of 1 stays 1.

    Raises:
        ValueError: if the new grid is finer than the old along an axis.
    """
    import ducc0

    old = waves.shape[-2:]
    if shape[0] > old[0] or shape[1] > old[1]:
        raise ValueError(f"shape = {shape} is finer than the grid of the waves, {old}; pass at most {old}")
    if shape == old:
        return waves.copy()
    spectrum = waves
    for axis, size in zip((-1, -2), shape[::-1], strict=True):
        # inorm=2 divides by the old number of points
        spectrum = crop_spectrum(ducc0.fft.c2c(spectrum, axes=(axis % waves.ndim,), inorm=2), axis, size)
    axes = (waves.ndim - 2, waves.ndim - 1)
    return ducc0.fft.c2c(spectrum, axes=axes, forward=False, out=spectrum)


def crop_spectrum(spectrum: NDArray[np.complex64], axis: int, size: int) -> NDArray[np.complex64]:
    """Keep the `size` lowest frequencies of a spectrum along one axis, adding both ends at the Nyquist one.

    Args:
        spectrum: complex array in the order of `numpy.fft.fftfreq` along `axis`.
        axis: axis to cut.
        size: frequencies to keep.

    Returns:
        contiguous array with `size` entries along `axis`, in the order of `numpy.fft.fftfreq(size)`.
    """
    old = spectrum.shape[axis]
    if size == old:
        return np.ascontiguousarray(spectrum)
    half = (size - 1) // 2  # highest frequency below Nyquist
    moved = np.moveaxis(spectrum, axis, 0)
    kept = [moved[: half + 1], moved[old - half :]]
    if size % 2 == 0:
        kept.insert(1, (moved[size // 2] + moved[old - size // 2])[None])
    return np.ascontiguousarray(np.moveaxis(np.concatenate(kept), 0, axis))
