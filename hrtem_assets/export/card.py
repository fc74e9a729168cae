"""The dataset card of an export: a README with YAML front matter as dataset hubs read it."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.campaign import TrainingSets
from hrtem_assets.export.formats.content import TABLE, ExportFormat
from hrtem_assets.export.formats.source import Source
from hrtem_assets.export.particle_tables import particle_tables
from hrtem_assets.imaging.distributions import written
from hrtem_assets.imaging.draws import ImageDistribution
from hrtem_assets.imaging.effects import ALL, effects_of
from hrtem_assets.labels.detectability import ROSE

SOURCE_PAPER = TrainingSets().citation
IMAGE_LIMITS = (
    "Labels come from the simulated waves, not from people; they mark where particles shift the phase, not where one "
    "would draw an outline by eye. The simulated cell is periodic: the substrate goes on across its edges, where "
    "particles are cut, and most of the particles that an image shows are cut by its edge. Where no room was found, a "
    "structure holds fewer particles than were drawn. Not from the publication: thermal displacements of 0.1 Å rms, "
    "which Construction Zone fixes for every element, and the number of images for validation."
)
STRUCTURE_LIMITS = (
    "Geometric models: spheres cut from perfect or faulted crystals on a random substrate, not relaxed. Positions are "
    "at rest; simulations add thermal displacements."
)
TAGS = ("hrtem", "electron-microscopy", "nanoparticles", "simulation", "materials-science")
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))


def dataset_name(source: Source) -> str:
    """A name such as `CdSe-medium_df-10nm_400e`; of structures the specimen alone."""
    recipe = source.info.recipe
    return recipe.specimen if recipe.condition is None else f"{recipe.specimen}_{recipe.condition}"


def summary(source: Source) -> str:
    """The dataset in one or two sentences.

    Args:
        source: a store of `training_sets` or `structures`.
    """
    recipe, attributes = source.info.recipe, source.info.attributes
    if recipe.condition is None:
        return (
            f"{len(source)} atomic models of {recipe.specimen}: particles on an amorphous substrate, as simulated "
            f"high-resolution transmission electron micrographs were computed from them."
        )
    size, condition = attributes["specimen"]["size"], attributes["condition"]
    pixels = " x ".join(str(n) for n in source.shape("counts")[1:])
    sampling_a = attributes["sampling_a"]
    sampling = "a size that is drawn" if sampling_a is None else f"{sampling_a:g} Å"
    defocus, dose = condition["defocus_nm"], condition["dose_e_per_a2"]
    drawn = isinstance(defocus, Mapping)
    electrons = source.checked.array("counts").attrs.get("units") == "electrons"
    counted = "electron counts" if electrons else "counts of the detector"
    at = f"a defocus of {written(defocus)} nm" if drawn else f"a nominal defocus of {defocus:+g} nm"
    return (
        f"{len(source)} simulated high-resolution transmission electron micrographs ({pixels} pixels of "
        f"{sampling}, {counted}) of {attributes['specimen']['lattice_name']} particles of "
        f"{size['radius_min_a'] / 10:g} to {size['radius_max_a'] / 10:g} nm radius on an amorphous substrate, at "
        f"{attributes['beam_energy_kev']:g} kV, {written(dose)} e/Å² and {at} "
        f"from each structure's focus of least contrast (underfocus positive), "
        f"with particle masks for training segmentation networks.{_draws(source)}"
    )


def _draws(source: Source) -> str:
    """How many images each structure has, where that is more than one."""
    if not source.is_several:
        return ""
    structures, each = len(set(source.structures)), source.info.rows_per_structure
    least = "" if len(source) == structures * each else "up to "
    return (
        f" They are {len(source)} images of {structures} structures, {least}{each} draws each: the same atoms, "
        f"with what is drawn for each image, such as its defocus and its noise."
    )


def dataset_card(source: Source, form: ExportFormat, terms: TrainingSets) -> str:
    """The card's text; equal for equal stores.

    Args:
        source: what was exported.
        form: how.
        terms: licence and citation.
    """
    import yaml

    front = yaml.safe_dump(_front_matter(source, form, terms), sort_keys=False, allow_unicode=True)
    files = "\n".join(
        f"- `{f.pattern}`: {f.description}" for f in (*form.files, TABLE, *particle_tables(source))
    )
    columns = "\n".join(f"| `{c.name}` | {c.description} |" for c in source.columns)
    parts = [
        f"---\n{front}---\n\n# {dataset_name(source)}\n\n{summary(source)}",
        f"## Files\n\n{files}\n- `croissant.json`: this description for machines; `recipe.json`: every setting that "
        f"decided a number; `SHA256SUMS`: check with `sha256sum --check SHA256SUMS`",
        f"Opened with {form.library}:\n\n```python\n{form.example}```",
        f"## Table\n\n| column | |\n|---|---|\n{columns}",
        _splits(source),
        _particles(source),
        _crystal(source),
        _remarks(source),
        f"## How it was made\n\n| setting | value |\n|---|---|\n{_settings_table(source)}\n\n{_imaging(source)}"
        f"Every other setting is in `recipe.json`. Made by hrtem_assets "
        f"{source.info.attributes['provenance']['package_version']}, recipe `{source.info.recipe.digest}`.",
        f"## Limits\n\n{_limits(source)}",
        f"## Licence and citation\n\nData under {terms.license} (`LICENSE`). Cite (`CITATION.txt`): {terms.citation}"
        + (
            "" if terms.citation == SOURCE_PAPER else f"\n\nThe design of the dataset follows: {SOURCE_PAPER}"
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def size_category(rows: int) -> str:
    """The size class that dataset hubs know, such as `n<1K`."""
    return next((name for limit, name in SIZES if rows < limit), "n>1M")


def _front_matter(source: Source, form: ExportFormat, terms: TrainingSets) -> dict[str, Any]:
    images = source.info.recipe.condition is not None
    return {
        "license": terms.license.lower(),
        "pretty_name": dataset_name(source),
        "task_categories": ["image-segmentation"] if images else ["other"],
        "tags": [*TAGS, *([] if images else ["atomistic"])],
        "size_categories": [size_category(len(source))],
        **form.front_matter(source.splits()),
    }


def _splits(source: Source) -> str:
    splits = source.splits()
    if not splits:
        return ""
    held = ", ".join(f"{name}: {count} images" for name, count in splits.items())
    together = " All images of a structure are in the same split." if source.is_several else ""
    return (
        f"## Splits\n\n{held}.{together} Structure 17 is the same structure under every condition of a specimen, and "
        f"in the same split there: never train on a structure under one condition and validate on it under another."
    )


def _particles(source: Source) -> str:
    """How many particles the images show, of which class, and how well they can be seen."""
    shown = source.particles("particle_pixels")
    if shown is None:
        return ""
    shown = shown > 0
    lines = [f"{int(shown.sum())} particles, or parts of them, in {len(source)} images."]
    faults = source.particles("particle_faults")
    if faults is not None:
        lattice = source.info.attributes["specimen"]["lattice_name"]
        faulted = int((faults[shown] > 0).sum())
        lines.append(f"{lattice}: {int(shown.sum()) - faulted}; {lattice} with stacking faults: {faulted}.")
    index = source.particles("particle_visibility")
    if index is not None:
        edges = (0, ROSE, 2 * ROSE, 4 * ROSE, 8 * ROSE, math.inf)
        counts = np.histogram(index[shown], edges)[0]
        names = [
            f"below {ROSE:g}",
            *(f"{a:g} to {b:g}" for a, b in itertools.pairwise(edges[1:-1])),
            f"{edges[-2]:g} and more",
        ]
        table = "\n".join(f"| {name} | {n} |" for name, n in zip(names, counts.tolist(), strict=True))
        lines.append(
            f"\n\nHow well they can be seen, by the detectability index of each in its image; below {ROSE:g}, Rose's "
            f"limit, a particle is easily missed:\n\n| index | particles |\n|---|---|\n{table}"
        )
    return "## Particles\n\n" + " ".join(lines).replace(" \n", "\n")


def _crystal(source: Source) -> str:
    # stores of earlier versions have none
    crystal = source.info.attributes.get("crystal")
    if crystal is None:
        return ""
    notes = "".join(f"\n- {words}" for words in crystal["remarks"])
    return (
        f"## Crystal\n\n{crystal['formula']} in {crystal['setting']}, {crystal['formula_units']} formula units and "
        f"{crystal['atoms_per_cell']} atoms per cell, {crystal['density_g_per_cm3']:.4g} g/cm³, shortest distance "
        f"{crystal['nearest']} {crystal['shortest_distance_a']:.3f} Å." + (f"\n{notes}" if notes else "")
    )


def _remarks(source: Source) -> str:
    notes = remarks(source.info)
    return "## To be known\n\n" + "\n".join(f"- {words}." for words in notes) if notes else ""


def _imaging(source: Source) -> str:
    """What the microscope did, effect by effect; empty for structures."""
    settings = _recipes(source).get("micrographs", {}).get("settings")
    if settings is None:
        return ""
    images = ImageDistribution.of_recipe(settings)
    sentences = [
        f"{n}. {e.sentence(images.microscope, images.dose_e_per_a2)}."
        for n, e in enumerate(effects_of(settings), 1)
    ]
    return "Exit waves were imaged through:\n\n" + "\n".join(sentences) + "\n\n"


def _limits(source: Source) -> str:
    """What the data do not show, and what labels cannot tell."""
    if source.info.recipe.condition is None:
        return STRUCTURE_LIMITS
    recipes = _recipes(source)
    acting = {e.name for e in effects_of(recipes.get("micrographs", {}).get("settings", {}))}
    lacking = [effect.without for effect in ALL if effect.without and effect.name not in acting]
    if "contamination" not in recipes.get("structures", {}).get("settings", {}).get("substrate", {}):
        lacking.append("contamination")
    return (
        f"Simulated: {', '.join(f'no {what}' for what in (*lacking, 'inelastic background'))}. {IMAGE_LIMITS}"
    )


def _recipes(source: Source) -> dict[str, Any]:
    """Recipes of everything that decided the data, by asset."""
    recipe = source.info.recipe
    return {
        **source.info.attributes.get("upstream_recipes", {}),
        recipe.asset: recipe.model_dump(mode="json"),
    }


def _settings_table(source: Source) -> str:
    recipes, rows = _recipes(source), []
    told = ((name, *row) for name, asset in ASSETS.items() for row in asset.card_rows)
    for name, path, text in told:
        value = recipes.get(name, {}).get("settings")
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            number = isinstance(value, float | Mapping)
            rows.append(f"| {text} | {written(value)} |" if number else f"| {text} | {value} |")
    return "\n".join(rows)
