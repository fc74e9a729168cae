"""Random damage to any upstream store, then materializing downstream: nothing of it is ever used without a word.

Of 40 injections in CI and `HRTEM_INJECTIONS` in a long run, each ends in a sentence that names the store and its
repair, or with the very numbers of the undamaged store, because what was damaged is never read.
"""

import os
import shutil

import numpy as np
import pytest
import zarr

import hrtem_assets as ha
from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.lineage import upstream_partitions
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store import checked
from hrtem_assets.store.errors import StoreError
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.maintenance.injury import HARMS, folder
from hrtem_assets_tests.small import SETTINGS, SPECIMEN, small_campaign

INJECTIONS = int(os.environ.get("HRTEM_INJECTIONS", "40"))
# as small as it gets: a step's cost is its overhead
CAMPAIGN = small_campaign(
    simulation=SETTINGS["simulation"] | {"cell_a": 38.4, "frozen_phonons": 2},
    training_sets={"crop_px": 64},
)
OTHER_SEED = small_campaign(
    seed=7, simulation=CAMPAIGN.simulation.model_dump(), training_sets={"crop_px": 64}
)
PARTITIONS = {
    name: PartitionId(name, SPECIMEN, *([CONDITION] if stage.per_condition else []))
    for name, stage in ASSETS.items()
}
READERS = {name: [n for n, stage in ASSETS.items() if name in stage.upstream] for name in ASSETS}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Layout:
    """The undamaged campaign, with the same assets of another seed beside it."""
    layout, other = (Layout(tmp_path_factory.mktemp(name)) for name in ("whole", "other"))
    fill_all(layout, campaign=CAMPAIGN)
    fill_all(other, campaign=OTHER_SEED)
    for name, partition in PARTITIONS.items():
        shutil.move(folder(other, partition), layout.root / "others" / name)
    return layout


def digests(path) -> list[int]:
    return np.asarray(zarr.open_array(path / "digest", mode="r")[:]).tolist()


def made_from(layout: Layout, name: str) -> list[int]:
    """Digests of what a stage, or the reader of a training set, makes of what lies upstream."""
    if name == "open_dataset":
        ds = ha.open_dataset(SPECIMEN, CONDITION, root=layout.root)
        names = ("image", "mask", "soft_label", "defocus", "x")
        return [hash(ds[n].values.tobytes()) for n in names]
    stage = ASSETS[name]
    key = CONDITION if stage.per_condition else None
    (path,) = fill(
        stage,
        CAMPAIGN,
        SPECIMEN,
        (key,),
        layout,
        count=None,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "run-2", "overrides": {}},
        log=lambda _: None,
    ).values()
    return digests(path)


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * INJECTIONS)
def test_no_injected_damage_is_used_without_a_word(whole, tmp_path):
    rng = np.random.default_rng(int(os.environ.get("HRTEM_INJECTIONS_SEED", "11")))
    kinds, assets = list(HARMS), list(ASSETS)
    expected = {name: digests(whole.store(p)) for name, p in PARTITIONS.items()}
    expected["open_dataset"] = made_from(whole, "open_dataset")
    refused, harmless, wrong = 0, 0, []
    for k in range(INJECTIONS):
        # every kind of damage to every kind of store in turn
        kind, asset = kinds[k % len(kinds)], assets[(k // len(kinds) + k) % len(assets)]
        layout = Layout(tmp_path / str(k))
        shutil.copytree(whole.root, layout.root, copy_function=os.link)
        reader = str(rng.choice(READERS[asset] or ["open_dataset"]))
        if reader in PARTITIONS:
            shutil.rmtree(folder(layout, PARTITIONS[reader]))
        where = HARMS[kind](layout, PARTITIONS[asset], rng)
        case = f"{k}: {asset}, {kind}, {where}, read by {reader}"
        checked._opened.cache_clear()
        try:
            found = made_from(layout, reader)
        except StoreError as error:
            refused += 1
            if not _in_words(str(error), layout, asset):
                wrong.append(f"{case}: {error}")
            if reader in PARTITIONS and folder(layout, PARTITIONS[reader]).exists():
                wrong.append(f"{case}: a store was published all the same")
        except Exception as error:
            wrong.append(f"{case}: {type(error).__name__}: {error}")
        else:
            harmless += 1
            if found != expected[reader]:
                wrong.append(f"{case}: other numbers, without a word")
        shutil.rmtree(layout.root)
    print(f"{INJECTIONS} injections: {refused} refused in words, {harmless} never read")
    assert not wrong, "\n".join(wrong)
    assert refused > INJECTIONS // 2


def _in_words(message: str, layout: Layout, asset: str) -> bool:
    partition = PARTITIONS[asset]
    named = str(partition) in message or str(layout.store(partition)) in message
    return named and ("hrtem materialize" in message or "materialize the partition again" in message)


def test_what_every_stage_reads_is_among_what_was_damaged():
    assert {p.asset for name in ASSETS for p in upstream_partitions(PARTITIONS[name])} == {
        name for name, readers in READERS.items() if readers
    }
