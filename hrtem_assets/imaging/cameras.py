"""Detectors that a campaign may name: typical values of their kinds, with where they are from.

They are of no single instrument; whoever has measured their own writes these numbers in their campaign.
"""

from collections.abc import Mapping
from typing import Any, Literal

CameraName = Literal["ideal", "ccd", "cmos", "direct_linear", "direct_counting"]

CAMERAS: Mapping[str, Mapping[str, Any]] = {
    "ideal": {},
    # scintillator, fibre optics and a slow-scan CCD at 300 kV, 2048 pixels: R. R. Meyer, A. I. Kirkland, Microscopy
    # Research and Technique 49 (2000) 269; A. Thust, Physical Review Letters 102 (2009) 220801; M. Vulovic et al., Acta
    # Crystallographica D66 (2010) 97
    "ccd": {
        "mtf": {"c1": 1.0, "c2": 0.07, "c3": 0.12, "c4": 1.6},
        "dqe_zero": 0.7,
        "dqe_half_nyquist": 0.12,
        "gain": 8.0,
        "readout_e": 1.5,
        "dark_e": 0.3,
        "gain_error": 0.005,
        "x_rays_per_mpx": 5.0,
        "x_ray_e": 150.0,
        "offset": 100.0,
        "saturation": 65535.0,
    },
    # scintillator, fibre optics and CMOS at 300 kV: R. S. Ruskin, Z. Yu, N. Grigorieff, Journal of Structural Biology
    # 184 (2013) 385; why its MTF matters: M. H. Leth Larsen et al., Ultramicroscopy 253 (2023) 113803
    "cmos": {
        "mtf": {"c1": 1.0, "c2": 0.02, "c3": 0.25, "c4": 1.8},
        "dqe_zero": 0.7,
        "dqe_half_nyquist": 0.25,
        "gain": 12.0,
        "readout_e": 0.6,
        "dark_e": 0.1,
        "gain_error": 0.005,
        "x_rays_per_mpx": 2.0,
        "x_ray_e": 120.0,
        "offset": 100.0,
        "saturation": 65535.0,
    },
    # monolithic active pixels in integrating mode at 300 kV: G. McMullan et al., Ultramicroscopy 147 (2014) 156
    "direct_linear": {
        "mtf": {"c1": 1.0, "c2": 0.0, "c3": 0.45, "c4": 1.9},
        "dqe_zero": 0.5,
        "dqe_half_nyquist": 0.35,
        "gain": 30.0,
        "readout_e": 0.15,
        "gain_error": 0.01,
        "saturation": 65535.0,
    },
    # the same counting single electrons, 400 frames an exposure: G. McMullan et al., Ultramicroscopy 147 (2014) 156;
    # M. Kuijper et al., Journal of Structural Biology 192 (2015) 179
    "direct_counting": {
        "mtf": {"c1": 1.0, "c2": 0.0, "c3": 0.5, "c4": 2.3},
        "dqe_zero": 0.85,
        "dqe_half_nyquist": 0.6,
        "frames": 400,
        "gain": 32.0,
    },
}
