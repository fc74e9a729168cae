"""No number, boolean or text stands for another kind of value, in any setting of a campaign or of compute."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from hrtem_assets.campaign import Campaign
from hrtem_assets.execution.settings import KINDS

WRONG: dict[type, tuple[Any, ...]] = {
    int: (True, "5", "yes", 5.0),
    float: (True, "5", "1_000"),
    bool: (1, 0, 1.0, "yes", "no", "true"),
    str: (5, 5.0, True),
}


def leaves(model: type[BaseModel], path: str = ""):
    """Name, model and field of every setting that holds numbers, booleans or text alone."""
    for name, info in model.model_fields.items():
        parts = list(kinds(info.annotation))
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from leaves(part, f"{path}{name}.")
        plain = {p for p in parts if p in WRONG}
        if plain and plain | {NoneType} >= set(parts):
            yield f"{path}{name}", model, name, plain, info.annotation


def kinds(annotation: Any):
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from kinds(part)
    elif origin in (tuple, list):
        yield from kinds(get_args(annotation)[0])
    elif origin is dict:
        yield from kinds(get_args(annotation)[1])
    elif origin is Literal:
        yield Literal
    else:
        yield annotation


ROOTS: tuple[type[BaseModel], ...] = (Campaign, *KINDS.values())
LEAVES = {leaf[0]: leaf[1:] for root in ROOTS for leaf in leaves(root, f"{root.__name__}.")}


def wrapped(annotation: Any, value: Any) -> Any:
    """A value where the setting has it: itself, or in a list or mapping."""
    for part in get_args(annotation) if get_origin(annotation) in (Union, UnionType) else [annotation]:
        if get_origin(part) is tuple:
            return [value] * (3 if Ellipsis not in get_args(part) else 1)
        if get_origin(part) is dict:
            return {
                "limits" if get_origin(get_args(part)[1]) is dict else "a": wrapped(get_args(part)[1], value)
            }
    return value


@pytest.mark.parametrize("name", LEAVES)
def test_a_setting_takes_its_own_kind_of_value_alone(name):
    model, field, plain, annotation = LEAVES[name]
    foreign = {v for kind, values in WRONG.items() if kind in plain for v in values}
    for value in foreign:
        if type(value) in plain or (
            isinstance(value, int) and not isinstance(value, bool) and float in plain
        ):
            continue
        kind: Any = Annotated[annotation, model.model_fields[field]]
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        with pytest.raises(ValidationError):
            adapter.validate_python(wrapped(annotation, value))


def test_every_kind_of_setting_is_held_to_this():
    assert len(LEAVES) > 80
    assert {"Campaign.seed", "Campaign.storage.keep_vacuum_waves", "Campaign.lattices.sites.position"} <= set(
        LEAVES
    )
