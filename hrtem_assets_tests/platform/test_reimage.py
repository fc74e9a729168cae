"""The sensor that re-images after an edit of the campaign file: exactly what is stale behind the waves, no more."""

import dagster as dg
import pytest
import yaml
from dagster._core.execution.backfill import BulkActionStatus

from hrtem_assets.definitions import build_defs
from hrtem_assets.platform.backfills import targets
from hrtem_assets.platform.launch import materialize
from hrtem_assets.stages import STAGES
from hrtem_assets_tests.small import SETTINGS, SPECIMEN

CONDITIONS = [{"defocus_nm": -10, "dose_e_per_a2": 400}, {"defocus_nm": 10, "dose_e_per_a2": 400}]
KEYS = ("df-10nm_400e", "df+10nm_400e")
MICROGRAPHS, SETS = ([f"{a}/{SPECIMEN}/{k}" for k in KEYS] for a in ("micrographs", "training_sets"))


class Edited:
    """A campaign file, a specimen made from it, and ticks of the sensor, as a daemon would make them."""

    def __init__(self, root, monkeypatch):
        self.root, self.file, self.cursor = root, root / "mine.yaml", None
        self.write()
        monkeypatch.setenv("HRTEM_CAMPAIGN", str(self.file))
        (root / "home").mkdir()
        self.instance = dg.DagsterInstance.local_temp(str(root / "home"))
        self.reload()
        self.make(*STAGES)
        assert self.tick() == "nothing that follows the waves has changed"

    def write(self, **changes):
        settings = SETTINGS | {"counts": {"train": 1, "validation": 0}, "conditions": CONDITIONS} | changes
        self.file.write_text(yaml.safe_dump({"extends": "demo", **settings}, allow_unicode=True))

    def reload(self):
        self.definitions = build_defs(root=self.root)

    def make(self, *assets, conditions=()):
        materialize(self.definitions, self.instance, assets, SPECIMEN, conditions)

    def tick(self, fails=False):
        """The reason why nothing was requested, or the partitions of the new backfill, which ends at once."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, repository_def=repository)
        data = repository.get_sensor_def("reimage_edits").evaluate_tick(context)
        self.cursor = data.cursor or self.cursor
        if not data.run_requests:
            return data.skip_message
        before = {b.backfill_id for b in self.instance.get_backfills()}
        assert (
            self.definitions.resolve_job_def("reimage")
            .execute_in_process(run_config=data.run_requests[0].run_config, instance=self.instance)
            .success
        )
        (backfill,) = [b for b in self.instance.get_backfills() if b.backfill_id not in before]
        again = repository.get_sensor_def("reimage_edits").evaluate_tick(
            dg.build_sensor_context(self.instance, repository_def=repository)
        )
        wanted = targets(backfill)
        assert (
            again.skip_message
            == f"backfill {backfill.backfill_id} is still making its {len(wanted)} partitions"
        )
        self.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
        self.reload()
        if fails:
            return sorted(map(str, wanted))
        for asset in dict.fromkeys(p.asset for p in wanted):
            self.make(asset, conditions=[p.condition for p in wanted if p.asset == asset and p.condition])
        return sorted(map(str, wanted))


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield Edited(tmp_path_factory.mktemp("edited"), patch)


@pytest.mark.parametrize(
    ("edit", "made"),
    [
        ({"optics": {"defocus_jitter_nm": 2}}, [*MICROGRAPHS, *SETS]),
        ({"optics": {"focal_spread_a": 12}}, [*MICROGRAPHS, *SETS, f"zero_defocus/{SPECIMEN}"]),
        ({"labels": {"mask_cutoff": 0.2}}, [f"labels/{SPECIMEN}", *SETS]),
        ({"training_sets": {"crop_px": 128}}, SETS),
    ],
)
def test_an_edit_makes_exactly_the_stale_partitions_behind_the_waves_again(edited, edit, made):
    waves = edited.root / "assets/exit_waves" / f"{SPECIMEN}.zarr"
    before = waves.stat().st_mtime_ns
    edited.write(**edit)
    assert edited.tick() == sorted(made)
    assert edited.tick() == "the campaign is as it was"
    edited.write()
    assert edited.tick() == sorted(made)
    assert waves.stat().st_mtime_ns == before


def test_an_edit_of_nothing_that_is_made_requests_nothing(edited):
    edited.write(description="other words", schedule={"cron": "0 3 * * *"})
    assert edited.tick() == "nothing that follows the waves has changed"


def test_a_new_condition_is_imaged_once_its_partitions_are_loaded(edited):
    edited.write(conditions=[*CONDITIONS, {"defocus_nm": 42, "dose_e_per_a2": 400}])
    reason = "the campaign file names df+42nm_400e, which are not loaded yet: reload definitions (Deployment)"
    assert edited.tick() == reason
    assert edited.tick() == reason
    edited.reload()
    assert edited.tick() == [f"{asset}/{SPECIMEN}/df+42nm_400e" for asset in ("micrographs", "training_sets")]
    assert edited.tick() == "the campaign is as it was"


def test_images_wait_for_waves_that_are_stale_themselves(edited):
    edited.write(placement={"count_max": 1})
    reason = edited.tick()
    assert f"exit_waves/{SPECIMEN} is stale" in reason
    assert " wait: " in reason
    edited.reload()
    edited.make("structures", "exit_waves")
    assert len(edited.tick()) == 2 + 2 * len(KEYS)
    assert edited.tick() == "the campaign is as it was"


def test_what_fails_is_requested_once_for_each_edit_also_while_others_wait(edited):
    edited.write()
    edited.reload()
    edited.make(*STAGES)
    assert edited.tick() == "nothing that follows the waves has changed"
    run = edited.instance.create_run_for_job(
        edited.definitions.resolve_implicit_global_asset_job_def(),
        asset_selection={dg.AssetKey("zero_defocus")},
        tags={"dagster/partition": SPECIMEN},
        status=dg.DagsterRunStatus.STARTED,
    )
    edited.write(labels={"mask_cutoff": 0.3}, optics={"focal_spread_a": 12})
    assert edited.tick(fails=True) == [f"labels/{SPECIMEN}"]
    reason = edited.tick()
    assert reason.startswith("5 wait: ")
    assert f"run {run.run_id}" in reason
    edited.instance.report_run_canceled(edited.instance.get_run_by_id(run.run_id))
    assert edited.tick(fails=True) == sorted([*MICROGRAPHS, *SETS, f"zero_defocus/{SPECIMEN}"])
    assert edited.tick() == "the campaign is as it was"


def test_a_file_that_cannot_be_used_is_a_reason(edited):
    edited.write(seed=-1)
    assert "seed = -1" in edited.tick()
