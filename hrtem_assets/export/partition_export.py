"""One export: a partition written in one format, with card, metadata, licence, citation and checksums."""

import json
from collections.abc import Callable
from pathlib import Path

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_store
from hrtem_assets.campaign import Campaign, TrainingSets
from hrtem_assets.export.card import dataset_card, dataset_name
from hrtem_assets.export.croissant import croissant
from hrtem_assets.export.formats import ExportFormat
from hrtem_assets.export.formats.content import TABLE
from hrtem_assets.export.formats.folder import ExportError, new_folder
from hrtem_assets.export.formats.source import Source
from hrtem_assets.export.particle_tables import write_particle_tables
from hrtem_assets.store import Layout, PartitionId

LOG_EVERY = 64


def export_folder(layout: Layout, form: ExportFormat, specimen: str, condition: str | None) -> Path:
    """Where an export lies by default, for example `exports/hdf5/CdSe-medium/df-10nm_400e`."""
    return layout.root.joinpath("exports", form.name, *PartitionId(form.asset, specimen, condition).parts[1:])


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
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done % LOG_EVERY == 0 or done == len(source):
            log(f"{what}: {done} of {len(source)}")

    with new_folder(target) as folder:
        try:
            form.write(source, folder, advance)
        except ModuleNotFoundError as error:
            raise ExportError(
                f"{what} needs the package {error.name}; install it with: pip install 'hrtem-assets[exports]'"
            ) from error
        _describe(source, form, effective.training_sets, folder)


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


def _describe(source: Source, form: ExportFormat, terms: TrainingSets, folder: Path) -> None:
    """Write all that is not data."""
    source.write_table(folder / TABLE.pattern)
    write_particle_tables(source, folder)
    recipes = {
        "recipe": source.info.recipe.model_dump(mode="json"),
        "recipe_digest": source.info.recipe.digest,
        "upstream_recipes": source.info.attributes.get("upstream_recipes", {}),
        "package_version": source.info.attributes["provenance"]["package_version"],
    }
    texts = {
        "README.md": dataset_card(source, form, terms),
        "croissant.json": _json(croissant(source, form, terms, folder)),
        "recipe.json": _json(recipes),
        "CITATION.txt": terms.citation + "\n",
        "LICENSE": f"{dataset_name(source)} is licensed under {terms.license}:\n"
        f"https://spdx.org/licenses/{terms.license}.html\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
