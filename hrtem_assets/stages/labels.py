"""Labels: soft label and mask of each structure, for every imaging condition; one row is a structure."""

from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.device.choice import DeviceRequest, backend_for, describe
from hrtem_assets.imaging.labels import overlap, phase_label
from hrtem_assets.specimen.silhouette import projected_silhouette
from hrtem_assets.stages.base import Assignment, Made, Stage
from hrtem_assets.store.reading import read_structure
from hrtem_assets.store.schema import Schema, Variable, pixel_coordinates

SOFT_LEVELS = 255
SOFT_LABEL_ATTRIBUTES = {"scale_factor": 1 / SOFT_LEVELS, "add_offset": 0.0}


class LabelsStage(Stage):
    """Threshold the phase of the vacuum exit wave and smooth it."""

    name = "labels"
    description = (
        "Soft labels and masks from the vacuum waves, the same for every condition. One row is a structure."
    )
    upstream = ("structures", "exit_waves")

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "phase_threshold_rad": campaign.labels.phase_threshold_rad,
            "label_blur_a": specimen.lattice.label_blur_a,
            "mask_cutoff": mask_cutoff(campaign, specimen),
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return ("numpy", "scipy")

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        n = campaign.simulation.output_grid
        return Schema(
            arrays=(
                Variable(
                    "soft_label",
                    ("y", "x"),
                    (n, n),
                    "uint8",
                    "1",
                    "smoothed phase threshold, 0 to 1",
                    attributes=SOFT_LABEL_ATTRIBUTES,
                ),
                Variable("mask", ("y", "x"), (n, n), "bool", "1", "particle or not"),
            ),
            records=(
                Variable(
                    "silhouette_iou", long_name="overlap of the mask with the particles' projected spheres"
                ),
                Variable("mask_fraction", long_name="part of the image that is particle"),
            ),
            coordinates=pixel_coordinates(n, campaign.simulation.output_sampling_a),
            structures_per_shard=16,
            title=f"Labels of {specimen.key}: one row is a structure",
        )

    def make(self, work: Assignment) -> Made:
        campaign, specimen, index, sources = work.campaign, work.specimen, work.index, work.sources
        simulation = campaign.simulation
        label = phase_label(
            read_structure(sources["exit_waves"], "vacuum", index),
            simulation.output_sampling_a,
            campaign.labels.phase_threshold_rad,
            specimen.lattice.label_blur_a,
            mask_cutoff(campaign, specimen),
            backend_for(work.device),
        )
        placed = int(read_structure(sources["structures"], "particle_count", index))
        silhouette = projected_silhouette(
            read_structure(sources["structures"], "center", index)[:placed],
            read_structure(sources["structures"], "radius", index)[:placed],
            simulation.cell_a,
            simulation.output_grid,
        )
        arrays = {"soft_label": np.rint(label.soft * SOFT_LEVELS).astype(np.uint8), "mask": label.mask}
        record = {
            "silhouette_iou": overlap(label.mask, silhouette),
            "mask_fraction": float(label.mask.mean()),
        }
        return {None: (arrays, record)}

    def made_on(self, campaign: Campaign, specimen: Specimen, device: DeviceRequest) -> str:
        return describe(backend_for(device))


def mask_cutoff(campaign: Campaign, specimen: Specimen) -> float:
    """The label rule's cut-off, or where it has none the lattice's own."""
    cutoff = campaign.labels.mask_cutoff
    return specimen.lattice.mask_cutoff if cutoff is None else cutoff
