"""The `hrtem` command: the UI, the demo, and materializing from a shell."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hrtem_assets.campaign import CampaignError
from hrtem_assets.upkeep.commands import COMMANDS

if TYPE_CHECKING:
    from hrtem_assets.platform.house import House

DEMO_SPECIMEN = "CdSe-medium"
DEMO_CONDITIONS = ("df-10nm_400e", "df+00nm_400e", "df+10nm_400e")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Simulated HRTEM datasets as Dagster data assets.

    HRTEM_CAMPAIGN names the campaign (demo, paper or a YAML file; demo if not set), HRTEM_DATA the folder of
    everything written (data if not set), HRTEM_ASSETS another folder or the URL of an object store for the stores
    (assets in the data folder if not set), HRTEM_WORKERS the worker processes (all cores if not set),
    HRTEM_COMPUTE a Dask scheduler or a file that says where else to compute (this machine if not set).
    """


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="address to listen on; no authentication"
)
@click.option("--port", default=3000, show_default=True, help="port to listen on")
def ui(host: str, port: int) -> None:
    """Open the Dagster UI, with its daemon, on the instance under the data folder."""
    import dagster as dg

    from hrtem_assets.platform.instance import prepare_home, ui_command
    from hrtem_assets.platform.living import end_dead_runs

    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise click.ClickException(
                f"port {port} of {host} is in use, perhaps by another `hrtem ui`; end that, or choose another --port"
            )
    home = prepare_home()
    with dg.DagsterInstance.get() as instance:
        end_dead_runs(instance)
    click.echo(f"Dagster home: {home}\nOpen http://{host}:{port} (Ctrl+C ends it)")
    command = ui_command(host, port)
    os.execv(command[0], command)


@main.command()
@click.argument("assets", nargs=-1, required=True)
@click.option("--specimen", required=True, help="specimen key such as CdSe-medium")
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    help="condition key such as df-10nm_400e; repeatable; all if absent",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML run configuration by asset name",
)
def materialize(
    assets: tuple[str, ...], specimen: str, conditions: tuple[str, ...], config_file: Path | None
) -> None:
    """Make ASSETS (structures, exit_waves, zero_defocus, labels, micrographs, training_sets,
    or all) of one specimen."""
    import yaml

    from hrtem_assets.stages import STAGES

    unknown = sorted(set(assets) - STAGES.keys() - {"all"})
    if unknown:
        raise click.UsageError(f"unknown assets {', '.join(unknown)}; known: {', '.join(STAGES)}, all")
    names = tuple(STAGES) if "all" in assets else assets
    config = yaml.safe_load(config_file.read_text("utf-8")) if config_file else {}
    _materialize(names, specimen, conditions, config)


@main.command()
def demo() -> None:
    """Make one specimen at full size under three conditions, through Dagster, and show where its pictures are."""
    from hrtem_assets.pictures.partition import condition_sheet
    from hrtem_assets.stages import STAGES
    from hrtem_assets.store.layout import PartitionId, layout_from_environment

    _materialize(tuple(STAGES), DEMO_SPECIMEN, DEMO_CONDITIONS, {})
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
@click.option("--specimen", required=True, help="specimen key such as CdSe-medium")
@click.option("--condition", help="condition key such as df-10nm_400e; every format but xyz needs one")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
    help="folder to make instead of exports/FORMAT/... in the data folder; not recorded in Dagster",
)
def export(form: str, specimen: str, condition: str | None, target: Path | None) -> None:
    """Export a training set as hdf5 (HyperSpy), webdataset or tiff (ImageJ), or structures as xyz."""
    from hrtem_assets.campaign import campaign_from_environment
    from hrtem_assets.delivery.export import check_condition, export_folder, export_partition
    from hrtem_assets.delivery.exports import FORMATS
    from hrtem_assets.delivery.exports.folder import ExportError
    from hrtem_assets.stages.finished import finished_store
    from hrtem_assets.store.layout import layout_from_environment
    from hrtem_assets.store.reading import StoreError

    if form not in FORMATS:
        raise click.UsageError(f"unknown format {form}; known: {', '.join(FORMATS)}")
    chosen = FORMATS[form]
    try:
        layout = layout_from_environment()
        check_condition(chosen, condition)
        campaign = campaign_from_environment()
        # what is not there is said before a run is recorded
        finished_store(campaign, layout, chosen.asset, specimen, condition)
        if target is None:
            _materialize((chosen.asset_name,), specimen, (condition,) if condition else (), {})
            target = export_folder(layout, chosen, specimen, condition)
        else:
            export_partition(campaign, layout, chosen, specimen, condition, target, click.echo)
    except (CampaignError, ExportError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"Exported to {target}; begin with {target / 'README.md'}")


@main.command()
def gallery() -> None:
    """Draw example images of every series with mask outlines, as PNG and PDF, from what is made so far."""
    from hrtem_assets.store.layout import data_root

    _materialize(("gallery",), None, (), {})
    stem = data_root() / "pictures" / "gallery"
    click.echo(f"Look at {stem}.png or {stem}.pdf")


@main.command()
@click.argument("name", required=False)
def series(name: str | None) -> None:
    """Make what the series NAME still needs, from atoms to training sets; without NAME list the series."""
    from hrtem_assets.campaign import campaign_from_environment
    from hrtem_assets.platform.house import House
    from hrtem_assets.platform.series import missing_partitions, series_partitions
    from hrtem_assets.store.layout import layout_from_environment
    from hrtem_assets.store.reading import StoreError

    try:
        campaign = campaign_from_environment()
        house = House(campaign, layout_from_environment())
        if name is not None:
            series_partitions(campaign, name)
            _make_series(house, name)
        for listed in campaign.series if name is None else (name,):
            wanted = series_partitions(campaign, listed)
            there = len(wanted) - len(missing_partitions(house, wanted))
            said = campaign.series[listed].description
            click.echo(f"{listed}: {there} of {len(wanted)} partitions are there. {said}")
    except (CampaignError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error


@main.command("transfer-pairs")
def transfer_pairs() -> None:
    """Write the tables of who is pretrained on what and then trained on what, from the campaign's series."""
    from hrtem_assets.store.layout import data_root

    _materialize(("transfer_pairs",), None, (), {})
    click.echo(f"Look at {data_root() / 'assets' / 'transfer_pairs'}")


def _make_series(house: "House", name: str) -> None:
    import dagster as dg

    from hrtem_assets.definitions import build_defs
    from hrtem_assets.platform.instance import prepare_home
    from hrtem_assets.platform.launch import MaterializationError
    from hrtem_assets.platform.series import materialize_series
    from hrtem_assets.store.room import DiskFullError, room_in

    try:
        with room_in(prepare_home()), dg.DagsterInstance.get() as instance:
            for run_id in materialize_series(build_defs(house.campaign), instance, house, name):
                click.echo(f"run {run_id} succeeded")
    except (DiskFullError, MaterializationError) as error:
        raise click.ClickException(str(error)) from error


def _materialize(
    assets: tuple[str, ...], specimen: str | None, conditions: tuple[str, ...], config: dict[str, object]
) -> None:
    import dagster as dg

    from hrtem_assets.platform.instance import prepare_home
    from hrtem_assets.platform.launch import MaterializationError, materialize
    from hrtem_assets.store.errors import StoreError
    from hrtem_assets.store.room import DiskFullError, room_in

    try:
        from hrtem_assets.campaign import campaign_from_environment
        from hrtem_assets.definitions import build_defs

        campaign = campaign_from_environment()
        if specimen is not None:
            campaign.specimen(specimen)
        for key in conditions:
            campaign.condition(key)
        with room_in(prepare_home()), dg.DagsterInstance.get() as instance:
            for run_id in materialize(build_defs(campaign), instance, assets, specimen, conditions, config):
                click.echo(f"run {run_id} succeeded")
    except (CampaignError, DiskFullError, MaterializationError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
