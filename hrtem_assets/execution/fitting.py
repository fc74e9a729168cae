"""What to change of a campaign so that work fits into memory: each setting by itself, as little as possible."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from hrtem_assets.campaign import Campaign
from hrtem_assets.campaign.settings import is_fast_grid

if TYPE_CHECKING:
    from hrtem_assets.execution.needs import Work

_LEAST_CELL_A = 16.0
_COARSEST_A = {"sampling_a": 0.5, "output_sampling_a": 1.0}


def what_would_fit(works: "Sequence[Work]", worst: "Work", limit: int) -> list[str]:
    """Changes, in words, each of which alone brings all work below a limit.

    Args:
        works: what is asked for.
        worst: that which takes most; its settings are those that the words speak of.
        limit: bytes of a worker process.
    """

    def fits(change: Callable[[Campaign], Campaign]) -> bool:
        return all(replace(w, campaign=change(w.campaign)).memory_bytes() <= limit for w in works)

    campaign, size = worst.campaign, worst.campaign.specimen(worst.specimen).size_name
    simulation, substrate, radii = campaign.simulation, campaign.substrate, campaign.sizes[size]
    changes: list[tuple[str, Callable[[Campaign, Any], Campaign], Sequence[Any]]] = [
        ("simulation.cell_a at most", _setting("simulation", "cell_a"), list(_smaller_cells(campaign))),
        (
            "simulation.sampling_a at least",
            _setting("simulation", "sampling_a"),
            list(_coarser(campaign, "sampling_a")),
        ),
        (
            "simulation.output_sampling_a at least",
            _setting("simulation", "output_sampling_a"),
            list(_coarser(campaign, "output_sampling_a")),
        ),
        (
            "simulation.frozen_phonons at most",
            _setting("simulation", "frozen_phonons"),
            range(simulation.frozen_phonons - 1, 0, -1),
        ),
        (
            "substrate.thickness_max_a at most",
            _setting("substrate", "thickness_max_a"),
            _lower(substrate.thickness_max_a, substrate.thickness_min_a),
        ),
        (
            f"sizes.{size}.radius_max_a at most",
            lambda c, value: _with_radius(c, size, value),
            _lower(radii.radius_max_a, radii.radius_min_a),
        ),
        (
            "placement.count_max at most",
            _setting("placement", "count_max"),
            range(campaign.placement.count_max - 1, campaign.placement.count_min - 1, -1),
        ),
    ]
    options = []
    for words, change, values in changes:
        bound = _first(values, lambda value, change=change: fits(lambda c: change(c, value)))  # type: ignore[misc]
        if bound is not None and _is_valid(change(campaign, bound)):
            options.append(f"{words} {bound:.6g}")
    if worst.conditions > 1:
        few = _first(
            range(worst.conditions - 1, 0, -1),
            lambda n: all(replace(w, conditions=min(w.conditions, n)).memory_bytes() <= limit for w in works),
        )
        if few is not None:
            options.append(f"{few} conditions at a time (--condition, or a smaller selection)")
    return options


def _first(values: Sequence[Any], fits: Callable[[Any], bool]) -> Any:
    """The first of values, of which the later need less, that fits; None if none does."""
    if not values or not fits(values[-1]):
        return None
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if fits(values[middle]):
            high = middle
        else:
            low = middle + 1
    return values[low]


def _setting(section: str, name: str) -> Callable[[Campaign, Any], Campaign]:
    """What replaces one setting of a campaign."""

    def change(campaign: Campaign, value: Any) -> Campaign:
        part = getattr(campaign, section)
        return campaign.model_copy(update={section: part.model_copy(update={name: value})})

    return change


def _is_valid(campaign: Campaign) -> bool:
    """Whether a changed campaign keeps all its rules: a small cell may not hold its particles any more."""
    try:
        Campaign.model_validate(campaign.model_dump(exclude_unset=True))
    except ValidationError:
        return False
    return True


def _with_radius(campaign: Campaign, size: str, radius_max_a: float) -> Campaign:
    changed = campaign.sizes[size].model_copy(update={"radius_max_a": radius_max_a})
    copy = campaign.model_copy(update={"sizes": {**campaign.sizes, size: changed}})
    # computed from the sizes
    copy.__dict__.pop("specimens", None)
    return copy


def _smaller_cells(campaign: Campaign) -> Iterator[float]:
    """Cells below the campaign's that are fast grids at both samplings, largest first."""
    simulation = campaign.simulation
    samplings_a = (simulation.sampling_a, simulation.output_sampling_a)
    for points in range(simulation.output_grid - 1, 1, -1):
        cell_a = round(points * simulation.output_sampling_a, 9)
        if cell_a < _LEAST_CELL_A:
            return
        if all(is_fast_grid(cell_a, s) for s in samplings_a):
            yield cell_a


def _coarser(campaign: Campaign, name: str) -> Iterator[float]:
    """Coarser samplings of the campaign's cell that are fast grids, finest first."""
    simulation = campaign.simulation
    most_a = min(_COARSEST_A[name], simulation.output_sampling_a if name == "sampling_a" else 1.0)
    points = round(simulation.cell_a / getattr(simulation, name))
    for fewer in range(points - 2 + points % 2, 1, -2):
        sampling_a = simulation.cell_a / fewer
        if sampling_a > most_a * (1 + 1e-9):
            return
        # one that can be written down
        if round(sampling_a, 6) == sampling_a and is_fast_grid(simulation.cell_a, sampling_a):
            yield sampling_a


def _lower(most: float, least: float) -> list[float]:
    """Whole numbers below a value, down to another and at last that itself."""
    return [
        *(float(n) for n in range(int(most), int(least), -1) if n < most),
        *([least] if least < most else []),
    ]
