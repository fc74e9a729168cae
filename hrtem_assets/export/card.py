"""The dataset card of an export: a README with YAML front matter as dataset hubs read it."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.campaign import TrainingSets
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.content import TABLE, ExportFormat
from hrtem_assets.export.formats.source import Source
from hrtem_assets.export.particle_tables import particle_tables
from hrtem_assets.imaging.distributions import DISTRIBUTIONS, written
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


def summary(data: Collection) -> str:
    """The dataset in one or two sentences.

    Args:
        data: stores of `training_sets` or `structures`.
    """
    if not data.is_series:
        return _summary(data.sources[0])
    recipes = [source.info.recipe for source in data.sources]
    specimens = len({recipe.specimen for recipe in recipes})
    words = f"of {specimens} {_counted('specimen', specimens)}"
    if not data.has_images:
        supports = dict.fromkeys(_support(source) for source in data.sources)
        return f"{len(data)} atomic models {words}: particles {' or '.join(supports)}."
    lattices = dict.fromkeys(str(s.info.attributes["specimen"]["lattice_name"]) for s in data.sources)
    conditions = len({recipe.condition for recipe in recipes})
    return (
        f"{len(data)} simulated high-resolution transmission electron micrographs {words} ({', '.join(lattices)}) "
        f"under {conditions} {_counted('condition', conditions)} of imaging, with particle masks for training "
        f"segmentation networks."
    )


def _counted(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _summary(source: Source) -> str:
    recipe, attributes = source.info.recipe, source.info.attributes
    if recipe.condition is None:
        return (
            f"{len(source)} atomic models of {recipe.specimen}: particles {_support(source)}, as simulated "
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
        f"{size['radius_min_a'] / 10:g} to {size['radius_max_a'] / 10:g} nm radius {_support(source)}, at "
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


def dataset_card(data: Collection, form: ExportFormat, terms: TrainingSets) -> str:
    """The card's text; equal for equal stores.

    Args:
        data: what was exported.
        form: how.
        terms: licence and citation.
    """
    import yaml

    front = yaml.safe_dump(_front_matter(data, form, terms), sort_keys=False, allow_unicode=True)
    kinds = (*form.files_of(data), TABLE, *particle_tables(data))
    files = "\n".join(f"- `{f.pattern}`: {f.description}" for f in kinds)
    columns = "\n".join(f"| `{c.name}` | {c.description} |" for c in data.columns)
    places = ", in the folder of a partition," if data.is_series and kinds[0] not in form.files else ""
    version = data.sources[0].info.attributes["provenance"]["package_version"]
    digest = "" if data.is_series else f", recipe `{data.sources[0].info.recipe.digest}`"
    imaging = _each(data, _imaging)
    parts = [
        f"---\n{front}---\n\n# {data.name}\n\n{summary(data)}",
        f"## Files\n\n{files}\n- `croissant.json`: this description for machines; `recipe.json`: every setting that "
        f"decided a number; `SHA256SUMS`: check with `sha256sum --check SHA256SUMS`",
        f"Opened{places} with {form.library}:\n\n```python\n{form.example}```",
        _partitions(data),
        _labels(data),
        f"## Table\n\n| column | |\n|---|---|\n{columns}",
        _splits(data),
        _particles(data),
        _section("Crystal", _each(data, _crystal)),
        _section("To be known", _each(data, _remarks)),
        f"## How it was made\n\n| setting | value |\n|---|---|\n{_settings_table(data)}",
        imaging,
        f"Every other setting is in `recipe.json`. Made by hrtem_assets {version}{digest}.",
        _section("Limits", _each(data, _limits)),
        f"## Licence and citation\n\nData under {terms.license} (`LICENSE`). Cite (`CITATION.txt`): {terms.citation}"
        + (
            "" if terms.citation == SOURCE_PAPER else f"\n\nThe design of the dataset follows: {SOURCE_PAPER}"
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""


def _each(data: Collection, words: Callable[[Source], str]) -> str:
    """What there is to say of every source, said once where it is the same for several."""
    said: dict[str, list[str]] = {}
    for source in data.sources:
        said.setdefault(words(source), []).append(source.key)
    if len(said) == 1:
        return next(iter(said))
    named = {text: keys for text, keys in said.items() if text}
    return "\n\n".join(
        f"Of {', '.join(f'`{key}`' for key in keys)}:\n\n{text}" for text, keys in named.items()
    )


def _partitions(data: Collection) -> str:
    """How many rows of each partition a series holds."""
    if not data.is_series:
        return ""
    splits = list(data.splits)
    lines = []
    for source in data.sources:
        recipe, held = source.info.recipe, source.splits()
        numbers = [len(source), *(held.get(split, 0) for split in splits)]
        key = recipe.specimen if recipe.condition is None else f"{recipe.specimen} | {recipe.condition}"
        lines.append(f"| {key} | {' | '.join(map(str, numbers))} |")
    header = ["specimen", *(["condition", "images"] if data.has_images else ["structures"]), *splits]
    rule = "|".join("---" for _ in header)
    return _section("Partitions", "\n".join([f"| {' | '.join(header)} |", f"|{rule}|", *lines]))


def _labels(data: Collection) -> str:
    """Every plane with its type and meaning."""
    if not data.planes:
        return ""
    lines = [
        f"| `{p.name}` | {p.dtype} | {'' if p.units == '1' else p.units} | {p.description} |"
        for p in data.planes
    ]
    classes = ", ".join(f"{number}: {name}" for number, name in enumerate(data.classes))
    numbers = f"\n\nClasses are {classes}." if classes else ""
    header = "| plane | type as stored | unit | |\n|---|---|---|---|"
    return _section("Images and labels", "\n".join([header, *lines]) + numbers)


def size_category(rows: int) -> str:
    """The size class that dataset hubs know, such as `n<1K`."""
    return next((name for limit, name in SIZES if rows < limit), "n>1M")


def _front_matter(data: Collection, form: ExportFormat, terms: TrainingSets) -> dict[str, Any]:
    return {
        "license": terms.license.lower(),
        "pretty_name": data.name,
        "task_categories": ["image-segmentation"] if data.has_images else ["other"],
        "tags": [*TAGS, *([] if data.has_images else ["atomistic"])],
        "size_categories": [size_category(len(data))],
        **form.front_matter(data.splits),
    }


def _splits(data: Collection) -> str:
    if not data.splits:
        return ""
    held = ", ".join(f"{name}: {count} images" for name, count in data.splits.items())
    together = " All images of a structure are in the same split." if data.is_several else ""
    return _section(
        "Splits",
        f"{held}.{together} Structure 17 is the same structure under every condition of a specimen, and "
        f"in the same split there: never train on a structure under one condition and validate on it under another.",
    )


def _particles(data: Collection) -> str:
    """How many particles the images show, of which class, and how well they can be seen."""
    if not data.has_images:
        return ""
    seen, classes, indices = 0, dict[str, int](), list[NDArray[Any]]()
    for source in data.sources:
        pixels = source.particles("particle_pixels")
        if pixels is None:
            continue
        shown = pixels > 0
        seen += int(shown.sum())
        if (faults := source.particles("particle_faults")) is not None:
            for lattice, of in _by_phase(source, shown):
                faulted = int((faults[of] > 0).sum())
                for name, count in (
                    (lattice, int(of.sum()) - faulted),
                    (f"{lattice} with stacking faults", faulted),
                ):
                    classes[name] = classes.get(name, 0) + count
        if (index := source.particles("particle_visibility")) is not None:
            indices.append(index[shown])
    if not seen:
        return ""
    lines = [f"{seen} particles, or parts of them, in {len(data)} images."]
    if classes:
        lines.append("; ".join(f"{name}: {count}" for name, count in classes.items()) + ".")
    if indices:
        lines.append(_visibility(np.concatenate(indices)))
    return _section("Particles", " ".join(lines).replace(" \n", "\n"))


def _by_phase(source: Source, shown: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The particles that are shown, by their crystals."""
    phases = source.particles("particle_phase") if source.checked.has("particle_phase") else None
    if phases is None:
        yield str(source.info.attributes["specimen"]["lattice_name"]), shown
        return
    names = str(source.checked.array("particle_phase").attrs["flag_meanings"]).split()
    for number, name in enumerate(names):
        yield name, shown & (phases == number)


def _visibility(index: NDArray[Any]) -> str:
    """A histogram of how well particles can be seen."""
    edges = (0, ROSE, 2 * ROSE, 4 * ROSE, 8 * ROSE, math.inf)
    counts = np.histogram(index, edges)[0]
    names = [
        f"below {ROSE:g}",
        *(f"{a:g} to {b:g}" for a, b in itertools.pairwise(edges[1:-1])),
        f"{edges[-2]:g} and more",
    ]
    table = "\n".join(f"| {name} | {n} |" for name, n in zip(names, counts.tolist(), strict=True))
    return (
        f"\n\nHow well they can be seen, by the detectability index of each in its image; below {ROSE:g}, Rose's "
        f"limit, a particle is easily missed:\n\n| index | particles |\n|---|---|\n{table}"
    )


def _crystal(source: Source) -> str:
    # stores of earlier versions have none
    crystal = source.info.attributes.get("crystal")
    if crystal is None:
        return ""
    if "frames" in crystal:
        low, high = crystal["atoms"]
        return (
            f"{crystal['frames']} frames of {crystal['files']} files: {', '.join(crystal['elements'])}, {low:,} to "
            f"{high:,} atoms, shortest distance {crystal['shortest_distance_a']:.3f} Å."
        )
    if "formula" not in crystal:
        return "\n\n".join(f"**{name}**: {_one_crystal(figures)}" for name, figures in crystal.items())
    return _one_crystal(crystal)


def _one_crystal(crystal: Mapping[str, Any]) -> str:
    notes = "".join(f"\n- {words}" for words in crystal["remarks"])
    return (
        f"{crystal['formula']} in {crystal['setting']}, {crystal['formula_units']} formula units and "
        f"{crystal['atoms_per_cell']} atoms per cell, {crystal['density_g_per_cm3']:.4g} g/cm³, shortest distance "
        f"{crystal['nearest']} {crystal['shortest_distance_a']:.3f} Å." + (f"\n{notes}" if notes else "")
    )


def _remarks(source: Source) -> str:
    return "\n".join(f"- {words}." for words in remarks(source.info))


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
    return "Exit waves were imaged through:\n\n" + "\n".join(sentences)


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


def _support(source: Source) -> str:
    """What the particles lie on, such as `on an amorphous substrate`."""
    settings = _recipes(source).get("structures", {}).get("settings", {})
    substrate = settings.get("substrate", {})
    edge = ", at its edge" if "edge" in substrate else ""
    if settings.get("lattice", {}).get("used_as") == "structure":
        return "as read from files"
    if "crystal" in substrate:
        sites = substrate["crystal"]["lattice"]["sites"]
        elements = dict.fromkeys(site["element"] for site in sites)
        return f"on crystalline {'-'.join(elements)}{edge}"
    if substrate.get("thickness_max_a") == 0:
        return "without a substrate"
    named = f"amorphous {'-'.join(substrate['composition'])}" if "composition" in substrate else ""
    return f"on {named or 'an amorphous substrate'}{edge}"


def _settings_table(data: Collection) -> str:
    """The settings that people ask for first; where sources differ, all values."""
    told = [(name, *row) for name, asset in ASSETS.items() for row in asset.card_rows]
    rows = []
    for name, path, text in told:
        values = dict.fromkeys(_setting(_recipes(source), name, path) for source in data.sources)
        if shown := "; ".join(value for value in values if value):
            rows.append(f"| {text} | {shown} |")
    return "\n".join(rows)


def _setting(recipes: dict[str, Any], asset: str, path: str) -> str:
    """One setting as it is written; empty where there is none."""
    value = recipes.get(asset, {}).get("settings")
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, Mapping) and not any(kind in value for kind in DISTRIBUTIONS):
        # a rule by its name, or parts of each of some things
        return str(value.get("orientation") or ", ".join(f"{k} {v:g}" for k, v in value.items()))
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return ", ".join(str(item.get("shape") or item.get("defect")) for item in value)
    return written(value) if isinstance(value, float | Mapping) else str(value)
