"""Random seeds: any structure can be made again alone, in any order, on any worker."""

import hashlib

import numpy as np

from hrtem_assets.campaign.campaign import Campaign


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def structure_seed(campaign: Campaign, specimen_key: str, index: int, asset: str) -> int:
    """The 64-bit seed of one structure's random numbers in one asset.

    Names enter by their hash, so adding a lattice, a size or a condition changes no other seed.

    Args:
        campaign: supplies the campaign seed.
        specimen_key: such as `CdSe-medium`.
        index: structure index within the specimen, from 0.
        asset: `structures`, `exit_waves`, or a condition-dependent one such as `micrographs/df-10nm_400e`, and
            `micrographs/df-10nm_400e/2` for draw 2 of a structure with several images.

    Returns:
        seed for `numpy.random.default_rng`, as a Python int below 2**64.
    """
    sequence = np.random.SeedSequence(
        entropy=campaign.seed, spawn_key=(_number(specimen_key), index, _number(asset))
    )
    return int(sequence.generate_state(1, np.uint64)[0])
