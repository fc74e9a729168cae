"""Engines by name."""

from collections.abc import Callable

from hrtem_assets.waves.abtem_engine import AbtemEngine
from hrtem_assets.waves.engine import ExitWaveEngine
from hrtem_assets.waves.fused.engine import FusedEngine
from hrtem_assets.waves.prismatic.engine import PrismaticEngine

ENGINES: dict[str, Callable[[], ExitWaveEngine]] = {
    "abtem": AbtemEngine,
    "fused": FusedEngine,
    "prismatic": PrismaticEngine,
}


def engine(name: str) -> ExitWaveEngine:
    """The exit-wave engine of a name.

    Raises:
        ValueError: for an unknown name; lists the known ones.
    """
    if name not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise ValueError(f"simulation.engine = {name!r} is not an exit-wave engine; choose one of {known}")
    return ENGINES[name]()
