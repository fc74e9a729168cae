"""The common base of all campaign models, quantities with units, and readable validation errors."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

KEY_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+]*")


class Model(BaseModel):
    """A frozen, strict settings model: unknown fields and out-of-range values are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


def quantity(default: Any, unit: str, description: str, **constraints: Any) -> Any:
    """A pydantic field whose description and JSON schema name its unit.

    Args:
        default: default value, or `...` for a required field.
        unit: unit symbol such as `Å`, `nm`, `rad`; `1` for a pure number.
        description: what the number means, without the unit.
        constraints: `ge`, `gt`, `le`, `lt` as in `pydantic.Field`.
    """
    text = description if unit == "1" else f"{description} [{unit}]"
    return Field(default, description=text, json_schema_extra={"unit": unit}, **constraints)


def check_name(kind: str, name: str) -> None:
    """Refuse names that could not stand in a partition key or a folder name."""
    if not KEY_PATTERN.fullmatch(name):
        raise ValueError(
            f"{kind} name {name!r} must start with a letter or digit and hold only letters, digits, "
            f"'_', '.' and '+'; it becomes part of a partition key and a folder name"
        )


def allowed_range(model: type[BaseModel], location: Iterable[Any]) -> str:
    """The range that a field's constraints allow, in words; empty if it has none.

    Args:
        model: model in which validation started.
        location: pydantic error location (field names, mapping keys, list indices).
    """
    field: FieldInfo | None = None
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, str) and current is not None and part in current.model_fields:
            field = current.model_fields[part]
            current = next(iter(_models_in(field.annotation)), None)
    if field is None:
        return ""
    bounds = {
        name: getattr(item, name)
        for item in field.metadata
        for name in ("gt", "ge", "lt", "le")
        if getattr(item, name, None) is not None
    }
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    words = " and ".join(f"{signs[k]} {v}" for k, v in bounds.items())
    extra = field.json_schema_extra
    unit = str(extra.get("unit", "1")) if isinstance(extra, Mapping) else "1"
    return words if unit == "1" or not words else f"{words} {unit}"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in _models_in(a)]


def explain(error: ValidationError, model: type[BaseModel], source: str) -> str:
    """A validation error in the words of a user: field, value, allowed range, repair.

    Args:
        error: what pydantic raised.
        model: model that was validated.
        source: file or form in which the repair has to be made.
    """
    lines = []
    errors = error.errors()
    for item in errors:
        if item["type"] == "too_short" and any(
            e["loc"][: len(item["loc"])] == item["loc"] and e is not item for e in errors
        ):
            # pydantic counts only items without an error of their own
            continue
        where = ".".join(str(p) for p in item["loc"]) or "campaign"
        value = item.get("input")
        shown = "" if isinstance(value, dict | list | tuple | BaseModel) else f" = {value!r}"
        reason = item["msg"].removeprefix("Value error, ")
        allowed = allowed_range(model, item["loc"])
        if item["type"] == "extra_forbidden":
            shown, reason = "", "is not a known field"
            repair = f"remove it, or correct its spelling, in {source}"
        elif item["type"] == "missing":
            shown, reason = "", "is required"
            repair = f"add it in {source}"
        else:
            repair = f"change it in {source}"
        lines.append(
            f"{where}{shown}: {reason}" + (f" (allowed: {allowed})" if allowed else "") + f"; {repair}"
        )
    return "\n".join(lines)
