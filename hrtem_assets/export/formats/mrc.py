"""MRC stacks, the format of electron cryo-microscopy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.export.formats.content import FileKind, PartitionFormat
from hrtem_assets.export.formats.source import Source

# the format's modes, by what they hold
_MODES = {
    np.dtype(t): mode for t, mode in ((np.int16, 1), (np.float32, 2), (np.complex64, 4), (np.uint16, 6))
}


class Mrc(PartitionFormat):
    """Counts and every label as a stack of images with the pixel in its header."""

    name = "mrc"
    asset = "training_sets"
    library = "mrcfile"
    files = (
        FileKind(
            "*.mrcs",
            "application/octet-stream",
            "stacks of one section per image: `counts.mrcs`, `mask.mrcs` ...; `particle_bits` is left out, for which "
            "the format has no mode",
        ),
    )
    example = (
        "import mrcfile\n\n"
        'with mrcfile.mmap("counts.mrcs") as stack:\n'
        "    stack.data[0]  # (y, x)\n"
        "    stack.voxel_size.x  # Å\n"
    )

    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        import mrcfile

        sampling_a = source.sampling_a
        for plane in source.planes:
            if (dtype := _stored(plane.dtype)) is None:
                continue
            shape = source.shape(plane.name)
            with mrcfile.new_mmap(folder / f"{plane.name}.mrcs", shape, _MODES[dtype]) as stack:
                for row in range(len(source)):
                    stack.data[row] = source.read(plane.name, row).astype(dtype)
                    if plane.name == "counts":
                        done()
                stack.set_image_stack()
                stack.voxel_size = float(sampling_a or 0.0)
                # the time of writing would differ from one to the next
                stack.header.label[0] = f"{plane.name} of {source.info.recipe.specimen}".encode()[:80]
                if dtype.kind != "c":
                    _state_statistics(stack)


def _state_statistics(stack: Any) -> None:
    """Write what the header says of all values, image by image: mrcfile would hold all in double precision."""
    images, header = stack.data, stack.header
    mean = np.mean([image.mean(dtype=np.float64) for image in images])
    header.dmin, header.dmax = min(map(np.min, images)), max(map(np.max, images))
    header.dmean = mean
    header.rms = np.sqrt(np.mean([((image - mean) ** 2).mean() for image in images]))


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The type of a mode that holds all values of a plane."""
    if dtype in _MODES:
        return dtype
    if dtype.kind in "bu" and dtype.itemsize == 1:
        return np.dtype(np.uint16)
    return np.dtype(np.float32) if dtype.itemsize <= 4 else None
