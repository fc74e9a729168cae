"""Zarr stores in a folder or a bucket: layout, recipes, resumable writing and checked reading."""
