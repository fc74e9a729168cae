"""Reading finished stores, checked against the recipe that is expected."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.store import places
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import MARK, Place
from hrtem_assets.store.recipe import Recipe, differences

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class StoreInfo:
    """What a finished store says of itself.

    Attributes:
        path: the store.
        structures: how many it holds.
        recipe: what decided its numbers.
        attributes: all root attributes.
    """

    path: Place
    structures: int
    recipe: Recipe
    attributes: dict[str, Any]

    @property
    def pruned(self) -> tuple[str, ...]:
        """Arrays of which some structures' values are gone."""
        return tuple(self.attributes.get("pruned", ()))


def store_info(path: Place) -> StoreInfo:
    """Read a finished store's own description.

    Raises:
        StoreError: if the folder is not a complete store of ours.
    """
    try:
        attributes = json.loads(places.read(path / MARK))["attributes"]
        if attributes.get("complete") is not True:
            raise ValueError("it does not say that it is complete")
        return StoreInfo(
            path, int(attributes["structures"]), Recipe.model_validate(attributes["recipe"]), attributes
        )
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise StoreError(
            f"{path} is not a complete store ({type(error).__name__}: {error}); delete the folder and materialize "
            f"the partition again"
        ) from error


def find_store(layout: Layout, partition: PartitionId) -> StoreInfo:
    """A partition's finished store.

    Raises:
        StoreError: if there is none; names the command that makes it.
    """
    path = layout.store(partition)
    if not places.is_made(path):
        places.require_bucket(layout.assets)
        raise StoreError(f"{partition} has not been made; make it with: {repair_command(partition)}")
    return store_info(path)


def require_recipe(info: StoreInfo, partition: PartitionId, wanted: Recipe) -> None:
    """Refuse a store whose recipe differs from the expected one.

    Raises:
        StoreError: names what differs and the command that repairs it.
    """
    if info.recipe.digest == wanted.digest:
        return
    shown = "\n  ".join(differences(info.recipe, wanted))
    raise StoreError(
        f"{partition} was made with another recipe:\n  {shown}\n"
        f"make it again with: {repair_command(partition)}\n"
        f"or return to the settings that it was made with"
    )


def open_partition(layout: Layout, partition: PartitionId) -> "xr.Dataset":
    """A partition as a lazy xarray Dataset, the same as `xarray.open_zarr` on its path."""
    return open_store(find_store(layout, partition).path)


def open_store(path: Place, **options: Any) -> "xr.Dataset":
    """A finished store as a lazy xarray Dataset, the same as `xarray.open_zarr` on its path or URL.

    Args:
        path: a finished store.
        options: for `xarray.open_zarr`.
    """
    import xarray as xr

    with places.explained(path):
        return xr.open_zarr(places.zarr_store(path), **options)


def open_array(path: Place, variable: str) -> zarr.Array[Any]:
    """One variable of a store.

    Args:
        path: a store.
        variable: its name.

    Raises:
        FileNotFoundError: if there is no such variable.
    """
    with places.explained(path):
        return zarr.open_array(places.zarr_store(path / variable), mode="r", zarr_format=3)


def read_column(path: Place, variable: str) -> NDArray[Any]:
    """All structures' values of one small variable, or those of a coordinate.

    Args:
        path: a store.
        variable: its name.
    """
    array = open_array(path, variable)
    with places.explained(path):
        return np.asarray(array[:])


def read_structure(path: Place, variable: str, index: int) -> NDArray[Any]:
    """One structure's values of one variable.

    Args:
        path: a finished store.
        variable: its name.
        index: structure index.

    Raises:
        StoreError: if they have been pruned; names the setting, and the commands that make them again.
    """
    array = open_array(path, variable)
    with places.explained(path):
        values = np.asarray(array[index])
    # waves are never NaN but where there are none
    if values.dtype.kind == "c" and np.isnan(values.flat[0]):
        recipe = store_info(path).recipe
        partition = PartitionId(recipe.asset, recipe.specimen, recipe.condition)
        raise StoreError(
            f"{variable} of structure {index} in {path} has been pruned (storage.keep_vacuum_waves: false); to have it "
            f"again, set that to true in the campaign, then: {prune_command(partition)} && {repair_command(partition)}"
        )
    return values


def repair_command(partition: PartitionId) -> str:
    """The command that makes a partition."""
    condition = f" --condition {partition.condition}" if partition.condition else ""
    return f"hrtem materialize {partition.asset} --specimen {partition.specimen}{condition}"


def prune_command(partition: PartitionId) -> str:
    """The command that takes what is damaged out of a partition, so that materializing makes it again."""
    return f"hrtem prune --damaged {partition} --yes"
