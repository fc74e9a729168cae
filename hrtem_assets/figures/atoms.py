"""Views of a structure's atoms from above and from the side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from hrtem_assets.figures.drawing import BLACK, WHITE, edged_text, font, scale_bar, text_size_px

ATOM_BLUR_A = 0.45
SUBSTRATE_RGB = (150, 150, 150)
# Okabe and Ito's colours, which every kind of colour vision tells apart
ELEMENT_RGB = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (86, 180, 233))


def structure_views(
    positions_a: NDArray[np.floating],
    numbers: NDArray[np.integer],
    particle: NDArray[np.integer],
    substrate_thickness_a: float,
    cell_a: float,
    size_px: int = 512,
) -> Image.Image:
    """Atoms from above, and below that from the side (x to the right, z up), at the same scale.

    Particles are coloured by element, the substrate is grey; the more atoms on a line of sight, the darker.

    Args:
        positions_a: atoms (N, 3), Å.
        numbers: atomic numbers (N,).
        particle: index of each atom's particle (N,); negative for the substrate.
        substrate_thickness_a: thickness of the substrate in Å; its lower face is z = 0.
        cell_a: side of the square cell in Å.
        size_px: width of the picture.

    Returns:
        colour picture ("RGB") of a width of `size_px`; the view from above is the square on top, y down.

    Raises:
        ValueError: if there are no atoms or the arrays' lengths differ.
    """
    _check(positions_a, numbers, particle)
    x, y, z = np.asarray(positions_a, np.float64).T
    text = text_size_px(size_px)
    pad_a = 1.5 * text * cell_a / size_px
    bottom_a, top_a = min(0.0, float(z.min())) - pad_a / 3, float(z.max()) + pad_a
    from_above = _view(x, y, (0.0, cell_a), (0.0, cell_a), numbers, particle, size_px)
    from_side = _view(x, -z, (0.0, cell_a), (-top_a, -bottom_a), numbers, particle, size_px)
    scale_bar(from_above, cell_a, ink=BLACK)

    gap, legend_height = max(2, size_px // 128), 2 * text
    height = from_above.height + gap + from_side.height + legend_height
    picture = Image.new("RGB", (size_px, height), WHITE)
    picture.paste(from_above, (0, 0))
    side_top = from_above.height + gap
    picture.paste(from_side, (0, side_top))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, from_above.height, size_px, side_top - 1), fill=(200, 200, 200))
    for top, title in ((0, "from above"), (side_top, "from the side")):
        edged_text(picture, (text // 2, top + text // 2), title, text, ink=BLACK)
    _legend(draw, numbers, particle, substrate_thickness_a, (0, height - legend_height), text, size_px)
    return picture


def three_views(
    positions_a: NDArray[np.floating],
    numbers: NDArray[np.integer],
    particle: NDArray[np.integer],
    substrate_thickness_a: float,
    cell_a: float,
    size_px: int = 640,
) -> Image.Image:
    """Atoms from above, from the front (x to the right, z up) and from the side (y to the right, z up), at one scale.

    Args:
        positions_a: atoms (N, 3), Å.
        numbers: atomic numbers (N,).
        particle: index of each atom's particle (N,); negative for the substrate.
        substrate_thickness_a: thickness of the substrate in Å.
        cell_a: side of the square cell in Å.
        size_px: width of each view.

    Returns:
        colour picture ("RGB") of three times the width, and the gaps.

    Raises:
        ValueError: if there are no atoms or the arrays' lengths differ.
    """
    _check(positions_a, numbers, particle)
    x, y, z = np.asarray(positions_a, np.float64).T
    text = text_size_px(size_px)
    pad_a = 1.5 * text * cell_a / size_px
    down = (-float(z.max()) - pad_a, pad_a / 3 - min(0.0, float(z.min())))
    across = (0.0, cell_a)
    views = {
        "from above": _view(x, y, across, across, numbers, particle, size_px),
        "from the front": _view(x, -z, across, down, numbers, particle, size_px),
        "from the side": _view(y, -z, across, down, numbers, particle, size_px),
    }
    scale_bar(views["from above"], cell_a, ink=BLACK)
    gap, legend_height = max(2, size_px // 128), 2 * text
    height = max(view.height for view in views.values())
    picture = Image.new("RGB", (3 * size_px + 2 * gap, height + legend_height), WHITE)
    for k, (title, view) in enumerate(views.items()):
        left = k * (size_px + gap)
        picture.paste(view, (left, 0))
        edged_text(picture, (left + text // 2, text // 2), title, text, ink=BLACK)
    draw = ImageDraw.Draw(picture)
    for k in (1, 2):
        left = k * (size_px + gap)
        draw.rectangle((left - gap, 0, left - 1, height), fill=(200, 200, 200))
    _legend(draw, numbers, particle, substrate_thickness_a, (0, height), text, picture.width)
    return picture


def _check(
    positions_a: NDArray[np.floating], numbers: NDArray[np.integer], particle: NDArray[np.integer]
) -> None:
    if not len(positions_a) == len(numbers) == len(particle) > 0:
        raise ValueError(
            f"a view needs at least one atom and one number and particle for each: got {len(positions_a)} "
            f"positions, {len(numbers)} numbers, {len(particle)} particles"
        )


def _view(
    right_a: NDArray[np.float64],
    down_a: NDArray[np.float64],
    right_range_a: tuple[float, float],
    down_range_a: tuple[float, float],
    numbers: NDArray[np.integer],
    particle: NDArray[np.integer],
    width_px: int,
) -> Image.Image:
    """One projection: substrate atoms first, particle atoms over them."""
    pixel_a = (right_range_a[1] - right_range_a[0]) / width_px
    shape = (max(1, round((down_range_a[1] - down_range_a[0]) / pixel_a)), width_px)

    def density(select: NDArray[np.bool_]) -> NDArray[Any]:
        histogram, _, _ = np.histogram2d(
            down_a[select], right_a[select], bins=shape, range=(down_range_a, right_range_a)
        )
        return gaussian_filter(histogram, ATOM_BLUR_A / pixel_a, mode="nearest")

    colour = np.full((*shape, 3), 255.0)
    substrate = density(particle < 0)
    colour += 0.5 * _opacity(substrate)[..., None] * (np.array(SUBSTRATE_RGB) - colour)
    elements = _elements(numbers, particle)
    if elements:
        layers = np.stack([density((particle >= 0) & (numbers == e)) for e in elements])
        total = layers.sum(axis=0)
        palette = np.array([ELEMENT_RGB[k % len(ELEMENT_RGB)] for k in range(len(elements))], float)
        mixed = np.tensordot(layers / np.maximum(total, 1e-12), palette, axes=(0, 0))
        colour += _opacity(total)[..., None] * (mixed - colour)
    return Image.fromarray(np.rint(colour).astype(np.uint8))


def _opacity(density: NDArray[Any]) -> NDArray[Any]:
    """From 0 to nearly 1: two thirds at the density of a typical line of sight."""
    covered = density[density > 0.02 * density.max()]
    typical = float(np.median(covered)) if covered.size else 1.0
    return 1 - np.exp2(-1.6 * density / typical)


def _elements(numbers: NDArray[np.integer], particle: NDArray[np.integer]) -> list[int]:
    """Atomic numbers in particles, heaviest first."""
    return sorted({int(n) for n in np.unique(numbers[particle >= 0])}, reverse=True)


def _legend(
    draw: ImageDraw.ImageDraw,
    numbers: NDArray[np.integer],
    particle: NDArray[np.integer],
    thickness_a: float,
    corner: tuple[int, int],
    text_px: int,
    width_px: int,
) -> None:
    from ase.data import chemical_symbols

    entries = [
        (ELEMENT_RGB[k % len(ELEMENT_RGB)], chemical_symbols[e])
        for k, e in enumerate(_elements(numbers, particle))
    ]
    substrate = [chemical_symbols[int(n)] for n in np.unique(numbers[particle < 0])]
    if substrate:
        entries.append((SUBSTRATE_RGB, f"{', '.join(substrate)} substrate, {thickness_a:.0f} Å"))
    face = font(text_px)
    left, middle = corner[0] + text_px // 2, corner[1] + text_px
    for colour, label in entries:
        radius = 0.4 * text_px
        draw.ellipse((left, middle - radius, left + 2 * radius, middle + radius), fill=colour)
        left += round(2.6 * radius)
        draw.text((left, middle), label, font=face, anchor="lm", fill=BLACK)
        left += round(face.getlength(label) + 0.8 * text_px)
    atoms = f"{len(numbers):,} atoms".replace(",", "\u2009")
    if left + face.getlength(atoms) < width_px - text_px // 2:
        draw.text((width_px - text_px // 2, middle), atoms, font=face, anchor="rm", fill=BLACK)
