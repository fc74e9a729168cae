"""The six stages: what each asset holds, which recipe decides it, and how one structure of it is made."""

from hrtem_assets.stages.base import Stage
from hrtem_assets.stages.exit_waves import ExitWavesStage
from hrtem_assets.stages.labels import LabelsStage
from hrtem_assets.stages.micrographs import MicrographsStage
from hrtem_assets.stages.structures import StructuresStage
from hrtem_assets.stages.training_sets import TrainingSetsStage
from hrtem_assets.stages.zero_defocus import ZeroDefocusStage

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        StructuresStage(),
        ExitWavesStage(),
        ZeroDefocusStage(),
        LabelsStage(),
        MicrographsStage(),
        TrainingSetsStage(),
    )
}

__all__ = ["STAGES", "Stage"]
