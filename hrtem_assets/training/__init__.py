"""Training sets as a training loop reads them: data sets, loader, and which sets belong together."""

# modules that other rooms may import
__all__ = [
    "datasets",
    "notebook",
    "pairs",
    "torch_dataset",
]
