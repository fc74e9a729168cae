"""Crystallography: space groups in all settings, expansion of sites to a unit cell, CIF files."""
