"""Training sets as a training loop reads them: data sets, loader, and which sets belong together."""
