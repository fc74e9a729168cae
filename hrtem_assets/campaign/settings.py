"""Settings of each asset: substrate, placement, simulation, labels and training sets."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationInfo, create_model, field_validator, model_validator

from hrtem_assets.base.families import member_names
from hrtem_assets.base.files import shown
from hrtem_assets.base.model import Line, Model, Real, Whole, Words, YesNo, later_field, quantity
from hrtem_assets.campaign.declaration import definitions
from hrtem_assets.campaign.engines import DECLARATIONS, EngineName
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.crystal.elements import (
    U_PER_A3_IN_G_PER_CM3,
    covalent_radius_a,
    crystal_density_per_a3,
    element_fault,
    mass_density_g_per_cm3,
    mass_u,
)
from hrtem_assets.crystal.plausibility import LEAST_OF_RADII, MOST_DENSITY_G_PER_CM3
from hrtem_assets.crystal.slabs import SlabFit, fit_slab, planes
from hrtem_assets.imaging.distributions import Drawable, Drawn, drawn
from hrtem_assets.morphology.shape import Direction, Plane

UNIFORM_RMS_DISPLACEMENT_A = 0.1
USUAL_CROP_PX = 512
# fluctuations are cut there
MOST_SIGMAS = 3.0
# amorphous solids are at most a little denser than crystals of the element
MOST_OF_CRYSTAL = 1.1
# of one arrangement of 100 particles: some seconds where fewer and fewer of them find room
MOST_TRIALS = 1_000_000
MOST_LAYERS = 1000


def _check_filling(density_atoms_per_a3: float, min_distance_a: float, at: str) -> None:
    filling = density_atoms_per_a3 * math.pi / 6 * min_distance_a**3
    if filling > 0.25:
        raise ValueError(
            f"density_atoms_per_a3 = {density_atoms_per_a3:.6g}{at} with min_distance_a = {min_distance_a} fills "
            f"{filling:.2f} of the volume; random sequential placement becomes impracticable above 0.25: lower one of "
            f"them"
        )


class Fluctuations(Model):
    """Long-range variation of the film over the cell: Gaussian random fields of mean 0, cut at three sigma.
    Thickness varies at the face away from the particles, which rest on an even one.
    """

    thickness_rms_a: float = quantity(0.0, "Å", "standard deviation of the thickness", ge=0.0, le=500.0)
    density_rms: float = quantity(0.0, "1", "relative standard deviation of the density", ge=0.0, le=0.3)
    correlation_length_a: float = quantity(20.0, "Å", "correlation length L", ge=4.0, le=1000.0)
    spectrum: Literal["gaussian", "exponential"] = Field(
        "exponential",
        description="gaussian: correlation exp(-r²/2L²); exponential: exp(-r/L), with power at every scale below L",
    )

    @property
    def is_even(self) -> bool:
        """Whether nothing varies."""
        return self.thickness_rms_a == 0 and self.density_rms == 0


class _Layer(Model):
    """What film and contamination have in common: a known element, and a range of thickness."""

    @field_validator("element", mode="before", check_fields=False)
    @classmethod
    def _known_element(cls, value: Any) -> Any:
        if fault := element_fault(value):
            raise ValueError(fault)
        return value

    @staticmethod
    def _check_order(thickness_min_a: float, thickness_max_a: float) -> None:
        if thickness_max_a < thickness_min_a:
            raise ValueError(
                f"thickness_max_a = {thickness_max_a} is below thickness_min_a = {thickness_min_a}; swap them"
            )


class Contamination(_Layer):
    """An amorphous layer that grew in the microscope, over film and particles alike: all that lies within its thickness
    of a surface. It belongs to the substrate: no label shows it.
    """

    thickness_min_a: float = quantity(0.0, "Å", "smallest thickness", ge=0.0, le=500.0)
    thickness_max_a: float = quantity(0.0, "Å", "largest thickness; 0 for none", ge=0.0, le=500.0)
    side: Literal["both", "particles", "back"] = Field(
        "both", description="face on which it grows: that of the particles, the other, or both"
    )
    element: str = Field("C", description="chemical symbol of its atoms")
    density_atoms_per_a3: float = quantity(
        0.06, "1/Å³", "number density (1.2 g/cm³ for carbon)", gt=0.0, le=0.14
    )
    min_distance_a: float = quantity(1.4, "Å", "shortest distance between atoms", gt=0.5, le=3.0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        self._check_order(self.thickness_min_a, self.thickness_max_a)
        _check_filling(self.density_atoms_per_a3, self.min_distance_a, "")
        return self

    def on(self, face: Literal["particles", "back"]) -> bool:
        """Whether it grows on a face."""
        return self.thickness_max_a > 0 and self.side in ("both", face)


class CrystalSupport(Model):
    """A crystalline slab in the film's place, strained a little so that whole periods fit the cell."""

    lattice: Lattice = Field(description="its crystal, written as those of particles")
    zone_axis: Direction = Field(
        (0, 0, 1), description="direction [uvw] along the beam, towards the particles"
    )
    edge_plane: Plane | None = Field(
        None, description="plane (hkl) whose normal points along x: the face of an edge; any by default"
    )
    layers: tuple[Whole, Whole] | None = Field(
        None,
        description="fewest and most atomic planes; by default as many as substrate.thickness_min_a and max say",
    )
    termination: Whole | None = Field(
        None,
        ge=0,
        description="which plane of the period is uppermost, as `hrtem plan` lists them; any by default",
    )
    most_strain: float = quantity(0.02, "1", "strain allowed to fit the cell", ge=0.0, le=0.1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.lattice.particle is not None:
            raise ValueError("lattice.particle: a support has no particles; remove it")
        stack = planes(self.lattice.crystal, self.zone_axis)
        if self.layers is not None and not 1 <= self.layers[0] <= self.layers[1] <= MOST_LAYERS:
            raise ValueError(
                f"layers = {self.layers} must be two numbers from 1 to {MOST_LAYERS}, the smaller one first"
            )
        if self.termination is not None and self.termination >= len(stack.heights_a):
            named = ", ".join(f"{k}: {words}" for k, words in enumerate(stack.formulas))
            raise ValueError(
                f"termination = {self.termination}: the planes along {self.zone_axis} are {named}"
            )
        return self

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide where atoms are, as JSON."""
        rest = self.model_dump(mode="json", exclude={"lattice"})
        return {"lattice": self.lattice.deciding, **rest}

    def fit(self, cell_a: float, is_open: bool) -> SlabFit:
        """How it lies in a cell.

        Args:
            cell_a: side of the cell.
            is_open: whether it ends at an edge.

        Raises:
            ValueError: if it does not fit; begins with the setting.
        """
        return fit_slab(
            self.lattice.crystal, self.zone_axis, cell_a, self.most_strain, self.edge_plane, is_open
        )

    def plane_counts(self, thickness_min_a: float, thickness_max_a: float) -> tuple[int, int]:
        """Fewest and most atomic planes.

        Args:
            thickness_min_a: of the substrate.
            thickness_max_a: of the substrate.
        """
        if self.layers is not None:
            return self.layers
        stack = planes(self.lattice.crystal, self.zone_axis)
        per_a = len(stack.heights_a) / stack.period_a
        least = math.ceil(thickness_min_a * per_a)
        return least, max(least, math.floor(thickness_max_a * per_a) + 1 if thickness_max_a else 0)


class Edge(Drawable):
    """The edge of a hole: the support ends along a line of constant x, and beyond there is vacuum."""

    supported: Drawn = drawn(
        0.5, "1", "part of the cell, from x = 0, that the support covers", ge=0.05, le=0.95
    )
    particles: Literal["face", "edge"] = Field(
        "face", description="face: on the support, seen from above; edge: at its side, seen in profile"
    )
    roughness_a: float = quantity(
        0.0, "Å", "standard deviation of the edge of an amorphous film", ge=0.0, le=100.0
    )
    correlation_length_a: float = quantity(
        20.0, "Å", "correlation length of its roughness", ge=2.0, le=1000.0
    )


class Substrate(_Layer):
    """What lies under the particles, periodic in x and y: an amorphous film, or a slab of crystal."""

    element: str = Field("C", description="chemical symbol of its atoms")
    composition: dict[str, Real] | None = later_field(
        None, "atoms of each element of a film of several, such as {Si: 3, N: 4}, in place of `element`"
    )
    crystal: CrystalSupport | None = later_field(None, "a crystalline slab in place of the film")
    edge: Edge | None = later_field(None, "where the support ends, with vacuum beside it")
    thickness_min_a: float = quantity(20.0, "Å", "smallest thickness", ge=0.0, le=2000.0)
    thickness_max_a: float = quantity(80.0, "Å", "largest thickness", ge=0.0, le=2000.0)
    density_atoms_per_a3: float = quantity(
        0.1103075, "1/Å³", "number density (2.20 g/cm³ for carbon)", gt=0.0, le=0.14
    )
    min_distance_a: float = quantity(1.4, "Å", "shortest distance between atoms", gt=0.5, le=3.0)
    rms_displacement_a: float = quantity(
        0.042, "Å", "rms thermal displacement per axis at room temperature", ge=0.0, le=1.0
    )
    fluctuations: Fluctuations = later_field(Fluctuations(), "long-range variation of thickness and density")
    contamination: Contamination = later_field(Contamination(), "a layer grown over film and particles")

    @model_validator(mode="before")
    @classmethod
    def _weighed(cls, data: Any) -> Any:
        """`density_g_per_cm3` may stand for the number density."""
        if not isinstance(data, Mapping) or "density_g_per_cm3" not in data:
            return data
        rest, weight = {k: v for k, v in data.items() if k != "density_g_per_cm3"}, data["density_g_per_cm3"]
        if "density_atoms_per_a3" in rest:
            raise ValueError("density_g_per_cm3 and density_atoms_per_a3 both give the density; remove one")
        if (
            isinstance(weight, bool)
            or not isinstance(weight, int | float)
            or not 0 < weight <= MOST_DENSITY_G_PER_CM3
        ):
            raise ValueError(
                f"density_g_per_cm3 = {shown(str(weight))} must be a number above 0 and at most osmium's 22.6"
            )
        parts = rest.get("composition") or {rest.get("element", "C"): 1}
        if not isinstance(parts, Mapping) or any(element_fault(s) for s in parts):
            return rest
        try:
            mass = sum(mass_u(s) * n for s, n in parts.items()) / sum(parts.values())
        except (TypeError, ZeroDivisionError):
            return rest
        return rest | {"density_atoms_per_a3": weight / (mass * U_PER_A3_IN_G_PER_CM3)}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        self._check_order(self.thickness_min_a, self.thickness_max_a)
        self._check_parts()
        densest = 1 + MOST_SIGMAS * self.fluctuations.density_rms
        most = (
            f", at three times fluctuations.density_rms = {self.fluctuations.density_rms:g},"
            if densest > 1
            else ""
        )
        _check_filling(densest * self.density_atoms_per_a3, self.min_distance_a, most)
        rms_a = self.fluctuations.thickness_rms_a
        if rms_a and MOST_SIGMAS * rms_a > self.thickness_min_a:
            raise ValueError(
                f"fluctuations.thickness_rms_a = {rms_a:g} would tear holes into a film of thickness_min_a = "
                f"{self.thickness_min_a:g}; use at most {self.thickness_min_a / MOST_SIGMAS:.4g}, a third of it"
            )
        self._check_element()
        return self

    def _check_parts(self) -> None:
        for symbol, part in (self.composition or {}).items():
            if fault := element_fault(symbol):
                raise ValueError(f"composition: {fault}")
            if part <= 0:
                raise ValueError(
                    f"composition.{symbol} = {part:g} must be above 0; leave it out to have none"
                )
        if self.composition is not None and not self.composition:
            raise ValueError("composition is empty; name elements and their parts, such as {Si: 3, N: 4}")
        if self.crystal is not None:
            film = [
                n for n in ("element", "composition", "density_atoms_per_a3") if n in self.model_fields_set
            ]
            if self.composition is not None:
                raise ValueError(f"crystal and {', '.join(film)} both say what it is made of; remove one")
            if not self.fluctuations.is_even:
                raise ValueError("fluctuations: a crystalline slab is even; remove them")
            if self.edge is not None and self.edge.roughness_a:
                raise ValueError("edge.roughness_a: the edge of a crystalline slab is a plane; set it to 0")
            if self.contamination.thickness_max_a and self.edge is not None:
                raise ValueError("contamination: not grown around an edge; set its thickness to 0")
        elif self.edge is not None:
            if not self.thickness_max_a:
                raise ValueError("edge: there is no film; set thickness_max_a above 0")
            if not self.fluctuations.is_even or self.contamination.thickness_max_a:
                raise ValueError(
                    "edge: fluctuations and contamination are not made around an edge; remove either"
                )
        if (
            self.edge is not None
            and self.edge.particles == "edge"
            and not self.thickness_max_a
            and not self._layers
        ):
            raise ValueError("edge.particles: there is no support to stand beside; raise thickness_max_a")

    @property
    def _layers(self) -> int:
        return self.crystal.layers[1] if self.crystal is not None and self.crystal.layers is not None else 0

    @property
    def elements(self) -> dict[str, float]:
        """Parts of each element; of the film, or of the slab."""
        if self.crystal is not None:
            return {k: float(v) for k, v in self.crystal.lattice.atoms.counts.items()}
        return dict(self.composition) if self.composition is not None else {self.element: 1.0}

    def _check_element(self) -> None:
        if self.crystal is not None:
            return
        if self.composition is not None and len(self.composition) > 1:
            self._check_composition()
            return
        density, symbol = self.density_atoms_per_a3, next(iter(self.elements))
        crystal = crystal_density_per_a3(symbol)
        if crystal is not None and density > MOST_OF_CRYSTAL * crystal:
            raise ValueError(
                f"density_atoms_per_a3 = {density:g} is more than that of crystalline {symbol}, {crystal:.4g}/Å³; give "
                f"the substrate's own density and, with it, min_distance_a"
            )
        if (weight := mass_density_g_per_cm3(symbol, density)) > MOST_DENSITY_G_PER_CM3:
            raise ValueError(
                f"density_atoms_per_a3 = {density:g} is {weight:.3g} g/cm³ of {symbol}, above osmium's 22.6; lower it"
            )
        least = LEAST_OF_RADII * 2 * covalent_radius_a(symbol)
        if self.min_distance_a < least:
            raise ValueError(
                f"min_distance_a = {self.min_distance_a:g} is below {least:.2f} Å, {LEAST_OF_RADII} of two covalent "
                f"radii of {symbol}; raise it, and lower density_atoms_per_a3 if the volume then gets too full"
            )

    def _check_composition(self) -> None:
        parts = self.elements
        total = sum(parts.values())
        weight = sum(
            mass_density_g_per_cm3(s, self.density_atoms_per_a3 * n / total) for s, n in parts.items()
        )
        if weight > MOST_DENSITY_G_PER_CM3:
            raise ValueError(
                f"density_atoms_per_a3 = {self.density_atoms_per_a3:g} is {weight:.3g} g/cm³ of "
                f"{' and '.join(parts)}, above osmium's 22.6; lower it"
            )
        # any two may meet: as near as the mean of their radii allows
        radius = sum(covalent_radius_a(s) * n for s, n in parts.items()) / total
        least = LEAST_OF_RADII * 2 * radius
        if self.min_distance_a < least:
            raise ValueError(
                f"min_distance_a = {self.min_distance_a:g} is below {least:.2f} Å, {LEAST_OF_RADII} of two mean "
                f"covalent radii of {' and '.join(parts)}; raise it, and lower density_atoms_per_a3 if the volume "
                "then gets too full"
            )


class Placement(Model):
    """How many particles are put on the substrate, and where."""

    count_min: int = quantity(1, "1", "fewest particles in a structure", ge=1, le=100)
    count_max: int = quantity(5, "1", "most particles in a structure", ge=1, le=100)
    separation_a: float = quantity(
        10.0,
        "Å",
        "least gap between particle surfaces, seen along the beam; negative for as much overlap",
        ge=-1000.0,
        le=1000.0,
    )
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
            raise ValueError(f"count_max = {self.count_max} is below count_min = {self.count_min}; swap them")
        if self.max_attempts * self.count_max > MOST_TRIALS:
            raise ValueError(
                f"max_attempts = {self.max_attempts} for count_max = {self.count_max} particles may keep a structure "
                f"busy for minutes; use at most {MOST_TRIALS // self.count_max} ({MOST_TRIALS:,} trials in all)"
            )
        return self


class SharedSimulation(Model):
    """The multislice calculation from atoms to exit waves."""

    engine: EngineName = Field(
        "fused",
        description="exit-wave engine; "
        + "; ".join(f"{name}: {declared.summary}" for name, declared in DECLARATIONS.items()),
    )
    cell_a: float = quantity(128.0, "Å", "side of the square cell", ge=16.0, le=2048.0)
    beam_energy_kev: float = quantity(300.0, "keV", "beam energy", ge=10.0, le=3000.0)
    sampling_a: float = quantity(0.1, "Å", "pixel of the potential and the waves", ge=0.01, le=0.5)
    output_sampling_a: float = quantity(0.2, "Å", "pixel of the stored waves and images", ge=0.01, le=1.0)
    slice_thickness_a: float = quantity(1.0, "Å", "slice thickness", ge=0.1, le=10.0)
    frozen_phonons: int = quantity(8, "1", "frozen-phonon configurations", ge=1, le=1000)
    thermal_profile: Literal["uniform_0p1", "room_temperature", "none"] = Field(
        "uniform_0p1",
        description="uniform_0p1: 0.1 Å rms per axis for every atom, Construction Zone's fixed value; "
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

    @model_validator(mode="after")
    def _grid(self) -> Self:
        for name in ("sampling_a", "output_sampling_a"):
            sampling_a = getattr(self, name)
            if not is_fast_grid(self.cell_a, sampling_a):
                raise ValueError(
                    f"cell_a / {name} = {self.cell_a} / {sampling_a} = {self.cell_a / sampling_a:.6g} pixels is "
                    f"not an even product of 2, 3, 5 and 7, which a fast Fourier transform needs; {self._near_cells()}"
                )
        if self.output_sampling_a < self.sampling_a:
            raise ValueError(
                f"output_sampling_a = {self.output_sampling_a} is finer than sampling_a = {self.sampling_a}; "
                f"raise it to at least sampling_a"
            )
        DECLARATIONS[self.engine].check(self)
        return self

    def _near_cells(self) -> str:
        samplings_a = (self.sampling_a, self.output_sampling_a)
        step = max(samplings_a)
        start = max(1, round(self.cell_a / step))
        below = (n * step for n in range(start, 0, -1))
        above = (n * step for n in range(start + 1, 4 * start + 8))
        near = [
            next((c for c in cells if all(is_fast_grid(c, s) for s in samplings_a)), None)
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


if TYPE_CHECKING:
    # an engine's own fields are read through them: `FusedFields.of(simulation)`
    Simulation = SharedSimulation
else:
    Simulation = create_model(
        "Simulation",
        __base__=SharedSimulation,
        __module__=__name__,
        __doc__=SharedSimulation.__doc__,
        **{k: v for declared in DECLARATIONS.values() for k, v in definitions(declared.fields).items()},
    )


REQUIRED_PLANES = ("soft_label", "mask")


class LabelRule(Model):
    """How the phase of the vacuum wave becomes a segmentation label."""

    phase_threshold_rad: float = quantity(
        math.pi / 16, "rad", "absolute phase above which a pixel belongs to a particle", gt=0.0, le=math.pi
    )
    mask_cutoff: float | None = quantity(
        None,
        "1",
        "soft label at which the binary mask is cut; each specimen's own by default",
        gt=0.0,
        lt=1.0,
    )
    planes: tuple[str, ...] = Field(
        REQUIRED_PLANES,
        description="labels of every image: mask, soft_label, and any other file of hrtem_assets/labels/planes",
    )
    tables: tuple[str, ...] = Field(
        (),
        description="tables of the particles or columns of every image: any files of hrtem_assets/labels/tables",
    )

    @field_validator("planes", "tables")
    @classmethod
    def _known_labels(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = member_names(f"hrtem_assets.labels.{info.field_name}")
        for name in names:
            if name not in known:
                raise ValueError(f"{name!r} is not a label; known: {', '.join(known)}")
        if len(set(names)) < len(names):
            raise ValueError("a label is named twice; name each once")
        return names

    @field_validator("planes")
    @classmethod
    def _required_planes(cls, planes: tuple[str, ...]) -> tuple[str, ...]:
        if missing := [name for name in REQUIRED_PLANES if name not in planes]:
            raise ValueError(f"{', '.join(missing)} must be among them: training sets and figures need it")
        return planes


class TrainingSets(Model):
    """What of the images is handed to those who train, and under which terms."""

    crop_px: int | None = quantity(
        None,
        "pixels",
        f"side of the central square; {USUAL_CROP_PX}, or the whole image where that is smaller, by default",
        ge=16,
    )
    license: Line = Field(
        "CC-BY-4.0", description="SPDX identifier of the data's licence; written, decides nothing"
    )
    citation: Words = Field(
        "L. Rangel DaCosta, H. Oill, M. C. Scott, Strategies for effective transfer learning for HRTEM analysis "
        "with neural networks, Elemental Microscopy EM000010 (2025), doi:10.69761/kjte5358",
        description="whom users of the data shall cite; written, decides nothing",
    )


class Storage(Model):
    """What is kept on disk; decides no number, and so enters no recipe."""

    keep_vacuum_waves: YesNo = Field(
        True,
        description="whether vacuum waves stay once labels and zero defocus are made from them; if not, `hrtem prune` "
        "lists them, half of all that is stored",
    )
    record_user_and_host: YesNo = Field(
        True,
        description="whether a store says who made it and on which machine; if not, nothing that is published or "
        "exported names either",
    )


def is_fast_grid(cell_a: float, sampling_a: float) -> bool:
    """Whether the cell is a whole number of pixels that is even and has no prime factor above 7."""
    points = cell_a / sampling_a
    n = round(points)
    if n < 2 or n % 2 or abs(points - n) > 1e-6 * points:
        return False
    for p in (2, 3, 5, 7):
        while n % p == 0:
            n //= p
    return n == 1
