"""Croissant metadata of an export: what is in its files, for machines (mlcommons.org/croissant, version 1.0)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.campaign import TrainingSets
from hrtem_assets.export.card import TAGS, summary
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import TABLE, ExportFormat, FileKind, Records
from hrtem_assets.export.formats.folder import sha256
from hrtem_assets.export.formats.source import Column
from hrtem_assets.export.particle_tables import particle_tables

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
# by the kind letter of numpy
DATA_TYPES = {"i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float", "U": "sc:Text"}
# the standard's own context, whole: readers warn of any other
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        term: f"cr:{term}"
        for term in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty"),
            *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
            *("path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
            *("separator", "source", "subField", "transform"),
        )
    },
}


def croissant(data: Collection, form: ExportFormat, terms: TrainingSets, folder: Path) -> dict[str, Any]:
    """The description of an export folder as JSON-LD.

    Args:
        data: what was exported.
        form: how.
        terms: licence and citation.
        folder: the export; its data files and table must be there.
    """
    table = _file_object(folder, folder / TABLE.pattern, TABLE)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": data.name,
        "description": summary(data),
        "license": f"https://spdx.org/licenses/{terms.license}.html",
        "citeAs": terms.citation,
        "keywords": list(TAGS),
        "version": data.sources[0].info.attributes["provenance"]["package_version"],
        "datePublished": _made_on(data),
        "distribution": [
            table,
            *(
                o
                for kind in (*form.files_of(data), *particle_tables(data))
                for o in _distribution(folder, kind)
            ),
            *(_file_set(records) for records in form.records(data)),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "rows",
                "name": "rows",
                "description": TABLE.description,
                "key": [{"@id": f"rows/{key}"} for key in data.keys],
                "field": [_field(column) for column in data.columns],
            },
            *(_record_set(records) for records in form.records(data)),
        ],
    }


def _file_set(records: Records) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-of-{records.name}",
        "name": f"files-of-{records.name}",
        "description": records.files.description,
        "includes": records.files.pattern,
        "encodingFormat": records.files.media_type,
    }


def _record_set(records: Records) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": records.name,
        "name": records.name,
        "description": records.description,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{records.name}/{name}",
                "name": name,
                "dataType": data_type,
                "source": {"fileSet": {"@id": f"files-of-{records.name}"}, **found},
            }
            for name, (data_type, found) in records.fields.items()
        ],
    }


def _distribution(folder: Path, kind: FileKind) -> list[dict[str, Any]]:
    return [_file_object(folder, path, kind) for path in sorted(folder.glob(kind.pattern))]


def _file_object(folder: Path, path: Path, kind: FileKind) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": kind.description,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": kind.media_type,
        "sha256": sha256(path),
    }


def _field(column: Column) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"rows/{column.name}",
        "name": column.name,
        "description": column.description,
        "dataType": DATA_TYPES[column.values.dtype.kind],
        "source": {"fileObject": {"@id": TABLE.pattern}, "extract": {"column": column.name}},
    }


def _made_on(data: Collection) -> str:
    """The day on which the last row was written: the same for every export of a store."""
    latest_ms = max(int(np.asarray(source.read("committed_at", row))) for source, row in data.rows())
    return datetime.fromtimestamp(latest_ms / 1000, UTC).date().isoformat()
