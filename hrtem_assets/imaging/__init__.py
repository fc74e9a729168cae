"""Exit waves to images: transfer function, zero-defocus search, dose and labels."""

# modules that other rooms may import
__all__ = [
    "calibration",
    "detector",
    "detector_transfer",
    "distributions",
    "draws",
    "effect",
    "effects",
    "electrons",
    "exposing",
    "focal_series",
    "focus",
    "frame",
    "intensity",
    "microscope",
    "optics",
    "regridding",
    "stage",
]
