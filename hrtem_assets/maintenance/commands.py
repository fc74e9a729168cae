"""The commands that look after data: `hrtem plan`, `verify`, `repair`, `prune` and `trace`."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hrtem_assets.base.environment import MOST_WORKERS
from hrtem_assets.store import files

if TYPE_CHECKING:
    from hrtem_assets.campaign import Campaign
    from hrtem_assets.maintenance.outlook import Outlook
    from hrtem_assets.maintenance.plan import PartitionPlan
    from hrtem_assets.maintenance.verify import Verdict
    from hrtem_assets.store import Layout, PartitionId

_workers = click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    help="worker processes; by default HRTEM_WORKERS, or all cores",
)
_json = click.option("--json", "as_json", is_flag=True, help="print JSON instead of words")


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="SERIES|SPECIMEN|all...")
@_workers
@_json
def plan(names: tuple[str, ...], workers: int | None, as_json: bool) -> None:
    """Say what is complete, partial, stale or missing, and what making the rest costs on this machine.

    Name series or specimens (a specimen stands for all its conditions), or `all` for every series of the campaign.
    """
    # before a second of imports
    campaign, layout = _workspace()

    from hrtem_assets.maintenance import plan as planning
    from hrtem_assets.maintenance.matter import atom_rows, material_lines, materials_of, support_line
    from hrtem_assets.maintenance.outlook import outlook
    from hrtem_assets.maintenance.words import plan_lines

    plans = planning.plan(campaign, layout, planning.select(campaign, names))
    needs = outlook(campaign, plans, workers or 0, files.free_bytes(layout.assets))
    if as_json:
        click.echo(json.dumps(_plan_json(campaign, plans, needs), indent=2))
        return
    for line in plan_lines(plans, needs):
        click.echo(line)
    click.echo()
    keys = [p.partition.specimen for p in plans]
    for line in (
        *material_lines(materials_of(campaign, keys)),
        support_line(campaign),
        "",
        *atom_rows(campaign, keys),
    ):
        click.echo(line)


@click.command()
@click.argument("assets", nargs=-1)
@click.option("--specimen", "specimens", multiple=True, help="only of this specimen; repeatable")
@click.option("--condition", "conditions", multiple=True, help="only under this condition; repeatable")
@_workers
@_json
@click.pass_obj
def verify(
    recorded: "Callable[[], list[PartitionId]] | None",
    assets: tuple[str, ...],
    specimens: tuple[str, ...],
    conditions: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Read finished stores of ASSETS back in full (all assets by default); exit code 1 if any is damaged.

    Checks files against their checksums, values against the digest of each structure, recipes against their hash and
    the upstream stores, and whether values are physically possible. Names what is damaged or missing, and the commands
    that repair it.
    """
    from hrtem_assets.assets import ASSETS
    from hrtem_assets.maintenance import verify as verifying
    from hrtem_assets.maintenance.known import known_partitions, remarks
    from hrtem_assets.maintenance.words import verdict_lines

    unknown = sorted(set(assets) - ASSETS.keys())
    if unknown:
        raise click.UsageError(f"unknown assets {', '.join(unknown)}; known: {', '.join(ASSETS)}")
    _, layout = _workspace()
    files.require_bucket(layout.assets)
    chosen = [
        p
        for p in known_partitions(layout, recorded() if recorded is not None else ())
        if (not assets or p.asset in assets)
        and (not specimens or p.specimen in specimens)
        and (not conditions or p.condition in conditions)
    ]
    if not chosen:
        raise click.ClickException(
            f"no finished store under {layout.assets} matches; see what is made with: hrtem plan all"
        )
    verdicts = []
    for verdict in verifying.verify(layout, chosen, workers or _available_workers()):
        verdicts.append(verdict)
        for line in () if as_json else verdict_lines(verdict):
            click.echo(line)
    hurt = [v for v in verdicts if not v.intact]
    if as_json:
        click.echo(json.dumps([_verdict_json(v) for v in verdicts], indent=2))
    else:
        for line in remarks(layout):
            click.echo(f"note     {line}")
        click.echo(f"{len(verdicts) - len(hurt)} of {len(verdicts)} stores are intact")
    if hurt:
        raise SystemExit(1)


@click.command()
@click.option("--damaged", "damaged", multiple=True, hidden=True)
@click.option("--yes", is_flag=True, help="delete; without it only listed")
def prune(damaged: tuple[str, ...], yes: bool) -> None:
    """List what can be deleted, with sizes, and with --yes delete it: superseded stores, builds of recipes that the
    campaign no longer gives, files of killed writes, and vacuum waves if the campaign says storage.keep_vacuum_waves:
    false and labels and zero defocus are made from them. Partitions that are being filled are left alone.
    """
    if damaged:
        raise click.UsageError(
            f"remove what is damaged with: hrtem repair {' '.join(damaged)}{' --yes' if yes else ''}"
        )
    campaign, layout = _workspace()

    from hrtem_assets.maintenance import prune as pruning
    from hrtem_assets.maintenance.words import size, table

    inventory = pruning.leftovers(campaign, layout)
    if inventory.leftovers:
        rows = [
            [size(i.bytes), f"{layout.assets.name}/{files.name_within(layout.assets, i.path)}", i.why]
            for i in inventory.leftovers
        ]
        for line in table(rows):
            click.echo(line)
    freed = inventory.freed_bytes
    busy = [*inventory.busy, *(pruning.delete(layout, inventory.leftovers) if yes else [])]
    for partition in busy:
        click.echo(f"left alone, being filled: {partition}")
    if not inventory.leftovers:
        click.echo("nothing to delete")
    elif yes:
        click.echo(f"deleted; {size(freed)} freed")
    else:
        click.echo(f"{size(freed)} would be freed; delete with: hrtem prune --yes")


@click.command()
@click.argument("partitions", nargs=-1, required=True, metavar="PARTITION...")
@click.option("--yes", is_flag=True, help="take out; without it only listed")
def repair(partitions: tuple[str, ...], yes: bool) -> None:
    """Verify finished stores, such as micrographs/CdSe-medium/df-10nm_400e, and with --yes take out what is damaged, so
    that `hrtem materialize` makes it again; with it vacuum waves that were pruned and that the campaign wants again.
    """
    campaign, layout = _workspace()

    from hrtem_assets.assets.partitions import parse_partition
    from hrtem_assets.maintenance import repair as repairing

    for partition in [parse_partition(name) for name in partitions]:
        for line in repairing.repair(campaign, layout, partition, yes):
            click.echo(line)


@click.command()
@click.argument("partition")
@click.option(
    "--image",
    "index",
    type=click.IntRange(min=0),
    required=True,
    help="row, from 0: the structure; with images_per_structure n, structure * n + draw",
)
@click.option("--rebuild", is_flag=True, help="also make it again through every asset, and compare")
def trace(partition: str, index: int, rebuild: bool) -> None:
    """Follow one image of PARTITION, such as micrographs/CdSe-medium/df-10nm_400e, back to its atoms.

    Shows seed, recipe, versions and run of every asset on the way. --rebuild makes the image again from nothing and
    says whether it is identical to the last bit; exit code 1 if not.
    """
    campaign, layout = _workspace()

    from hrtem_assets.assets.partitions import parse_partition
    from hrtem_assets.maintenance import trace as tracing
    from hrtem_assets.maintenance.words import comparison_lines, link_lines

    chosen = parse_partition(partition)
    for link in tracing.trace(layout, chosen, index):
        for line in link_lines(link):
            click.echo(line)
    same = True
    for comparison in tracing.rebuild(campaign, layout, chosen, index) if rebuild else ():
        same &= not comparison.different
        for line in comparison_lines(comparison):
            click.echo(line)
    if not same:
        raise SystemExit(1)


COMMANDS = (plan, verify, repair, prune, trace)


def _plan_json(campaign: "Campaign", plans: "list[PartitionPlan]", needs: "Outlook") -> dict[str, Any]:
    from hrtem_assets.maintenance.matter import materials_of, support_figures
    from hrtem_assets.specimen.bounds import bounds
    from hrtem_assets.store import DEVICES

    seconds = [p.seconds for p in plans]
    keys = [p.partition.specimen for p in plans]
    return {
        "campaign": campaign.name,
        "workers": needs.workers,
        "needs": needs.as_json(),
        "lattices": {name: lattice.figures for name, lattice in materials_of(campaign, keys).items()},
        "support": support_figures(campaign),
        "atoms_per_structure": {
            key: bounds(campaign, campaign.specimen(key)).atoms for key in dict.fromkeys(keys)
        },
        "partitions": [
            {
                **_partition_json(p.partition),
                "state": p.state,
                "done": p.done,
                "wanted": p.wanted,
                "rows_per_structure": p.rows_per_structure,
                "why": list(p.why),
                "worker_seconds": p.seconds,
                "device": p.rate.device if p.rate else None,
                "memory_bytes": p.rate.memory_bytes if p.rate else None,
                "bytes": p.bytes,
                "measured_on": list(p.rate.basis) if p.rate else [],
            }
            for p in plans
        ],
        "total": {
            "to_make": sum(p.rows_left for p in plans),
            "worker_seconds": {
                device: sum(p.seconds or 0 for p in plans if p.rate is not None and p.rate.device == device)
                for device in DEVICES
            },
            "memory_bytes": max((p.rate.memory_bytes for p in plans if p.rate is not None), default=0),
            "bytes": sum(p.bytes or 0 for p in plans),
            "without_rate": sum(s is None for s in seconds),
        },
    }


def _verdict_json(verdict: "Verdict") -> dict[str, Any]:
    return {
        **_partition_json(verdict.partition),
        "intact": verdict.intact,
        "structures": verdict.structures,
        "rows_per_structure": verdict.rows_per_structure,
        "whole": list(verdict.whole),
        "damaged": {str(index): list(words) for index, words in verdict.damaged.items()},
        "outdated": {str(index): words for index, words in verdict.outdated.items()},
        "chain": list(verdict.chain),
        "failures": {str(index): why for index, why in verdict.failures.items()},
        "remarks": list(verdict.remarks),
        "repair": list(verdict.repair),
    }


def _partition_json(partition: "PartitionId") -> dict[str, Any]:
    return {
        "asset": partition.asset,
        "specimen": partition.specimen,
        "condition": partition.condition,
    }


def _workspace() -> "tuple[Campaign, Layout]":
    """What a command is about; called before anything slow is imported, so that a bad campaign is refused at once."""
    from hrtem_assets.campaign import campaign_from_environment

    campaign = campaign_from_environment()

    from hrtem_assets.store import layout_from_environment

    return campaign, layout_from_environment()


def _available_workers() -> int:
    from hrtem_assets.base.environment import environment
    from hrtem_assets.execution.workers import available_workers

    return environment().workers or available_workers()
