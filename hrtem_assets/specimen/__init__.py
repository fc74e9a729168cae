"""Atoms: crystals, faulted particles, amorphous substrate, placement and assembly of structures."""
