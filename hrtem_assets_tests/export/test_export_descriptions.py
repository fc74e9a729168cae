"""Cards and Croissant metadata say what is in an export, in the form that hubs and mlcroissant read."""

import json
import logging

import pytest
import yaml

from hrtem_assets.campaign import TrainingSets
from hrtem_assets.export.card import SOURCE_PAPER, dataset_card, size_category
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.collection import Collection
from hrtem_assets.export.formats.folder import checksums
from hrtem_assets.export.formats.source import Source


def front_matter(text: str) -> dict:
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("---\n", 2)[1])


@pytest.mark.parametrize("form", FORMATS)
def test_the_card_has_the_front_matter_that_hubs_read(exported, form):
    found = front_matter((exported.folder(form) / "README.md").read_text("utf-8"))
    assert found["license"] == "cc-by-4.0"
    assert found["size_categories"] == ["n<1K"]
    assert found["task_categories"] == (["other"] if form == "xyz" else ["image-segmentation"])
    assert "hrtem" in found["tags"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_card_names_every_file_and_column_how_to_open_them_and_whom_to_cite(exported, form):
    text = (exported.folder(form) / "README.md").read_text("utf-8")
    for kind in FORMATS[form].files:
        assert f"`{kind.pattern}`" in text
    header = (exported.folder(form) / "table.csv").read_text("utf-8").splitlines()[0]
    for column in header.split(","):
        assert f"| `{column}` |" in text
    assert FORMATS[form].example in text
    assert "10.69761/kjte5358" in text
    assert "10.69761/kjte5358" in (exported.folder(form) / "CITATION.txt").read_text("utf-8")


def test_the_card_of_images_tells_units_signs_splits_and_settings(exported):
    text = (exported.folder("hdf5") / "README.md").read_text("utf-8")
    for words in (
        "32 x 32 pixels of 0.2 Å",
        "0.8 to 1.2 nm radius",
        "-2.5 nm",
        "underfocus positive",
        "400 e/Å²",
        "train: 70 images, validation: 6 images",
        "| frozen phonons | 2 |",
        "| focal spread [Å] | 10 |",
    ):
        assert words in text


def test_the_card_of_images_says_what_every_imaging_effect_did_in_its_order(exported):
    card = (exported.folder("hdf5") / "README.md").read_text("utf-8")
    places = [
        card.index(words)
        for words in ("1. Contrast transfer", "2. A focal spread of 7.07 Å", "3. Shot noise")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("form", FORMATS)
def test_the_card_tells_what_the_crystal_amounts_to(exported, form):
    text = (exported.folder(form) / "README.md").read_text("utf-8")
    assert "## Crystal\n\nCdSe in P 63 m c, 2 formula units and 4 atoms per cell, 5.662 g/cm³" in text
    assert "shortest distance Cd-Se 2.628 Å" in text


def test_every_file_pattern_of_a_format_matches_a_file(exported):
    for name, form in FORMATS.items():
        for kind in form.files:
            assert list(exported.folder(name).glob(kind.pattern)), kind.pattern


@pytest.mark.parametrize("form", FORMATS)
def test_the_example_in_the_card_runs(exported, form, monkeypatch):
    monkeypatch.chdir(exported.folder(form))
    exec(FORMATS[form].example, {})


def test_licence_and_citation_are_the_campaigns(exported):
    source = Source(exported.training_set)
    terms = TrainingSets(license="CC0-1.0", citation="A. Person, Our data (2026)")
    text = dataset_card(Collection(source.key, (source,)), FORMATS["hdf5"], terms)
    assert front_matter(text)["license"] == "cc0-1.0"
    assert "A. Person, Our data (2026)" in text
    assert SOURCE_PAPER in text


@pytest.mark.parametrize("form", FORMATS)
def test_mlcroissant_validates_the_metadata_without_a_warning_and_reads_the_table(exported, form, caplog):
    import mlcroissant

    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=exported.folder(form) / "croissant.json")
        rows = list(dataset.records("rows"))
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    assert not caplog.records
    source = Source(exported.structures if form == "xyz" else exported.training_set)
    assert len(rows) == len(source)
    for index, row in enumerate(rows):
        wanted = source.row(index)
        assert {k.removeprefix("rows/"): v for k, v in row.items()} == {
            k: v.encode() if isinstance(v, str) else v for k, v in wanted.items()
        }


@pytest.mark.parametrize("form", FORMATS)
def test_croissant_lists_every_data_file_with_its_checksum_and_size(exported, form):
    folder = exported.folder(form)
    described = json.loads((folder / "croissant.json").read_text("utf-8"))["distribution"]
    described = [d for d in described if d["@type"] == "cr:FileObject"]
    stated = checksums(folder)
    texts = {"README.md", "croissant.json", "recipe.json", "LICENSE", "CITATION.txt"}
    assert {d["contentUrl"]: d["sha256"] for d in described} == {
        name: digest for name, digest in stated.items() if name not in texts
    }
    for d in described:
        assert d["contentSize"] == f"{(folder / d['contentUrl']).stat().st_size} B"


def test_the_recipe_tells_everything_upstream_but_not_who_made_it(exported):
    found = json.loads((exported.folder("hdf5") / "recipe.json").read_text("utf-8"))
    assert found["recipe"]["asset"] == "training_sets"
    assert set(found["upstream_recipes"]) == {
        "structures",
        "exit_waves",
        "zero_defocus",
        "labels",
        "micrographs",
    }
    assert "user" not in found


def test_size_categories_are_those_of_dataset_hubs():
    assert [size_category(n) for n in (640, 1000, 10_000, 10**6)] == [
        "n<1K",
        "1K<n<10K",
        "10K<n<100K",
        "n>1M",
    ]
