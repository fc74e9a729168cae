"""The page of pictures in docs/microscope.md: one structure under an ideal lens, each effect alone, and all of them.

`python scripts/microscope_page.py` writes docs/microscope.png, in a minute or two.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
sys.path.insert(1, str(ROOT))

from hrtem_assets.campaign import load_campaign  # noqa: E402
from hrtem_assets.figures import grey_levels  # noqa: E402
from hrtem_assets.imaging.effect import Exposure  # noqa: E402
from hrtem_assets.imaging.effects import acting  # noqa: E402
from hrtem_assets.imaging.electrons import wavelength_a  # noqa: E402
from hrtem_assets.imaging.exposing import expose, stored_counts  # noqa: E402
from hrtem_assets.imaging.intensity import spectra_of  # noqa: E402
from hrtem_assets.imaging.microscope import Microscope  # noqa: E402
from hrtem_assets.specimen.assembly import build_structure  # noqa: E402
from hrtem_assets.waves.exit_waves import simulate  # noqa: E402

TILE_PX, COLUMNS, CAPTION_PX = 320, 4, 26
UNCORRECTED = {"aberrations": {"c30_um": 1200}, "convergence_mrad": 0.2, "focal_spread_a": 40}
ALL_TOGETHER = {
    "optics": {**UNCORRECTED, "aberrations": {"c30_um": 1200, "c12_nm": 10, "phi12_rad": 0.5}},
    "stage": {"vibration_a": 0.3, "drift_a": 0.5},
    "detector": {"camera": "ccd"},
}
# title, defocus in nm, microscope
TILES = (
    ("ideal lens, 10 nm", 10, {}),
    ("Cs 1.2 mm, 63 nm", 63, {"optics": UNCORRECTED}),
    ("Cs 1.2 mm, 300 nm", 300, {"optics": UNCORRECTED}),
    ("astigmatism 10 nm", 10, {"optics": {"aberrations": {"c12_nm": 10}}}),
    ("coma 1 µm", 10, {"optics": {"aberrations": {"c21_nm": 1000}}}),
    ("aperture 8 mrad", 10, {"optics": {"aperture_mrad": 8, "aperture_edge_mrad": 1}}),
    ("convergence 2 mrad", 40, {"optics": {"convergence_mrad": 2}}),
    ("focal spread 100 Å", 10, {"optics": {"focal_spread_a": 100}}),
    ("beam tilt 5 mrad", 10, {"optics": {"tilt_mrad": 5, "aberrations": {"c30_um": 100}}}),
    ("vibration 0.8 Å along x", 10, {"stage": {"vibration_a": 0.8, "vibration_minor_a": 0.0}}),
    ("drift 4 Å along x", 10, {"stage": {"drift_a": 4.0}}),
    ("pixel 0.5 Å", 10, {"frame": {"sampling_a": 0.5}}),
    ("camera: ccd", 10, {"detector": {"camera": "ccd"}}),
    ("camera: cmos", 10, {"detector": {"camera": "cmos"}}),
    ("camera: direct_counting", 10, {"detector": {"camera": "direct_counting"}}),
    ("all together, 63 nm", 63, ALL_TOGETHER),
)


def main() -> None:
    """Draw the page."""
    campaign = load_campaign("paper", {"substrate": {"thickness_min_a": 30, "thickness_max_a": 40}})
    specimen, simulation = campaign.specimen("CdSe-medium"), campaign.simulation
    structure = build_structure(campaign, specimen, 3)
    waves = np.asarray(simulate(campaign, specimen, structure, 3)[0].full)
    rows = -(-len(TILES) // COLUMNS)
    page = Image.new("L", (COLUMNS * TILE_PX, rows * (TILE_PX + CAPTION_PX)), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.truetype(findfont("DejaVu Sans"), 18)
    for number, (title, defocus_nm, settings) in enumerate(TILES):
        microscope = Microscope.model_validate(settings)
        exposure = Exposure(
            microscope,
            wavelength_a(simulation.beam_energy_kev),
            simulation.output_sampling_a,
            10 * defocus_nm + specimen.size.radius_max_a,
            400.0,
            7,
            side_px=microscope.frame.side_px(simulation.cell_a, simulation.output_sampling_a, 1),
        )
        image = stored_counts(
            expose(spectra_of(waves, exposure.backend), acting(microscope), exposure)[0], exposure
        )
        x, y = number % COLUMNS * TILE_PX, number // COLUMNS * (TILE_PX + CAPTION_PX)
        draw.text((x + 4, y + 2), title, fill=0, font=font)
        tile = Image.fromarray(grey_levels(image, TILE_PX)).resize((TILE_PX - 4, TILE_PX - 4))
        # the power spectrum in a corner: Thon rings
        power = np.log(np.abs(np.fft.fftshift(np.fft.fft2(image - image.mean()))) + 1)
        middle = len(power) // 2
        half = round(0.25 * len(power))
        inset = Image.fromarray(
            grey_levels(power[middle - half : middle + half, middle - half : middle + half], 120)
        )
        tile.paste(inset.resize((120, 120)), (TILE_PX - 124, TILE_PX - 124))
        page.paste(tile, (x, y + CAPTION_PX))
    page.quantize(32).save(ROOT / "docs" / "microscope.png")


if __name__ == "__main__":
    main()
