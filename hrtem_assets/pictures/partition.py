"""One picture of a whole partition, drawn from its finished store."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hrtem_assets.pictures.atoms import structure_views
from hrtem_assets.pictures.plots import variance_curve
from hrtem_assets.pictures.raster import label_overlay, micrograph_image, phase_image
from hrtem_assets.pictures.sheet import contact_sheet
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import open_array, read_column, read_structure, store_info

MOST_STRUCTURES = 4
TILE_PX = 480


@dataclass(frozen=True)
class PartitionPicture:
    """What a partition holds, for its first structures.

    Attributes:
        tiles: one picture per structure, or more.
        captions: one for each.
        columns: pictures per row of the sheet.
    """

    tiles: Sequence[Image.Image]
    captions: Sequence[str]
    columns: int = 2

    @property
    def sheet(self) -> Image.Image:
        """All pictures with their captions."""
        return contact_sheet(self.tiles, self.captions, columns=min(self.columns, len(self.tiles)))


def partition_picture(layout: Layout, partition: PartitionId) -> PartitionPicture:
    """Draw a partition.

    Args:
        layout: where stores lie.
        partition: a finished partition of any asset.
    """
    path = layout.store(partition)
    shown = range(min(MOST_STRUCTURES, open_array(path, "structure").shape[0]))
    match partition.asset:
        case "structures":
            return _structures(path, shown)
        case "exit_waves":
            return _exit_waves(path, shown)
        case "zero_defocus":
            return _zero_defocus(path, shown)
        case "labels":
            return _labels(path, layout.store(PartitionId("exit_waves", partition.specimen)), shown)
        case "micrographs":
            return _micrographs(path, shown)
        case "training_sets":
            return _training_sets(path, shown)
        case _:
            raise ValueError(f"there is no picture of {partition.asset!r} partitions")


def condition_sheet(layout: Layout, specimen: str, conditions: Sequence[str]) -> Image.Image:
    """Micrographs of the first structures under several conditions, with label outlines in a last column.

    Args:
        layout: where stores lie.
        specimen: specimen key.
        conditions: condition keys, one column each; their micrographs and the labels must be there.
    """
    stores = {key: layout.store(PartitionId("micrographs", specimen, key)) for key in conditions}
    labels = layout.store(PartitionId("labels", specimen))
    count = open_array(labels, "structure").shape[0]
    tiles, captions = [], []
    for index in range(min(MOST_STRUCTURES, count)):
        for key, path in stores.items():
            tiles.append(_micrograph(path, index).convert("RGB"))
            captions.append(f"{specimen} {index}, {key}")
        path = stores[conditions[0]]
        counts, mask = read_structure(path, "counts", index), read_structure(labels, "mask", index)
        tiles.append(label_overlay(counts, mask, _sampling_a(path), size_px=TILE_PX))
        captions.append(f"{specimen} {index}, label")
    return contact_sheet(tiles, captions, columns=len(conditions) + 1)


def _structures(path: Place, shown: range) -> PartitionPicture:
    tiles, captions = [], []
    for i in shown:
        atoms, placed = (
            int(read_structure(path, "atom_count", i)),
            int(read_structure(path, "particle_count", i)),
        )
        positions, numbers, particle = (
            read_structure(path, name, i)[:atoms] for name in ("positions", "numbers", "particle")
        )
        thickness = float(read_structure(path, "substrate_thickness", i))
        tiles.append(structure_views(positions, numbers, particle, thickness, _cell_a(path), size_px=TILE_PX))
        captions.append(
            f"structure {i}: {placed} of {int(read_structure(path, 'requested_particles', i))} particles"
        )
    return PartitionPicture(tiles, captions, columns=MOST_STRUCTURES)


def _exit_waves(path: Place, shown: range) -> PartitionPicture:
    tiles, captions = [], []
    pruned = store_info(path).pruned
    shows = {"full": "particles and film", "vacuum": "particles in vacuum"}
    for i in shown[:2]:
        for name, text in ((n, t) for n, t in shows.items() if n not in pruned):
            wave = read_structure(path, name, i).mean(axis=0)
            tiles.append(phase_image(wave, _sampling_a(path), size_px=TILE_PX))
            captions.append(f"structure {i}: phase, {text}")
    return PartitionPicture(tiles, captions)


def _zero_defocus(path: Place, shown: range) -> PartitionPicture:
    tiles, captions = [], []
    for i in shown:
        zero = float(read_structure(path, "zero_defocus", i))
        defocus, variance = (read_structure(path, f"curve_{name}", i) for name in ("defocus", "variance"))
        tried = ~np.isnan(defocus)
        tiles.append(variance_curve(defocus[tried], variance[tried], zero, width_px=TILE_PX))
        captions.append(f"structure {i}: zero {zero:.1f} Å before the exit plane")
    return PartitionPicture(tiles, captions)


def _labels(path: Place, waves: Place, shown: range) -> PartitionPicture:
    tiles, captions = [], []
    for i in shown:
        phase = np.angle(read_structure(waves, "full", i).mean(axis=0))
        mask = read_structure(path, "mask", i)
        tiles.append(label_overlay(phase, mask, _sampling_a(path), size_px=TILE_PX))
        iou = float(read_structure(path, "silhouette_iou", i))
        captions.append(f"structure {i}: mask over phase, IoU {iou:.2f}")
    return PartitionPicture(tiles, captions)


def _micrographs(path: Place, shown: range) -> PartitionPicture:
    captions = [f"structure {i}: {float(read_structure(path, 'defocus', i)):+.1f} nm" for i in shown]
    return PartitionPicture([_micrograph(path, i) for i in shown], captions)


def _training_sets(path: Place, shown: range) -> PartitionPicture:
    tiles, captions = [], []
    for i in shown:
        counts, mask = read_structure(path, "counts", i), read_structure(path, "mask", i)
        tiles.append(label_overlay(counts, mask, _sampling_a(path), size_px=TILE_PX))
        what = "validation" if int(read_structure(path, "split", i)) else "train"
        captions.append(f"structure {i}, {what}: {float(read_structure(path, 'defocus', i)):+.1f} nm")
    return PartitionPicture(tiles, captions)


def _micrograph(path: Place, index: int) -> Image.Image:
    return micrograph_image(read_structure(path, "counts", index), _sampling_a(path), size_px=TILE_PX)


def _axis_a(path: Place) -> NDArray[np.float64]:
    return read_column(path, "x")


def _sampling_a(path: Place) -> float:
    return float(np.diff(_axis_a(path)[:2])[0])


def _cell_a(path: Place) -> float:
    return float(store_info(path).recipe.settings["cell_a"])
