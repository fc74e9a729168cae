"""abTEM, the reference: follows every simulation setting, and adds none."""

from hrtem_assets.campaign.declaration import EngineDeclaration


class Abtem(EngineDeclaration):
    """abTEM's multislice."""

    name = "abtem"
    summary = "the reference"
