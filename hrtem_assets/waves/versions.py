"""Installed versions of packages."""

from functools import cache
from importlib.metadata import version


@cache
def installed_version(package: str) -> str:
    """Installed version of a distribution, read once: it takes milliseconds, and a campaign asks thousands of times.

    Args:
        package: distribution name.
    """
    return version(package)
