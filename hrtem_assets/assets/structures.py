"""Structures: atoms of particles on an amorphous substrate; one row is a structure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.assets.asset import Asset, Assignment, Column, Made, RunSetting, Source
from hrtem_assets.base.model import recipe_settings
from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.figures import TILE_PX, PartitionPicture, structure_views
from hrtem_assets.specimen.assembly import CODE_VERSION, VERSIONED_PACKAGES, build_structure
from hrtem_assets.specimen.bounds import Bounds, bounds
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure
from hrtem_assets.store import CheckedStore, Coordinate, Recipe, Schema, StoreInfo, Variable

# interpreter, libraries, and what they compile in their first process
_PROCESS_BYTES = 340_000_000
# pictures in a row
_COLUMNS = 4


class StructuresAsset(Asset):
    """Sample particle number, radii, orientations, faults, positions and substrate, and assemble them."""

    name = "structures"
    description = "Atomic models: particles on an amorphous substrate. One row is a structure."
    code_version = CODE_VERSION
    run_settings = (
        RunSetting("simulation.cell_a", "side of the square cell [Å]"),
        RunSetting("substrate", "substrate overrides"),
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
        ("substrate.element", "substrate"),
        ("substrate.thickness_min_a", "least substrate thickness [Å]"),
        ("substrate.thickness_max_a", "greatest substrate thickness [Å]"),
        ("cell_a", "side of the periodic cell [Å]"),
    )

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "lattice": specimen.lattice.deciding,
            "size": specimen.size.model_dump(mode="json"),
            "max_stacking_faults": specimen.max_stacking_faults,
            "substrate": recipe_settings(campaign.substrate, exclude={"rms_displacement_a"}),
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
            ),
            coordinates={"axis": Coordinate(np.arange(3), long_name="x, y, z")},
            structures_per_shard=1,
            title=f"Structures of {specimen.key}: one row is a structure",
            attributes={"crystal": specimen.lattice.figures},
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
        if not ((radii >= size["radius_min_a"]) & (radii <= size["radius_max_a"])).all():
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
        return {None: (arrays, record)}


def read_stored_structure(source: Source, index: int, cell_a: float) -> Structure:
    """One structure of a finished `structures` store.

    Args:
        source: the store.
        index: structure index.
        cell_a: side of the cell in Å.
    """

    def value(name: str) -> NDArray[Any]:
        return source.read(name, index)

    count, placed = int(value("atom_count")), int(value("particle_count"))
    centers, radii, quaternions, faults = (
        value(name)[:placed].tolist() for name in ("center", "radius", "quaternion", "fault_plane")
    )
    return Structure(
        positions_a=value("positions")[:count],
        numbers=value("numbers")[:count],
        particle=value("particle")[:count],
        particles=tuple(
            Particle(tuple(c), r, tuple(q), tuple(x for x in f if not np.isnan(x)))
            for c, r, q, f in zip(centers, radii, quaternions, faults, strict=True)
        ),
        requested_particles=int(value("requested_particles")),
        substrate_thickness_a=float(value("substrate_thickness")),
        cell_a=cell_a,
        seed=int(value("seed")),
    )


def _padded(values: NDArray[Any], length: int) -> NDArray[Any]:
    padding = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, padding)


def _rectangular(rows: list[tuple[float, ...]]) -> list[list[float]]:
    width = max((len(row) for row in rows), default=0)
    return [[*row, *[np.nan] * (width - len(row))] for row in rows]
