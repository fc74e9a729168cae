"""Transfer pairs and mixtures follow from the campaign's series, in the published numbers."""

import csv
from collections import Counter

from hrtem_assets.campaign import load_campaign
from hrtem_assets.training.pairs import as_csv, mixtures, transfer_pairs

PAPER = load_campaign("paper")


def test_the_published_campaign_has_50_defocus_20_dose_and_306_structure_pairs():
    found = Counter(pair.series for pair in transfer_pairs(PAPER))
    assert found == {"defocus_series": 50, "dose_series": 20, "structure_series": 306}


def test_pretraining_uses_the_five_defocus_sets_from_minus_to_plus_10_nm():
    pairs = [p for p in transfer_pairs(PAPER) if p.series == "defocus_series"]
    sources = {PAPER.condition(p.source_condition).defocus_nm for p in pairs}
    targets = {PAPER.condition(p.target_condition).defocus_nm for p in pairs}
    assert sources == {-10, -5, 0, 5, 10}
    assert targets == set(range(-25, 30, 5))


def test_no_pair_occurs_twice_and_none_leads_to_itself():
    pairs = transfer_pairs(PAPER)
    assert len(set(pairs)) == len(pairs) == 376
    assert all(
        (p.source_specimen, p.source_condition) != (p.target_specimen, p.target_condition) for p in pairs
    )


def test_mixtures_hold_as_many_images_as_a_training_set():
    found = mixtures(PAPER)
    assert Counter((m.source_images, m.target_images) for m in found) == {
        (128, 384): 376,
        (256, 256): 376,
        (384, 128): 376,
    }
    few = load_campaign("demo")
    assert {(m.source_images, m.target_images) for m in mixtures(few)} == {(1, 1)}


def test_the_table_names_partitions_that_exist():
    rows = list(csv.DictReader(as_csv(transfer_pairs(PAPER)).splitlines()))
    assert len(rows) == 376
    for row in rows:
        for end in ("source", "target"):
            PAPER.specimen(row[f"{end}_specimen"])
            PAPER.condition(row[f"{end}_condition"])
