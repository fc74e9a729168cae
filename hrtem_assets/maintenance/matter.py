"""What lattices, files and supports amount to, and how many atoms structures have: in words, before anything is "
"made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Lattice, Specimen
from hrtem_assets.campaign.own_atoms import OwnAtoms
from hrtem_assets.crystal.elements import mass_density_g_per_cm3
from hrtem_assets.crystal.plausibility import figures as crystal_figures
from hrtem_assets.crystal.slabs import planes
from hrtem_assets.crystal.zone_axes import nearest_zone_axis
from hrtem_assets.maintenance.words import table
from hrtem_assets.specimen.bounds import bounds, substrate_atoms
from hrtem_assets.specimen.structure import Structure


def materials_of(campaign: Campaign, specimens: Iterable[str]) -> dict[str, Lattice | OwnAtoms]:
    """The lattices and files that some specimens' particles are of, by name.

    Args:
        campaign: settings.
        specimens: keys.
    """
    chosen = [campaign.specimen(key) for key in dict.fromkeys(specimens)]
    found: dict[str, Lattice | OwnAtoms] = {phase.name: phase.lattice for s in chosen for phase in s.phases}
    return found | {s.lattice_name: s.lattice for s in chosen if isinstance(s.lattice, OwnAtoms)}


def material_lines(materials: Mapping[str, Lattice | OwnAtoms]) -> Iterator[str]:
    """What each lattice or set of files amounts to, and what was taken or is odd of it.

    Args:
        materials: by name, at least one.
    """
    lattices = {name: m for name, m in materials.items() if isinstance(m, Lattice)}
    if lattices:
        rows = [["lattice", "formula", "Z", "g/cm³", "shortest", "setting"]]
        for name, lattice in lattices.items():
            figures = lattice.figures
            rows.append(
                [
                    name,
                    figures["formula"],
                    str(figures["formula_units"]),
                    f"{figures['density_g_per_cm3']:.3f}",
                    f"{figures['nearest']} {figures['shortest_distance_a']:.3f} Å",
                    figures["setting"],
                ]
            )
        yield from table(rows)
        for name, lattice in lattices.items():
            yield from (f"{name}: {words}" for words in lattice.remarks)
    for name, own in materials.items():
        if isinstance(own, OwnAtoms):
            of = own.figures
            yield (
                f"{name}: {of['frames']} frames of {of['files']} files, {', '.join(of['elements'])}, "
                f"{of['atoms'][0]:,} to {of['atoms'][1]:,} atoms, radius {of['radius_a'][0]:g} to "
                f"{of['radius_a'][1]:g} Å, shortest distance {of['shortest_distance_a']:.3f} Å"
            )


def support_figures(campaign: Campaign) -> dict[str, Any]:
    """What the substrate amounts to, as JSON: material, density, and how a crystal fits the cell.

    Args:
        campaign: its substrate and cell.
    """
    substrate, cell_a = campaign.substrate, campaign.simulation.cell_a
    edge = {} if substrate.edge is None else {"edge": substrate.edge.model_dump(mode="json")}
    if substrate.crystal is None:
        if not substrate.thickness_max_a:
            return {"kind": "none"}
        parts = substrate.elements
        density = substrate.density_atoms_per_a3
        total = sum(parts.values())
        return {
            "kind": "amorphous",
            "composition": parts,
            "density_g_per_cm3": round(
                sum(mass_density_g_per_cm3(s, density * n / total) for s, n in parts.items()), 4
            ),
            "shortest_distance_a": substrate.min_distance_a,
            "thickness_a": [substrate.thickness_min_a, substrate.thickness_max_a],
            "most_atoms": substrate_atoms(np.array([cell_a, cell_a, substrate.thickness_max_a]), density),
            **edge,
        }
    support = substrate.crystal
    fit = support.fit(cell_a, substrate.edge is not None)
    stack = planes(support.lattice.crystal, support.zone_axis)
    counts = support.plane_counts(substrate.thickness_min_a, substrate.thickness_max_a)
    return {
        "kind": "crystal",
        **crystal_figures(support.lattice.atoms),
        "zone_axis": list(support.zone_axis),
        "x_direction": list(fit.x_direction),
        "periods": list(fit.periods),
        "strain": round(fit.strain, 6),
        "planes": list(stack.formulas),
        "plane_spacing_a": round(stack.period_a / len(stack.heights_a), 4),
        "plane_counts": list(counts),
        **edge,
    }


def support_line(campaign: Campaign) -> str:
    """What the substrate amounts to, in words."""
    told = support_figures(campaign)
    if told["kind"] == "none":
        return "support: none"
    edge = ""
    if "edge" in told:
        edge = "; it ends at an edge, with particles " + (
            "beside it" if told["edge"]["particles"] == "edge" else "on it"
        )
    if told["kind"] == "amorphous":
        parts = " ".join(f"{s}{n:g}" if n != 1 else s for s, n in told["composition"].items())
        low, high = told["thickness_a"]
        return (
            f"support: amorphous {parts}, {told['density_g_per_cm3']:.3g} g/cm³, shortest "
            f"{told['shortest_distance_a']:g} Å, {low:g} to {high:g} Å thick{edge}"
        )
    x = " ".join(f"{v:g}" for v in told["x_direction"])
    along = " x ".join(f"{n:g}" for n in told["periods"] if n)
    named = ", ".join(f"{k}: {words}" for k, words in enumerate(told["planes"]))
    return (
        f"support: {told['formula']}, Z = {told['formula_units']}, {told['density_g_per_cm3']:.4g} g/cm³, shortest "
        f"{told['nearest']} {told['shortest_distance_a']:.3f} Å, seen along {told['zone_axis']}, [{x}] along x; "
        f"{along} periods in the cell, strained by {100 * told['strain']:.2g} %; {told['plane_counts'][0]} to "
        f"{told['plane_counts'][1]} planes ({named}){edge}"
    )


def atom_rows(campaign: Campaign, specimens: Iterable[str]) -> Iterator[str]:
    """How many atoms a structure of each specimen has at most, by particle and in all.

    Args:
        campaign: settings.
        specimens: keys.
    """
    rows = [["specimen", "atoms in a particle", "of the support", "in a structure", "shapes"]]
    for key in dict.fromkeys(specimens):
        specimen = campaign.specimen(key)
        most = bounds(campaign, specimen)
        rows.append(
            [
                key,
                f"up to {most.particle_atoms:,}",
                f"up to {most.substrate_atoms:,}",
                f"up to {most.atoms:,}",
                ", ".join(specimen.shape_names) or "as read",
            ]
        )
    yield from table(rows)


def structure_lines(specimen: Specimen, structure: Structure) -> Iterator[str]:
    """What a structure is made of, particle by particle.

    Args:
        specimen: which.
        structure: one of its structures.
    """
    from ase.data import chemical_symbols

    n = structure.particle_atoms
    held, counts = np.unique(structure.numbers, return_counts=True)
    elements = ", ".join(f"{chemical_symbols[int(z)]} {c:,}" for z, c in zip(held, counts, strict=True))
    yield (
        f"{len(structure.particles)} of {structure.requested_particles} particles, {n:,} atoms in particles and "
        f"{len(structure.numbers) - n:,} of the support ({elements}); support {structure.substrate_thickness_a:.1f} "
        "Å thick"
    )
    rows = [["particle", "of", "shape", "radius", "atoms", "axis along the beam", "inside"]]
    for k, particle in enumerate(structure.particles):
        name, shape, axis = specimen.lattice_name, "as read", ""
        if specimen.phases:
            phase = specimen.phases[particle.phase]
            uvw, tilt = nearest_zone_axis(phase.lattice.cell, particle.quaternion)
            name, shape = phase.name, specimen.shape_names[particle.shape]
            axis = f"{tilt:.1f}° from [{' '.join(map(str, uvw))}]"
        inside = [f"{what} {value:.4g}" for what, value in particle.defects.items()]
        inside += [f"{len(particle.fault_planes_a)} stacking faults"] if particle.fault_planes_a else []
        atoms = int(np.count_nonzero(structure.particle == k))
        rows.append(
            [str(k), name, shape, f"{particle.radius_a:.2f} Å", f"{atoms:,}", axis, ", ".join(inside) or "-"]
        )
    yield from table(rows)
