"""Data sets in the formats of other tools, with cards, metadata and checksums."""

# modules that other rooms may import
__all__ = [
    "formats",
    "gallery",
    "gallery_figure",
    "partition_export",
]
