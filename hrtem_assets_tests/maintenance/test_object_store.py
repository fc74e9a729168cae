"""A whole small campaign in a bucket: the same numbers as in a folder, read, checked, repaired and exported there."""

import pytest
import xarray as xr
from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_partitions
from hrtem_assets.assets.pictures import partition_picture
from hrtem_assets.campaign import with_overrides
from hrtem_assets.cli import main
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.export.formats.folder import checksums
from hrtem_assets.export.gallery import Gallery
from hrtem_assets.maintenance.plan import plan, select
from hrtem_assets.maintenance.prune import delete, leftovers
from hrtem_assets.maintenance.trace import trace
from hrtem_assets.maintenance.verify import verify, verify_partition
from hrtem_assets.store import files
from hrtem_assets.store.files import store_path
from hrtem_assets.store.integrity import shard_files
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.training.datasets import open_dataset
from hrtem_assets.training.shards import ShardReader
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

pytestmark = pytest.mark.slow

WAVES, LABELS = PartitionId("exit_waves", SPECIMEN), PartitionId("labels", SPECIMEN)
TRAINING = PartitionId("training_sets", SPECIMEN, CONDITION)


@pytest.fixture(scope="module")
def remote(s3_server, tmp_path_factory) -> Layout:
    """Filled in a bucket, by stages that read their upstream there; not to be changed."""
    layout = Layout(
        tmp_path_factory.mktemp("here"), store_path(s3_server.make_bucket("campaign") + "/assets")
    )
    fill_all(layout)
    return layout


@pytest.fixture
def harmed(remote, s3_server, bucket) -> Layout:
    """A copy of its labels, to be changed at will."""
    layout = Layout(remote.root, store_path(bucket))
    files.copy(remote.store(LABELS), layout.store(LABELS))
    return layout


@pytest.fixture
def remade(remote, harmed) -> Layout:
    """With what labels are made from."""
    for partition in (PartitionId("structures", SPECIMEN), WAVES):
        files.copy(remote.store(partition), harmed.store(partition))
    return harmed


def test_every_structure_has_the_digests_that_it_has_in_a_folder(remote, filled):
    partitions = list(finished_partitions(filled))
    assert list(finished_partitions(remote)) == partitions
    assert len(partitions) == len(ASSETS)
    for partition in partitions:
        # where there are no arrays there are no files of theirs
        for name in ("digest", "shard_digest")[: 1 if partition.asset == "zero_defocus" else 2]:
            here, there = (StoreReader(layout.store(partition)).column(name) for layout in (filled, remote))
            assert here.tolist() == there.tolist(), (partition, name)


def test_nothing_of_the_stores_lies_in_the_data_folder(remote):
    assert not (remote.root / "assets").exists()


def test_verify_plan_and_trace_read_the_bucket(remote):
    verdicts = list(verify(remote, list(finished_partitions(remote)), 2))
    assert [v.partition for v in verdicts if not v.intact] == []
    states = {p.state for p in plan(small_campaign(), remote, select(small_campaign(), [SPECIMEN]))}
    assert states == {"complete", "missing"}
    assert [link.partition.asset for link in trace(remote, TRAINING, 1)][-1] == "structures"


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete", "metadata", "attributes", "root"])
def test_damage_to_any_object_is_found_and_named(harmed, harm):
    path = harmed.store(LABELS)
    target = {
        "metadata": path / "mask" / "zarr.json",
        "attributes": path / "zarr.json",
        "root": path / "zarr.json",
    }
    (shard,) = shard_files(path, "mask", 0)
    chosen = target.get(harm, shard)
    content = files.read(chosen)
    if harm in ("delete", "root"):
        files.delete(chosen)
    elif harm == "truncate":
        files.write(chosen, content[:-7])
    elif harm == "flip":
        files.write(chosen, content[:50] + bytes([content[50] ^ 4]) + content[51:])
    else:
        files.write(chosen, content.replace(b"particle", b"Particle", 1))
    verdict = verify_partition(harmed, LABELS)
    assert not verdict.intact
    assert bool(verdict.whole) == (harm in ("metadata", "attributes", "root"))
    # without its root nothing of a store is taken out: it is made anew
    repair = [] if harm == "root" else ["repair labels/CdSe-small --yes"]
    # what a readable store was made from does not lie in this bucket, and comes first
    upstream = [] if verdict.whole else ["structures", "exit_waves"]
    again = [f"materialize {asset} --specimen CdSe-small" for asset in [*upstream, "labels"]]
    assert list(verdict.repair) == [f"hrtem {c}" for c in [*again[:-1], *repair, again[-1]]]


def test_damage_is_taken_out_and_made_again_by_command(remade, monkeypatch, tmp_path):
    monkeypatch.setenv("HRTEM_ASSETS", str(remade.assets))
    monkeypatch.setenv("HRTEM_DATA", str(tmp_path))
    before = StoreReader(remade.store(LABELS)).column("digest").tolist()
    (shard,) = shard_files(remade.store(LABELS), "mask", 0)
    files.delete(shard)
    output = CliRunner().invoke(main, ["repair", str(LABELS), "--yes"], catch_exceptions=False).output
    assert "took 3 structures out of labels/CdSe-small" in output
    fill_all(remade, assets=("labels",))
    assert StoreReader(remade.store(LABELS)).column("digest").tolist() == before
    assert verify_partition(remade, LABELS).intact


def test_superseded_stores_and_killed_builds_are_pruned(remade):
    changed = with_overrides(small_campaign(), {"labels": {"phase_threshold_rad": 0.3}})
    fill_all(remade, None, ("labels",), changed)
    # what a killed publishing leaves: the store and, still, the build that it was copied from
    digest = ASSETS["labels"].recipe(changed, changed.specimen(SPECIMEN)).digest
    files.copy(remade.store(LABELS), remade.build(LABELS, digest))
    found = leftovers(changed, remade)
    assert [item.why.split(";")[0] for item in found.leftovers] == ["superseded", "build without a structure"]
    assert found.freed_bytes == sum(item.bytes for item in found.leftovers) > 0
    delete(remade, found.leftovers)
    assert leftovers(changed, remade).leftovers == ()
    assert verify_partition(remade, LABELS).intact


def test_notebooks_loaders_exports_and_pictures_read_the_bucket(remote, filled, tmp_path):
    here, there = filled.store(TRAINING), remote.store(TRAINING)
    ds = open_dataset(SPECIMEN, CONDITION, assets=str(remote.assets))
    names = ["image", "mask", "soft_label", "defocus", "split"]
    xr.testing.assert_equal(
        ds[names].load(), open_dataset(SPECIMEN, CONDITION, root=filled.root)[names].load()
    )
    with xr.open_zarr(str(there)) as plain:
        assert plain.sizes["structure"] == 3
    for index in range(3):
        want = StoreReader(here).read("counts", index)
        assert (ShardReader(StoreReader(there), "counts").row(index) == want).all()
    sums: list[dict[str, str]] = []
    for layout in (filled, remote):
        target = tmp_path / str(len(sums))
        export_partition(
            small_campaign(), layout, FORMATS["webdataset"], SPECIMEN, CONDITION, target, lambda _: None
        )
        sums.append({k: v for k, v in checksums(target).items() if k.endswith(".tar")})
    assert sums[0] == sums[1] != {}
    assert partition_picture(remote, TRAINING).sheet.size == partition_picture(filled, TRAINING).sheet.size
    assert partition_picture(remote, LABELS).tiles
    assert len(Gallery(small_campaign(), remote).missing) < len(Gallery(small_campaign(), remote).panels)


def test_batches_come_from_a_bucket_also_in_worker_processes(remote, filled):
    torch = pytest.importorskip("torch")
    from hrtem_assets.training.torch_dataset import TorchDataset

    key = (SPECIMEN, CONDITION)
    for workers in (0, 2):
        there = TorchDataset(key, seed=3, assets=str(remote.assets))
        here = TorchDataset(key, seed=3, root=filled.root)
        loader = torch.utils.data.DataLoader(there, batch_size=1, num_workers=workers)
        for got, want in zip(loader, here, strict=False):
            assert torch.equal(got["image"][0], want["image"])
    assert sum(len(b["image"]) for b in there.batches(2)) == len(there)
