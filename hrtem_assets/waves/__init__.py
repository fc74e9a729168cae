"""Atoms to exit waves: engines behind one interface, frozen phonons, resampling."""
