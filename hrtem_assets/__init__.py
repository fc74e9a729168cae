"""Simulated HRTEM datasets as Dagster data assets: from atoms to micrographs and their labels."""

from importlib.metadata import version

__version__ = version("hrtem-assets")
