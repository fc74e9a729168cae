"""Repair: only what is damaged is taken out, and only when asked."""

from click.testing import CliRunner

from hrtem_assets.cli import main
from hrtem_assets.store.layout import PartitionId
from hrtem_assets_tests.small import SPECIMEN

LABELS = PartitionId("labels", SPECIMEN)


def test_an_intact_store_is_not_taken_out(layout, environment):
    result = CliRunner().invoke(main, ["repair", str(LABELS), "--yes"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "nothing to take out of labels/CdSe-small" in result.output
    assert layout.store(LABELS).is_dir()


def test_damage_is_listed_and_stays_without_yes(layout, environment):
    (layout.store(LABELS) / "mask/c/0/0/0").unlink()
    result = CliRunner().invoke(main, ["repair", str(LABELS)], catch_exceptions=False)
    assert "--yes takes out 3 structures of labels/CdSe-small" in result.output
    assert layout.store(LABELS).is_dir()


def test_partitions_that_do_not_exist_are_refused(layout, environment):
    for name, words in (
        ("label/CdSe-small", "unknown asset 'label'"),
        ("labels", "labels are named ASSET/SPECIMEN"),
        ("labels/Ag-small", "has no finished store"),
        ("labels/..", "is refused"),
    ):
        result = CliRunner().invoke(main, ["repair", name, "--yes"])
        assert result.exit_code == 1
        assert words in result.output


def test_the_option_of_prune_that_did_this_names_the_command():
    result = CliRunner().invoke(main, ["prune", "--damaged", str(LABELS), "--yes"])
    assert result.exit_code == 2
    assert "remove what is damaged with: hrtem repair labels/CdSe-small --yes" in result.output
