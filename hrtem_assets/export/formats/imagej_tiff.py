"""TIFF stacks that ImageJ opens calibrated in nm, as virtual stacks too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign.settings import REQUIRED_PLANES
from hrtem_assets.export.formats.content import FileKind, PartitionFormat
from hrtem_assets.export.formats.source import Plane, Source

# of integers, which are stored in single precision beyond 16 bits
MOST_BYTES = 4


class ImagejTiff(PartitionFormat):
    """Counts and every label as uncompressed stacks with a caption per slice."""

    name = "tiff"
    asset = "training_sets"
    library = "ImageJ"
    files = (
        FileKind(
            "*.tif",
            "image/tiff",
            "stacks of one slice per image: `counts.tif` electrons per pixel, 16 bit; `mask.tif` 0 or 255; "
            "`soft_label.tif` 0 to 255 for 0 to 1; further labels as `label_NAME.tif`, as stored, "
            "exit waves as real and imaginary part; `particle_bits` is left out, for which ImageJ has no type",
        ),
    )
    example = (
        "import tifffile\n\n"
        'counts = tifffile.memmap("counts.tif", mode="r")  # (image, y, x)\n'
        "# in ImageJ: File > Open, or File > Import > TIFF Virtual Stack\n"
    )

    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        rows = [source.row(index) for index in range(len(source))]
        labels = [
            f"structure {r['structure']}, "
            + (f"draw {r['draw']}, " if source.is_several else "")
            + f"{r['split']}, {r['defocus_nm']:+.2f} nm"
            for r in rows
        ]
        for plane in source.planes:
            further = "" if plane.name in ("counts", *REQUIRED_PLANES) else "label_"
            for part, convert in _conversions(plane, done).items():
                path = folder / f"{further}{plane.name}{part}.tif"
                self._stack(path, source, plane, labels, convert)

    def _stack(
        self,
        path: Path,
        source: Source,
        plane: Plane,
        labels: list[str],
        convert: Callable[[NDArray[Any]], NDArray[Any]],
    ) -> None:
        import tifffile

        sampling_a = source.sampling_a
        per_nm = 1.0 if sampling_a is None else 10 / float(sampling_a)
        images: Iterator[NDArray[Any]] = map(convert, source.each(plane.name))
        tifffile.imwrite(
            path,
            images,
            shape=source.shape(plane.name),
            dtype=_shown_dtype(plane),
            imagej=True,
            resolution=(per_nm, per_nm),
            metadata={"axes": "ZYX", "unit": "pixel" if sampling_a is None else "nm", "Labels": labels},
        )


def _conversions(plane: Plane, done: Callable[[], None]) -> dict[str, Callable[[NDArray[Any]], NDArray[Any]]]:
    """What makes stacks of a plane, by what follows its name; none for integers that the format cannot hold."""
    match plane.dtype.kind:
        case "b":
            return {"": _times_255}
        case "c":
            return {"_real": np.real, "_imag": np.imag}
        case "u" if plane.dtype.itemsize > MOST_BYTES:
            return {}
        case _:
            return {"": _counted(done) if plane.name == "counts" else _as_is}


def _counted(done: Callable[[], None]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def passed(image: NDArray[Any]) -> NDArray[Any]:
        done()
        return image

    return passed


def _shown_dtype(plane: Plane) -> np.dtype[Any]:
    """The type that ImageJ reads: 8 or 16 bits, or else single precision."""
    known = (np.dtype(np.uint8), np.dtype(np.uint16))
    return plane.shown_dtype if plane.shown_dtype in known else np.dtype(np.float32)


def _times_255(mask: NDArray[Any]) -> NDArray[Any]:
    return mask * np.uint8(255)


def _as_is(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype in (np.uint8, np.uint16) else values.astype(np.float32)
