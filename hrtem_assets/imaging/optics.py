"""The microscope between exit wave and detector, as a campaign sets it."""

import math
from typing import Literal

from pydantic import Field

from hrtem_assets.base.model import Model, quantity


class Aberrations(Model):
    """Residual aberrations beyond defocus, in abTEM's polar convention."""

    c30_um: float = quantity(0.0, "µm", "third-order spherical aberration Cs", ge=-1e4, le=1e4)
    c50_mm: float = quantity(0.0, "mm", "fifth-order spherical aberration", ge=-1e3, le=1e3)
    c12_nm: float = quantity(0.0, "nm", "twofold astigmatism", ge=0.0, le=1e4)
    phi12_rad: float = quantity(0.0, "rad", "azimuth of twofold astigmatism")
    c21_nm: float = quantity(0.0, "nm", "axial coma", ge=0.0, le=1e6)
    phi21_rad: float = quantity(0.0, "rad", "azimuth of axial coma")
    c23_nm: float = quantity(0.0, "nm", "threefold astigmatism", ge=0.0, le=1e6)
    phi23_rad: float = quantity(0.0, "rad", "azimuth of threefold astigmatism")


class Optics(Model):
    """The microscope between exit wave and detector."""

    focal_spread_a: float = quantity(10.0, "Å", "focal spread", ge=0.0, le=1000.0)
    focal_spread_convention: Literal["one_over_e", "sigma"] = Field(
        "one_over_e",
        description="one_over_e: half width at 1/e of the focus distribution (abTEM); "
        "sigma: its standard deviation",
    )
    temporal_coherence: Literal["envelope", "quadrature"] = Field(
        "envelope",
        description="envelope: damps the wave (quasi-coherent); "
        "quadrature: incoherent Gauss-Hermite sum over focus",
    )
    quadrature_points: int = quantity(11, "1", "foci of the quadrature", ge=3, le=101)
    defocus_jitter_nm: float = quantity(
        1.5, "nm", "standard deviation of each image's defocus about the nominal one", ge=0.0, le=100.0
    )
    aperture_mrad: float | None = quantity(
        None, "mrad", "objective aperture, half angle; none by default", gt=0.0, le=200.0
    )
    aberrations: Aberrations = Aberrations()

    @property
    def focal_spread_sigma_a(self) -> float:
        """Standard deviation of the focus distribution in Å, whichever convention the setting uses."""
        one_over_e = self.focal_spread_convention == "one_over_e"
        return self.focal_spread_a / math.sqrt(2) if one_over_e else self.focal_spread_a
