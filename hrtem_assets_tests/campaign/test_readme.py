"""The campaigns that the README shows can be used as they stand."""

import re
import shutil
from pathlib import Path

from hrtem_assets.campaign import load_campaign

ROOT = Path(__file__).parents[2]


def test_every_campaign_of_the_readme_is_accepted(tmp_path):
    shutil.copy(ROOT / "hrtem_assets_tests/data/crystals/hm_unspaced.cif", tmp_path / "my_oxide.cif")
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    loaded = {}
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, "utf-8")
        campaign = load_campaign(path)
        loaded[campaign.name] = campaign
    assert list(loaded) == ["gold", "quantum_dots"]
    assert "extends" not in blocks[0]
    assert len(loaded["gold"].specimens) == 1
    assert len(loaded["quantum_dots"].conditions) == 18
