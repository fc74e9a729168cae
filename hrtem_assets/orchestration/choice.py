"""Which of the partitions that are left to begin with: what fits into a bound, cheapest first, upstream first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.lineage import upstream_partitions
from hrtem_assets.campaign import Campaign
from hrtem_assets.maintenance.plan import PartitionPlan
from hrtem_assets.maintenance.rates import mean_height_a
from hrtem_assets.store import PartitionId


@dataclass(frozen=True)
class Choice:
    """What to begin with.

    Attributes:
        chosen: upstream before downstream within each specimen, the cheapest specimen first.
        barred: what may not be begun, and why.
        later: partitions that the bound left out.
    """

    chosen: tuple[PartitionPlan, ...]
    barred: Mapping[PartitionId, str]
    later: int


def admit(
    plans: Sequence[PartitionPlan], barred: Mapping[PartitionId, str]
) -> tuple[list[PartitionPlan], dict[PartitionId, str]]:
    """What is not complete and may be begun, and why the rest may not.

    Args:
        plans: upstream before downstream.
        barred: partitions that may not be begun, and why; what is made from them waits as well.
    """
    admitted: list[PartitionPlan] = []
    refused: dict[PartitionId, str] = {}
    for plan in plans:
        partition = plan.partition
        if plan.state == "complete":
            continue
        awaited = [u for u in upstream_partitions(partition) if u in refused]
        if partition in barred:
            refused[partition] = barred[partition]
        elif awaited:
            refused[partition] = f"waits for {awaited[0]}"
        else:
            admitted.append(plan)
    return admitted, refused


def choose(
    campaign: Campaign,
    plans: Sequence[PartitionPlan],
    barred: Mapping[PartitionId, str],
    max_partitions: int,
    max_seconds: float,
) -> Choice:
    """Choose among what is admitted as much as fits.

    Whole specimens follow each other, since a specimen's partitions wait for its own alone. At least one partition is
    chosen, however long it takes: it is resumed where it was left. Of those whose waves have no measured rate yet one
    specimen is chosen, which measures it.

    Args:
        campaign: of the plans.
        plans: of the selection, upstream before downstream.
        barred: partitions that may not be begun, and why.
        max_partitions: bound.
        max_seconds: bound, in seconds of one worker.
    """
    admitted, refused = admit(plans, barred)
    by_specimen: dict[str, list[PartitionPlan]] = {}
    for plan in admitted:
        by_specimen.setdefault(plan.partition.specimen, []).append(plan)

    def cost(specimen: str) -> tuple[bool, float, float]:
        specimen_plans = by_specimen[specimen]
        # all that follows these takes a few hundredths of their time
        unknown = any(
            p.seconds is None and ASSETS[p.partition.asset].cost_grows_with == "height"
            for p in specimen_plans
        )
        return unknown, sum(p.seconds or 0.0 for p in specimen_plans), mean_height_a(campaign, specimen)

    chosen: list[PartitionPlan] = []
    spent = 0.0
    for specimen in sorted(by_specimen, key=cost):
        unknown = cost(specimen)[0]
        if unknown and chosen:
            break
        for plan in by_specimen[specimen]:
            spent += plan.seconds or 0.0
            if chosen and (len(chosen) == max_partitions or spent > max_seconds):
                return Choice(tuple(chosen), refused, len(admitted) - len(chosen))
            chosen.append(plan)
        if unknown:
            break
    return Choice(tuple(chosen), refused, len(admitted) - len(chosen))
