"""Crystallography: space groups in all settings, expansion of sites to a unit cell, CIF files."""

# modules that other rooms may import
__all__ = [
    "atoms",
    "cells",
    "choices",
    "cif",
    "elements",
    "expansion",
    "plausibility",
    "space_groups",
    "zone_axes",
]
