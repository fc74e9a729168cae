"""The campaign: everything that decides which datasets are made, and the grid of specimens x conditions."""

import math
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
from hrtem_assets.campaign.materials import AnyMaterial, Material, Phase, shape_names
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
from hrtem_assets.imaging.calibration import Calibration
from hrtem_assets.imaging.detector import Detector
from hrtem_assets.imaging.detector_transfer import check_efficiency
from hrtem_assets.imaging.distributions import support as drawn_support
from hrtem_assets.imaging.draws import ImageDistribution
from hrtem_assets.imaging.effect import ImagingEffect
from hrtem_assets.imaging.effects import AnyEffect, acting, check_effects
from hrtem_assets.imaging.electrons import wavelength_a
from hrtem_assets.imaging.frame import Frame, ImageGrid
from hrtem_assets.imaging.microscope import Microscope
from hrtem_assets.imaging.optics import Optics
from hrtem_assets.imaging.stage import Stage
from hrtem_assets.morphology.defects.stacking_faults import StackingFaults
from hrtem_assets.morphology.particle_rule import ParticleRule

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
# fewer, and a sphere between atoms may hold none
LEAST_ATOMS = 4
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


class Specimen(Model):
    """A distribution of structures: one lattice, mixture or set of files in one size class."""

    key: str
    lattice_name: str
    size_name: str
    lattice: Material
    size: SizeClass
    max_stacking_faults: int
    phases: tuple[Phase, ...] = ()
    """Crystals that its particles are of; none for atoms from files."""

    @property
    def crystal(self) -> Lattice:
        """The lattice of a specimen that has one.

        Raises:
            TypeError: for mixtures and atoms from files.
        """
        if not isinstance(self.lattice, Lattice):
            raise TypeError(f"{self.key} is not of one lattice")
        return self.lattice

    @property
    def is_plain(self) -> bool:
        """Whether its particles are spheres of one perfect or wurtzite-faulted crystal in any orientation."""
        return (
            isinstance(self.lattice, Lattice)
            and self.phases[0].particle is None
            and not self.has_layer_faults
        )

    @property
    def has_layer_faults(self) -> bool:
        """Whether `max_stacking_faults` asks for faults of a crystal that is not wurtzite."""
        return (
            self.max_stacking_faults > 0
            and isinstance(self.lattice, Lattice)
            and not self.lattice.is_wurtzite
        )

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols of its particles, sorted."""
        if isinstance(self.lattice, OwnAtoms):
            return self.lattice.elements
        return tuple(
            sorted(
                {
                    e
                    for p in self.phases
                    for e in (*p.lattice.elements, *(p.particle or _PLAIN).added_elements)
                }
            )
        )

    @property
    def shape_names(self) -> tuple[str, ...]:
        """The shapes of its particles, by the number that stores keep of each particle."""
        return shape_names(self.phases)

    @property
    def told(self) -> dict[str, Any]:
        """The specimen as JSON, for people; as stores have told it before lattices had particles of their own."""
        told = self.model_dump(mode="json", exclude={"phases"})
        for part, later in (("lattice", ("particle", "in_grid")), ("size", ("particle",))):
            for name in later:
                if told[part].get(name) in (None, True):
                    told[part].pop(name, None)
        return told

    @property
    def deciding(self) -> dict[str, Any]:
        """What its particles are of: the settings that decide where atoms are, as JSON."""
        settings = self.lattice.deciding
        if isinstance(self.lattice, Mixture):
            return settings | {"lattices": {p.name: p.lattice.deciding for p in self.phases}}
        return settings

    @property
    def figures(self) -> dict[str, Any]:
        """What its crystals amount to, as JSON."""
        if isinstance(self.lattice, Mixture):
            return {p.name: p.lattice.figures for p in self.phases}
        return self.lattice.figures


_PLAIN = ParticleRule()


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
        self._check_mixtures()
        self._check_grid()
        check_leftovers(self)
        self._check_sizes()
        self._check_emptiness()
        self._check_particles()
        self._check_support()
        self._check_own_atoms()
        self._check_imaging()
        self._check_calibration()
        self._check_faults()
        self._check_cutoffs()
        self._check_engines()
        self._check_thermal()
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

    def _check_mixtures(self) -> None:
        for name, material in self.lattices.items():
            if not isinstance(material, Mixture):
                continue
            known = list(self.crystals)
            for part in material.mixture:
                if part not in known:
                    raise ValueError(
                        f"lattices.{name}.mixture.{part}: no such lattice; known: {', '.join(known) or 'none'}. "
                        "Write its "
                        f"lattice there too, with in_grid: false if only the mixture shall hold its particles"
                    )
        if not self._in_grid:
            raise ValueError(
                "lattices: none makes specimens; remove in_grid: false from one, or add a mixture"
            )

    @property
    def _in_grid(self) -> list[str]:
        return [n for n, m in self.lattices.items() if not isinstance(m, Lattice) or m.in_grid]

    def _check_grid(self) -> None:
        lattices, sizes, conditions = len(self._in_grid), len(self.sizes), len(self.conditions)
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
            if all(isinstance(self.lattices[n], OwnAtoms) for n in self._in_grid):
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

    def _check_emptiness(self) -> None:
        for specimen in self.specimens.values():
            for phase in specimen.phases:
                atoms = 4 / 3 * math.pi * specimen.size.radius_min_a**3 * phase.lattice.crystal.atoms_per_a3
                if atoms < LEAST_ATOMS:
                    raise ValueError(
                        f"sizes.{specimen.size_name}.radius_min_a = {specimen.size.radius_min_a:g} gives particles of "
                        f"{phase.name} of about {atoms:.2g} atoms, and some of none; raise it"
                    )

    def _check_particles(self) -> None:
        """Refuse particles that a lattice, the support or the cell does not allow."""
        cell, support = self.simulation.cell_a, self.substrate.crystal
        inside = self.placement.edge_rule == "inside"
        checked = set()
        for specimen in self.specimens.values():
            for phase in specimen.phases:
                rule = phase.particle
                known = (phase.name, specimen.size_name if specimen.size.particle else None, specimen.size)
                if rule is None or known in checked:
                    continue
                checked.add(known)
                own = specimen.size.particle is not None
                where = f"sizes.{specimen.size_name}.particle" if own else f"lattices.{phase.name}.particle"
                crystal = phase.lattice.crystal
                if own:
                    try:
                        rule.check(crystal)
                    except ValueError as error:
                        raise ValueError(f"{where}.{error} (lattice {phase.name})") from None
                if rule.orientation.needs_crystal and support is None:
                    raise ValueError(
                        f"{where}.orientation = {rule.orientation.name} needs a crystalline support; name "
                        f"substrate.crystal, or use orientation resting"
                    )
                if support is not None and (
                    fault := rule.orientation.support_refusal(support.lattice.crystal, self._face_normal)
                ):
                    raise ValueError(f"{where}.{fault}")
                radius_a, least_a = specimen.size.radius_max_a, specimen.size.radius_min_a
                for number, shape in enumerate(rule.shapes):
                    thin_a = rule.thinnest(crystal, number) * least_a
                    if thin_a < crystal.shortest_a:
                        raise ValueError(
                            f"{where}.shapes.{number} = {shape.name}: with sizes.{specimen.size_name}.radius_min_a = "
                            f"{least_a:g} it is {thin_a:.3g} Å thick, less than the distance of two atoms, "
                            f"{crystal.shortest_a:.3g} Å, and may hold none; raise the radius or choose a thicker shape"
                        )
                    extent_a = rule.extent(crystal, number) * radius_a
                    needed = 2 * extent_a + (0.0 if inside else max(0.0, self.placement.separation_a))
                    if needed > cell:
                        raise ValueError(
                            f"{where}.shapes.{number} = {shape.name}: with sizes.{specimen.size_name}.radius_max_a = "
                            f"{radius_a:g}, that of the sphere of equal volume, it reaches {extent_a:.4g} Å from its "
                            "centre "
                            f"and needs a cell of at least {needed:.4g} Å, but simulation.cell_a = {cell:g}; enlarge "
                            "the "
                            f"cell, lower the radius or choose a rounder shape"
                        )

    @property
    def _face_normal(self) -> Any:
        """Outward normal of the support's face that particles lie on, in its crystal's frame; None without a "
        "crystal."""
        support, edge = self.substrate.crystal, self.substrate.edge
        if support is None:
            return None
        fit = support.fit(self.simulation.cell_a, edge is not None)
        return fit.rotation.T @ ((1.0, 0.0, 0.0) if edge and edge.particles == "edge" else (0.0, 0.0, 1.0))

    def _check_support(self) -> None:
        support, edge, cell = self.substrate.crystal, self.substrate.edge, self.simulation.cell_a
        if support is not None:
            try:
                support.fit(cell, edge is not None)
            except ValueError as error:
                raise ValueError(f"substrate.crystal.{error}") from None
            _, most = support.plane_counts(self.substrate.thickness_min_a, self.substrate.thickness_max_a)
            if most < 1:
                raise ValueError(
                    "substrate.crystal: substrate.thickness_max_a = 0 leaves no plane of it; raise it, or name layers"
                )
        if edge is None:
            return
        near, far = drawn_support(edge.supported)
        room_a = cell * (1 - far) if edge.particles == "edge" else cell * near
        for key, specimen in self.specimens.items():
            wide_a = 2 * self.most_extent_a(specimen)
            if specimen.phases and not specimen.is_plain:
                wide_a = specimen.size.radius_max_a * max(
                    phase.rule.width(phase.lattice.crystal, number)
                    for phase in specimen.phases
                    for number in range(len(phase.rule.shapes))
                )
            if wide_a > room_a:
                beside = "beside the edge" if edge.particles == "edge" else "on the support"
                raise ValueError(
                    f"substrate.edge.supported leaves {room_a:.4g} Å {beside}, and particles of {key} are up to "
                    f"{wide_a:.4g} Å wide; enlarge simulation.cell_a, change the edge or lower the radius"
                )

    def _check_own_atoms(self) -> None:
        cell, inside = self.simulation.cell_a, self.placement.edge_rule == "inside"
        for specimen in self.specimens.values():
            own = specimen.lattice
            if not isinstance(own, OwnAtoms):
                continue
            where, size = f"lattices.{specimen.lattice_name}", specimen.size
            frames = own.of_size(size.radius_min_a, size.radius_max_a)
            radii = [f.facts.radius_a for f in own.all_frames]
            if not frames:
                raise ValueError(
                    f"{where}: no frame's radius lies in sizes.{specimen.size_name}, {size.radius_min_a:g} to "
                    f"{size.radius_max_a:g} Å; they are {min(radii):.4g} to {max(radii):.4g} Å: widen the size class"
                )
            if own.used_as == "structure" and own.most_particles > self.placement.count_max:
                raise ValueError(
                    f"{where}: particle_column numbers {own.most_particles} particles, and placement.count_max = "
                    f"{self.placement.count_max}; raise that to {own.most_particles}"
                )
            for frame in frames:
                self._check_frame(own, frame, where, cell, inside)
            counts = {n: getattr(self.counts, n) for n in ("train", "validation", "test")}
            try:
                shares = shared_frames(frames, own.split_by, counts, self.seed)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            for name, share in shares.items():
                if own.used_as == "structure" and not own.is_turned and counts[name] > len(share):
                    raise ValueError(
                        f"counts.{name} = {counts[name]}: {where} has only {len(share)} frames for it, and "
                        "structures that "
                        f"are not turned would repeat; lower it to {len(share)}, give more frames, or set turned: true"
                    )

    def _check_frame(self, own: OwnAtoms, frame: FrameOf, where: str, cell_a: float, inside: bool) -> None:
        facts = frame.facts
        if own.used_as == "particle":
            needed = 2 * facts.extent_a + (0.0 if inside else max(0.0, self.placement.separation_a))
            if needed > cell_a:
                raise ValueError(
                    f"{where}: {frame.words} is a particle of up to {2 * facts.extent_a:.4g} Å and needs a cell of "
                    f"{needed:.4g} Å, but simulation.cell_a = {cell_a:g}; enlarge the cell"
                )
            return
        periodic = (
            facts.cell_a is not None and max(abs(side / cell_a - 1) for side in facts.cell_a[:2]) < 1e-3
        )
        if periodic and not own.is_turned:
            return
        sides = [2 * facts.extent_a] * 3 if own.is_turned else facts.sides_a
        if max(sides[:2]) > cell_a:
            hint = ""
            if facts.cell_a is not None:
                hint = f" (its own cell is {' x '.join(f'{side:.4g}' for side in facts.cell_a)} Å)"
            raise ValueError(
                f"{where}: {frame.words} is {' x '.join(f'{side:.4g}' for side in sides)} Å{hint} and does not fit "
                f"simulation.cell_a = {cell_a:g}; enlarge the cell"
            )

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

    def _check_faults(self) -> None:
        for key, number in self.max_stacking_faults.items():
            if not 0 <= number <= 10:
                raise ValueError(f"max_stacking_faults.{key} = {number} must be between 0 and 10")
            lattice = self.specimens[key].lattice
            if not number or (isinstance(lattice, Lattice) and lattice.is_wurtzite):
                if number and self.specimens[key].phases[0].particle is not None:
                    raise ValueError(
                        f"max_stacking_faults.{key} = {number}: its particles have a rule of their own; set it to 0 "
                        "and add "
                        f"{{defect: stacking_faults, most: {number}}} to its `inside`"
                    )
                continue
            why = "a mixture or atoms from files have none" if not isinstance(lattice, Lattice) else ""
            if isinstance(lattice, Lattice):
                phase = self.specimens[key].phases[0]
                body = next(phase.rule.shapes[0].extreme_bodies(lattice.crystal))
                why = StackingFaults(most=number).refusal(lattice.crystal, body) or ""
                if not why and phase.particle is not None:
                    why = "its particles have a rule of their own; name stacking_faults among its `inside`"
            if why:
                raise ValueError(f"max_stacking_faults.{key} = {number}: {why}; set it to 0")

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

    def _check_thermal(self) -> None:
        if self.simulation.thermal_profile != "room_temperature":
            return
        for name, lattice in self.lattices.items():
            if isinstance(lattice, Mixture):
                continue
            held = lattice.particle_elements if isinstance(lattice, Lattice) else lattice.elements
            missing = [e for e in held if e not in lattice.rms_displacement_a]
            if missing:
                raise ValueError(
                    f"simulation.thermal_profile = 'room_temperature' needs "
                    f"lattices.{name}.rms_displacement_a for {missing}; add them, "
                    f"or use thermal_profile uniform_0p1"
                )
        for name, lattice in self.lattices.items():
            if isinstance(lattice, Mixture):
                self._check_shared_elements(name, lattice)

    def _check_shared_elements(self, name: str, mixture: Mixture) -> None:
        known: dict[str, tuple[str, float]] = {}
        for part in mixture.mixture:
            lattice = self.lattices[part]
            assert isinstance(lattice, Lattice)
            for element, value in lattice.rms_displacement_a.items():
                other, before = known.setdefault(element, (part, value))
                if before != value:
                    raise ValueError(
                        f"lattices.{name}: {other} and {part} give {element} rms displacements of {before:g} and "
                        f"{value:g} Å; "
                        f"one structure has one for each element: give both the same, or use thermal_profile "
                        "uniform_0p1"
                    )

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
            for lattice in self._in_grid
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
