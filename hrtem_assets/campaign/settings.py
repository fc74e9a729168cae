"""Settings of each stage: substrate, placement, simulation, optics, calibration, labels and training sets."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from hrtem_assets.campaign.base import Model, quantity
from hrtem_assets.campaign.engines import EngineName, PrismaticSettings

UNIFORM_RMS_DISPLACEMENT_A = 0.1
USUAL_CROP_PX = 512


class Substrate(Model):
    """The amorphous film under the particles, periodic in x and y."""

    element: str = Field("C", description="chemical symbol of the film")
    thickness_min_a: float = quantity(20.0, "Å", "smallest film thickness", ge=0.0, le=2000.0)
    thickness_max_a: float = quantity(80.0, "Å", "largest film thickness", ge=0.0, le=2000.0)
    density_atoms_per_a3: float = quantity(
        0.1103075, "1/Å³", "number density (2.20 g/cm³ for carbon)", gt=0.0, le=0.14
    )
    min_distance_a: float = quantity(1.4, "Å", "shortest distance between atoms", gt=0.5, le=3.0)
    rms_displacement_a: float = quantity(
        0.042, "Å", "rms thermal displacement per axis at room temperature", ge=0.0, le=1.0
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.thickness_max_a < self.thickness_min_a:
            raise ValueError(
                f"thickness_max_a = {self.thickness_max_a} is below thickness_min_a = "
                f"{self.thickness_min_a}; exchange them"
            )
        filling = self.density_atoms_per_a3 * math.pi / 6 * self.min_distance_a**3
        if filling > 0.25:
            raise ValueError(
                f"density_atoms_per_a3 = {self.density_atoms_per_a3} with min_distance_a = "
                f"{self.min_distance_a} fills {filling:.2f} of the volume; random sequential placement "
                f"becomes impracticable above 0.25: lower either"
            )
        return self


class Placement(Model):
    """How many particles are put on the substrate, and where."""

    count_min: int = quantity(1, "1", "fewest particles in a structure", ge=1, le=100)
    count_max: int = quantity(5, "1", "most particles in a structure", ge=1, le=100)
    separation_a: float = quantity(10.0, "Å", "least gap between particle surfaces", ge=0.0, le=1000.0)
    edge_rule: Literal["open", "inside"] = Field(
        "open",
        description="open: centres anywhere in the cell, atoms beyond its edge dropped; "
        "inside: whole particles within the cell",
    )
    clearance_a: float = quantity(
        2.0, "Å", "least distance between substrate atoms and particle atoms", ge=0.0, le=20.0
    )
    max_attempts: int = quantity(10_000, "1", "trial positions per particle", ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.count_max < self.count_min:
            raise ValueError(
                f"count_max = {self.count_max} is below count_min = {self.count_min}; exchange them"
            )
        return self


class Simulation(Model):
    """The multislice calculation from atoms to exit waves."""

    engine: EngineName = Field(
        "fused",
        description="exit-wave engine; abtem: the reference; fused: the same numbers, faster; "
        "prismatic: an independent calculation, installed apart",
    )
    fused_mode: Literal["exact", "fast"] = Field(
        "exact",
        description="of the fused engine; exact: abTEM's algorithm, to 1e-5 of the wave; "
        "fast: transmission functions not band-limited, 1.5e-3",
    )
    cell_a: float = quantity(128.0, "Å", "side of the square cell", ge=16.0, le=2048.0)
    beam_energy_kev: float = quantity(300.0, "keV", "beam energy", ge=10.0, le=3000.0)
    sampling_a: float = quantity(0.1, "Å", "pixel of the potential and the waves", ge=0.01, le=0.5)
    output_sampling_a: float = quantity(0.2, "Å", "pixel of the stored waves and images", ge=0.01, le=1.0)
    slice_thickness_a: float = quantity(1.0, "Å", "slice thickness", ge=0.1, le=10.0)
    frozen_phonons: int = quantity(8, "1", "frozen-phonon configurations", ge=1, le=1000)
    thermal_profile: Literal["uniform_0p1", "room_temperature", "none"] = Field(
        "uniform_0p1",
        description="uniform_0p1: 0.1 Å rms per axis for every atom (as published); "
        "room_temperature: each element's own at 293 K; none: atoms at rest",
    )
    parametrization: Literal["lobato", "kirkland"] = Field(
        "lobato", description="electron scattering factors"
    )
    projection: Literal["infinite", "finite"] = Field(
        "infinite", description="projection of atomic potentials onto slices"
    )
    beam_entry: Literal["substrate", "particles"] = Field(
        "substrate", description="which side the beam meets first; substrate: particles at the exit side"
    )
    vacuum_a: float = quantity(
        2.0, "Å", "empty space before the first and after the last atom", ge=1.0, le=200.0
    )
    wave_mantissa_bits: int = quantity(
        10, "1", "mantissa bits kept in stored waves; 23 is lossless", ge=4, le=23
    )
    prismatic: PrismaticSettings = PrismaticSettings()

    @model_validator(mode="after")
    def _grid(self) -> Self:
        for name in ("sampling_a", "output_sampling_a"):
            sampling_a = getattr(self, name)
            if not _is_fast_grid(self.cell_a, sampling_a):
                raise ValueError(
                    f"cell_a / {name} = {self.cell_a} / {sampling_a} = {self.cell_a / sampling_a:.6g} pixels is "
                    f"not an even product of 2, 3, 5 and 7, which a fast Fourier transform needs; {self._near_cells()}"
                )
        if self.output_sampling_a < self.sampling_a:
            raise ValueError(
                f"output_sampling_a = {self.output_sampling_a} is finer than sampling_a = {self.sampling_a}; "
                f"raise it to at least sampling_a"
            )
        self.check_engine(self.engine)
        return self

    def check_engine(self, engine: str) -> None:
        """Raise a `ValueError` that names the repair if an engine cannot follow these settings."""
        if engine == "fused" and self.projection != "infinite":
            raise ValueError(
                f"projection = {self.projection!r}: engine fused has infinite projections only; "
                f"set simulation.projection to infinite, or simulation.engine to abtem"
            )
        if engine == "prismatic":
            self.prismatic.check(
                self.parametrization,
                self.slice_thickness_a,
                self.sampling_a,
                self.output_sampling_a,
                self.grid,
            )

    def _near_cells(self) -> str:
        samplings_a = (self.sampling_a, self.output_sampling_a)
        step = max(samplings_a)
        start = max(1, round(self.cell_a / step))
        below = (n * step for n in range(start, 0, -1))
        above = (n * step for n in range(start + 1, 4 * start + 8))
        near = [
            next((c for c in cells if all(_is_fast_grid(c, s) for s in samplings_a)), None)
            for cells in (below, above)
        ]
        words = " or ".join(f"{c:.6g}" for c in near if c is not None)
        return f"use cell_a = {words}" if words else "make output_sampling_a a small multiple of sampling_a"

    @property
    def grid(self) -> int:
        """Pixels along a side of the simulated waves."""
        return round(self.cell_a / self.sampling_a)

    @property
    def output_grid(self) -> int:
        """Pixels along a side of the stored waves and images."""
        return round(self.cell_a / self.output_sampling_a)


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


class Calibration(Model):
    """The two-stage search for zero defocus."""

    coarse_step_a: float = quantity(1.0, "Å", "step of the first grid", gt=0.0, le=50.0)
    fine_step_a: float = quantity(0.1, "Å", "step of the second grid", gt=0.0, le=10.0)
    margin_a: float = quantity(
        5.0, "Å", "how far the search goes beyond the particles' z range", ge=0.0, le=100.0
    )

    @model_validator(mode="after")
    def _nested(self) -> Self:
        ratio = self.coarse_step_a / self.fine_step_a
        if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
            raise ValueError(
                f"coarse_step_a = {self.coarse_step_a} must be a whole multiple of fine_step_a = "
                f"{self.fine_step_a}; change either"
            )
        return self


class LabelRule(Model):
    """How the phase of the vacuum wave becomes a segmentation label."""

    phase_threshold_rad: float = quantity(
        math.pi / 16, "rad", "absolute phase above which a pixel belongs to a particle", gt=0.0, le=math.pi
    )
    mask_cutoff: float | None = quantity(
        None, "1", "soft label at which the binary mask is cut; each lattice's own by default", gt=0.0, lt=1.0
    )


class TrainingSets(Model):
    """What of the images is handed to those who train, and under which terms."""

    crop_px: int | None = quantity(
        None,
        "pixels",
        f"side of the central square; {USUAL_CROP_PX}, or the whole image where that is smaller, by default",
        ge=16,
    )
    license: str = Field(
        "CC-BY-4.0", description="SPDX identifier of the data's licence; written, decides nothing"
    )
    citation: str = Field(
        "L. Rangel DaCosta, H. Oill, M. C. Scott, Strategies for effective transfer learning for HRTEM analysis "
        "with neural networks, Elemental Microscopy EM000010 (2025), doi:10.69761/kjte5358",
        description="whom users of the data shall cite; written, decides nothing",
    )


class Storage(Model):
    """What is kept on disk; decides no number, and so enters no recipe."""

    keep_vacuum_waves: bool = Field(
        True,
        description="whether vacuum waves stay once labels and zero defocus are made from them; if not, `hrtem prune` "
        "lists them, half of all that is stored",
    )


def _is_fast_grid(cell_a: float, sampling_a: float) -> bool:
    """Whether the cell is a whole number of pixels that is even and has no prime factor above 7."""
    points = cell_a / sampling_a
    n = round(points)
    if n < 2 or n % 2 or abs(points - n) > 1e-6 * points:
        return False
    for p in (2, 3, 5, 7):
        while n % p == 0:
            n //= p
    return n == 1
