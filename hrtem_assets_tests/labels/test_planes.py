"""Label planes: one file each, named by the campaign, and handed through to all who read training sets."""

import numpy as np
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.base.families import member_names
from hrtem_assets.campaign import CampaignError, with_overrides
from hrtem_assets.labels.plane import LabelPlane, LabelSource
from hrtem_assets.labels.registry import PLANES
from hrtem_assets_tests.small import SPECIMEN, small_campaign

CAMPAIGN = small_campaign()


def test_a_plane_is_called_as_its_file():
    assert tuple(PLANES) == member_names("hrtem_assets.labels.planes")


def test_every_plane_says_what_its_values_mean():
    for plane in PLANES.values():
        assert plane.definition
        assert np.dtype(plane.dtype).name == plane.dtype


@pytest.mark.parametrize(
    ("planes", "words"),
    [
        (["mask", "soft_label", "maks"], "'maks' is not a label; known: classes, clean_image,"),
        (["mask"], "soft_label must be among them"),
        (["mask", "soft_label", "mask"], "a label is named twice"),
    ],
)
def test_planes_that_cannot_be_made_are_refused_at_load(planes, words):
    with pytest.raises(CampaignError, match=words):
        with_overrides(CAMPAIGN, {"labels": {"planes": planes}})


def test_a_plane_more_enters_schema_and_recipe_of_labels_and_training_sets(monkeypatch):
    class Phase(LabelPlane):
        name = "phase"
        definition = "phase of the mean vacuum wave"
        dtype = "float32"
        units = "rad"

        def make(self, source: LabelSource):
            return np.angle(source.vacuum_waves.mean(axis=0)).astype(np.float32)

    monkeypatch.setitem(PLANES, "phase", Phase())
    monkeypatch.setattr("hrtem_assets.campaign.settings.member_names", lambda package: tuple(PLANES))
    more = with_overrides(CAMPAIGN, {"labels": {"planes": ["soft_label", "mask", "phase"]}})
    specimen, condition = more.specimen(SPECIMEN), more.conditions[0].key
    for name, key in (("labels", None), ("training_sets", condition)):
        arrays = {v.name: v for v in ASSETS[name].schema(more, specimen, key).arrays}
        assert (arrays["phase"].units, arrays["phase"].dtype) == ("rad", "float32")
        digests = {ASSETS[name].recipe(c, c.specimen(SPECIMEN), key).digest for c in (CAMPAIGN, more)}
        assert len(digests) == 2
