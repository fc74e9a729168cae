"""Data sets in the formats of other tools, with cards, metadata and checksums."""

# modules that other rooms may import
__all__ = [
    "exporting",
    "formats",
    "gallery",
    "gallery_figure",
]
