"""Every array of a small campaign over all lattices and assets, held bit for bit to the digests kept in a file.

Where numbers are meant to change, raise the asset's code version, then write the file anew:
`python -m hrtem_assets_tests.assets.test_kept_bits`, and read in its difference what changed.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import pytest

from hrtem_assets.assets import ASSETS
from hrtem_assets.campaign import load_campaign
from hrtem_assets.execution.fill import fill
from hrtem_assets.execution.settings import LocalCompute
from hrtem_assets.store.layout import Layout
from hrtem_assets.store.reader import StoreReader
from hrtem_assets_tests.small import SETTINGS

KEPT = Path(__file__).parents[1] / "data" / "kept_bits.json"
CONDITION = "df-10nm_300e"
CAMPAIGN = load_campaign("paper", SETTINGS | {"counts": {"train": 1, "validation": 1}})
LATTICES = list(CAMPAIGN.lattices)


def digests(lattice: str, root: Path) -> dict[str, dict[str, str]]:
    """BLAKE2b of every variable of every asset of a lattice's small particles, by asset and variable."""
    found: dict[str, dict[str, str]] = {}
    for name, stage in ASSETS.items():
        condition = CONDITION if stage.per_condition else None
        specimen = CAMPAIGN.specimen(f"{lattice}-small")
        paths = fill(
            stage,
            CAMPAIGN,
            specimen.key,
            (condition,),
            Layout(root),
            count=None,
            compute=LocalCompute(workers=1),
            provenance={"run_id": "test"},
            log=lambda _: None,
        )
        schema = stage.schema(CAMPAIGN, specimen, condition)
        found[name] = {
            variable.name: hashlib.blake2b(
                StoreReader(paths[condition]).column(variable.name).tobytes(), digest_size=8
            ).hexdigest()
            for variable in (*schema.arrays, *schema.records)
        }
    return found


@pytest.mark.parametrize(
    "lattice", [pytest.param(name, marks=[pytest.mark.slow] * (name != "CdSe")) for name in LATTICES]
)
def test_every_array_of_every_asset_has_kept_its_bits(lattice, tmp_path):
    kept = json.loads(KEPT.read_text())[lattice]
    now = digests(lattice, tmp_path)
    assert {asset: now[asset] for asset in kept} == kept
    assert set(kept) == set(ASSETS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        fresh = {lattice: digests(lattice, Path(folder)) for lattice in LATTICES}
    KEPT.write_text(json.dumps(fresh, indent=1) + "\n")
