"""Versions of the packages that decide an engine's numbers."""

from importlib.metadata import version


def package_versions(packages: tuple[str, ...], code_version: str) -> dict[str, str]:
    """Installed versions by package name, with the engine's own version under `code`.

    Args:
        packages: distribution names.
        code_version: raised whenever an engine's numbers change.
    """
    return {"code": code_version} | {name: version(name) for name in packages}
