"""Particles as bodies of crystal: their shapes, what is wrong inside, and how they lie."""

# modules that other rooms may import
__all__ = [
    "bodies",
    "defect",
    "defects",
    "orientation",
    "particle_rule",
    "shape",
    "species",
    "stacking",
]
