"""When and how much a campaign is topped up by itself; decides nothing of what is made."""

import re
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from hrtem_assets.campaign.base import Model, quantity

_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?")


class Schedule(Model):
    """The nightly top-up: it runs only where it is switched on, and enters no recipe."""

    cron: str = Field("0 22 * * *", description="when: minute, hour, day, month, weekday, in numbers")
    timezone: str = Field("UTC", description="time zone of cron, such as Europe/Zurich")
    series: tuple[str, ...] = Field((), description="series to top up; all of the campaign if empty")
    max_partitions: int = quantity(500, "1", "partitions requested at once", ge=1)
    max_hours: float = quantity(10.0, "h", "time requested at once, by measured rates", gt=0.0, le=10_000.0)
    attempts: int = quantity(2, "1", "times that a partition is requested within 12 hours", ge=1, le=100)

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, text: str) -> str:
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise ValueError(
                f"{len(parts)} fields instead of {len(_FIELDS)} ({', '.join(_FIELDS)}), as in '0 22 * * *'"
            )
        for part, (name, (least, most)) in zip(parts, _FIELDS.items(), strict=True):
            for item in part.split(","):
                found = _PART.fullmatch(item)
                numbers = [int(n) for n in found.groups()[:2] if n is not None] if found else []
                in_order = numbers == sorted(numbers)
                if not found or not in_order or not all(least <= n <= most for n in numbers):
                    raise ValueError(
                        f"{name} {part!r} must be *, numbers from {least} to {most}, ranges such as "
                        f"{least}-{most}, or steps such as */5"
                    )
        return " ".join(parts)

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("is no time zone; use a name such as UTC or Europe/Zurich") from error
        return name
