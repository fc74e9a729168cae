"""Simulated HRTEM datasets as Dagster data assets: from atoms to micrographs and their labels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hrtem_assets.training.datasets import open_dataset
    from hrtem_assets.training.torch_dataset import TorchDataset as TorchDataset

    __version__: str

# not TorchDataset: `import *` must work where PyTorch is not installed
__all__ = ["open_dataset"]


def __getattr__(name: str) -> Any:
    """`__version__`, `open_dataset` and `TorchDataset`, imported when they are first asked for."""
    match name:
        case "__version__":
            # read only when asked for: the command should answer Ctrl+C from its first moment on
            from importlib.metadata import version

            return version("hrtem-assets")
        case "open_dataset":
            from hrtem_assets.training.datasets import open_dataset

            return open_dataset
        case "TorchDataset":
            try:
                from hrtem_assets.training.torch_dataset import TorchDataset
            except ModuleNotFoundError as error:
                if error.name != "torch":
                    raise
                raise ImportError(
                    "TorchDataset needs PyTorch; install it with: pip install 'hrtem-assets[torch]'"
                ) from error
            return TorchDataset
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
