"""Finding finished stores, and what they say of themselves, checked against the recipe that is expected."""

import json
import time
from dataclasses import dataclass
from typing import Any

from hrtem_assets.store import files
from hrtem_assets.store.errors import DamagedError, ReplacedError, StoreError
from hrtem_assets.store.files import MARK, StorePath
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.recipe import Recipe, differences

# so often and so long a store is looked for that is just being replaced
_LOOKS, _LOOK_S = 4, 0.05


@dataclass(frozen=True)
class StoreInfo:
    """What a finished store says of itself.

    Attributes:
        path: the store.
        structures: how many it holds; of each it may have several rows.
        recipe: what decided its numbers.
        attributes: all root attributes.
    """

    path: StorePath
    structures: int
    recipe: Recipe
    attributes: dict[str, Any]

    @property
    def pruned(self) -> tuple[str, ...]:
        """Arrays of which some structures' values are gone."""
        return tuple(self.attributes.get("pruned", ()))

    @property
    def rows_per_structure(self) -> int:
        """Rows of each structure, one after the other; more than one where rows are images of it."""
        return int(self.attributes.get("rows_per_structure", 1))

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return self.structures * self.rows_per_structure

    @property
    def row_word(self) -> str:
        """What a row is called: `structure`, or `image` where a structure has several."""
        return row_word(self.rows_per_structure)

    def row_name(self, row: int) -> str:
        """A row in words: `structure 5`, or `image 5 (structure 1, draw 2)`."""
        return row_name(row, self.rows_per_structure)

    @property
    def failures(self) -> dict[int, str]:
        """Why rows could not be made, by index; nobody must read their values."""
        return {int(index): reason for index, reason in self.attributes.get("failures", {}).items()}

    @property
    def made(self) -> list[int]:
        """Indices of the rows that were made."""
        failures = self.failures
        return [index for index in range(self.rows) if index not in failures]

    @property
    def made_structures(self) -> list[int]:
        """The structure of each row that was made."""
        return [row // self.rows_per_structure for row in self.made]


def row_word(rows_per_structure: int) -> str:
    """What a row is called in a store with so many of each structure."""
    return "structure" if rows_per_structure == 1 else "image"


def row_name(row: int, rows_per_structure: int) -> str:
    """A row in words, in a store with so many of each structure."""
    if rows_per_structure == 1:
        return f"structure {row}"
    structure, draw = divmod(row, rows_per_structure)
    return f"image {row} (structure {structure}, draw {draw})"


def store_info(path: StorePath) -> StoreInfo:
    """Read a finished store's own description.

    Raises:
        StoreError: if the folder is not a complete store of ours.
    """
    try:
        text = files.read(path / MARK)
    except OSError as error:
        raise _incomplete(path, error) from error
    return info_of(path, text)


def info_of(path: StorePath, text: bytes) -> StoreInfo:
    """What a finished store says of itself.

    Args:
        path: the store.
        text: content of its root.

    Raises:
        StoreError: if it is not that of a complete store of ours.
    """
    try:
        attributes = json.loads(text)["attributes"]
        if attributes.get("complete") is not True:
            raise ValueError("it does not say that it is complete")
        info = StoreInfo(
            path, int(attributes["structures"]), Recipe.model_validate(attributes["recipe"]), attributes
        )
        # what is used of it before its seal was looked at
        partition_of(info)
        if (
            not isinstance(attributes["provenance"].get("overrides", {}), dict)
            or int(attributes["structures_per_shard"]) < 1
            or info.rows_per_structure < 1
            or not all(isinstance(name, str) for name in (*attributes["arrays"], *info.pruned))
        ):
            raise ValueError("its attributes were edited")
        return info
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _incomplete(path, error) from error


def _incomplete(path: StorePath, error: Exception) -> StoreError:
    return StoreError(
        f"{path} is not a complete store ({type(error).__name__}: {error}); delete the folder and materialize "
        f"the partition again"
    )


def info_or_none(path: StorePath) -> StoreInfo | None:
    """A finished store's own description; None if there is none that can be read."""
    try:
        return store_info(path)
    except StoreError:
        return None


def find_store(layout: Layout, partition: PartitionId) -> StoreInfo:
    """A partition's finished store.

    Raises:
        StoreError: if there is none, or another partition's lies in its place; names the repair.
    """
    path = layout.store(partition)
    # one that is just being replaced is away for an instant
    for look in range(_LOOKS):
        if files.is_made(path):
            break
        if look + 1 == _LOOKS or not files.is_file(layout.fence(partition)):
            files.require_bucket(layout.assets)
            raise StoreError(f"{partition} has not been made; make it with: {materialize_command(partition)}")
        time.sleep(_LOOK_S)
    try:
        info = store_info(path)
    except StoreError as error:
        if not files.is_made(path):
            # taken away just now
            raise replaced_error(path) from error
        raise damaged_error(path, partition, f"its root cannot be used ({error.__cause__})") from error
    if partition_of(info) != partition:
        raise StoreError(
            f"{path} is not the store of {partition}: it is that of {partition_of(info)}, moved or copied there;\n"
            f"put it back, or remove it with: {repair_command(partition)}\nand make {partition} with: "
            f"{materialize_command(partition)}"
        )
    return info


def partition_of(info: StoreInfo) -> PartitionId:
    """The partition that a store was made as, wherever it lies now."""
    return PartitionId(info.recipe.asset, info.recipe.specimen, info.recipe.condition)


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
        f"make it again with: {materialize_command(partition)}\n"
        f"or return to the settings that it was made with"
    )


def materialize_command(partition: PartitionId) -> str:
    """The command that makes a partition."""
    condition = f" --condition {partition.condition}" if partition.condition else ""
    return f"hrtem materialize {partition.asset} --specimen {partition.specimen}{condition}"


def repair_command(partition: PartitionId) -> str:
    """The command that takes what is damaged out of a partition, so that materializing makes it again."""
    return f"hrtem repair {partition} --yes"


def damaged_error(path: StorePath, partition: PartitionId, what: str) -> DamagedError:
    """A damaged store in words.

    Args:
        path: the store.
        partition: to repair.
        what: is wrong.
    """
    return DamagedError(
        f"{partition} is damaged: {what} ({path}); nothing is made from it.\n"
        f"take out what is damaged with: {repair_command(partition)}\n"
        f"then make it again with: {materialize_command(partition)}"
    )


def replaced_error(path: StorePath) -> ReplacedError:
    """A store that changed while it was read, in words."""
    return ReplacedError(
        f"{path} has been replaced or taken away while it was read; open it again, or materialize again"
    )


def missing_error(info: StoreInfo, variable: str, index: int) -> StoreError:
    """Values that could not be made, or were given up, in words.

    Args:
        info: of the store.
        variable: the array.
        index: its row.
    """
    partition = partition_of(info)
    if index in info.failures:
        return StoreError(
            f"{partition}: {info.row_name(index)} could not be made: {info.failures[index]}; use the others"
        )
    return StoreError(
        f"{variable} of structure {index} in {info.path} has been pruned (storage.keep_vacuum_waves: false); to have "
        f"it again, set that to true in the campaign, then: {repair_command(partition)} && "
        f"{materialize_command(partition)}"
    )
