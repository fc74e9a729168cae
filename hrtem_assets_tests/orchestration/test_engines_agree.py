"""The check `engines_agree`: evaluated with every materialization of exit waves, and failed by a wrong engine."""

from dataclasses import replace

import dagster as dg
import numpy as np
import pytest

from hrtem_assets.definitions import build_defs
from hrtem_assets.orchestration import checks
from hrtem_assets.waves.agreement import INDEPENDENT, agreement
from hrtem_assets.waves.cross_check import CrossCheck, cross_check, small_particle
from hrtem_assets.waves.prismatic.environment import VARIABLE
from hrtem_assets.waves.registry import ENGINES
from hrtem_assets_tests.small import SPECIMEN, small_campaign


def evaluations(instance, run_id, check_name="engines_agree"):
    events = (r.event_log_entry.dagster_event for r in instance.get_records_for_run(run_id).records)
    found = [e.event_specific_data for e in events if e and e.event_type_value == "ASSET_CHECK_EVALUATION"]
    return [e for e in found if e.check_name == check_name]


def run_check(tmp_path):
    """Run the check alone; returns its evaluation."""
    job = dg.define_asset_job(
        "check", dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("exit_waves"), "engines_agree"))
    )
    definitions = dg.Definitions.merge(build_defs(small_campaign(), tmp_path), dg.Definitions(jobs=[job]))
    instance = dg.DagsterInstance.ephemeral()
    # in this process Dagster takes a partition key for assets alone
    result = definitions.resolve_job_def("check").execute_in_process(
        tags={"dagster/partition": SPECIMEN}, instance=instance
    )
    assert result.success
    (evaluation,) = evaluations(instance, result.run_id)
    return evaluation


@pytest.fixture(scope="module")
def found():
    campaign = small_campaign()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        return cross_check(campaign, campaign.specimen(SPECIMEN))


def test_every_materialization_of_exit_waves_evaluates_it_for_its_partition(made):
    (evaluation,) = evaluations(made.instance, made.run_ids[0])
    assert evaluation.check_name == "engines_agree"
    assert evaluation.asset_key == dg.AssetKey("exit_waves")
    assert evaluation.partition == SPECIMEN
    assert evaluation.passed
    shown = {k: v.value for k, v in evaluation.metadata.items()}
    assert shown["fused_correlation"] > 0.9999999
    assert shown["fused_relative_difference"] < 1e-5
    assert shown["broken"] == "none"
    assert "relative difference <= 1e-05" in shown["fused_bounds"]
    assert shown["preview"].startswith("![engines](data:image/")
    assert len(shown["thumbnail"]) < 1000


def test_every_engine_is_compared_or_said_to_be_absent(found):
    assert {"abtem", *found.agreements, *found.absent} == set(ENGINES)
    assert set(found.absent) == {"prismatic"}
    assert f"{VARIABLE} is not set" in found.absent["prismatic"]
    assert set(found.agreements) == {"fused"}
    assert not found.broken


def test_the_absent_engine_and_its_installation_are_shown(found, monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "cross_check", lambda campaign, specimen: found)
    evaluation = run_check(tmp_path)
    assert evaluation.passed
    assert "conda-forge" in evaluation.metadata["not_compared"].value
    assert evaluation.metadata["compared"].value.startswith("fused with abtem")


def test_a_wrong_engine_fails_the_check_with_its_bounds_and_figures(found, monkeypatch, tmp_path):
    wrong = np.conj(found.waves["abtem"])
    compared = agreement(wrong, found.waves["abtem"], found.sampling_a)
    bad: CrossCheck = replace(
        found,
        waves={**found.waves, "prismatic": wrong},
        agreements={**found.agreements, "prismatic": compared},
        broken={"prismatic": INDEPENDENT.broken(compared)},
        absent={},
    )
    monkeypatch.setattr(checks, "cross_check", lambda campaign, specimen: bad)
    evaluation = run_check(tmp_path)
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert "prismatic: correlation" in evaluation.metadata["broken"].value
    assert evaluation.metadata["prismatic_rms_phase_rad"].value > 0.005


def test_the_picture_has_a_tile_for_the_reference_and_each_difference(found):
    picture = checks.difference_picture(found)
    assert picture.width > (1 + len(found.agreements)) * checks.TILE_PX


def test_the_particle_is_the_specimens_own_and_always_the_same():
    campaign = small_campaign()
    one, again, other = (
        small_particle(campaign, campaign.specimen(k))[0] for k in (SPECIMEN, SPECIMEN, "Cu-small")
    )
    np.testing.assert_array_equal(one.positions_a, again.positions_a)
    assert set(one.numbers) == {34, 48}
    assert set(other.numbers) == {29}
    assert np.ptp(one.positions_a[0], axis=0) == pytest.approx([21, 21, 21], abs=2.5)


@pytest.mark.prismatic
@pytest.mark.parametrize("lattice", ["CdSe", "Ag"])
def test_prismatic_agrees_with_abtem_within_the_documented_bounds(lattice):
    campaign = small_campaign()
    result = cross_check(campaign, campaign.specimen(f"{lattice}-small"))
    assert "prismatic" in result.agreements
    assert not result.broken
