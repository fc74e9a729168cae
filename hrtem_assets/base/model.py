"""The common base of all campaign models, quantities with units, and readable validation errors."""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError
from pydantic.fields import FieldInfo

from hrtem_assets.base.files import shown

Whole = Annotated[int, Strict()]
"""A whole number that no boolean, text or decimal number stands for."""
Real = Annotated[float, Strict()]
"""A number that no boolean or text stands for."""
YesNo = Annotated[bool, Strict()]
"""true or false, and no number or text in their stead."""
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A line of text, for a name or a title."""
Words = Annotated[str, Field(max_length=10_000)]
"""A description."""

MOST_FAULTS = 20
_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}


class Model(BaseModel):
    """A frozen, strict settings model: unknown fields and out-of-range values are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


def quantity(default: Any, unit: str, description: str, later: bool = False, **constraints: Any) -> Any:
    """A pydantic field whose description and JSON schema name its unit.

    Args:
        default: default value, or `...` for a required field.
        unit: unit symbol such as `Å`, `nm`, `rad`; `1` for a pure number.
        description: what the number means, without the unit.
        later: as for `later_field`.
        constraints: `ge`, `gt`, `le`, `lt` as in `pydantic.Field`.
    """
    text = description if unit == "1" else f"{description} [{unit}]"
    extra: Any = {"unit": unit, "later": later}
    # a boolean or a text is no number
    return Field(default, description=text, json_schema_extra=extra, strict=True, **constraints)


def later_field(default: Any, description: str) -> Any:
    """A pydantic field that recipes name only where it is not at its default: stores that were made before the field
    came are made as if it had been there.

    Args:
        default: what was computed before the field came.
        description: what it means.
    """
    return Field(default, description=description, json_schema_extra={"later": True})


def recipe_settings(model: BaseModel, exclude: Collection[str] = ()) -> dict[str, Any]:
    """A model as JSON for a recipe: everything, but for later fields at their defaults.

    Args:
        model: settings.
        exclude: names of its fields that decide nothing.
    """
    settings = {}
    for name, info in type(model).model_fields.items():
        value, extra = getattr(model, name), info.json_schema_extra
        later = isinstance(extra, Mapping) and extra.get("later") is True
        if name in exclude or (later and value == info.get_default(call_default_factory=True)):
            continue
        nested = isinstance(value, Model) and type(value) is info.annotation
        settings[name] = (
            recipe_settings(value) if nested else model.model_dump(mode="json", include={name})[name]
        )
    return settings


def allowed_range(model: type[BaseModel], location: Iterable[Any]) -> str:
    """The range that a field's constraints allow, in words; empty if it has none.

    Args:
        model: model in which validation started.
        location: pydantic error location (field names, mapping keys, list indices).
    """
    field = _field_at(model, location)[0]
    if field is None:
        return ""
    bounds = {
        name: getattr(item, name)
        for item in field.metadata
        for name in ("gt", "ge", "lt", "le")
        if getattr(item, name, None) is not None
    }
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, Mapping) else {}
    limits = extra.get("limits")
    bounds |= dict(limits) if isinstance(limits, Mapping) else {}
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    words = " and ".join(f"{signs[k]} {v}" for k, v in bounds.items())
    unit = str(extra.get("unit", "1"))
    return words if unit == "1" or not words else f"{words} {unit}"


def _field_at(model: type[BaseModel], location: Iterable[Any]) -> tuple[FieldInfo | None, type[BaseModel]]:
    """The innermost field of a location, and the innermost model."""
    field: FieldInfo | None = None
    inner: type[BaseModel] | None = model
    parts, choices = iter(location), list[type[BaseModel]]()
    for part in parts:
        # of several models that a value may be, pydantic names the one that it is
        inner = next((m for m in choices if part in (getattr(m, "name", None), tag(m))), inner)
        if isinstance(part, str) and inner is not None and part in inner.model_fields:
            field = inner.model_fields[part]
            choices = _models_in(field.annotation)
            inner = next(iter(choices), None)
            if get_origin(field.annotation) in (dict, tuple):
                # a key or an index, which may look like a field
                next(parts, None)
    return field, inner or model


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
        where = ".".join(name_in_words(p) for p in written_path(item["loc"])) or "campaign"
        value = item.get("input")
        said = "" if isinstance(value, dict | list | tuple | BaseModel) else f" = {_value(value)}"
        reason = item["msg"].removeprefix("Value error, ")
        allowed = allowed_range(model, item["loc"])
        repair = f"change it in {source}"
        if item["type"] == "extra_forbidden":
            said, reason = "", "is not a known field"
            fields = _field_at(model, item["loc"][:-1])[1].model_fields
            repair = f"remove it, or correct its spelling, in {source}; known: {', '.join(fields)}"
        elif item["type"] == "missing":
            said, reason = "", "is required"
            repair = f"add it in {source}"
        elif item["type"] in _KINDS:
            reason = _wrong_kind(_KINDS[item["type"]], value)
        # lines to be copied stand alone
        then = "\n" if "\n" in reason else "; "
        lines.append(
            f"{where}{said}: {reason}" + (f" (allowed: {allowed})" if allowed else "") + then + repair
        )
    if len(lines) > MOST_FAULTS:
        lines[MOST_FAULTS:] = [f"... and {len(lines) - MOST_FAULTS:,} more"]
    return "\n".join(lines)


def first_fault(error: ValidationError) -> str:
    """The first fault of a validation, where its field stands before it."""
    item = error.errors()[0]
    where = ".".join(name_in_words(p) for p in written_path(item["loc"]))
    reason = item["msg"].removeprefix("Value error, ")
    return f"{where}: {reason}" if where else reason


def tag(model: type[BaseModel]) -> str:
    """What pydantic's locations call one of several models that a value may be; no part of what people write."""
    return f"({model.__name__.lower()})"


def written_path(location: Iterable[Any]) -> tuple[Any, ...]:
    """A location as people write it: without the names, in parentheses, of what a value was taken for."""
    return tuple(p for p in location if not (isinstance(p, str) and p.startswith("(")))


def _wrong_kind(wanted: str, value: Any) -> str:
    """What a value is instead of the wanted kind, and how the wanted kind is written."""
    repair = "write it in quotes" if wanted == "text" else ""
    if isinstance(value, bool):
        kind = "a boolean"
    elif isinstance(value, float) and wanted == "a whole number":
        kind = "a decimal number"
        repair = f"write {int(value)}" if value.is_integer() and abs(value) < 1e15 else ""
    elif isinstance(value, int | float):
        kind = "a number"
    elif isinstance(value, str):
        kind = "text"
        repair = "write it without quotes, units and '_'" if "number" in wanted else ""
    else:
        kind = "a mapping" if isinstance(value, Mapping) else "nothing" if value is None else "a list"
        repair = ""
    return f"must be {wanted}, not {kind}" + (f"; {repair}" if repair else "")


def name_in_words(part: Any) -> str:
    """A field name, a key or an index of a location, without an end if that is long."""
    text = str(part)
    return text if len(text) <= 80 and text.isprintable() else shown(text)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of about {int(value.bit_length() * 0.30103) + 1:,} digits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
