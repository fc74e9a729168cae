"""Who is pretrained on what, and then trained on what: the ordered pairs and mixtures of a campaign's series."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hrtem_assets.campaign import Campaign
from hrtem_assets.imaging.distributions import Distribution

PRETRAINING_DEFOCUS_NM = 10.0
"""Training sets within this of zero defocus are pretrained on, the others are for transfer only (as published)."""


@dataclass(frozen=True)
class TransferPair:
    """Two training sets of a series: a network is pretrained on the source, then trained on the target.

    Attributes:
        series: series name.
        source_specimen: specimen key of the source.
        source_condition: condition key of the source.
        target_specimen: specimen key of the target.
        target_condition: condition key of the target.
    """

    series: str
    source_specimen: str
    source_condition: str
    target_specimen: str
    target_condition: str


@dataclass(frozen=True)
class Mixture(TransferPair):
    """A baseline of a pair: a network trained at once on images of both.

    Attributes:
        source_images: training images of the source.
        target_images: training images of the target.
    """

    source_images: int
    target_images: int


def transfer_pairs(campaign: Campaign) -> list[TransferPair]:
    """Every ordered pair of different training sets of a series whose source is one to pretrain on.

    For the published campaign 50 of the defocus, 20 of the dose and 306 of the structure series.

    Args:
        campaign: its series decide.
    """
    pairs = []
    for name, series in campaign.series.items():
        sets = [(s, c) for s in series.specimens for c in series.conditions]
        pairs += [
            TransferPair(name, source, source_condition.key, target, target_condition.key)
            for source, source_condition in sets
            if abs(_usual(source_condition.defocus_nm)) <= PRETRAINING_DEFOCUS_NM
            for target, target_condition in sets
            if (source, source_condition) != (target, target_condition)
        ]
    return pairs


def mixtures(campaign: Campaign) -> list[Mixture]:
    """For every pair one, two and three quarters of the training images from the source, the rest from the target.

    For the published campaign 128:384, 256:256 and 384:128.

    Args:
        campaign: its series and its number of training images decide.
    """
    images = campaign.counts.train * campaign.images_per_structure
    return [
        Mixture(**asdict(pair), source_images=n, target_images=images - n)
        for pair in transfer_pairs(campaign)
        for n in _quarters(images)
    ]


def as_csv(rows: Iterable[TransferPair]) -> str:
    """A table with a header, one line per row.

    Args:
        rows: all of one kind; at least one.
    """
    records = [asdict(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _quarters(images: int) -> Iterator[int]:
    yield from sorted({images * k // 4 for k in (1, 2, 3)} - {0, images})


def _usual(value: Any) -> float:
    """A number, or the median of what it is drawn from."""
    return float(value.median if isinstance(value, Distribution) else value)
