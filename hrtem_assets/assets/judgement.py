"""What is wrong with a finished store, or must be known of it: what `hrtem verify`, runs, checks and cards say."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.remarks import some
from hrtem_assets.store import Recipe, StoreInfo, StoreReader


def remarks(info: StoreInfo) -> list[str]:
    """Sentences on structures that could not be made, and on whatever else its asset has to say of a store.

    Args:
        info: a finished store of any asset.
    """
    lines = [f"{info.row_name(index)}: {reason}" for index, reason in info.failures.items()]
    count = f"{len(lines)} of {info.rows} {info.row_word}s"
    said = [f"{count} could not be made: {some(lines)}"] if lines else []
    return [*said, *asset_remarks(info)]


def asset_remarks(info: StoreInfo) -> list[str]:
    """What a store's asset has to say of it, in sentences.

    Args:
        info: a finished store of any asset.
    """
    store = StoreReader(info.path)
    return list(ASSETS[info.recipe.asset].remarks(info, lambda name: store.column(name)[info.made]))


def violations(recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float) -> list[str]:
    """What physics does not allow of one structure, in words; empty if nothing is wrong.

    Args:
        recipe: of its store.
        values: its arrays and records by name, as stored.
        sampling_a: pixel in Å; NaN for assets without images.
    """
    return list(ASSETS[recipe.asset].violations(recipe, values, sampling_a))


def figures(info: StoreInfo) -> dict[str, float]:
    """Figures of a store's structures, as a materialization shows them; none where none could be made.

    Args:
        info: a finished store of any asset.
    """
    if not info.made:
        return {}
    asset, store = ASSETS[info.recipe.asset], StoreReader(info.path)
    shown = asset.figures(lambda name: store.column(name)[info.made])
    return {name: round(value, 6) for name, value in shown.items()}
