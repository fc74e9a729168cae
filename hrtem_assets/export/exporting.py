"""An export: a partition, or a series, in one format, with card, metadata, licence, citation and checksums."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_store
from hrtem_assets.campaign import Campaign, TrainingSets
from hrtem_assets.export.card import dataset_card
from hrtem_assets.export.croissant import croissant
from hrtem_assets.export.formats import ExportFormat
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import TABLE
from hrtem_assets.export.formats.folder import ExportError, new_folder
from hrtem_assets.export.formats.source import Source
from hrtem_assets.export.particle_tables import write_particle_tables
from hrtem_assets.store import Layout, PartitionId, StoreError

LOG_EVERY = 64
MOST_SHOWN = 3


def export_folder(layout: Layout, form: ExportFormat, specimen: str, condition: str | None) -> Path:
    """Where an export lies by default, for example `exports/hdf5/CdSe-medium/df-10nm_400e`."""
    return layout.root.joinpath("exports", form.name, *PartitionId(form.asset, specimen, condition).parts[1:])


def series_folder(layout: Layout, form: ExportFormat, series: str) -> Path:
    """Where the export of a series lies by default, for example `exports/series/main/hdf5`."""
    return layout.root / "exports" / "series" / series / form.name


def export_partition(
    campaign: Campaign,
    layout: Layout,
    form: ExportFormat,
    specimen: str,
    condition: str | None,
    target: Path,
    log: Callable[[str], None],
) -> None:
    """Write one partition, row by row; the folder appears when it is complete.

    Args:
        campaign: what the partition must have been made by; names licence and citation.
        layout: where stores lie.
        form: how to write it.
        specimen: specimen key.
        condition: condition key; None for formats of assets without conditions.
        target: folder to make; an earlier export there is replaced.
        log: receives progress lines.

    Raises:
        StoreError: if the partition is absent, or was made by another recipe.
        ExportError: if a package is missing, the condition is missing or too much, or the folder holds other files.
    """
    check_condition(form, condition)
    info, effective = finished_store(campaign, layout, form.asset, specimen, condition)
    source = Source(info.path)
    if not len(source):
        raise ExportError(
            f"there is nothing to export: no {info.row_word} of {info.path} could be made; the first, because of "
            f"{info.failures[0]}"
        )
    what = f"{form.name} export of {PartitionId(form.asset, specimen, condition)}"
    _export(Collection(source.key, (source,)), form, effective.training_sets, target, what, log)


def export_series(
    campaign: Campaign,
    layout: Layout,
    form: ExportFormat,
    series: str,
    target: Path,
    log: Callable[[str], None],
) -> None:
    """Write all partitions of a series as one data set; the folder appears when it is complete.

    Args:
        campaign: what the partitions must have been made by; names licence and citation.
        layout: where stores lie.
        form: how to write it.
        series: series name.
        target: folder to make; an earlier export there is replaced.
        log: receives progress lines.

    Raises:
        UnknownKeyError: if there is no such series; lists the known ones.
        ExportError: if partitions are absent or made otherwise, a package is missing, or the folder holds other files.
    """
    chosen = campaign.series_named(series)
    conditions = [c.key for c in chosen.conditions] if ASSETS[form.asset].per_condition else [None]
    sources, lacking = list[Source](), list[str]()
    for specimen in chosen.specimens:
        for condition in conditions:
            try:
                info, _ = finished_store(campaign, layout, form.asset, specimen, condition)
            except StoreError as error:
                lacking.append(str(error).splitlines()[0].rstrip(":"))
                continue
            sources.append(Source(info.path))
    if lacking:
        shown = "\n  ".join(lacking[:MOST_SHOWN])
        more = f"\n  and {len(lacking) - MOST_SHOWN} more" if len(lacking) > MOST_SHOWN else ""
        raise ExportError(
            f"{len(lacking)} of the {len(lacking) + len(sources)} partitions of {series} cannot be exported:\n"
            f"  {shown}{more}\nmake what is missing with: hrtem series {series}"
        )
    made = tuple(source for source in sources if len(source))
    if not made:
        raise ExportError(f"there is nothing to export: no structure of {series} could be made")
    _export(
        Collection(series, made, is_series=True),
        form,
        campaign.training_sets,
        target,
        f"{form.name} export of {series}",
        log,
    )


def _export(
    data: Collection,
    form: ExportFormat,
    terms: TrainingSets,
    target: Path,
    what: str,
    log: Callable[[str], None],
) -> None:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done % LOG_EVERY == 0 or done == len(data):
            log(f"{what}: {done} of {len(data)}")

    with new_folder(target) as folder:
        try:
            form.write(data, folder, advance)
        except ModuleNotFoundError as error:
            raise ExportError(
                f"{what} needs the package {error.name}; install it with: pip install 'hrtem-assets[exports]'"
            ) from error
        _describe(data, form, terms, folder)


def check_condition(form: ExportFormat, condition: str | None) -> None:
    """Refuse a missing condition, and one for structures, which are the same under all.

    Raises:
        ExportError: names what to do.
    """
    if ASSETS[form.asset].per_condition and condition is None:
        raise ExportError(
            f"{form.name} exports the images of one condition; name it, for example df-10nm_400e"
        )
    if condition is not None and not ASSETS[form.asset].per_condition:
        raise ExportError(
            f"{form.name} exports {form.asset}, the same under every condition; leave {condition} out"
        )


def _describe(data: Collection, form: ExportFormat, terms: TrainingSets, folder: Path) -> None:
    """Write all that is not data."""
    data.write_table(folder / TABLE.pattern)
    write_particle_tables(data, folder)
    recipes: dict[str, Any] = {source.key: _recipe(source) for source in data.sources}
    texts = {
        "README.md": dataset_card(data, form, terms),
        "croissant.json": _json(croissant(data, form, terms, folder)),
        "recipe.json": _json({"partitions": recipes} if data.is_series else recipes[data.name]),
        "CITATION.txt": terms.citation + "\n",
        "LICENSE": f"{data.name} is licensed under {terms.license}:\n"
        f"https://spdx.org/licenses/{terms.license}.html\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")


def _recipe(source: Source) -> dict[str, Any]:
    return {
        "recipe": source.info.recipe.model_dump(mode="json"),
        "recipe_digest": source.info.recipe.digest,
        "upstream_recipes": source.info.attributes.get("upstream_recipes", {}),
        "package_version": source.info.attributes["provenance"]["package_version"],
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
