"""Labels of structures and images: each plane is one file in `planes`, each table one in `tables`."""

# modules that other rooms may import
__all__ = [
    "class_names",
    "detectability",
    "phase_label",
    "plane",
    "planes",
    "polygons",
    "registry",
    "table",
    "tables",
    "weak_masks",
]
