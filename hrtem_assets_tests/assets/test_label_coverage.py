"""Masks of the smallest and the largest published particle of every lattice, from real vacuum waves."""

import re

import numpy as np
import pytest
from pydantic import ValidationError

from hrtem_assets.assets.labels import mask_cutoff
from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.labels.phase_label import Label, overlap, phase_label
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.specimen.silhouette import projected_silhouette
from hrtem_assets.waves.exit_waves import simulate
from hrtem_assets_tests.small import SETTINGS, SPECIMEN, small_campaign

PAPER = load_campaign("paper")
LATTICES = list(PAPER.lattices)
LEAST_IOU = 0.85


def one_particle(radius_a: float, cell_a: float) -> Campaign:
    """One particle of exactly that radius, whole within a cell of its own, on no substrate."""
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


def labelled(campaign: Campaign, lattice: str, size: str, index: int) -> tuple[Label, np.ndarray]:
    """Label, cut as the published size class is, and projected sphere; the orientation depends on the index."""
    specimen = campaign.specimen(f"{lattice}-one")
    structure = build_structure(campaign, specimen, index)
    waves, _ = simulate(campaign, specimen, structure, index)
    label = phase_label(
        waves.vacuum,
        campaign.simulation.output_sampling_a,
        campaign.labels.phase_threshold_rad,
        specimen.lattice.label_blur_a,
        mask_cutoff(PAPER, PAPER.specimen(f"{lattice}-{size}"))[0],
    )
    (particle,) = structure.particles
    center, radius = np.array([particle.center_a]), np.array([particle.radius_a])
    return label, projected_silhouette(center, radius, structure.cell_a, label.mask.shape[0])


@pytest.mark.parametrize("lattice", LATTICES)
def test_masks_cover_the_smallest_particles_on_average_over_orientations(lattice):
    campaign = one_particle(10.0, 32.0)
    overlaps = [overlap((pair := labelled(campaign, lattice, "small", i))[0].mask, pair[1]) for i in range(4)]
    assert np.mean(overlaps) >= LEAST_IOU
    assert min(overlaps) > 0.7


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_mask_covers_the_largest_particle(lattice):
    label, silhouette = labelled(one_particle(35.0, 80.0), lattice, "large", 0)
    assert overlap(label.mask, silhouette) >= LEAST_IOU
    assert label.mask.any()


def given(cutoff, labels=None):
    changes = {"lattices": {"CdSe": {"mask_cutoff": cutoff}}, "labels": labels or {}}
    campaign = small_campaign(**changes)
    return mask_cutoff(campaign, campaign.specimen(SPECIMEN))


@pytest.mark.parametrize(
    ("cutoff", "value", "source"),
    [
        (None, 0.065, "default: lattices.CdSe.mask_cutoff is not given"),
        (0.2, 0.2, "lattices.CdSe.mask_cutoff"),
        ({"small": 0.08, "large": 0.15}, 0.08, "lattices.CdSe.mask_cutoff.small"),
        (
            {"small": None, "medium": 0.1, "large": 0.15},
            0.1,
            "the lowest of lattices.CdSe.mask_cutoff, which does not name small",
        ),
    ],
)
def test_the_cutoff_is_the_specimens_own_and_says_where_it_comes_from(cutoff, value, source):
    assert given(cutoff) == (value, source)


def test_one_cutoff_for_all_labels_comes_first():
    assert given({"small": 0.08}, {"mask_cutoff": 0.3}) == (0.3, "labels.mask_cutoff")


@pytest.mark.parametrize(
    ("cutoff", "words"),
    [
        (1.5, "mask_cutoff = 1.5 must be above 0 and below 1"),
        ({"small": 0.0}, "mask_cutoff.small = 0 must be above 0 and below 1"),
        ({"smal": 0.1}, "lattices.CdSe.mask_cutoff.smal: no such size; did you mean small?"),
    ],
)
def test_a_cutoff_out_of_range_or_of_a_misspelt_size_is_refused(cutoff, words):
    # the preset's own cut-offs by size go first
    changes = SETTINGS | {"lattices": {"CdSe": {"mask_cutoff": None}}}
    campaign = load_campaign("demo", changes).model_dump(mode="json")
    campaign["lattices"]["CdSe"]["mask_cutoff"] = cutoff
    with pytest.raises(ValidationError, match=re.escape(words)):
        Campaign.model_validate(campaign)
