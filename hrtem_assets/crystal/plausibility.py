"""Whether matter can be as a unit cell says: distances against covalent radii, density against osmium's."""

from typing import Any

from hrtem_assets.crystal.atoms import Atoms
from hrtem_assets.crystal.cells import volume_a3

# of the sum of two covalent radii; among 474 published files it flagged only truly faulty ones
LEAST_OF_RADII = 0.65
# osmium, the densest solid at ambient pressure, has 22.6
MOST_DENSITY_G_PER_CM3 = 23.3
# nearer atoms are one atom given twice, whatever the pressure
SAME_PLACE_A = 0.3
# of the sum of two covalent radii; farther atoms touch nothing, as only those of noble gases do
LONE_OF_RADII = 1.6


def coincidence(atoms: Atoms) -> str:
    """Which two atoms are on one place, which no pressure does, and what to change; empty if none are."""
    near = atoms.shortest
    if near.distance_a >= SAME_PLACE_A:
        return ""
    one, other = near.sites
    apart = f"{near.words} are {near.distance_a:.3f} Å apart"
    if one == other:
        return (
            f"{apart}: the site lies next to a special position; give its coordinates exactly, thirds as 1/3, or move "
            f"it away"
        )
    if atoms.listed[one][0] == atoms.listed[other][0]:
        return f"{apart}, the same atoms twice: list each symmetry-independent site once"
    return f"{apart}, two elements on one place, which cannot be simulated: remove either"


def implausible(atoms: Atoms) -> list[str]:
    """What of a crystal no solid at ambient pressure shows: one reason each, none if it is plausible."""
    reasons = []
    near = atoms.tightest
    if near.ratio < LEAST_OF_RADII:
        reasons.append(
            f"{near.words} are {near.distance_a:.3f} Å apart, less than {LEAST_OF_RADII * near.radii_a:.2f} Å "
            f"({LEAST_OF_RADII} of the sum of their covalent radii)"
        )
    if (density := atoms.density_g_per_cm3) > MOST_DENSITY_G_PER_CM3:
        # edges in nm are a tenth of those in Å
        in_nm = density / 1000
        hint = f"; with its edges in nm it would be {in_nm:.3g} g/cm³: give them in Å" if in_nm > 0.3 else ""
        reasons.append(
            f"{atoms.content} in {volume_a3(atoms.cell):.4g} Å³ is {density:.4g} g/cm³, more than osmium's 22.6{hint}"
        )
    return reasons


def remarks(atoms: Atoms) -> list[str]:
    """What is odd about a crystal that may yet be right: one sentence each."""
    near = atoms.tightest
    if near.ratio <= LONE_OF_RADII:
        return []
    return [
        f"no two atoms touch: the nearest, {near.words}, are {near.distance_a:.3f} Å apart, {near.ratio:.1f} times the "
        f"sum of their covalent radii; is a site missing, or the cell too large?"
    ]


def figures(atoms: Atoms) -> dict[str, Any]:
    """What a cell amounts to, as JSON: formula, Z, atoms, density and shortest distance."""
    return {
        "formula": atoms.formula,
        "formula_units": atoms.formula_units,
        "atoms_per_cell": len(atoms),
        "volume_a3": round(volume_a3(atoms.cell), 4),
        "density_g_per_cm3": round(atoms.density_g_per_cm3, 4),
        "shortest_distance_a": round(atoms.shortest.distance_a, 4),
        "nearest": atoms.shortest.pair,
    }


def summary(atoms: Atoms) -> str:
    """What a cell holds in one line: `Ti4O8, Z = 4, 12 atoms, 3.893 g/cm³, shortest Ti-O 1.934 Å`."""
    near = atoms.shortest
    return (
        f"{atoms.content}, Z = {atoms.formula_units}, {len(atoms)} atoms, {atoms.density_g_per_cm3:.4g} g/cm³, "
        f"shortest {near.pair} {near.distance_a:.3f} Å"
    )
