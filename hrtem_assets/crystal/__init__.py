"""Crystallography: space groups in all settings, expansion of sites to a unit cell, CIF files."""

# modules that other rooms may import
__all__ = [
    "atoms",
    "cells",
    "choices",
    "cif",
    "crystal",
    "elements",
    "exact",
    "expansion",
    "plausibility",
    "slabs",
    "space_groups",
    "translations",
    "zone_axes",
]
