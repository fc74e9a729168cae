"""Everything of Dagster and nothing else: partitions, assets, jobs, resources and metadata."""

# modules that other rooms may import
__all__ = [
    "affordable",
    "assets",
    "checks",
    "console",
    "export_assets",
    "instance",
    "jobs",
    "launch",
    "living",
    "pairs_asset",
    "patience",
    "recipes",
    "recorded",
    "run_config",
    "series",
    "serving",
    "storage_asset",
    "stores",
    "top_up",
    "workspace",
]
