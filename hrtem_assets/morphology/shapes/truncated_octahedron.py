"""An octahedron of {111} with its corners cut off by {100}."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.imaging.distributions import Drawn, drawn
from hrtem_assets.morphology.bodies import Domain
from hrtem_assets.morphology.crystals_of_shapes import need_cubic
from hrtem_assets.morphology.shape import Shape, facets

# all edges of equal length
REGULAR = 2 / 3**0.5


class TruncatedOctahedron(Shape):
    """{111} and {100}, from the cuboctahedron to the octahedron."""

    shape: Literal["truncated_octahedron"] = "truncated_octahedron"
    ratio: Drawn = drawn(
        REGULAR,
        "1",
        "distance of {100} from the centre over that of {111}: 0.866 is the cuboctahedron, 1.155 the shape of equal "
        "edges, 1.732 the octahedron",
        ge=0.6,
        le=1.75,
    )

    def domains(self, crystal: Crystal, rng: np.random.Generator) -> Sequence[Domain]:
        need_cubic(crystal, self.name)
        return [Domain(*facets(crystal, [((1, 1, 1), 1.0), ((1, 0, 0), self.ratio)], "facets"))]
