"""The process that fills partitions killed at random moments, without Dagster: cheap, so twenty times every time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.forks import fork, preloaded
from hrtem_assets_tests.resume.conftest import STRUCTURES, Undisturbed, kills
from hrtem_assets_tests.resume.test_killed_commands import MADE, assert_as_undisturbed
from hrtem_assets_tests.resume.watching import commits, watched
from hrtem_assets_tests.resume.world import World, kill
from hrtem_assets_tests.small import SPECIMEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

preloaded(__name__)
# each partition is made short and then extended
COUNTS = (STRUCTURES - 7, STRUCTURES)


def fill_all(data: Path, campaign_file: Path) -> None:
    """Fill everything, in a process that was forked with all imports done."""
    campaign = load_campaign(campaign_file)
    for count in COUNTS:
        for name in MADE:
            fill(
                ASSETS[name],
                campaign,
                SPECIMEN,
                (None,),
                Layout(data),
                count=count,
                compute=LocalCompute(workers=1),
                provenance={"run_id": "killed", "overrides": {}},
                log=lambda line: None,
            )


def test_twenty_kills_of_a_fill_leave_what_an_undisturbed_one_makes(
    new_world: Callable[..., World], undisturbed: Undisturbed, rng: np.random.Generator
) -> None:
    world = new_world("exit_waves")
    structures = PartitionId("structures", SPECIMEN)
    killed = rounds = 0
    finished = False
    kept: dict[int, int] = {}
    with watched(world.layout):
        while not finished or killed < kills(20):
            process = fork(fill_all, world.data, world.root / "campaign.yaml")
            process.start()
            if killed < kills(20):
                process.join(rng.uniform(0.0, 2.0))
                killed += process.is_alive() and kill(process.pid or 0)
            process.join()
            now = commits(world.layout, structures)
            assert {index: now[index] for index in kept} == kept
            kept = now
            finished = process.exitcode == 0
            if finished:
                rounds += 1
                assert_as_undisturbed(world, undisturbed)
                if killed < kills(20):
                    world.forget(*MADE)
                    kept = {}
            else:
                assert process.exitcode == -9
    print(f"{killed} kills of a fill, {rounds} completed")
