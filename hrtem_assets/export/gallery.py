"""What the gallery shows: for every series of a campaign, the training sets that are made, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hrtem_assets.assets.partitions import finished_store
from hrtem_assets.campaign import Campaign, Condition, Series
from hrtem_assets.store import Layout, PartitionId, StoreError, StorePath, StoreReader, files, store_info

ASSET = "training_sets"
SEARCHED_STRUCTURES = 16


@dataclass(frozen=True)
class Panel:
    """One image of the gallery.

    Attributes:
        specimen: specimen key.
        condition: condition key.
        title: what sets it apart from its neighbours.
        store: the training set that shows it; None if it is not there.
        absence: why not, in two words.
    """

    specimen: str
    condition: str
    title: str
    store: StorePath | None
    absence: str = ""


@dataclass(frozen=True)
class Plate:
    """The images of one series.

    Attributes:
        heading: name and description.
        rows: panels, by the label of their row.
    """

    heading: str
    rows: dict[str, list[Panel]]

    @property
    def panels(self) -> list[Panel]:
        """All panels, row by row."""
        return [panel for row in self.rows.values() for panel in row]

    @property
    def first_shown(self) -> Panel | None:
        """The first panel with an image."""
        return next((panel for panel in self.panels if panel.store), None)


class Gallery:
    """What of a campaign's series can be shown.

    Args:
        campaign: its series; all that is made, where it has none.
        layout: where stores lie.

    Raises:
        StoreError: if nothing is made yet.
    """

    def __init__(self, campaign: Campaign, layout: Layout) -> None:
        self.campaign, self.layout = campaign, layout
        series = campaign.series or {"all": self._everything()}
        self.plates = [self._plate(name, s) for name, s in series.items()]
        if not any(panel.store for panel in self.panels):
            raise StoreError(f"there is nothing to show yet; begin with: {self.commands[0]}")

    @cached_property
    def panels(self) -> list[Panel]:
        """All panels of all plates."""
        return [panel for plate in self.plates for panel in plate.panels]

    @property
    def missing(self) -> list[Panel]:
        """Panels without an image."""
        return [panel for panel in self.panels if panel.store is None]

    @property
    def commands(self) -> list[str]:
        """The commands that make what is missing."""
        specimens = dict.fromkeys(panel.specimen for panel in self.missing)
        lines = []
        for specimen in specimens:
            keys = list(dict.fromkeys(p.condition for p in self.missing if p.specimen == specimen))
            # all conditions are the default
            options = f" --condition {keys[0]}" if len(keys) == 1 else ""
            lines.append(f"hrtem materialize all --specimen {specimen}{options}")
        return lines

    def shown_row(self, specimen: str) -> int:
        """The row to show: of the first structures, that with most particle; the same under all conditions."""
        stores = [p.store for p in self.panels if p.specimen == specimen and p.store is not None]
        infos = [store_info(store) for store in stores]
        fractions = [
            StoreReader(info.path).column("mask_fraction")[: SEARCHED_STRUCTURES * info.rows_per_structure]
            for info in infos
        ]
        made = set.intersection(*(set(info.made) for info in infos))
        fewest = min(fractions, key=len)
        return max(
            (index for index in range(len(fewest)) if index in made), key=lambda index: float(fewest[index])
        )

    def _plate(self, name: str, series: Series) -> Plate:
        conditions = [self.campaign.condition(c.key) for c in series.conditions]
        words = name.replace("_", " ").capitalize()
        heading = f"{words}: {series.description.rstrip('.')}" if series.description else words
        if len(series.specimens) > 1 and len(conditions) == 1:
            specimens = [self.campaign.specimen(key) for key in series.specimens]
            return Plate(
                heading,
                {
                    size: [
                        self._panel(s.key, conditions[0], s.lattice_name)
                        for s in specimens
                        if s.size_name == size
                    ]
                    for size in dict.fromkeys(s.size_name for s in specimens)
                },
            )
        titles = _titles(conditions)
        return Plate(
            heading,
            {
                key: [self._panel(key, c, title) for c, title in zip(conditions, titles, strict=True)]
                for key in series.specimens
            },
        )

    def _panel(self, specimen: str, condition: Condition, title: str) -> Panel:
        try:
            info, _ = finished_store(self.campaign, self.layout, ASSET, specimen, condition.key)
        except StoreError:
            outdated = files.is_made(self.layout.store(PartitionId(ASSET, specimen, condition.key)))
            return Panel(specimen, condition.key, title, None, "out of date" if outdated else "not made")
        if not info.made:
            return Panel(specimen, condition.key, title, None, "cannot be made")
        return Panel(specimen, condition.key, title, info.path)

    def _everything(self) -> Series:
        """Specimens and conditions of which something is made; the first of each if nothing is."""
        made = [
            (specimen, condition)
            for specimen in self.campaign.specimens
            for condition in self.campaign.conditions
            if self._panel(specimen, condition, "").store
        ] or [(next(iter(self.campaign.specimens)), self.campaign.conditions[0])]
        return Series(
            specimens=tuple(dict.fromkeys(s for s, _ in made)),
            conditions=tuple(c for c in self.campaign.conditions if c in {c for _, c in made}),
        )


def _titles(conditions: Sequence[Condition]) -> list[str]:
    """What differs between conditions: the defocus, the dose, or both; their keys, where some have names."""
    if any(c.name for c in conditions):
        return [c.key for c in conditions]
    defocus = [f"{c.defocus_nm:+g} nm" if c.defocus_nm else "0 nm" for c in conditions]
    dose = [f"{c.dose_e_per_a2:g} e/Å²" for c in conditions]
    if len(set(dose)) == 1:
        return defocus
    return dose if len(set(defocus)) == 1 else [f"{a}, {b}" for a, b in zip(defocus, dose, strict=True)]
