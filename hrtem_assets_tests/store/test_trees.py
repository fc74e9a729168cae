"""Trees of files, in folders and object stores alike: they appear whole and go at once."""

import pytest

from hrtem_assets.store import places, trees
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.places import MARK, place_at


def plant(tree) -> None:
    places.write(tree / "c" / "1", b"one")
    places.write(tree / "c" / "10" / "0", b"ten")
    places.write(tree / "df+05nm" / "c", b"plus")
    places.write(tree / MARK, b"root")


def names(tree) -> list[str]:
    return [trees.name_within(tree, p) for p in trees.files(tree)]


def test_a_tree_lists_its_files_in_one_order_and_nothing_of_its_neighbours(place):
    plant(place / "tree")
    plant(place / "tree2")
    assert names(place / "tree") == ["c/1", "c/10/0", "df+05nm/c", "zarr.json"]
    assert trees.files(place / "tree" / "c" / "1") == {place / "tree" / "c" / "1": 3}
    assert [p.name for p in places.children(place / "tree")] == ["c", "df+05nm", "zarr.json"]
    assert places.children(place / "nothing") == []
    assert names(place / "nothing") == []


def test_a_tree_is_made_when_its_mark_is_there(place):
    places.write(place / "tree" / "c" / "1", b"one")
    assert not places.is_made(place / "tree")
    places.write(place / "tree" / MARK, b"root")
    assert places.is_made(place / "tree")
    assert not places.is_file(place / "tree")


def test_moving_clears_the_rest_of_a_tree_that_was_half_deleted(place):
    plant(place / "new")
    places.write(place / "final" / "stale", b"of a killed publishing")
    trees.move(place / "new", place / "final")
    assert names(place / "final") == ["c/1", "c/10/0", "df+05nm/c", "zarr.json"]
    assert names(place / "new") == []


def test_a_copy_does_not_change_with_its_original(place):
    plant(place / "old")
    trees.copy(place / "old", place / "copy")
    places.write(place / "old" / "c" / "1", b"changed")
    assert places.read(place / "copy" / "c" / "1") == b"one"
    assert names(place / "copy") == names(place / "old")


def test_deleting_begins_with_the_mark_and_minds_nothing_that_is_gone(place):
    plant(place / "tree")
    places.delete(place / "tree" / "c" / "1")
    places.delete(place / "tree" / "c" / "1")
    trees.remove(place / "tree")
    trees.remove(place / "tree")
    assert names(place) == []


def test_a_move_that_may_no_longer_go_on_leaves_the_source_whole_and_the_target_unmade(bucket):
    place = place_at(bucket)
    plant(place / "new")
    steps = iter([None, None, StoreError("lost")])

    def check() -> None:
        if (error := next(steps, StoreError("lost"))) is not None:
            raise error

    with pytest.raises(StoreError, match="lost"):
        trees.move(place / "new", place / "final", check)
    assert places.is_made(place / "new")
    assert not places.is_made(place / "final")
