"""Simulated HRTEM datasets as Dagster data assets: from atoms to micrographs and their labels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hrtem_assets.training.datasets import open_dataset
    from hrtem_assets.training.notebook import plot
    from hrtem_assets.training.torch_dataset import TorchDataset as TorchDataset

    __version__: str

# `import *` must neither hide Python's own list and open nor need PyTorch
__all__ = ["open_dataset", "plot"]
_FROM = {
    "open_dataset": ("hrtem_assets.training.datasets", "open_dataset"),
    "list": ("hrtem_assets.training.notebook", "list_made"),
    "open": ("hrtem_assets.training.notebook", "open_store"),
    "plot": ("hrtem_assets.training.notebook", "plot"),
    "polygons": ("hrtem_assets.labels.polygons", "polygons"),
    "particle_masks": ("hrtem_assets.labels.planes.particle_bits", "particle_masks"),
}


def __dir__() -> "list[str]":
    return ["TorchDataset", "__version__", *_FROM]


def __getattr__(name: str) -> Any:
    """What notebooks use, imported when it is first asked for."""
    match name:
        case "__version__":
            # read only when asked for: the command should answer Ctrl+C from its first moment on
            from importlib.metadata import version

            return version("hrtem-assets")
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
        case _ if name in _FROM:
            from importlib import import_module

            module, attribute = _FROM[name]
            return getattr(import_module(module), attribute)
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
