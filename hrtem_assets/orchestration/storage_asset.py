"""The asset `storage`: how much disk every asset takes, and how much of it could go."""

from typing import Any

import dagster as dg

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.partitions import finished_partitions, stored_bytes
from hrtem_assets.maintenance.words import size
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.store import Layout, files

STORAGE = "storage"
GROUP = "maintenance"


def storage_asset() -> dg.AssetsDefinition:
    """The asset; it has no partitions."""

    @dg.asset(
        name=STORAGE,
        deps=["training_sets"],
        group_name=GROUP,
        description="Sizes on disk: of each asset, of stores that others have replaced, of unfinished builds, of "
        "exports, and what is free. Plots over time; made after every top-up. One row is an asset.",
    )
    def storage(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=sizes(workspace.layout))

    return storage


def sizes(layout: Layout) -> dict[str, Any]:
    """Sizes in MB for plots, and as a table.

    Args:
        layout: where stores lie.
    """
    stored: dict[str, list[int]] = {asset: [] for asset in ASSETS}
    for partition in finished_partitions(layout):
        stored[partition.asset].append(stored_bytes(layout.store(partition)))
    rows: list[tuple[str, int | None, int]] = [
        (asset, len(amounts), sum(amounts)) for asset, amounts in stored.items()
    ]
    others = {
        "superseded": layout.assets / ".superseded",
        "unfinished": layout.assets / ".building",
        "exports": layout.root / "exports",
    }
    # an extended store shares files with the one it replaced: counted with both, freed with the last
    rows += [(name, None, stored_bytes(folder)) for name, folder in others.items()]
    free = files.free_bytes(layout.assets)
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn("what"),
            dg.TableColumn("partitions", "int"),
            dg.TableColumn("size"),
            dg.TableColumn("megabytes", "float"),
        ]
    )
    records = [
        dg.TableRecord({"what": name, "partitions": n or 0, "size": size(b), "megabytes": round(b / 1e6, 3)})
        for name, n, b in rows
    ]
    return {
        "total_megabytes": round(sum(b for *_, b in rows) / 1e6, 3),
        **({} if free is None else {"free_megabytes": round(free / 1e6, 3)}),
        **{f"{name}_megabytes": round(b / 1e6, 3) for name, _, b in rows},
        "table": dg.MetadataValue.table(records, schema),
    }
