"""Engines by name."""

from collections.abc import Callable

from hrtem_assets.device.backend import Backend
from hrtem_assets.waves.abtem_engine import AbtemEngine
from hrtem_assets.waves.cuda.engine import CudaEngine
from hrtem_assets.waves.engine import ExitWaveEngine
from hrtem_assets.waves.fused.engine import FusedEngine
from hrtem_assets.waves.prismatic.engine import PrismaticEngine

ENGINES: dict[str, Callable[[], ExitWaveEngine]] = {
    "abtem": AbtemEngine,
    "fused": FusedEngine,
    "prismatic": PrismaticEngine,
}


def engine(name: str, device: Backend | None = None) -> ExitWaveEngine:
    """The exit-wave engine of a name.

    Args:
        name: as in `simulation.engine`.
        device: a device, for the engine that can compute on one; None for the processor.

    Raises:
        ValueError: for an unknown name; lists the known ones.
    """
    if name not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise ValueError(f"simulation.engine = {name!r} is not an exit-wave engine; choose one of {known}")
    if device is not None and runs_on_devices(name):
        return CudaEngine(device)
    return ENGINES[name]()


def runs_on_devices(name: str) -> bool:
    """Whether an engine computes on a device where there is one; the others stay on the processor."""
    return name == CudaEngine.name
