"""Which of the settings that a CIF leaves open is meant: the cell, formula, Z and density decide, or nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from hrtem_assets.crystal.atoms import Atoms, same_crystal
from hrtem_assets.crystal.cif.cells import complete_cell
from hrtem_assets.crystal.cif.declared import Declared, compare
from hrtem_assets.crystal.cif.sites import Sites
from hrtem_assets.crystal.cif.symmetry import Choice, Symmetry
from hrtem_assets.crystal.cif.text import CifError
from hrtem_assets.crystal.expansion import ExpansionError, expand
from hrtem_assets.crystal.plausibility import coincidence, implausible

# to be told of; rounding by six digits moves sites less
_TOLD_SHIFT_A = 2e-4
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Candidate:
    """What one of the settings left open makes of cell and sites.

    Args:
        name: of the setting.
        meant: whether the Tables mean its order of axes by the symbol stated.
        atoms: every atom of the cell.
        faults: why it cannot be what the file declares, a clause each.
        odd: what no solid shows, a clause each.
        notes: a sentence each.
        without_hydrogens: declared hydrogen atoms per cell that are not there.
    """

    name: str
    meant: bool
    atoms: Atoms
    faults: tuple[str, ...]
    odd: tuple[str, ...]
    notes: tuple[str, ...]
    without_hydrogens: float

    @property
    def gives(self) -> str:
        """What it would be, in words."""
        atoms = self.atoms
        words = f"{self.name} gives {atoms.formula}, Z = {atoms.formula_units}, {atoms.density_g_per_cm3:.3g} g/cm³"
        near = atoms.tightest
        return f"{words} (implausible, {near.pair} {near.distance_a:.2f} Å apart)" if self.odd else words


@dataclass(frozen=True)
class Impossible:
    """A setting that cell or sites do not allow.

    Args:
        name: of the setting.
        meant: whether the Tables mean its order of axes by the symbol stated.
        reason: why, a clause.
        by_cell: whether edges and angles exclude it.
    """

    name: str
    meant: bool
    reason: str
    by_cell: bool

    @property
    def gives(self) -> str:
        """What it would be, in words."""
        return f"{self.name} gives no crystal"


def candidate_for(
    choice: Choice, written: dict[str, float], sites: Sites, declared: Declared
) -> Candidate | Impossible:
    """The crystal that one choice of symmetry makes.

    Args:
        choice: the symmetry.
        written: edges (Å) and angles (degrees) that the file states.
        sites: of the file.
        declared: of the file.
    """
    listed = tuple((site.element, site.position) for site in sites.listed)
    names = [site.name.removeprefix("site ") for site in sites.listed]
    try:
        cell = complete_cell(written, choice.operators, choice.name)
    except CifError as error:
        return Impossible(choice.name, choice.meant, str(error), by_cell=True)
    try:
        expansion = expand(choice.operators, cell, [at for _, at in listed], names)
    except ExpansionError as error:
        return Impossible(choice.name, choice.meant, str(error), by_cell=False)
    atoms = Atoms(cell, listed, expansion.site_of, expansion.positions)
    if same_place := coincidence(atoms):
        return Impossible(choice.name, choice.meant, same_place, by_cell=False)
    moved = [f"{n} by {d:.4f} Å" for n, d in zip(names, expansion.moved_a, strict=True) if d > _TOLD_SHIFT_A]
    notes = (
        [f"moved onto the special position that few digits stand for: {', '.join(moved)}"] if moved else []
    )
    verdict = compare(atoms, declared)
    return Candidate(
        choice.name,
        choice.meant,
        atoms,
        verdict.faults,
        tuple(implausible(atoms)),
        (*notes, *verdict.notes),
        verdict.without_hydrogens,
    )


def decide(
    candidates: Sequence[Candidate | Impossible], symmetry: Symmetry, declared: Declared
) -> tuple[Candidate, str]:
    """The one crystal that a file means, and what decided.

    Args:
        candidates: one for each choice of the symmetry.
        symmetry: of the file.
        declared: of the file.

    Raises:
        CifError: if none fits, or several do.
    """
    open_ = [c for c in candidates if not (isinstance(c, Impossible) and c.by_cell)] or candidates[:1]
    crystals = [c for c in open_ if isinstance(c, Candidate)]
    if len(crystals) == len(open_) and len(_distinct(crystals)) == 1:
        by_cell = " and the shape of the cell" if len(candidates) > len(open_) else ""
        return _checked(crystals[0], symmetry, declared), f"{symmetry.source}{by_cell}"
    if len(open_) == 1:
        raise CifError(open_[0].reason if isinstance(open_[0], Impossible) else open_[0].gives)
    fitting = _distinct([c for c in crystals if not c.faults and not c.odd])
    if len(fitting) == 1 and declared.formula is not None:
        reason = f"{symmetry.source}; of its {len(open_)} settings only this one gives what is declared"
        return fitting[0], reason
    meant = [c for c in crystals if c.meant]
    if len(meant) == sum(c.meant for c in open_) and len(_distinct(meant)) == 1:
        return _checked(meant[0], symmetry, declared), f"{symmetry.source}, short for it"
    # the likeliest first
    open_ = sorted(open_, key=lambda c: isinstance(c, Impossible) or bool(c.faults or c.odd))
    told = "; ".join(c.gives for c in open_[:_MOST_SHOWN])
    more = f"; and {len(open_) - _MOST_SHOWN} more" if len(open_) > _MOST_SHOWN else ""
    none = f" (none fits the declared {declared.text})" if declared.formula and not fitting else ""
    raise CifError(
        f"{symmetry.source} does not say which setting the coordinates use: {told}{more}{none}; list the operators "
        f"(_space_group_symop_operation_xyz) or write the setting into the symbol, such as {open_[0].name!r}"
    )


def _checked(candidate: Candidate, symmetry: Symmetry, declared: Declared) -> Candidate:
    if not symmetry.stated:
        unknown = "it states no symmetry (no operators, symbol or number), and"
        repair = "add _space_group_name_H-M_alt or the operators (_space_group_symop_operation_xyz)"
        if candidate.faults:
            raise CifError(
                f"{unknown} its sites alone are not the crystal: {'; '.join(candidate.faults)}; {repair}"
            )
        if not declared.proves_content:
            raise CifError(
                f"{unknown} no formula with Z shows that its sites are the whole cell; {repair}, 'P 1' if they are"
            )
    if candidate.faults:
        raise CifError(
            f"{'; '.join(candidate.faults)} (symmetry {candidate.name}, from {symmetry.source}); correct symmetry, "
            f"sites or what is declared"
        )
    return candidate


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates that are different crystals: a shift of the origin turns none into another."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if not any(same_crystal(candidate.atoms, other.atoms) for other in kept):
            kept.append(candidate)
    return kept
