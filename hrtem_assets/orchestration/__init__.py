"""Everything of Dagster and nothing else: partitions, assets, jobs, resources and metadata."""
