"""COCO: pictures, and the particles in them as annotations that detectors and instance segmentation train on."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hrtem_assets.export.formats.content import ExportFormat, FileKind
from hrtem_assets.export.formats.folder import ExportError
from hrtem_assets.export.formats.source import Source
from hrtem_assets.figures import grey_levels

INSTANCES, CLASSES = "instances", "classes"


class Coco(ExportFormat):
    """A PNG per image, and a JSON file per split with one annotation per particle: box, area and run lengths."""

    name = "coco"
    asset = "training_sets"
    library = "pycocotools"
    files = (
        FileKind(
            "annotations/*.json",
            "application/json",
            "`train.json`, `validation.json` ...: images, categories, and an annotation per particle with bounding "
            "box, area, run-length mask, and what is known of the particle",
        ),
        FileKind(
            "images/*.png",
            "image/png",
            "the images in 8 bits, from the 0.5th to the 99.5th percentile of their counts, which `counts_low` and "
            "`counts_high` in the annotations tell",
        ),
    )
    example = (
        "from pycocotools.coco import COCO\n\n"
        'coco = COCO("annotations/train.json")\n'
        "image = coco.loadImgs(coco.getImgIds()[0])[0]  # its file_name is under images/\n"
        'particles = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))\n'
        "masks = [coco.annToMask(particle) for particle in particles]\n"
    )

    def write(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        names = [plane.name for plane in source.planes]
        if INSTANCES not in names:
            raise ExportError(
                f"a {self.name} export needs the label {INSTANCES}; add it to labels.planes in the campaign, and "
                f"classes for categories, and make labels and training sets again"
            )
        (folder / "images").mkdir()
        (folder / "annotations").mkdir()
        categories = _categories(source, CLASSES in names)
        for split in source.splits():
            rows = [row for row in range(len(source)) if source.row(row)["split"] == split]
            images, annotations = [], list[dict[str, Any]]()
            for row in rows:
                image = _image(source, row, folder / "images")
                images.append(image)
                annotations += _annotations(source, row, categories, len(annotations))
                done()
            content = {
                "info": {"description": f"{source.info.recipe.specimen} at {source.info.recipe.condition}"},
                "licenses": [{"id": 1, "name": str(source.info.attributes["license"])}],
                "images": images,
                "annotations": annotations,
                "categories": [
                    {"id": number, "name": name, "supercategory": "particle"}
                    for number, name in categories.items()
                ],
            }
            path = folder / "annotations" / f"{split}.json"
            path.write_text(json.dumps(content, allow_nan=False), "utf-8")


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of runs of 0 and 1 in turn, the first of 0, column by column, as COCO counts them.

    Args:
        mask: (y, x).
    """
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    lengths = np.diff(edges).tolist()
    return [0, *lengths] if flat[0] else lengths


def _categories(source: Source, has_classes: bool) -> dict[int, str]:
    """Names of the classes of particles by their numbers, which begin with 1."""
    if not has_classes:
        return {1: str(source.info.attributes["specimen"]["lattice_name"])}
    attributes = source.checked.array(CLASSES).attrs.asdict()
    values: Any = attributes["flag_values"]
    meanings = dict(zip(values, str(attributes["flag_meanings"]).split(), strict=True))
    return {number: name for number, name in meanings.items() if name not in ("vacuum", "substrate")}


def _image(source: Source, row: int, folder: Path) -> dict[str, Any]:
    counts, values = source.read("counts", row), source.row(row)
    name = f"{source.label(row)}.png"
    low, high = np.percentile(counts, (0.5, 99.5))
    Image.fromarray(grey_levels(counts)).save(folder / name, "PNG")
    height, width = counts.shape
    return {
        "id": row,
        "file_name": name,
        "width": width,
        "height": height,
        "license": 1,
        "counts_low": float(low),
        "counts_high": float(high),
        **{key: value for key, value in values.items() if not _is_long(value)},
        # beyond the range of other languages' numbers
        **{key: str(value) for key, value in values.items() if _is_long(value)},
    }


def _annotations(
    source: Source, row: int, categories: dict[int, str], first: int
) -> Iterator[dict[str, Any]]:
    instances = source.read(INSTANCES, row)
    classes = source.read(CLASSES, row) if len(categories) > 1 else None
    known = source.particle_values(row)
    for number in np.unique(instances[instances > 0]).tolist():
        mask = instances == number
        y, x = np.nonzero(mask)
        first += 1
        yield {
            "id": first,
            "image_id": row,
            "category_id": next(iter(categories)) if classes is None else int(classes[y[0], x[0]]),
            "bbox": [int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1],
            "area": len(x),
            "segmentation": {"size": list(mask.shape), "counts": run_lengths(mask)},
            "iscrowd": 0,
            "particle": number,
            **(known[number - 1] if number <= len(known) else {}),
        }


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not -(2**53) < value < 2**53
