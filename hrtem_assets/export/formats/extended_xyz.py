"""Extended XYZ of the structures, a compressed file each, for ASE, OVITO and other atomistic tools."""

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_assets.assets.structures import read_stored_structure
from hrtem_assets.export.formats.content import FileKind, PartitionFormat
from hrtem_assets.export.formats.source import Source
from hrtem_assets.specimen.structure import Structure
from hrtem_assets.store import CheckedStore


class ExtendedXyz(PartitionFormat):
    """Atoms at rest with cell, periodicity, particle of each atom, and the particles' geometry."""

    name = "xyz"
    asset = "structures"
    library = "ASE"
    files = (
        FileKind(
            "structures/*.extxyz.gz",
            "application/gzip",
            "a structure each: positions in Å, column `particle` (-1 is the substrate), cell periodic in x and y, "
            "radius, centre, orientation, shape, crystal and stacking faults of every particle in the comment line",
        ),
    )
    example = (
        "import ase.io\n\n"
        'atoms = ase.io.read("structures/000000.extxyz.gz", format="extxyz")\n'
        'atoms[atoms.arrays["particle"] >= 0]  # without the substrate\n'
        'atoms.info["particle_radius_a"]\n'
    )

    def write_partition(self, source: Source, folder: Path, done: Callable[[], None]) -> None:
        (folder / "structures").mkdir()
        cell_a = float(source.info.recipe.settings["cell_a"])
        for index in source.structures:
            structure = read_stored_structure(source.checked, index, cell_a)
            names = {of: _names(source.checked, of) for of in ("shape", "phase") if source.checked.has(of)}
            text = _frame(structure, source.info.recipe.specimen, index, names)
            # compressed without the time of writing, for the same bytes every time
            (folder / "structures" / f"{index:06d}.extxyz.gz").write_bytes(
                gzip.compress(text.encode(), compresslevel=6, mtime=0)
            )
            done()


def _names(store: CheckedStore, variable: str) -> list[str]:
    """What the numbers of a variable stand for."""
    return str(store.array(variable).attrs["flag_meanings"]).split()


def _frame(structure: Structure, specimen: str, index: int, names: Mapping[str, Sequence[str]]) -> str:
    from ase import Atoms
    from ase.io import write

    top_a = float(structure.positions_a[:, 2].max())
    atoms = Atoms(
        structure.numbers,
        structure.positions_a.astype(np.float64),
        cell=(structure.cell_a, structure.cell_a, top_a),
        pbc=(True, True, False),
    )
    atoms.set_array("particle", structure.particle.astype(np.int64))
    atoms.info = _information(structure) | {"specimen": specimen, "structure": index}
    for of, meanings in names.items():
        atoms.info[f"particle_{of}"] = " ".join(meanings[getattr(p, of)] for p in structure.particles)
    buffer = io.StringIO()
    write(buffer, atoms, format="extxyz")
    return buffer.getvalue()


def _information(structure: Structure) -> dict[str, Any]:
    particles = structure.particles
    return {
        # as text: readers would take the largest for floating-point numbers
        "seed_hex": f"0x{structure.seed:016x}",
        "substrate_thickness_a": structure.substrate_thickness_a,
        "requested_particles": structure.requested_particles,
        "particle_radius_a": [p.radius_a for p in particles],
        "particle_center_a": [list(p.center_a) for p in particles],
        "particle_quaternion_xyzw": [list(p.quaternion) for p in particles],
        # a flat list each: readers refuse lists of lists of different lengths
        "fault_particle": [k for k, p in enumerate(particles) for _ in p.fault_planes_a],
        "fault_plane_a": [plane for p in particles for plane in p.fault_planes_a],
    }
