"""Crystals from CIF files: every word that decides the crystal is read, or the file is refused with a reason."""

from hrtem_assets.crystal.cif.reader import CifCrystal, read_cif
from hrtem_assets.crystal.cif.text import CifError

__all__ = ["CifCrystal", "CifError", "read_cif"]
