"""Which crystals can have which shapes and stacking faults."""

from hrtem_assets.crystal.crystal import Crystal, Indices


def need_cubic(crystal: Crystal, shape: str) -> None:
    """Refuse a crystal that is not cubic.

    Raises:
        ValueError: names the shape and the repair.
    """
    if crystal.found_space_group < 195:
        raise ValueError(
            f"shape {shape} is one of cubic crystals, and this one has space group {crystal.found_space_group}; use "
            f"shape wulff and name the facets"
        )


def need_fcc(crystal: Crystal, shape: str) -> None:
    """Refuse a crystal whose lattice is not face-centred cubic.

    Raises:
        ValueError: names the shape and the repair.
    """
    if not crystal.is_face_centred_cubic:
        raise ValueError(
            f"shape {shape} is made of twins of a face-centred cubic lattice in its cubic cell, and this crystal has "
            f"space group {crystal.found_space_group}; choose another shape"
        )


def need_stacking(crystal: Crystal, asked: str) -> Indices:
    """The close-packed plane whose layers twins and stacking faults rearrange.

    Args:
        crystal: of a particle.
        asked: what needs it, for messages.

    Raises:
        ValueError: if the crystal is not stacked of close-packed layers.
    """
    if crystal.is_face_centred_cubic:
        return (1, 1, 1)
    if crystal.is_wurtzite or crystal.is_hexagonal_close_packed:
        return (0, 0, 1)
    raise ValueError(
        f"{asked} rearranges close-packed layers, {{111}} of face-centred cubic lattices or (0001) of wurtzite and "
        f"hcp, and this crystal has space group {crystal.found_space_group}; remove it"
    )
