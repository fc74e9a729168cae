"""What of a campaign's particles, supports and files cannot be made: refused before anything is, with the repair."""

import math
from typing import TYPE_CHECKING, Any

from hrtem_assets.campaign.lattices import Lattice
from hrtem_assets.campaign.mixtures import Mixture
from hrtem_assets.campaign.own_atoms import FrameOf, OwnAtoms, shared_frames
from hrtem_assets.imaging.distributions import support as drawn_support
from hrtem_assets.morphology.defects.stacking_faults import StackingFaults

if TYPE_CHECKING:
    from hrtem_assets.campaign.campaign import Campaign

# fewer, and a sphere between atoms may hold none
LEAST_ATOMS = 4


def check_matter(campaign: "Campaign") -> None:
    """Refuse particles that a lattice, the support, the cell or a file does not allow.

    Args:
        campaign: its names and sizes are checked already.

    Raises:
        ValueError: names the setting, its value and the repair.
    """
    for check in (
        _check_slab,
        _check_emptiness,
        _check_particles,
        _check_edge,
        _check_own_atoms,
        _check_faults,
        _check_thermal,
    ):
        check(campaign)


def check_mixtures(campaign: "Campaign") -> None:
    """Refuse mixtures of what is not there, and a campaign without specimens.

    Args:
        campaign: before its specimens are asked for.

    Raises:
        ValueError: names the setting and the repair.
    """
    for name, material in campaign.lattices.items():
        if not isinstance(material, Mixture):
            continue
        known = list(campaign.crystals)
        for part in material.mixture:
            if part not in known:
                raise ValueError(
                    f"lattices.{name}.mixture.{part}: no such lattice; known: {', '.join(known) or 'none'}. Write "
                    "its lattice there too, with in_grid: false if only the mixture shall hold its particles"
                )
    if not campaign.in_grid:
        raise ValueError("lattices: none makes specimens; remove in_grid: false from one, or add a mixture")


def _check_emptiness(campaign: "Campaign") -> None:
    for specimen in campaign.specimens.values():
        for phase in specimen.phases:
            atoms = 4 / 3 * math.pi * specimen.size.radius_min_a**3 * phase.lattice.crystal.atoms_per_a3
            if atoms < LEAST_ATOMS:
                raise ValueError(
                    f"sizes.{specimen.size_name}.radius_min_a = {specimen.size.radius_min_a:g} gives particles of "
                    f"{phase.name} of about {atoms:.2g} atoms, and some of none; raise it"
                )


def _check_particles(campaign: "Campaign") -> None:
    """Refuse particles that a lattice, the support or the cell does not allow."""
    cell, support = campaign.simulation.cell_a, campaign.substrate.crystal
    inside = campaign.placement.edge_rule == "inside"
    checked = set()
    for specimen in campaign.specimens.values():
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
                fault := rule.orientation.support_refusal(support.lattice.crystal, _face_normal(campaign))
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
                needed = 2 * extent_a + (0.0 if inside else max(0.0, campaign.placement.separation_a))
                if needed > cell:
                    raise ValueError(
                        f"{where}.shapes.{number} = {shape.name}: with sizes.{specimen.size_name}.radius_max_a = "
                        f"{radius_a:g}, that of the sphere of equal volume, it reaches {extent_a:.4g} Å from its "
                        f"centre and needs a cell of at least {needed:.4g} Å, but simulation.cell_a = {cell:g}; "
                        "enlarge the cell, lower the radius or choose a rounder shape"
                    )


def _face_normal(campaign: "Campaign") -> Any:
    """Outward normal of the support's face that particles lie on, in its crystal's frame; None without a
    crystal.
    """
    support, edge = campaign.substrate.crystal, campaign.substrate.edge
    if support is None:
        return None
    fit = support.fit(campaign.simulation.cell_a, edge is not None)
    return fit.rotation.T @ ((1.0, 0.0, 0.0) if edge and edge.particles == "edge" else (0.0, 0.0, 1.0))


def _check_slab(campaign: "Campaign") -> None:
    support = campaign.substrate.crystal
    if support is not None:
        try:
            support.fit(campaign.simulation.cell_a, campaign.substrate.edge is not None)
        except ValueError as error:
            raise ValueError(f"substrate.crystal.{error}") from None
        _, most = support.plane_counts(campaign.substrate.thickness_min_a, campaign.substrate.thickness_max_a)
        if most < 1:
            raise ValueError(
                "substrate.crystal: substrate.thickness_max_a = 0 leaves no plane of it; raise it, or name layers"
            )


def _check_edge(campaign: "Campaign") -> None:
    edge, cell = campaign.substrate.edge, campaign.simulation.cell_a
    if edge is None:
        return
    near, far = drawn_support(edge.supported)
    room_a = cell * (1 - far) if edge.particles == "edge" else cell * near
    for key, specimen in campaign.specimens.items():
        wide_a = 2 * campaign.most_extent_a(specimen)
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


def _check_own_atoms(campaign: "Campaign") -> None:
    for specimen in campaign.specimens.values():
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
        if own.used_as == "structure" and own.most_particles > campaign.placement.count_max:
            raise ValueError(
                f"{where}: particle_column numbers {own.most_particles} particles, and placement.count_max = "
                f"{campaign.placement.count_max}; raise that to {own.most_particles}"
            )
        for frame in frames:
            _check_frame(campaign, own, frame, where)
        counts = {n: getattr(campaign.counts, n) for n in ("train", "validation", "test")}
        try:
            shares = shared_frames(frames, own.split_by, counts, campaign.seed)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        for name, share in shares.items():
            if own.used_as == "structure" and not own.is_turned and counts[name] > len(share):
                raise ValueError(
                    f"counts.{name} = {counts[name]}: {where} has only {len(share)} frames for it, and structures "
                    f"that are not turned would repeat; lower it to {len(share)}, give more frames, or set turned: "
                    "true"
                )


def _check_frame(campaign: "Campaign", own: OwnAtoms, frame: FrameOf, where: str) -> None:
    cell_a, inside = campaign.simulation.cell_a, campaign.placement.edge_rule == "inside"
    facts = frame.facts
    if own.used_as == "particle":
        needed = 2 * facts.extent_a + (0.0 if inside else max(0.0, campaign.placement.separation_a))
        if needed > cell_a:
            raise ValueError(
                f"{where}: {frame.words} is a particle of up to {2 * facts.extent_a:.4g} Å and needs a cell of "
                f"{needed:.4g} Å, but simulation.cell_a = {cell_a:g}; enlarge the cell"
            )
        return
    periodic = facts.cell_a is not None and max(abs(side / cell_a - 1) for side in facts.cell_a[:2]) < 1e-3
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


def _check_faults(campaign: "Campaign") -> None:
    for key, number in campaign.max_stacking_faults.items():
        if not 0 <= number <= 10:
            raise ValueError(f"max_stacking_faults.{key} = {number} must be between 0 and 10")
        lattice = campaign.specimens[key].lattice
        if not number or (isinstance(lattice, Lattice) and lattice.is_wurtzite):
            if number and campaign.specimens[key].phases[0].particle is not None:
                raise ValueError(
                    f"max_stacking_faults.{key} = {number}: its particles have a rule of their own; set it to 0 and "
                    f"add {{defect: stacking_faults, most: {number}}} to its `inside`"
                )
            continue
        why = "a mixture or atoms from files have none" if not isinstance(lattice, Lattice) else ""
        if isinstance(lattice, Lattice):
            phase = campaign.specimens[key].phases[0]
            body = next(phase.rule.shapes[0].extreme_bodies(lattice.crystal))
            why = StackingFaults(most=number).refusal(lattice.crystal, body) or ""
            if not why and phase.particle is not None:
                why = "its particles have a rule of their own; name stacking_faults among its `inside`"
        if why:
            raise ValueError(f"max_stacking_faults.{key} = {number}: {why}; set it to 0")


def _check_thermal(campaign: "Campaign") -> None:
    if campaign.simulation.thermal_profile != "room_temperature":
        return
    for name, lattice in campaign.lattices.items():
        if isinstance(lattice, Mixture):
            continue
        held = lattice.particle_elements if isinstance(lattice, Lattice) else lattice.elements
        missing = [e for e in held if e not in lattice.rms_displacement_a]
        if missing:
            raise ValueError(
                f"simulation.thermal_profile = 'room_temperature' needs lattices.{name}.rms_displacement_a for "
                f"{missing}; add them, or use thermal_profile uniform_0p1"
            )
    for name, lattice in campaign.lattices.items():
        if isinstance(lattice, Mixture):
            _check_shared_elements(campaign, name, lattice)


def _check_shared_elements(campaign: "Campaign", name: str, mixture: Mixture) -> None:
    known: dict[str, tuple[str, float]] = {}
    for part in mixture.mixture:
        lattice = campaign.lattices[part]
        assert isinstance(lattice, Lattice)
        for element, value in lattice.rms_displacement_a.items():
            other, before = known.setdefault(element, (part, value))
            if before != value:
                raise ValueError(
                    f"lattices.{name}: {other} and {part} give {element} rms displacements of {before:g} and "
                    f"{value:g} Å; one structure has one for each element: give both the same, or use "
                    "thermal_profile uniform_0p1"
                )
