"""The asset `transfer_pairs`: which training sets are trained on one after another, or mixed."""

import hashlib
from collections import Counter
from dataclasses import asdict

import dagster as dg

from hrtem_assets.orchestration.assets import GROUP
from hrtem_assets.orchestration.workspace import Workspace
from hrtem_assets.training.pairs import as_csv, mixtures, transfer_pairs

NAME = "transfer_pairs"


def pairs_asset() -> dg.AssetsDefinition:
    """The asset; it has no partitions."""

    @dg.asset(
        name=NAME,
        deps=["training_sets"],
        group_name=GROUP,
        description="Ordered pairs of training sets to pretrain on and to transfer to, by series, and the mixtures "
        "they are held against, as CSV. One row is a pair.",
    )
    def table(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        pairs, mixed = transfer_pairs(workspace.campaign), mixtures(workspace.campaign)
        if not pairs:
            raise dg.Failure(
                f"campaign {workspace.campaign.name!r} has no series with two training sets; add one under `series`"
            )
        folder = workspace.layout.root / "assets" / NAME
        folder.mkdir(parents=True, exist_ok=True)
        texts = {"transfer_pairs.csv": as_csv(pairs)} | ({"mixtures.csv": as_csv(mixed)} if mixed else {})
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(folder),
                "pairs": len(pairs),
                "mixtures": len(mixed),
                "pairs_by_series": dict(Counter(pair.series for pair in pairs)),
                "table": dg.MetadataValue.table([dg.TableRecord(asdict(pair)) for pair in pairs]),
            },
            data_version=dg.DataVersion(
                hashlib.blake2b("".join(texts.values()).encode(), digest_size=12).hexdigest()
            ),
        )

    return table
