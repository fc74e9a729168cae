"""What physics allows: ranges and relations that every stored structure of an asset must keep."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.stages.exit_waves import mean_intensity
from hrtem_assets.stages.labels import SOFT_LEVELS
from hrtem_assets.stages.training_sets import SPLITS, mean_and_std
from hrtem_assets.store.recipe import Recipe

Values = Mapping[str, NDArray[Any]]

LEAST_INTENSITY = 0.9
MOST_LOST_COUNTS = 0.05
# a wrong draw, not a rare one
MOST_SIGMAS = 8.0


def out_of_range(recipe: Recipe, values: Values, sampling_a: float) -> list[str]:
    """What is wrong with one structure, in words; empty if nothing is.

    Args:
        recipe: of its store.
        values: its arrays and records by name, as stored.
        sampling_a: pixel in Å; NaN for assets without images.
    """
    check = _CHECKS.get(recipe.asset)
    return list(check(recipe, values, sampling_a)) if check else []


def _structures(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    count, placed = int(values["atom_count"]), int(values["particle_count"])
    cell_a = recipe.settings["cell_a"]
    atoms = values["positions"][:count]
    lateral = atoms[:, :2]
    if not np.isfinite(atoms).all() or lateral.min() < 0 or lateral.max() > cell_a:
        yield f"atoms lie outside the cell of {cell_a:g} Å"
    if not values["numbers"][:count].all() or values["numbers"][count:].any():
        yield f"atomic numbers do not end with atom_count = {count}"
    particle = values["particle"][:count]
    if not set(np.unique(particle).tolist()) <= {SUBSTRATE, *range(placed)}:
        yield f"atoms belong to particles beyond particle_count = {placed}"
    if not 1 <= placed <= int(values["requested_particles"]):
        yield f"particle_count = {placed} is not between 1 and the number asked for"
    size = recipe.settings["size"]
    radii = values["radius"][:placed]
    if not ((radii >= size["radius_min_a"]) & (radii <= size["radius_max_a"])).all():
        yield f"radii are not between {size['radius_min_a']:g} and {size['radius_max_a']:g} Å"


def _exit_waves(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    # rounding to few mantissa bits can shift all amplitudes alike
    most = 1.0001 + 2.0 ** -recipe.settings["simulation"]["wave_mantissa_bits"]
    # the vacuum wave may have been pruned
    for name in sorted({"full", "vacuum"} & values.keys()):
        intensity = mean_intensity(values[name])
        if not LEAST_INTENSITY < intensity <= most:
            yield f"mean intensity of {name} = {intensity:.6g} is not between {LEAST_INTENSITY} and {most:.6g}"
        if not math.isclose(intensity, float(values[f"{name}_intensity"]), rel_tol=1e-9):
            yield f"{name}_intensity is not the mean intensity of {name}"


def _zero_defocus(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    zero_a = float(values["zero_defocus"])
    curve_a = values["curve_defocus"][np.isfinite(values["curve_defocus"])]
    if zero_a not in curve_a or not curve_a.min() < zero_a < curve_a.max():
        yield f"zero_defocus = {zero_a:g} Å is not inside the curve searched"


def _labels(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    soft, mask, cutoff = values["soft_label"] / SOFT_LEVELS, values["mask"], recipe.settings["mask_cutoff"]
    # the mask was cut before the soft label was rounded
    level = 0.5 / SOFT_LEVELS + 1e-6
    if mask[soft < cutoff - level].any() or not mask[soft > cutoff + level].all():
        yield f"the mask is not the soft label cut at {cutoff:g}"
    if float(values["mask_fraction"]) != float(mask.mean()):
        yield "mask_fraction is not the mask's"
    if not 0 <= float(values["silhouette_iou"]) <= 1:
        yield f"silhouette_iou = {float(values['silhouette_iou']):g} is not between 0 and 1"


def _micrographs(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    counts, condition = values["counts"], recipe.settings["condition"]
    mean, expected = float(counts.mean()), condition["dose_e_per_a2"] * sampling_a**2
    noise = MOST_SIGMAS * math.sqrt(expected / counts.size)
    # an objective aperture takes what it takes
    lost = 1.0 if recipe.settings["optics"]["aperture_mrad"] is not None else MOST_LOST_COUNTS
    if not (1 - lost) * expected - noise <= mean <= (1 + MOST_LOST_COUNTS) * expected + noise:
        yield f"mean counts = {mean:.4g} are not within {lost:.0%} of dose x pixel area = {expected:.4g}"
    if mean != float(values["mean_counts"]) or int(counts.max()) != int(values["most_counts"]):
        yield "mean_counts or most_counts are not the image's"
    off_nm = abs(float(values["defocus"]) - condition["defocus_nm"])
    if not off_nm <= MOST_SIGMAS * recipe.settings["defocus_jitter_nm"]:
        yield f"defocus is {off_nm:.3g} nm from the nominal {condition['defocus_nm']:g} nm"


def _training_sets(recipe: Recipe, values: Values, sampling_a: float) -> Iterator[str]:
    if mean_and_std(values["counts"]) != (float(values["mean"]), float(values["std"])):
        yield "mean and std are not the image's"
    if float(values["mask_fraction"]) != float(values["mask"].mean()):
        yield "mask_fraction is not the mask's"
    if int(values["split"]) not in range(len(SPLITS)):
        yield f"split = {int(values['split'])} is none of {', '.join(SPLITS)}"


_CHECKS: dict[str, Callable[[Recipe, Values, float], Iterator[str]]] = {
    "structures": _structures,
    "exit_waves": _exit_waves,
    "zero_defocus": _zero_defocus,
    "labels": _labels,
    "micrographs": _micrographs,
    "training_sets": _training_sets,
}
