"""One specimen made without any disturbance, for all tests of this folder, and data folders that begin with it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import Campaign, load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.resume.world import World
from hrtem_assets_tests.small import SETTINGS, SPECIMEN

CONDITIONS = ("df-10nm_400e", "df+10nm_400e")
STRUCTURES = 20


KILLS = "HRTEM_KILLS"
KILLS_SEED = "HRTEM_KILLS_SEED"
# these take minutes and show what shorter tests show in part
long_run = pytest.mark.skipif(
    KILLS not in os.environ, reason=f"takes minutes; runs where {KILLS} is set, to 20 say"
)


def kills(by_default: int) -> int:
    """How many kills of a kind: few by default, so many as HRTEM_KILLS says for a long run."""
    return int(os.environ.get(KILLS, by_default))


@pytest.fixture
def rng() -> np.random.Generator:
    """Draws when to kill; a test that fails prints the seed with which it draws the same again."""
    seed = int(os.environ.get(KILLS_SEED, np.random.default_rng().integers(2**32)))
    print(f"to draw the same again: {KILLS_SEED}={seed}")
    return np.random.default_rng(seed)


@dataclass(frozen=True)
class Undisturbed:
    """The specimen as it is when nothing is killed.

    Attributes:
        layout: where its stores lie.
        campaign: what they were made from.
        yaml: the same as a campaign file.
    """

    layout: Layout
    campaign: Campaign
    yaml: str


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    root: Path = tmp_path_factory.mktemp("undisturbed")
    changes = {
        "name": "resume",
        "counts": {"train": STRUCTURES - 4, "validation": 4},
        "conditions": [{"defocus_nm": d, "dose_e_per_a2": 400} for d in (-10, 10)],
    }
    text = yaml.safe_dump({"extends": "demo", **SETTINGS, **changes}, allow_unicode=True)
    (root / "campaign.yaml").write_text(text, "utf-8")
    campaign = load_campaign(root / "campaign.yaml")
    layout = Layout(root / "data")
    for stage in ASSETS.values():
        conditions = CONDITIONS if stage.per_condition else (None,)
        # one worker: also shows that the number of workers changes nothing
        fill(
            stage,
            campaign,
            SPECIMEN,
            conditions,
            layout,
            count=None,
            compute=LocalCompute(workers=1),
            provenance={"run_id": "undisturbed", "package_version": "0", "overrides": {}},
            log=lambda line: None,
        )
    return Undisturbed(layout, campaign, text)


@pytest.fixture
def new_world(undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes a data folder that holds some undisturbed assets; whatever works on it is gone at the end."""
    made: list[World] = []

    def make(*assets: str, **variables: str) -> World:
        world = World(tmp_path, undisturbed.yaml, **variables)
        made.append(world)
        for asset in assets:
            there = world.data / "assets" / asset
            shutil.copytree(undisturbed.layout.root / "assets" / asset, there, dirs_exist_ok=True)
        return world

    yield make
    for world in made:
        world.kill_all()
