"""CPU seconds of every stage, and of its picture, for one structure at full size."""

import time

import pytest

from hrtem_assets.campaign import load_campaign
from hrtem_assets.compute.fill import fill
from hrtem_assets.pictures.partition import partition_picture
from hrtem_assets.stages import STAGES
from hrtem_assets.store.layout import Layout

SPECIMEN = "CdSe-medium"


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_cost_of_one_structure_stage_by_stage(tmp_path):
    """The first of two structures pays imports, compilation and planning; the second is the cost of work."""
    campaign = load_campaign("paper")
    layout = Layout(tmp_path)
    print(
        f"\n{SPECIMEN}, {campaign.simulation.engine}\n{'stage':14}{'first':>9}{'next':>9}{'picture':>9}  CPU s"
    )
    for stage in STAGES.values():
        conditions = tuple(campaign.condition_by_key) if stage.per_condition else (None,)
        costs = []
        for count in (1, 2):
            start = time.process_time()
            fill(
                stage,
                campaign,
                SPECIMEN,
                conditions,
                layout,
                count=count,
                workers=1,
                provenance={},
                log=lambda _: None,
            )
            costs.append(time.process_time() - start)
        start = time.process_time()
        partition_picture(layout, stage.partition(campaign.specimen(SPECIMEN), conditions[0]))
        costs.append(time.process_time() - start)
        print(f"{stage.name:14}" + "".join(f"{cost:9.2f}" for cost in costs), flush=True)
