"""When and how much a campaign is topped up by itself; decides nothing of what is made."""

import re
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from hrtem_assets.base.model import Model, quantity

_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
# February has 29 at times
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
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
                match = _PART.fullmatch(item)
                numbers = [int(n) for n in match.groups()[:2] if n is not None] if match else []
                in_order = numbers == sorted(numbers)
                if not match or not in_order or not all(least <= n <= most for n in numbers):
                    raise ValueError(
                        f"{name} {part!r} must be *, numbers from {least} to {most}, ranges such as "
                        f"{least}-{most}, or steps such as */5"
                    )
                if len(numbers) == 2 and numbers[0] == numbers[1]:
                    # Dagster reads such a range as *
                    raise ValueError(
                        f"{name} {part!r}: the range {item} holds one number; write {numbers[0]} for it"
                    )
        _refuse_never(parts)
        return " ".join(parts)

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("is not a time zone; use a name such as UTC or Europe/Zurich") from error
        return name


def _refuse_never(parts: list[str]) -> None:
    """Refuse days that no month has, such as 31 February: with a weekday beside them Dagster finds no time either."""
    days, months = (_numbers(part, *_FIELDS[name]) for part, name in ((parts[2], "day"), (parts[3], "month")))
    if min(days) > max(_DAYS[month - 1] for month in months):
        raise ValueError(f"never occurs: day {parts[2]} is in no month of {parts[3]!r}; change day or month")


def _numbers(part: str, least: int, most: int) -> set[int]:
    """The numbers that a field of a valid cron expression stands for."""
    numbers: set[int] = set()
    for item in part.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin, end = (least, most) if first == "*" else (int(first), int(last or (most if step else first)))
        numbers |= set(range(begin, end + 1, int(step or 1)))
    return numbers
