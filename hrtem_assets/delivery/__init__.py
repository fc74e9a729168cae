"""What leaves the house: datasets in the formats of other tools, with cards, metadata and checksums."""
