"""Labels of a structure, the same under every imaging condition: each plane is one file in `planes`."""

# modules that other rooms may import
__all__ = [
    "phase_label",
    "plane",
    "planes",
    "registry",
    "weak_masks",
]
