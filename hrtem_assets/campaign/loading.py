"""Campaign files: presets, a user's YAML that extends them, and the environment variable that names one."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hrtem_assets.base.environment import environment
from hrtem_assets.base.files import FileError, find_file, shown
from hrtem_assets.base.model import explain, name_in_words
from hrtem_assets.base.yaml_reading import YamlError, parse_yaml, read_yaml
from hrtem_assets.campaign.campaign import Campaign
from hrtem_assets.campaign.errors import CampaignError
from hrtem_assets.imaging.distributions import stands_alone

PRESETS = (
    "demo",
    "paper",
    "barrere2026",
    "leth_larsen2023",
    "madsen2018",
    "ragone2020",
    "sytwu2023",
    "sytwu2023_nitride",
    "vincent2021",
)
MOST_FILES = 20
"""Files that may extend each other."""


def load_campaign(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Campaign:
    """Load a campaign from a preset's name or a YAML file.

    A file may begin with `extends: paper` (a preset or another file). Its mappings are then merged into the
    base's; `null` removes an entry; a list replaces the base's, and `conditions+:` appends to it.

    Args:
        name_or_path: `demo`, `paper`, or a path to a YAML file.
        overrides: settings merged on top, in the same form.

    Raises:
        CampaignError: if the file is absent, not YAML, or holds a bad value.
    """
    data = _read(str(name_or_path), ())
    if overrides:
        data = _merge(data, overrides, "what is put on top")
    return _validated(data, f"campaign {shown(str(name_or_path))}")


def with_overrides(campaign: Campaign, overrides: Mapping[str, Any]) -> Campaign:
    """A campaign with some settings replaced, validated as a whole.

    Args:
        campaign: where every other setting comes from.
        overrides: nested settings in the form of a campaign file, for example
            `{"simulation": {"slice_thickness_a": 2.0}}`. An engine named here holds for every specimen.

    Raises:
        CampaignError: if a value is bad.
    """
    if not overrides:
        return campaign
    changes = dict(overrides)
    if "engine" in changes.get("simulation", {}):
        changes = {"engines": None} | changes
    return _validated(
        # what was not written stays open to what conditions say
        _merge(campaign.model_dump(exclude_unset=True), changes, "the run configuration"),
        "the run configuration",
    )


def campaign_from_environment() -> Campaign:
    """The campaign that `HRTEM_CAMPAIGN` names; the demo preset if it is not set."""
    return load_campaign(environment().campaign)


def _validated(data: dict[str, Any], source: str) -> Campaign:
    try:
        return Campaign.model_validate(data)
    except ValidationError as error:
        text = explain(error, Campaign, source)
        raise CampaignError(f"{source} cannot be used:\n{text}") from None


def _read(name: str, parents: tuple[str, ...]) -> dict[str, Any]:
    """What a preset or file says, merged into what it extends."""
    by = f", which {parents[-1]} extends" if parents else ""
    try:
        # two ways to write one path are one file
        path = None if name in PRESETS else find_file(Path(name))
        if name not in PRESETS and path is None:
            repair = "correct `extends`" if parents else "set HRTEM_CAMPAIGN to one of these"
            raise CampaignError(
                f"no campaign {shown(name)}{by}: it is neither a preset ({', '.join(PRESETS)}) nor a file; {repair}"
            )
        name = name if path is None else str(path)
        if name in parents:
            raise CampaignError(
                f"campaign files extend each other in a circle: {' -> '.join((*parents, name))}; "
                f"remove `extends` from one of them"
            )
        if len(parents) == MOST_FILES:
            raise CampaignError(
                f"{parents[0]} and what it extends are more than {MOST_FILES} files; write several of them as one"
            )
        if path is None:
            text = files("hrtem_assets.campaign").joinpath(f"presets/{name}.yaml").read_bytes()
            data = parse_yaml(text)
        else:
            data = _beside(path.parent, read_yaml(path))
    except (FileError, YamlError) as error:
        raise CampaignError(f"campaign {error}{by}") from None
    said = f"campaign {shown(name)}"
    base = data.pop("extends", None)
    if base is None:
        return _merge({}, data, said)
    if not isinstance(base, str):
        raise CampaignError(
            f"{said}: extends = {shown(str(base))} must be the name of one preset "
            f"({', '.join(PRESETS)}) or file"
        )
    if base not in PRESETS and path is not None:
        base = base if base.startswith("~") else str(path.parent / base)
    return _merge(_read(base, (*parents, name)), data, said)


def _beside(folder: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the files that they name relative to this one made absolute: CIFs, and tables of detectors."""
    data = {k: _tables_beside(folder, v) for k, v in data.items()}
    lattices = data.get("lattices")
    if isinstance(lattices, dict):
        data["lattices"] = {name: _files_beside(folder, lattice) for name, lattice in lattices.items()}
    substrate = data.get("substrate")
    if (
        isinstance(substrate, dict)
        and isinstance(crystal := substrate.get("crystal"), dict)
        and "lattice" in crystal
    ):
        support = {**crystal, "lattice": _files_beside(folder, crystal["lattice"])}
        data["substrate"] = {**substrate, "crystal": support}
    return data


def _files_beside(folder: Path, lattice: Any) -> Any:
    if not isinstance(lattice, Mapping):
        return lattice
    named = [key for key in ("cif", "atoms") if isinstance(lattice.get(key), str)]
    return {**lattice, **{key: str(folder / Path(lattice[key]).expanduser()) for key in named}}


def _tables_beside(folder: Path, value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {k: _tables_beside(folder, v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_tables_beside(folder, v) for v in value]
    return str(folder / value) if key == "file" and isinstance(value, str) else value


def _is_whole(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping stands for itself: a lattice from a file, a mixture, or an orientation, whose rule it names."""
    return any(key in value for key in ("cif", "atoms", "mixture")) or isinstance(
        value.get("orientation"), str
    )


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Changes put on top; the source of these is named where they cannot be."""
    merged = dict(base)
    for key, value in changes.items():
        plain = str(key).removesuffix("+")
        if key == f"{plain}+":
            present = merged.get(plain, [])
            if not isinstance(present, list | tuple) or not isinstance(value, list | tuple):
                raise CampaignError(
                    f"{source}: {name_in_words(key)} appends to a list: give a list, and only where "
                    f"{name_in_words(plain)} is one"
                )
            if plain in changes:
                raise CampaignError(
                    f"{source}: {name_in_words(key)} appends to the list that {name_in_words(plain)} replaces; write "
                    f"all of it there"
                )
            merged[plain] = [*present, *value]
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            before = merged.get(key)
            merged[key] = _merge(
                {}
                if _is_whole(value) or not isinstance(before, Mapping) or stands_alone(value, before)
                else before,
                value,
                source,
            )
        else:
            merged[key] = value
    return merged
