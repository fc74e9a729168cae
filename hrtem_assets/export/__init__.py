"""Data sets in the formats of other tools, with cards, metadata and checksums."""
