"""One label plane each; a campaign names those that it wants in `labels.planes`, by the names of these files."""
