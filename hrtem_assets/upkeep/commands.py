"""The commands that look after data: `hrtem plan`, `verify`, `prune` and `trace`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hrtem_assets.campaign import Campaign
    from hrtem_assets.store.layout import Layout, PartitionId
    from hrtem_assets.upkeep.plan import PartitionPlan
    from hrtem_assets.upkeep.verify import Verdict

_workers = click.option(
    "--workers", type=click.IntRange(min=1), help="worker processes; HRTEM_WORKERS, or all cores, by default"
)
_json = click.option("--json", "as_json", is_flag=True, help="print JSON instead of words")


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="SERIES|SPECIMEN|all...")
@_workers
@_json
def plan(names: tuple[str, ...], workers: int | None, as_json: bool) -> None:
    """Say what of a selection is made, partial, stale or missing, and what making the rest costs here.

    A specimen stands for all its conditions; `all` for every series of the campaign together.
    """
    from hrtem_assets.store import places
    from hrtem_assets.upkeep import plan as planning
    from hrtem_assets.upkeep.words import plan_lines

    with _explained():
        campaign, layout = _house()
        plans = planning.plan(campaign, layout, planning.select(campaign, names))
    workers = workers or _available_workers()
    if as_json:
        click.echo(json.dumps(_plan_json(campaign, plans, workers), indent=2))
        return
    for line in plan_lines(plans, workers, places.free_bytes(layout.assets)):
        click.echo(line)


@click.command()
@click.argument("assets", nargs=-1)
@click.option("--specimen", "specimens", multiple=True, help="only of this specimen; repeatable")
@click.option("--condition", "conditions", multiple=True, help="only under this condition; repeatable")
@_workers
@_json
def verify(
    assets: tuple[str, ...],
    specimens: tuple[str, ...],
    conditions: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Read finished stores of ASSETS (all if none is named) back in full; exit code 1 if any is damaged.

    Checks bytes against the checksums kept with them, values against each structure's digest, every recipe against
    its hash and its upstream stores, and physics: names what is damaged and the commands that repair it.
    """
    from hrtem_assets.stages import STAGES
    from hrtem_assets.store import places
    from hrtem_assets.upkeep import verify as verifying
    from hrtem_assets.upkeep.census import finished_partitions
    from hrtem_assets.upkeep.words import verdict_lines

    unknown = sorted(set(assets) - STAGES.keys())
    if unknown:
        raise click.UsageError(f"unknown assets {', '.join(unknown)}; known: {', '.join(STAGES)}")
    _, layout = _house()
    with _explained():
        places.require_bucket(layout.assets)
        chosen = [
            p
            for p in finished_partitions(layout)
            if (not assets or p.asset in assets)
            and (not specimens or p.specimen in specimens)
            and (not conditions or p.condition in conditions)
        ]
    if not chosen:
        raise click.ClickException(
            f"no finished store under {layout.assets} is meant by that; ask: hrtem plan all"
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
        click.echo(f"{len(verdicts) - len(hurt)} of {len(verdicts)} stores are intact")
    if hurt:
        raise SystemExit(1)


@click.command()
@click.option(
    "--damaged",
    "damaged",
    multiple=True,
    metavar="PARTITION",
    help="instead: what is damaged of a finished store, such as micrographs/CdSe-medium/df-10nm_400e; repeatable",
)
@click.option("--yes", is_flag=True, help="delete; without it only listed")
def prune(damaged: tuple[str, ...], yes: bool) -> None:
    """List what can be deleted, with sizes, and with --yes delete it: superseded stores, builds of recipes that the
    campaign no longer gives, files of killed writes, and vacuum waves if the campaign says storage.keep_vacuum_waves:
    false and labels and zero defocus are made from them. Partitions that are being filled are left alone.

    With --damaged, what `hrtem verify` found damaged is taken out, so that `hrtem materialize` makes it again; with it
    vacuum waves that were pruned and that the campaign wants again.
    """
    with _explained():
        campaign, layout = _house()
        if damaged:
            _prune_damaged(campaign, layout, damaged, yes)
        else:
            _prune_leftovers(campaign, layout, yes)


@click.command()
@click.argument("partition")
@click.option("--image", "index", type=click.IntRange(min=0), required=True, help="structure index, from 0")
@click.option("--rebuild", is_flag=True, help="also make it anew through every stage, and compare")
def trace(partition: str, index: int, rebuild: bool) -> None:
    """Follow one image of PARTITION, such as micrographs/CdSe-medium/df-10nm_400e, back to its atoms.

    Shows seeds, recipes, versions and runs of every stage; --rebuild makes the image again from nothing and says
    whether it is identical to the last bit (exit code 1 if not).
    """
    from hrtem_assets.upkeep import trace as tracing
    from hrtem_assets.upkeep.census import parse_partition
    from hrtem_assets.upkeep.words import comparison_lines, link_lines

    with _explained():
        campaign, layout = _house()
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


COMMANDS = (plan, verify, prune, trace)


def _prune_leftovers(campaign: "Campaign", layout: "Layout", yes: bool) -> None:
    from hrtem_assets.store import trees
    from hrtem_assets.upkeep import prune as pruning
    from hrtem_assets.upkeep.words import size, table

    found = pruning.leftovers(campaign, layout)
    if found.leftovers:
        rows = [
            [size(i.bytes), f"{layout.assets.name}/{trees.name_within(layout.assets, i.path)}", i.why]
            for i in found.leftovers
        ]
        for line in table(rows):
            click.echo(line)
    freed = found.freed_bytes
    busy = [*found.busy, *(pruning.delete(layout, found.leftovers) if yes else [])]
    for partition in busy:
        click.echo(f"left alone, being filled: {partition}")
    if not found.leftovers:
        click.echo("nothing to delete")
    elif yes:
        click.echo(f"deleted; {size(freed)} freed")
    else:
        click.echo(f"{size(freed)} would be freed; delete with: hrtem prune --yes")


def _prune_damaged(campaign: "Campaign", layout: "Layout", names: tuple[str, ...], yes: bool) -> None:
    from hrtem_assets.store import places
    from hrtem_assets.store.pruning import pruned_structures
    from hrtem_assets.store.reading import StoreError, repair_command
    from hrtem_assets.store.reopen import discard, reopen
    from hrtem_assets.upkeep.census import parse_partition
    from hrtem_assets.upkeep.verify import verify_partition
    from hrtem_assets.upkeep.words import structures, verdict_lines

    for partition in [parse_partition(name) for name in names]:
        if not places.children(layout.store(partition)):
            raise StoreError(f"{partition} has no finished store; make it with: {repair_command(partition)}")
        verdict = verify_partition(layout, partition)
        for line in verdict_lines(verdict):
            click.echo(line)
        lost = set(verdict.damaged)
        if not verdict.whole and campaign.storage.keep_vacuum_waves:
            # wanted again
            lost |= set(pruned_structures(layout.store(partition)))
        if not (verdict.whole or lost):
            click.echo(f"nothing to take out of {partition}")
        elif not yes:
            what = "the whole store" if verdict.whole else structures(len(lost))
            click.echo(f"--yes takes out {what} of {partition}")
        elif verdict.whole:
            discard(layout, partition)
            click.echo(f"took out {partition} as a whole; make it again with: {repair_command(partition)}")
        else:
            out = reopen(layout, partition, lost)
            click.echo(
                f"took {structures(out)} out of {partition}; make again with: {repair_command(partition)}"
            )


def _plan_json(campaign: "Campaign", plans: "list[PartitionPlan]", workers: int) -> dict[str, Any]:
    from hrtem_assets.store.schema import DEVICES

    seconds = [p.seconds for p in plans]
    return {
        "campaign": campaign.name,
        "workers": workers,
        "partitions": [
            {
                **_partition_json(p.partition),
                "state": p.state,
                "done": p.done,
                "wanted": p.wanted,
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
            "to_make": sum(p.left for p in plans),
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
        "whole": list(verdict.whole),
        "damaged": {str(index): list(words) for index, words in verdict.damaged.items()},
        "chain": list(verdict.chain),
        "repair": list(verdict.repair),
    }


def _partition_json(partition: "PartitionId") -> dict[str, Any]:
    return {
        "asset": partition.asset,
        "specimen": partition.specimen,
        "condition": partition.condition,
    }


def _house() -> "tuple[Campaign, Layout]":
    from hrtem_assets.campaign import campaign_from_environment
    from hrtem_assets.store.layout import layout_from_environment

    with _explained():
        return campaign_from_environment(), layout_from_environment()


def _available_workers() -> int:
    from hrtem_assets.compute.workers import available_workers

    return int(os.environ.get("HRTEM_WORKERS") or available_workers())


@contextmanager
def _explained() -> Iterator[None]:
    """Errors that name their own repair, without a traceback."""
    from hrtem_assets.campaign import CampaignError
    from hrtem_assets.store.lock import PartitionBusyError
    from hrtem_assets.store.reading import StoreError
    from hrtem_assets.upkeep.plan import SelectionError

    try:
        yield
    except (CampaignError, PartitionBusyError, StoreError, SelectionError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except (KeyError, IndexError) as error:
        raise click.ClickException(str(error.args[0])) from error
