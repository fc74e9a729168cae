"""The command that draws structures before waves are spent on them: `hrtem show`."""

from pathlib import Path

import click

from hrtem_assets.maintenance.commands import _workspace


@click.command()
@click.argument("specimen")
@click.option(
    "--structure", "index", type=click.IntRange(min=0), default=0, show_default=True, help="which, from 0"
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="picture to write, PNG; by default pictures/SPECIMEN-structure-N.png in HRTEM_DATA",
)
@click.option(
    "--size",
    "size_px",
    type=click.IntRange(128, 4096),
    default=640,
    show_default=True,
    help="width of each view in pixels",
)
def show(specimen: str, index: int, output: Path | None, size_px: int) -> None:
    """Make one structure of SPECIMEN, say what it is made of, and draw it from three sides; nothing is stored.

    It is the structure that the campaign makes under this number.
    """
    campaign, layout = _workspace()
    chosen = campaign.specimen(specimen)

    from hrtem_assets.figures import three_views
    from hrtem_assets.maintenance.matter import material_lines, materials_of, structure_lines, support_line
    from hrtem_assets.specimen.assembly import build_structure

    structure = build_structure(campaign, chosen, index)
    for line in (*material_lines(materials_of(campaign, [specimen])), support_line(campaign)):
        click.echo(line)
    click.echo()
    for line in structure_lines(chosen, structure):
        click.echo(line)
    picture = three_views(
        structure.positions_a,
        structure.numbers,
        structure.particle,
        structure.substrate_thickness_a,
        structure.cell_a,
        size_px,
    )
    target = output or layout.root / "pictures" / f"{specimen}-structure-{index}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target)
    click.echo(f"\nLook at {target}")
