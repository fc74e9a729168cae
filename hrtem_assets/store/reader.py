"""A finished store opened once: its arrays stay open, and everything that reads stores reads through this."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from numpy.typing import NDArray

from hrtem_assets.store import files
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.reading import StoreInfo, missing_error, store_info

if TYPE_CHECKING:
    import xarray as xr


class StoreReader:
    """Reads a finished store as it lies there, unchecked: for looking at stores, never for making.

    No file is open, so it may be pickled.

    Args:
        path: a finished store.
    """

    def __init__(self, path: StorePath) -> None:
        self.path = path
        self._arrays: dict[str, zarr.Array[Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        kept = self.__dict__.copy()
        kept.pop("zarr_store", None)
        return kept | {"_arrays": {}}

    @cached_property
    def info(self) -> StoreInfo:
        """What the store says of itself."""
        return store_info(self.path)

    @cached_property
    def zarr_store(self) -> Any:
        """The store as zarr and xarray open it."""
        return files.zarr_store(self.path)

    def dataset(self, **options: Any) -> "xr.Dataset":
        """The store as a lazy xarray Dataset.

        Args:
            options: for `xarray.open_zarr`.
        """
        import xarray as xr

        with files.explained(self.path):
            return xr.open_zarr(self.zarr_store, **options)

    def array(self, variable: str) -> zarr.Array[Any]:
        """One variable, not yet read.

        Raises:
            FileNotFoundError: if there is no such variable.
        """
        if variable not in self._arrays:
            with files.explained(self.path):
                self._arrays[variable] = zarr.open_array(
                    self.zarr_store, path=variable, mode="r", zarr_format=3
                )
        return self._arrays[variable]

    def planes(self) -> list[str]:
        """Names of the arrays that hold a value for every pixel."""
        names: list[str] = self.info.attributes["arrays"]
        return [name for name in names if _dimensions(self.array(name))[1:] == ("y", "x")]

    def along(self, dimension: str) -> list[str]:
        """Names of the variables whose first dimension beside that of the rows is this one."""
        names = [*self.info.attributes["arrays"], *self.info.attributes["records"]]
        return [name for name in names if _dimensions(self.array(name))[1:2] == (dimension,)]

    def has(self, variable: str) -> bool:
        """Whether it holds a variable for each structure."""
        return variable in (*self.info.attributes["arrays"], *self.info.attributes["records"])

    def column(self, variable: str) -> NDArray[Any]:
        """All structures' values of one small variable, or those of a coordinate.

        Raises:
            FileNotFoundError: if there is no such variable.
            StoreError: if it cannot be read.
        """
        try:
            array = self.array(variable)
            with files.explained(self.path):
                return np.asarray(array[:])
        except (StoreError, FileNotFoundError, MemoryError):
            raise
        except (
            Exception
        ) as error:  # zarr and codecs raise whatever they like when metadata or bytes are wrong
            raise StoreError(
                f"{variable} of {self.path} cannot be read ({type(error).__name__}); ask: hrtem verify"
            ) from error

    def read(self, variable: str, index: int) -> NDArray[Any]:
        """One structure's values of one variable.

        Args:
            variable: its name.
            index: structure index.

        Raises:
            StoreError: if they are waves that could not be made or have been pruned; names the setting, and the
                commands that make them again.
        """
        array = self.array(variable)
        with files.explained(self.path):
            values = np.asarray(array[index])
        # waves are never NaN but where there are none
        if values.dtype.kind == "c" and np.isnan(values.flat[0]):
            raise missing_error(self.info, variable, index)
        return values

    def content(self, key: str, start: int | None = None, length: int | None = None) -> bytes | None:
        """A file of the store, or a part of it; None if it is not there.

        Args:
            key: its name within the store.
            start: first byte; negative from the end; None for the whole.
            length: bytes wanted; None for all that follow.
        """
        try:
            return files.read_part(self.path / key, start or 0, length)
        except FileNotFoundError:
            return None


def _dimensions(array: zarr.Array[Any]) -> tuple[str, ...]:
    # the second version of the format, which our stores are not written in, has none
    return tuple(getattr(array.metadata, "dimension_names", None) or ())
