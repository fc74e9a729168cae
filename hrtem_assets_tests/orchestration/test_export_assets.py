"""Exports and the gallery as assets and as commands, on a specimen that was really made."""

import subprocess
import sys

import click.testing
import pytest
from PIL import Image

from hrtem_assets.cli import main
from hrtem_assets.export.formats.folder import checksums
from hrtem_assets.orchestration.launch import MaterializationError, materialize
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign_yaml

SERIES = "two"


@pytest.fixture
def command(made, tmp_path, monkeypatch):
    """Runs `hrtem` on the data that were made."""
    others = "defocus_series: null, dose_series: null, structure_series: null"
    conditions = "[{defocus_nm: -10, dose_e_per_a2: 400}, {defocus_nm: 0, dose_e_per_a2: 400}]"
    series = f"series: {{{SERIES}: {{specimens: [{SPECIMEN}], conditions: {conditions}}}, {others}}}"
    (tmp_path / "small.yaml").write_text(small_campaign_yaml().replace("series: null", series))
    monkeypatch.setenv("HRTEM_CAMPAIGN", str(tmp_path / "small.yaml"))
    monkeypatch.setenv("HRTEM_DATA", str(made.layout.root))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return lambda *arguments: click.testing.CliRunner().invoke(main, arguments)


def test_an_image_export_is_an_asset_of_its_partition_with_card_and_pictures(made):
    materialize(made.definitions, made.instance, ["export_hdf5"], SPECIMEN, CONDITIONS[:1])
    shown = made.metadata("export_hdf5", f"{CONDITIONS[0]}|{SPECIMEN}")
    folder = made.layout.root / "exports" / "hdf5" / SPECIMEN / CONDITIONS[0]
    assert shown["folder"] == str(folder)
    assert shown["structures"] == 3
    assert shown["files"] == 8
    assert "images.hspy" in checksums(folder)
    assert shown["card"].lstrip().startswith(f"# {SPECIMEN}_{CONDITIONS[0]}")
    assert shown["thumbnail"].startswith("![export_hdf5](data:image/")
    assert len(shown["thumbnail"]) < 1000


def test_structures_are_exported_by_specimen(made):
    materialize(made.definitions, made.instance, ["export_xyz"], SPECIMEN)
    shown = made.metadata("export_xyz", SPECIMEN)
    assert shown["folder"] == str(made.layout.root / "exports" / "xyz" / SPECIMEN)
    assert shown["megabytes"] > 0


def test_an_export_of_what_is_not_made_fails_with_the_command_that_makes_it(made):
    with pytest.raises(MaterializationError, match="hrtem materialize training_sets"):
        materialize(made.definitions, made.instance, ["export_tiff"], SPECIMEN, ["df+25nm_400e"])


def test_the_gallery_is_an_asset_with_its_pictures_and_what_is_missing(made):
    materialize(made.definitions, made.instance, ["gallery"], None)
    shown = made.metadata("gallery")
    assert shown["images"] >= 3
    assert shown["preview"].startswith("![gallery](data:image/")
    with Image.open(shown["png"]) as picture:
        assert min(picture.size) > 200
    assert (made.layout.root / "pictures" / "gallery.pdf").is_file()


def test_hrtem_export_writes_to_the_folder_named(command, tmp_path):
    arguments = ("export", "webdataset", "--specimen", SPECIMEN, "--condition", CONDITIONS[0])
    result = command(*arguments, "--to", str(tmp_path / "mine"))
    assert result.exit_code == 0, result.output
    assert "train-000000.tar" in checksums(tmp_path / "mine")
    assert f"Exported to {tmp_path / 'mine'}" in result.output


def test_hrtem_export_writes_a_series_as_one_data_set(command, made):
    result = command("export", "npy", "--series", SERIES)
    assert result.exit_code == 0, result.output
    folder = made.layout.root / "exports" / "series" / SERIES / "npy"
    assert f"Exported to {folder}" in result.output
    assert len(list((folder / "train").glob("*.counts.npy"))) == 4
    assert len((folder / "table.csv").read_text().splitlines()) == 7


@pytest.mark.slow
def test_commands_without_a_folder_record_runs_and_say_where_to_look(command, made):
    # processes of their own: Dagster redirects the standard streams, which a runner of commands replaces
    export = ("export", "tiff", "--specimen", SPECIMEN, "--condition", CONDITIONS[1])
    folder = made.layout.root / "exports" / "tiff" / SPECIMEN / CONDITIONS[1]
    for arguments, told in ((export, folder), (("gallery",), made.layout.root / "pictures" / "gallery")):
        result = subprocess.run(
            [sys.executable, "-m", "hrtem_assets", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        assert "succeeded" in result.stdout
        assert str(told) in result.stdout
    assert "counts.tif" in checksums(folder)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("png", "--specimen", SPECIMEN),
            "known: hdf5, webdataset, huggingface, coco, tiff, emd, mrc, npy, xyz",
        ),
        (("hdf5", "--specimen", SPECIMEN), "name it, for example"),
        (("hdf5",), "name either --specimen, or --series"),
        (("hdf5", "--specimen", SPECIMEN, "--series", SERIES), "name either --specimen, or --series"),
        (("hdf5", "--series", SERIES, "--condition", CONDITIONS[0]), "a series has its own conditions"),
        (("hdf5", "--series", "all"), "known: " + SERIES),
        (("hdf5", "--specimen", "CdSe-huge", "--condition", CONDITIONS[0]), "known: ZnS-small"),
        (("hdf5", "--specimen", SPECIMEN, "--condition", "df+25nm_400e"), "hrtem materialize training_sets"),
    ],
)
def test_hrtem_export_says_what_is_wrong(command, arguments, words):
    result = command("export", *arguments)
    assert result.exit_code != 0
    assert words in result.output
