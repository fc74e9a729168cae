"""COCO: pictures, and the particles in them as annotations that detectors and instance segmentation train on."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import ExportFormat, FileKind, Records
from hrtem_assets.export.formats.folder import ExportError
from hrtem_assets.export.formats.source import Source
from hrtem_assets.figures import grey_levels
from hrtem_assets.labels.class_names import BACKGROUND, CLASSES
from hrtem_assets.labels.polygons import polygons

INSTANCES = "instances"


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
            "box, area, run-length mask, outline as polygons, and what is known of the particle",
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

    def records(self, data: Collection) -> tuple[Records, ...]:
        """The images, by their file names, to which annotations refer."""
        fields = {
            "file_name": ("sc:Text", {"extract": {"fileProperty": "filename"}}),
            "image": ("sc:ImageObject", {"extract": {"fileProperty": "content"}}),
        }
        return (Records("images", "images as pictures", self.files[1], fields),)

    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        names = [plane.name for plane in data.planes]
        if INSTANCES not in names:
            raise ExportError(
                f"a {self.name} export needs the label {INSTANCES}; add it to labels.planes in the campaign, and "
                f"classes for categories, and make labels and training sets again"
            )
        (folder / "images").mkdir()
        (folder / "annotations").mkdir()
        categories = _categories(data)
        head = {
            "info": {"description": data.name},
            "licenses": [{"id": 1, "name": str(data.sources[0].info.attributes["license"])}],
            "categories": [
                {"id": number, "name": name, "supercategory": "particle"}
                for name, number in categories.items()
            ],
        }
        for split in data.splits:
            images, count = list[dict[str, Any]](), 0
            with (folder / "annotations" / f"{split}.json").open("w", encoding="utf-8") as file:
                # annotations are written as they come: all of them would take the memory of many images
                file.write(_json(head).removesuffix("}") + ', "annotations": [')
                for number, (source, row) in enumerate(data.rows(split)):
                    images.append(_image(data, source, row, folder / "images") | {"id": number})
                    for annotation in _annotations(source, row, number, data.classes, categories):
                        count += 1
                        file.write((", " if count > 1 else "") + _json({"id": count} | annotation))
                    done()
                file.write(f'], "images": {_json(images)}}}')


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


def _categories(data: Collection) -> dict[str, int]:
    """Numbers of the classes of particles, from 1: lattices where there are no classes."""
    kinds = [name for name in data.classes if name not in BACKGROUND]
    lattices = dict.fromkeys(_lattice(source) for source in data.sources)
    return {name: number for number, name in enumerate(kinds or lattices, 1)}


def _lattice(source: Source) -> str:
    return str(source.info.attributes["specimen"]["lattice_name"])


def _image(data: Collection, source: Source, row: int, folder: Path) -> dict[str, Any]:
    counts, values = source.read("counts", row), source.named_row(row)
    name = f"{data.label(source, row)}.png"
    low, high = np.percentile(counts, (0.5, 99.5))
    Image.fromarray(grey_levels(counts)).save(folder / name, "PNG")
    height, width = counts.shape
    return {
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
    source: Source, row: int, image: int, names: tuple[str, ...], categories: dict[str, int]
) -> Iterator[dict[str, Any]]:
    instances = source.read(INSTANCES, row)
    classes = source.read(CLASSES, row) if names else None
    known = source.particle_values(row)
    for number in np.unique(instances[instances > 0]).tolist():
        mask = instances == number
        y, x = np.nonzero(mask)
        yield {
            "image_id": image,
            "category_id": categories[_lattice(source) if classes is None else names[classes[y[0], x[0]]]],
            "bbox": [int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1],
            "area": len(x),
            "segmentation": {"size": list(mask.shape), "counts": run_lengths(mask)},
            "polygons": [polygon[:-1].ravel().tolist() for polygon in polygons(mask)],
            "iscrowd": 0,
            "particle": number,
            **(known[number - 1] if number <= len(known) else {}),
        }


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not -(2**53) < value < 2**53
