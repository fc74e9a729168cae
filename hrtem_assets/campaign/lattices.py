"""Crystal lattices: space group, cell and sites, or everything from a CIF."""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from hrtem_assets.campaign.base import Model, quantity


class Site(Model):
    """One symmetry-independent, fully occupied site of a unit cell."""

    element: str = Field(description="chemical symbol, for example Cd")
    position: tuple[float, float, float] = Field(description="fractional coordinates")

    @model_validator(mode="after")
    def _known_element(self) -> Self:
        from ase.data import atomic_numbers

        number = atomic_numbers.get(self.element, 0)
        if not 1 <= number <= 103:
            raise ValueError(f"element {self.element!r} is not a chemical symbol from H (1) to Lr (103)")
        return self


class Lattice(Model):
    """A crystal: space group, cell, sites, thermal displacements and the blur of its labels."""

    space_group: int = Field(ge=1, le=230, description="international number; 227 means origin choice 1")
    a: float = quantity(..., "Å", "lattice parameter a", gt=1.0, lt=100.0)
    b: float | None = quantity(None, "Å", "lattice parameter b; a if not given", gt=1.0, lt=100.0)
    c: float | None = quantity(None, "Å", "lattice parameter c; a if not given", gt=1.0, lt=100.0)
    alpha: float = quantity(90.0, "°", "cell angle alpha", gt=10.0, lt=170.0)
    beta: float = quantity(90.0, "°", "cell angle beta", gt=10.0, lt=170.0)
    gamma: float = quantity(90.0, "°", "cell angle gamma", gt=10.0, lt=170.0)
    sites: tuple[Site, ...] = Field(min_length=1, description="symmetry-independent sites")
    label_blur_a: float = quantity(1.6, "Å", "standard deviation of the label blur", ge=0.0, le=10.0)
    mask_cutoff: float = quantity(
        0.065, "1", "soft label at which the binary mask of its particles is cut", gt=0.0, lt=1.0
    )
    rms_displacement_a: dict[str, float] = Field(
        default_factory=dict,
        description="rms thermal displacement per axis at room temperature, by element [Å]",
    )
    source: str = Field("", description="where the values come from")

    @model_validator(mode="before")
    @classmethod
    def _expand_cif(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "cif" not in data:
            return data
        clash = sorted({"space_group", "a", "b", "c", "alpha", "beta", "gamma", "sites"} & data.keys())
        if clash:
            raise ValueError(f"a lattice with `cif` takes its cell and sites from there; remove {clash}")
        rest = {k: v for k, v in data.items() if k != "cif"}
        return _from_cif(Path(data["cif"])) | rest

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for element, value in self.rms_displacement_a.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"rms_displacement_a.{element} = {value} must be between 0 and 1 Å")
        if self.space_group >= 195 and len({self.a, *self.cell[:3]}) > 1:
            raise ValueError(f"space group {self.space_group} is cubic: a, b and c must be equal")
        if 143 <= self.space_group <= 194 and self.gamma != 120.0:
            raise ValueError(
                f"space group {self.space_group} is trigonal or hexagonal: gamma must be 120° "
                f"(hexagonal axes), not {self.gamma}"
            )
        return self

    @property
    def cell(self) -> tuple[float, float, float, float, float, float]:
        """a, b, c (Å), alpha, beta, gamma (degrees)."""
        return (self.a, self.b or self.a, self.c or self.a, self.alpha, self.beta, self.gamma)

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols present, sorted."""
        return tuple(sorted({site.element for site in self.sites}))

    @property
    def is_wurtzite(self) -> bool:
        """Whether stacking faults of the wurtzite kind (I1) are defined for it."""
        on_2b = all(
            abs(s.position[0] - 1 / 3) < 1e-3 and abs(s.position[1] - 2 / 3) < 1e-3 for s in self.sites
        )
        return self.space_group == 186 and len(self.sites) == 2 and on_2b


def _from_cif(path: Path) -> dict[str, Any]:
    """Cell and all sites of a CIF, in space group 1 so that its setting cannot be misread."""
    from pymatgen.core import Structure

    if not path.is_file():
        raise ValueError(f"cif = {str(path)!r}: no such file (relative to the campaign file)")
    try:
        structure = Structure.from_file(path)
    except Exception as error:
        raise ValueError(f"cif = {str(path)!r} cannot be read as a crystal: {error}") from error
    if not structure.is_ordered:
        raise ValueError(f"cif = {str(path)!r} has partly occupied sites; supply an ordered cell")
    lattice = structure.lattice
    return {
        "space_group": 1,
        **{k: float(getattr(lattice, k)) for k in ("a", "b", "c", "alpha", "beta", "gamma")},
        "sites": [
            {"element": s.specie.symbol, "position": tuple(float(x) for x in s.frac_coords)}
            for s in structure
        ],
        "source": path.name,
    }
