"""Fourier transforms of many rows at once, in explicit vector code: a room of its own, below everything.

A *block* holds LANES transforms side by side: one complex row for each of their points, LANES real parts followed by
LANES imaginary parts. So every step of every transform is plain vector arithmetic on whole rows, whatever the size.
A transform works in place on the rows of a block and leaves frequencies in the order of its `Plan`; nothing is
reordered, because what multiplies a spectrum can be put into that order once. See docs/fft.md.

Transforms: `plan`, `forward`, `inverse`, `filtered` (a product in between, in frequencies) and `multiplied` (a product
in between, in space), called from compiled code. Blocks: `to_block`, `from_block`, `aligned`, `aligned_zeros`, and
`gather_tile` and `scatter_tile` from the columns of an array to its rows. Kernels of one's own on blocks are written
with `intrinsic`, `kernel`, `loop`, `Memory`, `Vec`, `Complex` and `Carried`, and cached on disk with a `fingerprint`.

What is above imports these names from here alone. Nothing about microscopy belongs here.
"""

from hrtem_assets.fft.alignment import aligned, aligned_zeros, from_block, to_block
from hrtem_assets.fft.factorisation import Plan, plan
from hrtem_assets.fft.fingerprint import SOURCES, fingerprint
from hrtem_assets.fft.lanes import (
    LANES,
    ROW,
    Carried,
    Complex,
    Memory,
    Vec,
    at,
    broadcast,
    constant,
    intrinsic,
    kernel,
    loop,
)
from hrtem_assets.fft.transforms import filtered, forward, inverse, multiplied
from hrtem_assets.fft.transposition import gather_tile, scatter_tile

__all__ = [
    "LANES",
    "ROW",
    "SOURCES",
    "Carried",
    "Complex",
    "Memory",
    "Plan",
    "Vec",
    "aligned",
    "aligned_zeros",
    "at",
    "broadcast",
    "constant",
    "filtered",
    "fingerprint",
    "forward",
    "from_block",
    "gather_tile",
    "intrinsic",
    "inverse",
    "kernel",
    "loop",
    "multiplied",
    "plan",
    "scatter_tile",
    "to_block",
]
