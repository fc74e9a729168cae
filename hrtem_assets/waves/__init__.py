"""Atoms to exit waves: engines behind one interface, frozen phonons, resampling."""

# modules that other rooms may import
__all__ = [
    "cross_check",
    "exit_waves",
    "precision",
    "registry",
    "versions",
]
