"""What a pixel shows: vacuum, substrate, or a particle of a lattice, perfect or faulted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Specimen
from hrtem_assets.labels.class_names import BACKGROUND, CLASSES
from hrtem_assets.labels.plane import LabelPlane, LabelSource
from hrtem_assets.specimen.structure import SUBSTRATE
from hrtem_assets.store import flags

VACUUM, FILM, FIRST = range(3)


class Classes(LabelPlane):
    """The instances, each by what it is. Numbers are those of one specimen: across specimens go by the meanings."""

    name = CLASSES
    definition = "class of the pixel, by flag_meanings; where particles overlap, of the one farthest from the substrate"
    dtype = "uint16"

    def attributes_of(self, specimen: Specimen) -> Mapping[str, Any]:
        phases = [phase.name for phase in specimen.phases] or [specimen.lattice_name]
        meanings = [*BACKGROUND, *(kind for name in phases for kind in (name, f"{name}_faulted"))]
        return flags(meanings)

    def make(self, source: LabelSource) -> NDArray[np.uint16]:
        structure = source.structure
        behind = FILM if (structure.particle == SUBSTRATE).any() else VACUUM
        kinds = [
            behind,
            *(FIRST + 2 * p.phase + int(p.faulted or bool(p.fault_planes_a)) for p in structure.particles),
        ]
        classes = np.array(kinds, np.uint16)[source.instances]
        if np.isfinite(structure.support_end_a) and behind == FILM:
            # beside the edge of the support lies vacuum
            x_a = np.arange(source.side_px) * source.sampling_a
            classes[:, x_a > structure.support_end_a] = np.where(
                source.instances[:, x_a > structure.support_end_a] == 0,
                VACUUM,
                classes[:, x_a > structure.support_end_a],
            )
        return classes
