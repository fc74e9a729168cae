"""The command with its stores in a bucket, in processes of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.store import files
from hrtem_assets.store.files import store_path
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets_tests.small import SPECIMEN, small_campaign_yaml

pytestmark = pytest.mark.slow

MATERIALIZE = ("materialize", "structures", "exit_waves", "--specimen", SPECIMEN)
WAVES = PartitionId("exit_waves", SPECIMEN)


@pytest.fixture
def environment(s3_server, bucket, tmp_path) -> dict[str, str]:
    """Of a user who keeps stores in a bucket, and the rest in a folder."""
    (tmp_path / "small.yaml").write_text(small_campaign_yaml())
    return os.environ | {
        "HRTEM_CAMPAIGN": str(tmp_path / "small.yaml"),
        "HRTEM_DATA": str(tmp_path / "data"),
        "HRTEM_ASSETS": f"{bucket}/assets",
        "DAGSTER_HOME": "",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def command(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hrtem_assets", *arguments],
        env=environment,
        cwd=Path(environment["HRTEM_DATA"]).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.timeout(900)
def test_a_killed_command_goes_on_in_the_bucket_and_its_store_opens_by_url(environment, bucket, tmp_path):
    layout = Layout(tmp_path / "data", store_path(environment["HRTEM_ASSETS"]))
    atoms = layout.store(PartitionId("structures", SPECIMEN))
    killed = command(environment, *MATERIALIZE)
    end = time.monotonic() + 400
    # at the beginning of the waves
    while not files.is_made(atoms):
        assert killed.poll() is None, killed.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not files.is_made(layout.store(WAVES))
    made = StoreReader(atoms).column("committed_at").tolist()

    second = command(environment, *MATERIALIZE)
    output, _ = second.communicate(timeout=700)
    assert second.returncode == 0, output
    assert StoreReader(atoms).column("committed_at").tolist() == made
    with xr.open_zarr(f"{bucket}/assets/exit_waves/{SPECIMEN}.zarr") as waves:
        assert waves.vacuum.shape == (3, 2, 256, 256)
        assert 0.9 < float(abs(waves.vacuum[2] ** 2).mean()) < 1.1
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["dagster_home", "pictures"]
    assert verify_partition(layout, WAVES).intact


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"HRTEM_ASSETS": "s3://no-such-bucket/assets"},
            "make the bucket, or name another one in HRTEM_ASSETS",
        ),
        ({"HRTEM_ASSETS": "ftp://somewhere/assets"}, "stores cannot lie at ftp://"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_refused_in_words(environment, tmp_path, changed, words):
    (tmp_path / "data").mkdir()
    refused = command(environment | changed, "verify")
    output, _ = refused.communicate(timeout=120)
    assert refused.returncode == 1
    assert changed["HRTEM_ASSETS"] in output
    assert words in output
    assert "Traceback" not in output
