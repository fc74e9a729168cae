"""What each particle is: where, how large, how it lies, and its faults."""

from collections.abc import Mapping
from typing import Any

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.crystal.zone_axes import MOST_INDEX, nearest_zone_axis
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.labels.table import PARTS, LabelTable
from hrtem_assets.store import Variable


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
        )

    def make(self, source: LabelSource) -> Mapping[str, Any]:
        particles = source.structure.particles
        zones = [nearest_zone_axis(source.specimen.lattice.cell, p.quaternion) for p in particles]
        return {
            "particle_center": [p.center_a for p in particles],
            "particle_radius": [p.radius_a for p in particles],
            "particle_quaternion": [p.quaternion for p in particles],
            "particle_zone_axis": [axis for axis, _ in zones],
            "particle_zone_tilt": [tilt for _, tilt in zones],
            "particle_faults": [len(p.fault_planes_a) for p in particles],
        }
