"""Settings of all tests: hypothesis profile, and browser tests only where a browser is installed."""

import os
import shutil

import pytest
from hypothesis import settings

# compiled functions are slow on their first call, so no deadline; CI draws the same examples in every run
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

# small tasks gain nothing from worker processes; the tests of those ask for them
os.environ.setdefault("HRTEM_WORKERS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests, with the reason, where Chromium or its driver is missing."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if not missing:
        return
    skip = pytest.mark.skip(reason=f"not installed: {', '.join(missing)} (Debian: chromium, chromium-driver)")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)
