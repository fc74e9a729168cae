"""Lossless pictures of what is stored."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_AS_PNG = (np.dtype(np.uint8), np.dtype(np.uint16))


def fits_png(dtype: np.dtype[Any]) -> bool:
    """Whether a PNG holds all values of a type; truth values as 0 and 255."""
    return dtype.kind == "b" or dtype in _AS_PNG


def png(values: NDArray[Any]) -> bytes:
    """A grey PNG of values of such a type, (y, x)."""
    buffer = io.BytesIO()
    Image.fromarray(values * np.uint8(255) if values.dtype.kind == "b" else values).save(buffer, "PNG")
    return buffer.getvalue()
