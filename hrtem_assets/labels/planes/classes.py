"""What a pixel shows: vacuum, substrate, or a particle of a lattice, perfect or faulted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_assets.campaign import Specimen
from hrtem_assets.labels.class_names import BACKGROUND, CLASSES
from hrtem_assets.labels.plane import LabelPlane, LabelSource
from hrtem_assets.specimen.structure import SUBSTRATE

VACUUM, FILM, PERFECT, FAULTED = range(4)


class Classes(LabelPlane):
    """The instances, each by what it is. Numbers are those of one specimen: across specimens go by the meanings."""

    name = CLASSES
    definition = "class of the pixel, by flag_meanings; where particles overlap, of the one farthest from the substrate"
    dtype = "uint16"

    def attributes_of(self, specimen: Specimen) -> Mapping[str, Any]:
        lattice = specimen.lattice_name
        return {
            "flag_values": [VACUUM, FILM, PERFECT, FAULTED],
            "flag_meanings": " ".join((*BACKGROUND, lattice, f"{lattice}_faulted")),
        }

    def make(self, source: LabelSource) -> NDArray[np.uint16]:
        structure = source.structure
        behind = FILM if (structure.particle == SUBSTRATE).any() else VACUUM
        kinds = [behind, *(FAULTED if p.fault_planes_a else PERFECT for p in structure.particles)]
        return np.array(kinds, np.uint16)[source.instances]
