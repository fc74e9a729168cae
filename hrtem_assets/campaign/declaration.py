"""What a campaign knows of an exit-wave engine before anything is computed."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from hrtem_assets.base.model import Model

if TYPE_CHECKING:
    from hrtem_assets.campaign.settings import Simulation


class EngineFields(Model):
    """Fields that an engine adds to the simulation settings; no other engine reads them."""

    @classmethod
    def of(cls, simulation: "Simulation") -> Self:
        """An engine's own part of the simulation settings."""
        return cls(**{name: getattr(simulation, name) for name in cls.model_fields})


class EngineDeclaration:
    """An engine's name, its settings, and what it cannot follow.

    The class in `waves.engines` that computes is derived from it. A campaign cannot look there: what to make comes
    before how.

    Attributes:
        name: as in `simulation.engine`; a word of small letters.
        summary: what speaks for it, in a few words, for forms and documentation.
        fields: what it adds to the simulation settings.
        ignored: fields of the others that decide nothing when it computes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    fields: ClassVar[type[EngineFields]] = EngineFields
    ignored: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def check(cls, simulation: "Simulation") -> None:
        """Refuse simulation settings that the engine cannot follow.

        Args:
            simulation: valid but for what this engine needs beyond.

        Raises:
            ValueError: names the setting, its value and the repair.
        """


def definitions(fields: type[EngineFields]) -> dict[str, Any]:
    """An engine's fields as `pydantic.create_model` takes them."""
    return {name: (info.annotation, info) for name, info in fields.model_fields.items()}
