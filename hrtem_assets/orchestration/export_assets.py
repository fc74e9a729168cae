"""Exports as assets: one per export format, and the gallery."""

from typing import Any

import dagster as dg
from PIL import Image

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.campaign import Campaign
from hrtem_assets.export.exporting import export_folder, export_partition
from hrtem_assets.export.formats import FORMATS, ExportFormat
from hrtem_assets.export.formats.folder import checksums
from hrtem_assets.export.gallery import ASSET, Gallery
from hrtem_assets.export.gallery_figure import save_gallery
from hrtem_assets.figures import preview_markdown, thumbnail_markdown
from hrtem_assets.orchestration.assets import IMAGES_PER_RUN
from hrtem_assets.orchestration.partitions import asset_partitions, partition_ids, partition_key
from hrtem_assets.orchestration.recording import record, recorded_result
from hrtem_assets.orchestration.reports import data_version
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import PartitionId, store_info

GROUP = "exports"
GALLERY = "gallery"


def export_assets(campaign: Campaign) -> list[dg.AssetsDefinition]:
    """The exports and the gallery of a campaign."""
    return [*(_export_asset(campaign, form) for form in FORMATS.values()), _gallery_asset()]


def _export_asset(campaign: Campaign, form: ExportFormat) -> dg.AssetsDefinition:
    per_condition = ASSETS[form.asset].per_condition
    files = "; ".join(f"`{kind.pattern}`: {kind.description}" for kind in form.files)

    @dg.asset(
        name=form.asset_name,
        deps=[form.asset],
        partitions_def=asset_partitions(campaign, ASSETS[form.asset]),
        backfill_policy=dg.BackfillPolicy.multi_run(IMAGES_PER_RUN),
        group_name=GROUP,
        description=f"{form.asset} for {form.library}, with card, Croissant metadata and checksums. {files}. "
        f"One row is {'an image' if per_condition else 'a structure'}.",
    )
    def export(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.MaterializeResult:
        for partition in partition_ids(form.asset, context.partition_keys):
            specimen, condition = partition.specimen, partition.condition
            folder = export_folder(workspace.layout, form, specimen, condition)
            export_partition(
                workspace.campaign, workspace.layout, form, specimen, condition, folder, context.log.info
            )
            record(
                context,
                partition_key(specimen, condition),
                _export_metadata(workspace, form, specimen, condition),
                data_version(store_info(workspace.layout.store(partition))),
            )
        return recorded_result()

    return export


def _export_metadata(
    workspace: Workspace, form: ExportFormat, specimen: str, condition: str | None
) -> dict[str, Any]:
    partition = PartitionId(form.asset, specimen, condition)
    folder = export_folder(workspace.layout, form, specimen, condition)
    info = store_info(workspace.layout.store(partition))
    picture, names = partition_picture(workspace.layout, partition), checksums(folder)
    # the page shows Markdown, but not the card's YAML
    card = (folder / "README.md").read_text("utf-8").split("---\n", 2)[2]
    return {
        "thumbnail": dg.MetadataValue.md(thumbnail_markdown(picture.tiles[0], form.asset_name)),
        "preview": dg.MetadataValue.md(preview_markdown(picture.sheet, form.asset_name, width_px=512)),
        "folder": dg.MetadataValue.path(folder),
        "card": dg.MetadataValue.md(card),
        "structures": info.structures,
        **({"images": len(info.made)} if info.row_word == "image" else {}),
        "files": len(names) + 1,
        "megabytes": round(sum((folder / name).stat().st_size for name in names) / 1e6, 3),
        "recipe_digest": info.recipe.digest,
    }


def _gallery_asset() -> dg.AssetsDefinition:
    @dg.asset(
        name=GALLERY,
        deps=[ASSET],
        group_name=GROUP,
        description="Example images of every series with outlines of their masks and 2 nm scale bars, as PNG and "
        "PDF, of what is made so far. One row is a series.",
    )
    def gallery(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.MaterializeResult:
        sheet = Gallery(workspace.campaign, workspace.layout)
        png, pdf = save_gallery(sheet, workspace.layout.root / "pictures" / GALLERY)
        if sheet.missing:
            context.log.info("not shown; make with:\n" + "\n".join(sheet.commands))
        with Image.open(png) as picture:
            return dg.MaterializeResult(
                metadata={
                    "thumbnail": dg.MetadataValue.md(thumbnail_markdown(picture, GALLERY)),
                    "preview": dg.MetadataValue.md(preview_markdown(picture, GALLERY, width_px=512)),
                    "png": dg.MetadataValue.path(png),
                    "pdf": dg.MetadataValue.path(pdf),
                    "images": len(sheet.panels) - len(sheet.missing),
                    "missing_images": len(sheet.missing),
                    "missing": dg.MetadataValue.md("\n".join(f"- `{c}`" for c in sheet.commands) or "none"),
                }
            )

    return gallery
