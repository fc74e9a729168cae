"""WebDataset shards: tar files of samples that training reads in a stream; the same bytes every time."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import ExportFormat, FileKind
from hrtem_assets.export.formats.pictures import fits_png, png
from hrtem_assets.export.formats.source import Source

IMAGES_PER_SHARD = 64


class WebdatasetShards(ExportFormat):
    """Shards of up to 64 images, each with its labels and its row of the table; a shard is of one split."""

    name = "webdataset"
    asset = "training_sets"
    library = "WebDataset"
    files = (
        FileKind(
            "*.tar",
            "application/x-tar",
            f"shards `train-000000.tar`, `validation-000000.tar` ... of up to {IMAGES_PER_SHARD} samples: "
            "`counts.npy` (uint16), `mask.png` (0 or 255), `soft_label.png` (0 to 255), further labels, `json`",
        ),
    )
    example = (
        "import glob, webdataset\n\n"
        'shards = sorted(glob.glob("train-*.tar"))\n'
        "images = webdataset.WebDataset(shards, shardshuffle=len(shards)).shuffle(256)\n"
        'for counts, mask, row in images.decode("l8").to_tuple("counts.npy", "mask.png", "json"):\n'
        '    image = (counts - row["mean_electrons"]) / row["std_electrons"]\n'
    )

    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        for split in data.splits:
            members = list(data.rows(split))
            for shard, first in enumerate(range(0, len(members), IMAGES_PER_SHARD)):
                with tarfile.open(
                    folder / f"{split}-{shard:06d}.tar", "w", format=tarfile.USTAR_FORMAT
                ) as tar:
                    for source, row in members[first : first + IMAGES_PER_SHARD]:
                        # a sample's key ends at its first dot
                        key = f"{source.key.replace('.', 'p')}_{source.label(row)}"
                        for ending, content in _sample(source, row).items():
                            _add(tar, f"{key}.{ending}", content)
                        done()


def _sample(source: Source, index: int) -> dict[str, bytes]:
    sample = {
        "counts.npy": _npy(source.read("counts", index)),
        "json": json.dumps(source.known(index), sort_keys=True, allow_nan=False).encode(),
    }
    for plane in source.planes:
        if plane.name != "counts":
            values = source.read(plane.name, index)
            if fits_png(plane.dtype):
                sample[f"{plane.name}.png"] = png(values)
            else:
                sample[f"{plane.name}.npy"] = _npy(values)
    return sample


def _npy(values: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file without time, owner or anything else that changes from one writing to the next."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
