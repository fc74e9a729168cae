"""A structure whose zero defocus is undefined: recorded with its reason, left out downstream, and said everywhere."""

import shutil
from contextlib import suppress

import numpy as np
import pytest
import xarray as xr

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import remarks
from hrtem_assets.assets.pictures import condition_sheet, partition_picture
from hrtem_assets.campaign import Aberrations, Optics
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.focal_series import FocalSeries
from hrtem_assets.imaging.focus import CalibrationError, find_zero_defocus
from hrtem_assets.maintenance.trace import rebuild, trace
from hrtem_assets.maintenance.verify import verify_partition
from hrtem_assets.maintenance.words import link_lines, verdict_lines
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError, find_store, store_info
from hrtem_assets.store.reopen import reopen
from hrtem_assets_tests.small import SETTINGS, SPECIMEN, small_campaign

CONDITION = "df-10nm_400e"
# a narrow aperture carries the least contrast of structure 1, and of it alone, out of a range with so narrow a margin
FAILED, COUNT = 1, 3
CAMPAIGN = small_campaign(
    optics={"aperture_mrad": 10},
    calibration={"margin_a": 2},
    # some exports need them
    labels={"planes": ["mask", "soft_label", "instances"]},
)
REASON = "zero_defocus: the least contrast lies at 0 Å, an end of the range searched"
IMAGES = PartitionId("micrographs", SPECIMEN, CONDITION)
ZERO = PartitionId("zero_defocus", SPECIMEN)


def make(layout, names=tuple(ASSETS), campaign=CAMPAIGN, count=None):
    for name in names:
        asset = ASSETS[name]
        fill(
            asset,
            campaign,
            SPECIMEN,
            (CONDITION,) if asset.per_condition else (None,),
            layout,
            count=count,
            compute=LocalCompute(workers=1),
            provenance={"run_id": "run", "package_version": "0", "overrides": {}},
            log=lambda _: None,
        )


def partition(name):
    return PartitionId(name, SPECIMEN, CONDITION if ASSETS[name].per_condition else None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Not to be changed."""
    layout = Layout(tmp_path_factory.mktemp("failures"))
    make(layout)
    return layout


@pytest.fixture
def layout(whole, tmp_path):
    shutil.copytree(whole.root, tmp_path / "data")
    return Layout(tmp_path / "data")


@pytest.mark.parametrize("name", ["zero_defocus", "micrographs", "training_sets"])
def test_the_partition_ends_and_every_store_behind_the_failure_names_structure_and_reason(whole, name):
    info = find_store(whole, partition(name))
    assert info.structures == COUNT
    assert list(info.failures) == [FAILED]
    assert info.failures[FAILED].startswith(REASON)
    assert info.made == [0, 2]
    (words,) = remarks(info)
    assert words.startswith(f"1 of 3 structures could not be made: structure 1: {REASON}")


@pytest.mark.parametrize("name", ["structures", "exit_waves", "labels"])
def test_what_does_not_need_the_focus_is_made(whole, name):
    assert find_store(whole, partition(name)).failures == {}


def test_the_row_of_a_failed_structure_holds_no_value_that_could_be_taken_for_one(whole):
    zero = StoreReader(whole.store(ZERO)).column("zero_defocus")
    np.testing.assert_array_equal(np.isnan(zero), [False, True, False])
    sets = whole.store(partition("training_sets"))
    assert StoreReader(sets).column("split").tolist() == [0, -1, 1]
    assert not StoreReader(sets).read("counts", FAILED).any()
    with xr.open_zarr(sets) as ds:
        assert np.isnan(ds["defocus"].values[FAILED])


def test_every_store_with_a_failure_is_intact_and_verify_says_what_was_not_made(whole):
    for name in ASSETS:
        verdict = verify_partition(whole, partition(name))
        assert verdict.intact, (name, verdict)
    lines = list(verdict_lines(verify_partition(whole, ZERO)))
    assert lines[0] == f"intact   {ZERO}: 3 structures"
    assert lines[1].startswith(f"not made {ZERO}, structure 1: {REASON}")


def test_an_opened_training_set_lacks_it(whole):
    ds = ha.open_dataset(SPECIMEN, CONDITION, root=whole.root)
    assert ds.structure.values.tolist() == [0, 2]
    assert np.isfinite(ds.image.values).all()


def test_the_loader_never_hands_it_out(whole):
    pytest.importorskip("torch")
    training = ha.TorchDataset((SPECIMEN, CONDITION), augment="none", shuffle=False, root=whole.root)
    assert [training[k]["structure"] for k in range(len(training))] == [0]
    with pytest.raises(ValueError, match=r"2 train images .* it holds 1"):
        ha.TorchDataset((SPECIMEN, CONDITION), images=2, root=whole.root)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_exports_leave_it_out_and_their_card_says_so(whole, tmp_path, name):
    form = FORMATS[name]
    images = ASSETS[form.asset].per_condition
    target = tmp_path / name
    export_partition(
        CAMPAIGN, whole, form, SPECIMEN, CONDITION if images else None, target, log=lambda _: None
    )
    table = (target / "table.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in table] == ([0, 2] if images else [0, 1, 2])
    assert ("1 of 3 structures could not be made" in (target / "README.md").read_text("utf-8")) == images


def test_pictures_show_the_others(whole):
    assert len(partition_picture(whole, ZERO).tiles) == 2
    assert partition_picture(whole, IMAGES).captions[1].startswith("structure 2")
    assert condition_sheet(whole, SPECIMEN, [CONDITION]).width > 0


def test_its_trace_says_why_and_its_rebuilding_fails_alike(whole):
    chain = [line for link in trace(whole, IMAGES, FAILED) for line in link_lines(link)]
    assert sum("NOT MADE" in line for line in chain) == 2
    assert all(not c.different for c in rebuild(CAMPAIGN, whole, IMAGES, FAILED))


def test_materializing_again_and_extending_try_it_no_more(layout, monkeypatch):
    tried: list[int] = []
    asset = type(ASSETS["zero_defocus"])
    made = asset.make

    def make_and_count(self, works):
        tried.extend(work.index for work in works)
        return made(self, works)

    monkeypatch.setattr(asset, "make", make_and_count)
    make(layout)
    assert tried == []
    make(layout, count=4)
    assert tried == [3]
    info = find_store(layout, IMAGES)
    assert next(iter(info.failures)) == FAILED
    assert info.structures == 4
    assert verify_partition(layout, IMAGES).intact


def test_a_store_that_is_mended_keeps_its_failures(layout):
    reopen(layout, ZERO, [0])
    make(layout, ["zero_defocus"])
    assert list(find_store(layout, ZERO).failures) == [FAILED]


def test_a_fault_of_the_program_still_ends_the_run(tmp_path, monkeypatch):
    layout = Layout(tmp_path)
    make(layout, ["structures", "exit_waves"])

    def broken(*_):
        raise TypeError("a fault of the program")

    monkeypatch.setattr("hrtem_assets.assets.zero_defocus.find_zero_defocus", broken)
    with pytest.raises(TypeError, match="a fault of the program"):
        make(layout, ["zero_defocus"])
    with pytest.raises(StoreError, match="has not been made"):
        find_store(layout, ZERO)


def test_other_settings_make_it_anew(layout):
    wider = small_campaign(optics={"aperture_mrad": 10}, calibration={"margin_a": 5})
    make(layout, ["zero_defocus"], wider)
    assert find_store(layout, ZERO).failures == {}


@pytest.mark.parametrize(
    "aberrations",
    [
        Aberrations(c30_um=1000),
        Aberrations(c30_um=-1000),
        Aberrations(c12_nm=100),
        Aberrations(c21_nm=5000, phi21_rad=1),
        Aberrations(c23_nm=3000),
        Aberrations(c50_mm=5),
    ],
)
def test_an_aberration_of_the_images_moves_no_zero(layout, aberrations):
    waves = StoreReader(layout.store(partition("exit_waves"))).read("vacuum", 0)
    atoms = layout.store(partition("structures"))
    positions, numbers, particle = (
        StoreReader(atoms).read(name, 0) for name in ("positions", "numbers", "particle")
    )
    z = positions[(numbers > 0) & (particle != SUBSTRATE), 2].astype(float)
    depths = float(StoreReader(layout.store(partition("exit_waves"))).read("exit_plane_z", 0)) - z
    simulation, optics = CAMPAIGN.simulation, Optics(aberrations=aberrations)
    seen = small_campaign(optics={"aberrations": aberrations.model_dump()})

    def searched(with_optics):
        wavelength = wavelength_a(simulation.beam_energy_kev)
        series = FocalSeries.of(waves, simulation.output_sampling_a, wavelength, with_optics)
        return find_zero_defocus(series, (float(depths.min()), float(depths.max())), seen.calibration).zero_a

    straight = searched(Optics())
    # what would happen to it otherwise
    with suppress(CalibrationError):
        assert abs(searched(optics) - straight) > 0.1
    make(layout, ["zero_defocus"], seen)
    assert StoreReader(layout.store(ZERO)).column("zero_defocus")[0] == straight


def test_under_one_condition_alone_a_structure_can_fail_too(layout):
    """As where a bright pixel holds more electrons than 16 bits can."""
    bright = small_campaign(
        optics={"aperture_mrad": 10},
        calibration={"margin_a": 2},
        conditions=[
            {"defocus_nm": -10, "dose_e_per_a2": 400},
            {"defocus_nm": -10, "dose_e_per_a2": 99_999},
        ],
        simulation=SETTINGS["simulation"] | {"output_sampling_a": 0.8},
    )
    make(layout, ["exit_waves", "zero_defocus"], bright)
    keys = tuple(bright.condition_by_key)
    paths = fill(
        ASSETS["micrographs"],
        bright,
        SPECIMEN,
        keys,
        layout,
        count=None,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "run", "package_version": "0", "overrides": {}},
        log=lambda _: None,
    )
    dim, burnt = (store_info(paths[key]).failures for key in keys)
    assert all(reason.startswith("zero_defocus: ") for reason in dim.values())
    assert burnt.keys() > dim.keys()
    others = [burnt[k] for k in burnt.keys() - dim.keys()]
    assert all(words.startswith("micrographs: dose_e_per_a2 = 99999") for words in others)
