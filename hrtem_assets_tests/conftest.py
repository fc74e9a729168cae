"""Settings of all tests: hypothesis profile, and tests of a browser or of Prismatic only where there is one."""

import os
import shutil

import pytest
from hypothesis import settings

from hrtem_assets.waves.prismatic.environment import PrismaticNotFoundError, prismatic_python

# compiled functions are slow on their first call, so no deadline; CI draws the same examples in every run
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

# small tasks gain nothing from worker processes; the tests of those ask for them
os.environ.setdefault("HRTEM_WORKERS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of what is not installed here, with the reason."""
    for marker, reason in (("browser", _no_browser), ("prismatic", _no_prismatic)):
        marked = [item for item in items if item.get_closest_marker(marker)]
        words = reason() if marked else ""
        for item in marked if words else []:
            item.add_marker(pytest.mark.skip(reason=words))


def _no_browser() -> str:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (Debian: chromium, chromium-driver)" if missing else ""


def _no_prismatic() -> str:
    try:
        prismatic_python()
    except PrismaticNotFoundError as error:
        return str(error).partition(";")[0]
    return ""
