"""Trees of files, in folders and object stores alike: they appear whole and go at once."""

import pytest

from hrtem_assets.store import files
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.files import MARK, store_path


def plant(tree) -> None:
    files.write(tree / "c" / "1", b"one")
    files.write(tree / "c" / "10" / "0", b"ten")
    files.write(tree / "df+05nm" / "c", b"plus")
    files.write(tree / MARK, b"root")


def names(tree) -> list[str]:
    return [files.name_within(tree, p) for p in files.listing(tree)]


def test_a_tree_lists_its_files_in_one_order_and_nothing_of_its_neighbours(place):
    plant(place / "tree")
    plant(place / "tree2")
    assert names(place / "tree") == ["c/1", "c/10/0", "df+05nm/c", "zarr.json"]
    assert files.listing(place / "tree" / "c" / "1") == {place / "tree" / "c" / "1": 3}
    assert [p.name for p in files.children(place / "tree")] == ["c", "df+05nm", "zarr.json"]
    assert files.children(place / "nothing") == []
    assert names(place / "nothing") == []


def test_a_tree_is_made_when_its_mark_is_there(place):
    files.write(place / "tree" / "c" / "1", b"one")
    assert not files.is_made(place / "tree")
    files.write(place / "tree" / MARK, b"root")
    assert files.is_made(place / "tree")
    assert not files.is_file(place / "tree")


def test_moving_clears_the_rest_of_a_tree_that_was_half_deleted(place):
    plant(place / "new")
    files.write(place / "final" / "stale", b"of a killed publishing")
    files.move(place / "new", place / "final")
    assert names(place / "final") == ["c/1", "c/10/0", "df+05nm/c", "zarr.json"]
    assert names(place / "new") == []


def test_a_copy_does_not_change_with_its_original(place):
    plant(place / "old")
    files.copy(place / "old", place / "copy")
    files.write(place / "old" / "c" / "1", b"changed")
    assert files.read(place / "copy" / "c" / "1") == b"one"
    assert names(place / "copy") == names(place / "old")


def test_deleting_begins_with_the_mark_and_minds_nothing_that_is_gone(place):
    plant(place / "tree")
    files.delete(place / "tree" / "c" / "1")
    files.delete(place / "tree" / "c" / "1")
    files.remove(place / "tree")
    files.remove(place / "tree")
    assert names(place) == []


def test_a_move_that_may_no_longer_go_on_leaves_the_source_whole_and_the_target_unmade(bucket):
    place = store_path(bucket)
    plant(place / "new")
    steps = iter([None, None, StoreError("lost")])

    def check() -> None:
        if (error := next(steps, StoreError("lost"))) is not None:
            raise error

    with pytest.raises(StoreError, match="lost"):
        files.move(place / "new", place / "final", check)
    assert files.is_made(place / "new")
    assert not files.is_made(place / "final")
