"""Simulated HRTEM datasets as Dagster data assets: from atoms to micrographs and their labels."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hrtem_assets.delivery.datasets import open_dataset
    from hrtem_assets.delivery.torch_dataset import TorchDataset as TorchDataset

# not TorchDataset: `import *` must work where PyTorch is not installed
__all__ = ["open_dataset"]
__version__ = version("hrtem-assets")


def __getattr__(name: str) -> Any:
    """`open_dataset` and `TorchDataset`, imported when they are first asked for."""
    match name:
        case "open_dataset":
            from hrtem_assets.delivery.datasets import open_dataset

            return open_dataset
        case "TorchDataset":
            try:
                from hrtem_assets.delivery.torch_dataset import TorchDataset
            except ModuleNotFoundError as error:
                if error.name != "torch":
                    raise
                raise ImportError(
                    "TorchDataset needs PyTorch; install it with: pip install 'hrtem-assets[torch]'"
                ) from error
            return TorchDataset
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
