"""A CIF read as one crystal: its block, symmetry, cell and sites decided, held against what it declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrtem_assets.crystal.atoms import Atoms
from hrtem_assets.crystal.cells import Cell
from hrtem_assets.crystal.cif.cells import stated_volume_contradicts, written_cell
from hrtem_assets.crystal.cif.choosing import candidate_for, decide
from hrtem_assets.crystal.cif.declared import Declared, read_declared
from hrtem_assets.crystal.cif.sites import Sites, has_sites, read_sites
from hrtem_assets.crystal.cif.symmetry import read_symmetry
from hrtem_assets.crystal.cif.text import Block, CifError, plain, read_blocks

_OTHER_KINDS = (
    (
        r"_space_group_symop_magn|_space_group_magn|_atom_site_moment|_space_group_symop_centering",
        "a magnetic structure",
    ),
    (r"_cell_modulation|_cell_wave_vector|_space_group_ssg|_atom_site_fourier", "a modulated structure"),
    (r"_atom_site_group_pdb|_entity_", "a macromolecule (mmCIF)"),
)


@dataclass(frozen=True)
class CifCrystal:
    """A crystal as a CIF describes it.

    Args:
        block: name of its data block.
        cell: a, b, c (Å), alpha, beta, gamma (degrees).
        atoms: every atom of the unit cell.
        setting: space group and setting, or what its operators are.
        notes: where symmetry came from, what was left out, moved or missing: a sentence each.
    """

    block: str
    cell: Cell
    atoms: Atoms
    setting: str
    notes: tuple[str, ...]

    @property
    def sites(self) -> tuple[tuple[str, tuple[float, float, float]], ...]:
        """Element and fractional position of every atom of the unit cell."""
        # the last bits depend on the order of the operators
        fractions = np.round(self.atoms.fractions, 12) % 1.0
        return tuple(
            (symbol, (x, y, z))
            for symbol, (x, y, z) in zip(self.atoms.symbols, fractions.tolist(), strict=True)
        )

    @property
    def formula(self) -> str:
        """Simplest formula, such as `Al2MgO4`."""
        return self.atoms.formula

    @property
    def formula_units(self) -> int:
        """How many of the simplest formula the cell holds."""
        return self.atoms.formula_units

    @property
    def density_g_per_cm3(self) -> float:
        """Mass density."""
        return self.atoms.density_g_per_cm3


def read_cif(path: Path, block: str | None = None) -> CifCrystal:
    """The crystal of a CIF, expanded by its symmetry to all atoms of the unit cell.

    Args:
        path: the file.
        block: name of the data block, where the file has several structures.

    Raises:
        CifError: if the file is no CIF, or anything that decides the crystal stays open or contradicts itself.
    """
    chosen = _chosen(read_blocks(path), block)
    for pattern, kind in _OTHER_KINDS:
        if chosen.has(pattern):
            raise CifError(
                f"describes {kind}, which is not read; supply its average structure in a space group"
            )
    declared = read_declared(chosen)
    sites = read_sites(chosen, set(declared.formula or ()))
    _check_unknowns(sites, declared)
    written, symmetry = written_cell(chosen), read_symmetry(chosen)
    candidates = [candidate_for(choice, written, sites, declared) for choice in symmetry.choices]
    taken, reason = decide(candidates, symmetry, declared)
    if wrong := stated_volume_contradicts(chosen, taken.atoms.cell):
        raise CifError(f"{wrong}; correct one of them")
    notes = [
        f"symmetry {taken.name}, from {reason}",
        *symmetry.notes,
        *declared.notes,
        *sites.notes,
        *taken.notes,
    ]
    if sites.left_out:
        notes.append(f"rows without coordinates are left out: {', '.join(sites.left_out[:10])}")
    if sites.hydrogens and not taken.without_hydrogens:
        notes.append(
            f"{sites.hydrogens} hydrogen atoms are said to be attached to sites; they are not simulated"
        )
    return CifCrystal(chosen.name, taken.atoms.cell, taken.atoms, taken.name, tuple(notes))


def _chosen(blocks: Sequence[Block], name: str | None) -> Block:
    structures = [block for block in blocks if has_sites(block)]
    names = ", ".join(block.name for block in structures[:20]) + (", ..." if len(structures) > 20 else "")
    if not structures:
        raise CifError(
            "holds no structure: none of its data blocks has a table of sites (_atom_site_fract_x)"
        )
    if name is not None:
        wanted = plain(name).strip().lower().removeprefix("data_")
        structures = [block for block in structures if block.name.lower() == wanted]
        if not structures:
            raise CifError(f"holds no structure in a data block {name!r}; choose of {names}")
    if len(structures) > 1:
        raise CifError(
            f"holds {len(structures)} structures; name one with `block:` beside `cif:`, of {names}"
        )
    return structures[0]


def _check_unknowns(sites: Sites, declared: Declared) -> None:
    """Unknown occupancies and rows without coordinates are allowed where a formula shows that nothing is amiss."""
    if declared.formula is not None:
        return
    if sites.left_out:
        raise CifError(
            f"{sites.left_out[0]} has no coordinates, and no declared formula shows whether it belongs to the "
            f"crystal; give them, or remove the row"
        )
    if sites.unknown_occupancy:
        raise CifError(
            "an occupancy is unknown (`?`), and no declared formula shows that it is 1; give it, or "
            "_chemical_formula_sum"
        )
