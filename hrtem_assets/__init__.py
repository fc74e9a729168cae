"""Simulated HRTEM datasets as Dagster data assets: structures, exit waves, zero defocus, micrographs and labels."""

from importlib.metadata import version

__version__ = version("hrtem-assets")
