"""Every orientation alike."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from hrtem_assets.crystal.crystal import Crystal
from hrtem_assets.morphology.orientation import Orientation, Surroundings, uniform_quaternion


class UniformOrientation(Orientation):
    """Uniform over SO(3)."""

    orientation: Literal["uniform"] = "uniform"

    def rotation(
        self,
        crystal: Crystal,
        contact: NDArray[np.float64] | None,
        around: Surroundings,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        return np.asarray(Rotation.from_quat(uniform_quaternion(rng)).as_matrix())
