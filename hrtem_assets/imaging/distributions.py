"""Numbers that are drawn anew for every image: a field holds a value or a distribution of it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

import numpy as np
from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from hrtem_assets.base.model import Model, Real, first_fault, quantity

SIGMAS = 4.0
"""Where a normal distribution is cut that names no bounds of its own, in standard deviations."""
# draws beyond the bounds are thrown away: a thousand for one that is kept are too many
LEAST_KEPT = 1e-3
MOST_CHOICES = 1000


class Distribution(Model, ABC):
    """What a number is drawn from."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The least and the greatest value that it can draw."""

    @property
    @abstractmethod
    def median(self) -> float:
        """Half of its draws lie below."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> float:
        """One value."""

    @abstractmethod
    def words(self) -> str:
        """For people, such as `-60 to 60 (uniform)`."""


class Uniform(Distribution):
    """Every value of a range alike.

    >>> Uniform(uniform=(-60, 60)).support
    (-60.0, 60.0)
    """

    uniform: tuple[Real, Real] = Field(description="least and greatest value")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ordered("uniform", self.uniform)
        return self

    @property
    def support(self) -> tuple[float, float]:
        return self.uniform

    @property
    def median(self) -> float:
        return sum(self.uniform) / 2

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(*self.uniform))

    def words(self) -> str:
        return "{:g} to {:g} (uniform)".format(*self.uniform)


class LogUniform(Distribution):
    """Every order of magnitude of a range alike: the logarithm is uniform."""

    log_uniform: tuple[Real, Real] = Field(description="least and greatest value, above 0")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ordered("log_uniform", self.log_uniform)
        if self.log_uniform[0] <= 0:
            raise ValueError(f"log_uniform: {self.log_uniform[0]:g} must be above 0")
        return self

    @property
    def support(self) -> tuple[float, float]:
        return self.log_uniform

    @property
    def median(self) -> float:
        return math.sqrt(self.log_uniform[0] * self.log_uniform[1])

    def draw(self, rng: np.random.Generator) -> float:
        low, high = self.log_uniform
        # rounding of the exponential must not leave the range
        return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)

    def words(self) -> str:
        return "{:g} to {:g} (log-uniform)".format(*self.log_uniform)


class Normal(Distribution):
    """A bell about a mean, cut at four standard deviations or `between` two values."""

    normal: tuple[Real, Real] = Field(description="mean and standard deviation")
    between: tuple[Real, Real] | None = Field(
        None, description="least and greatest value; four standard deviations from the mean by default"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        mean, sigma = self.normal
        if sigma <= 0:
            raise ValueError(
                f"normal: the standard deviation {sigma:g} must be above 0; write the mean alone for one value"
            )
        if self.between is not None:
            _check_ordered("between", self.between)
            kept = _normal_part((self.between[0] - mean) / sigma, (self.between[1] - mean) / sigma)
            if kept < LEAST_KEPT:
                raise ValueError(
                    f"between: only {kept:.1g} of a normal distribution about {mean:g} with {sigma:g} lies from "
                    f"{self.between[0]:g} to {self.between[1]:g}; at least {LEAST_KEPT:g} must"
                )
        return self

    @property
    def support(self) -> tuple[float, float]:
        mean, sigma = self.normal
        return self.between or (mean - SIGMAS * sigma, mean + SIGMAS * sigma)

    @property
    def median(self) -> float:
        bell = NormalDist(*self.normal)
        return bell.inv_cdf(sum(map(bell.cdf, self.support)) / 2)

    def draw(self, rng: np.random.Generator) -> float:
        return _within(self.support, lambda: rng.normal(*self.normal))

    def words(self) -> str:
        text = "{:g} ± {:g} (normal".format(*self.normal)
        return text + (", between {:g} and {:g})".format(*self.between) if self.between else ")")


class HalfNormal(Distribution):
    """The magnitude of a normal number about zero, cut at four standard deviations or at `most`."""

    half_normal: Real = Field(description="standard deviation of the normal number", gt=0)
    most: Real | None = Field(None, description="greatest value", gt=0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.most is not None and 2 * _normal_part(0, self.most / self.half_normal) < LEAST_KEPT:
            raise ValueError(
                f"most = {self.most:g} leaves next to nothing of a half-normal distribution of {self.half_normal:g}"
            )
        return self

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, SIGMAS * self.half_normal if self.most is None else self.most

    @property
    def median(self) -> float:
        bell = NormalDist(0.0, self.half_normal)
        return bell.inv_cdf((0.5 + bell.cdf(self.support[1])) / 2)

    def draw(self, rng: np.random.Generator) -> float:
        return _within(self.support, lambda: abs(rng.normal(0.0, self.half_normal)))

    def words(self) -> str:
        return f"0 to {self.support[1]:g} (half-normal, sigma {self.half_normal:g})"


class Choice(Distribution):
    """One of some values, alike or by weights."""

    choice: tuple[Real, ...] = Field(min_length=1, max_length=MOST_CHOICES, description="values")
    weights: tuple[Annotated[Real, Field(ge=0)], ...] | None = Field(
        None, description="how often each is drawn; alike by default"
    )

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if self.weights is not None and (len(self.weights) != len(self.choice) or sum(self.weights) <= 0):
            raise ValueError(f"weights: give one for each of the {len(self.choice)} values, not all 0")
        return self

    @property
    def support(self) -> tuple[float, float]:
        return min(self.choice), max(self.choice)

    @property
    def median(self) -> float:
        weights = self.weights or (1.0,) * len(self.choice)
        below = 0.0
        for value, weight in sorted(zip(self.choice, weights, strict=True)):
            below += weight
            if below >= sum(weights) / 2:
                return value
        return max(self.choice)

    def draw(self, rng: np.random.Generator) -> float:
        weights = None if self.weights is None else np.array(self.weights) / sum(self.weights)
        return float(self.choice[rng.choice(len(self.choice), p=weights)])

    def words(self) -> str:
        return " or ".join(f"{value:g}" for value in self.choice)


DISTRIBUTIONS: dict[str, type[Distribution]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "normal": Normal,
    "half_normal": HalfNormal,
    "choice": Choice,
}


class _NumberOrDistribution:
    """Makes pydantic take a number, or the mapping that writes a distribution."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(
            lambda value, info: (
                value.model_dump(mode=info.mode, exclude_none=True)
                if isinstance(value, Distribution)
                else value
            ),
            info_arg=True,
        )
        return core_schema.no_info_plain_validator_function(_number_or_distribution, serialization=written)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "number"}, *({"type": "object", "required": [k]} for k in DISTRIBUTIONS)]}


def _number_or_distribution(value: Any) -> Any:
    if isinstance(value, Distribution):
        return value
    if isinstance(value, Mapping):
        named = [kind for kind in DISTRIBUTIONS if kind in value]
        if len(named) != 1:
            said = ", ".join(map(str, value)) or "nothing"
            raise ValueError(f"write a number, or one of {', '.join(DISTRIBUTIONS)}; not {said}")
        try:
            return DISTRIBUTIONS[named[0]].model_validate(dict(value))
        except ValidationError as error:
            raise ValueError(first_fault(error)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    if not math.isfinite(value):
        raise PydanticKnownError("finite_number")
    return float(value)


if TYPE_CHECKING:
    # what computes sees numbers only: `Drawable.drawn` has taken their places
    Drawn = float
else:
    Drawn = Annotated[Any, _NumberOrDistribution()]

M = TypeVar("M", bound="Drawable")


class Drawable(Model):
    """Settings of which some may be drawn for every image; those are declared with `drawn`."""

    @field_validator("*", mode="after")
    @classmethod
    def _in_range(cls, value: Any, info: ValidationInfo) -> Any:
        extra = cls.model_fields[info.field_name or ""].json_schema_extra
        limits = extra.get("limits") if isinstance(extra, Mapping) else None
        if isinstance(limits, Mapping) and value is not None:
            _check_limits(value, limits)
        return value

    @model_validator(mode="after")
    def _azimuths(self) -> Self:
        # the direction of what is drawn is drawn too, unless it is given
        for name, magnitude in self._azimuth_fields():
            if name not in self.model_fields_set and isinstance(getattr(self, magnitude), Distribution):
                self.__dict__[name] = Uniform(uniform=(0.0, 2 * math.pi))
        return self

    @classmethod
    def _azimuth_fields(cls) -> Iterator[tuple[str, str]]:
        for name, info in cls.model_fields.items():
            extra = info.json_schema_extra
            if isinstance(extra, Mapping) and "azimuth_of" in extra:
                yield name, str(extra["azimuth_of"])

    def distributions(self) -> dict[str, tuple[Distribution, str]]:
        """What is drawn: each distribution with its unit, by the path of its field, such as `aberrations.c30_um`."""
        found: dict[str, tuple[Distribution, str]] = {}
        for name, info in type(self).model_fields.items():
            value: Any = getattr(self, name)
            if isinstance(value, Distribution):
                extra = info.json_schema_extra
                found[name] = value, str(extra["unit"]) if isinstance(extra, Mapping) else "1"
            elif isinstance(value, Drawable):
                found |= {f"{name}.{path}": of for path, of in value.distributions().items()}
        return found

    def drawn(self: M, draw: Callable[[str, Distribution], float], prefix: str = "") -> M:
        """The same settings with a number in place of every distribution.

        Args:
            draw: gives it from the path of the field and the distribution.
            prefix: put before the paths.
        """
        numbers: dict[str, Any] = {}
        for name in type(self).model_fields:
            value: Any = getattr(self, name)
            if isinstance(value, Distribution):
                numbers[name] = draw(prefix + name, value)
            elif isinstance(value, Drawable):
                numbers[name] = value.drawn(draw, f"{prefix}{name}.")
        return self.model_copy(update=numbers)

    def medians(self: M) -> M:
        """The same settings with the median in place of every distribution."""
        return self.drawn(lambda _, distribution: distribution.median)

    def overlaid(self: M, part: M) -> M:
        """These settings, with those that another sets in their places.

        Raises:
            ValidationError: if they do not go together.
        """
        base, changes = (m.model_dump(exclude_unset=True) for m in (self, part))
        return type(self).model_validate(_overlaid(base, changes))


def drawn(
    default: Any,
    unit: str,
    description: str,
    azimuth_of: str | None = None,
    later: bool = False,
    **limits: float,
) -> Any:
    """A field of a `Drawable` that holds a number or a distribution; annotate it as `Drawn`.

    Args:
        default: default value, or `...` for a required field.
        unit: unit symbol such as `Å`; `1` for a pure number.
        description: what the number means, without the unit.
        azimuth_of: the field whose direction it is: drawn evenly where that is drawn and this is not given.
        later: as for `base.model.later_field`.
        limits: `ge`, `gt`, `le`, `lt`: they hold for everything that can be drawn.
    """
    field = quantity(default, unit, description, later=later)
    field.json_schema_extra |= {"drawn": True, "limits": limits}
    if azimuth_of is not None:
        field.json_schema_extra["azimuth_of"] = azimuth_of
    # numbers are checked by `Drawn` itself
    field.metadata.clear()
    return field


def support(value: Any) -> tuple[float, float]:
    """The least and the greatest value of a `Drawn` field."""
    return value.support if isinstance(value, Distribution) else (value, value)


def stands_alone(value: Mapping[Any, Any], before: Mapping[Any, Any]) -> bool:
    """Whether a mapping of a campaign file replaces what stood in its place, instead of being merged into it: a
    distribution, or a measured table.

    Args:
        value: the mapping.
        before: what stood there.
    """
    return any(kind in value for kind in (*DISTRIBUTIONS, "file", "table")) or "table" in before


def in_words(value: Any, form: str = "g") -> str:
    """A number or a distribution, for people.

    Args:
        value: of a `Drawn` field.
        form: format of a number.
    """
    return value.words() if isinstance(value, Distribution) else format(value, form)


def written(value: Any, form: str = "g") -> str:
    """As `in_words`, of a value as a recipe holds it."""
    return in_words(_number_or_distribution(value), form)


def _check_limits(value: Any, limits: Mapping[str, Any]) -> None:
    kinds = {
        "ge": ("greater_than_equal", lambda v, limit: v >= limit),
        "gt": ("greater_than", lambda v, limit: v > limit),
        "le": ("less_than_equal", lambda v, limit: v <= limit),
        "lt": ("less_than", lambda v, limit: v < limit),
    }
    ends = support(value)
    for name, limit in limits.items():
        kind, holds = kinds[name]
        for end in ends:
            if holds(end, limit):
                continue
            if isinstance(value, Distribution):
                raise ValueError(f"{value.words()} can draw {end:g}; narrow it")
            raise PydanticKnownError(kind, {name: limit})  # type: ignore[arg-type]


def _check_ordered(name: str, ends: tuple[float, float]) -> None:
    if not ends[0] < ends[1]:
        raise ValueError(f"{name}: {ends[0]:g} must be below {ends[1]:g}; swap them, or write one number")


def _overlaid(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping) and not stands_alone(value, before):
            merged[key] = _overlaid(before, value)
        else:
            merged[key] = value
    return merged


def _normal_part(low: float, high: float) -> float:
    """The part of a standard normal distribution between two values."""
    # of the far tail that is not lost in rounding
    if low > 0:
        low, high = -high, -low
    return 0.5 * (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2)))


def _within(support: tuple[float, float], draw: Callable[[], float]) -> float:
    while True:
        value = float(draw())
        if support[0] <= value <= support[1]:
            return value
