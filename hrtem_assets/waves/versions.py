"""Versions of the packages that decide an engine's numbers."""

from functools import cache
from importlib.metadata import version


def package_versions(packages: tuple[str, ...], code_version: str) -> dict[str, str]:
    """Installed versions by package name, with the engine's own version under `code`.

    Args:
        packages: distribution names.
        code_version: raised whenever an engine's numbers change.
    """
    return {"code": code_version} | {name: installed_version(name) for name in packages}


@cache
def installed_version(package: str) -> str:
    """Installed version of a distribution, read once: it takes milliseconds, and a campaign asks thousands of times.

    Args:
        package: distribution name.
    """
    return version(package)
