"""The command that measures mask cut-offs: `hrtem mask-cutoff`."""

import json

import click

from hrtem_assets.maintenance.commands import _available_workers, _json, _workers, _workspace


@click.command("mask-cutoff")
@click.argument("specimens", nargs=-1, required=True, metavar="SPECIMEN...")
@click.option(
    "--structures",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="structures of each specimen to measure on; nothing is stored",
)
@_workers
@_json
def mask_cutoff(specimens: tuple[str, ...], structures: int, workers: int | None, as_json: bool) -> None:
    """Measure the best mask_cutoff of SPECIMENs, and print the lines for the campaign.

    The best cut-off gives the masks that overlap the projected spheres most, on average over structures.
    """
    campaign, _ = _workspace()
    unknown = [key for key in specimens if key not in campaign.specimens]
    if unknown:
        raise click.UsageError(
            f"unknown specimens {', '.join(unknown)}; known: {', '.join(campaign.specimens)}"
        )

    from hrtem_assets.maintenance.cutoffs import SCANNED, campaign_lines, scan_cutoffs, scan_lines

    scans = scan_cutoffs(campaign, specimens, structures, workers or _available_workers())
    if as_json:
        figures = {
            scan.specimen: {
                "cutoffs": SCANNED.tolist(),
                "mean_iou": scan.mean.tolist(),
                "best": float(SCANNED[scan.best]),
                "in_use": scan.in_use,
                "in_use_from": scan.source,
            }
            for scan in scans
        }
        click.echo(json.dumps(figures, indent=2))
        return
    for scan in scans:
        click.echo("\n".join(scan_lines(scan)) + "\n")
    click.echo("write this into the campaign:\n" + "\n".join(campaign_lines(scans)))
