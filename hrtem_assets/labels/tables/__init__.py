"""One table of particles or columns each; a campaign names those that it wants in `labels.tables`, by these names."""
