"""Masks of the smallest and the largest published particle of every lattice, from real vacuum waves."""

import numpy as np
import pytest

from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.imaging.labels import Label, overlap, phase_label
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.silhouette import projected_silhouette
from hrtem_assets.stages.labels import mask_cutoff
from hrtem_assets.waves.exit_waves import simulate

LATTICES = list(load_campaign("paper").lattices)
LEAST_IOU = 0.85


def one_particle(radius_a: float, cell_a: float) -> Campaign:
    """One particle of exactly that radius, whole within a cell of its own, on no film."""
    sizes = {"one": {"radius_min_a": radius_a, "radius_max_a": radius_a}}
    return load_campaign(
        "paper",
        {
            "sizes": sizes | dict.fromkeys(("small", "medium", "large")),
            "placement": {"count_max": 1, "edge_rule": "inside"},
            "substrate": {"thickness_min_a": 0, "thickness_max_a": 0},
            "simulation": {"cell_a": cell_a, "frozen_phonons": 2},
            "max_stacking_faults": None,
            "series": None,
        },
    )


def labelled(campaign: Campaign, lattice: str, index: int) -> tuple[Label, np.ndarray]:
    """Label and projected sphere of one particle; its orientation depends on the index."""
    specimen = campaign.specimen(f"{lattice}-one")
    structure = build_structure(campaign, specimen, index)
    waves, _ = simulate(campaign, specimen, structure, index)
    label = phase_label(
        waves.vacuum,
        campaign.simulation.output_sampling_a,
        campaign.labels.phase_threshold_rad,
        specimen.lattice.label_blur_a,
        mask_cutoff(campaign, specimen),
    )
    (particle,) = structure.particles
    center, radius = np.array([particle.center_a]), np.array([particle.radius_a])
    return label, projected_silhouette(center, radius, structure.cell_a, label.mask.shape[0])


@pytest.mark.parametrize("lattice", LATTICES)
def test_masks_cover_the_smallest_particles_on_average_over_orientations(lattice):
    campaign = one_particle(10.0, 32.0)
    overlaps = [overlap((pair := labelled(campaign, lattice, i))[0].mask, pair[1]) for i in range(4)]
    assert np.mean(overlaps) >= LEAST_IOU
    assert min(overlaps) > 0.7


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_mask_covers_the_largest_particle(lattice):
    label, silhouette = labelled(one_particle(35.0, 80.0), lattice, 0)
    assert overlap(label.mask, silhouette) >= LEAST_IOU
    assert label.mask.any()
