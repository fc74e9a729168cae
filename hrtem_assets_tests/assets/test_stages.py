"""Each asset by itself: the same structure alone and in a batch, records that reproduce, recipes that identify."""

import numpy as np
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.asset import Assignment, source_key
from hrtem_assets.assets.structures import read_stored_structure
from hrtem_assets.campaign import with_overrides
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets.store.checked import CheckedStore
from hrtem_assets.store.commits import digest
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reader import StoreReader
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign

CAMPAIGN = small_campaign()


def targets(name):
    return CONDITIONS if ASSETS[name].per_condition else (None,)


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, dict[str | None, StorePath]]:
    """Every asset filled for one specimen, by asset and condition."""
    layout = Layout(tmp_path_factory.mktemp("assets"))
    return {
        name: fill(
            asset,
            CAMPAIGN,
            SPECIMEN,
            targets(name),
            layout,
            count=None,
            compute=LocalCompute(workers=1),
            provenance={"run_id": "test"},
            log=lambda _: None,
        )
        for name, asset in ASSETS.items()
    }


@pytest.mark.parametrize("name", list(ASSETS))
def test_a_structure_made_alone_equals_the_one_made_in_a_batch(paths, name):
    sources = {
        source_key(upstream.name, key): CheckedStore(paths[upstream.name][key])
        for condition in targets(name)
        for upstream, key in ASSETS[name].reads(condition)
    }
    alone = ASSETS[name].products(
        [Assignment(CAMPAIGN, CAMPAIGN.specimen(SPECIMEN), 2, targets(name), sources)]
    )[0]
    for condition, product in alone.items():
        path = paths[name][condition]
        for variable, values in product.arrays.items():
            np.testing.assert_array_equal(StoreReader(path).read(variable, 2), values)
        schema = ASSETS[name].schema(CAMPAIGN, CAMPAIGN.specimen(SPECIMEN), condition)
        assert int(StoreReader(path).read("digest", 2)) == digest(schema, product)


def test_a_stored_structure_is_the_one_that_was_built(paths):
    built = build_structure(CAMPAIGN, CAMPAIGN.specimen(SPECIMEN), 1)
    stored = read_stored_structure(CheckedStore(paths["structures"][None]), 1, CAMPAIGN.simulation.cell_a)
    for name in ("positions_a", "numbers", "particle"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(built, name))
    assert stored.particles == built.particles
    assert (stored.seed, stored.requested_particles) == (built.seed, built.requested_particles)


def test_structures_differ_from_each_other(paths):
    digests = {int(StoreReader(paths["structures"][None]).read("digest", i)) for i in range(3)}
    assert len(digests) == 3


def test_the_drawn_defocus_follows_from_the_kept_seed(paths):
    for key in CONDITIONS:
        nominal = CAMPAIGN.condition(key).defocus_nm
        for i in range(3):
            seed = int(StoreReader(paths["micrographs"][key]).read("seed", i))
            assert seed == structure_seed(CAMPAIGN, SPECIMEN, i, f"micrographs/{key}")
            drawn = np.random.default_rng(seed).normal(nominal, CAMPAIGN.optics.defocus_jitter_nm)
            assert float(StoreReader(paths["micrographs"][key]).read("defocus", i)) == drawn


def test_defocus_is_counted_from_each_structures_own_zero(paths):
    zero = [float(StoreReader(paths["zero_defocus"][None]).read("zero_defocus", i)) for i in range(3)]
    for key in CONDITIONS:
        for i in range(3):
            store = paths["micrographs"][key]
            from_exit_plane = float(StoreReader(store).read("exit_plane_defocus", i))
            from_zero = float(StoreReader(store).read("defocus", i))
            assert from_exit_plane == pytest.approx(zero[i] + 10 * from_zero)


def test_contrast_of_the_particles_is_least_at_zero_defocus(paths):
    mask = StoreReader(paths["labels"][None]).read("mask", 0)
    contrast = {}
    for key in CONDITIONS:
        counts = StoreReader(paths["micrographs"][key]).read("counts", 0)[mask].astype(float)
        # shot noise has the variance of the mean; what is above it is contrast
        contrast[key] = (counts.var() - counts.mean()) / counts.mean() ** 2
    assert contrast["df+00nm_400e"] < 0.5 * contrast["df-10nm_400e"]


def test_a_label_overlaps_the_projected_spheres(paths):
    for i in range(3):
        assert float(StoreReader(paths["labels"][None]).read("silhouette_iou", i)) > 0.8


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({"seed": 1}, set(ASSETS)),
        ({"placement": {"separation_a": 12}}, set(ASSETS)),
        ({"simulation": {"frozen_phonons": 3}}, set(ASSETS) - {"structures"}),
        ({"calibration": {"fine_step_a": 0.2}}, {"zero_defocus", "micrographs", "training_sets"}),
        ({"optics": {"focal_spread_a": 12}}, {"zero_defocus", "micrographs", "training_sets"}),
        ({"optics": {"defocus_jitter_nm": 0}}, {"micrographs", "training_sets"}),
        ({"labels": {"mask_cutoff": 0.2}}, {"labels", "training_sets"}),
        ({"lattices": {"CdSe": {"label_blur_a": 1.0}}}, {"labels", "training_sets"}),
        ({"training_sets": {"crop_px": 64}}, {"training_sets"}),
        ({"training_sets": {"license": "CC0-1.0", "citation": "nobody"}}, set()),
        ({"lattices": {"Cu": {"a": 3.7}}}, set()),
        ({"counts": {"train": 9}}, {"training_sets"}),
        ({"counts": {"validation": 9}}, set()),
        ({"conditions+": [{"defocus_nm": 3, "dose_e_per_a2": 3}]}, set()),
    ],
)
def test_a_setting_changes_the_recipes_of_what_it_decides_and_no_others(change, stale):
    changed = with_overrides(CAMPAIGN, change)

    def digests(campaign):
        specimen = campaign.specimen(SPECIMEN)
        return {n: s.recipe(campaign, specimen, targets(n)[0]).digest for n, s in ASSETS.items()}

    before, after = digests(CAMPAIGN), digests(changed)
    assert {name for name in ASSETS if before[name] != after[name]} == stale
