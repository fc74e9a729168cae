"""The microscope between exit wave and detector, as a campaign sets it."""

import math
from typing import Literal, Self

from pydantic import Field

from hrtem_assets.base.model import later_field, quantity
from hrtem_assets.imaging.distributions import Drawable, Drawn, drawn, support

Convention = Literal["one_over_e", "sigma"]
_FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


class Aberrations(Drawable):
    """Aberrations beyond defocus to fifth order, in abTEM's polar convention: chi = 2 pi / wavelength x the sum of
    c_nm alpha^(n+1) cos(m (phi - phi_nm)) / (n + 1). Defocus, -C10, is a condition's own.
    """

    c30_um: Drawn = drawn(0.0, "µm", "third-order spherical aberration Cs", ge=-1e4, le=1e4)
    c50_mm: Drawn = drawn(0.0, "mm", "fifth-order spherical aberration", ge=-1e3, le=1e3)
    c12_nm: Drawn = drawn(0.0, "nm", "twofold astigmatism", ge=0.0, le=1e4)
    phi12_rad: Drawn = drawn(0.0, "rad", "azimuth of twofold astigmatism", azimuth_of="c12_nm")
    c21_nm: Drawn = drawn(0.0, "nm", "axial coma", ge=0.0, le=1e6)
    phi21_rad: Drawn = drawn(0.0, "rad", "azimuth of axial coma", azimuth_of="c21_nm")
    c23_nm: Drawn = drawn(0.0, "nm", "threefold astigmatism", ge=0.0, le=1e6)
    phi23_rad: Drawn = drawn(0.0, "rad", "azimuth of threefold astigmatism", azimuth_of="c23_nm")
    c32_um: Drawn = drawn(0.0, "µm", "third-order star aberration", later=True, ge=0.0, le=1e4)
    phi32_rad: Drawn = drawn(0.0, "rad", "azimuth of the star aberration", azimuth_of="c32_um", later=True)
    c34_um: Drawn = drawn(0.0, "µm", "fourfold astigmatism", later=True, ge=0.0, le=1e4)
    phi34_rad: Drawn = drawn(0.0, "rad", "azimuth of fourfold astigmatism", azimuth_of="c34_um", later=True)
    c41_um: Drawn = drawn(0.0, "µm", "fourth-order axial coma", later=True, ge=0.0, le=1e5)
    phi41_rad: Drawn = drawn(
        0.0, "rad", "azimuth of fourth-order axial coma", azimuth_of="c41_um", later=True
    )
    c43_um: Drawn = drawn(0.0, "µm", "fourth-order three-lobe aberration", later=True, ge=0.0, le=1e5)
    phi43_rad: Drawn = drawn(
        0.0, "rad", "azimuth of the three-lobe aberration", azimuth_of="c43_um", later=True
    )
    c45_um: Drawn = drawn(0.0, "µm", "fivefold astigmatism", later=True, ge=0.0, le=1e5)
    phi45_rad: Drawn = drawn(0.0, "rad", "azimuth of fivefold astigmatism", azimuth_of="c45_um", later=True)
    c52_mm: Drawn = drawn(0.0, "mm", "fifth-order star aberration", later=True, ge=0.0, le=1e3)
    phi52_rad: Drawn = drawn(
        0.0, "rad", "azimuth of the fifth-order star aberration", azimuth_of="c52_mm", later=True
    )
    c54_mm: Drawn = drawn(0.0, "mm", "fifth-order rosette aberration", later=True, ge=0.0, le=1e3)
    phi54_rad: Drawn = drawn(0.0, "rad", "azimuth of the rosette aberration", azimuth_of="c54_mm", later=True)
    c56_mm: Drawn = drawn(0.0, "mm", "sixfold astigmatism", later=True, ge=0.0, le=1e3)
    phi56_rad: Drawn = drawn(0.0, "rad", "azimuth of sixfold astigmatism", azimuth_of="c56_mm", later=True)

    def focus_shift_a(self, wavelength_a: float) -> float:
        """How far they move the focus of least contrast at most, Å: for C3 sqrt(C3 wavelength), beyond the 0.44 of it
        at which a weak phase object shows least; for C5 likewise; for an astigmatism its line foci.

        Args:
            wavelength_a: electron wavelength, Å.
        """
        third, fifth = 1e4 * abs(self.c30_um), 1e7 * abs(self.c50_mm)
        balanced = math.sqrt(third * wavelength_a) + 2 * (fifth * wavelength_a**2) ** (1 / 3)
        return balanced + 10 * self.c12_nm


class Chromatic(Drawable):
    """The numbers of a data sheet that a focal spread follows from, where `cc_mm` is not 0: its standard deviation is
    Cc sqrt((energy spread / beam energy)^2 + (voltage)^2 + (2 current)^2), all as standard deviations (J. C. H. Spence,
    High-Resolution Electron Microscopy, 4th edition (2013), section 3.3).
    """

    cc_mm: Drawn = drawn(
        0.0, "mm", "chromatic aberration Cc; 0: the focal spread is as given", ge=0.0, le=100.0
    )
    energy_spread_ev: Drawn = drawn(
        0.7, "eV", "energy spread of the beam, full width at half maximum", ge=0.0, le=20.0
    )
    voltage_stability_ppm: Drawn = drawn(
        0.0, "ppm", "standard deviation of the accelerating voltage by the voltage", ge=0.0, le=1000.0
    )
    current_stability_ppm: Drawn = drawn(
        0.0, "ppm", "standard deviation of the objective lens current by the current", ge=0.0, le=1000.0
    )

    def focal_spread_sigma_a(self, beam_energy_kev: float) -> float:
        """Standard deviation of the focus in Å.

        Args:
            beam_energy_kev: beam energy, keV.
        """
        energy = self.energy_spread_ev / _FWHM_PER_SIGMA / (1e3 * beam_energy_kev)
        voltage, current = 1e-6 * self.voltage_stability_ppm, 2e-6 * self.current_stability_ppm
        return 1e7 * self.cc_mm * math.sqrt(energy**2 + voltage**2 + current**2)


class Optics(Drawable):
    """The microscope between exit wave and detector."""

    focal_spread_a: Drawn = drawn(10.0, "Å", "focal spread", ge=0.0, le=1000.0)
    focal_spread_convention: Convention = Field(
        "one_over_e",
        description="one_over_e: half width at 1/e of the focus distribution (abTEM); "
        "sigma: its standard deviation",
    )
    chromatic: Chromatic = later_field(Chromatic(), "focal spread from the numbers of a data sheet")
    temporal_coherence: Literal["envelope", "quadrature"] = Field(
        "envelope",
        description="envelope: damps the wave (quasi-coherent); "
        "quadrature: incoherent Gauss-Hermite sum over focus",
    )
    quadrature_points: int = quantity(11, "1", "foci of the quadrature", ge=3, le=101)
    convergence_mrad: Drawn = drawn(
        0.0, "mrad", "semi-angle of the illumination, a Gaussian source", later=True, ge=0.0, le=10.0
    )
    convergence_convention: Convention = later_field(
        "one_over_e",
        "one_over_e: half width at 1/e of the source's distribution (abTEM's angular spread); "
        "sigma: its standard deviation along an axis",
    )
    spatial_coherence: Literal["envelope", "quadrature"] = later_field(
        "envelope",
        "envelope: damps the wave (quasi-coherent); quadrature: incoherent Gauss-Hermite sum over source points",
    )
    source_points: int = quantity(
        5, "1", "source points along an axis of that quadrature", later=True, ge=3, le=21
    )
    defocus_jitter_nm: float = quantity(
        1.5, "nm", "standard deviation of each image's defocus about the nominal one", ge=0.0, le=100.0
    )
    aperture_mrad: Drawn | None = drawn(
        None, "mrad", "objective aperture, half angle; none by default", gt=0.0, le=200.0
    )
    aperture_edge_mrad: Drawn = drawn(
        0.0,
        "mrad",
        "width of the aperture's soft edge, from full to no transmission",
        later=True,
        ge=0.0,
        le=50.0,
    )
    aperture_shift_mrad: Drawn = drawn(
        0.0, "mrad", "distance of the aperture's centre from the optic axis", later=True, ge=0.0, le=100.0
    )
    aperture_azimuth_rad: Drawn = drawn(
        0.0, "rad", "direction in which the aperture is shifted", azimuth_of="aperture_shift_mrad", later=True
    )
    tilt_mrad: Drawn = drawn(
        0.0, "mrad", "angle of the beam to the optic axis of the lens", later=True, ge=0.0, le=50.0
    )
    tilt_azimuth_rad: Drawn = drawn(
        0.0, "rad", "direction of the beam tilt", azimuth_of="tilt_mrad", later=True
    )
    aberrations: Aberrations = Aberrations()

    @property
    def focal_spread_sigma_a(self) -> float:
        """Standard deviation of the focus distribution in Å, whichever convention the setting uses."""
        one_over_e = self.focal_spread_convention == "one_over_e"
        return self.focal_spread_a / math.sqrt(2) if one_over_e else self.focal_spread_a

    @property
    def convergence_sigma_mrad(self) -> float:
        """Standard deviation along an axis of the source's angles in mrad."""
        one_over_e = self.convergence_convention == "one_over_e"
        return self.convergence_mrad / math.sqrt(2) if one_over_e else self.convergence_mrad

    def check(self) -> None:
        """Refuse settings that do nothing or contradict each other; before anything is drawn.

        Raises:
            ValueError: names the setting and the repair.
        """
        if self.aperture_mrad is None:
            for name in ("aperture_edge_mrad", "aperture_shift_mrad"):
                if getattr(self, name) != 0:
                    raise ValueError(
                        f"{name} is set and there is no aperture; set aperture_mrad, or remove it"
                    )
        elif support(self.aperture_edge_mrad)[1] > 2 * support(self.aperture_mrad)[0]:
            raise ValueError(
                f"aperture_edge_mrad of up to {support(self.aperture_edge_mrad)[1]:g} is more than twice the "
                f"aperture_mrad of {support(self.aperture_mrad)[0]:g}: its edge would reach the beam; lower it"
            )
        if self.chromatic.cc_mm == 0 and self.chromatic != Chromatic():
            raise ValueError("chromatic: its other numbers do nothing without cc_mm; set it, or remove them")

    def at_energy(self, beam_energy_kev: float) -> Self:
        """The same optics with the focal spread that follows from the chromatic aberration, where that is given.

        Args:
            beam_energy_kev: beam energy, keV.
        """
        if self.chromatic.cc_mm == 0:
            return self
        sigma_a = self.chromatic.focal_spread_sigma_a(beam_energy_kev)
        return self.model_copy(
            update={
                "focal_spread_a": sigma_a,
                "focal_spread_convention": "sigma",
                "chromatic": Chromatic(),
            }
        )
