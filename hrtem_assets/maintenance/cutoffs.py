"""Measuring mask cut-offs: how well masks cut at each soft label cover the particles of real vacuum waves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.labels import mask_cutoff
from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.workers import map_processes
from hrtem_assets.labels.phase_label import overlap, phase_label
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.structure import Structure
from hrtem_assets.waves.exit_waves import simulate

# two digits: the overlap is flat about its best
SCANNED = np.arange(1, 71) / 100
_SHOWN_LOSS = 0.02


@dataclass(frozen=True)
class CutoffScan:
    """How well masks of a specimen cover their particles, by cut-off.

    Attributes:
        specimen: specimen key.
        lattice: its lattice.
        size: its size class.
        overlaps: intersection over union with the projected spheres, float64 (structure, cut-off).
        in_use: cut-off that the campaign gives it.
        source: where that comes from.
    """

    specimen: str
    lattice: str
    size: str
    overlaps: NDArray[np.float64]
    in_use: float
    source: str

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over structures, by cut-off."""
        return np.asarray(self.overlaps.mean(axis=0))

    @property
    def best(self) -> int:
        """Which of the scanned cut-offs covers the particles best on average."""
        return int(self.mean.argmax())


def scan_cutoffs(
    campaign: Campaign, specimens: Sequence[str], structures: int, workers: int
) -> list[CutoffScan]:
    """Make vacuum waves of the first structures of each specimen, store nothing, and scan the cut-off.

    Args:
        campaign: settings and seed: the structures are those that it would store.
        specimens: specimen keys.
        structures: how many of each.
        workers: processes.

    Raises:
        KeyError: if there is no such specimen.
    """
    tasks = [(campaign, campaign.specimen(key).key, i) for key in specimens for i in range(structures)]
    by_structure = {(key, i): curve for (_, key, i), curve in map_processes(_overlaps, tasks, workers)}
    scans = []
    for key in dict.fromkeys(specimens):
        specimen = campaign.specimen(key)
        curves = np.array([by_structure[key, i] for i in range(structures)])
        scans.append(
            CutoffScan(
                key,
                specimen.lattice_name,
                specimen.size_name,
                curves,
                *mask_cutoff(campaign, specimen),
            )
        )
    return scans


def _overlaps(task: tuple[Campaign, str, int]) -> list[float]:
    campaign, key, index = task
    specimen, simulation = campaign.specimen(key), campaign.simulation
    structure = _without_substrate(build_structure(campaign, specimen, index))
    waves, _ = simulate(campaign, specimen, structure, index)
    soft = phase_label(
        waves.vacuum,
        simulation.output_sampling_a,
        campaign.labels.phase_threshold_rad,
        specimen.lattice.label_blur_a,
        float(SCANNED[0]),
    ).soft
    silhouette = LabelSource(
        campaign,
        specimen,
        lambda _: waves.vacuum,
        lambda: structure,
        structure.particles,
        float(SCANNED[0]),
    ).outline
    return [overlap(soft >= cutoff, silhouette) for cutoff in SCANNED]


def _without_substrate(structure: Structure) -> Structure:
    count = structure.particle_atoms
    return replace(
        structure,
        positions_a=structure.positions_a[:count],
        numbers=structure.numbers[:count],
        particle=structure.particle[:count],
    )


def scan_lines(scan: CutoffScan) -> Iterator[str]:
    """A scan in words: cut-offs about the best with their overlaps, and what the one in use gives."""
    mean, least = scan.mean, scan.overlaps.min(axis=0)
    yield f"{scan.specimen}: overlap of mask and projected spheres, {len(scan.overlaps)} structures"
    yield "cut-off   mean  least"
    for k in np.flatnonzero(mean >= mean[scan.best] - _SHOWN_LOSS):
        mark = "  best" if k == scan.best else ""
        yield f"   {SCANNED[k]:.2f}  {mean[k]:.3f}  {least[k]:.3f}{mark}"
    in_use = float(np.interp(scan.in_use, SCANNED, mean))
    yield f"in use: {scan.in_use:g} ({scan.source}), mean {in_use:.3f}"


def campaign_lines(scans: Sequence[CutoffScan]) -> Iterator[str]:
    """What to write into a campaign's YAML for the best cut-offs."""
    yield "lattices:"
    for lattice, group in groupby(sorted(scans, key=lambda s: s.lattice), key=lambda s: s.lattice):
        values = ", ".join(f"{scan.size}: {SCANNED[scan.best]:g}" for scan in group)
        yield f"  {lattice}: {{mask_cutoff: {{{values}}}}}"
