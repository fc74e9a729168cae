"""Which of the partitions that are left to begin with: what fits into a bound, cheapest first, upstream first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hrtem_assets.campaign import Campaign
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import PartitionId
from hrtem_assets.upkeep.census import upstream_partitions
from hrtem_assets.upkeep.plan import PartitionPlan
from hrtem_assets.upkeep.rates import mean_height_a


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


def choose(
    campaign: Campaign,
    plans: Sequence[PartitionPlan],
    barred: Mapping[PartitionId, str],
    max_partitions: int,
    max_seconds: float,
) -> Choice:
    """Choose among what is not complete.

    Whole specimens follow each other, since a specimen's partitions wait for its own alone. At least one partition is
    chosen, however long it takes: it is resumed where it was left. Of what has no measured rate yet one specimen is
    chosen, which measures it.

    Args:
        campaign: of the plans.
        plans: of the selection, upstream before downstream.
        barred: partitions that may not be begun, and why; what is made from them waits as well.
        max_partitions: bound.
        max_seconds: bound, in seconds of one worker.
    """
    refused: dict[PartitionId, str] = {}
    open_: dict[str, list[PartitionPlan]] = {}
    for plan in plans:
        partition = plan.partition
        if plan.state == "complete":
            continue
        awaited = [u for u in upstream_partitions(STAGES[partition.asset], partition) if u in refused]
        if partition in barred:
            refused[partition] = barred[partition]
        elif awaited:
            refused[partition] = f"waits for {awaited[0]}"
        else:
            open_.setdefault(partition.specimen, []).append(plan)

    def cost(specimen: str) -> tuple[bool, float, float]:
        seconds = [p.seconds for p in open_[specimen]]
        return None in seconds, sum(s or 0.0 for s in seconds), mean_height_a(campaign, specimen)

    chosen: list[PartitionPlan] = []
    spent = 0.0
    for specimen in sorted(open_, key=cost):
        unknown = cost(specimen)[0]
        if unknown and chosen:
            break
        for plan in open_[specimen]:
            spent += plan.seconds or 0.0
            if chosen and (len(chosen) == max_partitions or spent > max_seconds):
                break
            chosen.append(plan)
        else:
            if unknown:
                break
            continue
        break
    return Choice(tuple(chosen), refused, sum(map(len, open_.values())) - len(chosen))
