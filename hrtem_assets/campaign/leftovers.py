"""What of a campaign names specimens, conditions or series that it does not hold, and the lines that take it out."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from hrtem_assets.campaign.names import KEY_PATTERN, listed

if TYPE_CHECKING:
    from hrtem_assets.campaign.campaign import Campaign

_MOST_SHOWN = 10


def check_leftovers(campaign: "Campaign") -> None:
    """Refuse whatever names what is not there, all at once: a campaign that replaces lattices, sizes or conditions of
    the one that it extends inherits what named them.

    Args:
        campaign: its specimens, conditions and series are what may be named.

    Raises:
        ValueError: a line for each, and the lines of YAML that take them out.
    """
    by_section = {
        "series": dict(_of_series(campaign)),
        "max_stacking_faults": _of_specimens("max_stacking_faults", campaign.max_stacking_faults, campaign),
        "engines": _of_specimens("engines", campaign.engines, campaign),
    }
    faults = [line for lines in by_section.values() for line in lines.values()]
    repairs = [
        _taken_out(section, lines, getattr(campaign, section))
        for section, lines in by_section.items()
        if lines
    ]
    about_specimens = [k for k, line in enumerate(faults) if "specimen" in line]
    if about_specimens:
        faults[about_specimens[-1]] += f"; known: {listed(campaign.specimens)}"
    unknown = [name for name in campaign.schedule.series if name not in campaign.series]
    if unknown:
        faults.append(f"schedule.series: unknown series {_some(unknown)}; known: {listed(campaign.series)}")
        repairs.append("schedule: {series: null}")
    if faults:
        raise ValueError(
            "\n  ".join(faults)
            + "\ncorrect these names; to remove entries of the campaign that is extended, write\n  "
            + "\n  ".join(repairs)
        )


def _of_series(campaign: "Campaign") -> Iterator[tuple[str, str]]:
    for name, series in campaign.series.items():
        faults = []
        if unknown := [k for k in series.specimens if k not in campaign.specimens]:
            faults.append(f"unknown specimens {_some(unknown)}")
        if missing := [c.key for c in series.conditions if c.key not in campaign.condition_by_key]:
            faults.append(f"{_some(missing)} are not in conditions; add them there")
        other = [c.key for c in series.conditions if campaign.condition_by_key.get(c.key, c) != c]
        if other:
            faults.append(
                f"{_some(other)} are written otherwise than in conditions; write only the names here"
            )
        if faults:
            yield name, f"series.{name}: {'; '.join(faults)}"


def _of_specimens(section: str, names: Collection[str], campaign: "Campaign") -> dict[str, str]:
    return {name: f"{section}.{name}: no such specimen" for name in names if name not in campaign.specimens}


def _taken_out(section: str, names: Collection[str], every: Mapping[str, object]) -> str:
    if len(names) == len(every):
        return f"{section}: null"
    plain = {name: KEY_PATTERN.fullmatch(name.replace("-", "_")) is not None for name in names}
    entries = ", ".join(f"{name if plain[name] else json.dumps(name)}: null" for name in names)
    return f"{section}: {{{entries}}}"


def _some(names: list[str]) -> str:
    left = len(names) - _MOST_SHOWN
    return f"{names[:_MOST_SHOWN]}" + (f" and {left:,} more" if left > 0 else "")
