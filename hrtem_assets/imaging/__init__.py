"""Exit waves to images: transfer function, zero-defocus search, dose and labels."""

# modules that other rooms may import
__all__ = [
    "calibration",
    "effect",
    "effects",
    "exposing",
    "focal_series",
    "focus",
    "intensity",
    "optics",
]
