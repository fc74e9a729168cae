"""Several images of one structure: drawn, stored, extended, traced, split, loaded, exported, planned and refused."""

import csv
import json
import shutil
import tarfile

import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.assets.lineage import Lineage
from hrtem_assets.assets.partitions import Partitions
from hrtem_assets.assets.pictures import condition_sheet, partition_picture
from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.campaign.seeds import structure_seed
from hrtem_assets.cli import main
from hrtem_assets.definitions import build_defs
from hrtem_assets.execution.fill import ShardMaker, fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.gallery import Gallery
from hrtem_assets.maintenance.plan import plan, select
from hrtem_assets.maintenance.trace import UnknownStructureError, rebuild, trace
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.maintenance.words import link_lines, verdict_lines
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets.orchestration.reports import report
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError, find_store, info_or_none
from hrtem_assets.training.pairs import mixtures
from hrtem_assets_tests.assets.test_failures import CAMPAIGN as WITH_A_FAILURE
from hrtem_assets_tests.assets.test_failures import REASON
from hrtem_assets_tests.small import SETTINGS, SPECIMEN, small_campaign

CONDITION = "df-10nm_400e"
COUNTS = {"train": 1, "validation": 1}
SETTINGS_OF_THREE = SETTINGS | {"counts": COUNTS, "images_per_structure": 3}
ONE, THREE, TEN = (small_campaign(counts=COUNTS, images_per_structure=n) for n in (1, 3, 10))
IMAGES = PartitionId("micrographs", SPECIMEN, CONDITION)
SET = PartitionId("training_sets", SPECIMEN, CONDITION)
PER_CONDITION = ("micrographs", "training_sets")


def make(layout, campaign, names=PER_CONDITION, count=None, log=lambda _: None):
    for name in names:
        asset = ASSETS[name]
        fill(
            asset,
            campaign,
            SPECIMEN,
            (CONDITION if asset.per_condition else None,),
            layout,
            count=count,
            compute=LocalCompute(workers=1),
            provenance={"run_id": "run", "package_version": "0", "overrides": {}},
            log=log,
        )


def column(layout, partition, name):
    return StoreReader(layout.store(partition)).column(name)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Made by Dagster with three images of each structure; not to be changed."""
    root = tmp_path_factory.mktemp("three")
    materialize(build_defs(THREE, root), dg.DagsterInstance.ephemeral(), tuple(ASSETS), SPECIMEN, [CONDITION])
    return Layout(root)


@pytest.fixture(scope="module")
def one(three, tmp_path_factory):
    """The same waves with one image of each; not to be changed."""
    layout = Layout(tmp_path_factory.mktemp("one") / "data")
    shutil.copytree(three.root, layout.root)
    make(layout, ONE)
    return layout


@pytest.fixture
def layout(three, tmp_path):
    """Waves and labels alone, to be changed."""
    copied = Layout(tmp_path / "data")
    shutil.copytree(three.root, copied.root)
    for name in PER_CONDITION:
        shutil.rmtree(copied.root / "assets" / name)
    return copied


def test_a_row_is_an_image_and_says_its_structure_and_draw(three):
    for partition in (IMAGES, SET):
        info = find_store(three, partition)
        assert (info.structures, info.rows) == (2, 6)
        assert column(three, partition, "structure").tolist() == [0, 0, 0, 1, 1, 1]
        assert column(three, partition, "draw").tolist() == [0, 1, 2, 0, 1, 2]
        assert info.row_name(5) == "image 5 (structure 1, draw 2)"
    assert find_store(three, PartitionId("exit_waves", SPECIMEN)).rows == 2


def test_the_first_draw_is_the_image_of_a_campaign_with_one_and_the_others_have_seeds_of_their_own(
    three, one
):
    for partition in (IMAGES, SET):
        np.testing.assert_array_equal(
            column(three, partition, "digest")[::3], column(one, partition, "digest")
        )
        np.testing.assert_array_equal(
            column(three, partition, "counts")[::3], column(one, partition, "counts")
        )
    assert column(three, IMAGES, "seed").tolist() == [
        structure_seed(THREE, SPECIMEN, structure, f"micrographs/{CONDITION}{ending}")
        for structure in (0, 1)
        for ending in ("", "/1", "/2")
    ]
    assert len(set(column(three, IMAGES, "defocus").tolist())) == 6
    np.testing.assert_array_equal(column(three, SET, "image_seed"), column(three, IMAGES, "seed"))


def test_all_images_of_a_structure_are_of_its_split_and_have_its_labels(three):
    assert column(three, SET, "split").tolist() == [0, 0, 0, 1, 1, 1]
    assert len(set(column(three, SET, "structure_seed").tolist())) == 2
    masks = column(three, SET, "mask")
    assert all((masks[row] == masks[row // 3 * 3]).all() for row in range(6))
    assert (masks[0] != masks[3]).any()


def test_recipes_and_stores_name_the_number_only_where_it_is_not_one(three, one):
    for name in ASSETS:
        key = CONDITION if ASSETS[name].per_condition else None
        for campaign, expected in ((ONE, None), (THREE, 3 if key else None)):
            recipe = ASSETS[name].recipe(campaign, campaign.specimen(SPECIMEN), key)
            assert recipe.settings.get("images_per_structure") == expected
    attributes = find_store(one, IMAGES).attributes
    assert not {"rows_per_structure", "coordinates"} & attributes.keys()
    assert not (one.store(IMAGES) / "draw").exists()


def test_a_store_extended_from_one_structure_to_two_is_the_one_made_at_once(layout, three):
    make(layout, THREE, count=1)
    assert (find_store(layout, SET).structures, find_store(layout, SET).rows) == (1, 3)
    said: list[str] = []
    make(layout, THREE, log=said.append)
    assert any("3 of 6 images are already there; making 3" in line for line in said)
    for partition in (IMAGES, SET):
        np.testing.assert_array_equal(column(layout, partition, "digest"), column(three, partition, "digest"))
        assert verify_partition(layout, partition).intact


def test_a_fill_that_is_stopped_within_a_structure_goes_on_and_publishes_whole_structures(
    layout, tmp_path, monkeypatch
):
    undisturbed = Layout(tmp_path / "undisturbed")
    shutil.copytree(layout.root, undisturbed.root)
    make(undisturbed, TEN, ["micrographs"])

    whole = ShardMaker.__call__

    def stopped(self, shards):
        if shards.rows.start:
            raise KeyboardInterrupt
        return whole(self, shards)

    monkeypatch.setattr("hrtem_assets.execution.tasks.map_processes", _in_this_process)
    with monkeypatch.context() as patch:
        patch.setattr(ShardMaker, "__call__", stopped)
        with pytest.raises(KeyboardInterrupt):
            make(layout, TEN, ["micrographs"])
    # a shard holds 16 images: those of structure 0, and the first six of structure 1
    state = Partitions(TEN, layout).state(IMAGES)
    assert (state.name, state.done, state.wanted) == ("partial", 1, 2)
    make(layout, TEN, ["micrographs"], count=1)
    assert (find_store(layout, IMAGES).structures, find_store(layout, IMAGES).rows) == (1, 10)
    assert verify_partition(layout, IMAGES).intact
    make(layout, TEN, ["micrographs"])
    np.testing.assert_array_equal(column(layout, IMAGES, "digest"), column(undisturbed, IMAGES, "digest"))
    assert verify_partition(layout, IMAGES).intact


def _in_this_process(function, tasks, workers, **_):
    for task in tasks:
        yield task, function(task)


def test_any_image_made_alone_from_nothing_is_identical_and_its_trace_says_structure_and_draw(three):
    for row in (5, 1):
        compared = list(rebuild(THREE, three, SET, row))
        assert len(compared) == 6
        assert not any(c.different for c in compared)
    chain = trace(three, SET, 5)
    assert {link.partition.asset: link.row for link in chain} == {
        "training_sets": 5,
        "micrographs": 5,
        **dict.fromkeys(("labels", "zero_defocus", "exit_waves", "structures"), 1),
    }
    assert next(link_lines(chain[0])) == f"{SET}, image 5 (structure 1, draw 2)"
    assert next(link_lines(chain[-1])) == f"structures/{SPECIMEN}"
    with pytest.raises(UnknownStructureError, match="holds 6 images: ask for one from 0 to 5, not 6"):
        trace(three, SET, 6)


def test_a_campaign_with_another_number_cannot_rebuild_an_image_and_is_told_why(three):
    with pytest.raises(StoreError, match=r"settings.images_per_structure: 3 \(stored\)"):
        list(rebuild(ONE, three, IMAGES, 4))


def test_verify_counts_images_and_structures_and_names_an_image_by_both(three, monkeypatch):
    verdict = verify_partition(three, SET)
    assert next(verdict_lines(verdict)) == f"intact   {SET}: 6 images of 2 structures"
    odd = float(column(three, SET, "std")[4])
    monkeypatch.setattr(
        "hrtem_assets.maintenance.verify.violations",
        lambda recipe, values, sampling_a: ["it is odd"] if float(values["std"]) == odd else [],
    )
    lines = list(verdict_lines(verify_partition(three, SET)))
    assert lines[0] == f"damaged  {SET}, image 4 (structure 1, draw 1): it is odd"


def test_a_structure_that_changed_upstream_makes_all_of_its_images_outdated(three, monkeypatch):
    digests_of = Lineage._digests_of

    def changed(self, partition, info):
        digests = np.array(digests_of(self, partition, info))
        if partition.asset == "zero_defocus":
            digests[1] += 1
        return digests

    monkeypatch.setattr(Lineage, "_digests_of", changed)
    lineage = Lineage(lambda partition: info_or_none(three.store(partition)))
    assert list(lineage.outdated(IMAGES)) == [3, 4, 5]
    assert list(lineage.outdated(SET)) == [3, 4, 5]
    state = Partitions(THREE, three).state(IMAGES)
    # all images lie in one file
    assert (state.name, state.done) == ("stale", 0)
    assert state.why[0].startswith("images 3 to 5: made from other values of zero_defocus")


def test_a_structure_that_could_not_be_made_upstream_lacks_all_of_its_images_with_the_reason(tmp_path):
    layout, campaign = Layout(tmp_path), WITH_A_FAILURE.model_copy(update={"images_per_structure": 2})
    make(layout, campaign, ASSETS, count=2)
    for partition in (IMAGES, SET):
        info = find_store(layout, partition)
        assert info.rows == 4
        assert list(info.failures) == [2, 3]
        assert all(reason.startswith(REASON) for reason in info.failures.values())
        said = remarks(info)[0]
        assert said.startswith("2 of 4 images could not be made: image 2 (structure 1, draw 0): ")
        assert verify_partition(layout, partition).intact
    assert column(layout, SET, "split").tolist() == [0, 0, -1, -1]
    assert column(layout, SET, "structure").tolist() == [0, 0, 1, 1]
    assert not any(c.different for c in rebuild(campaign, layout, SET, 3))
    assert condition_sheet(layout, SPECIMEN, [CONDITION]).width


def test_the_loader_gives_structure_and_draw_and_keeps_a_structures_images_in_one_split(three):
    pytest.importorskip("torch")
    training = ha.TorchDataset((SPECIMEN, CONDITION), shuffle=False, root=three.root)
    assert [(s["structure"], s["draw"]) for s in map(training.__getitem__, range(3))] == [
        (0, 0),
        (0, 1),
        (0, 2),
    ]
    (batch,) = ha.TorchDataset((SPECIMEN, CONDITION), "validation", root=three.root).batches()
    assert batch["structure"].tolist() == [1, 1, 1]
    assert batch["draw"].tolist() == [0, 1, 2]


def test_an_opened_training_set_is_asked_for_all_images_of_a_structure(three):
    ds = ha.open_dataset(SPECIMEN, CONDITION, root=three.root)
    assert ds.draw.values.tolist() == [0, 1, 2, 0, 1, 2]
    assert "draw" in ds.coords
    np.testing.assert_array_equal(ds.sel(structure=1).counts, column(three, SET, "counts")[3:])


@pytest.mark.parametrize(
    "form", [f for f in FORMATS.values() if f.asset == "training_sets" and f.name != "coco"]
)
def test_an_export_has_a_row_an_image_with_its_structure_and_draw(three, tmp_path, form):
    folder = tmp_path / form.name
    export_partition(THREE, three, form, SPECIMEN, CONDITION, folder, lambda _: None)
    with (folder / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["structure"], r["draw"], r["split"]) for r in rows] == [
        (str(structure), str(draw), split)
        for structure, split in enumerate(("train", "validation"))
        for draw in range(3)
    ]
    card = (folder / "README.md").read_text()
    assert "They are 6 images of 2 structures, 3 draws each: the same atoms, with what is drawn for" in card
    assert "train: 3 images, validation: 3 images. All images of a structure are in the same split." in card
    assert "| images of each structure | 3 |" in card
    records, *_ = json.loads((folder / "croissant.json").read_text())["recordSet"]
    assert records["key"] == [{"@id": "rows/structure"}, {"@id": "rows/draw"}]
    if form.name == "webdataset":
        with tarfile.open(folder / "validation-000000.tar") as tar:
            keys = {name.split(".")[0] for name in tar.getnames()}
        assert keys == {f"{SPECIMEN}_{CONDITION}_000001_{draw:03d}" for draw in range(3)}


def test_a_plan_counts_images_and_what_they_cost_from_stores_with_one_of_each(one):
    names = [IMAGES, PartitionId("structures", SPECIMEN)]
    wanted = {"train": 3, "validation": 1}
    alone, several = (plan(small_campaign(counts=wanted, images_per_structure=n), one, names) for n in (1, 3))
    # of the store with one image each nothing is of use
    assert (alone[0].state, alone[0].left, alone[0].rows_left) == ("partial", 2, 2)
    assert (several[0].state, several[0].left, several[0].rows_left) == ("stale", 4, 12)
    for cost in ("seconds", "bytes"):
        assert getattr(several[0], cost) / 12 == pytest.approx(getattr(alone[0], cost) / 2)
    assert (several[1].left, several[1].rows_left, several[1].seconds) == (2, 2, alone[1].seconds)


def test_a_complete_plan_and_its_words_follow(three, monkeypatch, tmp_path):
    plans = plan(THREE, three, select(THREE, [SPECIMEN]))
    assert {p.state for p in plans if p.partition.condition in (None, CONDITION)} == {"complete"}
    campaign = tmp_path / "three.yaml"
    campaign.write_text(json.dumps({"extends": "demo", **SETTINGS_OF_THREE}))
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(campaign))
    monkeypatch.setenv("HRTEM_DATA", str(three.root))
    answer = CliRunner().invoke(main, ["plan", SPECIMEN, "--json"], catch_exceptions=False)
    by_partition = {(p["asset"], p["condition"]): p for p in json.loads(answer.output)["partitions"]}
    assert by_partition["micrographs", CONDITION]["rows_per_structure"] == 3
    assert by_partition["exit_waves", None]["rows_per_structure"] == 1
    missing = sum(p["state"] == "missing" for p in by_partition.values())
    assert json.loads(answer.output)["total"]["to_make"] == missing * 6
    text = CliRunner().invoke(main, ["plan", SPECIMEN], catch_exceptions=False).output
    assert "images_per_structure = 3: " in text
    said = CliRunner().invoke(main, ["trace", str(IMAGES), "--image", "4"], catch_exceptions=False).output
    assert said.startswith(f"{IMAGES}, image 4 (structure 1, draw 1)\n")


def test_pictures_the_gallery_and_reports_name_images_by_structure_and_draw(three):
    captions = partition_picture(three, SET).captions
    assert captions[1].startswith("image 1 (structure 0, draw 1), train: ")
    assert captions[3].startswith("image 3 (structure 1, draw 0), validation: ")
    # of equal ones the first
    assert Gallery(THREE, three).shown_row(SPECIMEN) in (0, 3)
    shown = report(three, SET)
    assert (shown["structures"], shown["images"]) == (2, 6)
    assert (shown["training_images"], shown["validation_images"]) == (3, 3)
    assert "images" not in report(three, PartitionId("labels", SPECIMEN))


def test_mixtures_are_of_training_images():
    series = dict.fromkeys(load_campaign("demo").series) | {
        "both": {
            "specimens": [SPECIMEN],
            "conditions": [THREE.condition(key) for key in (CONDITION, "df+00nm_400e")],
        }
    }
    campaign = small_campaign(counts={"train": 4, "validation": 1}, images_per_structure=3, series=series)
    assert {m.source_images + m.target_images for m in mixtures(campaign)} == {12}


@pytest.mark.parametrize("number", [0, 1001, 2.5, True, "3"])
def test_a_number_of_images_out_of_range_is_refused_with_field_value_and_range(number):
    with pytest.raises(CampaignError) as refused:
        small_campaign(images_per_structure=number)
    said = str(refused.value)
    assert "images_per_structure" in said
    assert str(number) in said
    assert "1000" in said
