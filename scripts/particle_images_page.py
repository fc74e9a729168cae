"""The pictures of docs/particles.md: images of the campaigns in docs/campaigns, from YAML to training sets.

`python scripts/particle_images_page.py` writes docs/particle_images.png, in some minutes.
"""

import sys
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import numpy as np
from ase.cluster import Decahedron, Icosahedron, Octahedron
from ase.io import write
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
sys.path.insert(1, str(ROOT))

import hrtem_assets as ha  # noqa: E402
from hrtem_assets.assets import ASSETS  # noqa: E402
from hrtem_assets.campaign import load_campaign  # noqa: E402
from hrtem_assets.execution.fill import fill  # noqa: E402
from hrtem_assets.execution.settings import LocalCompute  # noqa: E402
from hrtem_assets.store import Layout  # noqa: E402

NAMES = ("gold_on_carbon", "platinum_on_ceria", "clusters_on_graphene", "gold_and_ceria", "own_frames")
IMAGES = 3
SHAKEN_A = 0.08


def frames(folder: Path) -> None:
    """Files of clusters as a simulation might leave them: a few frames each, atoms displaced a little."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    models = (Icosahedron("Au", 6), Decahedron("Au", 5, 3, 1), Octahedron("Ag", 9, 3), Icosahedron("Pt", 5))
    for number, model in enumerate(models):
        copies = [model.copy() for _ in range(3)]
        for copy in copies:
            copy.positions += rng.normal(0, SHAKEN_A, copy.positions.shape)
        write(folder / f"{number}.xyz", copies)


def main() -> None:
    """Make the images and write the picture."""
    figure = Figure(figsize=(3 * IMAGES, 3 * len(NAMES)), layout="constrained")
    panels = figure.subplots(len(NAMES), IMAGES)
    with TemporaryDirectory() as folder:
        here = copytree(ROOT / "docs" / "campaigns", Path(folder) / "campaigns")
        frames(here / "frames")
        for row, name in zip(panels, NAMES, strict=True):
            counts = {"train": IMAGES, "validation": 1}
            campaign = load_campaign(here / f"{name}.yaml", {"counts": counts})
            layout = Layout(Path(folder))
            specimen, condition = next(iter(campaign.specimens)), campaign.conditions[0].key
            for asset in ASSETS.values():
                fill(
                    asset,
                    campaign,
                    specimen,
                    (condition if asset.per_condition else None,),
                    layout,
                    count=None,
                    compute=LocalCompute(workers=2),
                    provenance={"run_id": "page", "overrides": {}},
                    log=lambda _: None,
                )
            images = ha.open_dataset(specimen, condition, root=folder)
            for index, axes in enumerate(row):
                ha.plot(images, index, outlines=["mask"], ax=axes)
                axes.set_title(name.replace("_", " "), fontsize=9)
                axes.axis("off")
    figure.savefig(ROOT / "docs" / "particle_images.png", dpi=80)


if __name__ == "__main__":
    main()
