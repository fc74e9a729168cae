"""Stages on a device make what they make on the processor, on an emulated and on a real device."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.asset import Assignment, source_key
from hrtem_assets.backend import choice
from hrtem_assets.backend.choice import PROCESSOR, DeviceRequest
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store import files
from hrtem_assets.store.checked import CheckedStore
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import CONDITIONS, SETTINGS, SPECIMEN, small_campaign
from hrtem_assets_tests.waves.atoms import relative_difference

CAMPAIGN = small_campaign(simulation=SETTINGS["simulation"] | {"wave_mantissa_bits": 23})
CUDA = DeviceRequest("cuda")
MADE = ("structures", "exit_waves", "zero_defocus")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """What the assets read, made on the processor."""
    layout = Layout(tmp_path_factory.mktemp("devices"))
    made = {}
    for name in MADE:
        paths = fill(
            ASSETS[name],
            CAMPAIGN,
            SPECIMEN,
            (None,),
            layout,
            count=2,
            compute=LocalCompute(workers=1),
            device="cpu",
            provenance={"run_id": "test"},
            log=lambda _: None,
        )
        made[source_key(name)] = CheckedStore(paths[None])
    return made


@pytest.fixture
def device(backend, monkeypatch):
    """What a request for a CUDA device gives."""
    monkeypatch.setattr(choice, "_cuda", lambda processes: backend)
    return backend


def made(name, sources, request, indices=(0, 1)):
    """Products of two structures by condition."""
    asset, specimen = ASSETS[name], CAMPAIGN.specimen(SPECIMEN)
    conditions = CONDITIONS if asset.per_condition else (None,)
    work = Assignment(CAMPAIGN, specimen, 0, conditions, sources, request)
    return asset.products([replace(work, index=i) for i in indices])


def test_exit_waves_made_together_on_a_device_are_those_of_the_processor(device, sources):
    pairs = zip(made("exit_waves", sources, CUDA), made("exit_waves", sources, PROCESSOR), strict=True)
    for there, here in pairs:
        for name, values in here[None].arrays.items():
            assert type(there[None].arrays[name]) is np.ndarray
            assert relative_difference(there[None].arrays[name], values) < 1e-5
        assert there[None].record == pytest.approx(here[None].record, rel=1e-5)


def test_zero_defocus_and_labels_made_on_a_device_are_those_of_the_processor(device, sources):
    for there, here in zip(
        *(made("zero_defocus", sources, request) for request in (CUDA, PROCESSOR)), strict=True
    ):
        assert there[None].record["zero_defocus"] == here[None].record["zero_defocus"]
    for there, here in zip(*(made("labels", sources, request) for request in (CUDA, PROCESSOR)), strict=True):
        for name, values in here[None].arrays.items():
            assert there[None].arrays[name].dtype == values.dtype
            assert np.mean(there[None].arrays[name] != values) < 1e-3
        assert there[None].record == pytest.approx(here[None].record, abs=1e-3)


def test_micrographs_made_on_a_device_have_the_counts_of_the_processor(device, sources):
    there, here = (made("micrographs", sources, request)[1] for request in (CUDA, PROCESSOR))
    for key in CONDITIONS:
        counts = here[key].arrays["counts"]
        assert there[key].arrays["counts"].dtype == counts.dtype
        # an intensity that differs by 1e-7 moves a count now and then
        assert np.mean(there[key].arrays["counts"] != counts) < 1e-4
        assert there[key].record["seed"] == here[key].record["seed"]


def test_what_made_something_is_told_for_the_record(device):
    specimen = CAMPAIGN.specimen(SPECIMEN)
    for name in ("exit_waves", "zero_defocus", "labels", "micrographs"):
        assert ASSETS[name].made_on(CAMPAIGN, specimen, CUDA) == device.name
        assert ASSETS[name].made_on(CAMPAIGN, specimen, PROCESSOR) == "cpu"
    for name in ("structures", "training_sets"):
        assert ASSETS[name].made_on(CAMPAIGN, specimen, CUDA) == "cpu"


def test_an_engine_without_a_device_stays_on_the_processor(device):
    asset = ASSETS["exit_waves"]
    campaign = small_campaign(simulation=SETTINGS["simulation"] | {"engine": "abtem"})
    specimen = campaign.specimen(SPECIMEN)
    assert asset.made_on(campaign, specimen, CUDA) == "cpu"
    assert asset.structures_at_once(campaign, specimen, CUDA) == 1
    assert asset.structures_at_once(CAMPAIGN, CAMPAIGN.specimen(SPECIMEN), CUDA) > 1
    assert ASSETS["micrographs"].structures_at_once(CAMPAIGN, specimen, CUDA) == 1


def test_a_device_is_no_part_of_a_recipe():
    """Else what was made on one machine could not be extended on another."""
    for asset in ASSETS.values():
        condition = CONDITIONS[0] if asset.per_condition else None
        assert "device" not in repr(asset.settings(CAMPAIGN, CAMPAIGN.specimen(SPECIMEN), condition))


def test_a_partition_filled_on_a_device_says_so_and_joins_the_structures_that_fill_it(
    device, sources, tmp_path, monkeypatch
):
    asked: list[int] = []
    asset = ASSETS["exit_waves"]
    together = type(asset).make

    def counted(self, works):
        asked.append(len(works))
        return together(self, works)

    monkeypatch.setattr(type(asset), "make", counted)
    layout = Layout(tmp_path)
    files.copy(sources["structures"].path, layout.store(PartitionId("structures", SPECIMEN)))
    (path,) = fill(
        asset,
        CAMPAIGN,
        SPECIMEN,
        (None,),
        layout,
        count=None,
        compute=LocalCompute(workers=1),
        device="cuda",
        provenance={"run_id": "test"},
        log=lambda _: None,
    ).values()
    assert asked == [2]
    with xr.open_zarr(path) as there, xr.open_zarr(sources["exit_waves"].path) as here:
        assert there.device.values.tolist() == [1, 1]
        assert here.device.values.tolist() == [0, 0]
        assert there.recipe_digest == here.recipe_digest
        for name in ("full", "vacuum"):
            assert relative_difference(there[name].values, here[name].values) < 1e-5
