"""One training set and one set of structures, exported once in every format for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from hrtem_assets.compute.fill import fill
from hrtem_assets.compute.settings import LocalCompute
from hrtem_assets.delivery.export import export_partition
from hrtem_assets.delivery.exports import FORMATS
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.places import Place
from hrtem_assets_tests.delivery.sets import write_training_set
from hrtem_assets_tests.small import SPECIMEN, small_campaign

# a dot in its key, which tar members and file endings must survive
CONDITION = "df-02.5nm_400e"
CAMPAIGN = small_campaign(
    counts={"train": 70, "validation": 6},
    conditions=[{"defocus_nm": -2.5, "dose_e_per_a2": 400}],
    training_sets={"crop_px": 32},
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
    def training_set(self) -> Place:
        """The store that was exported."""
        return self.layout.store(PartitionId("training_sets", SPECIMEN, CONDITION))

    @property
    def structures(self) -> Place:
        """The store of structures that was exported."""
        return self.layout.store(PartitionId("structures", SPECIMEN))


def write_export(layout: Layout, form: str, target: Path) -> None:
    """Export the training set or the structures."""
    condition = CONDITION if STAGES[FORMATS[form].asset].per_condition else None
    export_partition(CAMPAIGN, layout, FORMATS[form], SPECIMEN, condition, target, lambda _: None)


@pytest.fixture(scope="package")
def exported(tmp_path_factory) -> Exported:
    root = tmp_path_factory.mktemp("exported")
    layout = Layout(root / "data")
    write_training_set(layout.root, CONDITION, CAMPAIGN)
    fill(
        STAGES["structures"],
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
