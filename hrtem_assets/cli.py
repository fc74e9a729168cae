"""The `hrtem` command: the UI, the demo, and materializing from a shell."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hrtem_assets.base.environment import environment, unknown_variables
from hrtem_assets.cli_errors import SentenceGroup
from hrtem_assets.maintenance.commands import COMMANDS
from hrtem_assets.maintenance.cutoff_command import mask_cutoff
from hrtem_assets.maintenance.show_command import show

if TYPE_CHECKING:
    from hrtem_assets.orchestration.workspace import Workspace
    from hrtem_assets.store import PartitionId

DEMO_SPECIMEN = "CdSe-medium"
DEMO_CONDITIONS = ("df-10nm_400e", "df+00nm_400e", "df+10nm_400e")


@click.group(cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Simulated HRTEM datasets as Dagster data assets.

    \b
    Environment variables, with their defaults:
      HRTEM_CAMPAIGN  demo, paper or a YAML file (demo)
      HRTEM_DATA      folder of everything written (data)
      HRTEM_ASSETS    folder or bucket URL of the stores (assets in HRTEM_DATA)
      HRTEM_WORKERS   worker processes (all cores)
      HRTEM_COMPUTE   a Dask scheduler, or a YAML file (this machine)
    """
    environment()
    for line in unknown_variables():
        click.echo(f"Warning: {line}", err=True)
    # what looks after data imports no Dagster, but may ask what it recorded
    context.obj = _recorded_partitions


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="address to listen on; there is no authentication"
)
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="port to listen on"
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="also answer to this host name, for a proxy in front; repeatable; also HRTEM_ALLOWED_HOSTS",
)
def ui(host: str, port: int, names: tuple[str, ...]) -> None:
    """Start the Dagster UI and its daemon on the data folder."""
    from hrtem_assets.campaign import campaign_from_environment
    from hrtem_assets.store import layout_from_environment

    # said here in a sentence; in the UI it would be the error of a code location
    campaign_from_environment()
    layout_from_environment()

    from hrtem_assets.orchestration.instance import home_folder, opened_instance
    from hrtem_assets.orchestration.living import end_dead_runs
    from hrtem_assets.orchestration.serving import address, is_loopback, only_ui, require_free, serve

    require_free(host, port)
    with opened_instance() as instance:
        end_dead_runs(instance)
    home = home_folder().path
    with only_ui(home, host, port) as lock:
        if not is_loopback(host):
            click.echo(
                f"Warning: {host} is reached from other machines, and there is no authentication: whoever opens "
                f"it can start and delete runs; listen on 127.0.0.1 with a proxy or an SSH tunnel in front",
                err=True,
            )
        click.echo(f"Dagster home: {home}\nOpen {address(host, port)} (Ctrl+C ends it)")
        serve(host, port, names, lock)


@main.command()
@click.argument("assets", nargs=-1, required=True)
@click.option(
    "--specimen",
    "specimens",
    multiple=True,
    required=True,
    help="specimen key such as CdSe-medium; repeatable",
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    help="condition key such as df-10nm_400e; repeatable; all by default",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML file with run configurations by asset name",
)
def materialize(
    assets: tuple[str, ...],
    specimens: tuple[str, ...],
    conditions: tuple[str, ...],
    config_file: Path | None,
) -> None:
    """Make ASSETS of one or more specimens: structures, exit_waves, zero_defocus, labels, micrographs, training_sets,
    or all.
    """
    from hrtem_assets.assets import ASSETS
    from hrtem_assets.base.yaml_reading import read_yaml

    unknown = sorted(set(assets) - ASSETS.keys() - {"all"})
    if unknown:
        raise click.UsageError(f"unknown assets {', '.join(unknown)}; known: {', '.join(ASSETS)}, all")
    names = tuple(ASSETS) if "all" in assets else assets
    config = read_yaml(config_file) if config_file else {}
    _materialize(names, specimens, conditions, config)


@main.command()
def demo() -> None:
    """Make one specimen at full size under three conditions, through Dagster, and a picture of it."""
    from hrtem_assets.assets import ASSETS
    from hrtem_assets.assets.pictures import condition_sheet
    from hrtem_assets.store import PartitionId, layout_from_environment

    _materialize(tuple(ASSETS), (DEMO_SPECIMEN,), DEMO_CONDITIONS, {})
    layout = layout_from_environment()
    store = layout.store(PartitionId("micrographs", DEMO_SPECIMEN, DEMO_CONDITIONS[0]))
    target = layout.root / "pictures" / "demo.png"
    condition_sheet(layout, DEMO_SPECIMEN, DEMO_CONDITIONS).save(target)
    click.echo(
        f"\nMade {DEMO_SPECIMEN} under {', '.join(DEMO_CONDITIONS)}.\n"
        f"Look at {target}\n"
        f"Open the data: xarray.open_zarr('{store}')\n"
        f"Open the UI: make ui, then http://127.0.0.1:3000/assets"
    )


@main.command()
@click.argument("form", metavar="FORMAT")
@click.option("--specimen", help="specimen key such as CdSe-medium")
@click.option("--condition", help="condition key such as df-10nm_400e; needed for every format except xyz")
@click.option(
    "--series", help="series name: all its specimens and conditions as one data set, not recorded in Dagster"
)
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
    help="another folder than exports/... in the data folder; not recorded in Dagster",
)
def export(
    form: str, specimen: str | None, condition: str | None, series: str | None, target: Path | None
) -> None:
    """Export training sets for other tools, or structures as xyz.

    FORMAT is huggingface, coco, webdataset, npy (a folder of NumPy arrays), hdf5 (HyperSpy), tiff (ImageJ), emd (NCEM),
    mrc or xyz (ASE, OVITO).
    """
    from hrtem_assets.assets.partitions import finished_store
    from hrtem_assets.campaign import campaign_from_environment
    from hrtem_assets.export.exporting import (
        check_condition,
        export_folder,
        export_partition,
        export_series,
        series_folder,
    )
    from hrtem_assets.export.formats import FORMATS
    from hrtem_assets.store import layout_from_environment

    if form not in FORMATS:
        raise click.UsageError(f"unknown format {form}; known: {', '.join(FORMATS)}")
    if (specimen is None) == (series is None):
        raise click.UsageError("name either --specimen, or --series")
    if series is not None and condition is not None:
        raise click.UsageError(
            f"a series has its own conditions; leave out --condition {condition}, or --series"
        )
    chosen = FORMATS[form]
    layout = layout_from_environment()
    if specimen is None:
        campaign = campaign_from_environment()
        target = target or series_folder(layout, chosen, str(series))
        export_series(campaign, layout, chosen, str(series), target, click.echo)
    else:
        check_condition(chosen, condition)
        campaign = campaign_from_environment()
        # what is not there is said before a run is recorded
        finished_store(campaign, layout, chosen.asset, specimen, condition)
        if target is None:
            _materialize((chosen.asset_name,), (specimen,), (condition,) if condition else (), {})
            target = export_folder(layout, chosen, specimen, condition)
        else:
            export_partition(campaign, layout, chosen, specimen, condition, target, click.echo)
    click.echo(f"Exported to {target}; begin with {target / 'README.md'}")


@main.command()
def gallery() -> None:
    """Draw example images of every series with outlines of their masks, as PNG and PDF."""
    from hrtem_assets.store import data_root

    _materialize(("gallery",), (), (), {})
    stem = data_root() / "pictures" / "gallery"
    click.echo(f"Look at {stem}.png or {stem}.pdf")


@main.command()
@click.argument("name", required=False)
def series(name: str | None) -> None:
    """Make what is missing of the series NAME, from atoms to training sets; without NAME list all series."""
    from hrtem_assets.campaign import campaign_from_environment

    campaign = campaign_from_environment()

    from hrtem_assets.orchestration.series import missing_partitions, series_partitions
    from hrtem_assets.orchestration.workspace import Workspace
    from hrtem_assets.store import layout_from_environment

    workspace = Workspace(campaign, layout_from_environment())
    if name is not None:
        series_partitions(campaign, name)
        _make_series(workspace, name)
    for listed in campaign.series if name is None else (name,):
        wanted = series_partitions(campaign, listed)
        done = len(wanted) - len(missing_partitions(workspace, wanted))
        said = campaign.series[listed].description
        click.echo(f"{listed}: {done} of {len(wanted)} partitions are there. {said}")


@main.command("transfer-pairs")
def transfer_pairs() -> None:
    """Write tables of transfer pairs: which training set to pretrain on, and which to train on next."""
    from hrtem_assets.store import data_root

    _materialize(("transfer_pairs",), (), (), {})
    click.echo(f"Look at {data_root() / 'assets' / 'transfer_pairs'}")


def _recorded_partitions() -> "list[PartitionId]":
    from hrtem_assets.orchestration.recorded import recorded_partitions

    return recorded_partitions()


def _make_series(workspace: "Workspace", name: str) -> None:
    from hrtem_assets.definitions import build_defs
    from hrtem_assets.orchestration.instance import opened_instance
    from hrtem_assets.orchestration.series import materialize_series

    with opened_instance() as instance:
        for run_id in materialize_series(build_defs(workspace.campaign), instance, workspace, name):
            click.echo(f"run {run_id} succeeded")


def _materialize(
    assets: tuple[str, ...], specimens: tuple[str, ...], conditions: tuple[str, ...], config: dict[str, Any]
) -> None:
    """Make assets of each specimen; of none those that have no partitions."""
    from hrtem_assets.campaign import campaign_from_environment

    campaign = campaign_from_environment()
    for key in specimens:
        campaign.specimen(key)
    for key in conditions:
        campaign.condition(key)

    # after a bad campaign is refused: these take a second to load
    from hrtem_assets.definitions import build_defs
    from hrtem_assets.orchestration.affordable import require_affordable
    from hrtem_assets.orchestration.instance import opened_instance
    from hrtem_assets.orchestration.launch import materialize
    from hrtem_assets.orchestration.run_config import check_run_config
    from hrtem_assets.orchestration.workspace import Workspace
    from hrtem_assets.store import layout_from_environment

    check_run_config(campaign, assets, config)
    workspace = Workspace(campaign, layout_from_environment())
    chosen: list[str | None] = [*dict.fromkeys(specimens)] or [None]
    for one in dict.fromkeys(specimens):
        require_affordable(workspace, assets, one, conditions, config)
    with opened_instance() as instance:
        definitions = build_defs(campaign)
        for each in chosen:
            for run_id in materialize(definitions, instance, assets, each, conditions, config):
                click.echo(f"run {run_id} succeeded")


for _command in (*COMMANDS, mask_cutoff, show):
    main.add_command(_command)


if __name__ == "__main__":
    main()
