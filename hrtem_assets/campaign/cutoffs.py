"""Cut-offs of masks, which lattices, mixtures and files of atoms all have."""

from collections.abc import Mapping


def check_cutoff(cutoff: float | Mapping[str, float] | None) -> None:
    """Refuse a cut-off that no soft label can pass, or that every one does.

    Args:
        cutoff: one number, one for each size class, or None.

    Raises:
        ValueError: names the setting and its range.
    """
    if isinstance(cutoff, Mapping) and not cutoff:
        raise ValueError("mask_cutoff is empty; name a cut-off for each size class, or one number")
    for size, value in (cutoff if isinstance(cutoff, Mapping) else {"": cutoff}).items():
        if value is not None and not 0.0 < value < 1.0:
            where = f"mask_cutoff.{size}" if size else "mask_cutoff"
            raise ValueError(f"{where} = {value:g} must be above 0 and below 1")
