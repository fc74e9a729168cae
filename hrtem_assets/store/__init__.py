"""Zarr stores on disk: layout, recipes, resumable writing and checked reading."""
