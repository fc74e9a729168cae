"""Engines by name."""

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.base.families import family
from hrtem_assets.waves import engines
from hrtem_assets.waves.engine import ExitWaveEngine

ENGINES: dict[str, type[ExitWaveEngine]] = family(engines, ExitWaveEngine)


def engine(name: str, device: Backend | None = None) -> ExitWaveEngine:
    """The exit-wave engine of a name.

    >>> engine("fused").versions()["code"]
    '2'

    Args:
        name: as in `simulation.engine`.
        device: a device, for an engine that can compute on one; None for the processor.

    Raises:
        ValueError: for an unknown name; lists the known ones.
    """
    if name not in ENGINES:
        raise ValueError(
            f"simulation.engine = {name!r} is not an exit-wave engine; choose one of {', '.join(ENGINES)}"
        )
    if device is not None and runs_on_devices(name):
        return ENGINES[name].on_device(device)
    return ENGINES[name]()


def runs_on_devices(name: str) -> bool:
    """Whether an engine computes on a device where there is one; the others stay on the processor."""
    return ENGINES[name].runs_on_devices
