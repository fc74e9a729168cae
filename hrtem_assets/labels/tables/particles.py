"""What each particle is: where, how large, how it lies, and its faults."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.crystal.zone_axes import MOST_INDEX, nearest_zone_axis
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.labels.table import PARTS, LabelTable
from hrtem_assets.specimen.structure import Particle
from hrtem_assets.store import Variable, flags


class Particles(LabelTable):
    """Geometry and orientation of the particles, in the order of the instances' numbers."""

    name = "particles"
    definition = "centre, radius, orientation, nearest zone axis and faults of each particle"

    def variables(self, campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
        n = campaign.placement.count_max
        slot = ("slot",)
        return (
            Variable(
                "particle_center",
                (*slot, "axis"),
                (n, 3),
                units="Å",
                long_name="centre from the cell's corner",
                attributes={PARTS: ["x", "y", "z"]},
            ),
            Variable("particle_radius", slot, (n,), units="Å", long_name="radius"),
            Variable(
                "particle_quaternion",
                (*slot, "component"),
                (n, 4),
                long_name="orientation from the crystal's frame to the structure's",
                attributes={PARTS: ["x", "y", "z", "w"]},
            ),
            Variable(
                "particle_zone_axis",
                (*slot, "index"),
                (n, 3),
                "int8",
                long_name=f"indices, up to {MOST_INDEX}, of the zone axis nearest to +z",
                attributes={PARTS: ["u", "v", "w"]},
            ),
            Variable(
                "particle_zone_tilt", slot, (n,), units="°", long_name="angle between that zone axis and z"
            ),
            Variable("particle_faults", slot, (n,), "int16", long_name="stacking faults"),
            *_of_bodies(specimen, n),
        )

    def make(self, source: LabelSource) -> Mapping[str, Any]:
        particles = source.structure.particles
        phases = source.specimen.phases
        # atoms from files have no axes
        zones = [
            nearest_zone_axis(phases[p.phase].lattice.cell, p.quaternion) if phases else ((0, 0, 0), np.nan)
            for p in particles
        ]
        more: dict[str, Any] = {}
        if phases and not source.specimen.is_plain:
            more = {
                "particle_phase": [p.phase for p in particles],
                "particle_shape": [p.shape for p in particles],
            }
        return more | {
            "particle_center": [p.center_a for p in particles],
            "particle_radius": [p.radius_a for p in particles],
            "particle_quaternion": [p.quaternion for p in particles],
            "particle_zone_axis": [axis for axis, _ in zones],
            "particle_zone_tilt": [tilt for _, tilt in zones],
            "particle_faults": [_faults(p) for p in particles],
        }


def _of_bodies(specimen: Specimen, n: int) -> tuple[Variable, ...]:
    if specimen.is_plain or not specimen.phases:
        return ()
    names = {
        "particle_phase": (tuple(phase.name for phase in specimen.phases), "crystal"),
        "particle_shape": (specimen.shape_names, "shape"),
    }
    return tuple(
        Variable(
            name,
            ("slot",),
            (n,),
            "int16",
            long_name=meaning,
            attributes=flags(of),
        )
        for name, (of, meaning) in names.items()
    )


def _faults(particle: Particle) -> int:
    counted = sum(particle.defects.get(f"{name}_count", 0.0) for name in ("stacking_faults", "twins"))
    return len(particle.fault_planes_a) + int(counted)
