"""Imaging conditions: nominal defocus and dose, and their partition keys."""

from typing import Self

from pydantic import model_validator

from hrtem_assets.base.model import Model, quantity

_DECIMALS = 6


class Condition(Model):
    """A nominal defocus, relative to a structure's zero defocus, and an electron dose."""

    defocus_nm: float = quantity(
        ..., "nm", "nominal defocus from zero, underfocus positive", ge=-1000.0, le=1000.0
    )
    dose_e_per_a2: float = quantity(..., "e/Å²", "effective dose", gt=0.0, le=1.0e5)

    @model_validator(mode="after")
    def _shows_in_its_key(self) -> Self:
        for name in ("defocus_nm", "dose_e_per_a2"):
            value = getattr(self, name)
            if value and round(value, _DECIMALS) == 0:
                raise ValueError(
                    f"{name} = {value} is less than a condition's key can show ({_DECIMALS} decimals); write 0 or more"
                )
        return self

    @property
    def key(self) -> str:
        """Partition key such as `df-10nm_400e` or `df+05nm_075e`; fractions as in `df+02.5nm_400e`."""
        defocus = _padded(abs(self.defocus_nm), 2)
        sign = "-" if self.defocus_nm < 0 else "+"
        return f"df{sign}{defocus}nm_{_padded(self.dose_e_per_a2, 3)}e"


def _padded(value: float, width: int) -> str:
    whole, _, fraction = f"{value:.{_DECIMALS}f}".partition(".")
    fraction = fraction.rstrip("0")
    return whole.zfill(width) + (f".{fraction}" if fraction else "")
