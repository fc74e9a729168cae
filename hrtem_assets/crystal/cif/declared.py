"""What a CIF declares of its crystal besides cell and sites: formula, Z, density; held against the atoms."""

from dataclasses import dataclass

from hrtem_assets.crystal.atoms import Atoms
from hrtem_assets.crystal.cells import volume_a3
from hrtem_assets.crystal.cif.elements import formula_counts
from hrtem_assets.crystal.cif.text import Block, CifError, number
from hrtem_assets.crystal.elements import mass_density_g_per_cm3

# of the number of atoms: formulas of doped crystals are rounded
_COUNT_TOLERANCE = 0.01
# published densities are measured at another temperature, or computed from a slightly other cell
_DENSITY_TOLERANCE = 0.03


@dataclass(frozen=True)
class Declared:
    """Formula, formula units per cell and density as declared; None where nothing is said.

    Args:
        text: the formula as written.
        formula: atoms of each element in it.
        units: Z.
        density_g_per_cm3: mass density.
        notes: what could not be understood.
    """

    text: str
    formula: dict[str, float] | None
    units: float | None
    density_g_per_cm3: float | None
    notes: tuple[str, ...]

    @property
    def proves_content(self) -> bool:
        """Whether it says how many atoms the cell holds."""
        return self.formula is not None and self.units is not None


@dataclass(frozen=True)
class Verdict:
    """How atoms agree with what is declared.

    Args:
        faults: contradictions, a clause each.
        notes: hydrogens that are declared and not there, and so on, a sentence each.
        without_hydrogens: how many hydrogen atoms per cell are declared and not there.
    """

    faults: tuple[str, ...]
    notes: tuple[str, ...]
    without_hydrogens: float = 0.0


def read_declared(block: Block) -> Declared:
    """Formula, Z and density of a block.

    Raises:
        CifError: if Z or density is no positive number, or there are several.
    """
    notes = []
    formula, text = None, ""
    if texts := block.stated("_chemical_formula_sum"):
        text = " ".join(texts[0].split())
        try:
            formula = formula_counts(text)
        except ValueError as error:
            notes.append(f"the declared formula is not checked: {error}")
    return Declared(
        text,
        formula,
        _positive(block, "_cell_formula_units_z"),
        _positive(block, "_exptl_crystal_density_diffrn"),
        tuple(notes),
    )


def _positive(block: Block, tag: str) -> float | None:
    stated = block.stated(tag)
    if not stated:
        return None
    value = number(stated[0], tag)
    if not 0 < value < 1e5 or len(stated) > 1:
        raise CifError(f"{tag} = {', '.join(stated[:3])} must be one number above 0; correct or remove it")
    return value


def compare(atoms: Atoms, declared: Declared) -> Verdict:
    """Whether the atoms of a cell are what is declared.

    Args:
        atoms: of the cell.
        declared: of the file.
    """
    faults: list[str] = []
    notes: list[str] = []
    missing = 0.0
    if declared.formula is not None:
        units = _units(atoms, declared.formula)
        if units is None:
            of_units = f" x {declared.units:g}" if declared.units else ""
            faults.append(
                f"the declared formula is {declared.text}{of_units}, the cell holds {atoms.content}"
            )
        else:
            if declared.units is not None and not _is_z(declared.units, units, atoms):
                faults.append(
                    f"the declared formula is {declared.text} with Z = {declared.units:g}, the cell holds "
                    f"{atoms.content}, Z = {units:g}"
                )
            missing = declared.formula.get("H", 0.0) * units - atoms.counts.get("H", 0)
            if missing > _COUNT_TOLERANCE:
                notes.append(
                    f"{missing:g} hydrogen atoms per cell are in the declared formula {declared.text} and not among "
                    f"the sites; they are not simulated"
                )
    said = declared.density_g_per_cm3
    if said is not None:
        of_hydrogen = mass_density_g_per_cm3("H", max(missing, 0.0) / volume_a3(atoms.cell))
        density = atoms.density_g_per_cm3 + of_hydrogen
        if abs(density - said) > _DENSITY_TOLERANCE * said:
            faults.append(f"the declared density is {said:g} g/cm³, cell and sites give {density:.4g}")
    return Verdict(tuple(faults), tuple(notes), missing)


def _is_z(declared: float, units: float, atoms: Atoms) -> bool:
    """Whether the declared Z is that of the declared formula, or of the simplest if that formula is the whole cell's.

    Programs that write Mg4 O4 with Z = 4 for MgO (pymatgen, hence the Materials Project) mean the latter.
    """
    whole_cell = abs(units - 1) <= _COUNT_TOLERANCE and declared == atoms.formula_units
    return whole_cell or abs(units - declared) <= _COUNT_TOLERANCE * declared


def _units(atoms: Atoms, formula: dict[str, float]) -> float | None:
    """How many formulas the cell holds, hydrogens aside; None if its atoms are in other proportions."""
    present = dict(atoms.counts)
    heavy = [symbol for symbol in present.keys() | formula.keys() if symbol != "H"]
    if any(symbol not in present or symbol not in formula for symbol in heavy):
        return None
    if not heavy:
        return present["H"] / formula["H"] if "H" in formula else None
    units = max(present[symbol] / formula[symbol] for symbol in heavy)
    alike = all(abs(present[s] - units * formula[s]) <= _COUNT_TOLERANCE * present[s] for s in heavy)
    too_many = present.get("H", 0) > units * formula.get("H", 0.0) * (1 + _COUNT_TOLERANCE) + 1e-6
    return units if alike and not too_many else None
