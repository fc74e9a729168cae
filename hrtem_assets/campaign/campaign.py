"""The campaign: everything that decides which datasets are made, and the grid of specimens x conditions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from hrtem_assets.base.files import shown
from hrtem_assets.base.model import Line, Model, Whole, Words, first_fault, quantity
from hrtem_assets.campaign.conditions import Condition
from hrtem_assets.campaign.engines import DECLARATIONS, EngineName
from hrtem_assets.campaign.errors import UnknownKeyError
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.leftovers import check_leftovers
from hrtem_assets.campaign.materials import AnyMaterial, Phase
from hrtem_assets.campaign.matter import check_matter, check_mixtures
from hrtem_assets.campaign.mixtures import Mixture
from hrtem_assets.campaign.names import check_distinct, check_name, check_series_name, listed
from hrtem_assets.campaign.own_atoms import FrameOf, OwnAtoms, shared_frames
from hrtem_assets.campaign.packing import least_side, most_points
from hrtem_assets.campaign.schedule import Schedule
from hrtem_assets.campaign.settings import (
    UNIFORM_RMS_DISPLACEMENT_A,
    USUAL_CROP_PX,
    LabelRule,
    Placement,
    Simulation,
    Storage,
    Substrate,
    TrainingSets,
)
from hrtem_assets.campaign.sizes import SizeClass
from hrtem_assets.campaign.specimens import Specimen
from hrtem_assets.imaging.calibration import Calibration
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.detector_transfer import check_efficiency
from hrtem_assets.imaging.draws import ImageDistribution
from hrtem_assets.imaging.effect import ImagingEffect
from hrtem_assets.imaging.effects import AnyEffect, acting, check_effects
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.frame import Frame, ImageGrid
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage

T = TypeVar("T")

MOST_STRUCTURES = 1_000_000
MOST_IMAGES_PER_STRUCTURE = 1000
MOST_CONDITIONS = 10_000
MOST_SPECIMENS = 10_000
# Dagster's advice for one asset
MOST_PARTITIONS = 100_000
# settings of the optics that zero defocus depends on
CALIBRATION_OPTICS = (
    "focal_spread_a",
    "focal_spread_convention",
    "temporal_coherence",
    "quadrature_points",
    "aperture_mrad",
)
# two layers of atoms
ADATOMS_A = 8.0
# each acts once
MOST_EFFECTS = 100
# more images for one structure's zero defocus than that are a slip in the steps
MOST_EVALUATIONS = 4096


class Counts(Model):
    """Structures per specimen; training structures come first."""

    train: int = quantity(512, "1", "structures for training", ge=1, le=MOST_STRUCTURES)
    validation: int = quantity(
        128, "1", "independent structures for validation; their number is ours", ge=0, le=MOST_STRUCTURES
    )
    test: int = quantity(
        0,
        "1",
        "further independent structures, for a test after all choices are made",
        ge=0,
        le=MOST_STRUCTURES,
    )

    @property
    def total(self) -> int:
        """Structures per specimen."""
        return self.train + self.validation + self.test

    def split(self, structure: int) -> str:
        """What a structure is for, by its index: training structures come first, those for the test last."""
        held_out = structure - self.train
        return (
            "train"
            if held_out < 0
            else "validation"
            if held_out < self.validation or not self.test
            else "test"
        )


class Series(Model):
    """A named selection of the grid."""

    description: Words = ""
    specimens: tuple[str, ...] = Field(
        min_length=1, max_length=MOST_SPECIMENS, description="specimen keys such as CdSe-medium"
    )
    conditions: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for field, keys in (("specimens", self.specimens), ("conditions", [c.key for c in self.conditions])):
            if twice := _twice(keys):
                raise ValueError(f"{field}: {twice} appear twice; remove the repeats")
        return self


class Campaign(Model):
    """The one source of truth for what is made; its parts decide recipes, seeds and paths."""

    name: Line = Field(description="short name")
    description: Words = ""
    seed: int = quantity(..., "1", "campaign seed; every random number derives from it", ge=0, lt=2**63)
    counts: Counts = Counts()
    images_per_structure: int = quantity(
        1,
        "1",
        "draws of each structure under each condition: images that differ in what is drawn for an image",
        later=True,
        ge=1,
        le=MOST_IMAGES_PER_STRUCTURE,
    )
    lattices: dict[str, AnyMaterial] = Field(min_length=1)
    sizes: dict[str, SizeClass] = Field(min_length=1)
    conditions: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)
    max_stacking_faults: dict[str, Whole] = Field(
        default_factory=dict,
        description="by specimen key: each particle gets 0 to this many stacking faults; 0 where not named",
    )
    substrate: Substrate = Substrate()
    placement: Placement = Placement()
    simulation: Simulation = Simulation()
    engines: dict[str, EngineName] = Field(
        default_factory=dict,
        description="by specimen key: exit-wave engine; simulation.engine where not named",
    )
    optics: Optics = Optics()
    stage: Stage = Stage()
    detector: Detector = Detector()
    frame: Frame = Frame()
    imaging: tuple[AnyEffect, ...] | None = Field(
        None,
        max_length=MOST_EFFECTS,
        description="imaging effects in the order in which they act; by default all that the settings ask for",
    )
    calibration: Calibration = Calibration()
    labels: LabelRule = LabelRule()
    training_sets: TrainingSets = TrainingSets()
    series: dict[str, Series] = Field(default_factory=dict)
    schedule: Schedule = Schedule()
    storage: Storage = Storage()

    @model_validator(mode="before")
    @classmethod
    def _conditions_by_name(cls, data: Any) -> Any:
        """Series may name conditions instead of writing them again."""
        if not isinstance(data, Mapping) or not isinstance(data.get("series"), Mapping):
            return data
        written = data.get("conditions")
        by_name = {
            c["name"]: c
            for c in (written if isinstance(written, list | tuple) else ())
            if isinstance(c, Mapping) and isinstance(c.get("name"), str)
        }
        series = {
            name: {
                **one,
                "conditions": [by_name.get(c, c) if isinstance(c, str) else c for c in one["conditions"]],
            }
            if isinstance(one, Mapping) and isinstance(one.get("conditions"), list | tuple)
            else one
            for name, one in data["series"].items()
        }
        return {**data, "series": series}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_names()
        check_mixtures(self)
        self._check_grid()
        check_leftovers(self)
        self._check_sizes()
        check_matter(self)
        self._check_imaging()
        self._check_calibration()
        self._check_cutoffs()
        self._check_engines()
        self._check_crop()
        return self

    def _check_names(self) -> None:
        for kind, names in (("lattice", self.lattices), ("size", self.sizes)):
            for name in names:
                check_name(kind, name)
        for name in self.series:
            check_series_name(name)
        for field in ("lattices", "sizes", "series"):
            check_distinct(field, getattr(self, field))
        check_distinct("conditions", [c.key for c in self.conditions])
        if twice := _twice([c.key for c in self.conditions]):
            raise ValueError(f"conditions: {twice} appear twice; remove the repeats")

    @property
    def in_grid(self) -> list[str]:
        """Names of the lattices that make specimens."""
        return [n for n, m in self.lattices.items() if not isinstance(m, Lattice) or m.in_grid]

    def _check_grid(self) -> None:
        lattices, sizes, conditions = len(self.in_grid), len(self.sizes), len(self.conditions)
        if lattices * sizes > MOST_SPECIMENS:
            raise ValueError(
                f"{lattices:,} lattices in {sizes:,} sizes are {lattices * sizes:,} specimens, more than "
                f"{MOST_SPECIMENS:,}; make several campaigns of them"
            )
        if lattices * sizes * conditions > MOST_PARTITIONS:
            raise ValueError(
                f"{lattices * sizes:,} specimens under {conditions:,} conditions are "
                f"{lattices * sizes * conditions:,} partitions, more than {MOST_PARTITIONS:,}; make several campaigns "
                f"of them"
            )

    def _check_sizes(self) -> None:
        cell, inside = self.simulation.cell_a, self.placement.edge_rule == "inside"
        gap_a = 0.0 if inside else max(0.0, self.placement.separation_a)
        for name, size in self.sizes.items():
            if all(isinstance(self.lattices[n], OwnAtoms) for n in self.in_grid):
                # a class of sizes chooses among frames, which are checked themselves
                continue
            # an open cell still has to show the particle, and its periodic images must not touch
            needed = 2 * size.radius_max_a + gap_a
            if needed > cell:
                raise ValueError(
                    f"sizes.{name}.radius_max_a = {size.radius_max_a} needs a cell of at least "
                    f"{needed:.6g} Å, but simulation.cell_a = {cell:.6g}; enlarge the cell or lower "
                    f"the radius"
                )
            overlap_a = -self.placement.separation_a
            if overlap_a >= 2 * size.radius_min_a:
                raise ValueError(
                    f"placement.separation_a = {-overlap_a:g} lets particles of sizes.{name}.radius_min_a = "
                    f"{size.radius_min_a:g} lie within others; use more than {-2 * size.radius_min_a:g}"
                )
            self._check_room(name, size)

    def _check_room(self, name: str, size: SizeClass) -> None:
        """Refuse more particles than any arrangement holds, even if all are of the smallest radius."""
        rule, cell_a = self.placement, self.simulation.cell_a
        margin_a = 2 * size.radius_min_a if rule.edge_rule == "inside" else 0.0
        distance_a = 2 * size.radius_min_a + rule.separation_a
        most = most_points(cell_a - margin_a, distance_a)
        if most is not None and rule.count_max > most:
            counts = "count_min and count_max" if rule.count_min > most else "count_max"
            needed_a = least_side(rule.count_max, distance_a) + margin_a
            particles = "particle" if most == 1 else "particles"
            raise ValueError(
                f"placement.count_max = {rule.count_max}: no arrangement holds more than {most} {particles} of "
                f"sizes.{name}.radius_min_a = {size.radius_min_a:g} with placement.separation_a = "
                f"{rule.separation_a:g} and edge_rule {rule.edge_rule} in simulation.cell_a = {cell_a:g}; lower "
                f"{counts} to at most {most}, the radius or the separation, or enlarge the cell beyond {needed_a:.4g} Å"
            )

    def _check_imaging(self) -> None:
        usual = Microscope(optics=self.optics, stage=self.stage, detector=self.detector, frame=self.frame)
        for number, condition in enumerate(self.conditions):
            # conditions with nothing of their own are as the campaign is
            where = f"conditions.{number}." if condition.differs else ""
            try:
                microscope = condition.microscope(usual)
            except ValidationError as error:
                raise ValueError(f"conditions.{number}: {first_fault(error)}") from None
            self._check_microscope(microscope, where)
            if not where and not any(c.differs for c in self.conditions):
                break

    def _check_microscope(self, microscope: Microscope, where: str) -> None:
        try:
            microscope.optics.check()
        except ValueError as error:
            raise ValueError(f"{where}optics: {error}") from None
        try:
            microscope.detector.check()
            check_efficiency(microscope.detector)
        except ValueError as error:
            raise ValueError(f"{where}detector: {error}") from None
        try:
            microscope.frame.check(
                self.simulation.cell_a, self.simulation.output_sampling_a, microscope.detector.binning
            )
        except ValueError as error:
            raise ValueError(f"{where}frame: {error}") from None
        try:
            check_effects(self.imaging if self.imaging is not None else acting(microscope), microscope)
        except ValueError as error:
            raise ValueError(f"{where}imaging: {error}") from None

    def _check_calibration(self) -> None:
        rule = self.calibration
        for specimen in self.specimens.values():
            name, evaluations = specimen.size_name, self.most_evaluations(specimen)
            if evaluations > MOST_EVALUATIONS:
                raise ValueError(
                    f"calibration: coarse_step_a = {rule.coarse_step_a:g} and fine_step_a = {rule.fine_step_a:g} ask "
                    f"for up to {evaluations} images of a structure, over particles of sizes.{name} and margin_a = "
                    f"{rule.margin_a:g}; at most {MOST_EVALUATIONS} are allowed: raise the steps"
                )

    def _check_cutoffs(self) -> None:
        for name, lattice in self.lattices.items():
            if not isinstance(lattice.mask_cutoff, dict):
                continue
            # a campaign that gives up sizes keeps the cut-offs of the lattices that it inherits
            unused = [size for size in self.sizes if size not in lattice.mask_cutoff]
            for size in lattice.mask_cutoff.keys() - self.sizes.keys():
                if meant := get_close_matches(size, unused, n=1, cutoff=0.75):
                    raise ValueError(
                        f"lattices.{name}.mask_cutoff.{size}: no such size; did you mean {meant[0]}? "
                        f"Known: {', '.join(self.sizes)}"
                    )

    def _check_engines(self) -> None:
        for key, engine in self.engines.items():
            try:
                DECLARATIONS[engine].check(self.simulation)
            except ValueError as error:
                raise ValueError(f"engines.{key} = {engine!r}: simulation.{error}") from None

    def _check_crop(self) -> None:
        crop = self.training_sets.crop_px
        for condition in self.conditions:
            grid = self.image_grid(condition.key)
            if crop is not None and crop > grid.side_px:
                under = f" under {condition.key}" if condition.differs else ""
                raise ValueError(
                    f"training_sets.crop_px = {crop} is more than the {grid.side_px} pixels of an image{under}; "
                    f"use at most {grid.side_px}, or enlarge simulation.cell_a"
                )

    def _phases(self, name: str, size: SizeClass) -> tuple[Phase, ...]:
        """Crystals of a specimen's particles, and how those are made."""
        material = self.lattices[name]
        parts = {name: 1.0} if isinstance(material, Lattice) else {}
        if isinstance(material, Mixture):
            parts = material.mixture
        lattices = {part: lattice for part in parts if isinstance(lattice := self.lattices[part], Lattice)}
        return tuple(
            Phase(name=part, part=parts[part], lattice=lattice, particle=size.particle or lattice.particle)
            for part, lattice in lattices.items()
        )

    def frames_of(self, specimen: Specimen) -> dict[str, tuple[FrameOf, ...]]:
        """The frames that structures for training, validation and test of a specimen of own atoms are made from.

        Args:
            specimen: of atoms from files.
        """
        return self._shared_frames[specimen.key]

    @cached_property
    def _shared_frames(self) -> dict[str, dict[str, tuple[FrameOf, ...]]]:
        counts: dict[str, int] = {n: getattr(self.counts, n) for n in ("train", "validation", "test")}
        return {
            key: shared_frames(
                own.of_size(specimen.size.radius_min_a, specimen.size.radius_max_a),
                own.split_by,
                counts,
                self.seed,
            )
            for key, specimen in self.specimens.items()
            if isinstance(own := specimen.lattice, OwnAtoms)
        }

    @cached_property
    def specimens(self) -> dict[str, Specimen]:
        """Every lattice in every size, by key such as `CdSe-medium`."""
        return {
            f"{lattice}-{size}": Specimen(
                key=f"{lattice}-{size}",
                lattice_name=lattice,
                size_name=size,
                lattice=self.lattices[lattice],
                size=self.sizes[size],
                max_stacking_faults=self.max_stacking_faults.get(f"{lattice}-{size}", 0),
                phases=self._phases(lattice, self.sizes[size]),
            )
            for lattice in self.in_grid
            for size in self.sizes
        }

    @property
    def crystals(self) -> dict[str, Lattice]:
        """Those of the lattices that are crystals, and no mixtures or files of atoms."""
        return {name: lattice for name, lattice in self.lattices.items() if isinstance(lattice, Lattice)}

    @cached_property
    def condition_by_key(self) -> dict[str, Condition]:
        """Every condition by its key such as `df-10nm_400e`."""
        return {c.key: c for c in self.conditions}

    def specimen(self, key: str) -> Specimen:
        """The specimen of a key.

        Raises:
            UnknownKeyError: if there is none; lists the known ones.
        """
        return _known("specimen", key, self.specimens, self.name)

    def condition(self, key: str) -> Condition:
        """The condition of a key.

        Raises:
            UnknownKeyError: if there is none; lists the known ones.
        """
        return _known("condition", key, self.condition_by_key, self.name)

    def series_named(self, name: str) -> Series:
        """The series of a name.

        Raises:
            UnknownKeyError: if there is none; lists the known ones.
        """
        return _known("series", name, self.series, self.name)

    def simulation_of(self, specimen: Specimen) -> Simulation:
        """The simulation settings of a specimen, with the engine that is assigned to it."""
        engine = self.engines.get(specimen.key, self.simulation.engine)
        return self.simulation.model_copy(update={"engine": engine})

    def rms_displacements_a(self, specimen: Specimen) -> dict[str, float]:
        """Rms thermal displacement per axis by element, in Å, for a specimen's particles.

        The substrate's own value is `substrate_rms_displacement_a`: an element may occur in both.
        """
        match self.simulation.thermal_profile:
            case "none":
                return dict.fromkeys(specimen.elements, 0.0)
            case "uniform_0p1":
                return dict.fromkeys(specimen.elements, UNIFORM_RMS_DISPLACEMENT_A)
            case "room_temperature":
                material = specimen.lattice
                known = dict(material.rms_displacement_a) if isinstance(material, OwnAtoms) else {}
                for phase in specimen.phases:
                    known |= phase.lattice.rms_displacement_a
                return {e: known[e] for e in specimen.elements}

    def most_evaluations(self, specimen: Specimen) -> int:
        """The most images that the search for zero defocus evaluates for a structure of a specimen."""
        return self.search.most_evaluations(2 * self.most_extent_a(specimen))

    def most_extent_a(self, specimen: Specimen) -> float:
        """Radius of a sphere about its centre that holds any particle of a specimen, Å."""
        radius_a = specimen.size.radius_max_a
        if isinstance(specimen.lattice, OwnAtoms):
            return max(frame.facts.extent_a for frame in specimen.lattice.all_frames)
        if specimen.is_plain:
            return radius_a
        extents = (
            phase.rule.extent(phase.lattice.crystal, number)
            for phase in specimen.phases
            for number in range(len(phase.rule.shapes))
        )
        grown_a = (
            ADATOMS_A
            if any(defect.growth for phase in specimen.phases for defect in phase.rule.inside)
            else 0.0
        )
        return radius_a * max(extents) + grown_a

    @property
    def calibration_optics(self) -> Optics:
        """The lens that zero defocus is searched with: of the campaign's optics, at the medians of what is drawn, the
        focal spread and a centred aperture; aberrations only if the calibration says so. No convergence, no tilt,
        nothing of the conditions' own: all share one zero.
        """
        optics = self.optics.medians().at_energy(self.simulation.beam_energy_kev)
        names = (*CALIBRATION_OPTICS, *(("aberrations",) if self.calibration.lens == "own" else ()))
        return Optics(**{name: getattr(optics, name) for name in names})

    @property
    def search(self) -> Calibration:
        """The search for zero defocus, over a range that the lens's aberrations widen."""
        wavelength = wavelength_a(self.simulation.beam_energy_kev)
        return self.calibration.widened(self.calibration_optics.aberrations.focus_shift_a(wavelength))

    def crop_px(self, condition: str) -> int:
        """Side of the central square that training sets hold under a condition, in pixels."""
        return self.training_sets.crop_px or min(USUAL_CROP_PX, self.image_grid(condition).side_px)

    def microscope(self, condition: str) -> Microscope:
        """The microscope of a condition's images; some of its numbers may be distributions."""
        return self._microscopes[self.condition(condition).key]

    def images(self, condition: str) -> ImageDistribution:
        """What a condition's images are drawn from."""
        known = self.condition(condition)
        return ImageDistribution(self.microscope(condition), known.defocus_nm, known.dose_e_per_a2)

    def effects(self, condition: str) -> tuple[ImagingEffect, ...]:
        """The imaging effects of a condition's images, in the order in which they act."""
        return acting(self.microscope(condition)) if self.imaging is None else self.imaging

    def detector_side_px(self, condition: str) -> int:
        """Pixels along a side of the detector under a condition, before binning."""
        return self.image_grid(condition).side_px * self.microscope(condition).detector.binning

    def image_grid(self, condition: str) -> ImageGrid:
        """The pixels of a condition's images."""
        microscope, simulation = self.microscope(condition), self.simulation
        return microscope.frame.image_grid(
            simulation.cell_a, simulation.output_sampling_a, microscope.detector.binning
        )

    @cached_property
    def _microscopes(self) -> dict[str, Microscope]:
        usual = Microscope(optics=self.optics, stage=self.stage, detector=self.detector, frame=self.frame)
        return {c.key: c.microscope(usual) for c in self.conditions}

    @property
    def substrate_rms_displacement_a(self) -> float:
        """Rms thermal displacement per axis of substrate atoms, in Å."""
        profile = self.simulation.thermal_profile
        substrate = {"none": 0.0, "uniform_0p1": UNIFORM_RMS_DISPLACEMENT_A}
        return substrate.get(profile, self.substrate.rms_displacement_a)


def _known(kind: str, key: str, every: Mapping[str, T], campaign: str) -> T:
    if key not in every:
        raise UnknownKeyError(f"{kind} {shown(key)} is not in campaign {campaign!r}; known: {listed(every)}")
    return every[key]


def _twice(keys: Iterable[str]) -> list[str]:
    return sorted(key for key, count in Counter(keys).items() if count > 1)
