"""One training set and one set of structures, exported once in every format for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.export.exporting import export_partition
from hrtem_assets.export.formats import FORMATS
from hrtem_assets.store.files import StorePath
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import SPECIMEN, small_campaign
from hrtem_assets_tests.training.sets import write_training_set

# a dot in its key, which tar members and file endings must survive
CONDITION = "df-02.5nm_400e"
CAMPAIGN = small_campaign(
    counts={"train": 70, "validation": 6},
    conditions=[{"defocus_nm": -2.5, "dose_e_per_a2": 400}],
    training_sets={"crop_px": 32},
    labels={"planes": ["mask", "soft_label", "instances"]},
    max_stacking_faults={SPECIMEN: 2, "CdSe-medium": None},
)
STRUCTURES = 3


@dataclass(frozen=True)
class Exported:
    """Stores, and a folder per format."""

    layout: Layout
    root: Path

    def folder(self, form: str) -> Path:
        """The export in a format."""
        return self.root / form

    @property
    def training_set(self) -> StorePath:
        """The store that was exported."""
        return self.layout.store(PartitionId("training_sets", SPECIMEN, CONDITION))

    @property
    def structures(self) -> StorePath:
        """The store of structures that was exported."""
        return self.layout.store(PartitionId("structures", SPECIMEN))


def write_export(layout: Layout, form: str, target: Path) -> None:
    """Export the training set or the structures."""
    condition = CONDITION if ASSETS[FORMATS[form].asset].per_condition else None
    export_partition(CAMPAIGN, layout, FORMATS[form], SPECIMEN, condition, target, lambda _: None)


@pytest.fixture(scope="package")
def exported(tmp_path_factory) -> Exported:
    root = tmp_path_factory.mktemp("exported")
    layout = Layout(root / "data")
    write_training_set(layout.root, CONDITION, CAMPAIGN)
    fill(
        ASSETS["structures"],
        CAMPAIGN,
        SPECIMEN,
        (None,),
        layout,
        count=STRUCTURES,
        compute=LocalCompute(workers=1),
        provenance={"run_id": "test", "package_version": "0", "overrides": {}},
        log=lambda _: None,
    )
    for form in FORMATS:
        write_export(layout, form, root / form)
    return Exported(layout, root)
