"""Zarr stores in a folder or a bucket: layout, recipes, resumable writing and checked reading.

The names here are what other rooms use; each is imported when it is first asked for, because Zarr takes its time. What
writes, repairs and prunes stores is asked of its module: `build`, `reopen`, `pruning`, `locking`, `files`.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hrtem_assets.store.checked import CheckedStore, PinnedStore, open_partition, pinned
    from hrtem_assets.store.errors import (
        DamagedError,
        PartitionBusyError,
        PartitionKeyError,
        ReplacedError,
        StoreError,
    )
    from hrtem_assets.store.files import StorePath, store_path
    from hrtem_assets.store.layout import Layout, PartitionId, data_root, layout_from_environment
    from hrtem_assets.store.reader import StoreReader
    from hrtem_assets.store.reading import StoreInfo, find_store, info_or_none, store_info
    from hrtem_assets.store.recipe import Recipe, differences
    from hrtem_assets.store.schema import (
        BOOKKEEPING,
        DEVICES,
        Coordinate,
        Schema,
        Variable,
        flags,
        pixel_coordinates,
    )

# the light ones first
_MODULES = ("errors", "files", "layout", "recipe", "schema", "reading", "reader", "checked")

# names, and modules that other rooms may import
__all__ = [
    "BOOKKEEPING",
    "DEVICES",
    "CheckedStore",
    "Coordinate",
    "DamagedError",
    "Layout",
    "PartitionBusyError",
    "PartitionId",
    "PartitionKeyError",
    "PinnedStore",
    "Recipe",
    "ReplacedError",
    "Schema",
    "StoreError",
    "StoreInfo",
    "StorePath",
    "StoreReader",
    "Variable",
    "build",
    "commits",
    "data_root",
    "differences",
    "files",
    "find_store",
    "flags",
    "info_or_none",
    "integrity",
    "journal",
    "layout_from_environment",
    "ledger",
    "lineage",
    "locking",
    "open_partition",
    "pinned",
    "pixel_coordinates",
    "pruning",
    "reading",
    "reopen",
    "room",
    "store_info",
    "store_path",
    "zarr_files",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """One of the names above, from its module, or a module."""
        if find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        for module in _MODULES if name in __all__ else ():
            if hasattr(source := import_module(f"{__name__}.{module}"), name):
                return getattr(source, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
