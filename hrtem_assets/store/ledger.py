"""What was published under an assets folder, so that a store that vanishes is missed: one small file a partition."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hrtem_assets.store import files
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reading import StoreInfo, damaged_error, find_store

ENDING = ".json"
# a store is noted an instant after it has taken its place
_LOOKS, _LOOK_S = 20, 0.05


def note_published(layout: Layout, partition: PartitionId, info: StoreInfo) -> None:
    """Note that a partition's store has taken its place; written in one step, and only where it says something new.

    Args:
        layout: where stores lie.
        partition: which.
        info: of its finished store.
    """
    noted = {"recipe_digest": info.recipe.digest, "structures": info.structures}
    if noted.items() <= published(layout, partition).items():
        return
    entry = noted | {"published_at": datetime.now(UTC).isoformat(timespec="seconds")}
    files.write(layout.published(partition), json.dumps(entry).encode())


def published(layout: Layout, partition: PartitionId) -> dict[str, Any]:
    """What was noted of a partition: `recipe_digest`, `structures`, `published_at`; empty if nothing was.

    Args:
        layout: where stores lie.
        partition: which.
    """
    try:
        entry = json.loads(files.read(layout.published(partition)))
        return {
            "recipe_digest": str(entry["recipe_digest"]),
            "structures": int(entry["structures"]),
            "published_at": str(entry["published_at"]),
        }
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        # a damaged note still says, by its name, that there was something
        return {}


def find_published(layout: Layout, partition: PartitionId) -> StoreInfo:
    """A partition's finished store, if it is the one that was published there; where nothing was noted, any is.

    Args:
        layout: where stores lie.
        partition: which.

    Raises:
        DamagedError: if a store of another recipe lies in its place; names the repair.
        StoreError: if there is none; names the command that makes it.
    """
    for _ in range(_LOOKS):
        info = find_store(layout, partition)
        words = displaced(layout, partition, info)
        if not words:
            return info
        time.sleep(_LOOK_S)
    raise damaged_error(info.path, partition, words)


def displaced(layout: Layout, partition: PartitionId, info: StoreInfo) -> str:
    """Which other recipe's store was published where this one lies, in words; empty if none was.

    Args:
        layout: where stores lie.
        partition: which.
        info: of the store that lies in its place.
    """
    noted = published(layout, partition)
    if not noted or noted["recipe_digest"] == info.recipe.digest:
        return ""
    return (
        f"a store of recipe {info.recipe.digest} lies in its place, but one of recipe {noted['recipe_digest']} was "
        f"published there on {noted['published_at']}"
    )


def published_partitions(layout: Layout) -> Iterator[PartitionId]:
    """Every partition of which something was noted.

    Args:
        layout: where stores lie.
    """
    for asset in files.children(layout.published_folder):
        for specimen in files.children(asset):
            if specimen.suffix == ENDING:
                yield PartitionId(asset.name, specimen.name.removesuffix(ENDING))
                continue
            for condition in files.children(specimen):
                if condition.suffix == ENDING:
                    yield PartitionId(asset.name, specimen.name, condition.name.removesuffix(ENDING))
