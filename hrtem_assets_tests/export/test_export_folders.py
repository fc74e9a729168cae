"""Export folders are complete or absent, the same every time, checked, and never in place of somebody's work."""

import hashlib
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from hrtem_assets.campaign import with_overrides
from hrtem_assets.export.exporting import export_folder, export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.folder import CHECKSUMS, ExportError, checksums, files_in, new_folder
from hrtem_assets.export.formats.source import Source
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reading import StoreError
from hrtem_assets_tests.export.conftest import CAMPAIGN, CONDITION, write_export
from hrtem_assets_tests.small import SPECIMEN
from hrtem_assets_tests.training.sets import write_training_set


def visible(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_store_gives_the_same_bytes(exported, tmp_path, form):
    write_export(exported.layout, form, tmp_path / "again")
    again, first = tmp_path / "again" / CHECKSUMS, exported.folder(form) / CHECKSUMS
    assert again.read_text("utf-8") == first.read_text("utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_checksums_name_every_file_and_are_right(exported, form):
    folder = exported.folder(form)
    stated = checksums(folder)
    assert sorted([*stated, CHECKSUMS]) == files_in(folder)
    assert {"README.md", "croissant.json", "recipe.json", "LICENSE", "CITATION.txt", "table.csv"} <= set(
        stated
    )
    for name, digest in stated.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_failure_leaves_no_folder_and_keeps_an_earlier_export(exported, tmp_path, monkeypatch):
    target = tmp_path / "export"

    def fails(self, variable, index):
        raise OSError("disk gone")

    with monkeypatch.context() as patch:
        patch.setattr(Source, "read", fails)
        with pytest.raises(OSError, match="disk gone"):
            write_export(exported.layout, "webdataset", target)
    assert visible(tmp_path) == []
    write_export(exported.layout, "webdataset", target)
    before = checksums(target)
    with monkeypatch.context() as patch:
        patch.setattr(Source, "read", fails)
        with pytest.raises(OSError, match="disk gone"):
            write_export(exported.layout, "webdataset", target)
    assert checksums(target) == before


@pytest.mark.slow
def test_a_killed_export_leaves_no_visible_folder_and_the_next_one_succeeds(tmp_path):
    script = (
        "import sys, time, pathlib\n"
        "from hrtem_assets.export.formats.folder import new_folder\n"
        "with new_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half.bin').write_bytes(b'x')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(600)\n"
    )
    target = tmp_path / "export"
    child = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    with pytest.raises(ExportError, match="being written by another process"), new_folder(target):
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert visible(tmp_path) == []
    with new_folder(target) as folder:
        (folder / "whole.bin").write_bytes(b"x")
    assert visible(tmp_path) == ["export"]
    assert files_in(target) == [CHECKSUMS, "whole.bin"]


def test_a_folder_with_anything_else_in_it_is_never_replaced(exported, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.tex").write_text("")
    with pytest.raises(ExportError, match=r"thesis\.tex.*name another folder"):
        write_export(exported.layout, "tiff", work)
    assert files_in(work) == ["thesis.tex"]
    write_export(exported.layout, "tiff", tmp_path / "export")
    (tmp_path / "export" / "notes.txt").write_text("")
    with pytest.raises(ExportError, match=r"notes\.txt"):
        write_export(exported.layout, "tiff", tmp_path / "export")


def test_an_empty_folder_may_become_an_export(exported, tmp_path):
    write_export(exported.layout, "xyz", tmp_path)
    assert "README.md" in visible(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("form", [name for name, form in FORMATS.items() if form.asset == "training_sets"])
def test_memory_holds_a_few_images_never_the_dataset(exported, tmp_path, form):
    campaign = with_overrides(
        CAMPAIGN, {"counts": {"train": 48, "validation": 2}, "training_sets": {"crop_px": 256}}
    )
    write_training_set(tmp_path, CONDITION, campaign)
    one_image = 256 * 256 * (2 + 1 + 1)
    tracemalloc.start()
    try:
        export_partition(
            campaign, Layout(tmp_path), FORMATS[form], SPECIMEN, CONDITION, tmp_path / form, lambda _: None
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * one_image


def test_a_missing_partition_is_an_error_that_names_the_command(tmp_path):
    with pytest.raises(StoreError, match="hrtem materialize training_sets --specimen CdSe-small --condition"):
        write_export(Layout(tmp_path), "hdf5", tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_a_partition_of_another_recipe_is_refused_with_the_difference(exported, tmp_path):
    changed = with_overrides(CAMPAIGN, {"training_sets": {"crop_px": 30}})
    with pytest.raises(StoreError, match=r"crop_px: 32 \(stored\), 30 \(wanted\)"):
        export_partition(
            changed, exported.layout, FORMATS["hdf5"], SPECIMEN, CONDITION, tmp_path / "e", lambda _: None
        )


def test_image_formats_need_a_condition_and_structures_refuse_one(exported, tmp_path):
    for form, condition, words in (("hdf5", None, "name it"), ("xyz", CONDITION, "leave df-02.5nm_400e out")):
        with pytest.raises(ExportError, match=words):
            export_partition(
                CAMPAIGN, exported.layout, FORMATS[form], SPECIMEN, condition, tmp_path / "e", lambda _: None
            )


def test_a_missing_package_is_named_with_the_command_that_installs_it(exported, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(ExportError, match=r"tifffile.*pip install 'hrtem-assets\[exports\]'"):
        write_export(exported.layout, "tiff", tmp_path / "e")
    assert visible(tmp_path) == []


def test_exports_lie_beside_the_assets_by_format_specimen_and_condition():
    layout = Layout(Path("data"))
    assert export_folder(layout, FORMATS["tiff"], SPECIMEN, CONDITION) == Path(
        "data/exports/tiff/CdSe-small/df-02.5nm_400e"
    )
    with pytest.raises(ValueError, match="refused"):
        export_folder(layout, FORMATS["tiff"], "../evil", CONDITION)
