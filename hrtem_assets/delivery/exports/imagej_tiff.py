"""TIFF stacks that ImageJ opens calibrated in nm, as virtual stacks too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.delivery.exports.content import ExportFormat, FileKind
from hrtem_assets.delivery.exports.source import Source


class ImagejTiff(ExportFormat):
    """Counts, masks and soft labels as three uncompressed stacks with a label per slice."""

    name = "tiff"
    asset = "training_sets"
    library = "ImageJ"
    files = (
        FileKind("counts.tif", "image/tiff", "electrons per pixel, 16 bit, one slice per image"),
        FileKind("mask.tif", "image/tiff", "masks, 0 or 255"),
        FileKind("soft_label.tif", "image/tiff", "soft labels, 0 to 255 for 0 to 1"),
    )
    example = (
        "import tifffile\n\n"
        'counts = tifffile.memmap("counts.tif", mode="r")  # (image, y, x)\n'
        "# in ImageJ: File > Open, or File > Import > TIFF Virtual Stack\n"
    )

    def write(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        rows = [source.row(index) for index in range(len(source))]
        labels = [f"structure {r['structure']}, {r['split']}, {r['defocus_nm']:+.2f} nm" for r in rows]
        self._stack(folder / "counts.tif", source, "counts", np.uint16, labels, _counted(done))
        self._stack(folder / "mask.tif", source, "mask", np.uint8, labels, lambda mask: mask * np.uint8(255))
        self._stack(folder / "soft_label.tif", source, "soft_label", np.uint8, labels, lambda soft: soft)

    def _stack(
        self,
        path: Path,
        source: Source,
        variable: str,
        dtype: type,
        labels: list[str],
        convert: Callable[[NDArray[Any]], NDArray[Any]],
    ) -> None:
        import tifffile

        per_nm = 10 / float(source.info.attributes["sampling_a"])
        images: Iterator[NDArray[Any]] = map(convert, source.each(variable))
        tifffile.imwrite(
            path,
            images,
            shape=source.shape(variable),
            dtype=dtype,
            imagej=True,
            resolution=(per_nm, per_nm),
            metadata={"axes": "ZYX", "unit": "nm", "Labels": labels},
        )


def _counted(done: Callable[[], None]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def passed(image: NDArray[Any]) -> NDArray[Any]:
        done()
        return image

    return passed
