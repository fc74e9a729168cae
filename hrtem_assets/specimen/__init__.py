"""Atoms: crystals, faulted particles, amorphous substrate, placement and assembly of structures."""

# modules that other rooms may import
__all__ = [
    "assembly",
    "bounds",
    "own_structures",
    "placement",
    "silhouette",
    "structure",
]
