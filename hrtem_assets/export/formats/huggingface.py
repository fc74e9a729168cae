"""Parquet as the Hugging Face hub and its library `datasets` load it: pictures for the viewer, labels beside them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import ExportFormat, FileKind, Records
from hrtem_assets.export.formats.pictures import fits_png, png
from hrtem_assets.export.formats.source import Plane, Source
from hrtem_assets.figures import grey_levels

ROWS_PER_FILE = 256
# one group of a file is held in memory
_ROWS_PER_GROUP = 4


class HuggingFace(ExportFormat):
    """A row per image: a picture for people, counts and labels for networks, and what is known of it."""

    name = "huggingface"
    asset = "training_sets"
    library = "datasets"
    files = (
        FileKind(
            "data/*.parquet",
            "application/x-parquet",
            "`train-00000.parquet`, `validation-00000.parquet` ...: `image` as an 8-bit picture from the 0.5th to the "
            "99.5th percentile, `counts` and labels as lossless pictures where these hold them, others as lists; seeds "
            "as text",
        ),
    )
    example = (
        "from pathlib import Path\n\nfrom datasets import load_dataset\n\n"
        'images = load_dataset(str(Path.cwd()), split="train")\n'
        'images[0]["image"]  # a picture; counts, mask and soft_label likewise\n'
    )

    def front_matter(self, splits: Mapping[str, int]) -> dict[str, Any]:
        files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
        return {"configs": [{"config_name": "default", "data_files": files}]}

    def records(self, data: Collection) -> tuple[Records, ...]:
        """The images and every label that is a picture, with the columns that tell them apart."""
        (files,) = self.files
        known = {column.name: column.values.dtype.kind for column in data.columns}
        told = ["specimen", "condition", "split", *(key for key in data.keys if key in ("structure", "draw"))]
        texts = {
            key: ("sc:Integer" if known.get(key, "U") in "iu" else "sc:Text", {"extract": {"column": key}})
            for key in told
        }
        pictures = {
            name: (
                "sc:ImageObject",
                {"extract": {"column": name}, "transform": {"jsonPath": "bytes"}},
            )
            for name, kind in _fields(data)
            if kind == "image"
        }
        return (Records("images", "images and labels as pictures", files, texts | pictures),)

    def write(self, data: Collection, folder: Path, done: Callable[[], None]) -> None:
        (folder / "data").mkdir()
        for split in data.splits:
            rows = list(data.rows(split))
            for number, first in enumerate(range(0, len(rows), ROWS_PER_FILE)):
                path = folder / "data" / f"{split}-{number:05d}.parquet"
                self._file(path, data, rows[first : first + ROWS_PER_FILE], done)

    def _file(
        self, path: Path, data: Collection, rows: list[tuple[Source, int]], done: Callable[[], None]
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = dict(_fields(data))
        schema = pa.schema([(name, _arrow(kind)) for name, kind in fields.items()])
        features = {"info": {"features": {name: _feature(kind) for name, kind in fields.items()}}}
        with pq.ParquetWriter(path, schema.with_metadata({"huggingface": json.dumps(features)})) as writer:
            for first in range(0, len(rows), _ROWS_PER_GROUP):
                made = []
                for of, row in rows[first : first + _ROWS_PER_GROUP]:
                    made.append(_values(data, of, row))
                    done()
                # what a condition does not draw has no column there
                writer.write_table(pa.Table.from_pylist(made, schema=schema))


def _fields(data: Collection) -> list[tuple[str, str]]:
    """Names and kinds of the columns: `image`, a type of Arrow, or lists of one, as many deep as there are brackets."""
    recipe_columns = [("specimen", "string"), ("condition", "string"), ("image", "image")]
    planes = [(name, kind) for plane in data.planes for name, kind, _ in _parts(plane)]
    keys = [name for name, _ in recipe_columns]
    table = [(c.name, _scalar(c.values.dtype)) for c in data.columns if c.name not in keys]
    kinds = {name: kind for source in data.sources for name, kind in source.particle_kinds.items()}
    known = [(f"particle_{name}", kind) for name, kind in kinds.items()]
    return [*recipe_columns, *planes, *table, *known]


def _values(data: Collection, source: Source, row: int) -> dict[str, Any]:
    values = source.named_row(row) | {"image": _picture(grey_levels(source.read("counts", row)))}
    for plane in data.planes:
        array = source.read(plane.name, row).astype(plane.dtype, copy=False)
        values |= {name: made(array) for name, _, made in _parts(plane)}
    # as text, as `_scalar` declares them
    values |= {c.name: str(values[c.name]) for c in source.columns if c.values.dtype == np.uint64}
    particles = source.particle_values(row)
    for name in source.particle_kinds:
        values[f"particle_{name}"] = [particle[name] for particle in particles]
    return values


def _parts(plane: Plane) -> list[tuple[str, str, Callable[[NDArray[Any]], Any]]]:
    """The columns of a plane: name, kind, and what makes their values."""
    if fits_png(plane.dtype):
        return [(plane.name, "image", _picture)]
    if plane.dtype.kind == "c":
        return [
            (f"{plane.name}_{part}", "[[float32]]", function)
            for part, function in (("real", lambda a: a.real.tolist()), ("imag", lambda a: a.imag.tolist()))
        ]
    return [(plane.name, f"[[{plane.dtype.name}]]", lambda a: a.tolist())]


def _picture(values: NDArray[Any]) -> dict[str, Any]:
    return {"bytes": png(values), "path": None}


def _scalar(dtype: np.dtype[Any]) -> str:
    # unsigned numbers of 64 bits, as seeds are, fit into no signed one
    return "string" if dtype.kind == "U" or dtype == np.uint64 else dtype.name


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    if kind == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.list_(_arrow(kind[1:-1])) if kind.startswith("[") else pa.type_for_alias(kind)


def _feature(kind: str) -> dict[str, Any]:
    if kind == "image":
        return {"_type": "Image"}
    if kind.startswith("["):
        return {"feature": _feature(kind[1:-1]), "_type": "List"}
    return {"dtype": kind, "_type": "Value"}
