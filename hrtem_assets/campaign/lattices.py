"""Crystal lattices: space group, cell and sites, or everything from a CIF; checked as crystals when loaded."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationInfo, field_validator, model_validator

from hrtem_assets.base.files import shown
from hrtem_assets.base.model import Line, Model, Real, Whole, Words, YesNo, quantity, recipe_settings
from hrtem_assets.campaign.cutoffs import check_cutoff
from hrtem_assets.crystal.atoms import Atoms, Listed, site_in_words
from hrtem_assets.crystal.cells import ANGLES, EDGES, RHOMBOHEDRAL_GROUPS, Cell, complete_cell, unit_hint
from hrtem_assets.crystal.choices import Declared, decide_origin, exact_sites, other_origin, unit_cell
from hrtem_assets.crystal.cif import CifError, read_cif
from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.crystal.elements import count_formula, element_fault
from hrtem_assets.crystal.plausibility import coincidence, figures, implausible, remarks
from hrtem_assets.crystal.space_groups import groups_with_two_origins, setting_of
from hrtem_assets.morphology.particle_rule import ParticleRule

MOST_COORDINATE = 10.0
# what a lattice says besides the atoms that it is made of: no number depends on it
TOLD = (
    "label_blur_a",
    "mask_cutoff",
    "rms_displacement_a",
    "source",
    "notes",
    "implausible_because",
    "in_grid",
)
DECLARED = ("formula", "formula_units", "density_g_per_cm3")

# measured for CdSe; what it is worth for others `hrtem mask-cutoff` tells
DEFAULT_MASK_CUTOFF = 0.065


class Site(Model):
    """One symmetry-independent, fully occupied site of a unit cell."""

    element: str = Field(description="chemical symbol, for example Cd")
    position: tuple[Real, Real, Real] = Field(description="fractional coordinates, also as 1/3")

    @model_validator(mode="before")
    @classmethod
    def _known_element(cls, data: Any) -> Any:
        if isinstance(data, dict) and "element" in data and (fault := element_fault(data["element"])):
            raise ValueError(fault)
        return data

    @field_validator("position", mode="before")
    @classmethod
    def _fractional(cls, value: Any) -> Any:
        return [_coordinate(x) for x in value] if isinstance(value, list | tuple) else value


class Lattice(Model):
    """A crystal: space group, cell, sites, thermal displacements and the blur of its labels."""

    space_group: Whole = Field(ge=1, le=230, description="international number, in its standard setting")
    origin: Literal[1, 2] | None = Field(
        None, description="which origin the sites are given for, in the 24 space groups that have two"
    )
    axes: Literal["hexagonal", "rhombohedral"] | None = Field(
        None, description="axes of the seven rhombohedral space groups; hexagonal if not given"
    )
    a: float = quantity(..., "Å", "lattice parameter a", gt=1.0, lt=100.0)
    b: float | None = quantity(
        None, "Å", "lattice parameter b; where the system fixes it, not needed", gt=1.0, lt=100.0
    )
    c: float | None = quantity(
        None, "Å", "lattice parameter c; where the system fixes it, not needed", gt=1.0, lt=100.0
    )
    alpha: float | None = quantity(
        None, "°", "cell angle alpha; where the system fixes it, not needed", gt=10.0, lt=170.0
    )
    beta: float | None = quantity(
        None, "°", "cell angle beta; where the system fixes it, not needed", gt=10.0, lt=170.0
    )
    gamma: float | None = quantity(
        None, "°", "cell angle gamma; where the system fixes it, not needed", gt=10.0, lt=170.0
    )
    sites: tuple[Site, ...] = Field(min_length=1, description="symmetry-independent sites")
    formula: Line | None = Field(
        None, description="formula to be held against cell and sites, for example PbO"
    )
    formula_units: Whole | None = quantity(
        None, "1", "formula units per cell (Z), to be held against them", ge=1
    )
    density_g_per_cm3: float | None = quantity(
        None, "g/cm³", "density to be held against cell and sites, to 3 %", gt=0.0, le=100.0
    )
    implausible_because: str | None = Field(
        None,
        min_length=3,
        description="why distances below 0.65 of the covalent radii, or a density above osmium's, are right here",
    )
    label_blur_a: float = quantity(1.6, "Å", "standard deviation of the label blur", ge=0.0, le=10.0)
    mask_cutoff: Real | dict[str, Real] | None = Field(
        None,
        description="soft label at which the binary mask of its particles is cut, or that by size class, as "
        f"`hrtem mask-cutoff` measures it; a size that is not named takes the lowest; {DEFAULT_MASK_CUTOFF} by default",
    )
    rms_displacement_a: dict[str, Real] = Field(
        default_factory=dict,
        description="rms thermal displacement per axis at room temperature, by element [Å]",
    )
    particle: ParticleRule | None = Field(
        None,
        description="shapes, defects and orientations of its particles; spheres of perfect crystal in any by default",
    )
    in_grid: YesNo = Field(
        True, description="whether it makes specimens of its own; if not, only mixtures hold its particles"
    )
    source: Words = Field("", description="where the values come from")
    notes: tuple[str, ...] = Field((), description="what was taken, changed or left out when it was read")

    @model_validator(mode="before")
    @classmethod
    def _expand_cif(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "cif" not in data:
            return data
        clash = sorted({"space_group", "origin", "axes", *EDGES, *ANGLES, "sites"} & data.keys())
        if clash:
            raise ValueError(f"a lattice with `cif` takes its cell and sites from there; remove {clash}")
        if not isinstance(data["cif"], str | Path):
            raise ValueError(
                f"cif = {shown(str(data['cif']))} must be the name of a file; write it in quotes"
            )
        block = data.get("block")
        if isinstance(block, bool) or not isinstance(block, str | int | None):
            raise ValueError(
                f"block = {shown(str(block))} must be the name of a data block; write it in quotes"
            )
        rest = {k: v for k, v in data.items() if k not in ("cif", "block")}
        block = data.get("block")
        return _from_cif(Path(str(data["cif"])), None if block is None else str(block)) | rest

    @field_validator(*EDGES, *ANGLES, mode="before")
    @classmethod
    def _in_its_unit(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, int | float) and (hint := unit_hint(str(info.field_name), value)):
            raise ValueError(hint)
        return value

    @field_validator("formula")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            count_formula(value)
        return value

    @model_validator(mode="after")
    def _cutoffs_in_range(self) -> Self:
        check_cutoff(self.mask_cutoff)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _as_crystal(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """The lattice with angles filled in, its origin decided and its sites made exact, if it can be a crystal."""
        lattice = handler(data)
        if lattice is data:
            return lattice
        lattice._check_displacements()
        lattice._check_choices()
        cell, listed, notes = lattice.cell, lattice.listed, list(lattice.notes)
        changes: dict[str, Any] = dict(zip(ANGLES, cell[3:], strict=True))
        if lattice.space_group in groups_with_two_origins() and lattice.origin is None:
            changes["origin"], why = decide_origin(lattice.space_group, cell, listed, lattice._declared)
            notes += [why] if why else []
        lattice = lattice.model_copy(update=changes)
        exact = exact_sites(lattice.space_group, lattice.choice, cell, listed)
        if exact != listed:
            changes["sites"] = tuple(Site(element=symbol, position=at) for symbol, at in exact)
            pairs = zip(listed, exact, strict=True)
            notes += [
                f"{site_in_words(*old)} taken as {site_in_words(*new)}" for old, new in pairs if old != new
            ]
        lattice = lattice.model_copy(update=changes | {"notes": tuple(dict.fromkeys(notes))})
        lattice._check_atoms()
        if lattice.particle is not None:
            try:
                lattice.particle.check(lattice.crystal)
            except ValueError as error:
                raise ValueError(f"particle.{error}") from None
        return lattice

    def _check_displacements(self) -> None:
        for element, value in self.rms_displacement_a.items():
            if element not in self.particle_elements:
                raise ValueError(
                    f"rms_displacement_a.{element}: the lattice holds {', '.join(self.particle_elements)} alone; "
                    f"remove it, an inherited one with `{element}: null`"
                )
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"rms_displacement_a.{element} = {value} must be between 0 and 1 Å")

    def _check_choices(self) -> None:
        for name, choice, groups in (
            ("origin", self.origin, groups_with_two_origins()),
            ("axes", self.axes, RHOMBOHEDRAL_GROUPS),
        ):
            if choice is not None and self.space_group not in groups:
                raise ValueError(
                    f"{name} = {choice!r}: space group {self.space_group} leaves no choice of {name}, groups "
                    f"{', '.join(map(str, sorted(groups)))} do; remove it, an inherited one with `{name}: null`"
                )

    def _check_atoms(self) -> None:
        atoms = self.atoms
        faults = [fault] if (fault := coincidence(atoms)) else implausible(atoms)
        if not fault and self.implausible_because is not None:
            faults = []
        wrong = [*faults, *self._declared.contradictions(atoms)]
        if not wrong:
            return
        repair = "correct cell, sites, space group or what is declared"
        if faults and not fault:
            repair += ", or give the reason why it is so as `implausible_because`"
        if self.origin is not None:
            other = other_origin(self.space_group, self.origin, self.cell, self.listed)
            repair += f" (origin = {self.origin} is taken; {other})"
        raise ValueError(f"{'; '.join(wrong)}; {repair}")

    @property
    def cell(self) -> Cell:
        """a, b, c (Å), alpha, beta, gamma (degrees)."""
        parameters = {name: getattr(self, name) for name in (*EDGES, *ANGLES)}
        return complete_cell(parameters, self.space_group, self.axes == "rhombohedral")

    @property
    def choice(self) -> str:
        """Origin `1` or `2`, axes `H` or `R`; empty where the space group has but one."""
        if self.space_group in RHOMBOHEDRAL_GROUPS:
            return "R" if self.axes == "rhombohedral" else "H"
        return str(self.origin or 1) if self.space_group in groups_with_two_origins() else ""

    @property
    def setting(self) -> str:
        """The space group's symbol with origin or axes, such as `F d -3 m:1`."""
        return setting_of(self.space_group, self.choice).name

    @property
    def listed(self) -> Listed:
        """Element and fractional coordinates of each site."""
        return tuple((site.element, site.position) for site in self.sites)

    @property
    def crystal(self) -> Crystal:
        """The crystal, as geometry asks for it."""
        return Crystal(self.space_group, self.choice, self.cell, self.listed)

    @property
    def atoms(self) -> Atoms:
        """Every atom of the unit cell."""
        return unit_cell(self.space_group, self.choice, self.cell, self.listed)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What its user should know: what was taken for it, and what is odd about it."""
        because = f"implausible, but: {self.implausible_because}" if self.implausible_because else ""
        return (*self.notes, *remarks(self.atoms), *([because] if because else []))

    @property
    def figures(self) -> dict[str, Any]:
        """What was made of the settings, as JSON: setting, formula, Z, density, shortest distance and remarks."""
        return {"setting": self.setting, **figures(self.atoms), "remarks": list(self.remarks)}

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide where atoms are, as JSON."""
        usual = {
            name for name, value in (("origin", 2), ("axes", "rhombohedral")) if getattr(self, name) != value
        }
        settings = self.model_dump(mode="json", exclude={*TOLD, *DECLARED, *usual, "particle"})
        return settings | ({"particle": recipe_settings(self.particle)} if self.particle else {})

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols present, sorted."""
        return tuple(sorted({site.element for site in self.sites}))

    @property
    def particle_elements(self) -> tuple[str, ...]:
        """Chemical symbols of its particles, those that defects bring in among them; sorted."""
        added = self.particle.added_elements if self.particle else ()
        return tuple(sorted({*self.elements, *added}))

    @property
    def is_wurtzite(self) -> bool:
        """Whether stacking faults of the wurtzite kind (I1) are defined for it."""
        on_2b = all(
            abs(s.position[0] - 1 / 3) < 1e-3 and abs(s.position[1] - 2 / 3) < 1e-3 for s in self.sites
        )
        return self.space_group == 186 and len(self.sites) == 2 and on_2b

    @property
    def _declared(self) -> Declared:
        return Declared(**{name: getattr(self, name) for name in DECLARED})


def _coordinate(value: Any) -> Any:
    """A fractional coordinate as written: a number, or a fraction such as `-1/3`."""
    number = value
    if isinstance(value, str):
        over, _, under = value.partition("/")
        try:
            number = float(over) / float(under or 1)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"coordinate {value!r} is neither a number nor a fraction such as 1/3") from None
    if isinstance(number, int | float) and not abs(number) <= MOST_COORDINATE:
        raise ValueError(
            f"coordinate {value!r} is not between -{MOST_COORDINATE:g} and {MOST_COORDINATE:g}: coordinates are "
            f"fractions of the cell's edges"
        )
    return number


def _from_cif(path: Path, block: str | None) -> dict[str, Any]:
    """Cell and all sites of a CIF, in space group 1 so that its setting cannot be misread."""
    try:
        crystal = read_cif(path, block)
    except CifError as error:
        where = f"cif = {shown(str(path))}" + (f", block {shown(block)}" if block else "")
        raise ValueError(f"{where}: {error}") from None
    return {
        "space_group": 1,
        **dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), crystal.cell, strict=True)),
        "sites": [{"element": element, "position": position} for element, position in crystal.sites],
        "source": path.name,
        "notes": crystal.notes,
    }
