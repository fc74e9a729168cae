"""No store that anybody knows of is missed: not one that was deleted, emptied, moved, copied or left half made."""

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from hrtem_assets.cli import main
from hrtem_assets.maintenance.known import known_partitions
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.store.ledger import published, published_partitions
from hrtem_assets.store.reopen import reopen
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.small import SPECIMEN

WAVES, LABELS, SET = (
    PartitionId("exit_waves", SPECIMEN),
    PartitionId("labels", SPECIMEN),
    PartitionId("training_sets", SPECIMEN, CONDITION),
)


def verified(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["verify", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


def test_what_is_published_is_noted_with_its_structures(layout):
    assert set(published_partitions(layout)) == set(known_partitions(layout))
    noted = published(layout, WAVES)
    assert noted["structures"] == 3
    fill_all(layout, 4, ("structures", "exit_waves"))
    assert published(layout, WAVES)["structures"] == 4
    assert published(layout, WAVES)["recipe_digest"] == noted["recipe_digest"]


@pytest.mark.parametrize("partition", [WAVES, LABELS, SET], ids=str)
def test_a_deleted_store_is_missed_with_the_command_that_makes_it(layout, environment, partition):
    shutil.rmtree(layout.store(partition))
    code, output = verified(partition.asset)
    assert code == 1
    assert f"missing  {partition}: its store is missing" in output
    assert "3 structures were published on" in output
    assert f"repair with: hrtem materialize {partition.asset} --specimen {SPECIMEN}" in output


def test_a_deleted_store_is_missed_for_what_was_made_from_it_where_no_note_is_left(layout, environment):
    shutil.rmtree(layout.store(WAVES))
    shutil.rmtree(layout.published_folder)
    code, output = verified("exit_waves")
    assert code == 1
    assert f"missing  {WAVES}" in output


def test_a_store_that_only_dagster_knows_of_is_missed(layout, environment, monkeypatch):
    gone = PartitionId("training_sets", SPECIMEN, "df+10nm_400e")
    monkeypatch.setattr("hrtem_assets.orchestration.recorded.recorded_partitions", lambda: [gone])
    code, output = verified("training_sets")
    assert code == 1
    assert f"missing  {gone}" in output


def test_an_empty_folder_in_its_place_is_missed_and_pruning_it_is_no_error(layout, environment):
    for file in layout.store(SET).rglob("*"):
        if file.is_file():
            file.unlink()
    code, output = verified("training_sets")
    assert code == 1
    assert f"missing  {SET}: what is in its place is not a store" in output
    result = CliRunner().invoke(main, ["repair", str(SET), "--yes"], catch_exceptions=False)
    assert result.exit_code == 0
    fill_all(layout, assets=("training_sets",))
    assert verify_partition(layout, SET).intact


def test_a_moved_store_is_found_where_it_is(layout, environment):
    moved = layout.store(WAVES).with_name(f"{SPECIMEN}.zarr.bak")
    layout.store(WAVES).rename(moved)
    code, output = verified("exit_waves")
    assert code == 1
    assert f"it seems to have been moved to {moved}: put it back" in output
    assert f"note     {moved} is not the store of a partition: it was made as {WAVES}" in output
    moved.rename(layout.store(WAVES))
    assert verified()[0] == 0


def test_a_copy_of_another_specimens_store_is_told(layout, environment):
    shutil.copytree(layout.store(WAVES), layout.store(PartitionId("exit_waves", "Ag-small")))
    code, output = verified("exit_waves")
    assert code == 1
    assert f"damaged  exit_waves/Ag-small: it is another partition's: {WAVES}" in output


def test_an_older_copy_in_its_place_is_told(layout, environment):
    older = layout.root / "older"
    shutil.copytree(layout.store(LABELS), older)
    fill_all(layout, 4, ("structures", "exit_waves", "labels"))
    shutil.rmtree(layout.store(LABELS))
    older.rename(layout.store(LABELS))
    code, output = verified("labels")
    assert code == 1
    assert "it holds 3 structures, but 4 were published on" in output
    fill_all(layout, 4, ("labels",))
    assert verified("labels")[0] == 0


def test_what_is_under_construction_or_superseded_is_mentioned(layout, environment):
    reopen(layout, WAVES, [1])
    code, output = verified()
    assert code == 1
    assert f"missing  {WAVES}: it is under construction, 2 structures are made" in output
    assert f"note     under construction: {WAVES} (2 structures)" in output
    fill_all(layout, 4, ("structures",))
    assert "note     superseded stores: 1; hrtem prune lists them" in verified("structures")[1]


def test_a_truncated_note_still_says_that_there_was_a_store(layout, environment):
    layout.published(SET).write_bytes(b'{"recipe_')
    assert verify_partition(layout, SET).intact
    shutil.rmtree(layout.store(SET))
    assert f"missing  {SET}" in verified("training_sets")[1]


@pytest.mark.slow
def test_a_run_refuses_damaged_waves_in_words_and_what_it_made_is_missed_when_it_is_gone(layout, environment):
    """Through Dagster: the first error of the run is the sentence, and its records tell of the store."""

    def materialize(*arguments: str) -> subprocess.CompletedProcess[str]:
        # a command that runs Dagster redirects the standard streams: in a process of its own
        command = [
            sys.executable,
            "-m",
            "hrtem_assets.cli",
            "materialize",
            *arguments,
            "--specimen",
            SPECIMEN,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=240)

    file = layout.store(WAVES) / "vacuum/c/0/0/0/0"
    data = file.read_bytes()
    file.write_bytes(data[:-100] + bytes(100))
    shutil.rmtree(layout.store(LABELS))
    refused = materialize("labels")
    assert refused.returncode == 1
    assert f"{WAVES} is damaged: the files of vacuum of structure 0" in refused.stderr
    assert f"hrtem repair {WAVES} --yes" in refused.stderr
    assert not layout.store(LABELS).exists()
    file.write_bytes(data)
    assert materialize("labels").returncode == 0
    shutil.rmtree(layout.store(LABELS))
    shutil.rmtree(layout.published_folder)
    # nothing here is made from labels any more
    shutil.rmtree(layout.store(SET))
    code, output = verified()
    assert code == 1
    assert f"missing  {LABELS}" in output
