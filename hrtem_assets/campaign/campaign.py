"""The campaign: everything that decides which datasets are made, and the grid of specimens x conditions."""

from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from hrtem_assets.campaign.base import Model, check_name, quantity
from hrtem_assets.campaign.conditions import Condition
from hrtem_assets.campaign.engines import EngineName
from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.schedule import Schedule
from hrtem_assets.campaign.settings import (
    UNIFORM_RMS_DISPLACEMENT_A,
    USUAL_CROP_PX,
    Calibration,
    LabelRule,
    Optics,
    Placement,
    Simulation,
    Storage,
    Substrate,
    TrainingSets,
)
from hrtem_assets.campaign.sizes import SizeClass

# jobs of these names are there already, and a series is a job of its name
TAKEN_NAMES = ("specimens", "images", "top_up", "reimage")


class Counts(Model):
    """Structures per specimen; training structures come first."""

    train: int = quantity(512, "1", "structures for training", ge=1)
    validation: int = quantity(128, "1", "independent structures for validation", ge=0)

    @property
    def total(self) -> int:
        """Structures per specimen."""
        return self.train + self.validation


class Specimen(Model):
    """A distribution of structures: one lattice in one size class."""

    key: str
    lattice_name: str
    size_name: str
    lattice: Lattice
    size: SizeClass
    max_stacking_faults: int


class Series(Model):
    """A named selection of the grid."""

    description: str = ""
    specimens: tuple[str, ...] = Field(min_length=1, description="specimen keys such as CdSe-medium")
    conditions: tuple[Condition, ...] = Field(min_length=1)


class Campaign(Model):
    """The one source of truth for what is made; its parts decide recipes, seeds and paths."""

    name: str = Field(description="short name")
    description: str = ""
    seed: int = quantity(..., "1", "campaign seed; every random number derives from it", ge=0, lt=2**63)
    counts: Counts = Counts()
    lattices: dict[str, Lattice] = Field(min_length=1)
    sizes: dict[str, SizeClass] = Field(min_length=1)
    conditions: tuple[Condition, ...] = Field(min_length=1)
    max_stacking_faults: dict[str, int] = Field(
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
    calibration: Calibration = Calibration()
    labels: LabelRule = LabelRule()
    training_sets: TrainingSets = TrainingSets()
    series: dict[str, Series] = Field(default_factory=dict)
    schedule: Schedule = Schedule()
    storage: Storage = Storage()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for kind, names in (("lattice", self.lattices), ("size", self.sizes), ("series", self.series)):
            for name in names:
                check_name(kind, name)
        self._check_conditions()
        self._check_sizes()
        self._check_faults()
        self._check_engines()
        self._check_thermal()
        self._check_crop()
        self._check_schedule()
        for name, series in self.series.items():
            if name in TAKEN_NAMES:
                raise ValueError(
                    f"series.{name}: a series becomes a job of its name, and the jobs {', '.join(TAKEN_NAMES)} are "
                    f"there already; choose another name"
                )
            unknown = [k for k in series.specimens if k not in self.specimens]
            if unknown:
                raise ValueError(f"series.{name}: unknown specimens {unknown}; {self._known_specimens()}")
            missing = [c.key for c in series.conditions if c.key not in self.condition_by_key]
            if missing:
                raise ValueError(f"series.{name}: {missing} are not in conditions; add them there")
        return self

    def _check_conditions(self) -> None:
        keys = [c.key for c in self.conditions]
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"conditions: {twice} appear twice; remove the repeats")

    def _check_sizes(self) -> None:
        cell, inside = self.simulation.cell_a, self.placement.edge_rule == "inside"
        for name, size in self.sizes.items():
            # an open cell still has to show the particle, and its periodic images must not touch
            needed = 2 * size.radius_max_a + (0.0 if inside else self.placement.separation_a)
            if needed > cell:
                raise ValueError(
                    f"sizes.{name}.radius_max_a = {size.radius_max_a} needs a cell of at least "
                    f"{needed:.6g} Å, but simulation.cell_a = {cell:.6g}; enlarge the cell or lower "
                    f"the radius"
                )

    def _check_faults(self) -> None:
        for key, number in self.max_stacking_faults.items():
            if key not in self.specimens:
                raise ValueError(f"max_stacking_faults.{key}: no such specimen; {self._known_specimens()}")
            if not 0 <= number <= 10:
                raise ValueError(f"max_stacking_faults.{key} = {number} must be between 0 and 10")
            if number and not self.specimens[key].lattice.is_wurtzite:
                raise ValueError(
                    f"max_stacking_faults.{key} = {number}: stacking faults are built for wurtzite lattices "
                    f"(space group 186, both atoms on 1/3, 2/3, z); set it to 0"
                )

    def _check_engines(self) -> None:
        for key, engine in self.engines.items():
            if key not in self.specimens:
                raise ValueError(f"engines.{key}: no such specimen; {self._known_specimens()}")
            try:
                self.simulation.check_engine(engine)
            except ValueError as error:
                raise ValueError(f"engines.{key} = {engine!r}: simulation.{error}") from None

    def _check_thermal(self) -> None:
        if self.simulation.thermal_profile != "room_temperature":
            return
        for name, lattice in self.lattices.items():
            missing = [e for e in lattice.elements if e not in lattice.rms_displacement_a]
            if missing:
                raise ValueError(
                    f"simulation.thermal_profile = 'room_temperature' needs "
                    f"lattices.{name}.rms_displacement_a for {missing}; add them, "
                    f"or use thermal_profile uniform_0p1"
                )

    def _check_schedule(self) -> None:
        unknown = [name for name in self.schedule.series if name not in self.series]
        if unknown:
            known = ", ".join(self.series) or "none"
            raise ValueError(f"schedule.series: unknown series {unknown}; known: {known}")

    def _check_crop(self) -> None:
        crop, grid = self.training_sets.crop_px, self.simulation.output_grid
        if crop is not None and crop > grid:
            raise ValueError(
                f"training_sets.crop_px = {crop} is more than the {grid} pixels of an image; "
                f"use at most {grid}, or enlarge simulation.cell_a"
            )

    def _known_specimens(self) -> str:
        return f"known: {', '.join(self.specimens)}"

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
            )
            for lattice in self.lattices
            for size in self.sizes
        }

    @cached_property
    def condition_by_key(self) -> dict[str, Condition]:
        """Every condition by its key such as `df-10nm_400e`."""
        return {c.key: c for c in self.conditions}

    def specimen(self, key: str) -> Specimen:
        """The specimen of a key; a `KeyError` that lists the known ones otherwise."""
        if key not in self.specimens:
            raise KeyError(f"specimen {key!r} is not in campaign {self.name!r}; {self._known_specimens()}")
        return self.specimens[key]

    def condition(self, key: str) -> Condition:
        """The condition of a key; a `KeyError` that lists the known ones otherwise."""
        if key not in self.condition_by_key:
            known = ", ".join(self.condition_by_key)
            raise KeyError(f"condition {key!r} is not in campaign {self.name!r}; known: {known}")
        return self.condition_by_key[key]

    def simulation_of(self, specimen: Specimen) -> Simulation:
        """The simulation settings of a specimen, with the engine that is assigned to it."""
        engine = self.engines.get(specimen.key, self.simulation.engine)
        return self.simulation.model_copy(update={"engine": engine})

    def rms_displacements_a(self, specimen: Specimen) -> dict[str, float]:
        """Rms thermal displacement per axis by element, in Å, for a specimen's particles.

        The film's own value is `film_rms_displacement_a`: an element may occur in both.
        """
        match self.simulation.thermal_profile:
            case "none":
                return dict.fromkeys(specimen.lattice.elements, 0.0)
            case "uniform_0p1":
                return dict.fromkeys(specimen.lattice.elements, UNIFORM_RMS_DISPLACEMENT_A)
            case "room_temperature":
                return {e: specimen.lattice.rms_displacement_a[e] for e in specimen.lattice.elements}

    @property
    def crop_px(self) -> int:
        """Side of the central square that training sets hold, in pixels."""
        return self.training_sets.crop_px or min(USUAL_CROP_PX, self.simulation.output_grid)

    @property
    def film_rms_displacement_a(self) -> float:
        """Rms thermal displacement per axis of substrate atoms, in Å."""
        profile = self.simulation.thermal_profile
        film = {"none": 0.0, "uniform_0p1": UNIFORM_RMS_DISPLACEMENT_A}
        return film.get(profile, self.substrate.rms_displacement_a)
