"""Pixel and size of the images, as a campaign sets them."""

import math
from dataclasses import dataclass
from typing import Any

from hrtem_assets.base.model import quantity
from hrtem_assets.imaging.distributions import Distribution, Drawable, Drawn, drawn

LEAST_SIDE_PX = 16


@dataclass(frozen=True)
class ImageGrid:
    """The pixels of images, in the middle of the simulated cell.

    Attributes:
        side_px: pixels along a side, after binning.
        sampling_a: pixel after binning, Å; None where it is drawn for every image.
        cell_a: side of the cell, Å.
    """

    side_px: int
    sampling_a: float | None
    cell_a: float

    def start_a(self, sampling_a: float) -> float:
        """Where the first pixel begins, Å from the cell's edge, for a pixel of some size after binning."""
        return (self.cell_a - self.side_px * sampling_a) / 2


class Frame(Drawable):
    """The part of the simulated cell that the detector sees, and how finely; its pixels are those before binning."""

    sampling_a: Drawn | None = drawn(
        None, "Å", "pixel of the detector; that of the stored waves by default", ge=0.01, le=2.0
    )
    size_px: int | None = quantity(
        None,
        "pixels",
        "side of the square image, before binning; as many pixels as fit into the cell by default",
        ge=LEAST_SIDE_PX,
        le=65536,
    )

    def side_px(self, cell_a: float, stored_a: float, binning: int) -> int:
        """Pixels along a side of the detector, before binning.

        Args:
            cell_a: side of the simulated cell, Å.
            stored_a: pixel of the stored waves, Å.
            binning: pixels that are added along a side.
        """
        if self.size_px is not None:
            return self.size_px
        # rounding must not cost a pixel where a cell is a whole number of them
        most = math.floor(cell_a / self._largest_a(stored_a) * (1 + 1e-9))
        return most - most % binning

    def image_grid(self, cell_a: float, stored_a: float, binning: int) -> ImageGrid:
        """The pixels of the images; arguments as for `side_px`."""
        sampling: Any = stored_a if self.sampling_a is None else self.sampling_a
        pixel_a = None if isinstance(sampling, Distribution) else sampling * binning
        return ImageGrid(self.side_px(cell_a, stored_a, binning) // binning, pixel_a, cell_a)

    def check(self, cell_a: float, stored_a: float, binning: int) -> None:
        """Refuse what does not fit into the cell; arguments as for `side_px`.

        Raises:
            ValueError: names the setting and the repair.
        """
        side_px, largest_a = self.side_px(cell_a, stored_a, binning), self._largest_a(stored_a)
        if side_px * largest_a > cell_a * (1 + 1e-9):
            most = math.floor(cell_a / largest_a * (1 + 1e-9))
            raise ValueError(
                f"size_px = {side_px} of up to {largest_a:g} Å are {side_px * largest_a:.6g} Å, more than "
                f"simulation.cell_a = {cell_a:g}; use at most {most - most % binning} pixels, or a larger cell"
            )
        if side_px % binning or side_px // binning < LEAST_SIDE_PX:
            raise ValueError(
                f"{side_px} pixels with detector.binning = {binning} must be a multiple of it and give "
                f"{LEAST_SIDE_PX} at least; change size_px or the binning"
            )

    def _largest_a(self, stored_a: float) -> float:
        sampling: Any = stored_a if self.sampling_a is None else self.sampling_a
        return float(sampling.support[1] if isinstance(sampling, Distribution) else sampling)
