"""Which values of its upstream stores each row was made from, as the stores record it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreInfo
from hrtem_assets.store.schema import UPSTREAM_DIGEST


def recorded_upstream(info: StoreInfo) -> dict[str, NDArray[np.uint64]] | None:
    """Digests of the upstream values that each row was made from, uint64 (row,) by asset.

    Args:
        info: of a finished store.

    Returns:
        None if the store was written before stores recorded them; empty for an asset that is made from none.
    """
    if not info.recipe.upstream:
        return {}
    names = info.attributes.get("upstream")
    if names is None:
        return None
    return dict(zip(names, StoreReader(info.path).column(UPSTREAM_DIGEST).T, strict=True))


def made_from_others(
    recorded: Mapping[str, NDArray[np.uint64]], present: Mapping[str, NDArray[np.uint64]]
) -> dict[str, list[int]]:
    """Rows that were made from other values than are there now, by upstream asset.

    Args:
        recorded: from `recorded_upstream`.
        present: digests of what each row would be made from now, as far as it is there.
    """
    outdated = {}
    for asset, digests in present.items():
        both = min(len(digests), len(recorded[asset]))
        outdated[asset] = np.flatnonzero(recorded[asset][:both] != digests[:both]).tolist()
    return {asset: rows for asset, rows in outdated.items() if rows}
