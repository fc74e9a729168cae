"""Structures: atoms of particles on an amorphous film; one row is a structure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.specimen.assembly import CODE_VERSION, VERSIONED_PACKAGES, build_structure, max_atoms
from hrtem_assets.specimen.structure import SUBSTRATE, Particle, Structure
from hrtem_assets.stages.base import Assignment, Made, Stage
from hrtem_assets.store.places import Place
from hrtem_assets.store.reading import read_structure
from hrtem_assets.store.schema import Coordinate, Schema, Variable


class StructuresStage(Stage):
    """Sample particle number, radii, orientations, faults, positions and film, and assemble them."""

    name = "structures"
    description = "Atomic models: particles on an amorphous film. One row is a structure."
    code_version = CODE_VERSION

    def settings(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> dict[str, Any]:
        return {
            "lattice": specimen.lattice.model_dump(
                mode="json", exclude={"label_blur_a", "mask_cutoff", "rms_displacement_a", "source"}
            ),
            "size": specimen.size.model_dump(mode="json"),
            "max_stacking_faults": specimen.max_stacking_faults,
            "substrate": campaign.substrate.model_dump(mode="json", exclude={"rms_displacement_a"}),
            "placement": campaign.placement.model_dump(mode="json"),
            "cell_a": campaign.simulation.cell_a,
        }

    def packages(self, campaign: Campaign) -> tuple[str, ...]:
        return VERSIONED_PACKAGES

    def schema(self, campaign: Campaign, specimen: Specimen, condition: str | None) -> Schema:
        atoms = max_atoms(campaign, specimen)
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
                    f"particle of the atom; {SUBSTRATE} is the film",
                ),
            ),
            records=(
                Variable("atom_count", dtype="int32", long_name="atoms; particle atoms come first"),
                Variable("particle_count", dtype="int16", long_name="particles placed"),
                Variable("requested_particles", dtype="int16", long_name="particles asked for"),
                Variable("substrate_thickness", units="Å", long_name="film thickness"),
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
        )

    def make(self, work: Assignment) -> Made:
        campaign, specimen, index = work.campaign, work.specimen, work.index
        structure = build_structure(campaign, specimen, index)
        atoms = max_atoms(campaign, specimen)
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
        return {None: (arrays, record)}


def read_stored_structure(path: Place, index: int, cell_a: float) -> Structure:
    """One structure of a finished `structures` store.

    Args:
        path: the store.
        index: structure index.
        cell_a: side of the cell in Å.
    """

    def value(name: str) -> NDArray[Any]:
        return read_structure(path, name, index)

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
