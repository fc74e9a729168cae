"""A folder of npy and JSON files: what every language with NumPy's format reads without anything else."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import ExportFormat, FileKind


class NpyFolder(ExportFormat):
    """A folder per split: an array per plane and image, and a JSON file with its row and its particles."""

    name = "npy"
    asset = "training_sets"
    library = "NumPy"
    files = (
        FileKind(
            "*/*.npy",
            "application/octet-stream",
            "`train/000017.counts.npy`, `train/000017.mask.npy` ...: the image and each label as stored, (y, x)",
        ),
        FileKind(
            "*/*.json", "application/json", "the image's row of the table, and what is known of its particles"
        ),
    )
    example = (
        "import json, pathlib\n\nimport numpy as np\n\n"
        'for path in sorted(pathlib.Path("train").glob("*.json")):\n'
        "    row = json.loads(path.read_text())\n"
        '    counts, mask = (np.load(path.with_suffix(f".{name}.npy")) for name in ("counts", "mask"))\n'
        "    image = (counts - counts.mean()) / counts.std()\n"
    )

    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        for source, row in data.rows():
            name, place = data.label(source, row), folder / source.split(row)
            place.mkdir(exist_ok=True)
            for plane in source.planes:
                np.save(place / f"{name}.{plane.name}.npy", source.read(plane.name, row))
            text = json.dumps(source.known(row), sort_keys=True, allow_nan=False)
            (place / f"{name}.json").write_text(text, "utf-8")
            done()
