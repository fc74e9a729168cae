"""Folders and object stores behave alike: what is written is there whole, and errors name URL and repair."""

import os
import threading

import pytest
from upath import UPath

from hrtem_assets.store import files
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.files import store_path, urls
from hrtem_assets.store.layout import PartitionId, layout_from_environment


def test_what_is_written_is_read_whole_and_in_part(place):
    files.write(place / "x" / "file", b"0123456789")
    assert files.read(place / "x" / "file") == b"0123456789"
    assert files.read_part(place / "x" / "file", 2, 3) == b"234"
    assert files.read_part(place / "x" / "file", -3) == b"789"
    assert list(files.read_all([place / "x" / "file"] * 3)) == [b"0123456789"] * 3
    with pytest.raises(FileNotFoundError):
        files.read(place / "x" / "none")


def test_of_many_that_create_an_object_at_once_one_succeeds(bucket):
    place = store_path(bucket) / "lock"
    assert isinstance(place, UPath)
    won: list[int] = []
    start = threading.Barrier(12)

    def contend(number: int) -> None:
        start.wait()
        if files.BUCKET.create(place, str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=contend, args=(k,)) for k in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(k).encode() for k in won] == [files.read(place)]


def test_a_path_is_a_folder_and_so_is_a_file_url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert store_path("here") == tmp_path / "here"
    assert store_path(f"file://{tmp_path}/there") == tmp_path / "there"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sftp://host/folder", "stores cannot lie at sftp://"),
        ("s3://", "names no bucket"),
        ("s3:///", "names no bucket"),
    ],
)
def test_urls_that_cannot_hold_stores_are_refused(url, words):
    with pytest.raises(StoreError, match=words):
        store_path(url)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(urls, "find_spec", lambda name: None)
    with pytest.raises(
        StoreError, match=r"gs://b/x needs .* gcsfs; install .* pip install 'hrtem-assets\[gcs\]'"
    ):
        store_path("gs://b/x")


def test_a_bucket_that_is_not_there_is_named(s3_server):
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/x cannot be reached .*make the bucket"):
        files.require_bucket(store_path("s3://no-such-bucket/x"))


def test_a_full_disk_of_the_server_is_an_error_that_names_the_url(s3_server, bucket):
    s3_server.refuse_writes("/full$")
    try:
        with pytest.raises(StoreError, match=rf"{bucket}/full cannot be reached"):
            files.write(store_path(bucket) / "full", b"x")
    finally:
        s3_server.refuse_writes("")
    assert files.listing(store_path(bucket)) == {}


def test_a_full_disk_leaves_nothing_under_the_files_name(tmp_path, monkeypatch):
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        files.write(tmp_path / "entry.json", b"x")
    assert not (tmp_path / "entry.json").exists()


def test_the_environment_names_the_place_of_the_stores_and_all_else_stays_in_the_data_folder(
    tmp_path, monkeypatch
):
    partition = PartitionId("labels", "CdSe-small")
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path))
    monkeypatch.delenv("HRTEM_ASSETS", raising=False)
    assert layout_from_environment().store(partition) == tmp_path / "assets/labels/CdSe-small.zarr"
    for named, url in (
        ("memory://here/x/", "memory://here/x"),
        (str(tmp_path / "fast"), str(tmp_path / "fast")),
    ):
        monkeypatch.setenv("HRTEM_ASSETS", named)
        layout = layout_from_environment()
        assert (
            str(layout.store(partition)).replace("memory:///", "memory://") == f"{url}/labels/CdSe-small.zarr"
        )
        assert layout.picture(partition) == tmp_path / "pictures/labels/CdSe-small.png"
