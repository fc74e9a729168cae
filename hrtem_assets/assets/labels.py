"""Labels: every plane that the campaign names, the same for every imaging condition; one row is a structure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, sampling_a
from hrtem_assets.assets.plane_pictures import with_further_planes
from hrtem_assets.assets.remarks import poor_masks
from hrtem_assets.assets.structures import read_stored_particles, read_stored_structure
from hrtem_assets.backend.choice import DeviceRequest, backend_for, describe
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.campaign.lattices import DEFAULT_MASK_CUTOFF
from hrtem_assets.campaign.settings import REQUIRED_PLANES
from hrtem_assets.figures import TILE_PX, PartitionPicture, label_overlay
from hrtem_assets.labels.phase_label import overlap
from hrtem_assets.labels.plane import LEVELS, LabelSource
from hrtem_assets.labels.registry import (
    PARTICLE_COUNT,
    arrays_and_records,
    label_planes,
    label_tables,
    plane_bytes,
    stored_plane_bytes,
)
from hrtem_assets.specimen.bounds import Bounds
from hrtem_assets.store import CheckedStore, Recipe, Schema, StoreInfo, Variable, pixel_coordinates

_STRUCTURES_PER_SHARD = 16
# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 276_000_000


class LabelsAsset(Asset):
    """Threshold the phase of the vacuum exit wave and smooth it."""

    name = "labels"
    description = (
        "Soft labels and masks from the vacuum waves, the same for every condition. One row is a structure."
    )
    # 2: masks are cut by specimen, no longer by lattice
    code_version = "2"
    upstream = ("structures", "exit_waves")
    run_settings = (RunSetting("labels", "label-rule overrides", without=("planes", "tables")),)
    card_rows = (
        ("phase_threshold_rad", "phase threshold of the labels [rad]"),
        ("label_blur_a", "smoothing of the labels [Å]"),
        ("mask_cutoff", "soft label from which a pixel is particle"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        added = [plane for plane in label_planes(campaign) if plane.name not in REQUIRED_PLANES]
        tables = label_tables(campaign)
        return {
            "phase_threshold_rad": campaign.labels.phase_threshold_rad,
            "label_blur_a": specimen.lattice.label_blur_a,
            "mask_cutoff": mask_cutoff(campaign, specimen)[0],
            # the source's own two follow from the settings above
            **({"planes": {plane.name: plane.code_version for plane in added}} if added else {}),
            **({"tables": {table.name: table.code_version for table in tables}} if tables else {}),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "scipy")

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        n = campaign.simulation.output_grid
        arrays, records = arrays_and_records(label_tables(campaign), campaign, specimen)
        return Schema(
            arrays=(*(plane.variable(n, specimen) for plane in label_planes(campaign)), *arrays),
            records=(
                Variable(
                    "silhouette_iou", long_name="overlap of the mask with the particles' projected spheres"
                ),
                Variable("mask_fraction", long_name="part of the image that is particle"),
                *particle_count(campaign),
                *records,
            ),
            coordinates=pixel_coordinates(n, campaign.simulation.output_sampling_a),
            structures_per_shard=_STRUCTURES_PER_SHARD,
            attributes={"mask_cutoff_from": mask_cutoff(campaign, specimen)[1]},
            title=f"Labels of {specimen.key}: one row is a structure",
        )

    def figures(self, column: Column) -> dict[str, float]:
        iou = column("silhouette_iou")
        return {
            "mean_silhouette_iou": float(iou.mean()),
            "least_silhouette_iou": float(iou.min()),
            "mean_mask_fraction": float(column("mask_fraction").mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        tiles, captions = [], []
        waves = upstream("exit_waves")
        for i in shown:
            phase = np.angle(waves.read("full", i).mean(axis=0))
            mask = store.read("mask", i)
            tiles.append(label_overlay(phase, mask, sampling_a(store), size_px=TILE_PX))
            iou = float(store.read("silhouette_iou", i))
            captions.append(f"structure {i}: mask over phase, IoU {iou:.2f}")
        return with_further_planes(tiles, captions, store, shown[0])

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        soft, mask, cutoff = (
            values["soft_label"] / LEVELS,
            values["mask"],
            recipe.settings["mask_cutoff"],
        )
        # the mask was cut before the soft label was rounded
        level = 0.5 / LEVELS + 1e-6
        if mask[soft < cutoff - level].any() or not mask[soft > cutoff + level].all():
            yield f"the mask is not the soft label cut at {cutoff:g}"
        if float(values["mask_fraction"]) != float(mask.mean()):
            yield "mask_fraction is not the mask's"
        if not 0 <= float(values["silhouette_iou"]) <= 1:
            yield f"silhouette_iou = {float(values['silhouette_iou']):g} is not between 0 and 1"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        yield from poor_masks(info, column("silhouette_iou"), column("mask_fraction"))

    def reads_vacuum_waves(self, campaign: Campaign) -> bool:
        return True

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        pixels = campaign.simulation.output_grid**2
        # waves as stored and as read; a shard of labels, twice
        waves = 20 * campaign.simulation.frozen_phonons * pixels
        planes = label_planes(campaign)
        # what is known of pixels and atoms while others than the source's planes are made
        more = (
            200 * pixels + 120 * most.atoms
            if len(planes) > len(REQUIRED_PLANES) or campaign.labels.tables
            else 0
        )
        return _PROCESS_BYTES + waves + (60 + 2 * plane_bytes(planes) * _STRUCTURES_PER_SHARD) * pixels + more

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        return int(stored_plane_bytes(label_planes(campaign)) * campaign.simulation.output_grid**2)

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        simulation = campaign.simulation
        placed = int(sources["structures"].read("particle_count", index))
        source = LabelSource(
            campaign,
            specimen,
            lambda name: sources["exit_waves"].read(name, index),
            lambda: read_stored_structure(sources["structures"], index, simulation.cell_a),
            read_stored_particles(sources["structures"], index),
            mask_cutoff(campaign, specimen)[0],
            backend_for(work.device),
        )
        arrays = {plane.name: plane.make(source) for plane in label_planes(campaign)}
        tables = label_tables(campaign)
        arrays |= {k: v for table in tables if table.is_array for k, v in table.make(source).items()}
        record = {
            "silhouette_iou": overlap(arrays["mask"], source.outline),
            "mask_fraction": float(arrays["mask"].mean()),
        } | {k: v for table in tables if not table.is_array for k, v in table.make(source).items()}
        if campaign.labels.tables:
            record[PARTICLE_COUNT] = placed
        return {None: (arrays, record)}

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def particle_count(campaign: Campaign) -> tuple[Variable, ...]:
    """The record that tells how long tables of particles are, where there are any."""
    if not campaign.labels.tables:
        return ()
    return (Variable(PARTICLE_COUNT, dtype="int16", long_name="particles placed"),)


def mask_cutoff(campaign: Campaign, specimen: Specimen) -> tuple[float, str]:
    """The soft label at which a specimen's masks are cut, and where that value comes from."""
    if campaign.labels.mask_cutoff is not None:
        return campaign.labels.mask_cutoff, "labels.mask_cutoff"
    cutoff, size = specimen.lattice.mask_cutoff, specimen.size_name
    where = f"lattices.{specimen.lattice_name}.mask_cutoff"
    match cutoff:
        case None:
            return DEFAULT_MASK_CUTOFF, f"default: {where} is not given"
        case dict() if size in cutoff:
            return cutoff[size], f"{where}.{size}"
        case dict():
            return min(cutoff.values()), f"the lowest of {where}, which does not name {size}"
        case _:
            return cutoff, where
