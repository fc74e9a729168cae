"""Structures: atoms of particles and of what they lie on; one row is a structure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, Source
from hrtem_assets.base.model import recipe_settings
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.figures import TILE_PX, PartitionPicture, structure_views
from hrtem_assets.morphology.defects.stacking_faults import StackingFaults
from hrtem_assets.specimen.assembly import CODE_VERSION, VERSIONED_PACKAGES, build_structure
from hrtem_assets.specimen.bounds import Bounds, bounds
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure
from hrtem_assets.store import CheckedStore, Coordinate, Recipe, Schema, StoreInfo, Variable, flags

# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 346_000_000
# what labels count as faults
_COUNTED = ("stacking_faults_count", "twins_count")
# pictures in a row
_COLUMNS = 4


class StructuresAsset(Asset):
    """Sample particle number, sizes, shapes, orientations, defects, positions and substrate, and assemble them."""

    name = "structures"
    description = "Atomic models: particles on a substrate. One row is a structure."
    code_version = CODE_VERSION
    run_settings = (
        RunSetting("simulation.cell_a", "side of the square cell [Å]"),
        # a crystal is written in the campaign's file
        RunSetting("substrate", "substrate overrides", without=("crystal",)),
        RunSetting("placement", "placement overrides"),
    )
    cost_grows_with = "height"
    card_rows = (
        ("lattice.space_group", "space group"),
        ("lattice.a", "lattice parameter a [Å]"),
        ("lattice.c", "lattice parameter c [Å]"),
        ("size.radius_min_a", "smallest particle radius [Å]"),
        ("size.radius_max_a", "largest particle radius [Å]"),
        ("max_stacking_faults", "most stacking faults in a particle"),
        ("placement.count_min", "fewest particles in a structure"),
        ("placement.count_max", "most particles in a structure"),
        ("placement.separation_a", "least gap between particles [Å]"),
        ("lattice.particle.shapes", "shapes"),
        ("lattice.particle.inside", "defects"),
        ("lattice.particle.orientation", "orientation"),
        ("lattice.mixture", "parts of each lattice"),
        ("substrate.element", "substrate"),
        ("substrate.composition", "substrate, parts of each element"),
        ("substrate.crystal.zone_axis", "axis of the crystalline support along the beam"),
        ("substrate.thickness_min_a", "least substrate thickness [Å]"),
        ("substrate.thickness_max_a", "greatest substrate thickness [Å]"),
        ("cell_a", "side of the periodic cell [Å]"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "lattice": specimen.deciding,
            "size": recipe_settings(specimen.size),
            "max_stacking_faults": specimen.max_stacking_faults,
            "substrate": _substrate_settings(campaign),
            "placement": recipe_settings(campaign.placement),
            "cell_a": campaign.simulation.cell_a,
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return VERSIONED_PACKAGES

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        atoms = bounds(campaign, specimen).atoms
        slots = campaign.placement.count_max
        faults = max(1, specimen.max_stacking_faults)
        return Schema(
            arrays=(
                Variable("positions", ("atom", "axis"), (atoms, 3), "float32", "Å", "atom positions at rest"),
                Variable("numbers", ("atom",), (atoms,), "uint8", "1", "atomic number; 0 beyond atom_count"),
                Variable(
                    "particle",
                    ("atom",),
                    (atoms,),
                    "int16",
                    "1",
                    f"particle of the atom; {SUBSTRATE} is the substrate",
                ),
            ),
            records=(
                Variable("atom_count", dtype="int32", long_name="atoms; particle atoms come first"),
                Variable("particle_count", dtype="int16", long_name="particles placed"),
                Variable("requested_particles", dtype="int16", long_name="particles asked for"),
                Variable("substrate_thickness", units="Å", long_name="substrate thickness"),
                *(
                    (Variable("contamination", units="Å", long_name="thickness of the contamination"),)
                    if campaign.substrate.contamination.thickness_max_a
                    else ()
                ),
                Variable("center", ("slot", "axis"), (slots, 3), units="Å", long_name="particle centre"),
                Variable("radius", ("slot",), (slots,), units="Å", long_name="particle radius"),
                Variable(
                    "quaternion", ("slot", "component"), (slots, 4), long_name="orientation (x, y, z, w)"
                ),
                Variable(
                    "fault_plane",
                    ("slot", "fault"),
                    (slots, faults),
                    units="Å",
                    long_name="stacking-fault planes along c from the particle's centre",
                ),
                Variable("seed", dtype="uint64", long_name="seed of the structure"),
                *_body_variables(campaign, specimen),
            ),
            coordinates={"axis": Coordinate(np.arange(3), long_name="x, y, z")},
            structures_per_shard=1,
            title=f"Structures of {specimen.key}: one row is a structure",
            attributes={"crystal": specimen.figures},
        )

    def figures(self, column: Column) -> dict[str, float]:
        placed, asked = column("particle_count"), column("requested_particles")
        return {
            "mean_atoms": float(column("atom_count").mean()),
            "mean_particles": float(placed.mean()),
            "mean_requested_particles": float(asked.mean()),
            "structures_with_fewer_particles": float(np.count_nonzero(placed < asked)),
            "mean_substrate_thickness_a": float(column("substrate_thickness").mean()),
        }

    def pictures(
        self, store: CheckedStore, upstream: Callable[[str], CheckedStore], shown: Sequence[int]
    ) -> PartitionPicture:
        tiles, captions = [], []
        for i in shown:
            atoms, placed = (
                int(store.read("atom_count", i)),
                int(store.read("particle_count", i)),
            )
            positions, numbers, particle = (
                store.read(name, i)[:atoms] for name in ("positions", "numbers", "particle")
            )
            thickness = float(store.read("substrate_thickness", i))
            tiles.append(
                structure_views(
                    positions,
                    numbers,
                    particle,
                    thickness,
                    float(store.info.recipe.settings["cell_a"]),
                    size_px=TILE_PX,
                )
            )
            captions.append(
                f"structure {i}: {placed} of {int(store.read('requested_particles', i))} particles"
            )
        return PartitionPicture(tiles, captions, columns=_COLUMNS)

    def violations(
        self, recipe: Recipe, values: Mapping[str, NDArray[Any]], sampling_a: float
    ) -> Iterator[str]:
        count, placed = int(values["atom_count"]), int(values["particle_count"])
        cell_a = recipe.settings["cell_a"]
        atoms = values["positions"][:count]
        lateral = atoms[:, :2]
        if not np.isfinite(atoms).all() or lateral.min() < 0 or lateral.max() > cell_a:
            yield f"atoms lie outside the cell of {cell_a:g} Å"
        if not values["numbers"][:count].all() or values["numbers"][count:].any():
            yield f"atomic numbers do not end with atom_count = {count}"
        particle = values["particle"][:count]
        if not set(np.unique(particle).tolist()) <= {SUBSTRATE, *range(placed)}:
            yield f"atoms belong to particles beyond particle_count = {placed}"
        if not 1 <= placed <= int(values["requested_particles"]):
            yield f"particle_count = {placed} is not between 1 and the number asked for"
        size = recipe.settings["size"]
        radii = values["radius"][:placed]
        of_files = "files" in recipe.settings["lattice"]
        if not of_files and not ((radii >= size["radius_min_a"]) & (radii <= size["radius_max_a"])).all():
            yield f"radii are not between {size['radius_min_a']:g} and {size['radius_max_a']:g} Å"

    def remarks(self, info: StoreInfo, column: Column) -> Iterator[str]:
        placed, asked = column("particle_count"), column("requested_particles")
        few = np.count_nonzero(placed < asked)
        if few:
            yield (
                f"{few} of {len(placed)} structures hold fewer particles than were drawn for them ({placed.sum()} of "
                f"{asked.sum()} particles in all), because no room was found; lower placement.count_max or "
                f"separation_a, or enlarge the cell"
            )

    def memory_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds, conditions: int) -> int:
        # the box around one particle is filled before it is cut; what is cut, and the substrate, is kept and copied
        return _PROCESS_BYTES + 650 * most.particle_atoms + 180 * most.atoms

    def stored_bytes(self, campaign: Campaign, specimen: Specimen, most: Bounds) -> int:
        # not every substrate is the thickest, nor every particle the largest
        return 6 * most.substrate_atoms + most.particles * most.particle_atoms

    def make_one(self, work: Assignment) -> Made:
        campaign, specimen, index = work.campaign, work.specimen, work.index
        structure = build_structure(campaign, specimen, index)
        atoms = bounds(campaign, specimen).atoms
        arrays = {
            "positions": _padded(structure.positions_a, atoms),
            "numbers": _padded(structure.numbers, atoms),
            "particle": _padded(structure.particle, atoms),
        }
        record = {
            "atom_count": len(structure.numbers),
            "particle_count": len(structure.particles),
            "requested_particles": structure.requested_particles,
            "substrate_thickness": structure.substrate_thickness_a,
            "center": [p.center_a for p in structure.particles],
            "radius": [p.radius_a for p in structure.particles],
            "quaternion": [p.quaternion for p in structure.particles],
            "fault_plane": _rectangular([p.fault_planes_a for p in structure.particles]),
            "seed": structure.seed,
        }
        if campaign.substrate.contamination.thickness_max_a:
            record["contamination"] = structure.contamination_a
        if not specimen.is_plain:
            record |= _body_record(campaign, specimen, structure)
        return {None: (arrays, record)}


def _substrate_settings(campaign: Campaign) -> dict[str, Any]:
    substrate, idle = campaign.substrate, {"rms_displacement_a"}
    # what something else replaces decides nothing
    if substrate.composition is not None:
        idle |= {"element"}
    if substrate.crystal is not None:
        idle |= {"element", "density_atoms_per_a3", "min_distance_a"}
        idle |= {"thickness_min_a", "thickness_max_a"} if substrate.crystal.layers is not None else set()
    settings = recipe_settings(substrate, exclude=idle)
    return settings | ({"crystal": substrate.crystal.deciding} if substrate.crystal is not None else {})


def _defects(specimen: Specimen) -> dict[str, tuple[str, str]]:
    """What is recorded of defects: unit and meaning by name."""
    inside = [defect for phase in specimen.phases for defect in phase.rule.inside]
    if specimen.has_layer_faults:
        inside.append(StackingFaults(most=specimen.max_stacking_faults))
    return {f"{defect.name}_{name}": told for defect in inside for name, told in defect.records.items()}


def _most_faces(specimen: Specimen) -> int:
    cuts = 2 * specimen.max_stacking_faults if specimen.has_layer_faults else 0
    return max([1, *(phase.rule.most_faces(phase.lattice.crystal) + 3 * cuts for phase in specimen.phases)])


def _body_variables(campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
    """What is kept of edges, and of particles that are no plain spheres."""
    slot, n = ("slot",), campaign.placement.count_max
    edge = (
        (Variable("support_end", units="Å", long_name="x of the support's edge"),)
        if campaign.substrate.edge is not None
        else ()
    )
    if specimen.is_plain or not specimen.phases:
        return edge
    phases, shapes = tuple(phase.name for phase in specimen.phases), specimen.shape_names
    return (
        *edge,
        Variable("phase", slot, (n,), "int16", long_name="crystal of the particle", attributes=flags(phases)),
        Variable("shape", slot, (n,), "int16", long_name="shape of the particle", attributes=flags(shapes)),
        Variable(
            "face",
            (*slot, "plane", "part"),
            (n, _most_faces(specimen), 5),
            long_name="outward normal x, y, z of each face, its distance from the particle's centre in Å, its domain",
        ),
        Variable("ball", slot, (n,), units="Å", long_name="radius of a sphere that bounds the particle"),
        Variable(
            "faulted", slot, (n,), "int16", long_name="1 for particles with twins, faults or dislocations"
        ),
        *(
            Variable(name, slot, (n,), units=unit, long_name=meaning)
            for name, (unit, meaning) in _defects(specimen).items()
        ),
    )


def _body_record(campaign: Campaign, specimen: Specimen, structure: Structure) -> dict[str, Any]:
    particles = structure.particles
    edge = {"support_end": structure.support_end_a} if campaign.substrate.edge is not None else {}
    if specimen.is_plain or not specimen.phases:
        return edge
    faces = np.full((len(particles), _most_faces(specimen), 5), np.nan)
    for k, particle in enumerate(particles):
        if particle.faces:
            faces[k, : len(particle.faces)] = particle.faces
    return edge | {
        "phase": [p.phase for p in particles],
        "shape": [p.shape for p in particles],
        "face": faces,
        "ball": [p.ball_a for p in particles],
        "faulted": [int(p.faulted) for p in particles],
        **{name: [p.defects.get(name, np.nan) for p in particles] for name in _defects(specimen)},
    }


def read_stored_particles(source: Source, index: int) -> tuple[Particle, ...]:
    """The particles of one structure of a finished `structures` store.

    Args:
        source: the store.
        index: structure index.
    """

    def read(name: str) -> NDArray[Any]:
        return source.read(name, index)

    placed = int(read("particle_count"))
    centers, radii, quaternions, faults = (
        read(name)[:placed].tolist() for name in ("center", "radius", "quaternion", "fault_plane")
    )
    particles = tuple(
        Particle(tuple(c), r, tuple(q), tuple(x for x in f if not np.isnan(x)))
        for c, r, q, f in zip(centers, radii, quaternions, faults, strict=True)
    )
    if not source.has("face"):
        return particles
    faces, balls = read("face")[:placed], read("ball")[:placed].tolist()
    phases, shapes, faulted = (read(name)[:placed].tolist() for name in ("phase", "shape", "faulted"))
    defects = {name: read(name)[:placed].tolist() for name in _COUNTED if source.has(name)}
    return tuple(
        replace(
            particle,
            phase=phases[k],
            shape=shapes[k],
            faces=tuple(tuple(row) for row in faces[k][np.isfinite(faces[k][:, 0])].tolist()),
            ball_a=balls[k],
            defects={name: values[k] for name, values in defects.items() if not np.isnan(values[k])},
            faulted=bool(faulted[k]),
        )
        for k, particle in enumerate(particles)
    )


def read_stored_structure(source: Source, index: int, cell_a: float) -> Structure:
    """One structure of a finished `structures` store.

    Args:
        source: the store.
        index: structure index.
        cell_a: side of the cell in Å.
    """

    def value(name: str) -> NDArray[Any]:
        return source.read(name, index)

    count = int(value("atom_count"))
    return Structure(
        positions_a=value("positions")[:count],
        numbers=value("numbers")[:count],
        particle=value("particle")[:count],
        particles=read_stored_particles(source, index),
        requested_particles=int(value("requested_particles")),
        substrate_thickness_a=float(value("substrate_thickness")),
        cell_a=cell_a,
        seed=int(value("seed")),
        support_end_a=float(value("support_end")) if source.has("support_end") else float("inf"),
    )


def _padded(values: NDArray[Any], length: int) -> NDArray[Any]:
    padding = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, padding)


def _rectangular(rows: list[tuple[float, ...]]) -> list[list[float]]:
    width = max((len(row) for row in rows), default=0)
    return [[*row, *[np.nan] * (width - len(row))] for row in rows]
