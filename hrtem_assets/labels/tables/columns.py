"""The columns of atoms that stand along the beam."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hrtem_assets.campaign import Campaign, Specimen
from hrtem_assets.labels.columns import most_columns
from hrtem_assets.labels.plane import LabelSource
from hrtem_assets.labels.table import PARTS, LabelTable
from hrtem_assets.store import Variable

VALUES = ("x_a", "y_a", "atoms", "number", "particle")


class AtomColumns(LabelTable):
    """Columns of the particles that are seen along a zone axis, within half the distance between columns."""

    name = "columns"
    definition = "position, height and element of each column of atoms that stands along the beam"
    is_array = True

    def variables(self, campaign: Campaign, specimen: Specimen) -> tuple[Variable, ...]:
        most = campaign.placement.count_max * most_columns(campaign.most_extent_a(specimen))
        return (
            Variable(
                "columns",
                ("column", "value"),
                (most, len(VALUES)),
                "float32",
                long_name="columns of atoms: x and y from the cell's corner in Å, atoms, atomic number (0 where they "
                "differ), particle from 1; 0 atoms beyond the last",
                attributes={PARTS: list(VALUES)},
            ),
        )

    def make(self, source: LabelSource) -> Mapping[str, Any]:
        found = source.columns
        (variable,) = self.variables(source.campaign, source.specimen)
        table = np.zeros(variable.shape, np.float32)
        rows = np.column_stack([found.position_a, found.atoms, found.number, found.particle + 1])
        table[: len(rows)] = rows
        return {"columns": table}
