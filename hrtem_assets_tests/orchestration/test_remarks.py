"""Failed structures in Dagster: the run ends well, warns, and the check and the metadata name them."""

import dagster as dg

from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration.launch import materialize
from hrtem_assets_tests.assets.test_failures import CAMPAIGN
from hrtem_assets_tests.orchestration.test_engines_agree import evaluations
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN

MADE = ("structures", "exit_waves", "zero_defocus", "micrographs")


def test_a_structure_without_a_zero_warns_in_run_metadata_and_check(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    run_ids = materialize(build_defs(CAMPAIGN, tmp_path), instance, MADE, SPECIMEN, CONDITIONS[:1])
    logs = [record for run_id in run_ids for record in instance.all_logs(run_id)]
    warnings = [r.user_message for r in logs if r.level == 30]
    said = f"zero_defocus/{SPECIMEN}: 1 of 3 structures could not be made: structure 1: zero_defocus: "
    assert any(words.startswith(said) for words in warnings)
    assert any(words.startswith(f"micrographs/{SPECIMEN}/{CONDITIONS[0]}: 1 of 3") for words in warnings)
    checked = {
        e.asset_key.to_user_string(): e
        for run_id in run_ids
        for e in evaluations(instance, run_id, "nothing_to_remark")
    }
    assert {name: e.passed for name, e in checked.items()} == {
        "structures": True,
        "exit_waves": True,
        "zero_defocus": False,
    }
    assert checked["zero_defocus"].severity == dg.AssetCheckSeverity.WARN
    assert (
        "structure 1: zero_defocus: the least contrast" in checked["zero_defocus"].metadata["remarks"].value
    )
    (record,) = instance.fetch_materializations(dg.AssetKey("micrographs"), limit=1).records
    materialization = record.asset_materialization
    assert materialization is not None
    shown = {k: v.value for k, v in materialization.metadata.items()}
    assert shown["not_made"] == 1
    assert shown["structures"] == 3
