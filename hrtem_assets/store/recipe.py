"""Recipes: everything that decides a partition's numbers, and the hash that identifies them."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict


class Recipe(BaseModel):
    """What decides the numbers of one partition, whatever its count of structures.

    Attributes:
        asset: asset name.
        specimen: specimen key.
        condition: condition key or None.
        seed: campaign seed.
        settings: resolved settings of the asset, as JSON.
        code_version: raised when the asset's code changes its numbers.
        packages: versions of the packages that decide the numbers.
        upstream: hash of each upstream partition's recipe, by asset name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str
    specimen: str
    condition: str | None
    seed: int
    settings: dict[str, Any]
    code_version: str
    packages: dict[str, str]
    upstream: dict[str, str]

    @property
    def digest(self) -> str:
        """24 hexadecimal digits: equal for equal recipes."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def differences(stored: Recipe, wanted: Recipe) -> list[str]:
    """Where two recipes differ, one line per setting: `settings.optics.focal_spread_a: 10.0 (stored), 8.0 (wanted)`."""
    a, b = (dict(_leaves(r.model_dump(mode="json"), "")) for r in (stored, wanted))
    return [
        f"{key}: {a.get(key, 'absent')!s} (stored), {b.get(key, 'absent')!s} (wanted)"
        for key in sorted(a.keys() | b.keys())
        if a.get(key, "absent") != b.get(key, "absent")
    ]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
