"""All particles that a pixel shows, one above the other."""

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign
from hrtem_assets.labels.plane import LabelPlane, LabelSource

MOST_PARTICLES = 64


class ParticleBits(LabelPlane):
    """A bit for each particle, so that the whole mask of one that lies below another is kept."""

    name = "particle_bits"
    definition = "bit k is set where particle k + 1 lies in the mask, whatever lies above it"
    dtype = "uint64"

    def refusal(self, campaign: Campaign) -> str | None:
        if (most := campaign.placement.count_max) <= MOST_PARTICLES:
            return None
        return (
            f"placement.count_max = {most} particles have no bit each in {self.name}: lower it to {MOST_PARTICLES}, or "
            f"leave {self.name} out of labels.planes"
        )

    def make(self, source: LabelSource) -> NDArray[np.uint64]:
        mask = source.phase_label.mask
        bits = np.zeros(mask.shape, np.uint64)
        for k, shape in enumerate(source.silhouettes):
            bits[source.instances == k + 1] |= np.uint64(1 << k)
            bits[shape.box] |= np.where(shape.covered & mask[shape.box], np.uint64(1 << k), np.uint64(0))
        return bits


def particle_masks(bits: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """The mask of each particle, overlaps included, bool (particle, y, x), up to the last that has a pixel.

    Args:
        bits: the plane `particle_bits`, (y, x).
    """
    together = int(np.bitwise_or.reduce(bits, axis=None)) if bits.size else 0
    masks = [(bits >> np.uint64(k)) & np.uint64(1) for k in range(together.bit_length())]
    return np.array(masks, bool).reshape(-1, *bits.shape)
